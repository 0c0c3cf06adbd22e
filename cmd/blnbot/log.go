package main

import (
	"fmt"
	"io"
	"log/slog"
	"regexp"

	"blnbot/internal/meeting"
)

// address matches the Matrix id of a user and the alias of a room: what stands
// before the colon is mostly somebody's name, or the room's.
var address = regexp.MustCompile(`[@#][!-.0-9;-~]+:[A-Za-z0-9.\-\[\]]+(:\d+)?`)

// newLogger writes to w. What people write, names and secrets are logged on no
// level; ids that hold names, as keys of posts and errors may do, are masked
// here, all but the bot's own.
func newLogger(w io.Writer, level, format string, self meeting.UserID) *slog.Logger {
	mask := func(text string) string {
		return address.ReplaceAllStringFunc(text, func(found string) string {
			if found == string(self) {
				return found
			}
			return found[:1] + "…"
		})
	}
	o := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch v := a.Value.Any().(type) {
		case string:
			a.Value = slog.StringValue(mask(v))
		case error:
			a.Value = slog.StringValue(mask(v.Error()))
		case fmt.Stringer:
			if a.Key != slog.TimeKey && a.Key != slog.LevelKey {
				a.Value = slog.StringValue(mask(v.String()))
			}
		case meeting.UserID:
			a.Value = slog.StringValue(mask(string(v)))
		}
		return a
	}}
	var least slog.Level
	_ = least.UnmarshalText([]byte(level)) // kong lets only slog's own through
	o.Level = least
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

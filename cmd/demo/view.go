package main

import (
	"maps"
	"slices"
	"strings"
	"time"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// receipt is the bot's sign that a reply is in the minutes.
const receipt = meeting.EmojiReceipt

// view writes what changes in a room into the transcript.
type view struct {
	channel *channel
	bot     meeting.UserID
	names   map[meeting.UserID]string
	zone    *time.Location
	only    string // in a direct room: whose it is
}

// show writes down the difference between two views of the room.
func (v *view) show(before, after []person.Seen) {
	old := map[meeting.EventID]person.Seen{}
	for _, s := range before {
		old[s.ID] = s
	}
	all := map[meeting.EventID]person.Seen{}
	for _, s := range after {
		all[s.ID] = s
	}
	for _, s := range after {
		was, known := old[s.ID]
		if !known || was.Kind == person.KindUnreadable {
			if s.Kind == person.KindUnreadable || s.Redacted {
				continue
			}
			v.message(s, all)
			was = person.Seen{ID: s.ID, Body: s.Body}
		}
		v.changes(was, s)
	}
}

func (v *view) message(s person.Seen, all map[meeting.EventID]person.Seen) {
	who, text, bot := v.names[s.Sender], textOf(s), s.Sender == v.bot
	switch {
	case s.FileName != "":
		text = "[" + s.FileName + "]"
	case strings.HasSuffix(s.Kind, "poll.response"):
		text = "[a vote in the poll]"
	}
	if v.only != "" {
		text = "(to " + v.only + " alone) " + text
	}
	if to, ok := all[s.ReplyTo]; ok && !bot {
		text = "↩ ”" + clip(to.Body, 24) + "”: " + text
	}
	v.channel.message(string(s.ID), v.channel.chat.layout(s.At.In(v.zone), who, bot, s.Thread != "", text))
}

// changes writes down what happened to a message.
func (v *view) changes(was, is person.Seen) {
	if is.Redacted && !was.Redacted {
		is.Thread = was.Thread // not known any more
		v.small(is, "✗ deleted", was.Body)
		return
	}
	for _, line := range changedLines(was.Body, is.Body) {
		v.small(is, "✎ "+v.names[is.Sender]+line, "")
	}
	for _, emoji := range slices.Sorted(maps.Keys(is.Reactions)) {
		for _, by := range is.Reactions[emoji] {
			if slices.Contains(was.Reactions[emoji], by) {
				continue
			}
			if by == v.bot && v.channel.mark(string(is.ID), emoji) {
				continue
			}
			v.small(is, emoji+" "+v.names[by], is.Body)
		}
	}
	for _, emoji := range slices.Sorted(maps.Keys(was.Reactions)) {
		for _, by := range was.Reactions[emoji] {
			if !slices.Contains(is.Reactions[emoji], by) {
				v.small(is, v.names[by]+" takes "+emoji+" back", is.Body)
			}
		}
	}
}

// changedLines tells what an edit has changed.
func changedLines(was, is string) (out []string) {
	before, after := strings.Split(was, "\n"), strings.Split(is, "\n")
	for _, line := range after {
		if !slices.Contains(before, line) {
			out = append(out, " now: "+line)
		}
	}
	if len(out) > 0 {
		return out // what a line said before has been read
	}
	for _, line := range before {
		if !slices.Contains(after, line) {
			out = append(out, " no longer: "+clip(line, 60))
		}
	}
	return out
}

// small writes a line below a message. If that is not the last message, it is
// quoted.
func (v *view) small(s person.Seen, text, quote string) {
	v.channel.line(string(s.ID), func(last bool) string {
		if !last && quote != "" {
			text += "  (" + v.names[s.Sender] + ": ”" + clip(quote, 36) + "”)"
		}
		return v.channel.chat.small(s.Thread != "", text)
	})
}

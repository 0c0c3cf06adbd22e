package main

import (
	"maps"
	"slices"
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
	who, text, bot := v.names[s.Sender], s.Body, s.Sender == v.bot
	if s.FileName != "" {
		text = "[" + s.FileName + "]"
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
	switch {
	case is.Redacted && !was.Redacted:
		v.small(is, "✗ deleted", was.Body)
		return
	case is.Body != was.Body:
		// Long ones, such as drafts, have been read before.
		v.small(is, "✎ now: "+clip(is.Body, 160), was.Body)
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

// small writes a line below a message, which it quotes if it is not the last.
func (v *view) small(s person.Seen, text, quote string) {
	v.channel.line(string(s.ID), func(last bool) string {
		if !last {
			text += "  (" + v.names[s.Sender] + ": ”" + clip(quote, 36) + "”)"
		}
		return v.channel.chat.small(s.Thread != "", text)
	})
}

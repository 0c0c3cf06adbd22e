package bot

import (
	"context"
	"fmt"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// nothingIn takes back what was said of a message that could not be read, and
// had nothing in it when it could.
func (b *Bot) nothingIn(ctx context.Context, s *scene, id meeting.EventID) error {
	if err := b.takeDown(ctx, s, unreadableKey(id)); err != nil {
		return err
	}
	return s.tx.DropUnreadable(ctx, id)
}

// unreadable notes a message whose key has not come, and tells its author once
// a day what to do.
func (b *Bot) unreadable(ctx context.Context, s *scene, p place, u meeting.Unreadable) error {
	if p.net == nil || u.Sender == b.self {
		return nil
	}
	if gone, err := s.tx.Redacted(ctx, u.ID); err != nil || gone {
		return err
	}
	w, err := b.locate(ctx, s, p.net, u.ID, u.Thread, u.ReplyTo)
	if err != nil {
		return err
	}
	if w != nil && w.prompt > 0 {
		if !w.meeting.State.Collects() {
			return nil
		}
		err = s.storeEntry(ctx, p.room, meeting.Entry{ID: u.ID, Meeting: w.meeting.ID, Prompt: w.prompt, Author: u.Sender, Source: w.source,
			State: meeting.EntryUnreadable, SentAt: u.SentAt, Order: u.Order, Late: w.meeting.State != meeting.StateOpen})
		if err != nil {
			return err
		}
	} else if open, err := b.openMeeting(ctx, s, p.net); err != nil || open == nil {
		return err
	}
	if err := b.react(ctx, s, p.room, u.ID, unreadableKey(u.ID), meeting.EmojiUnreadable); err != nil {
		return err
	}
	key := fmt.Sprintf("unreadable/%s/%s/%s", p.net.ID, u.Sender, s.now.In(p.net.Location).Format("2006-01-02"))
	return b.tellDirectly(ctx, s, u.Sender, key, p.net.Language, "unreadable", render.Problem{Network: p.net.Name, Code: u.Withheld})
}

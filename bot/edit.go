package bot

import (
	"context"

	"blnbot/internal/meeting"
)

// edit stores a new text of an entry. Only its author can edit an entry.
func (b *Bot) edit(ctx context.Context, s *scene, p place, m meeting.Message) error {
	if gone, err := s.tx.Redacted(ctx, m.Replaces); err != nil || gone {
		return err
	}
	if done, err := b.voteEdited(ctx, s, p, m); err != nil || done {
		return err
	}
	e, err := s.tx.Entry(ctx, m.Replaces, nobody)
	if err != nil {
		return err
	}
	if e == nil {
		if err := b.commandEdited(ctx, s, p, m); err != nil {
			return err
		}
	}
	if p.net == nil {
		return nil
	}
	if e == nil {
		// The message may not have come yet, or a leader may take it in. Until
		// it is an entry nothing would remove the text with it, so only the id
		// is kept, to be fetched then (fetchEdits).
		return s.tx.StoreVersion(ctx, m.ID, m.Replaces, m.Sender, "", m.SentAt)
	}
	if e.Source == meeting.SourceNote {
		return b.editNote(ctx, s, p, *e, m)
	}
	if e.Author != m.Sender || e.State == meeting.EntryRemoved {
		return nil
	}
	body, err := b.body(p.net.Language, m)
	if err != nil {
		return err
	}
	if body, err = b.hidden(ctx, s, p.net, e.ID, body); err != nil {
		return err
	}
	if keeps, err := b.keepsTexts(ctx, s, p.net, *e); err != nil {
		return err
	} else if !keeps {
		body = "" // only the id is kept, to be fetched if 🚫 is taken back
	}
	said := e.Body
	if err := s.tx.StoreVersion(ctx, m.ID, e.ID, m.Sender, body, m.SentAt); err != nil || e.State != meeting.EntryActive {
		return err
	}
	e.Body = body
	if err := b.askSensitive(ctx, s, p.net, *e); err != nil {
		return err
	}
	return b.changed(ctx, s, p.net, *e, said)
}

// keepsTexts reports whether what an entry says is stored: if it is in the
// minutes, or on its way there with no 🚫 left that counts. Its edits may come
// back before it does.
func (b *Bot) keepsTexts(ctx context.Context, s *scene, net *meeting.Network, e meeting.Entry) (bool, error) {
	if e.State == meeting.EntryActive {
		return true, nil
	}
	if awaited, err := s.tx.Awaited(ctx, e.ID); err != nil || !awaited {
		return false, err
	}
	state, err := b.stateByReactions(ctx, s, net, e.ID, e.Author)
	return state == meeting.EntryActive, err
}

// fetchEdits has the edits fetched that came before what they edit became an
// entry.
func (s *scene) fetchEdits(ctx context.Context, room meeting.RoomID, entry meeting.EventID) error {
	versions, err := s.tx.Versions(ctx, entry)
	if err != nil {
		return err
	}
	for id, text := range versions {
		if text != "" || id == entry {
			continue
		}
		if _, err := s.tx.FetchEvent(ctx, room, id, s.now); err != nil {
			return err
		}
	}
	return nil
}

// changed takes what an entry said before its author changed it out of what
// quotes it.
func (b *Bot) changed(ctx context.Context, s *scene, net *meeting.Network, e meeting.Entry, said string) error {
	if err := b.withdraw(ctx, s, net, e, false); err != nil {
		return err
	}
	now, err := s.tx.Entry(ctx, e.ID, net.Leads) // edits can come in any order
	if err != nil || now == nil || now.Body == said {
		return err
	}
	texts, err := s.tx.Versions(ctx, e.ID)
	if err != nil {
		return err
	}
	for id, text := range texts {
		if text != said {
			delete(texts, id)
		}
	}
	was, err := s.wordings(ctx, texts)
	if err != nil {
		return err
	}
	return b.withdrawMade(ctx, s, net, gone{id: e.ID, texts: was, still: now.Body})
}

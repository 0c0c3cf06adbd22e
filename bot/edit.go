package bot

import (
	"context"
	"strings"

	"blnbot/internal/meeting"
)

// edit stores a new text of an entry. Only its author can edit an entry.
func (b *Bot) edit(ctx context.Context, s *scene, p place, m meeting.Message) error {
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
		// The text is kept only while the entry itself may still come. Of edits
		// of loose messages the id is kept, to be fetched if a leader takes the
		// message in.
		awaited, err := s.tx.Awaited(ctx, m.Replaces)
		if err != nil {
			return err
		}
		text := ""
		if awaited {
			text = strings.TrimSpace(m.Body)
		}
		return s.tx.StoreVersion(ctx, m.ID, m.Replaces, m.Sender, text, m.SentAt)
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
	if keeps, err := s.keepsTexts(ctx, *e); err != nil {
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

// keepsTexts reports whether what an entry says is stored: not while it is left
// out, unless it is on its way back. Its edits may come back before it does.
func (s *scene) keepsTexts(ctx context.Context, e meeting.Entry) (bool, error) {
	if e.State == meeting.EntryActive || e.State == meeting.EntryUnreadable {
		return true, nil
	}
	return s.tx.Awaited(ctx, e.ID)
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

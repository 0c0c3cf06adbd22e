package bot

import (
	"context"
	"fmt"

	"blnbot/internal/meeting"
)

// EraseAgain erases in this database, an older backup, what was erased in the
// living one after the backup was made.
func (b *Bot) EraseAgain(ctx context.Context, e meeting.Erasure) error {
	err := b.update(ctx, func(s *scene) error {
		var err error
		switch e.Kind {
		case meeting.ErasedPerson:
			err = b.erasePseudonym(ctx, s, e.Subject)
		case meeting.ErasedReplies:
			err = b.deleteAgain(ctx, s, e.Subject)
		default:
			err = fmt.Errorf("unknown kind %q", e.Kind)
		}
		if err != nil {
			return err
		}
		return s.tx.StoreErasure(ctx, e)
	})
	if err != nil {
		return fmt.Errorf("erase in a backup: %w", err)
	}
	return nil
}

// erasePseudonym erases everybody whom the pseudonym stands for: at most one.
func (b *Bot) erasePseudonym(ctx context.Context, s *scene, pseudonym string) error {
	known, err := s.tx.KnownUsers(ctx)
	if err != nil {
		return err
	}
	for _, user := range known {
		if user != "" && meeting.Pseudonym(user) == pseudonym {
			if _, err := b.erase(ctx, s, user); err != nil {
				return err
			}
		}
	}
	return nil
}

// deleteAgain deletes what people wrote in a network, if it is known here.
func (b *Bot) deleteAgain(ctx context.Context, s *scene, network string) error {
	net, err := s.network(ctx, network)
	if err != nil || net == nil {
		return err
	}
	_, err = b.deleteReplies(ctx, s, net)
	return err
}

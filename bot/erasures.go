package bot

import (
	"context"
	"fmt"
	"time"

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
		case meeting.ErasedVotes:
			err = b.deleteVotesAgain(ctx, s, e.Subject)
		case meeting.ErasedAsked:
			err = s.tx.EndEvaluation(ctx, e.Subject)
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

// erasedSince reports whether an event that is fetched again is of somebody who was
// erased after it had come: it is not taken in.
func (s *scene) erasedSince(ctx context.Context, ev meeting.Event) (bool, error) {
	m := ev.Meta()
	if _, removal := ev.(meeting.Redaction); removal || !m.Fetched {
		return false, nil
	}
	return s.tx.ErasedSince(ctx, meeting.Pseudonym(m.Sender), m.Received)
}

// leaveOutErased forgets an event that erasedSince has found.
func (s *scene) leaveOutErased(ctx context.Context, ev meeting.Event) error {
	id := ev.Meta().ID
	if _, vote := ev.(meeting.PollResponse); vote {
		if err := s.tx.VanishEvent(ctx, id); err != nil {
			return err
		}
	}
	return s.tx.DeleteUnplaced(ctx, id)
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

// noteErased notes that what tells who did something in a network is gone, so
// that it goes from older backups too.
func (s *scene) noteErased(ctx context.Context, kind meeting.ErasureKind, network string) error {
	return s.tx.StoreErasure(ctx, meeting.Erasure{ID: fmt.Sprintf("%s/%s/%d", kind, network, s.now.UnixMilli()), Kind: kind, Subject: network, At: s.now})
}

// deleteVotesAgain deletes the votes of a poll that was open when the backup was
// made. Without them the list is again one to be voted on.
func (b *Bot) deleteVotesAgain(ctx context.Context, s *scene, network string) error {
	poll, err := s.tx.Poll(ctx, network)
	if err != nil || poll == nil || poll.State != meeting.PollOpen {
		return err
	}
	poll.State, poll.Salt, poll.Opened = meeting.PollProposed, nil, time.Time{}
	if err := s.tx.DeleteVotes(ctx, network); err != nil {
		return err
	}
	for _, prefix := range []string{vanishing, minePrefix} { // receipts that were on their way
		waiting, err := s.tx.PostsWithPrefix(ctx, prefix)
		if err != nil {
			return err
		}
		for _, p := range waiting {
			if err := s.tx.VanishPost(ctx, p.Key); err != nil {
				return err
			}
		}
	}
	return s.tx.StorePoll(ctx, poll)
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

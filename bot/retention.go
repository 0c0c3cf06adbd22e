package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

const (
	// warnedBefore is how long before the deletion people are told of it again.
	warnedBefore = 7 * 24 * time.Hour
	// noticeAtLeast is how long before the deletion people are told of it where no
	// report was published.
	noticeAtLeast = 30 * 24 * time.Hour
)

// retention announces, recalls and carries out the deletion of what people
// wrote. Nothing of it happens at night or in a pause.
func (b *Bot) retention(ctx context.Context) error {
	return b.update(ctx, func(s *scene) error {
		if err := b.findIdle(ctx, s); err != nil {
			return err
		}
		ahead, err := s.tx.Deletions(ctx)
		if err != nil {
			return err
		}
		met, err := s.tx.MetSince(ctx)
		if err != nil {
			return err
		}
		var announced, recalled, done []deletion
		for i := range ahead {
			d := deletion{Deletion: &ahead[i]}
			if d.net, err = s.network(ctx, d.Network); err != nil {
				return err
			}
			if d.net == nil || d.net.Rests(s.now) {
				continue
			}
			to, err := b.stepDeletion(ctx, s, d, d.goesOn(met[d.Network]))
			if err != nil {
				return err
			}
			switch to {
			case stepAnnounced:
				announced = append(announced, d)
			case stepRecalled:
				recalled = append(recalled, d)
			case stepDone:
				done = append(done, d)
			}
		}
		return errors.Join(b.tellDeletions(ctx, s, announced, "deletion_announced"), b.tellDeletions(ctx, s, recalled, "deletion_recalled"),
			b.tellDeletions(ctx, s, done, "deletion_done"))
	})
}

// deletion is one that lies ahead, with its network.
type deletion struct {
	*meeting.Deletion
	net *meeting.Network
}

// deletionStep is what became of a deletion in a tick.
type deletionStep int

const (
	stepNone deletionStep = iota
	stepAnnounced
	stepRecalled
	stepDone
)

// findIdle sets the date of the deletion for networks whose last meeting was
// long ago and that have no report.
func (b *Bot) findIdle(ctx context.Context, s *scene) error {
	idle, err := s.tx.IdleNetworks(ctx)
	if err != nil {
		return err
	}
	for id, closed := range idle {
		net, err := s.network(ctx, id)
		if err != nil {
			return err
		}
		if net == nil {
			continue
		}
		due := net.RawAtLatest(closed)
		if s.now.Before(due.Add(-noticeAtLeast)) {
			continue
		}
		if notice := s.now.Add(noticeAtLeast); due.Before(notice) {
			due = notice
		}
		if err := s.tx.StoreDeletion(ctx, &meeting.Deletion{Network: id, Due: due}); err != nil {
			return err
		}
	}
	return nil
}

// stepDeletion does the next thing about a deletion, if it is time for it.
func (b *Bot) stepDeletion(ctx context.Context, s *scene, d deletion, busy bool) (deletionStep, error) {
	switch {
	case busy && !d.Published:
		if err := s.tx.CancelDeletion(ctx, d.ID); err != nil || d.Announced.IsZero() {
			return stepNone, err
		}
		return stepNone, b.tellBoth(ctx, s, d, "deletion_off")
	case d.Announced.IsZero():
		d.Announced = s.now
		// A pause, or time without the bot, must not leave people without notice.
		if earliest := s.now.Add(min(warnedBefore, d.net.RawUntil(s.now).Sub(s.now))); d.Due.Before(earliest) {
			d.Due = earliest
		}
		if err := s.tx.StoreDeletion(ctx, d.Deletion); err != nil {
			return stepNone, err
		}
		return stepAnnounced, b.tellDeletion(ctx, s, d, "deletion_ahead")
	case !d.Due.After(s.now):
		if busy {
			return stepNone, nil // it waits for the meeting to end
		}
		return stepDone, b.deleteRaw(ctx, s, d)
	case d.Reminded.IsZero() && !d.Due.Add(-warnedBefore).After(s.now) && d.Due.Sub(d.Announced) > warnedBefore:
		d.Reminded = s.now
		if err := s.tx.StoreDeletion(ctx, d.Deletion); err != nil {
			return stepNone, err
		}
		return stepRecalled, b.tellDeletion(ctx, s, d, "deletion_soon")
	}
	return stepNone, nil
}

// goesOn reports whether the network has met again: a meeting is open, or, for a
// deletion because of long silence, one has closed since.
func (d deletion) goesOn(met meeting.Met) bool {
	return met.Open || !d.Published && !met.Closed.IsZero() && d.net.RawAtLatest(met.Closed).After(d.Due)
}

// deleteRaw deletes what people wrote in the network. The counts stay, so that
// approved summaries can still say how many replies they rest on.
func (b *Bot) deleteRaw(ctx context.Context, s *scene, d deletion) error {
	var err error
	if d.Entries, err = b.deleteReplies(ctx, s, d.net); err != nil {
		return err
	}
	// The backups, too.
	note := meeting.Erasure{ID: fmt.Sprintf("%s/%d", d.Network, d.ID), Kind: meeting.ErasedReplies, Subject: d.Network, At: s.now}
	if err := s.tx.StoreErasure(ctx, note); err != nil {
		return err
	}
	d.Done = s.now
	if err := s.tx.StoreDeletion(ctx, d.Deletion); err != nil {
		return err
	}
	return b.tellDeletion(ctx, s, d, "deletion_over")
}

// deleteReplies deletes what people wrote in the network, with what was made of
// it and never approved, and returns how many entries there were.
func (b *Bot) deleteReplies(ctx context.Context, s *scene, net *meeting.Network) (int, error) {
	all, err := s.tx.Meetings(ctx, net.ID)
	if err != nil {
		return 0, err
	}
	_, members, err := b.people(ctx, s, net)
	if err != nil {
		return 0, err
	}
	for i := range all {
		if err := b.remember(ctx, s, &all[i], members); err != nil {
			return 0, err
		}
	}
	plan, err := s.tx.Plan(ctx, net.ID)
	if err != nil {
		return 0, err
	}
	if plan != nil && plan.Version == 0 {
		if err := b.removePosts(ctx, s, planPrefix(net)); err != nil {
			return 0, err
		}
	}
	return s.tx.DeleteRaw(ctx, net.ID)
}

// remember keeps the counts of a meeting whose entries are about to be deleted,
// and takes down what the bot itself has posted of them: files of minutes,
// drafts, and anonymous entries, which nobody else may be able to remove.
func (b *Bot) remember(ctx context.Context, s *scene, m *meeting.Meeting, members meeting.RoleCount) error {
	known, err := s.tx.Remembered(ctx, m.ID)
	if err != nil || known != nil || !m.State.Held() {
		return err
	}
	entries, err := s.tx.Entries(ctx, m.ID, nobody)
	if err != nil {
		return err
	}
	t := tally(entries)
	err = s.tx.StoreRemembered(ctx, m.ID, meeting.Remembered{Active: t.active, Late: t.late, Removed: t.removed, LeftOut: t.leftOut, Unreadable: t.unreadable,
		People: len(t.people), ByPrompt: t.byPrompt, Roles: t.shown(members), At: s.now})
	if err != nil {
		return err
	}
	copies, err := s.tx.QuotingPosts(ctx, m.ID)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Source != meeting.SourceAnonymous {
			continue
		}
		post, err := s.tx.PostByEvent(ctx, e.ID)
		if err != nil {
			return err
		}
		if post != nil {
			copies = append(copies, *post)
		}
	}
	for _, p := range copies {
		if p.Kind == meeting.PostFile || strings.HasPrefix(p.Key, draftPrefix) || strings.HasPrefix(p.Key, anonymousPrefix) {
			if err := b.removePost(ctx, s, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func deletionView(d deletion) render.Deletion {
	return render.Deletion{Network: d.net.Name, When: d.Due.In(d.net.Location), Published: d.Published, Entries: d.Entries}
}

// tellDeletion tells a network's room about its deletion.
func (b *Bot) tellDeletion(ctx context.Context, s *scene, d deletion, name string) error {
	return b.tell(ctx, s, d.net, meeting.Post{Key: fmt.Sprintf("%s/%d", name, d.ID), Kind: meeting.PostText}, name, deletionView(d))
}

func (b *Bot) tellBoth(ctx context.Context, s *scene, d deletion, name string) error {
	if err := b.tellDeletion(ctx, s, d, name); err != nil {
		return err
	}
	return b.tellDeletions(ctx, s, []deletion{d}, name+"_staff")
}

// tellDeletions tells staff about the deletions of one tick, in one message.
func (b *Bot) tellDeletions(ctx context.Context, s *scene, all []deletion, name string) error {
	if len(all) == 0 {
		return nil
	}
	view := render.Deletions{}
	for _, d := range all {
		view.Networks = append(view.Networks, deletionView(d))
		view.Entries += d.Entries
	}
	return b.tellStaff(ctx, s, meeting.Post{Key: fmt.Sprintf("%s/%d", name, all[0].ID), Kind: meeting.PostText, Mentions: s.set.Staff}, name, view)
}

// counted is what a meeting's entries add up to, or what is remembered of that
// when they have been deleted.
func (b *Bot) counted(ctx context.Context, s *scene, m *meeting.Meeting, entries []meeting.Entry) (counts, error) {
	r, err := s.tx.Remembered(ctx, m.ID)
	if err != nil || r == nil {
		return tally(entries), err
	}
	return counts{active: r.Active, late: r.Late, removed: r.Removed, leftOut: r.LeftOut, unreadable: r.Unreadable, byPrompt: r.ByPrompt, kept: r}, nil
}

// shown is the participants as they may be shown outside the network.
func (t counts) shown(members meeting.RoleCount) meeting.RoleCount {
	if t.kept != nil {
		return t.kept.Roles
	}
	return meeting.ShownCount(t.roles(), members)
}

// rawIsDeleted answers that a meeting's replies have been deleted, if they have.
func (b *Bot) rawIsDeleted(ctx context.Context, s *scene, c *call, m *meeting.Meeting) (bool, error) {
	r, err := s.tx.Remembered(ctx, m.ID)
	if err != nil || r == nil {
		return false, err
	}
	return true, b.answer(ctx, s, c, "minutes_deleted", render.Problem{Number: m.Number, When: r.At.In(c.net.Location)})
}

// rawExists is ErrNothing if a meeting's replies have been deleted.
func (s *scene) rawExists(ctx context.Context, m *meeting.Meeting) error {
	r, err := s.tx.Remembered(ctx, m.ID)
	if err == nil && r != nil {
		err = fmt.Errorf("%w: the replies of %s, meeting %d, were deleted on %s", ErrNothing, m.Network, m.Number, r.At.Format(time.DateOnly))
	}
	return err
}

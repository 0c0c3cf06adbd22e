package bot

import (
	"context"
	"errors"
	"slices"
	"strings"

	"blnbot/internal/meeting"
)

// redaction takes in that an event was removed: somebody who may do so has, or
// the server shows the event no more.
func (b *Bot) redaction(ctx context.Context, s *scene, p place, r meeting.Redaction) error {
	if room, err := s.tx.RoomOf(ctx, r.Target); err != nil || room != "" && room != r.Room {
		return err // it names an event of another room, where its sender may not remove anything
	}
	if err := s.tx.StoreRedacted(ctx, r.Target, s.now); err != nil {
		return err
	}
	if err := s.tx.ForgetRaw(ctx, r.Target); err != nil {
		return err
	}
	if err := errors.Join(s.tx.DeleteWanted(ctx, r.Target), s.tx.DeleteUnplaced(ctx, r.Target)); err != nil {
		return err
	}
	if err := b.withdrawPlanMessage(ctx, s, p, r); err != nil {
		return err
	}
	if p.coord {
		return b.unsign(ctx, s, r.Target)
	}
	if p.net == nil && p.direct == "" {
		var err error
		if p.net, err = s.formerly(ctx, r); err != nil {
			return err
		}
	}
	if err := b.voteRedacted(ctx, s, p, r); err != nil || p.net == nil {
		return err
	}
	e, err := s.tx.Entry(ctx, r.Target, p.net.Leads)
	if err != nil {
		return err
	}
	if e != nil {
		if e.State == meeting.EntryUnreadable {
			if err := b.takeDown(ctx, s, unreadableKey(e.ID)); err != nil {
				return err
			}
		}
		return b.removeEntry(ctx, s, p.net, *e, meeting.EntryRemoved)
	}
	if reaction, err := s.tx.DeleteReaction(ctx, r.Target); err != nil {
		return err
	} else if reaction != nil {
		return b.unreact(ctx, s, p, *reaction)
	}
	return b.removeVersion(ctx, s, p.net, r.Target)
}

// formerly is the network whose room it once was in which something is removed:
// the room was replaced, or the configuration names another one now.
func (s *scene) formerly(ctx context.Context, r meeting.Redaction) (*meeting.Network, error) {
	p, err := s.inhabited(ctx, r.Room)
	if err != nil || p.net != nil {
		return p.net, err
	}
	id := r.Target
	if edited, err := s.tx.EntryOf(ctx, id); err != nil {
		return nil, err
	} else if edited != "" {
		id = edited
	}
	e, err := s.tx.Entry(ctx, id, nobody)
	if err != nil || e == nil {
		return nil, err
	}
	m, err := s.tx.MeetingByID(ctx, e.Meeting)
	if err != nil || m == nil {
		return nil, err
	}
	return s.network(ctx, m.Network)
}

// removeVersion takes back an edit: the entry says again what it said before. An
// edit that counted has a text.
func (b *Bot) removeVersion(ctx context.Context, s *scene, net *meeting.Network, id meeting.EventID) error {
	entry, text, err := s.tx.DeleteVersion(ctx, id)
	if err != nil || text == "" {
		return err
	}
	e, err := s.tx.Entry(ctx, entry, net.Leads)
	if err != nil || e == nil || e.State != meeting.EntryActive {
		return err
	}
	if err := b.withdraw(ctx, s, net, *e, true); err != nil {
		return err
	}
	said, err := s.wordings(ctx, map[meeting.EventID]string{id: text})
	if err != nil {
		return err
	}
	return b.withdrawMade(ctx, s, net, gone{id: e.ID, texts: said, still: e.Body})
}

// removeEntry deletes every text of an entry, and every copy that was made of
// it (DESIGN §4, invariant 3).
func (b *Bot) removeEntry(ctx context.Context, s *scene, net *meeting.Network, e meeting.Entry, state meeting.EntryState) error {
	texts, err := s.tx.Versions(ctx, e.ID)
	if err != nil {
		return err
	}
	if err := s.tx.StripEntry(ctx, e.ID, state); err != nil {
		return err
	}
	if err := b.unreceipt(ctx, s, e.ID); err != nil {
		return err
	}
	if e.Source == meeting.SourceAnonymous {
		// The bot wrote the message, so nobody else may be able to remove it.
		if post, err := s.tx.PostByEvent(ctx, e.ID); err != nil {
			return err
		} else if post != nil {
			if err := b.removePost(ctx, s, *post); err != nil {
				return err
			}
		}
	}
	e.State, e.Body = state, ""
	if err := b.withdraw(ctx, s, net, e, true); err != nil {
		return err
	}
	said, err := s.wordings(ctx, texts)
	if err != nil {
		return err
	}
	return b.withdrawMade(ctx, s, net, gone{id: e.ID, texts: said})
}

// withdrawMade takes what a message no longer says out of what the network made
// of its replies: the areas and the plan.
func (b *Bot) withdrawMade(ctx context.Context, s *scene, net *meeting.Network, g gone) error {
	if err := b.withdrawFromPriorities(ctx, s, net, g); err != nil {
		return err
	}
	return b.withdrawFromPlan(ctx, s, net, g)
}

// withdraw takes an entry's earlier text out of everything that quotes it, the
// entry having been changed or removed already: posted minutes, drafts, shared
// summaries, and openings that recall them. strict says that the earlier text
// must go even where it is quoted no longer than the new one still says.
func (b *Bot) withdraw(ctx context.Context, s *scene, net *meeting.Network, e meeting.Entry, strict bool) error {
	m, err := s.tx.MeetingByID(ctx, e.Meeting)
	if err != nil || m == nil {
		return err
	}
	sum, err := s.tx.Summary(ctx, e.Meeting)
	if err != nil {
		return err
	}
	var quoted, shown, recalled bool
	if sum != nil {
		recap := recapOf(sum)
		quoted, shown = takePoints(sum, e, strict)
		recalled = !slices.EqualFunc(recap, recapOf(sum), func(a, b meeting.Point) bool { return a.Text == b.Text })
	}
	if err := errors.Join(b.takeDownCopies(ctx, s, e.Meeting, quoted, shown), b.withdrawOffer(ctx, s, e.ID)); err != nil {
		return err
	}
	if !quoted {
		return b.offerAgain(ctx, s, net, m, sum, e)
	}
	switch {
	case sum.State == meeting.SummaryDraft:
		return b.redraft(ctx, s, net, m, sum)
	case shown:
		if err = b.reshare(ctx, s, net, m, sum); err == nil {
			err = b.offerReworded(ctx, s, net, m, e)
		}
	default:
		err = s.tx.StoreSummary(ctx, sum)
	}
	if err != nil || !recalled {
		return err
	}
	return b.reopen(ctx, s, net, e.Meeting)
}

// takeDownCopies removes what was posted with a meeting's entries in it: files
// of minutes always; drafts where a point of theirs is gone; the shared summary
// where it showed the point. Openings are dealt with by reopen.
func (b *Bot) takeDownCopies(ctx context.Context, s *scene, id int64, quoted, shown bool) error {
	copies, err := s.tx.QuotingPosts(ctx, id)
	if err != nil {
		return err
	}
	for _, p := range copies {
		goes := p.Kind == meeting.PostFile || quoted
		if strings.HasPrefix(p.Key, openingPrefix) || strings.HasPrefix(p.Key, summaryPrefix) && !shown {
			goes = false
		}
		if !goes {
			continue
		}
		if err := b.removePost(ctx, s, p); err != nil {
			return err
		}
	}
	return nil
}

// takePoints takes the entry out of the summary's points. A point that rests on
// other entries too, and quotes one of those, stays; the others go, the
// leader's own wording included, since nobody can tell how much of the removed
// reply is in it. It reports whether any point's text is gone, and whether that
// point had not been dropped before.
func takePoints(sum *meeting.Summary, e meeting.Entry, strict bool) (quoted, shown bool) {
	kept := sum.Points[:0]
	for _, p := range sum.Points {
		at := slices.Index(p.Entries, e.ID)
		switch {
		case at < 0:
			kept = append(kept, p)
		case !strict && says(e.Body, p.Text):
			kept = append(kept, p)
		case at > 0 && !p.Edited && !strict:
			kept = append(kept, p)
		case at > 0 && !p.Edited:
			p.Entries = slices.Delete(slices.Clone(p.Entries), at, at+1)
			p.Support = max(1, p.Support-1)
			kept = append(kept, p)
		default:
			quoted = true
			if !p.Dropped {
				shown = true
				sum.Taken++
			}
		}
	}
	sum.Points = slices.Clone(kept)
	return quoted, shown
}

// says reports whether a text still contains a point made from it.
func says(body, point string) bool {
	point = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(point), "…"))
	return strings.Contains(strings.ToLower(strings.Join(strings.Fields(body), " ")), strings.Join(strings.Fields(point), " "))
}

package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"blnbot/internal/failpoint"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// close begins to close an open meeting: first its room as a whole, and then its
// threads, are compared with the server, so that what the draft says about gaps is
// true. Servers' sync passes over an event now and then (docs/homeservers.md).
func (b *Bot) close(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting) error {
	if m.Closing {
		return nil
	}
	asked := map[meeting.RoomID]bool{}
	for i := range m.Prompts {
		posted, err := s.tx.PostsWithPrefix(ctx, promptKey(net, m.Number, i+1))
		if err != nil {
			return err
		}
		for _, p := range posted {
			if p.Event == "" {
				continue
			}
			c := meeting.Check{Meeting: m.ID, Room: p.Room, Root: p.Event, Since: s.now}
			if err := s.tx.StoreCheck(ctx, c); err != nil {
				return err
			}
			if c.Whole = !asked[p.Room]; c.Whole {
				asked[p.Room] = true
				if err := s.tx.StoreCheck(ctx, c); err != nil {
					return err
				}
			}
		}
	}
	if len(asked) == 0 {
		return b.finish(ctx, s, net, m)
	}
	m.Closing = true
	if m.ClosesAt.After(s.now) {
		m.ClosesAt = s.now
	}
	return s.tx.StoreMeeting(ctx, m)
}

// closing goes on with closing when everything has been compared and handled.
func (b *Bot) closing(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting) error {
	room, err := s.roomOf(ctx, net)
	if err != nil {
		return err
	}
	waiting, err := s.tx.Unchecked(ctx, m.ID, room)
	if err != nil || waiting {
		return err
	}
	return b.finish(ctx, s, net, m)
}

// lost counts where replies to a meeting may be missing: gaps that could not be
// filled, threads and rooms that could not be compared with the server, and events
// that could not be handled.
func (b *Bot) lost(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting) (int, error) {
	room, err := s.roomOf(ctx, net)
	if err != nil {
		return 0, err
	}
	gaps, err := s.tx.LostGaps(ctx, room, m.OpenedAt, m.SharedAt)
	if err != nil {
		return 0, err
	}
	events, err := s.tx.LostEvents(ctx, room, m.OpenedAt, m.SharedAt)
	if err != nil {
		return 0, err
	}
	checks, err := s.tx.LostChecks(ctx, m.ID)
	return gaps + events + checks, err
}

// finish closes a meeting and drafts its summary.
func (b *Bot) finish(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting) error {
	m.State, m.Closing, m.ClosedAt, m.RemindAt = meeting.StateClosed, false, s.now, time.Time{}
	if err := s.tx.StoreMeeting(ctx, m); err != nil {
		return err
	}
	entries, err := s.tx.Entries(ctx, m.ID, net.Leads)
	if err != nil {
		return err
	}
	leaders, err := b.leaderNames(ctx, s, net)
	if err != nil {
		return err
	}
	t := tally(entries)
	err = b.tell(ctx, s, net, meeting.Post{Key: fmt.Sprintf("closed/%s/%d", net.ID, m.Number), Kind: meeting.PostText, Meeting: m.ID},
		"closed", render.Closed{Number: m.Number, Of: m.Of, Entries: t.active, People: len(t.people), Leaders: leaders, Unreadable: t.unreadable})
	if err != nil {
		return err
	}
	if err := errors.Join(b.pollAtClosing(ctx, s, net, m), b.evaluateAtEnd(ctx, s, net, m)); err != nil {
		return err
	}
	failpoint.At("closing")
	if err := b.draft(ctx, s, net, m, entries); err != nil {
		return err
	}
	return b.touchRound(ctx, s, net, m.Number)
}

// counts are what a meeting's entries add up to.
type counts struct {
	active, late, removed, leftOut, unreadable int
	people                                     map[meeting.UserID]meeting.Role
	byPrompt                                   map[int]int
	// kept is what is remembered of entries that were deleted.
	kept *meeting.Remembered
}

func tally(entries []meeting.Entry) counts {
	t := counts{people: map[meeting.UserID]meeting.Role{}, byPrompt: map[int]int{}}
	for _, e := range entries {
		switch e.State {
		case meeting.EntryActive:
			t.active++
			t.byPrompt[e.Prompt]++
			if e.Late {
				t.late++
			}
			if e.Author != "" {
				t.people[e.Author] = e.Role
			}
		case meeting.EntryUnreadable:
			t.unreadable++
		case meeting.EntryWithheld, meeting.EntryExcluded:
			t.leftOut++
		default:
			t.removed++
		}
	}
	return t
}

func (t counts) roles() meeting.RoleCount {
	c := meeting.RoleCount{}
	for _, r := range t.people {
		c[r]++
	}
	return c
}

// remind says how long the meeting stays open, naming nobody, and tells the
// leaders alone which roles have not been heard.
func (b *Bot) remind(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, key string) error {
	m.RemindAt = time.Time{}
	if err := s.tx.StoreMeeting(ctx, m); err != nil {
		return err
	}
	entries, err := s.tx.Entries(ctx, m.ID, net.Leads)
	if err != nil {
		return err
	}
	t := tally(entries)
	closes, now := m.ClosesAt.In(net.Location), s.now.In(net.Location)
	view := render.Reminder{Number: m.Number, Closes: closes, Today: sameDay(closes, now), Tomorow: sameDay(closes, now.AddDate(0, 0, 1))}
	for i := range m.Prompts {
		view.Prompts = append(view.Prompts, render.PromptCount{Number: i + 1, Count: t.byPrompt[i+1]})
	}
	if err := b.tell(ctx, s, net, meeting.Post{Key: key, Kind: meeting.PostText, Meeting: m.ID}, "reminder", view); err != nil {
		return err
	}
	unheard, err := b.unheard(ctx, s, net, m, entries)
	if err != nil || len(unheard) == 0 {
		return err
	}
	for _, l := range s.leaders(net) {
		if err := b.tellDirectly(ctx, s, l, key+"/"+string(l), net.Language, "unheard", render.UnheardIn{Network: net.Name, Number: m.Number, Unheard: unheard}); err != nil {
			return err
		}
	}
	return nil
}

// unheard lists the roles that members hold and that are missing among a
// prompt's readable and unreadable entries.
func (b *Bot) unheard(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, entries []meeting.Entry) ([]render.Unheard, error) {
	_, members, err := b.people(ctx, s, net)
	if err != nil {
		return nil, err
	}
	heard := map[render.Unheard]bool{}
	for _, e := range entries {
		if e.State == meeting.EntryActive || e.State == meeting.EntryUnreadable {
			heard[render.Unheard{Prompt: e.Prompt, Role: e.Role}] = true
		}
	}
	var out []render.Unheard
	for i := range m.Prompts {
		for _, r := range meeting.Roles() {
			u := render.Unheard{Prompt: i + 1, Role: r}
			if members[r] > 0 && !heard[u] {
				out = append(out, u)
			}
		}
	}
	return out, nil
}

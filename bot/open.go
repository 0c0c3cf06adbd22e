package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"blnbot/internal/failpoint"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

const (
	openingPrefix = "opening/"
	summaryPrefix = "summary/"
	recapLength   = 5 // points of the last summary that open a meeting
)

// open opens the network's n-th meeting: it freezes title, prompts and
// materials, and posts the opening and the prompts.
func (b *Bot) open(ctx context.Context, s *scene, net *meeting.Network, number int, occurrence string, due time.Time) error {
	from := net.Programme.Meetings[number-1]
	m, err := s.tx.Meeting(ctx, net.ID, number)
	if err != nil {
		return err
	}
	if m == nil {
		m = &meeting.Meeting{Network: net.ID, Number: number}
	}
	if m.State.Held() {
		return fmt.Errorf("open meeting %s/%d: it is %s", net.ID, number, m.State)
	}
	if occurrence != "" {
		m.Occurrence = occurrence
	}
	m.Programme, m.Of, m.State = net.Programme.ID, len(net.Programme.Meetings), meeting.StateOpen
	m.Title, m.Intro, m.Kind, m.Prompts, m.Materials = from.Title, from.Intro, from.Kind, from.Prompts, from.Materials
	m.OpenedAt, m.Opening = s.now, 1
	var next meeting.Occurrence
	if number < m.Of {
		next, _ = b.nextOccurrence(s, net, number+1)
	}
	m.RemindAt, m.ClosesAt = net.Window(s.now, next.At)
	last, err := s.tx.LastShared(ctx, net.ID, number)
	if err != nil {
		return err
	}
	if last != nil {
		m.Recap = last.Meeting
	}
	if err := errors.Join(s.tx.StoreMeeting(ctx, m), s.keep(ctx, net)); err != nil {
		return err
	}
	if err := b.postOpening(ctx, s, net, m, last, !due.IsZero() && s.now.Sub(due) > lateOpening, meeting.PostText); err != nil {
		return err
	}
	failpoint.At("opening")
	for i, text := range m.Prompts {
		p := meeting.Post{Key: promptKey(net, number, i+1), Kind: meeting.PostText, Meeting: m.ID, Prompt: i + 1, Fresh: i == 0}
		if err := b.tell(ctx, s, net, p, "prompt", render.Prompt{Number: i + 1, Text: text, Only: len(m.Prompts) == 1}); err != nil {
			return err
		}
	}
	return b.touchRound(ctx, s, net, number)
}

// lateOpening is from how late on the opening says so.
const lateOpening = 15 * time.Minute

func (b *Bot) postOpening(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, last *meeting.Summary, late bool, kind meeting.PostKind) error {
	view := render.Opening{Number: m.Number, Of: m.Of, Title: m.Title, Intro: m.Intro, Closes: m.ClosesAt.In(net.Location),
		Prompts: len(m.Prompts), Late: late, Again: m.Opening > 1, Materials: m.Materials}
	if last != nil {
		view.Recap = recapOf(last)
		from, err := s.tx.MeetingByID(ctx, last.Meeting)
		if err != nil {
			return err
		}
		if from != nil {
			view.RecapNumber = from.Number
		}
	} else {
		before, err := b.heldBefore(ctx, s, net, m.Number)
		if err != nil {
			return err
		}
		view.NoRecap = before
	}
	p := meeting.Post{Key: openingKey(net, m), Kind: kind, Meeting: m.ID, Quotes: m.Recap, Fresh: true}
	return b.tell(ctx, s, net, p, "opening", view)
}

func promptKey(net *meeting.Network, number, prompt int) string {
	return fmt.Sprintf("prompt/%s/%d/%d", net.ID, number, prompt)
}

func openingKey(net *meeting.Network, m *meeting.Meeting) string {
	return fmt.Sprintf("%s%s/%d/%d", openingPrefix, net.ID, m.Number, m.Opening)
}

// heldBefore reports whether a meeting before the number was held.
func (b *Bot) heldBefore(ctx context.Context, s *scene, net *meeting.Network, number int) (bool, error) {
	all, err := s.tx.Meetings(ctx, net.ID)
	for _, m := range all {
		if m.Number < number && m.State.Held() {
			return true, err
		}
	}
	return false, err
}

// recapOf picks the points of a summary that open the next meeting: the best
// supported of each prompt in turn.
func recapOf(sum *meeting.Summary) []meeting.Point {
	byPrompt := map[int][]meeting.Point{}
	most := 0
	for _, p := range sum.Points {
		if !p.Dropped {
			byPrompt[p.Prompt] = append(byPrompt[p.Prompt], p)
			most = max(most, p.Prompt)
		}
	}
	var out []meeting.Point
	for rank := 0; len(out) < recapLength; rank++ {
		found := false
		for prompt := 1; prompt <= most && len(out) < recapLength; prompt++ {
			if rank < len(byPrompt[prompt]) {
				out = append(out, byPrompt[prompt][rank])
				found = true
			}
		}
		if !found {
			break
		}
	}
	return out
}

// reopen posts anew the openings that recall a summary which has lost a point,
// without ringing.
func (b *Bot) reopen(ctx context.Context, s *scene, net *meeting.Network, id int64) error {
	recapped, err := s.tx.Recapped(ctx, id)
	if err != nil {
		return err
	}
	sum, err := s.tx.Summary(ctx, id)
	if err != nil {
		return err
	}
	for i := range recapped {
		m := &recapped[i]
		if err := b.takeDown(ctx, s, openingKey(net, m)); err != nil {
			return err
		}
		m.Opening++
		if err := s.tx.StoreMeeting(ctx, m); err != nil {
			return err
		}
		if err := b.postOpening(ctx, s, net, m, sum, false, meeting.PostNotice); err != nil {
			return err
		}
	}
	return nil
}

// nextNumber is the number of the meeting that opens next: the lowest that was
// not held, missed ones included. 0 if all were held.
func (b *Bot) nextNumber(ctx context.Context, s *scene, net *meeting.Network) (int, error) {
	all, err := s.tx.Meetings(ctx, net.ID)
	if err != nil {
		return 0, err
	}
	held := map[int]bool{}
	for _, m := range all {
		held[m.Number] = m.State.Held()
	}
	for n := 1; n <= len(net.Programme.Meetings); n++ {
		if !held[n] {
			return n, nil
		}
	}
	return 0, nil
}

// close begins to close an open meeting: first its threads are compared with
// the server, so that what the draft says about gaps is true.
func (b *Bot) close(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting) error {
	if m.Closing {
		return nil
	}
	asked := false
	for i := range m.Prompts {
		posted, err := s.tx.PostsWithPrefix(ctx, promptKey(net, m.Number, i+1))
		if err != nil {
			return err
		}
		for _, p := range posted {
			if p.Event == "" {
				continue
			}
			asked = true
			if err := s.tx.StoreCheck(ctx, meeting.Check{Meeting: m.ID, Room: p.Room, Root: p.Event, Since: s.now}); err != nil {
				return err
			}
		}
	}
	if !asked {
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
// filled, and threads that could not be compared with the server.
func (b *Bot) lost(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting) (int, error) {
	room, err := s.roomOf(ctx, net)
	if err != nil {
		return 0, err
	}
	gaps, err := s.tx.LostGaps(ctx, room, m.OpenedAt, m.SharedAt)
	if err != nil {
		return 0, err
	}
	checks, err := s.tx.LostChecks(ctx, m.ID)
	return gaps + checks, err
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
	failpoint.At("closing")
	if err := b.draft(ctx, s, net, m, entries); err != nil {
		return err
	}
	return b.touchRound(ctx, s, net, m.Number)
}

// counts are what a meeting's entries add up to.
type counts struct {
	active, late, removed, unreadable int
	people                            map[meeting.UserID]meeting.Role
	byPrompt                          map[int]int
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

// leaderNames are the display names of the network's leaders.
func (b *Bot) leaderNames(ctx context.Context, s *scene, net *meeting.Network) ([]string, error) {
	room, err := s.roomOf(ctx, net)
	if err != nil {
		return nil, err
	}
	members, err := s.tx.Members(ctx, room)
	if err != nil {
		return nil, err
	}
	known := map[meeting.UserID]string{}
	for _, m := range members {
		known[m.User] = m.Name
	}
	var names []string
	for _, l := range s.leaders(net) {
		if known[l] != "" {
			names = append(names, known[l])
		} else {
			names = append(names, localpart(l))
		}
	}
	return names, nil
}

func localpart(u meeting.UserID) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(string(u), "@"), ":")
	return name
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

func sameDay(a, b time.Time) bool {
	ay, am, ad := a.Date()
	by, bm, bd := b.Date()
	return ay == by && am == bm && ad == bd
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

// people returns who is in the network's room now, the bot and staff aside, and
// how many hold each role.
func (b *Bot) people(ctx context.Context, s *scene, net *meeting.Network) ([]meeting.Member, meeting.RoleCount, error) {
	room, err := s.roomOf(ctx, net)
	if err != nil {
		return nil, nil, err
	}
	all, err := s.tx.Members(ctx, room)
	if err != nil {
		return nil, nil, err
	}
	roles, err := s.tx.RolesOf(ctx, net.ID)
	if err != nil {
		return nil, nil, err
	}
	var in []meeting.Member
	c := meeting.RoleCount{}
	for _, m := range all {
		if m.Joined() && m.User != b.self && !s.isStaff(m.User) {
			in = append(in, m)
			c[roles[m.User]]++
		}
	}
	return in, c, nil
}

// nextTime is when the network's n-th meeting will open by itself; zero if
// that is not known.
func (b *Bot) nextTime(ctx context.Context, s *scene, net *meeting.Network, number int) (at time.Time, err error) {
	m, err := s.tx.Meeting(ctx, net.ID, number)
	if err != nil {
		return at, err
	}
	if m != nil && m.State == meeting.StatePlanned {
		return m.Due, nil
	}
	o, ok := b.nextOccurrence(s, net, number)
	if !ok {
		return at, nil
	}
	return o.At, nil
}

// nextOccurrence is the first occurrence from now on that the n-th meeting can
// answer to.
func (b *Bot) nextOccurrence(s *scene, net *meeting.Network, number int) (meeting.Occurrence, bool) {
	for at := s.now; ; {
		o, ok := net.Schedule.Next(at)
		if !ok || o.Number == 0 || o.Number == number {
			return o, ok
		}
		at = o.At
	}
}

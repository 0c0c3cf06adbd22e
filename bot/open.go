package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	if m.Kind == meeting.KindPlan {
		if err := b.openPlan(ctx, s, net, m); err != nil {
			return err
		}
	}
	if err := b.showCalendar(ctx, s, net, fmt.Sprintf("calendar/%s/%d", net.ID, number)); err != nil {
		return err
	}
	if err := b.tellHowToVote(ctx, s, net, m); err != nil {
		return err
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

func sameDay(a, b time.Time) bool {
	ay, am, ad := a.Date()
	by, bm, bd := b.Date()
	return ay == by && am == bm && ad == bd
}

// people returns who is in the network's room now, the bot and staff aside, and
// how many of them hold each role, not counting leaders who do not take part by
// replying.
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
	writers, err := s.tx.Writers(ctx, net.ID)
	if err != nil {
		return nil, nil, err
	}
	var in []meeting.Member
	c := meeting.RoleCount{}
	for _, m := range all {
		if !m.Joined() || m.User == b.self || s.isStaff(m.User) {
			continue
		}
		in = append(in, m)
		// Whoever leads without replying hides nobody: of a leader and one other
		// in a role everybody would know who spoke.
		if net.Leads(m.User) && !slices.Contains(writers, m.User) {
			continue
		}
		c[roles[m.User]]++
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

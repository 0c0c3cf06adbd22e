package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"blnbot/internal/digest"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// proposedAreas is how many areas the bot proposes: as many as people can
// compare on a phone. The leader can add to them.
const proposedAreas = 10

// What marks are worth beside one person's support.
const (
	weightMarked = 3 // 📌 and ❗
	weightIdea   = 1 // 💡
)

// said is something that may become an area.
type said struct {
	text    string
	entries []meeting.EventID
	weight  int
}

// propose makes a list of areas out of what was said in this and earlier
// meetings and stores it; nil if no meeting has been held.
func (b *Bot) propose(ctx context.Context, s *scene, net *meeting.Network) (*meeting.Poll, error) {
	all, err := s.tx.Meetings(ctx, net.ID)
	if err != nil {
		return nil, err
	}
	current, err := b.collecting(ctx, s, net)
	if err != nil {
		return nil, err
	}
	var found []said
	var last int64
	for i := range all {
		m := &all[i]
		if !m.State.Held() {
			continue
		}
		more, err := b.saidIn(ctx, s, net, m, current != nil && current.ID == m.ID)
		if err != nil {
			return nil, err
		}
		found, last = append(found, more...), m.ID
	}
	if last == 0 {
		return nil, nil
	}
	poll := &meeting.Poll{Network: net.ID, Meeting: last, State: meeting.PollProposed}
	if current != nil {
		poll.Meeting = current.ID
	}
	// No key is used again, also if a poll before this one was deleted.
	if poll.Round, err = s.tx.CountPosts(ctx, prioritiesKey(net)); err != nil {
		return nil, err
	}
	if old, err := s.tx.Poll(ctx, net.ID); err != nil {
		return nil, err
	} else if old != nil {
		poll.Round = max(poll.Round, old.Round)
	}
	if poll.Areas, err = b.areas(ctx, s, net, found); err != nil {
		return nil, err
	}
	poll.Last = len(poll.Areas)
	return poll, s.tx.StorePoll(ctx, poll)
}

// saidIn gathers a meeting's points: the shared summary's, or of the meeting
// under way those that its replies give, and the replies that a leader marked.
func (b *Bot) saidIn(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, current bool) ([]said, error) {
	entries, err := s.tx.Entries(ctx, m.ID, net.Leads)
	if err != nil {
		return nil, err
	}
	if entries, err = b.quotable(ctx, s, net, entries); err != nil {
		return nil, err
	}
	var points []meeting.Point
	switch {
	case m.State == meeting.StateShared:
		sum, err := s.tx.Summary(ctx, m.ID)
		if err != nil {
			return nil, err
		}
		if sum != nil {
			points = slices.DeleteFunc(sum.Points, func(p meeting.Point) bool { return p.Dropped })
		}
	case current:
		for i := range m.Prompts {
			points = append(points, digest.Points(ofPrompt(entries, i+1), digest.Options{Language: net.Language, MaxLength: longestArea})...)
		}
	}
	var out []said
	in := map[meeting.EventID]bool{}
	for _, p := range points {
		for _, id := range p.Entries {
			in[id] = true
		}
		out = append(out, said{p.Text, p.Entries, p.Support})
	}
	for _, e := range entries {
		marked := slices.Contains(e.Marks, meeting.MarkKey) || slices.Contains(e.Marks, meeting.MarkAction)
		if e.State != meeting.EntryActive || in[e.ID] || !marked {
			continue
		}
		if text, ok := digest.Best(e, digest.Options{Language: net.Language, MaxLength: longestArea}); ok {
			out = append(out, said{text, []meeting.EventID{e.ID}, 1 + e.Support})
		}
	}
	for i := range out {
		out[i].weight += worth(entries, out[i].entries)
	}
	return out, nil
}

// worth is what the leaders' marks on the entries count.
func worth(entries []meeting.Entry, ids []meeting.EventID) int {
	marks := map[meeting.Mark]bool{}
	for _, e := range entries {
		if slices.Contains(ids, e.ID) {
			for _, m := range e.Marks {
				marks[m] = true
			}
		}
	}
	n := 0
	for m := range marks {
		if n += weightMarked; m == meeting.MarkIdea {
			n += weightIdea - weightMarked
		}
	}
	return n
}

// areas makes what says the same one area, the weightiest first.
func (b *Bot) areas(ctx context.Context, s *scene, net *meeting.Network, found []said) ([]meeting.Priority, error) {
	mask, err := b.masker(ctx, s, net)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(found))
	for i, f := range found {
		texts[i] = f.text
	}
	var grouped []said
	for _, group := range digest.Group(texts, digest.Options{Language: net.Language}) {
		one := said{text: found[group[0]].text}
		for _, i := range group {
			one.weight += found[i].weight
			for _, id := range found[i].entries {
				if !slices.Contains(one.entries, id) {
					one.entries = append(one.entries, id)
				}
			}
		}
		grouped = append(grouped, one)
	}
	slices.SortStableFunc(grouped, func(a, b said) int { return b.weight - a.weight })
	var out []meeting.Priority
	for _, g := range grouped[:min(len(grouped), proposedAreas)] {
		out = append(out, meeting.Priority{Number: len(out) + 1, Text: asArea(net, g.text, mask), Entries: g.entries})
	}
	return out, nil
}

// asArea makes the text of an area of what somebody said.
func asArea(net *meeting.Network, text string, mask func(string) string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len([]rune(text)) > longestArea {
		e := meeting.Entry{Body: text, Marks: []meeting.Mark{meeting.MarkKey}}
		if short, ok := digest.Best(e, digest.Options{Language: net.Language, MaxLength: longestArea}); ok {
			text = short
		}
	}
	return render.UpperFirst(mask(strings.TrimSuffix(text, ".")))
}

// proposals proposes areas in meetings that are there to choose them, when half
// of the time has passed and the leader has not begun.
func (b *Bot) proposals(ctx context.Context) error {
	var due []meeting.Meeting
	err := b.update(ctx, func(s *scene) error {
		open, err := s.tx.Unpolled(ctx, meeting.KindPriorities)
		for _, m := range open {
			if half := m.OpenedAt.Add(m.ClosesAt.Sub(m.OpenedAt) / 2); !half.After(s.now) {
				due = append(due, m)
			}
		}
		return err
	})
	errs := []error{err}
	for i := range due {
		errs = append(errs, b.update(ctx, func(s *scene) error { return b.proposeUnasked(ctx, s, &due[i]) }))
	}
	return errors.Join(errs...)
}

func (b *Bot) proposeUnasked(ctx context.Context, s *scene, m *meeting.Meeting) error {
	net, err := s.network(ctx, m.Network)
	if err != nil || net == nil || net.Rests(s.now) {
		return err
	}
	if poll, err := s.tx.Poll(ctx, net.ID); err != nil || poll != nil {
		return err
	}
	poll, err := b.propose(ctx, s, net)
	if err != nil || poll == nil {
		return err
	}
	return b.postProposal(ctx, s, net, poll, meeting.Post{Kind: meeting.PostText, Mentions: s.leaders(net)})
}

// tellHowToVote tells the leaders, when a meeting opens that is there to choose
// areas, how to go about it.
func (b *Bot) tellHowToVote(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting) error {
	if m.Kind != meeting.KindPriorities {
		return nil
	}
	for _, l := range s.leaders(net) {
		key := fmt.Sprintf("priorities-begin/%s/%d/%s", net.ID, m.Number, l)
		if err := b.tellDirectly(ctx, s, l, key, net.Language, "priorities_begin", render.Problem{Network: net.Name, Number: m.Number}); err != nil {
			return err
		}
	}
	return nil
}

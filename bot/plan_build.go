package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"blnbot/internal/digest"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// planBuild adds an item for every prioritised area, and for every reply that is
// marked ❗ and in none of them. What the plan has already stays as it is.
func (b *Bot) planBuild(ctx context.Context, s *scene, c *call) error {
	poll, err := s.tx.Poll(ctx, c.net.ID)
	if err != nil {
		return err
	}
	if poll != nil && poll.State == meeting.PollOpen {
		return b.answer(ctx, s, c, "plan_build_none", render.Problem{Code: "poll"})
	}
	plan, err := b.planOf(ctx, s, c.net)
	if err != nil {
		return err
	}
	found, err := b.planMaterial(ctx, s, c.net, poll)
	if err != nil {
		return err
	}
	added, left := addItems(plan, found)
	switch {
	case left > 0 && len(added) == 0:
		return b.answer(ctx, s, c, "plan_full", render.Problem{Max: mostItems})
	case len(added) == 0 && len(found) > 0:
		return b.answer(ctx, s, c, "plan_build_none", render.Problem{Code: "all"})
	case len(added) == 0:
		return b.answer(ctx, s, c, "plan_build_none", render.Problem{})
	}
	plan.Changed, plan.Seen = true, planAnswerKey(c)
	if err := s.tx.StorePlan(ctx, plan); err != nil {
		return err
	}
	view, err := b.planView(ctx, s, c.net, plan)
	if err != nil {
		return err
	}
	view.Built, view.Left, view.Empty, view.Changes = len(added), left, withoutMeasure(plan.Items), nil
	return b.planAnswer(ctx, s, c, c.net, "plan_built", view)
}

// addItems puts items into the plan that it does not have: neither their area
// nor, without one, their reply. It returns their numbers, and for how many
// there was no room.
func addItems(plan *meeting.Plan, found []meeting.PlanItem) (added []int, left int) {
	for _, f := range found {
		has := slices.ContainsFunc(plan.Items, func(i meeting.PlanItem) bool {
			same := render.Fold(i.Area) == render.Fold(f.Area) && (f.What == "" || i.What == f.What)
			return same || len(f.Sources) > 0 && slices.ContainsFunc(f.Sources[:1], func(id meeting.EventID) bool { return slices.Contains(i.Sources, id) })
		})
		switch {
		case has:
			continue
		case len(plan.Items) >= mostItems:
			left++
			continue
		}
		plan.LastItem++
		f.Number = plan.LastItem
		plan.Items = append(plan.Items, f)
		added = append(added, f.Number)
	}
	return added, left
}

// planMaterial are the items that the closed poll and the marks make, not
// numbered yet: the areas by votes, then the marked replies in order. Replies of
// those who have said no are left alone.
func (b *Bot) planMaterial(ctx context.Context, s *scene, net *meeting.Network, poll *meeting.Poll) ([]meeting.PlanItem, error) {
	entries, err := b.planEntries(ctx, s, net)
	if err != nil {
		return nil, err
	}
	mask, err := b.masker(ctx, s, net)
	if err != nil {
		return nil, err
	}
	other, err := b.texts.Text(net.Language, "plan_other", nil)
	if err != nil {
		return nil, err
	}
	var out []meeting.PlanItem
	used := map[meeting.EventID]bool{}
	for _, area := range prioritised(poll) {
		item := meeting.PlanItem{Area: strings.TrimRight(mask(area.Text), ". ")}
		var of []meeting.Entry
		for _, e := range entries {
			if slices.Contains(area.Entries, e.ID) {
				of = append(of, e)
				used[e.ID] = true
			}
		}
		text, from := measure(of, area.Text, net.Language)
		item.What = render.UpperFirst(mask(text))
		if from != "" {
			item.Sources = append(item.Sources, from)
		}
		for _, e := range of {
			if e.ID != from {
				item.Sources = append(item.Sources, e.ID)
			}
		}
		out = append(out, item)
	}
	for _, e := range entries {
		if used[e.ID] || !slices.Contains(e.Marks, meeting.MarkAction) {
			continue
		}
		if text, ok := digest.Best(e, digest.Options{Language: net.Language}); ok {
			out = append(out, meeting.PlanItem{Area: other, What: render.UpperFirst(mask(text)), Sources: []meeting.EventID{e.ID}})
		}
	}
	return out, nil
}

// prioritised are the areas of a closed poll that got votes, or all of them
// where too few voted for votes to be counted.
func prioritised(poll *meeting.Poll) []meeting.Priority {
	if poll == nil || poll.State != meeting.PollClosed {
		return nil
	}
	return slices.DeleteFunc(poll.Ranked(), func(a meeting.Priority) bool { return a.Votes == 0 && !poll.Few })
}

// planEntries are the network's replies that may be used, oldest first.
func (b *Bot) planEntries(ctx context.Context, s *scene, net *meeting.Network) ([]meeting.Entry, error) {
	all, err := s.tx.Meetings(ctx, net.ID)
	if err != nil {
		return nil, err
	}
	var out []meeting.Entry
	for _, m := range all {
		if !m.State.Held() {
			continue
		}
		entries, err := s.tx.Entries(ctx, m.ID, net.Leads)
		if err != nil {
			return nil, err
		}
		if entries, err = b.quotable(ctx, s, net, entries); err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.State == meeting.EntryActive {
				out = append(out, e)
			}
		}
	}
	return out, nil
}

// measure is what is to be done in an area, in a participant's own words: the
// best sentence of the best supported reply that is marked ❗, or else of the best
// supported reply that says more than the area's name does. Empty if none says
// anything of the kind.
func measure(entries []meeting.Entry, area, lang string) (text string, from meeting.EventID) {
	ranked := slices.Clone(entries)
	slices.SortStableFunc(ranked, func(a, b meeting.Entry) int {
		if x, y := slices.Contains(a.Marks, meeting.MarkAction), slices.Contains(b.Marks, meeting.MarkAction); x != y {
			if x {
				return -1
			}
			return 1
		}
		return b.Support - a.Support
	})
	for _, e := range ranked {
		best, ok := digest.Best(e, digest.Options{Language: lang}, entries...)
		if ok && (slices.Contains(e.Marks, meeting.MarkAction) || !says(area, best)) {
			return best, e.ID
		}
	}
	return "", ""
}

// longestOpening is the most Markdown of a plan that a meeting opens with.
const longestOpening = 3000

// openPlan shows the plan as it stands when a meeting about it opens, or says to
// the leader how one is made.
func (b *Bot) openPlan(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting) error {
	plan, err := b.planOf(ctx, s, net)
	if err != nil {
		return err
	}
	view, err := b.planView(ctx, s, net, plan)
	if err != nil {
		return err
	}
	view.Number = m.Number
	if view.Leaders, err = b.leaderNames(ctx, s, net); err != nil {
		return err
	}
	post := meeting.Post{Key: fmt.Sprintf("%sopening/%d", planPrefix(net), m.Number), Kind: meeting.PostText, Mentions: s.leaders(net)}
	if len(plan.Items) == 0 {
		return b.tell(ctx, s, net, post, "plan_offer", view)
	}
	items, err := b.texts.Text(net.Language, "plan_items", view)
	if err != nil {
		return err
	}
	view.Short = len(items) > longestOpening
	if !view.Short {
		if err := b.planShows(ctx, s, plan, post.Key); err != nil {
			return err
		}
	}
	return b.tell(ctx, s, net, post, "plan_opening", view)
}

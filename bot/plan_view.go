package bot

import (
	"context"
	"maps"
	"slices"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// planView is the plan as it is being worked on.
func (b *Bot) planView(ctx context.Context, s *scene, net *meeting.Network, plan *meeting.Plan) (render.Plan, error) {
	view, err := b.itemsView(ctx, s, net, plan, plan.Items)
	if err != nil {
		return view, err
	}
	if plan.Changed && plan.Version > 0 {
		before, err := s.tx.PlanItems(ctx, net.ID, plan.Version)
		if err != nil {
			return view, err
		}
		view.Changed, view.Since, view.Changes = true, plan.Version, meeting.Compare(before, plan.Items)
	}
	waiting, err := b.waiting(ctx, s, net)
	if err != nil {
		return view, err
	}
	view.Waiting = len(waiting)
	return view, b.outcomes(ctx, s, net, &view)
}

// frozenView is the newest approved version, with what came of it.
func (b *Bot) frozenView(ctx context.Context, s *scene, net *meeting.Network, plan *meeting.Plan) (render.Plan, error) {
	items, err := s.tx.PlanItems(ctx, net.ID, plan.Version)
	if err != nil {
		return render.Plan{}, err
	}
	view, err := b.itemsView(ctx, s, net, plan, items)
	if err != nil {
		return view, err
	}
	return view, b.outcomes(ctx, s, net, &view)
}

// itemsView has the items with how many replies they come from and whose, as
// may be shown.
func (b *Bot) itemsView(ctx context.Context, s *scene, net *meeting.Network, plan *meeting.Plan, items []meeting.PlanItem) (render.Plan, error) {
	view := render.Plan{Network: net.Name, Version: plan.Version, Shared: plan.Shared.In(net.Location)}
	_, members, err := b.people(ctx, s, net)
	if err != nil {
		return view, err
	}
	roles, err := s.tx.RolesOf(ctx, net.ID)
	if err != nil {
		return view, err
	}
	for _, i := range items {
		wrote := meeting.RoleCount{}
		authors := map[meeting.UserID]bool{}
		for _, id := range i.Sources {
			e, err := s.tx.Entry(ctx, id, nobody)
			if err != nil {
				return view, err
			}
			if e != nil && !authors[e.Author] {
				wrote[roles[e.Author]]++
				authors[e.Author] = e.Author != ""
			}
		}
		view.Items = append(view.Items, render.PlanItem{PlanItem: i, Replies: len(i.Sources), Roles: meeting.ShownCount(wrote, members)})
	}
	return view, nil
}

// outcomes adds the decisions about the plan and the follow-ups that were
// asked to the view.
func (b *Bot) outcomes(ctx context.Context, s *scene, net *meeting.Network, view *render.Plan) (err error) {
	if view.Decisions, err = s.tx.Decisions(ctx, net.ID); err != nil {
		return err
	}
	found, err := s.tx.FollowUps(ctx, net.ID)
	if err != nil {
		return err
	}
	for _, f := range found {
		switch f.State {
		case meeting.FollowUpWaiting:
			if view.Next.IsZero() || f.Due.Before(view.Next) {
				view.Next = f.Due.In(net.Location)
			}
		case meeting.FollowUpAsked, meeting.FollowUpReminded:
			shown := render.FollowUp{Months: f.Months, Asked: f.Asked.In(net.Location)}
			for _, a := range f.Answers {
				shown.Answers = append(shown.Answers, a.Body)
			}
			view.FollowUps = append(view.FollowUps, shown)
		}
	}
	return nil
}

// myPlans is what a user suggested, noted and answered about the networks'
// plans, by network.
func (b *Bot) myPlans(ctx context.Context, s *scene, user meeting.UserID) ([]render.MyPlan, error) {
	suggestions, err := s.tx.SuggestionsBy(ctx, user)
	if err != nil {
		return nil, err
	}
	decisions, err := s.tx.DecisionsBy(ctx, user)
	if err != nil {
		return nil, err
	}
	answers, err := s.tx.AnswersBy(ctx, user)
	if err != nil {
		return nil, err
	}
	by := map[string]*render.MyPlan{}
	of := func(network string) *render.MyPlan {
		if by[network] == nil {
			by[network] = &render.MyPlan{Network: network}
		}
		return by[network]
	}
	for _, g := range suggestions {
		of(g.Network).Suggestions = append(of(g.Network).Suggestions, g)
	}
	for _, d := range decisions {
		of(d.Network).Decisions = append(of(d.Network).Decisions, d)
	}
	for network, a := range answers {
		of(network).Answers = a
	}
	var out []render.MyPlan
	for _, id := range slices.Sorted(maps.Keys(by)) {
		net, err := s.network(ctx, id)
		if err != nil {
			return nil, err
		}
		if net != nil {
			by[id].Network = net.Name
		}
		out = append(out, *by[id])
	}
	return out, nil
}

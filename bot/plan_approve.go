package bot

import (
	"context"
	"fmt"
	"strconv"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// planApprove freezes the plan as a version and shares it with the coordination
// room. It counts for the plan that the room has been told of: an approval that
// meets a change is asked for again, with the plan as it is now.
func (b *Bot) planApprove(ctx context.Context, s *scene, c *call) error {
	plan, err := b.planOf(ctx, s, c.net)
	if err != nil {
		return err
	}
	switch {
	case len(plan.Items) == 0:
		return b.answer(ctx, s, c, "plan_empty", nil)
	case !plan.Changed:
		return b.answer(ctx, s, c, "plan_unchanged", render.Problem{Max: plan.Version})
	}
	if empty := withoutMeasure(plan.Items); len(empty) > 0 {
		return b.answer(ctx, s, c, "plan_incomplete", render.Plan{Empty: empty})
	}
	told, err := b.planTold(ctx, s, plan)
	if err != nil {
		return err
	}
	if !told {
		return b.planShowAs(ctx, s, c, plan, "plan_again")
	}
	mask, err := b.masker(ctx, s, c.net)
	if err != nil {
		return err
	}
	for i := range plan.Items {
		for _, f := range meeting.Fields() {
			field := plan.Items[i].Field(f)
			*field = mask(*field)
		}
	}
	plan.Version++
	plan.Changed, plan.Shared, plan.By = false, s.now, c.msg.Sender
	if err := b.sharePlan(ctx, s, c.net, plan, plan.Items); err != nil {
		return err
	}
	return b.answerWith(ctx, s, c, meeting.Post{Kind: meeting.PostText}, "plan_approved", render.Problem{Max: plan.Version})
}

// withoutMeasure are the numbers of the items that do not say what it is about
// or what is to be done.
func withoutMeasure(items []meeting.PlanItem) (numbers []string) {
	for _, i := range items {
		if i.Area == "" || i.What == "" {
			numbers = append(numbers, strconv.Itoa(i.Number))
		}
	}
	return numbers
}

// sharePlan stores the frozen version and posts it in the coordination room,
// with what it changes of the version before.
func (b *Bot) sharePlan(ctx context.Context, s *scene, net *meeting.Network, plan *meeting.Plan, frozen []meeting.PlanItem) error {
	s.touch(net, false)
	var err error
	if plan.Post, err = b.freshKey(ctx, s, fmt.Sprintf("%sshared/%d/", planPrefix(net), plan.Version)); err != nil {
		return err
	}
	if err := s.tx.StorePlan(ctx, plan); err != nil {
		return err
	}
	if err := s.tx.StorePlanItems(ctx, net.ID, plan.Version, frozen); err != nil {
		return err
	}
	// The network's description is kept for what comes after the programme.
	if err := s.keep(ctx, net); err != nil {
		return err
	}
	view, err := b.itemsView(ctx, s, net, plan, frozen)
	if err != nil {
		return err
	}
	if plan.Version > 1 {
		before, err := s.tx.PlanItems(ctx, net.ID, plan.Version-1)
		if err != nil {
			return err
		}
		view.Since, view.Changes = plan.Version-1, meeting.Compare(before, frozen)
	}
	room, err := s.tx.BoundRoom(ctx, coordination)
	if err != nil {
		return err
	}
	if room != "" {
		post := meeting.Post{Key: plan.Post, Room: room, Kind: meeting.PostText, Fresh: true}
		if err := b.say(ctx, s, post, net.Language, "plan_shared", view); err != nil {
			return err
		}
		if err := b.attach(ctx, s, post, net.Language, "plan", view, "docx", "html"); err != nil {
			return err
		}
	}
	if room, err = s.roomOf(ctx, net); err != nil || room == "" {
		return err
	}
	return b.attach(ctx, s, meeting.Post{Key: plan.Post + "/network", Room: room}, net.Language, "plan", view, "docx", "html")
}

package bot

import (
	"context"
	"fmt"
	"time"

	"blnbot/internal/meeting"
)

// PlanExport is the stable JSON form of a network's newest approved plan,
// described by docs/plan.schema.json: no sender of anything is in it.
type PlanExport struct {
	Network    string           `json:"network"`
	Version    int              `json:"version"`
	ApprovedAt string           `json:"approved_at"`
	Items      []ItemExport     `json:"items"`
	Decisions  []DecisionExport `json:"decisions"`
	FollowUps  []FollowUpExport `json:"follow_ups"`
}

// ItemExport is one measure. Replies is how many it comes from.
type ItemExport struct {
	Number  int    `json:"number"`
	Area    string `json:"area"`
	What    string `json:"what"`
	How     string `json:"how"`
	Who     string `json:"who"`
	When    string `json:"when"`
	Replies int    `json:"replies"`
}

// DecisionExport is what the local management decided about a version. Date is
// a day, "2026-12-15".
type DecisionExport struct {
	Version int             `json:"version"`
	Outcome meeting.Outcome `json:"outcome"`
	Date    string          `json:"date"`
	Body    string          `json:"body"`
	Note    string          `json:"note"`
}

// FollowUpExport is a follow-up question. AskedAt is nil before it is asked, and
// for ever if it was passed over.
type FollowUpExport struct {
	Version int            `json:"version"`
	Months  int            `json:"months"`
	DueAt   string         `json:"due_at"`
	AskedAt *string        `json:"asked_at"`
	Answers []AnswerExport `json:"answers"`
}

// AnswerExport is one answer to a follow-up question.
type AnswerExport struct {
	At   string `json:"at"`
	Body string `json:"body"`
}

// PlanJSON is the newest approved version of a network's plan in the stable
// form, with what was decided about it and what came of it. It fails with
// ErrNothing if none is approved.
func (b *Bot) PlanJSON(ctx context.Context, network string) (*PlanExport, error) {
	var out *PlanExport
	err := b.update(ctx, func(s *scene) error {
		plan, err := s.tx.Plan(ctx, network)
		if err != nil {
			return err
		}
		if plan == nil || plan.Version == 0 {
			return fmt.Errorf("%w: %s has no approved plan", ErrNothing, network)
		}
		items, err := s.tx.PlanItems(ctx, network, plan.Version)
		if err != nil {
			return err
		}
		decisions, err := s.tx.Decisions(ctx, network)
		if err != nil {
			return err
		}
		asked, err := s.tx.FollowUps(ctx, network)
		out = planExport(plan, items, decisions, asked)
		return err
	})
	return out, err
}

func planExport(plan *meeting.Plan, items []meeting.PlanItem, decisions []meeting.Decision, asked []meeting.FollowUp) *PlanExport {
	out := &PlanExport{Network: plan.Network, Version: plan.Version, ApprovedAt: plan.Shared.Format(time.RFC3339),
		Items: []ItemExport{}, Decisions: []DecisionExport{}, FollowUps: []FollowUpExport{}}
	for _, i := range items {
		out.Items = append(out.Items, ItemExport{i.Number, i.Area, i.What, i.How, i.Who, i.When, len(i.Sources)})
	}
	for _, d := range decisions {
		out.Decisions = append(out.Decisions, DecisionExport{d.Version, d.Outcome, d.Date.Format(time.DateOnly), d.Body, d.Note})
	}
	for _, f := range asked {
		e := FollowUpExport{Version: f.Version, Months: f.Months, DueAt: f.Due.Format(time.RFC3339), Answers: []AnswerExport{}}
		if !f.Asked.IsZero() {
			at := f.Asked.Format(time.RFC3339)
			e.AskedAt = &at
		}
		for _, a := range f.Answers {
			e.Answers = append(e.Answers, AnswerExport{a.At.Format(time.RFC3339), a.Body})
		}
		out.FollowUps = append(out.FollowUps, e)
	}
	return out
}

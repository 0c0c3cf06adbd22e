package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"blnbot/internal/meeting"

	"github.com/google/go-cmp/cmp"
)

// What is stored about a plan comes back as it was, and goes when it is removed.
func TestPlanParts(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	ctx := t.Context()
	day := time.Date(2026, 12, 15, 0, 0, 0, 0, time.UTC)
	plan := meeting.Plan{Network: "n", LastItem: 1, Seen: "k", Changed: true, Items: []meeting.PlanItem{
		{Number: 1, Area: "a", What: "b", How: "c", Who: "d", When: "e", Sources: []meeting.EventID{"$1"}, Suggestion: "$s"}}}
	s := meeting.Suggestion{Network: "n", Event: "$s", Author: "@anna:x", State: meeting.SuggestionOpen, Item: meeting.PlanItem{What: "b", Suggestion: "$s"}}
	dec := meeting.Decision{Network: "n", Version: 1, Outcome: meeting.OutcomeAdopted, Date: day, Body: "Nämnden", Note: "x", Event: "$d", By: "@lena:x", At: day, Post: "p"}
	f := meeting.FollowUp{Network: "n", Version: 1, Months: 3, Due: day.AddDate(0, 3, 0), State: meeting.FollowUpAsked, Asked: day}
	a := meeting.FollowUpAnswer{Event: "$a", By: "@lena:x", Body: "Det går", At: day}
	must(t, d.Update(ctx, func(tx *Tx) error {
		must(t, tx.StorePlan(ctx, &plan))
		must(t, tx.StoreSuggestion(ctx, &s))
		must(t, tx.StoreDecision(ctx, dec))
		must(t, tx.StoreFollowUp(ctx, f))
		for _, want := range []bool{true, false} {
			if stored, err := tx.StoreAnswer(ctx, f, a); err != nil || stored != want {
				t.Errorf("answer stored %v (%v), want %v", stored, err, want)
			}
		}
		return nil
	}))
	must(t, d.Update(ctx, func(tx *Tx) error {
		gotPlan, err := tx.Plan(ctx, "n")
		must(t, err)
		if diff := cmp.Diff(&plan, gotPlan); diff != "" {
			t.Error(diff)
		}
		gotS, err := tx.SuggestionOf(ctx, "$s")
		must(t, err)
		if diff := cmp.Diff(&s, gotS); diff != "" || s.Number != 1 {
			t.Error(s.Number, diff)
		}
		gotD, err := tx.Decisions(ctx, "n")
		must(t, err)
		if diff := cmp.Diff([]meeting.Decision{dec}, gotD); diff != "" {
			t.Error(diff)
		}
		answered := f
		answered.Answers = []meeting.FollowUpAnswer{a}
		gotF, err := tx.FollowUps(ctx, "n")
		must(t, err)
		if diff := cmp.Diff([]meeting.FollowUp{answered}, gotF); diff != "" {
			t.Error(diff)
		}
		due, err := tx.FollowUpNetworks(ctx, day.AddDate(1, 0, 0), day.AddDate(1, 0, 0))
		must(t, err)
		if len(due) != 0 {
			t.Errorf("due although answered: %v", due)
		}
		if network, author, err := tx.AnswerOf(ctx, "$a"); err != nil || network != "n" || author != "@lena:x" {
			t.Errorf("the answer is %s's, about %q: %v", author, network, err)
		}
		must(t, tx.DeleteAnswer(ctx, "$a"))
		due, err = tx.FollowUpNetworks(ctx, day, day)
		must(t, err)
		if diff := cmp.Diff([]string{"n"}, due); diff != "" {
			t.Error(diff)
		}
		must(t, tx.RemoveSuggestion(ctx, "$s"))
		left, err := tx.Suggestions(ctx, "n")
		must(t, err)
		next := meeting.Suggestion{Network: "n", Event: "$t", Author: "@bo:x", State: meeting.SuggestionOpen}
		must(t, tx.StoreSuggestion(ctx, &next))
		if len(left) != 0 || next.Number != 2 {
			t.Errorf("left %v, the next number is %d", left, next.Number)
		}
		return nil
	}))
}

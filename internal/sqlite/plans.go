package sqlite

import (
	"context"
	"slices"

	"blnbot/internal/meeting"
)

// Plan returns the network's plan as it is being worked on, or nil.
func (t *Tx) Plan(ctx context.Context, network string) (*meeting.Plan, error) {
	p, err := get(ctx, t, "read plan", "SELECT network, version, changed, last_item, shared_at, shared_by, post, seen FROM plans WHERE network = ?",
		[]any{network}, func(r row) (meeting.Plan, error) {
			var p meeting.Plan
			err := r.Scan(&p.Network, &p.Version, &p.Changed, &p.LastItem, timestamp{&p.Shared}, &p.By, &p.Post, &p.Seen)
			return p, err
		})
	if err != nil || p == nil {
		return p, err
	}
	p.Items, err = t.PlanItems(ctx, network, 0)
	return p, err
}

// PlanItems lists the items of a version of the plan; version 0 is the one
// being worked on.
func (t *Tx) PlanItems(ctx context.Context, network string, version int) ([]meeting.PlanItem, error) {
	items, err := list(ctx, t, "read plan items", `SELECT number, area, what, how, who, due, suggestion, written FROM plan_items
		WHERE network = ? AND version = ? ORDER BY number`, []any{network, version}, func(r row) (meeting.PlanItem, error) {
		var i meeting.PlanItem
		err := r.Scan(&i.Number, &i.Area, &i.What, &i.How, &i.Who, &i.When, &i.Suggestion, timestamp{&i.Written})
		return i, err
	})
	for i := range items {
		if err == nil {
			items[i].Sources, err = list(ctx, t, "read plan sources", `SELECT event_id FROM plan_sources
				WHERE network = ? AND version = ? AND number = ? ORDER BY event_id`,
				[]any{network, version, items[i].Number}, scanOne[meeting.EventID])
		}
	}
	return items, err
}

// StorePlan inserts or replaces the plan and the items being worked on.
func (t *Tx) StorePlan(ctx context.Context, p *meeting.Plan) error {
	_, err := t.exec(ctx, "store plan", `INSERT INTO plans (network, version, changed, last_item, shared_at, shared_by, post, seen)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (network) DO UPDATE SET version = excluded.version, changed = excluded.changed,
		last_item = excluded.last_item, shared_at = excluded.shared_at, shared_by = excluded.shared_by, post = excluded.post, seen = excluded.seen`,
		p.Network, p.Version, p.Changed, p.LastItem, stamp(p.Shared), p.By, p.Post, p.Seen)
	if err != nil {
		return err
	}
	return t.StorePlanItems(ctx, p.Network, 0, p.Items)
}

// StorePlanItems replaces the items of a version. Those with new words are
// written now.
func (t *Tx) StorePlanItems(ctx context.Context, network string, version int, items []meeting.PlanItem) error {
	t.removed = true // what an item said before may have been taken out of it
	before, err := t.PlanItems(ctx, network, version)
	if err != nil {
		return err
	}
	newest, err := t.newest(ctx)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, "clear plan items", "DELETE FROM plan_items WHERE network = ? AND version = ?", network, version); err != nil {
		return err
	}
	for _, i := range items {
		if rewritten(before, i) {
			i.Written = newest
		}
		_, err := t.exec(ctx, "store plan item", `INSERT INTO plan_items (network, version, number, area, what, how, who, due, suggestion, written)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, network, version, i.Number, i.Area, i.What, i.How, i.Who, i.When, i.Suggestion, stamp(i.Written))
		if err != nil {
			return err
		}
		for _, id := range i.Sources {
			_, err := t.exec(ctx, "store plan source", `INSERT INTO plan_sources (network, version, number, event_id)
				VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`, network, version, i.Number, id)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// rewritten reports whether an item has words that it did not have before. Words
// that were taken out are none.
func rewritten(before []meeting.PlanItem, item meeting.PlanItem) bool {
	at := slices.IndexFunc(before, func(i meeting.PlanItem) bool { return i.Number == item.Number })
	if at < 0 {
		return item.Written.IsZero() // or it comes from another version
	}
	return slices.ContainsFunc(meeting.Fields(), func(f meeting.Field) bool {
		now := *item.Field(f)
		return now != "" && now != *before[at].Field(f)
	})
}

// PlanVersions lists the frozen versions of the network's plan, oldest first.
func (t *Tx) PlanVersions(ctx context.Context, network string) ([]int, error) {
	return list(ctx, t, "list plan versions", "SELECT DISTINCT version FROM plan_items WHERE network = ? AND version > 0 ORDER BY version",
		[]any{network}, scanOne[int])
}

const suggestionColumns = "network, number, event_id, author, state, item, area, what, how, who, due"

func scanSuggestion(r row) (meeting.Suggestion, error) {
	var s meeting.Suggestion
	i := &s.Item
	err := r.Scan(&s.Network, &s.Number, &s.Event, &s.Author, &s.State, &i.Number, &i.Area, &i.What, &i.How, &i.Who, &i.When)
	i.Suggestion = s.Event
	return s, err
}

// Suggestions lists the network's suggestions, oldest first; those that were
// taken back are left out.
func (t *Tx) Suggestions(ctx context.Context, network string) ([]meeting.Suggestion, error) {
	return list(ctx, t, "list suggestions", "SELECT "+suggestionColumns+" FROM suggestions WHERE network = ? AND state != 'removed' ORDER BY number",
		[]any{network}, scanSuggestion)
}

// SuggestionsBy lists a user's suggestions in all networks.
func (t *Tx) SuggestionsBy(ctx context.Context, author meeting.UserID) ([]meeting.Suggestion, error) {
	return list(ctx, t, "list suggestions", "SELECT "+suggestionColumns+` FROM suggestions WHERE author = ? AND state != 'removed'
		ORDER BY network, number`, []any{author}, scanSuggestion)
}

// SuggestionOf returns the suggestion that a message made, or nil.
func (t *Tx) SuggestionOf(ctx context.Context, id meeting.EventID) (*meeting.Suggestion, error) {
	return get(ctx, t, "read suggestion", "SELECT "+suggestionColumns+" FROM suggestions WHERE event_id = ? AND state != 'removed'",
		[]any{id}, scanSuggestion)
}

// StoreSuggestion inserts or replaces a suggestion. A new one, whose Number is
// 0, gets the next number.
func (t *Tx) StoreSuggestion(ctx context.Context, s *meeting.Suggestion) error {
	if s.Number == 0 {
		last, err := value[int](ctx, t, "number suggestion", "SELECT coalesce(max(number), 0) FROM suggestions WHERE network = ?", s.Network)
		if err != nil {
			return err
		}
		s.Number = last + 1
	}
	i := s.Item
	_, err := t.exec(ctx, "store suggestion", "INSERT INTO suggestions ("+suggestionColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (network, number) DO UPDATE SET state = excluded.state, item = excluded.item, area = excluded.area,
		what = excluded.what, how = excluded.how, who = excluded.who, due = excluded.due`,
		s.Network, s.Number, s.Event, s.Author, s.State, i.Number, i.Area, i.What, i.How, i.Who, i.When)
	return err
}

// RemoveSuggestion deletes what a suggestion says and whose it was. The number
// stays used.
func (t *Tx) RemoveSuggestion(ctx context.Context, id meeting.EventID) error {
	t.removed = true
	_, err := t.exec(ctx, "remove suggestion", `UPDATE suggestions SET state = 'removed', author = '', area = '', what = '', how = '',
		who = '', due = '' WHERE event_id = ?`, id)
	return err
}

package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// ErrNothing means that there is nothing of what was asked for.
var ErrNothing = errors.New("there is nothing to export")

// MinutesExport is the stable JSON form of a meeting's minutes, described by
// docs/export.schema.json. Unlike everything else that leaves the bot it says
// who wrote what: it is for the operator's own systems.
type MinutesExport struct {
	Network      string         `json:"network"`
	Meeting      int            `json:"meeting"`
	Title        string         `json:"title"`
	State        meeting.State  `json:"state"`
	OpenedAt     string         `json:"opened_at"`
	ClosedAt     *string        `json:"closed_at"`
	Prompts      []PromptExport `json:"prompts"`
	Removed      int            `json:"removed"`
	Unreadable   int            `json:"unreadable"`
	Participants map[string]int `json:"participants"`
	Gaps         int            `json:"gaps"`
}

// PromptExport is a prompt with its entries.
type PromptExport struct {
	Number  int           `json:"number"`
	Text    string        `json:"text"`
	Entries []EntryExport `json:"entries"`
}

// EntryExport is one entry. Author is empty for notes and anonymous entries,
// Role if it is not known.
type EntryExport struct {
	ID      meeting.EventID `json:"id"`
	Author  meeting.UserID  `json:"author"`
	Role    meeting.Role    `json:"role"`
	Source  meeting.Source  `json:"source"`
	Body    string          `json:"body"`
	SentAt  string          `json:"sent_at"`
	Edited  bool            `json:"edited"`
	Late    bool            `json:"late"`
	Support int             `json:"support"`
	Marks   []meeting.Mark  `json:"marks"`
}

// recorded is a network and a meeting of it that was held and whose replies are
// there; otherwise the error is ErrNothing.
func (s *scene) recorded(ctx context.Context, network string, number int) (*meeting.Network, *meeting.Meeting, error) {
	net, err := s.network(ctx, network)
	if err != nil {
		return nil, nil, err
	}
	m, err := s.tx.Meeting(ctx, network, number)
	if err != nil {
		return nil, nil, err
	}
	if net == nil || m == nil || !m.State.Held() {
		return nil, nil, fmt.Errorf("%w: %s, meeting %d", ErrNothing, network, number)
	}
	return net, m, s.rawExists(ctx, m)
}

// MinutesJSON is a meeting's minutes in the stable form.
func (b *Bot) MinutesJSON(ctx context.Context, network string, number int) (*MinutesExport, error) {
	var out *MinutesExport
	err := b.update(ctx, func(s *scene) error {
		net, m, err := s.recorded(ctx, network, number)
		if err != nil {
			return err
		}
		entries, err := s.tx.Entries(ctx, m.ID, net.Leads)
		if err != nil {
			return err
		}
		out = minutesExport(m, entries)
		out.Gaps, err = b.lost(ctx, s, net, m)
		return err
	})
	return out, err
}

func minutesExport(m *meeting.Meeting, entries []meeting.Entry) *MinutesExport {
	t := tally(entries)
	out := &MinutesExport{Network: m.Network, Meeting: m.Number, Title: m.Title, State: m.State, OpenedAt: m.OpenedAt.Format(time.RFC3339),
		Removed: t.removed + t.leftOut, Unreadable: t.unreadable, Participants: map[string]int{}}
	if !m.ClosedAt.IsZero() {
		at := m.ClosedAt.Format(time.RFC3339)
		out.ClosedAt = &at
	}
	for r, n := range t.roles() {
		name := string(r)
		if r == meeting.RoleUnknown {
			name = "unknown"
		}
		out.Participants[name] = n
	}
	for i, text := range m.Prompts {
		p := PromptExport{Number: i + 1, Text: text, Entries: []EntryExport{}}
		for _, e := range ofPrompt(entries, i+1) {
			marks := e.Marks
			if marks == nil {
				marks = []meeting.Mark{}
			}
			p.Entries = append(p.Entries, EntryExport{ID: e.ID, Author: e.Author, Role: e.Role, Source: e.Source, Body: e.Body,
				SentAt: e.SentAt.Format(time.RFC3339), Edited: e.Edited, Late: e.Late, Support: e.Support, Marks: marks})
		}
		out.Prompts = append(out.Prompts, p)
	}
	return out
}

// SharedSummary is a meeting's shared summary, for export.
func (b *Bot) SharedSummary(ctx context.Context, network string, number int) (render.Summary, error) {
	var view render.Summary
	err := b.update(ctx, func(s *scene) error {
		net, err := s.network(ctx, network)
		if err != nil {
			return err
		}
		m, err := s.tx.Meeting(ctx, network, number)
		if err != nil {
			return err
		}
		if net == nil || m == nil || m.State != meeting.StateShared {
			return fmt.Errorf("%w: %s, meeting %d has no shared summary", ErrNothing, network, number)
		}
		sum, err := s.tx.Summary(ctx, m.ID)
		if err != nil || sum == nil {
			return err
		}
		entries, err := s.tx.Entries(ctx, m.ID, net.Leads)
		if err != nil {
			return err
		}
		view, err = b.summaryView(ctx, s, net, m, sum, entries)
		return err
	})
	return view, err
}

// SharedPlan is the newest approved version of a network's plan, for export.
func (b *Bot) SharedPlan(ctx context.Context, network string) (render.Plan, error) {
	var view render.Plan
	err := b.update(ctx, func(s *scene) error {
		net, err := s.network(ctx, network)
		if err != nil {
			return err
		}
		plan, err := s.tx.Plan(ctx, network)
		if err != nil {
			return err
		}
		if net == nil || plan == nil || plan.Version == 0 {
			return fmt.Errorf("%w: %s has no approved plan", ErrNothing, network)
		}
		view, err = b.frozenView(ctx, s, net, plan)
		return err
	})
	return view, err
}

// LastHeld is the number of the network's newest meeting that was held.
func (b *Bot) LastHeld(ctx context.Context, network string) (int, error) {
	last := 0
	err := b.update(ctx, func(s *scene) error {
		all, err := s.tx.Meetings(ctx, network)
		for _, m := range all {
			if m.State.Held() {
				last = m.Number
			}
		}
		if err == nil && last == 0 {
			return fmt.Errorf("%w: %s has held no meeting", ErrNothing, network)
		}
		return err
	})
	return last, err
}

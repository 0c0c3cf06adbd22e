package bot

import (
	"cmp"
	"context"
	"slices"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// agenda is what there is to speak of at a leaders' meeting: before a round,
// when the networks open it and what they said the last time; after it, what
// they said in it. And what is not finished.
func (b *Bot) agenda(ctx context.Context, s *scene, m meeting.LeadersMeeting) (render.Agenda, error) {
	from := s.programmeMeeting(m.Programme, m.Round)
	view := render.Agenda{Number: m.Round, Title: from.Title, After: m.After, When: m.At.In(s.set.Location), Link: m.Link, ThemesOf: m.Round}
	if !m.After {
		view.Prompts, view.ThemesOf = from.Prompts, m.Round-1
		if err := b.openings(ctx, s, m, &view); err != nil {
			return view, err
		}
	}
	var err error
	if view.Matters, err = b.matters(ctx, s, m); err != nil {
		return view, err
	}
	if view.ThemesOf == 0 {
		return view, nil
	}
	last, err := b.compilation(ctx, s, m.Programme, view.ThemesOf)
	if err != nil {
		return view, err
	}
	for _, p := range last.Prompts {
		view.Themes = append(view.Themes, p.Shared...)
	}
	slices.SortStableFunc(view.Themes, func(a, b render.Theme) int { return cmp.Compare(len(b.Networks), len(a.Networks)) })
	view.Themes = view.Themes[:min(len(view.Themes), mostThemes)]
	return view, nil
}

// openings fills in when the networks open the round, those first that open
// first.
func (b *Bot) openings(ctx context.Context, s *scene, m meeting.LeadersMeeting, view *render.Agenda) error {
	for i := range s.set.Networks {
		net := &s.set.Networks[i]
		if net.Programme.ID != m.Programme || m.Round > len(net.Programme.Meetings) {
			continue
		}
		held, err := s.tx.Meeting(ctx, net.ID, m.Round)
		if err != nil {
			return err
		}
		if held != nil && held.State.Held() {
			continue
		}
		line := render.OpensAt{Network: net.Name}
		next, err := b.nextNumber(ctx, s, net)
		if err != nil {
			return err
		}
		if o, ok := b.nextOccurrence(s, net, m.Round); next == m.Round || ok && o.Number > 0 {
			at, err := b.nextTime(ctx, s, net, m.Round)
			if err != nil {
				return err
			}
			if !at.IsZero() {
				line.When = at.In(s.set.Location)
			}
		}
		view.Opens = append(view.Opens, line)
	}
	slices.SortStableFunc(view.Opens, func(a, b render.OpensAt) int {
		if a.When.IsZero() != b.When.IsZero() {
			return map[bool]int{true: 1, false: -1}[a.When.IsZero()]
		}
		return a.When.Compare(b.When)
	})
	if len(view.Opens) > mostOpenings {
		view.MoreOpens = len(view.Opens) - mostOpenings
		view.Opens = view.Opens[:mostOpenings]
	}
	return nil
}

// matters are what is not finished in the programme's networks, up to the round
// before the leaders' meeting: meetings without a shared summary, and questions
// about plans without an answer. The network with the same to do stand together.
func (b *Bot) matters(ctx context.Context, s *scene, m meeting.LeadersMeeting) ([]render.Matter, error) {
	last := m.Round
	if !m.After {
		last--
	}
	var out []render.Matter
	for i := range s.set.Networks {
		net := &s.set.Networks[i]
		if net.Programme.ID != m.Programme {
			continue
		}
		all, err := s.tx.Meetings(ctx, net.ID)
		if err != nil {
			return nil, err
		}
		states := map[int]meeting.State{}
		for _, held := range all {
			states[held.Number] = held.State
		}
		for number := 1; number <= min(last, len(net.Programme.Meetings)); number++ {
			state := cmp.Or(states[number], meeting.StatePlanned)
			if state != meeting.StateShared {
				out = addMatter(out, number, string(state), net.Name)
			}
		}
		asked, err := s.tx.FollowUps(ctx, net.ID)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(asked, func(f meeting.FollowUp) bool { return f.Open() }) {
			out = addMatter(out, 0, "followup", net.Name)
		}
	}
	order := []string{"closed", "open", "missed", "planned", "followup"}
	slices.SortStableFunc(out, func(a, b render.Matter) int {
		return cmp.Or(cmp.Compare(b.Number, a.Number), cmp.Compare(slices.Index(order, a.Code), slices.Index(order, b.Code)))
	})
	return out, nil
}

func addMatter(list []render.Matter, number int, code, network string) []render.Matter {
	for i := range list {
		if list[i].Number == number && list[i].Code == code {
			list[i].Networks = append(list[i].Networks, network)
			return list
		}
	}
	return append(list, render.Matter{Number: number, Code: code, Networks: []string{network}})
}

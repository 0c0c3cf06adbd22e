package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// reportNetworks are the networks of a programme: those in use, in the order of
// the configuration, and then those that only have meetings to show.
func (b *Bot) reportNetworks(ctx context.Context, s *scene, programme string) ([]*meeting.Network, error) {
	var out []*meeting.Network
	known := map[string]bool{}
	for i := range s.set.Networks {
		if n := &s.set.Networks[i]; n.Programme.ID == programme {
			out, known[n.ID] = append(out, n), true
		}
	}
	ids, err := s.tx.ReportNetworks(ctx, programme)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if known[id] {
			continue
		}
		n, err := s.network(ctx, id)
		if err != nil {
			return nil, err
		}
		if n != nil && n.Programme.ID == programme {
			out = append(out, n)
		}
	}
	return out, nil
}

// compileReport puts the report together from what is shared and approved now.
func (b *Bot) compileReport(ctx context.Context, s *scene, programme string) (render.Report, error) {
	view := render.Report{ID: programme, Programme: programme}
	nets, err := b.reportNetworks(ctx, s, programme)
	if err != nil {
		return view, err
	}
	for _, net := range nets {
		// The longest form of the programme is the one that everything fits into.
		if len(net.Programme.Meetings) > len(view.Meetings) {
			view.Programme, view.Purpose, view.Goal, view.Meetings = net.Programme.Name, net.Programme.Purpose, net.Programme.Goal, net.Programme.Meetings
		}
	}
	mask, err := b.masksOf(ctx, s, nets)
	if err != nil {
		return view, err
	}
	for _, net := range nets {
		part, err := b.reportPart(ctx, s, net, mask)
		if err != nil {
			return view, err
		}
		if net.Retired && part.Empty() {
			continue
		}
		view.Networks = append(view.Networks, part)
	}
	return view, b.reportRounds(ctx, s, &view)
}

// reportPart is what the report says about one network, with names hidden.
func (b *Bot) reportPart(ctx context.Context, s *scene, net *meeting.Network, mask func(string) string) (render.ReportNetwork, error) {
	part := render.ReportNetwork{ID: net.ID, Name: net.Name, Ended: net.Retired}
	all, err := s.tx.Meetings(ctx, net.ID)
	if err != nil {
		return part, err
	}
	for i, from := range net.Programme.Meetings {
		m := render.ReportMeeting{Number: i + 1, Title: from.Title}
		if at := slices.IndexFunc(all, func(m meeting.Meeting) bool { return m.Number == i+1 }); at >= 0 {
			if m, err = b.reportMeeting(ctx, s, net, &all[at], mask); err != nil {
				return part, err
			}
		}
		part.Meetings = append(part.Meetings, m)
	}
	if part.Poll, err = b.reportPoll(ctx, s, net, mask); err != nil {
		return part, err
	}
	if err := b.reportPlan(ctx, s, net, &part, mask); err != nil {
		return part, err
	}
	part.Evaluation, err = b.reportEvaluation(ctx, s, net, mask)
	return part, err
}

// reportMeeting is a meeting with its shared summary, without the links to
// replies.
func (b *Bot) reportMeeting(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting,
	mask func(string) string) (render.ReportMeeting, error) {
	out := render.ReportMeeting{Number: m.Number, Title: m.Title, State: m.State}
	if !m.State.Held() {
		return out, nil
	}
	out.Opened = m.OpenedAt.In(net.Location)
	if !m.ClosedAt.IsZero() {
		out.Closed = m.ClosedAt.In(net.Location)
	}
	sum, err := s.tx.Summary(ctx, m.ID)
	if err != nil || sum == nil || sum.State != meeting.SummaryShared || m.State != meeting.StateShared {
		return out, err
	}
	entries, err := s.tx.Entries(ctx, m.ID, net.Leads)
	if err != nil {
		return out, err
	}
	view, err := b.summaryView(ctx, s, net, m, sum, entries)
	if err != nil {
		return out, err
	}
	view.Leaders, view.Taken = nil, sum.Taken
	for _, p := range view.Prompts {
		for i := range p.Points {
			p.Points[i].Entries, p.Points[i].Marks, p.Points[i].Text = nil, nil, mask(p.Points[i].Text)
		}
	}
	out.Summary = &view
	return out, nil
}

func (b *Bot) reportPoll(ctx context.Context, s *scene, net *meeting.Network, mask func(string) string) (*render.ReportPoll, error) {
	poll, err := s.tx.Poll(ctx, net.ID)
	if err != nil || poll == nil || poll.State != meeting.PollClosed || poll.Shared.IsZero() {
		return nil, err
	}
	out := &render.ReportPoll{Members: poll.Members, Few: poll.Few, Votes: render.Votes{Voters: poll.Voters}}
	for _, a := range poll.Areas {
		if !a.Dropped {
			out.Votes.Areas = append(out.Votes.Areas, render.AreaVotes{Text: mask(a.Text), Votes: a.Votes})
		}
	}
	slices.SortStableFunc(out.Votes.Areas, func(a, b render.AreaVotes) int { return b.Votes - a.Votes })
	return out, nil
}

// reportPlan fills in the newest approved version of the plan, what was decided
// about it, and what became of that.
func (b *Bot) reportPlan(ctx context.Context, s *scene, net *meeting.Network, part *render.ReportNetwork, mask func(string) string) error {
	plan, err := s.tx.Plan(ctx, net.ID)
	if err != nil || plan == nil || plan.Version == 0 {
		return err
	}
	items, err := s.tx.PlanItems(ctx, net.ID, plan.Version)
	if err != nil {
		return err
	}
	part.Plan = &render.Plan{Network: net.Name, Version: plan.Version, Shared: plan.Shared.In(net.Location)}
	for _, it := range items {
		for _, f := range meeting.Fields() {
			*it.Field(f) = mask(*it.Field(f))
		}
		it.Sources, it.Suggestion = nil, ""
		part.Plan.Items = append(part.Plan.Items, render.PlanItem{PlanItem: it})
	}
	if part.Decisions, err = s.tx.Decisions(ctx, net.ID); err != nil {
		return err
	}
	for i := range part.Decisions {
		d := &part.Decisions[i]
		d.Body, d.Note, d.Event, d.By, d.Post = mask(d.Body), mask(d.Note), "", "", ""
	}
	asked, err := s.tx.FollowUps(ctx, net.ID)
	for _, f := range asked {
		if len(f.Answers) == 0 {
			continue
		}
		answered := render.ReportFollowUp{Months: f.Months}
		for _, a := range f.Answers {
			answered.Answers = append(answered.Answers, mask(a.Body))
		}
		part.FollowUps = append(part.FollowUps, answered)
	}
	return err
}

// reportRounds puts the networks side by side, from what the report says about
// each: so what was taken out there is gone here.
func (b *Bot) reportRounds(ctx context.Context, s *scene, view *render.Report) error {
	view.Rounds = nil
	for i := range view.Meetings {
		round := render.Compilation{Number: i + 1, Programme: view.Programme, Title: view.Meetings[i].Title}
		var parts []sharedPart
		for _, n := range view.Networks {
			if i >= len(n.Meetings) || n.Meetings[i].Summary == nil {
				if !n.Ended {
					round.Missing = append(round.Missing, n.Name)
				}
				continue
			}
			net, err := s.network(ctx, n.ID)
			if err != nil {
				return err
			}
			if net == nil {
				return fmt.Errorf("report: network %s is unknown", n.ID)
			}
			sum := *n.Meetings[i].Summary
			parts = append(parts, sharedPart{net: net, view: sum})
			round.Networks = append(round.Networks, render.CompiledNetwork{Name: n.Name, Entries: sum.Entries, Participants: sum.Participants})
		}
		if len(parts) == 0 {
			continue
		}
		var err error
		if round.Prompts, err = b.compilePrompts(ctx, s, parts); err != nil {
			return err
		}
		view.Rounds = append(view.Rounds, round)
	}
	return nil
}

// partOf is a short mark of what the report says about a network. A sign-off is
// for that.
func partOf(n render.ReportNetwork) (string, error) {
	n.Meetings = slices.Clone(n.Meetings)
	for i := range n.Meetings {
		// How far a meeting has come that says nothing yet is no reason to ask again.
		if m := &n.Meetings[i]; m.Summary == nil && m.State.Held() {
			*m = render.ReportMeeting{Number: m.Number, Title: m.Title, State: meeting.StateClosed}
		}
	}
	text, err := json.Marshal(n)
	if err != nil {
		return "", fmt.Errorf("encode part of a report: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), nil
}

// freeze and thaw turn a report into what is stored of it, and back.
func freeze(view render.Report) ([]byte, error) {
	text, err := json.Marshal(view)
	if err != nil {
		return nil, fmt.Errorf("encode report: %w", err)
	}
	return text, nil
}

func thaw(r *meeting.Report) (render.Report, error) {
	var view render.Report
	if err := json.Unmarshal(r.Body, &view); err != nil {
		return view, fmt.Errorf("decode report on %s: %w", r.Programme, err)
	}
	view.Version, view.Made, view.Published, view.Corrected = r.Version, r.Made, r.Published, r.Corrected
	return view, nil
}

// reportEvaluation is what the members thought, once a leader has let it leave
// the network; where too few have answered, nothing but that.
func (b *Bot) reportEvaluation(ctx context.Context, s *scene, net *meeting.Network, mask func(string) string) (*render.ReportEvaluation, error) {
	e, err := s.tx.Evaluation(ctx, net.ID)
	switch {
	case err != nil || e == nil || !e.Over():
		return nil, err
	case !e.Enough():
		return &render.ReportEvaluation{Few: true}, nil
	case e.Shared.IsZero():
		return nil, nil
	}
	out := &render.ReportEvaluation{Asked: e.Asked, Answered: e.Answered}
	out.Counts = e.Counts
	for _, text := range e.Texts {
		out.Texts = append(out.Texts, mask(text))
	}
	slices.Sort(out.Texts)
	return out, nil
}

// FinalReport is the programme's published report as it was frozen or, as long
// as there is none, the draft, for export. With one programme it need not be
// named.
func (b *Bot) FinalReport(ctx context.Context, programme string) (render.Report, error) {
	var view render.SignOffs
	err := b.update(ctx, func(s *scene) error {
		if programme == "" {
			ids := slices.Sorted(maps.Keys(s.programmes()))
			if len(ids) != 1 {
				return fmt.Errorf("%w: name one of the programmes %s", ErrNothing, strings.Join(ids, ", "))
			}
			programme = ids[0]
		}
		draft, published, err := b.reports(ctx, s, programme)
		if err != nil {
			return err
		}
		if published == nil {
			published = draft
		}
		if published == nil {
			return fmt.Errorf("%w: there is no report on %s", ErrNothing, programme)
		}
		view, err = b.signOffView(ctx, s, published)
		return err
	})
	return view.Report, err
}

package bot

import (
	"context"
	"fmt"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// mostNamed is how many networks a round's message lists by name.
const mostNamed = 60

func roundKey(programme string, number int) string {
	return fmt.Sprintf("round/%s/%d", programme, number)
}

// touchRound has the message that shows a round brought up to date, by the next
// tick; the first network to reach the round makes that message.
func (b *Bot) touchRound(ctx context.Context, s *scene, net *meeting.Network, number int) error {
	return b.beginRound(ctx, s, net.Programme.ID, number, net.Programme.Meetings[number-1].Title)
}

func (b *Bot) beginRound(ctx context.Context, s *scene, programme string, number int, title string) error {
	created, err := s.tx.TouchRound(ctx, programme, number, title)
	if err != nil || !created {
		return err
	}
	view, err := b.roundView(ctx, s, meeting.Round{Programme: programme, Number: number, Title: title})
	if err != nil {
		return err
	}
	return b.tellStaff(ctx, s, meeting.Post{Key: roundKey(programme, number), Kind: meeting.PostText, Fresh: true}, "round", view)
}

// showRound edits the message that shows a round, unless an edit is under way.
func (b *Bot) showRound(ctx context.Context, r meeting.Round) error {
	return b.update(ctx, func(s *scene) error {
		key := roundKey(r.Programme, r.Number)
		if r.Edits > 0 {
			last, err := s.tx.Post(ctx, fmt.Sprintf("%s/edit/%d", key, r.Edits))
			if err != nil || last != nil && last.State == meeting.PostPending {
				return err
			}
		}
		room, err := s.tx.BoundRoom(ctx, coordination)
		if err != nil || room == "" {
			return err
		}
		view, err := b.roundView(ctx, s, r)
		if err != nil {
			return err
		}
		text, err := b.texts.Text(s.set.Language, "round", view)
		if err != nil {
			return err
		}
		_, err = s.tx.StorePost(ctx, meeting.Post{Key: fmt.Sprintf("%s/edit/%d", key, r.Edits+1), Room: room, Kind: meeting.PostEdit,
			Target: meeting.Ref{Key: key}, Markdown: text}, s.now)
		if err != nil {
			return err
		}
		return s.tx.RoundShown(ctx, r)
	})
}

func (b *Bot) roundView(ctx context.Context, s *scene, r meeting.Round) (render.Round, error) {
	view := render.Round{Number: r.Number, Title: r.Title}
	found, err := s.tx.RoundMeetings(ctx, r.Programme, r.Number)
	if err != nil {
		return view, err
	}
	states := map[string]meeting.State{}
	for _, m := range found {
		states[m.Network] = m.State
	}
	for i := range s.set.Networks {
		n := &s.set.Networks[i]
		if n.Programme.ID != r.Programme || r.Number > len(n.Programme.Meetings) {
			continue
		}
		view.Total++
		state := states[n.ID]
		if state == meeting.StateShared {
			view.Shared++
		}
		if len(view.Networks) == mostNamed {
			view.More++
			continue
		}
		view.Networks = append(view.Networks, render.RoundNetwork{Name: n.Name, State: state, Draft: state == meeting.StateClosed})
	}
	return view, nil
}

// status is where a network stands.
func (b *Bot) status(ctx context.Context, s *scene, net *meeting.Network) (render.Status, error) {
	view := render.Status{Network: net.Name, Of: len(net.Programme.Meetings)}
	all, err := s.tx.Meetings(ctx, net.ID)
	if err != nil {
		return view, err
	}
	var last *meeting.Meeting
	for i := range all {
		if all[i].State.Held() || all[i].State == meeting.StateMissed {
			last = &all[i]
		}
	}
	if last != nil {
		if err := b.statusOf(ctx, s, net, last, &view); err != nil {
			return view, err
		}
	}
	in, roles, err := b.people(ctx, s, net)
	if err != nil {
		return view, err
	}
	view.Members, view.NoRole = len(in), roles[meeting.RoleUnknown]
	plan, err := s.tx.Plan(ctx, net.ID)
	if err != nil {
		return view, err
	}
	if plan != nil {
		view.Plan, view.PlanVer = len(plan.Items), plan.Version
	}
	return view, b.statusNext(ctx, s, net, &view)
}

func (b *Bot) statusOf(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, view *render.Status) error {
	view.Number, view.Title, view.State, view.Closes = m.Number, m.Title, m.State, m.ClosesAt.In(net.Location)
	view.Draft = m.State == meeting.StateClosed
	entries, err := s.tx.Entries(ctx, m.ID, net.Leads)
	if err != nil {
		return err
	}
	t, err := b.counted(ctx, s, m, entries)
	if err != nil {
		return err
	}
	view.Unreadable = t.unreadable
	for i := range m.Prompts {
		view.Prompts = append(view.Prompts, render.PromptCount{Number: i + 1, Count: t.byPrompt[i+1]})
	}
	view.Lost, err = b.lost(ctx, s, net, m)
	return err
}

// statusNext fills in when the next meeting opens.
func (b *Bot) statusNext(ctx context.Context, s *scene, net *meeting.Network, view *render.Status) error {
	number, err := b.nextNumber(ctx, s, net)
	if err != nil || number == 0 {
		return err
	}
	view.NextNumber, view.NextTitle = number, net.Programme.Meetings[number-1].Title
	at, err := b.nextTime(ctx, s, net, number)
	if !at.IsZero() {
		view.Next = at.In(net.Location)
	}
	return err
}

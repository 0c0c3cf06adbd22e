package bot

import (
	"context"
	"strconv"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// subject finds the meeting that a command's number means, or the newest one
// for which want holds. It answers and returns nil if there is none.
func (b *Bot) subject(ctx context.Context, s *scene, c *call, net *meeting.Network, arg string, want func(*meeting.Meeting) bool) (*meeting.Meeting, error) {
	if arg != "" {
		n, err := strconv.Atoi(arg)
		if err != nil || n < 1 || n > len(net.Programme.Meetings) {
			return nil, b.answer(ctx, s, c, "no_such_meeting", render.Problem{Word: clip(arg), Max: len(net.Programme.Meetings)})
		}
		m, err := s.tx.Meeting(ctx, net.ID, n)
		if err != nil {
			return nil, err
		}
		if m == nil || !want(m) {
			return nil, b.answer(ctx, s, c, "nothing_yet", render.Problem{Number: n})
		}
		return m, nil
	}
	all, err := s.tx.Meetings(ctx, net.ID)
	if err != nil {
		return nil, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		if want(&all[i]) {
			return &all[i], nil
		}
	}
	return nil, b.answer(ctx, s, c, "nothing_yet", render.Problem{})
}

// cmdMinutes sends a meeting's minutes as a file: a page that a phone shows
// too, or the format that is asked for.
func (b *Bot) cmdMinutes(ctx context.Context, s *scene, c *call) error {
	number, format := b.cutFormat(c.args, "html")
	m, err := b.subject(ctx, s, c, c.net, number, func(m *meeting.Meeting) bool { return m.State.Held() })
	if err != nil || m == nil {
		return err
	}
	if gone, err := b.rawIsDeleted(ctx, s, c, m); err != nil || gone {
		return err
	}
	view, err := b.minutesView(ctx, s, c.net, m)
	if err != nil {
		return err
	}
	return b.attach(ctx, s, fileAnswer(c, m), c.lang, "minutes", view, format)
}

// fileAnswer is what a file with a meeting's entries belongs to.
func fileAnswer(c *call, m *meeting.Meeting) meeting.Post {
	return meeting.Post{Key: "answer/" + string(c.msg.ID), Room: c.room, Quotes: m.ID,
		Thread: meeting.Ref{Event: c.msg.Thread}, ReplyTo: meeting.Ref{Event: c.msg.ID}}
}

// minutesView is a meeting's minutes as people may have them on paper: roles
// instead of names, and what is sensitive hidden.
func (b *Bot) minutesView(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting) (render.Minutes, error) {
	view := render.Minutes{Network: net.Name, Number: m.Number, Title: m.Title, State: m.State, Opened: m.OpenedAt.In(net.Location)}
	if !m.ClosedAt.IsZero() {
		view.Closed = m.ClosedAt.In(net.Location)
	}
	entries, err := s.tx.Entries(ctx, m.ID, net.Leads)
	if err != nil {
		return view, err
	}
	mask, err := b.masker(ctx, s, net)
	if err != nil {
		return view, err
	}
	_, members, err := b.people(ctx, s, net)
	if err != nil {
		return view, err
	}
	t := tally(entries)
	view.Entries, view.Removed, view.LeftOut, view.Unreadable = t.active, t.removed, t.leftOut, t.unreadable
	view.People = meeting.ShownCount(t.roles(), members)
	attendance, err := s.tx.Attendance(ctx, m.ID)
	if err != nil {
		return view, err
	}
	view.Attendance = meeting.ShownCount(attendance, attendance)
	if view.Gaps, err = b.lost(ctx, s, net, m); err != nil {
		return view, err
	}
	for i, text := range m.Prompts {
		p := render.MinutesPrompt{Number: i + 1, Text: text}
		for _, e := range ofPrompt(entries, i+1) {
			e.Body, e.Role, e.Author = mask(e.Body), meeting.Shown(e.Role, members), ""
			p.Entries = append(p.Entries, e)
		}
		view.Prompts = append(view.Prompts, p)
	}
	return view, nil
}

// Minutes is a meeting's minutes, for export.
func (b *Bot) Minutes(ctx context.Context, network string, number int) (render.Minutes, error) {
	var view render.Minutes
	err := b.update(ctx, func(s *scene) error {
		net, m, err := s.recorded(ctx, network, number)
		if err != nil {
			return err
		}
		view, err = b.minutesView(ctx, s, net, m)
		return err
	})
	return view, err
}

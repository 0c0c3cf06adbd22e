package bot

import (
	"context"
	"strconv"
	"strings"
	"time"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// cmdNext opens the next meeting now, or the one with the number.
func (b *Bot) cmdNext(ctx context.Context, s *scene, c *call) error {
	if c.net.Retired {
		return b.answer(ctx, s, c, "network_retired", nil)
	}
	open, err := b.openMeeting(ctx, s, c.net)
	if err != nil {
		return err
	}
	if open != nil {
		return b.answer(ctx, s, c, "already_open", render.Problem{Number: open.Number, Title: open.Title})
	}
	number, err := b.nextNumber(ctx, s, c.net)
	if err != nil {
		return err
	}
	if c.args != "" {
		asked, err := strconv.Atoi(strings.TrimSpace(c.args))
		if err != nil || asked < 1 || asked > len(c.net.Programme.Meetings) {
			return b.answer(ctx, s, c, "no_such_meeting", render.Problem{Word: clip(c.args), Max: len(c.net.Programme.Meetings)})
		}
		m, err := s.tx.Meeting(ctx, c.net.ID, asked)
		if err != nil {
			return err
		}
		if m != nil && m.State.Held() {
			return b.answer(ctx, s, c, "meeting_held", render.Problem{Number: asked, Title: m.Title})
		}
		number = asked
	}
	if number == 0 {
		return b.answer(ctx, s, c, "all_held", render.Problem{Max: len(c.net.Programme.Meetings)})
	}
	return b.open(ctx, s, c.net, number, "", time.Time{})
}

// cmdClose closes the open meeting and drafts its summary.
func (b *Bot) cmdClose(ctx context.Context, s *scene, c *call) error {
	open, err := b.needOpen(ctx, s, c)
	if err != nil || open == nil {
		return err
	}
	return b.close(ctx, s, c.net, open)
}

// cmdRemind sends the reminder now.
func (b *Bot) cmdRemind(ctx context.Context, s *scene, c *call) error {
	open, err := b.needOpen(ctx, s, c)
	if err != nil || open == nil {
		return err
	}
	return b.remind(ctx, s, c.net, open, "reminder/"+string(c.msg.ID))
}

// needOpen returns the open meeting, or says that there is none and when the
// next one opens.
func (b *Bot) needOpen(ctx context.Context, s *scene, c *call) (*meeting.Meeting, error) {
	open, err := b.openMeeting(ctx, s, c.net)
	if err != nil || open != nil {
		return open, err
	}
	view := render.Problem{}
	number, err := b.nextNumber(ctx, s, c.net)
	if err != nil {
		return nil, err
	}
	if number > 0 {
		at, err := b.nextTime(ctx, s, c.net, number)
		if err != nil {
			return nil, err
		}
		if !at.IsZero() {
			view.When = at.In(c.net.Location)
		}
	}
	return nil, b.answer(ctx, s, c, "no_open_meeting", view)
}

// cmdMove moves the next meeting to another time. The occurrence that the
// meeting had from the schedule is used up by it.
func (b *Bot) cmdMove(ctx context.Context, s *scene, c *call) error {
	if c.net.Retired {
		return b.answer(ctx, s, c, "network_retired", nil)
	}
	number, err := b.nextNumber(ctx, s, c.net)
	if err != nil {
		return err
	}
	if number == 0 {
		return b.answer(ctx, s, c, "all_held", render.Problem{Max: len(c.net.Programme.Meetings)})
	}
	at, ok := readTime(c.args, s.now.In(c.net.Location))
	example := s.now.In(c.net.Location).AddDate(0, 0, 7)
	switch {
	case !ok:
		return b.answer(ctx, s, c, "bad_date", render.Problem{Word: clip(c.args), When: example})
	case !at.After(s.now):
		return b.answer(ctx, s, c, "past_date", render.Problem{Word: clip(c.args), When: example})
	case at.After(s.now.AddDate(2, 0, 0)):
		return b.answer(ctx, s, c, "far_date", render.Problem{Word: clip(c.args), When: example})
	}
	from := c.net.Programme.Meetings[number-1]
	m, err := s.tx.Meeting(ctx, c.net.ID, number)
	if err != nil {
		return err
	}
	if m == nil {
		m = &meeting.Meeting{Network: c.net.ID, Programme: c.net.Programme.ID, Number: number, Of: len(c.net.Programme.Meetings),
			Title: from.Title, Kind: from.Kind}
	}
	if m.Occurrence == "" {
		if o, ok := b.nextOccurrence(s, c.net, number); ok {
			used, err := s.tx.OccurrenceUsed(ctx, c.net.ID, o.Key)
			if err != nil {
				return err
			}
			if !used {
				m.Occurrence = o.Key
			}
		}
	}
	m.State, m.Due = meeting.StatePlanned, at.UTC()
	if err := s.tx.StoreMeeting(ctx, m); err != nil {
		return err
	}
	err = b.answerWith(ctx, s, c, meeting.Post{Kind: meeting.PostText}, "moved", render.Problem{Number: number, Title: from.Title, When: at})
	if err != nil {
		return err
	}
	return b.correctCalendar(ctx, s, c.net, "calendar/"+string(c.msg.ID))
}

// clip shortens what a person wrote, to be quoted in an answer.
func clip(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return text
}

// noteText is what a message with !note says, without command and number.
func (b *Bot) noteText(p place, m meeting.Message, prompt int) string {
	_, args, _ := b.parse(p, m)
	first, rest, _ := strings.Cut(args, " ")
	if n, err := strconv.Atoi(strings.TrimRight(first, ".:")); err == nil && n == prompt {
		args = strings.TrimSpace(rest)
	}
	return args
}

// cmdStatus shows where things stand.
func (b *Bot) cmdStatus(ctx context.Context, s *scene, c *call) error {
	if c.net != nil {
		view, err := b.status(ctx, s, c.net)
		if err != nil {
			return err
		}
		return b.answer(ctx, s, c, "status", view)
	}
	return b.overview(ctx, s, func(part int) meeting.Post {
		return meeting.Post{Key: partKey("answer/"+string(c.msg.ID), part), Room: c.room, Thread: meeting.Ref{Event: c.msg.Thread}, ReplyTo: meeting.Ref{Event: c.msg.ID}}
	}, 0)
}

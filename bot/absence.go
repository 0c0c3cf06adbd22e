package bot

import (
	"context"
	"slices"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// leaders are those whom the bot turns to in a network: its leaders, and while
// one of them is away the deputies instead. Rights do not depend on it.
func (s *scene) leaders(net *meeting.Network) []meeting.UserID {
	away := s.away[net.ID]
	if len(away) == 0 {
		return net.Leaders
	}
	gone := func(u meeting.UserID) bool { return slices.Contains(away, u) }
	var here []meeting.UserID
	if slices.ContainsFunc(net.Leaders, gone) {
		here = append(slices.Clone(net.Leaders), net.Deputies...)
	} else {
		here = slices.Clone(net.Leaders)
	}
	if here = slices.DeleteFunc(here, gone); len(here) == 0 {
		return net.Leaders // somebody must hear it
	}
	return here
}

// cmdAway notes until when, that day included, a leader is away.
func (b *Bot) cmdAway(ctx context.Context, s *scene, c *call) error {
	today := s.now.In(c.net.Location)
	start := midnight(today, 0)
	example := midnight(today, 14)
	last, rest, ok := readDate(c.args, today, ahead)
	fault := ""
	switch {
	case !ok || rest != "":
		fault = "unreadable"
	case last.Before(start):
		fault = "past"
	case last.After(start.AddDate(1, 0, 0)):
		fault = "far"
	}
	if fault != "" {
		return b.answer(ctx, s, c, "bad_away", render.Problem{Word: clip(c.args), Code: fault, When: example})
	}
	s.away[c.net.ID] = append(s.away[c.net.ID], c.msg.Sender)
	here := s.leaders(c.net)
	if slices.Contains(here, c.msg.Sender) {
		return b.answer(ctx, s, c, "away_nobody", nil)
	}
	if err := s.tx.StoreAbsence(ctx, c.net.ID, c.msg.Sender, last.AddDate(0, 0, 1)); err != nil {
		return err
	}
	names, err := b.leaderNames(ctx, s, c.net)
	if err != nil {
		return err
	}
	return b.answerWith(ctx, s, c, meeting.Post{Kind: meeting.PostText, Mentions: here}, "away", render.Problem{Names: names, When: last})
}

// cmdBack notes that a leader is back.
func (b *Bot) cmdBack(ctx context.Context, s *scene, c *call) error {
	was, err := s.tx.DeleteAbsence(ctx, c.net.ID, c.msg.Sender)
	if err != nil {
		return err
	}
	if !was {
		return b.answer(ctx, s, c, "not_away", nil)
	}
	return b.answer(ctx, s, c, "back", nil)
}

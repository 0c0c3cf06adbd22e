package bot

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// mostSuggestions is how many suggestions can wait for the leader.
const mostSuggestions = 50

// Keys of posts that show suggestions, so that they can be taken down: one
// suggestion, or the list of them.
func suggestionPrefix(s *meeting.Suggestion) string {
	return fmt.Sprintf("suggestion/%s/%d/", s.Network, s.Number)
}

func suggestionsPrefix(network string) string { return "suggestion/" + network + "/list/" }

// waiting are the suggestions that the leader has not decided on.
func (b *Bot) waiting(ctx context.Context, s *scene, net *meeting.Network) ([]meeting.Suggestion, error) {
	all, err := s.tx.Suggestions(ctx, net.ID)
	return slices.DeleteFunc(all, func(g meeting.Suggestion) bool { return g.State != meeting.SuggestionOpen }), err
}

// planSuggest takes in a member's suggestion, or lists those that wait. What
// comes by direct message is shown in the room without saying from whom.
func (b *Bot) planSuggest(ctx context.Context, s *scene, c *call) error {
	waiting, err := b.waiting(ctx, s, c.net)
	if err != nil {
		return err
	}
	if c.args == "" {
		return b.answerWith(ctx, s, c, meeting.Post{Key: suggestionsPrefix(c.net.ID) + string(c.msg.ID)}, "suggestions",
			render.Suggestions{Network: c.net.Name, Leader: c.leader && c.direct == "", List: waiting})
	}
	fields := map[string]string{"what": strings.Join(strings.Fields(c.args), " ")}
	if strings.Contains(c.args, "|") || fieldLine.MatchString(strings.Split(c.args, "\n")[0]) {
		parsed, ok := parseFields(c.args)
		if !ok || parsed["what"] == "" {
			return b.answer(ctx, s, c, "suggestion_form", nil)
		}
		fields = parsed
	}
	if len(waiting) >= mostSuggestions {
		return b.answer(ctx, s, c, "suggestions_full", render.Problem{Max: mostSuggestions})
	}
	mask, err := b.masker(ctx, s, c.net)
	if err != nil {
		return err
	}
	g := &meeting.Suggestion{Network: c.net.ID, Event: c.msg.ID, Author: c.msg.Sender, State: meeting.SuggestionOpen}
	hidden := false
	for _, f := range meeting.Fields() {
		text := fields[string(f)]
		if len([]rune(text)) > longestField {
			return b.answer(ctx, s, c, "too_long", render.Problem{Max: longestField})
		}
		*g.Item.Field(f) = mask(text)
		hidden = hidden || mask(text) != text
	}
	if err := s.tx.StoreSuggestion(ctx, g); err != nil {
		return err
	}
	view := render.Suggestion{Suggestion: *g, Network: c.net.Name, Hidden: hidden}
	if c.direct == "" {
		return b.answer(ctx, s, c, "suggestion_taken", view)
	}
	if err := b.tell(ctx, s, c.net, meeting.Post{Key: suggestionPrefix(g) + "new"}, "suggestion_new", view); err != nil {
		return err
	}
	return b.answer(ctx, s, c, "suggestion_sent", view)
}

// suggestion finds the suggestion that the arguments start with, or answers
// what is wrong.
func (b *Bot) suggestion(ctx context.Context, s *scene, c *call) (*meeting.Suggestion, string, error) {
	first, rest := cutWord(c.args)
	all, err := s.tx.Suggestions(ctx, c.net.ID)
	if err != nil {
		return nil, "", err
	}
	n, err := strconv.Atoi(strings.TrimRight(first, ".:,"))
	at := slices.IndexFunc(all, func(g meeting.Suggestion) bool { return g.Number == n })
	if err != nil || at < 0 {
		return nil, "", b.answer(ctx, s, c, "suggestion_none", render.Problem{Word: clip(first)})
	}
	return &all[at], rest, nil
}

// takenIn reports whether the plan has the suggestion now.
func takenIn(plan *meeting.Plan, g *meeting.Suggestion) bool {
	return g.State == meeting.SuggestionAccepted && plan.Find(g.Item.Number) >= 0
}

// planAccept makes a suggestion an item of the plan: "2", or "2 Avlastning" with
// the area that it belongs to.
func (b *Bot) planAccept(ctx context.Context, s *scene, c *call) error {
	g, area, err := b.suggestion(ctx, s, c)
	if err != nil || g == nil {
		return err
	}
	plan, err := b.planOf(ctx, s, c.net)
	if err != nil {
		return err
	}
	if takenIn(plan, g) {
		return b.answer(ctx, s, c, "suggestion_in", render.Problem{Number: g.Item.Number})
	}
	if len(plan.Items) >= mostItems {
		return b.answer(ctx, s, c, "plan_full", render.Problem{Max: mostItems})
	}
	if area == "" && g.Item.Area == "" {
		if area, err = b.texts.Text(c.lang, "plan_other", nil); err != nil {
			return err
		}
	}
	fields := map[string]string{}
	if area != "" {
		fields["area"] = area
	}
	g.State, g.Item.Number = meeting.SuggestionAccepted, plan.LastItem+1
	item := g.Item
	receipt, err := b.fillItem(ctx, s, c, &item, fields)
	if err != nil || receipt == nil {
		return err
	}
	plan.LastItem = item.Number
	plan.Items = append(plan.Items, item)
	if err := s.tx.StoreSuggestion(ctx, g); err != nil {
		return err
	}
	receipt.Fields = nil
	if err := b.changePlan(ctx, s, c, plan, "plan_added", *receipt); err != nil {
		return err
	}
	return b.tellSuggester(ctx, s, c, g, "suggestion_accepted", "")
}

// planDecline declines a suggestion, with the reason that its author is told.
func (b *Bot) planDecline(ctx context.Context, s *scene, c *call) error {
	g, reason, err := b.suggestion(ctx, s, c)
	if err != nil || g == nil {
		return err
	}
	plan, err := b.planOf(ctx, s, c.net)
	if err != nil {
		return err
	}
	switch {
	case takenIn(plan, g):
		return b.answer(ctx, s, c, "suggestion_in", render.Problem{Number: g.Item.Number})
	case g.State == meeting.SuggestionDeclined:
		return b.answer(ctx, s, c, "suggestion_out", render.Problem{Number: g.Number})
	case len([]rune(reason)) > longestField:
		return b.answer(ctx, s, c, "too_long", render.Problem{Max: longestField})
	}
	g.State = meeting.SuggestionDeclined
	if err := s.tx.StoreSuggestion(ctx, g); err != nil {
		return err
	}
	if err := b.answer(ctx, s, c, "suggestion_out", render.Problem{Number: g.Number}); err != nil {
		return err
	}
	return b.tellSuggester(ctx, s, c, g, "suggestion_declined", reason)
}

// tellSuggester tells a suggestion's author, alone and without ringing, what
// became of it.
func (b *Bot) tellSuggester(ctx context.Context, s *scene, c *call, g *meeting.Suggestion, name, reason string) error {
	if g.Author == c.msg.Sender {
		return nil
	}
	room, err := s.roomOf(ctx, c.net)
	if err != nil {
		return err
	}
	m, err := s.tx.Member(ctx, room, g.Author)
	if err != nil || !m.Joined() {
		return err
	}
	key := suggestionPrefix(g) + "author/" + string(c.msg.ID)
	return b.say(ctx, s, meeting.Post{Key: key, To: g.Author}, c.lang, name, render.Suggestion{Suggestion: *g, Network: c.net.Name, Reason: reason})
}

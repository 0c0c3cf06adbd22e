package bot

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// Limits of a plan.
const (
	longestField = 1000 // characters in a field of an item
	mostItems    = 50
)

// cmdPlan shows the plan, or passes on to what its first word asks for.
func (b *Bot) cmdPlan(ctx context.Context, s *scene, c *call) error {
	if c.coord {
		return b.planAbroad(ctx, s, c)
	}
	first, rest := cutWord(c.args)
	run, ok := planWords()[render.Fold(first)]
	if first == "" {
		return b.planShow(ctx, s, c)
	}
	if !ok {
		return b.answer(ctx, s, c, "plan_unknown", render.Problem{Word: clip(first)})
	}
	if !c.leader {
		return b.refuse(ctx, s, c)
	}
	c.args = rest
	return run(b, ctx, s, c)
}

// planWords are the words after !plan, folded, all for leaders.
func planWords() map[string]func(*Bot, context.Context, *scene, *call) error {
	out := map[string]func(*Bot, context.Context, *scene, *call) error{}
	for _, row := range []struct {
		words string
		run   func(*Bot, context.Context, *scene, *call) error
	}{
		{"add ny nytt lagg", (*Bot).planAdd},
		{"change andra edit", (*Bot).planChange},
		{"remove ta stryk drop delete", (*Bot).planRemove},
		{"approve godkann", (*Bot).planApprove},
	} {
		for _, w := range strings.Fields(row.words) {
			out[w] = row.run
		}
	}
	return out
}

func cutWord(text string) (first, rest string) {
	text = strings.TrimSpace(text)
	at := strings.IndexFunc(text, func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' })
	if at < 0 {
		return text, ""
	}
	return text[:at], strings.TrimSpace(text[at:])
}

// planAbroad shows a network's shared plan in the coordination room.
func (b *Bot) planAbroad(ctx context.Context, s *scene, c *call) error {
	net, _ := s.findNetwork(c.args)
	if net == nil {
		return b.answer(ctx, s, c, "which_network", render.Problem{Word: clip(c.args), Names: s.networkNames()})
	}
	plan, err := s.tx.Plan(ctx, net.ID)
	if err != nil {
		return err
	}
	if plan == nil || plan.Version == 0 {
		return b.answer(ctx, s, c, "plan_none", render.Problem{Network: net.Name})
	}
	if plan.Items, err = s.tx.PlanItems(ctx, net.ID, plan.Version); err != nil {
		return err
	}
	plan.Changed = false
	return b.planAnswer(ctx, s, c, net, plan, "plan_shared")
}

func (b *Bot) planShow(ctx context.Context, s *scene, c *call) error {
	plan, err := s.tx.Plan(ctx, c.net.ID)
	if err != nil {
		return err
	}
	if plan == nil || len(plan.Items) == 0 {
		return b.answer(ctx, s, c, "plan_empty", nil)
	}
	return b.planAnswer(ctx, s, c, c.net, plan, "plan")
}

// planAnswer shows a plan as the answer to a command. Its key says what it
// holds, so that it can be taken down when text in it is removed.
func (b *Bot) planAnswer(ctx context.Context, s *scene, c *call, net *meeting.Network, plan *meeting.Plan, name string) error {
	return b.say(ctx, s, meeting.Post{Key: planPrefix(net) + "answer/" + string(c.msg.ID), Room: c.room,
		Thread: meeting.Ref{Event: c.msg.Thread}, ReplyTo: meeting.Ref{Event: c.msg.ID}}, c.lang, name, planView(net, plan))
}

func planPrefix(net *meeting.Network) string { return "plan/" + net.ID + "/" }

func planView(net *meeting.Network, plan *meeting.Plan) render.Plan {
	view := render.Plan{Network: net.Name, Version: plan.Version, Shared: plan.Shared.In(net.Location), Changed: plan.Changed}
	for _, i := range plan.Items {
		view.Items = append(view.Items, render.PlanItem{PlanItem: i, Replies: len(i.Sources)})
	}
	return view
}

// fieldNames are how people name the fields of an item, folded.
var fieldNames = map[string]string{
	"omrade": "area", "area": "area",
	"vad": "what", "atgard": "what", "what": "what",
	"hur": "how", "how": "how",
	"vem": "who", "ansvarig": "who", "who": "who",
	"nar": "when", "when": "when",
	"fran": "from", "kalla": "from", "kallor": "from", "svar": "from", "from": "from", "sources": "from",
}

// fieldOrder is the order of the fields in the one-line form.
var fieldOrder = []string{"area", "what", "how", "who", "when", "from"}

var fieldLine = regexp.MustCompile(`^\s*[-*•]?\s*([\p{L}\p{M}]+)\s*:\s*(.*)$`)

// parseFields reads an item: one line with the fields between "|", or a line
// per field, "Område: …". Lines without a name continue the field before.
func parseFields(text string) (map[string]string, bool) {
	text = strings.TrimSpace(text)
	out := map[string]string{}
	if lines := strings.Split(text, "\n"); fieldLine.MatchString(lines[0]) && fieldNames[render.Fold(fieldLine.FindStringSubmatch(lines[0])[1])] != "" {
		name := ""
		for _, line := range lines {
			if found := fieldLine.FindStringSubmatch(line); found != nil && fieldNames[render.Fold(found[1])] != "" {
				name, line = fieldNames[render.Fold(found[1])], found[2]
			}
			out[name] = strings.TrimSpace(out[name] + " " + strings.TrimSpace(line))
		}
		return out, true
	}
	parts := strings.Split(text, "|")
	if len(parts) > len(fieldOrder) {
		return nil, false
	}
	for i, p := range parts {
		out[fieldOrder[i]] = strings.Join(strings.Fields(p), " ")
	}
	return out, text != ""
}

// planAdd adds an item.
func (b *Bot) planAdd(ctx context.Context, s *scene, c *call) error {
	// "lägg till …" is two words.
	if first, rest := cutWord(c.args); render.Fold(first) == "till" {
		c.args = rest
	}
	fields, ok := parseFields(c.args)
	if !ok || fields["area"] == "" || fields["what"] == "" {
		return b.answer(ctx, s, c, "plan_form", nil)
	}
	plan, err := b.planOf(ctx, s, c.net)
	if err != nil {
		return err
	}
	if len(plan.Items) >= mostItems {
		return b.answer(ctx, s, c, "plan_full", render.Problem{Max: mostItems})
	}
	item := meeting.PlanItem{Number: plan.LastItem + 1}
	if ok, err := b.fillItem(ctx, s, c, &item, fields); err != nil || !ok {
		return err
	}
	plan.LastItem, plan.Changed = item.Number, true
	plan.Items = append(plan.Items, item)
	if err := s.tx.StorePlan(ctx, plan); err != nil {
		return err
	}
	return b.answer(ctx, s, c, "plan_added", render.Problem{Number: item.Number})
}

func (b *Bot) planOf(ctx context.Context, s *scene, net *meeting.Network) (*meeting.Plan, error) {
	plan, err := s.tx.Plan(ctx, net.ID)
	if plan == nil {
		plan = &meeting.Plan{Network: net.ID}
	}
	return plan, err
}

// fillItem puts the given fields into an item, or answers what is wrong with
// them and reports false. Names and the like are hidden as everywhere.
func (b *Bot) fillItem(ctx context.Context, s *scene, c *call, item *meeting.PlanItem, fields map[string]string) (bool, error) {
	mask, err := b.masker(ctx, s, c.net)
	if err != nil {
		return false, err
	}
	to := map[string]*string{"area": &item.Area, "what": &item.What, "how": &item.How, "who": &item.Who, "when": &item.When}
	for name, field := range to {
		text, given := fields[name]
		if !given {
			continue
		}
		if len([]rune(text)) > longestField {
			return false, b.answer(ctx, s, c, "too_long", render.Problem{Max: longestField})
		}
		*field = mask(text)
	}
	if item.Area == "" || item.What == "" {
		return false, b.answer(ctx, s, c, "plan_form", nil)
	}
	from, given := fields["from"]
	if !given {
		return true, nil
	}
	sources, wrong, err := b.planSources(ctx, s, c.net, from)
	if err != nil {
		return false, err
	}
	if wrong != "" {
		return false, b.answer(ctx, s, c, "plan_source", render.Problem{Word: clip(wrong)})
	}
	item.Sources = sources
	return true, nil
}

var sourceNumber = regexp.MustCompile(`^(\d{1,2}):(\d{1,2})\.(\d{1,3})$`)

// planSources reads the points that an item comes from, "3:1.2" for point 1.2
// of meeting 3, and returns the replies behind them.
func (b *Bot) planSources(ctx context.Context, s *scene, net *meeting.Network, text string) (ids []meeting.EventID, wrong string, err error) {
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == ';' }) {
		found := sourceNumber.FindStringSubmatch(w)
		if found == nil {
			return nil, w, nil
		}
		number, _ := strconv.Atoi(found[1])
		prompt, _ := strconv.Atoi(found[2])
		point, _ := strconv.Atoi(found[3])
		m, err := s.tx.Meeting(ctx, net.ID, number)
		if err != nil {
			return nil, "", err
		}
		var sum *meeting.Summary
		if m != nil {
			if sum, err = s.tx.Summary(ctx, m.ID); err != nil {
				return nil, "", err
			}
		}
		if sum == nil || sum.Find(prompt, point) == nil {
			return nil, w, nil
		}
		for _, id := range sum.Find(prompt, point).Entries {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids, "", nil
}

// planItem finds the item that the arguments start with, or answers what is
// wrong.
func (b *Bot) planItem(ctx context.Context, s *scene, c *call) (*meeting.Plan, int, string, error) {
	first, rest := cutWord(c.args)
	if f := render.Fold(first); f == "bort" {
		first, rest = cutWord(rest)
	}
	plan, err := b.planOf(ctx, s, c.net)
	if err != nil {
		return nil, 0, "", err
	}
	n, err := strconv.Atoi(strings.TrimRight(first, ".:"))
	at := slices.IndexFunc(plan.Items, func(i meeting.PlanItem) bool { return i.Number == n })
	if err != nil || at < 0 {
		return nil, 0, "", b.answer(ctx, s, c, "plan_no_item", render.Problem{Word: clip(first)})
	}
	return plan, at, rest, nil
}

// planChange changes the fields that are given of an item.
func (b *Bot) planChange(ctx context.Context, s *scene, c *call) error {
	plan, at, rest, err := b.planItem(ctx, s, c)
	if err != nil || plan == nil {
		return err
	}
	fields, ok := parseFields(rest)
	if !ok || len(fields) == 1 && fields["area"] != "" && !fieldLine.MatchString(rest) {
		// A bare text would silently become the area.
		return b.answer(ctx, s, c, "plan_form", nil)
	}
	if !strings.Contains(rest, "\n") && strings.Contains(rest, "|") {
		for name, text := range fields {
			if text == "" {
				delete(fields, name) // "| | ny text" leaves the first two alone
			}
		}
	}
	if ok, err := b.fillItem(ctx, s, c, &plan.Items[at], fields); err != nil || !ok {
		return err
	}
	plan.Changed = true
	if err := s.tx.StorePlan(ctx, plan); err != nil {
		return err
	}
	return b.answer(ctx, s, c, "plan_changed", render.Problem{Number: plan.Items[at].Number})
}

// planRemove removes an item. Its number is not used again.
func (b *Bot) planRemove(ctx context.Context, s *scene, c *call) error {
	plan, at, _, err := b.planItem(ctx, s, c)
	if err != nil || plan == nil {
		return err
	}
	number := plan.Items[at].Number
	plan.Items = slices.Delete(plan.Items, at, at+1)
	plan.Changed = true
	if err := s.tx.StorePlan(ctx, plan); err != nil {
		return err
	}
	return b.answer(ctx, s, c, "plan_removed", render.Problem{Number: number})
}

// planApprove freezes the plan as a version and shares it with the coordination
// room.
func (b *Bot) planApprove(ctx context.Context, s *scene, c *call) error {
	plan, err := b.planOf(ctx, s, c.net)
	if err != nil {
		return err
	}
	switch {
	case len(plan.Items) == 0:
		return b.answer(ctx, s, c, "plan_empty", nil)
	case !plan.Changed:
		return b.answer(ctx, s, c, "plan_unchanged", render.Problem{Max: plan.Version})
	}
	mask, err := b.masker(ctx, s, c.net)
	if err != nil {
		return err
	}
	for i := range plan.Items {
		p := &plan.Items[i]
		p.Area, p.What, p.How, p.Who, p.When = mask(p.Area), mask(p.What), mask(p.How), mask(p.Who), mask(p.When)
	}
	plan.Version++
	plan.Changed, plan.Shared, plan.By = false, s.now, c.msg.Sender
	if err := b.sharePlan(ctx, s, c.net, plan, plan.Items); err != nil {
		return err
	}
	return b.answer(ctx, s, c, "plan_approved", render.Problem{Max: plan.Version})
}

func (b *Bot) sharePlan(ctx context.Context, s *scene, net *meeting.Network, plan *meeting.Plan, frozen []meeting.PlanItem) error {
	prefix := fmt.Sprintf("%sshared/%d/", planPrefix(net), plan.Version)
	earlier, err := s.tx.PostsWithPrefix(ctx, prefix)
	if err != nil {
		return err
	}
	plan.Post = fmt.Sprintf("%s%d", prefix, len(earlier)+1)
	if err := s.tx.StorePlan(ctx, plan); err != nil {
		return err
	}
	if err := s.tx.StorePlanItems(ctx, net.ID, plan.Version, frozen); err != nil {
		return err
	}
	room, err := s.tx.BoundRoom(ctx, coordination)
	if err != nil || room == "" {
		return err
	}
	shown := *plan
	shown.Items, shown.Changed = frozen, false
	return b.say(ctx, s, meeting.Post{Key: plan.Post, Room: room, Kind: meeting.PostText, Fresh: true}, net.Language, "plan_shared", planView(net, &shown))
}

package bot

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

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
	receipt, err := b.fillItem(ctx, s, c, &item, fields)
	if err != nil || receipt == nil {
		return err
	}
	plan.LastItem = item.Number
	plan.Items = append(plan.Items, item)
	return b.changePlan(ctx, s, c, plan, "plan_added", *receipt)
}

// fillItem puts the given fields into an item, with names and the like hidden
// as everywhere, and returns what the receipt says. Nil if a field is wrong,
// which it answers for.
func (b *Bot) fillItem(ctx context.Context, s *scene, c *call, item *meeting.PlanItem, fields map[string]string) (*render.PlanChange, error) {
	mask, err := b.masker(ctx, s, c.net)
	if err != nil {
		return nil, err
	}
	receipt := &render.PlanChange{Number: item.Number}
	for _, f := range meeting.Fields() {
		text, given := fields[string(f)]
		if !given {
			continue
		}
		if len([]rune(text)) > longestField {
			return nil, b.answer(ctx, s, c, "too_long", render.Problem{Max: longestField})
		}
		hidden, field := mask(text), item.Field(f)
		if hidden != text {
			receipt.Hidden, receipt.Person = true, receipt.Person || f == meeting.FieldWho
		}
		if *field != hidden {
			receipt.Fields = append(receipt.Fields, meeting.FieldChange{Field: f, Before: *field, After: hidden})
		}
		*field = hidden
	}
	for _, f := range []meeting.Field{meeting.FieldArea, meeting.FieldWhat} {
		if _, given := fields[string(f)]; given && *item.Field(f) == "" {
			return nil, b.answer(ctx, s, c, "plan_form", nil)
		}
	}
	from, given := fields["from"]
	if !given {
		return receipt, nil
	}
	sources, wrong, err := b.planSources(ctx, s, c.net, from)
	if err != nil {
		return nil, err
	}
	if wrong != "" {
		return nil, b.answer(ctx, s, c, "plan_source", render.Problem{Word: clip(wrong)})
	}
	item.Sources = sources
	return receipt, nil
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
	plan, err := b.planOf(ctx, s, c.net)
	if err != nil {
		return nil, 0, "", err
	}
	n, err := strconv.Atoi(strings.TrimRight(first, ".:"))
	at := plan.Find(n)
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
	receipt, err := b.fillItem(ctx, s, c, &plan.Items[at], fields)
	if err != nil || receipt == nil {
		return err
	}
	if _, from := fields["from"]; len(receipt.Fields) == 0 && !from {
		return b.answer(ctx, s, c, "plan_changed", *receipt)
	}
	return b.changePlan(ctx, s, c, plan, "plan_changed", *receipt)
}

// planRemove removes an item. Its number is not used again.
func (b *Bot) planRemove(ctx context.Context, s *scene, c *call) error {
	plan, at, _, err := b.planItem(ctx, s, c)
	if err != nil || plan == nil {
		return err
	}
	number := plan.Items[at].Number
	plan.Items = slices.Delete(plan.Items, at, at+1)
	return b.changePlan(ctx, s, c, plan, "plan_removed", render.PlanChange{Number: number})
}

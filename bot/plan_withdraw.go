package bot

import (
	"context"
	"slices"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// withdrawFromPlan takes a removed entry out of every version of the plan: the
// link to it, and fields that repeat a sentence of it. What was posted with such
// a field is taken down and the shared plan posted anew.
func (b *Bot) withdrawFromPlan(ctx context.Context, s *scene, net *meeting.Network, id meeting.EventID, texts map[meeting.EventID]string) error {
	plan, err := s.tx.Plan(ctx, net.ID)
	if err != nil || plan == nil {
		return err
	}
	versions, err := s.tx.PlanVersions(ctx, net.ID)
	if err != nil {
		return err
	}
	repeats := false
	var frozen []meeting.PlanItem
	for _, v := range append([]int{0}, versions...) {
		items, err := s.tx.PlanItems(ctx, net.ID, v)
		if err != nil {
			return err
		}
		changed := cleanItems(items, id, texts)
		if err := s.tx.StorePlanItems(ctx, net.ID, v, items); err != nil {
			return err
		}
		repeats = repeats || changed
		if v == plan.Version {
			frozen = items
		}
	}
	if !repeats {
		return nil
	}
	return b.replacePlan(ctx, s, net, frozen)
}

func (b *Bot) replacePlan(ctx context.Context, s *scene, net *meeting.Network, frozen []meeting.PlanItem) error {
	posted, err := s.tx.PostsWithPrefix(ctx, planPrefix(net))
	if err != nil {
		return err
	}
	for _, p := range posted {
		if err := b.removePost(ctx, s, p); err != nil {
			return err
		}
	}
	plan, err := s.tx.Plan(ctx, net.ID)
	if err != nil || plan == nil || plan.Version == 0 {
		return err
	}
	if err := b.sharePlan(ctx, s, net, plan, frozen); err != nil {
		return err
	}
	return b.tell(ctx, s, net, meeting.Post{Key: "replaced/" + plan.Post, Kind: meeting.PostText, Mentions: s.leaders(net)},
		"plan_replaced", render.Problem{Max: plan.Version})
}

// cleanItems removes the source and every field that repeats a sentence of the
// texts, and reports whether a field was removed.
func cleanItems(items []meeting.PlanItem, id meeting.EventID, texts map[meeting.EventID]string) bool {
	repeats := false
	for i := range items {
		it := &items[i]
		it.Sources = slices.DeleteFunc(it.Sources, func(e meeting.EventID) bool { return e == id })
		for _, field := range []*string{&it.Area, &it.What, &it.How, &it.Who, &it.When} {
			for _, text := range texts {
				if repeatsSentence(*field, text) {
					*field, repeats = "", true
				}
			}
		}
	}
	return repeats
}

// shortest is from how many characters on a sentence is taken to be somebody's.
const shortest = 15

// repeatsSentence reports whether the field contains a sentence of the text.
func repeatsSentence(field, text string) bool {
	field = strings.ToLower(strings.Join(strings.Fields(field), " "))
	for sentence := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune(".!?\n", r) }) {
		sentence = strings.Join(strings.Fields(sentence), " ")
		if len([]rune(sentence)) >= shortest && strings.Contains(field, sentence) {
			return true
		}
	}
	return false
}

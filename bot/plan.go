package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// Limits of a plan.
const (
	longestField = 1000 // characters in a field of an item
	mostItems    = 50
)

// planVerb is a word, or several, after !plan.
type planVerb struct {
	words  string // separated by commas, as people write them
	leader bool   // for leaders only
	direct bool   // by direct message, too
	run    func(*Bot, context.Context, *scene, *call) error
}

func planVerbs() []planVerb {
	return []planVerb{
		{"add,new,ny,nytt,lägg till,lägg", true, false, (*Bot).planAdd},
		{"change,edit,ändra", true, false, (*Bot).planChange},
		{"remove,delete,drop,stryk,ta bort", true, false, (*Bot).planRemove},
		{"build,bygg,skapa", true, false, (*Bot).planBuild},
		{"suggest,suggestion,suggestions,förslag,föreslå", false, true, (*Bot).planSuggest},
		{"accept,take in,ta med,ta in", true, false, (*Bot).planAccept},
		{"decline,avvisa,avböj", true, false, (*Bot).planDecline},
		{"difference,diff,changes,skillnad,skillnader,ändringar", false, true, (*Bot).planDifference},
		{"approve,godkänn", true, false, (*Bot).planApprove},
		{"decision,beslut", true, false, (*Bot).planDecide},
		{"document,dokument,file,fil", false, true, (*Bot).planDocument},
		{"help,hjälp", false, true, (*Bot).planHelp},
	}
}

// planVerbOf finds the verb that a text starts with, two words before one, and
// returns what follows it.
func planVerbOf(text string) (*planVerb, string) {
	first, rest := cutWord(text)
	second, rest2 := cutWord(rest)
	var one *planVerb
	for _, v := range planVerbs() {
		for w := range strings.SplitSeq(v.words, ",") {
			switch render.Fold(w) {
			case render.Fold(first + " " + second):
				return &v, rest2
			case render.Fold(first):
				one = &v
			}
		}
	}
	return one, rest
}

// cmdPlan shows the plan, or passes on to what its first words ask for.
func (b *Bot) cmdPlan(ctx context.Context, s *scene, c *call) error {
	if c.coord {
		return b.planAbroad(ctx, s, c)
	}
	c, err := b.planCall(ctx, s, c)
	if err != nil || c == nil {
		return err
	}
	for _, key := range []string{"answer/" + string(c.msg.ID), planAnswerKey(c), planChangeKey(c), planDecidedKey(c)} {
		if done, err := s.tx.Post(ctx, key); err != nil || done != nil {
			return err // the same message again
		}
	}
	if c.args == "" {
		return b.planShow(ctx, s, c)
	}
	verb, rest := planVerbOf(c.args)
	switch {
	case verb == nil:
		first, _ := cutWord(c.args)
		return b.answer(ctx, s, c, "plan_unknown", render.Problem{Word: clip(first)})
	case verb.leader && !c.leader:
		return b.refuse(ctx, s, c)
	case c.direct != "" && !verb.direct:
		return b.answer(ctx, s, c, "plan_in_room", nil)
	}
	c.args = rest
	return verb.run(b, ctx, s, c)
}

// planCall is the call as one in a network: the room's or, by direct message,
// the one that the sender is in. With several the text names it, before the verb
// or after it. Nil if that is answered for.
func (b *Bot) planCall(ctx context.Context, s *scene, c *call) (*call, error) {
	if c.net != nil {
		return c, nil
	}
	nets, err := b.networksOf(ctx, s, c.msg.Sender)
	if err != nil {
		return nil, err
	}
	if len(nets) == 0 {
		return nil, b.answer(ctx, s, c, "no_network", nil)
	}
	d := *c
	d.net = nets[0]
	if len(nets) > 1 {
		named, rest := s.findNetwork(c.args)
		if named == nil {
			var verb string
			verb, rest = cutWord(c.args)
			named, rest = s.findNetwork(rest)
			rest = verb + " " + rest
		}
		d.net, d.args = named, strings.TrimSpace(rest)
		if named == nil || !slices.ContainsFunc(nets, func(n *meeting.Network) bool { return n.ID == named.ID }) {
			var names []string
			for _, n := range nets {
				names = append(names, n.Name)
			}
			return nil, b.answer(ctx, s, c, "plan_which_network", render.Problem{Names: names})
		}
	}
	d.lang, d.leader = d.net.Language, d.net.Leads(c.msg.Sender)
	return &d, nil
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
	name, format := b.cutFormat(c.args, "")
	net, _ := s.findNetwork(name)
	if net == nil {
		return b.answer(ctx, s, c, "which_network", render.Problem{Word: clip(name), Names: s.networkNames()})
	}
	plan, err := s.tx.Plan(ctx, net.ID)
	if err != nil {
		return err
	}
	if plan == nil || plan.Version == 0 {
		return b.answer(ctx, s, c, "plan_none", render.Problem{Network: net.Name})
	}
	view, err := b.frozenView(ctx, s, net, plan)
	if err != nil {
		return err
	}
	if format != "" {
		return b.planFiles(ctx, s, c, net, view, format)
	}
	return b.planAnswer(ctx, s, c, net, "plan_shared", view)
}

// planDocument sends the approved plan as files, with what was decided about it
// and what came of it: "", or one of the formats.
func (b *Bot) planDocument(ctx context.Context, s *scene, c *call) error {
	plan, err := b.planOf(ctx, s, c.net)
	if err != nil {
		return err
	}
	if plan.Version == 0 {
		return b.answer(ctx, s, c, "plan_never_approved", nil)
	}
	view, err := b.frozenView(ctx, s, c.net, plan)
	if err != nil {
		return err
	}
	formats := []string{"docx", "html"}
	if _, format := b.cutFormat(c.args, ""); format != "" {
		formats = []string{format}
	}
	return b.planFiles(ctx, s, c, c.net, view, formats...)
}

func (b *Bot) planFiles(ctx context.Context, s *scene, c *call, net *meeting.Network, view render.Plan, formats ...string) error {
	return b.attach(ctx, s, meeting.Post{Key: planPrefix(net) + "answer/" + string(c.msg.ID), Room: c.room, Thread: meeting.Ref{Event: c.msg.Thread},
		ReplyTo: meeting.Ref{Event: c.msg.ID}}, net.Language, "plan", view, formats...)
}

// planShow shows the plan as it stands, with what is new since the approved
// version, what waits, and what was decided.
func (b *Bot) planShow(ctx context.Context, s *scene, c *call) error {
	plan, err := b.planOf(ctx, s, c.net)
	if err != nil {
		return err
	}
	if len(plan.Items) == 0 && plan.Version == 0 {
		return b.answer(ctx, s, c, "plan_empty", nil)
	}
	return b.planShowAs(ctx, s, c, plan, "plan")
}

func (b *Bot) planHelp(ctx context.Context, s *scene, c *call) error {
	return b.answer(ctx, s, c, "plan_help", render.PlanHelp{Leader: c.leader && c.direct == ""})
}

// planShowAs shows the plan as it stands with the text. If the room has not been
// told of the newest change, this tells it.
func (b *Bot) planShowAs(ctx context.Context, s *scene, c *call, plan *meeting.Plan, name string) error {
	if c.direct == "" {
		if err := b.planShows(ctx, s, plan, planAnswerKey(c)); err != nil {
			return err
		}
	}
	view, err := b.planView(ctx, s, c.net, plan)
	if err != nil {
		return err
	}
	return b.planAnswer(ctx, s, c, c.net, name, view)
}

// planPrefix begins the keys of all posts that show a network's plan, or parts
// of it, so that they can be taken down when text in it is removed.
func planPrefix(net *meeting.Network) string { return "plan/" + net.ID + "/" }

func planAnswerKey(c *call) string { return planPrefix(c.net) + "answer/" + string(c.msg.ID) }

func planChangeKey(c *call) string { return planPrefix(c.net) + "change/" + string(c.msg.ID) }

// planAnswer shows a plan as the answer to a command.
func (b *Bot) planAnswer(ctx context.Context, s *scene, c *call, net *meeting.Network, name string, view render.Plan) error {
	return b.answerWith(ctx, s, c, meeting.Post{Key: planPrefix(net) + "answer/" + string(c.msg.ID)}, name, view)
}

func (b *Bot) planOf(ctx context.Context, s *scene, net *meeting.Network) (*meeting.Plan, error) {
	plan, err := s.tx.Plan(ctx, net.ID)
	if plan == nil {
		plan = &meeting.Plan{Network: net.ID}
	}
	return plan, err
}

// planTold reports whether the room had been told of the plan's newest change
// before what is being handled now.
func (b *Bot) planTold(ctx context.Context, s *scene, plan *meeting.Plan) (bool, error) {
	if plan.Seen == "" {
		return true, nil
	}
	p, err := s.tx.Post(ctx, plan.Seen)
	if err != nil || p == nil {
		return false, err
	}
	return p.Echoed && p.State == meeting.PostSent, nil
}

// planShows notes that a post shows the plan to the room, unless the room knows
// it as it is.
func (b *Bot) planShows(ctx context.Context, s *scene, plan *meeting.Plan, key string) error {
	told, err := b.planTold(ctx, s, plan)
	if err != nil || told {
		return err
	}
	plan.Seen = key
	return s.tx.StorePlan(ctx, plan)
}

// planDifference shows what has changed since the approved version, or else
// what the approved version changed.
func (b *Bot) planDifference(ctx context.Context, s *scene, c *call) error {
	plan, err := b.planOf(ctx, s, c.net)
	if err != nil {
		return err
	}
	if plan.Version == 0 {
		return b.answer(ctx, s, c, "plan_never_approved", nil)
	}
	since, items := plan.Version, plan.Items
	if !plan.Changed {
		if since--; since == 0 {
			return b.answer(ctx, s, c, "plan_unchanged", render.Problem{Max: plan.Version})
		}
		if items, err = s.tx.PlanItems(ctx, c.net.ID, plan.Version); err != nil {
			return err
		}
	}
	before, err := s.tx.PlanItems(ctx, c.net.ID, since)
	if err != nil {
		return err
	}
	view := render.Plan{Network: c.net.Name, Version: plan.Version, Changed: plan.Changed, Since: since, Changes: meeting.Compare(before, items)}
	return b.planAnswer(ctx, s, c, c.net, "plan_difference", view)
}

// changePlan stores a changed plan, and answers with the receipt that the room
// learns of the change by.
func (b *Bot) changePlan(ctx context.Context, s *scene, c *call, plan *meeting.Plan, name string, data any) error {
	plan.Changed, plan.Seen = true, planChangeKey(c)
	if err := s.tx.StorePlan(ctx, plan); err != nil {
		return err
	}
	return b.answerWith(ctx, s, c, meeting.Post{Key: plan.Seen}, name, data)
}

// freshKey is the first key with the prefix and a number that no post has, nor
// any that belongs to it.
func (b *Bot) freshKey(ctx context.Context, s *scene, prefix string) (string, error) {
	for n := 1; ; n++ {
		key := fmt.Sprintf("%s%d", prefix, n)
		if used, err := s.tx.CountPosts(ctx, key); err != nil || used == 0 {
			return key, err
		}
	}
}

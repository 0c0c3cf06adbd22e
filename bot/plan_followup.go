package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

const (
	followUpPrefix = "followup/" // of questions: followup/<network>/<version>/<months>/<when asked>/…
	// followUpHour is when on its day a question comes, local time.
	followUpHour = 9
	// fewestAnswer is from how many words on a text could be an answer.
	fewestAnswer = 3
	// followUpAgain is how long after a question it is brought to mind, once.
	followUpAgain = 14 * 24 * time.Hour
	// followUpTooSoon is how long before its day a question must have been asked
	// to be asked again on that day.
	followUpTooSoon = 30 * 24 * time.Hour
)

func followUpKey(f *meeting.FollowUp) string {
	return fmt.Sprintf("%s%d/%s/", followUpsAbout(f.Network, f.Version), f.Months, f.Asked.UTC().Format(time.RFC3339))
}

// followUpsAbout begins the keys of all questions that follow the decision about
// a version.
func followUpsAbout(network string, version int) string {
	return fmt.Sprintf("%s%s/%d/", followUpPrefix, network, version)
}

func answeredPrefix(network string) string { return "followed/" + network + "/" }

// scheduleFollowUps plans the questions that follow a decision, in place of all
// that have not been asked, and returns when the first comes. One that was asked
// much too soon, because the decision had the wrong date, is asked again. Nothing
// is asked about a plan that was rejected.
func (b *Bot) scheduleFollowUps(ctx context.Context, s *scene, net *meeting.Network, d meeting.Decision) (next time.Time, err error) {
	if err := s.tx.DropFollowUps(ctx, net.ID); err != nil || d.Outcome == meeting.OutcomeRejected {
		return next, err
	}
	asked, err := s.tx.FollowUps(ctx, net.ID)
	if err != nil {
		return next, err
	}
	for _, months := range net.FollowUpMonths() {
		due := monthsAfter(d.Date, months, net.Location)
		if slices.ContainsFunc(asked, func(f meeting.FollowUp) bool {
			return f.Version == d.Version && f.Months == months && (!f.Open() || due.Sub(f.Asked) < followUpTooSoon)
		}) {
			continue
		}
		f := meeting.FollowUp{Network: net.ID, Version: d.Version, Months: months, Due: due, State: meeting.FollowUpWaiting}
		if err := s.tx.StoreFollowUp(ctx, f); err != nil {
			return next, err
		}
		if next.IsZero() || f.Due.Before(next) {
			next = f.Due.In(net.Location)
		}
	}
	return next, nil
}

// monthsAfter is the day that many months after a date, in the morning; the
// last of the month where it has no such day, and the Monday after a weekend.
func monthsAfter(date time.Time, months int, loc *time.Location) time.Time {
	first := time.Date(date.Year(), date.Month()+time.Month(months), 1, followUpHour, 0, 0, 0, loc)
	last := first.AddDate(0, 1, -1).Day()
	at := first.AddDate(0, 0, min(date.Day(), last)-1)
	for at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
		at = at.AddDate(0, 0, 1)
	}
	return at.UTC()
}

// followUps asks what is due, and brings to mind what was not answered. Each
// network is a transaction of its own.
func (b *Bot) followUps(ctx context.Context) error {
	var networks []string
	err := b.update(ctx, func(s *scene) (err error) {
		networks, err = s.tx.FollowUpNetworks(ctx, s.now, s.now.Add(-followUpAgain))
		return err
	})
	errs := []error{err}
	for _, id := range networks {
		errs = append(errs, b.update(ctx, func(s *scene) error { return b.followUp(ctx, s, id) }))
	}
	return errors.Join(errs...)
}

// followUp asks the newest question that is due. Older ones are not asked any
// more, and not brought to mind: after time without the bot there is one.
func (b *Bot) followUp(ctx context.Context, s *scene, id string) error {
	net, err := s.network(ctx, id)
	if err != nil || net == nil || net.Rests(s.now) {
		return err
	}
	all, err := s.tx.FollowUps(ctx, id)
	if err != nil {
		return err
	}
	newest := -1
	for i, f := range all {
		if f.State == meeting.FollowUpWaiting && !f.Due.After(s.now) {
			newest = i
		}
	}
	again := newest < 0
	for i := range all {
		f := &all[i]
		switch {
		case i == newest:
			f.State, f.Asked = meeting.FollowUpAsked, s.now
		case f.State == meeting.FollowUpWaiting && i < newest:
			f.State = meeting.FollowUpPassed
		case f.State == meeting.FollowUpAsked && (i < newest || f.Open() && !f.Asked.After(s.now.Add(-followUpAgain))):
			f.State, f.Reminded = meeting.FollowUpReminded, s.now
			if again {
				newest = i
			}
		default:
			continue
		}
		if err := s.tx.StoreFollowUp(ctx, *f); err != nil {
			return err
		}
	}
	if newest < 0 {
		return nil
	}
	return b.askFollowUp(ctx, s, net, &all[newest], again)
}

func (b *Bot) askFollowUp(ctx context.Context, s *scene, net *meeting.Network, f *meeting.FollowUp, again bool) error {
	view, err := b.followUpView(ctx, s, net, f)
	if err != nil {
		return err
	}
	view.Again = again
	for _, u := range s.leaders(net) {
		key := followUpKey(f) + string(u)
		if again {
			key = followUpKey(f) + "again/" + string(u)
		}
		if err := b.tellDirectly(ctx, s, u, key, net.Language, "followup", view); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bot) followUpView(ctx context.Context, s *scene, net *meeting.Network, f *meeting.FollowUp) (render.FollowUpQuestion, error) {
	view := render.FollowUpQuestion{Network: net.Name, Months: f.Months}
	all, err := s.tx.Decisions(ctx, net.ID)
	for _, d := range all {
		if d.Version == f.Version {
			view.Decision = d
		}
	}
	return view, err
}

// answersFollowUp takes in a direct message that is given as a reply to a
// question, and reports whether it was one. Commands stay commands.
func (b *Bot) answersFollowUp(ctx context.Context, s *scene, p place, m meeting.Message) (bool, error) {
	target := m.ReplyTo
	if target == "" {
		target = m.Thread
	}
	if p.direct == "" || target == "" || m.Fetched || m.Kind != meeting.MessageText || strings.HasPrefix(strings.TrimSpace(m.Body), "!") {
		return false, nil
	}
	post, err := s.tx.PostByEvent(ctx, target)
	if err != nil || post == nil {
		return false, err
	}
	rest, ok := strings.CutPrefix(post.Key, followUpPrefix)
	parts := strings.Split(rest, "/")
	if !ok || len(parts) < 3 {
		return false, nil
	}
	net, err := s.network(ctx, parts[0])
	if err != nil || net == nil {
		return true, err
	}
	version, _ := strconv.Atoi(parts[1])
	months, _ := strconv.Atoi(parts[2])
	all, err := s.tx.FollowUps(ctx, net.ID)
	if err != nil {
		return true, err
	}
	at := slices.IndexFunc(all, func(f meeting.FollowUp) bool { return f.Version == version && f.Months == months })
	c := &call{place: p, msg: m, args: m.Body, lang: net.Language, leader: net.Leads(m.Sender)}
	c.net = net
	switch {
	case at < 0:
		return true, b.answer(ctx, s, c, "followup_none", render.FollowUpQuestion{Network: net.Name})
	case !c.leader:
		return true, b.refuse(ctx, s, c)
	}
	return true, b.takeAnswer(ctx, s, c, &all[at])
}

// hintFollowUp says, once a question, how it is answered to a leader who writes
// something else to the bot while it waits.
func (b *Bot) hintFollowUp(ctx context.Context, s *scene, p place, m meeting.Message) error {
	if len(strings.Fields(m.Body)) < fewestAnswer || b.stale(s, p, m) {
		return nil
	}
	nets, err := b.networksOf(ctx, s, m.Sender)
	if err != nil {
		return err
	}
	for _, net := range nets {
		if !net.Leads(m.Sender) {
			continue
		}
		all, err := s.tx.FollowUps(ctx, net.ID)
		if err != nil {
			return err
		}
		for _, f := range all {
			if !f.Open() {
				continue
			}
			post := meeting.Post{Key: followUpKey(&f) + "hint/" + string(m.Sender), To: m.Sender}
			if err := b.say(ctx, s, post, net.Language, "followup_hint", render.FollowUpQuestion{Network: net.Name}); err != nil {
				return err
			}
		}
	}
	return nil
}

// cmdFollowUp takes in an answer to the newest question that was asked.
func (b *Bot) cmdFollowUp(ctx context.Context, s *scene, c *call) error {
	c, err := b.followUpCall(ctx, s, c)
	if err != nil || c == nil {
		return err
	}
	all, err := s.tx.FollowUps(ctx, c.net.ID)
	if err != nil {
		return err
	}
	var asked *meeting.FollowUp
	view := render.FollowUpQuestion{Network: c.net.Name}
	for i := range all {
		switch all[i].State {
		case meeting.FollowUpAsked, meeting.FollowUpReminded:
			asked = &all[i]
		}
	}
	switch {
	case asked == nil:
		return b.answer(ctx, s, c, "followup_none", view)
	case strings.TrimSpace(c.args) == "":
		return b.answer(ctx, s, c, "followup_empty", render.FollowUpQuestion{Network: c.net.Name, Months: asked.Months})
	}
	return b.takeAnswer(ctx, s, c, asked)
}

// followUpCall is the call as one of a leader in a network; by direct message,
// in the one that the sender leads. Nil if that is answered for.
func (b *Bot) followUpCall(ctx context.Context, s *scene, c *call) (*call, error) {
	switch {
	case c.net != nil && c.leader:
		return c, nil
	case c.net != nil:
		return nil, b.refuse(ctx, s, c)
	}
	nets, err := b.networksOf(ctx, s, c.msg.Sender)
	if err != nil {
		return nil, err
	}
	nets = slices.DeleteFunc(nets, func(n *meeting.Network) bool { return !n.Leads(c.msg.Sender) })
	named, rest := s.findNetwork(c.args)
	d := *c
	for _, n := range nets {
		if len(nets) == 1 || named != nil && named.ID == n.ID {
			d.net, d.lang, d.leader = n, n.Language, true
		}
	}
	if len(nets) > 1 {
		d.args = rest
	}
	switch {
	case len(nets) == 0:
		return nil, b.refuse(ctx, s, c)
	case d.net == nil:
		var names []string
		for _, n := range nets {
			names = append(names, n.Name)
		}
		return nil, b.answer(ctx, s, c, "plan_which_network", render.Problem{Names: names})
	}
	return &d, nil
}

// takeAnswer keeps an answer and shows it in the coordination room.
func (b *Bot) takeAnswer(ctx context.Context, s *scene, c *call, f *meeting.FollowUp) error {
	text := strings.TrimSpace(c.args)
	switch {
	case text == "":
		return b.answer(ctx, s, c, "followup_empty", render.FollowUpQuestion{Network: c.net.Name, Months: f.Months})
	case len([]rune(text)) > longestNote:
		return b.answer(ctx, s, c, "too_long", render.Problem{Max: longestNote})
	}
	mask, err := b.masker(ctx, s, c.net)
	if err != nil {
		return err
	}
	a := meeting.FollowUpAnswer{Event: c.msg.ID, By: c.msg.Sender, Body: mask(text), At: s.now}
	s.touch(c.net, false)
	stored, err := s.tx.StoreAnswer(ctx, *f, a)
	if err != nil || !stored {
		return err
	}
	view, err := b.followUpView(ctx, s, c.net, f)
	if err != nil {
		return err
	}
	view.Answer = a.Body
	if err := b.tellStaff(ctx, s, meeting.Post{Key: answeredPrefix(c.net.ID) + string(a.Event), Kind: meeting.PostText}, "followup_staff", view); err != nil {
		return err
	}
	return b.answer(ctx, s, c, "followup_taken", view)
}

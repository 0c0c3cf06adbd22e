package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// gone is a message that was removed, or that its author has changed.
type gone struct {
	id    meeting.EventID
	texts []wording // what it said
	still string    // what it says now; empty if it was removed
}

// wording is what a message said, and when the event with it came; zero if that
// is not known.
type wording struct {
	text string
	came time.Time
}

// follows reports whether something was written before the wording came, so that
// the wording repeats it: what people made must not go because somebody has
// copied it into a message, and removed that.
func (w wording) follows(written time.Time) bool {
	return !written.IsZero() && w.came.After(written.Add(clockSlack))
}

// wordings are texts of a message by their events.
func (s *scene) wordings(ctx context.Context, texts map[meeting.EventID]string) ([]wording, error) {
	var out []wording
	for id, text := range texts {
		came, err := s.tx.ReceivedAt(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, wording{text, came})
	}
	return out, nil
}

// masked adds what the texts look like where names and the like are hidden.
func (g gone) masked(mask func(string) string) gone {
	for _, w := range g.texts {
		g.texts = append(g.texts, wording{mask(w.text), w.came})
	}
	if g.still != "" {
		g.still += "\n" + mask(g.still)
	}
	return g
}

// withdrawFromPlan takes a removed or changed reply or suggestion out of every
// version of the plan: the link to it if it is removed, and fields that repeat a
// sentence that it no longer says. What was posted with such a field is taken
// down and the shared plan posted anew.
func (b *Bot) withdrawFromPlan(ctx context.Context, s *scene, net *meeting.Network, g gone) error {
	plan, err := s.tx.Plan(ctx, net.ID)
	if err != nil || plan == nil {
		return err
	}
	mask, err := b.masker(ctx, s, net)
	if err != nil {
		return err
	}
	g = g.masked(mask)
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
		items, changed := cleanItems(items, g)
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

// replacePlan takes down everything that shows the plan, shares the frozen
// version anew, and tells the leader.
func (b *Bot) replacePlan(ctx context.Context, s *scene, net *meeting.Network, frozen []meeting.PlanItem) error {
	s.touch(net, true)
	if err := b.removePosts(ctx, s, planPrefix(net)); err != nil {
		return err
	}
	plan, err := s.tx.Plan(ctx, net.ID)
	if err != nil || plan == nil {
		return err
	}
	if plan.Version > 0 {
		if err := b.sharePlan(ctx, s, net, plan, frozen); err != nil {
			return err
		}
	}
	if plan.Seen, err = b.freshKey(ctx, s, "replaced/"+planPrefix(net)); err != nil {
		return err
	}
	if err := s.tx.StorePlan(ctx, plan); err != nil {
		return err
	}
	return b.tell(ctx, s, net, meeting.Post{Key: plan.Seen, Kind: meeting.PostText, Mentions: s.leaders(net)},
		"plan_replaced", render.Problem{Max: plan.Version})
}

// removePosts takes down all posts whose keys begin with the prefix.
func (b *Bot) removePosts(ctx context.Context, s *scene, prefix string) error {
	posted, err := s.tx.PostsWithPrefix(ctx, prefix)
	if err != nil {
		return err
	}
	for _, p := range posted {
		if err := b.removePost(ctx, s, p); err != nil {
			return err
		}
	}
	return nil
}

// cleanItems removes the source, and every field that repeats a sentence of the
// texts or, in an item that the message suggested, is what it said. A suggested
// item with nothing left but its area goes. It reports whether a field was
// removed.
func cleanItems(items []meeting.PlanItem, g gone) (kept []meeting.PlanItem, repeats bool) {
	for _, it := range items {
		linked := slices.Contains(it.Sources, g.id)
		it.Sources = slices.DeleteFunc(it.Sources, func(e meeting.EventID) bool { return e == g.id && g.still == "" })
		suggested := it.Suggestion == g.id && g.id != ""
		for _, f := range meeting.Fields() {
			field := it.Field(f)
			for _, w := range g.texts {
				if !linked && !suggested && w.follows(it.Written) {
					continue
				}
				if *field != "" && (repeatsSentence(*field, w.text, g.still) || suggested && slices.Contains(strings.Split(w.text, "\n"), *field)) {
					*field, repeats = "", true
				}
			}
		}
		if suggested {
			it.Suggestion = ""
			if it.What+it.How+it.Who+it.When == "" {
				repeats = true
				continue
			}
		}
		kept = append(kept, it)
	}
	return kept, repeats
}

// shortest is from how many characters on a sentence is taken to be somebody's.
const shortest = 15

// repeatsSentence reports whether the field contains a sentence of the text that
// is not in what still stands.
func repeatsSentence(field, text, still string) bool {
	field = strings.ToLower(strings.Join(strings.Fields(field), " "))
	for sentence := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune(".!?\n", r) }) {
		sentence = strings.Join(strings.Fields(sentence), " ")
		if len([]rune(sentence)) >= shortest && strings.Contains(field, sentence) && !says(still, sentence) {
			return true
		}
	}
	return false
}

// withdrawPlanMessage takes back what a removed message brought to the plan: a
// suggestion, a decision, or the answer to a follow-up question. A removal in
// another room than the message's is none, unless it is the author's.
func (b *Bot) withdrawPlanMessage(ctx context.Context, s *scene, p place, r meeting.Redaction) error {
	may := func(network string, author meeting.UserID) bool {
		return author == r.Sender || p.net != nil && p.net.ID == network
	}
	g, err := s.tx.SuggestionOf(ctx, r.Target)
	if err != nil {
		return err
	}
	if g != nil && may(g.Network, g.Author) {
		return b.withdrawSuggestion(ctx, s, *g)
	}
	d, err := s.tx.DecisionOf(ctx, r.Target)
	if err != nil {
		return err
	}
	if d != nil && may(d.Network, d.By) {
		return b.withdrawDecision(ctx, s, *d)
	}
	network, author, err := s.tx.AnswerOf(ctx, r.Target)
	if err != nil || network == "" || !may(network, author) {
		return err
	}
	return b.withdrawAnswer(ctx, s, network, r.Target)
}

// withdrawSuggestion deletes a suggestion, also from the plan that took it in.
func (b *Bot) withdrawSuggestion(ctx context.Context, s *scene, g meeting.Suggestion) error {
	if err := s.tx.RemoveSuggestion(ctx, g.Event); err != nil {
		return err
	}
	err := errors.Join(b.removePosts(ctx, s, suggestionPrefix(&g)), b.removePosts(ctx, s, suggestionsPrefix(g.Network)))
	if err != nil {
		return err
	}
	net, err := s.network(ctx, g.Network)
	if err != nil {
		return err
	}
	if net == nil { // never used, and no longer configured
		net = &meeting.Network{ID: g.Network, Name: g.Network, Language: s.set.Language, Location: s.set.Location}
	}
	var said []string
	for _, f := range meeting.Fields() {
		if text := *g.Item.Field(f); text != "" {
			said = append(said, text)
		}
	}
	texts, err := s.wordings(ctx, map[meeting.EventID]string{g.Event: strings.Join(said, "\n")})
	if err != nil {
		return err
	}
	return b.withdrawFromPlan(ctx, s, net, gone{id: g.Event, texts: texts})
}

// withdrawDecision deletes a decision, and the questions that would follow it.
func (b *Bot) withdrawDecision(ctx context.Context, s *scene, d meeting.Decision) error {
	net, err := s.network(ctx, d.Network)
	if err != nil || net == nil {
		return err
	}
	s.touch(net, true)
	if err := b.closeFollowUps(ctx, s, d); err != nil {
		return err
	}
	if err := errors.Join(s.tx.DeleteDecision(ctx, d.Network, d.Version), s.tx.DropFollowUps(ctx, d.Network), b.takeDown(ctx, s, d.Post),
		b.removePosts(ctx, s, decidedPrefix(net.ID)), b.removeQuestions(ctx, s, d),
		b.removePosts(ctx, s, planPrefix(net)+"answer/")); err != nil {
		return err
	}
	left, err := s.tx.Decisions(ctx, net.ID)
	if err != nil {
		return err
	}
	if len(left) > 0 { // what follows from the one before counts again
		if _, err := b.scheduleFollowUps(ctx, s, net, left[len(left)-1]); err != nil {
			return err
		}
	}
	return b.tell(ctx, s, net, meeting.Post{Key: "undecided/" + string(d.Event), Kind: meeting.PostText, Mentions: s.leaders(net)},
		"plan_undecided", render.Problem{Max: d.Version})
}

// closeFollowUps takes down the questions that were asked about a decision which
// is no more, and asks nobody again.
func (b *Bot) closeFollowUps(ctx context.Context, s *scene, d meeting.Decision) error {
	asked, err := s.tx.FollowUps(ctx, d.Network)
	if err != nil {
		return err
	}
	for _, f := range asked {
		if f.Version != d.Version || !f.Open() {
			continue
		}
		f.State = meeting.FollowUpPassed
		if err := s.tx.StoreFollowUp(ctx, f); err != nil {
			return err
		}
	}
	return b.removePosts(ctx, s, followUpsAbout(d.Network, d.Version))
}

// removeQuestions takes down the questions to leaders that repeat a decision.
func (b *Bot) removeQuestions(ctx context.Context, s *scene, d meeting.Decision) error {
	return b.removePosts(ctx, s, fmt.Sprintf("%s%s/%d/", followUpPrefix, d.Network, d.Version))
}

// withdrawAnswer deletes an answer to a follow-up question, and what showed it.
func (b *Bot) withdrawAnswer(ctx context.Context, s *scene, network string, id meeting.EventID) error {
	net, err := s.network(ctx, network)
	if err != nil {
		return err
	}
	if net != nil {
		s.touch(net, true)
	}
	return errors.Join(s.tx.DeleteAnswer(ctx, id), b.takeDown(ctx, s, answeredPrefix(network)+string(id)), b.removePosts(ctx, s, fmt.Sprintf("plan/%s/answer/", network)))
}

// forgetPlanner removes what a person suggested and answered, and the notes
// that the person wrote about decisions. The decisions stay: they are the local
// management's.
func (b *Bot) forgetPlanner(ctx context.Context, s *scene, user meeting.UserID) error {
	if err := b.withdrawSuggestions(ctx, s, user, ""); err != nil {
		return err
	}
	answers, err := s.tx.AnswersBy(ctx, user)
	if err != nil {
		return err
	}
	for network, of := range answers {
		for _, a := range of {
			if err := b.withdrawAnswer(ctx, s, network, a.Event); err != nil {
				return err
			}
		}
	}
	decided, err := s.tx.DecisionsBy(ctx, user)
	if err != nil {
		return err
	}
	for _, d := range decided {
		if err := b.stripDecision(ctx, s, d); err != nil {
			return err
		}
	}
	return nil
}

// withdrawSuggestions deletes a person's suggestions in one network, or in all.
func (b *Bot) withdrawSuggestions(ctx context.Context, s *scene, user meeting.UserID, network string) error {
	all, err := s.tx.SuggestionsBy(ctx, user)
	if err != nil {
		return err
	}
	for _, g := range all {
		if network == "" || g.Network == network {
			if err := b.withdrawSuggestion(ctx, s, g); err != nil {
				return err
			}
		}
	}
	return nil
}

// stripDecision takes the note and the sender out of a decision, and shows it
// anew without them.
func (b *Bot) stripDecision(ctx context.Context, s *scene, d meeting.Decision) error {
	net, err := s.network(ctx, d.Network)
	if err != nil || net == nil {
		return err
	}
	s.touch(net, true)
	noted := d.Note != ""
	d.Note, d.By = "", ""
	if !noted {
		return s.tx.StoreDecision(ctx, d)
	}
	if err := errors.Join(b.takeDown(ctx, s, d.Post), b.removePosts(ctx, s, decidedPrefix(net.ID)), b.removeQuestions(ctx, s, d),
		b.removePosts(ctx, s, followUpsAbout(d.Network, d.Version)), b.removePosts(ctx, s, planPrefix(net)+"answer/")); err != nil {
		return err
	}
	if d.Post, err = b.freshKey(ctx, s, fmt.Sprintf("decision/%s/%d/", d.Network, d.Version)); err != nil {
		return err
	}
	if err := s.tx.StoreDecision(ctx, d); err != nil {
		return err
	}
	return b.tellStaff(ctx, s, meeting.Post{Key: d.Post}, "plan_decided_staff", render.Decided{Decision: d, Network: net.Name})
}

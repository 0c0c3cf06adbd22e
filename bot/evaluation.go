package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

const (
	evaluationPrefix = "evaluation/"
	// evaluationFor is how long answers are taken, and evaluationReminder after
	// how long those who have not answered are reminded, once.
	evaluationFor      = 14 * 24 * time.Hour
	evaluationReminder = 4 * 24 * time.Hour
	longestOpinion     = 1000 // characters
)

func evaluationKey(net *meeting.Network, user meeting.UserID) string {
	return evaluationPrefix + net.ID + "/" + string(user)
}

// evaluateAtEnd asks everybody what they think when the last meeting closes.
func (b *Bot) evaluateAtEnd(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting) error {
	if m.Number != m.Of {
		return nil
	}
	if e, err := s.tx.Evaluation(ctx, net.ID); err != nil || e != nil {
		return err
	}
	people, _, err := b.people(ctx, s, net)
	if err != nil {
		return err
	}
	if len(people) < meeting.MinAnswers {
		for _, l := range s.leaders(net) {
			key := fmt.Sprintf("evaluation-small/%s/%s", net.ID, l)
			if err := b.tellDirectly(ctx, s, l, key, net.Language, "evaluation_small", b.evaluationState(net, nil)); err != nil {
				return err
			}
		}
		return nil
	}
	return b.askEvaluation(ctx, s, net, people)
}

// askEvaluation sends the questions to every member, alone.
func (b *Bot) askEvaluation(ctx context.Context, s *scene, net *meeting.Network, people []meeting.Member) error {
	salt, err := newSalt()
	if err != nil {
		return err
	}
	e := &meeting.Evaluation{Network: net.ID, Asked: len(people), Since: s.now, Until: s.now.Add(evaluationFor), Salt: salt}
	if err := s.tx.StoreEvaluation(ctx, e); err != nil {
		return err
	}
	view, err := b.evaluationView(net, e)
	if err != nil {
		return err
	}
	for _, m := range people {
		if err := s.tx.StoreAsked(ctx, net.ID, meeting.Asked{Person: e.Person(m.User)}); err != nil {
			return err
		}
		if err := b.tellDirectly(ctx, s, m.User, evaluationKey(net, m.User), net.Language, "evaluation_ask", view); err != nil {
			return err
		}
	}
	return nil
}

// evaluationState is what an evaluation's receipts show.
func (b *Bot) evaluationState(net *meeting.Network, e *meeting.Evaluation) render.Evaluation {
	view := render.Evaluation{Network: net.Name, Min: meeting.MinAnswers, Count: meeting.EvaluationQuestions, Scale: meeting.EvaluationScale}
	if e != nil {
		view.Asked, view.Answered, view.Over, view.Shared = e.Asked, e.Answered, e.Over(), !e.Shared.IsZero()
		view.Until, view.Texts = e.Until.In(net.Location), e.Texts
	}
	return view
}

// evaluationView is an evaluation with its questions, and their answers where
// enough have answered. The report takes it from here.
func (b *Bot) evaluationView(net *meeting.Network, e *meeting.Evaluation) (render.Evaluation, error) {
	view := b.evaluationState(net, e)
	for i := range meeting.EvaluationQuestions {
		text, err := b.texts.Text(net.Language, fmt.Sprintf("evaluation_question_%d", i+1), nil)
		if err != nil {
			return view, err
		}
		q := render.Question{Number: i + 1, Text: text}
		for k := range meeting.EvaluationScale {
			word, err := b.texts.Text(net.Language, "evaluation_answer", render.Problem{Number: k + 1})
			if err != nil {
				return view, err
			}
			q.Answers = append(q.Answers, render.AnswerCount{Number: k + 1, Word: word, Count: e.Counts[i][k]})
		}
		view.Questions = append(view.Questions, q)
	}
	return view, nil
}

// cmdEvaluation shows leaders how the evaluation stands, and lets them send it;
// in a direct room it takes answers, too.
func (b *Bot) cmdEvaluation(ctx context.Context, s *scene, c *call) error {
	if c.net == nil {
		if done, err := b.evaluate(ctx, s, c.place, c.msg, c.args); err != nil || done {
			return err
		}
		return b.answer(ctx, s, c, "evaluation_nothing", nil)
	}
	if !c.leader {
		return b.answer(ctx, s, c, "evaluation_directly", nil)
	}
	e, err := s.tx.Evaluation(ctx, c.net.ID)
	if err != nil {
		return err
	}
	if e == nil {
		return b.evaluationByHand(ctx, s, c)
	}
	view, err := b.evaluationView(c.net, e)
	if err != nil {
		return err
	}
	if !e.Shown() {
		return b.answer(ctx, s, c, "evaluation_waiting", view)
	}
	switch render.Fold(strings.TrimSpace(c.args)) {
	case "dela", "share", "godkann", "approve":
		return b.shareEvaluation(ctx, s, c, e)
	}
	// Words about the network are for its leader first.
	err = b.say(ctx, s, meeting.Post{Key: evaluationPrefix + "shown/" + string(c.msg.ID), To: c.msg.Sender, Kind: meeting.PostText}, c.lang, "evaluation_shown", view)
	if err != nil {
		return err
	}
	return b.answer(ctx, s, c, "sent_directly", nil)
}

// shareEvaluation lets the answers into the report: until then they are the
// network's own.
func (b *Bot) shareEvaluation(ctx context.Context, s *scene, c *call, e *meeting.Evaluation) error {
	if e.Shared.IsZero() {
		e.Shared = s.now
		if err := s.tx.StoreEvaluation(ctx, e); err != nil {
			return err
		}
		s.touch(c.net, false)
	}
	return b.answer(ctx, s, c, "evaluation_shared", nil)
}

// evaluationByHand sends the questions before the last meeting has closed, if
// the leader says so.
func (b *Bot) evaluationByHand(ctx context.Context, s *scene, c *call) error {
	people, _, err := b.people(ctx, s, c.net)
	if err != nil {
		return err
	}
	view := b.evaluationState(c.net, nil)
	word := render.Fold(c.args)
	switch {
	case len(people) < meeting.MinAnswers:
		return b.answer(ctx, s, c, "evaluation_small", view)
	case word != "skicka" && word != "send":
		return b.answer(ctx, s, c, "evaluation_not_yet", view)
	}
	if err := b.askEvaluation(ctx, s, c.net, people); err != nil {
		return err
	}
	return b.answer(ctx, s, c, "evaluation_sent", view)
}

// endIfDone ends an evaluation that nobody is left to answer.
func (b *Bot) endIfDone(ctx context.Context, s *scene, network string) error {
	left, err := s.tx.Unanswered(ctx, network)
	if err != nil || left > 0 {
		return err
	}
	return b.endEvaluation(ctx, s, network)
}

// endEvaluation forgets who was asked, in the backups too.
func (b *Bot) endEvaluation(ctx context.Context, s *scene, network string) error {
	return errors.Join(s.tx.EndEvaluation(ctx, network), s.noteErased(ctx, meeting.ErasedAsked, network))
}

// evaluationsDue reminds those who have not answered, once, and ends
// evaluations whose time is over.
func (b *Bot) evaluationsDue(ctx context.Context) error {
	var ids []string
	err := b.update(ctx, func(s *scene) (err error) {
		ids, err = s.tx.EvaluationsDue(ctx, s.now, s.now.Add(-evaluationReminder))
		return err
	})
	errs := []error{err}
	for _, id := range ids {
		errs = append(errs, b.update(ctx, func(s *scene) error { return b.evaluationDue(ctx, s, id) }))
	}
	return errors.Join(errs...)
}

func (b *Bot) evaluationDue(ctx context.Context, s *scene, id string) error {
	e, err := s.tx.Evaluation(ctx, id)
	if err != nil || e == nil {
		return err
	}
	if !e.Until.After(s.now) {
		return b.endEvaluation(ctx, s, id)
	}
	net, err := s.network(ctx, id)
	if err != nil || net == nil || e.Reminded || e.Since.Add(evaluationReminder).After(s.now) || net.Rests(s.now) {
		return err
	}
	e.Reminded = true
	if err := s.tx.StoreEvaluation(ctx, e); err != nil {
		return err
	}
	people, _, err := b.people(ctx, s, net)
	if err != nil {
		return err
	}
	view, err := b.evaluationView(net, e)
	if err != nil {
		return err
	}
	for _, m := range people {
		asked, err := s.tx.Asked(ctx, id, e.Person(m.User))
		if err != nil {
			return err
		}
		if asked == nil || asked.Done || asked.Given == meeting.EvaluationQuestions {
			continue
		}
		view.Next = asked.Given + 1
		// Its key says nothing of who it went to, and its row goes.
		if err := b.tellDirectly(ctx, s, m.User, vanishing+rand.Text(), net.Language, "evaluation_reminder", view); err != nil {
			return err
		}
	}
	return nil
}

package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// answersEvaluation takes in a direct message from somebody who is asked what
// they think, and reports whether it was one. Words of one's own may begin like
// a command, so they are looked for first.
func (b *Bot) answersEvaluation(ctx context.Context, s *scene, p place, m meeting.Message, wordsOnly bool) (bool, error) {
	if wordsOnly {
		found, err := b.evaluationsOf(ctx, s, m.Sender, m.ReplyTo, false)
		if err != nil || len(found) != 1 || found[0].asked.Given < meeting.EvaluationQuestions || strings.HasPrefix(m.Body, "!") {
			return false, err
		}
	}
	post, err := s.tx.PostByEvent(ctx, m.ReplyTo)
	if err != nil || post != nil && (strings.HasPrefix(post.Key, welcomePrefix) || strings.HasPrefix(post.Key, guardPrefix)) {
		return false, err // it answers the greeting, or the question about a reply
	}
	if answers[render.Fold(strings.Trim(strings.TrimSpace(m.Body), ".!"))] == meeting.AnswerYes {
		return false, nil // that is no answer here
	}
	return b.evaluate(ctx, s, p, m, m.Body)
}

// waiting is an evaluation that somebody has not answered to the end.
type waiting struct {
	net   *meeting.Network
	e     *meeting.Evaluation
	asked *meeting.Asked
}

// evaluationsOf lists what a person is asked, or has answered: all, or the one
// whose question the message answers.
func (b *Bot) evaluationsOf(ctx context.Context, s *scene, user meeting.UserID, replyTo meeting.EventID, done bool) ([]waiting, error) {
	ids, err := s.tx.Evaluations(ctx)
	if err != nil {
		return nil, err
	}
	var out []waiting
	for _, id := range ids {
		net, err := s.network(ctx, id)
		if err != nil {
			return nil, err
		}
		e, err := s.tx.Evaluation(ctx, id)
		if err != nil {
			return nil, err
		}
		if e == nil || net == nil {
			continue
		}
		asked, err := s.tx.Asked(ctx, id, e.Person(user))
		if err != nil {
			return nil, err
		}
		if asked == nil || asked.Done != done || !e.Until.After(s.now) {
			continue
		}
		post, err := s.tx.Post(ctx, evaluationKey(net, user))
		if err != nil {
			return nil, err
		}
		if replyTo != "" && post != nil && post.Event == replyTo {
			return []waiting{{net, e, asked}}, nil
		}
		out = append(out, waiting{net, e, asked})
	}
	return out, nil
}

// evaluate takes in answers, and reports whether the sender was asked for any.
func (b *Bot) evaluate(ctx context.Context, s *scene, p place, m meeting.Message, text string) (bool, error) {
	if done, err := s.tx.Vanished(ctx, m.ID); err != nil || done {
		return true, err
	}
	found, err := b.evaluationsOf(ctx, s, m.Sender, m.ReplyTo, false)
	if err != nil {
		return false, err
	}
	if len(found) == 0 {
		return b.evaluateAgain(ctx, s, m, text)
	}
	if len(found) > 1 {
		named, rest := s.findNetwork(text)
		var one []waiting
		var names []string
		for _, w := range found {
			names = append(names, w.net.Name)
			if named != nil && named.ID == w.net.ID {
				one = append(one, w)
			}
		}
		if len(one) == 0 {
			return true, b.quietly(ctx, s, m.EventMeta, m.Sender, found[0].net.Language, "evaluation_which", render.Problem{Names: names})
		}
		found, text = one, rest
	}
	return true, b.takeOpinion(ctx, s, m, found[0], text)
}

// evaluateAgain takes in what looks like answers from somebody who is not asked
// any more: who did not want to may, and who has answered hears so.
func (b *Bot) evaluateAgain(ctx context.Context, s *scene, m meeting.Message, text string) (bool, error) {
	given, _, fault := parseOpinion(text, meeting.EvaluationQuestions)
	found, err := b.evaluationsOf(ctx, s, m.Sender, m.ReplyTo, true)
	if err != nil || len(found) != 1 || fault != "" || len(given) == 0 {
		return false, err
	}
	w := found[0]
	if w.asked.Given == meeting.EvaluationQuestions {
		return true, b.quietly(ctx, s, m.EventMeta, m.Sender, w.net.Language, "evaluation_already", nil)
	}
	return true, b.takeOpinion(ctx, s, m, w, text)
}

// takeOpinion counts answers and keeps words, both without their sender.
func (b *Bot) takeOpinion(ctx context.Context, s *scene, m meeting.Message, w waiting, text string) error {
	view, err := b.evaluationView(w.net, w.e)
	if err != nil {
		return err
	}
	given, words, fault := parseOpinion(text, meeting.EvaluationQuestions-w.asked.Given)
	view.Next = w.asked.Given + 1
	switch {
	case fault == "no":
		w.asked.Done = true
		err := errors.Join(s.tx.StoreAsked(ctx, w.net.ID, *w.asked), b.endIfDone(ctx, s, w.net.ID))
		name := "evaluation_declined"
		if w.asked.Given == meeting.EvaluationQuestions {
			name = "evaluation_thanks"
		}
		return errors.Join(err, b.quietly(ctx, s, m.EventMeta, m.Sender, w.net.Language, name, view))
	case fault != "":
		return b.quietly(ctx, s, m.EventMeta, m.Sender, w.net.Language, fault, view)
	}
	for i, answer := range given {
		if err := s.tx.CountAnswer(ctx, w.net.ID, w.asked.Given+i+1, answer); err != nil {
			return err
		}
	}
	was := w.asked.Given
	w.asked.Given += len(given)
	if w.asked.Given == meeting.EvaluationQuestions && was < w.asked.Given {
		w.e.Answered++
		if err := s.tx.StoreEvaluation(ctx, w.e); err != nil {
			return err
		}
	}
	if words != "" {
		mask, err := b.masker(ctx, s, w.net)
		if err != nil {
			return err
		}
		if err := s.tx.StoreOpinion(ctx, w.net.ID, rand.Text(), mask(words)); err != nil {
			return err
		}
	}
	// All at once means that the person has thought about the words, too.
	w.asked.Done = w.asked.Given == meeting.EvaluationQuestions && (words != "" || was == 0 || len(given) == 0)
	view.Next = w.asked.Given + 1
	name := "evaluation_next"
	switch {
	case w.asked.Done:
		name = "evaluation_thanks"
	case w.asked.Given == meeting.EvaluationQuestions:
		name = "evaluation_words"
	}
	if err := s.tx.StoreAsked(ctx, w.net.ID, *w.asked); err != nil {
		return err
	}
	if err := b.endIfDone(ctx, s, w.net.ID); err != nil {
		return err
	}
	return b.quietly(ctx, s, m.EventMeta, m.Sender, w.net.Language, name, view)
}

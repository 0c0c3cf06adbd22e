package bot

import (
	"context"
	"slices"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// guardPrefix begins the keys of questions to authors: "sensitive/<entry>".
const guardPrefix = "sensitive/"

// askSensitive tells the author, alone and once a message, that a reply holds
// something that identifies a person, and asks whether it is to be hidden in
// the minutes too. What leaves the room is masked in any case.
func (b *Bot) askSensitive(ctx context.Context, s *scene, net *meeting.Network, e meeting.Entry) error {
	if e.Author == "" {
		return nil
	}
	masker, words, err := b.maskerOf(ctx, s, net)
	if err != nil {
		return err
	}
	var names []string
	for _, kind := range masker.Sensitive(e.Body, words) {
		name, err := b.texts.Text(net.Language, "kind_"+string(kind), nil)
		if err != nil {
			return err
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil
	}
	return b.tellDirectly(ctx, s, e.Author, guardPrefix+string(e.ID), net.Language, "sensitive", render.Problem{Network: net.Name, Names: names})
}

// answersGuard takes in a yes or no to that question: to the one that it
// replies to, or to the last one. It reports whether the message was an answer.
func (b *Bot) answersGuard(ctx context.Context, s *scene, p place, m meeting.Message) (bool, error) {
	answer, ok := answers[render.Fold(strings.Trim(strings.TrimSpace(m.Body), ".!"))]
	if !ok || b.stale(s, p, m) {
		return false, nil
	}
	asked, err := s.tx.PostsWithPrefix(ctx, guardPrefix)
	if err != nil {
		return false, err
	}
	asked = slices.DeleteFunc(asked, func(q meeting.PostRecord) bool {
		return q.Room != p.room || m.ReplyTo != "" && q.Event != m.ReplyTo
	})
	if len(asked) == 0 {
		return false, nil
	}
	id := meeting.EventID(strings.TrimPrefix(asked[len(asked)-1].Key, guardPrefix))
	e, err := s.tx.Entry(ctx, id, nobody)
	if err != nil || e == nil || e.Author != m.Sender {
		return false, err
	}
	meet, err := s.tx.MeetingByID(ctx, e.Meeting)
	if err != nil || meet == nil {
		return false, err
	}
	net, err := s.network(ctx, meet.Network)
	if err != nil || net == nil {
		return false, err
	}
	c := &call{place: p, msg: m, lang: net.Language}
	if answer == meeting.AnswerNo {
		return true, b.answer(ctx, s, c, "sensitive_kept", nil)
	}
	if err := b.hide(ctx, s, net, e.ID); err != nil {
		return true, err
	}
	return true, b.answer(ctx, s, c, "sensitive_hidden", nil)
}

// hide masks every stored text of an entry, for good.
func (b *Bot) hide(ctx context.Context, s *scene, net *meeting.Network, id meeting.EventID) error {
	if err := s.tx.HideEntry(ctx, id); err != nil {
		return err
	}
	mask, err := b.masker(ctx, s, net)
	if err != nil {
		return err
	}
	texts, err := s.tx.Versions(ctx, id)
	if err != nil {
		return err
	}
	for version, text := range texts {
		if text == "" {
			continue
		}
		if err := s.tx.SetVersionText(ctx, version, mask(text)); err != nil {
			return err
		}
	}
	return nil
}

// hidden is the text as it may be stored: masked, if the author asked for that.
func (b *Bot) hidden(ctx context.Context, s *scene, net *meeting.Network, id meeting.EventID, text string) (string, error) {
	is, err := s.tx.Hidden(ctx, id)
	if err != nil || !is || text == "" {
		return text, err
	}
	mask, err := b.masker(ctx, s, net)
	if err != nil {
		return "", err
	}
	return mask(text), nil
}

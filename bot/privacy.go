package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// informed is the version of the information that !privacy gives. It goes up
// when what is stored, for how long or who sees it changes.
const informed = 2

// minePrefix begins the keys of files with all that is stored about somebody.
const minePrefix = "mine/"

// cmdPrivacy says what is stored, why, how long and who sees it.
func (b *Bot) cmdPrivacy(ctx context.Context, s *scene, c *call) error {
	return b.answer(ctx, s, c, "privacy", nil)
}

// networksHere are the networks that a personal command is about: the room's,
// or in a direct room all that the sender is in.
func (b *Bot) networksHere(ctx context.Context, s *scene, c *call) ([]*meeting.Network, error) {
	if c.net != nil {
		return []*meeting.Network{c.net}, nil
	}
	return b.networksOf(ctx, s, c.msg.Sender)
}

// cmdConsent notes whether the sender's replies may be used in summaries. A no
// takes those out that quote them already.
func (b *Bot) cmdConsent(ctx context.Context, s *scene, c *call) error {
	answer, ok := answers[render.Fold(strings.TrimSpace(c.args))]
	if !ok {
		return b.answer(ctx, s, c, "bad_consent", render.Problem{Word: clip(c.args)})
	}
	nets, err := b.networksHere(ctx, s, c)
	if err != nil {
		return err
	}
	if len(nets) == 0 {
		return b.answer(ctx, s, c, "no_network", nil)
	}
	for _, net := range nets {
		consent := meeting.Consent{Network: net.ID, User: c.msg.Sender, Answer: answer, Version: informed, At: s.now}
		if err := s.tx.StoreConsent(ctx, consent); err != nil {
			return err
		}
		if answer == meeting.AnswerNo {
			if err := b.withdrawAll(ctx, s, net, c.msg.Sender); err != nil {
				return err
			}
		}
	}
	if answer == meeting.AnswerNo {
		return b.answer(ctx, s, c, "consent_no", nil)
	}
	return b.answer(ctx, s, c, "consent_yes", nil)
}

// answers are the words for yes and no, folded.
var answers = map[string]meeting.Answer{"ja": meeting.AnswerYes, "yes": meeting.AnswerYes, "nej": meeting.AnswerNo, "no": meeting.AnswerNo}

// withdrawAll takes an author's entries out of every draft, summary and plan of
// the network; the minutes keep them.
func (b *Bot) withdrawAll(ctx context.Context, s *scene, net *meeting.Network, author meeting.UserID) error {
	entries, err := s.tx.EntriesBy(ctx, author)
	if err != nil {
		return err
	}
	for _, e := range entries {
		m, err := s.tx.MeetingByID(ctx, e.Meeting)
		if err != nil {
			return err
		}
		if m == nil || m.Network != net.ID || e.State != meeting.EntryActive {
			continue
		}
		texts, err := s.tx.Versions(ctx, e.ID)
		if err != nil {
			return err
		}
		said, err := s.wordings(ctx, texts)
		if err != nil {
			return err
		}
		err = errors.Join(b.withdraw(ctx, s, net, e, true), b.withdrawMade(ctx, s, net, gone{id: e.ID, texts: said}))
		if err != nil {
			return err
		}
	}
	return b.withdrawSuggestions(ctx, s, author, net.ID)
}

// takesPart notes, once, that somebody takes part by replying.
func (b *Bot) takesPart(ctx context.Context, s *scene, net *meeting.Network, user meeting.UserID) error {
	known, err := s.tx.Consent(ctx, net.ID, user)
	if err != nil || known != nil || user == "" {
		return err
	}
	return s.tx.StoreConsent(ctx, meeting.Consent{Network: net.ID, User: user, Answer: meeting.AnswerPart, Version: informed, At: s.now})
}

// quotable leaves out the entries of those who have said no.
func (b *Bot) quotable(ctx context.Context, s *scene, net *meeting.Network, entries []meeting.Entry) ([]meeting.Entry, error) {
	refusers, err := s.tx.Refusers(ctx, net.ID)
	if err != nil {
		return nil, err
	}
	var out []meeting.Entry
	for _, e := range entries {
		if e.Author == "" || !slices.Contains(refusers, e.Author) {
			out = append(out, e)
		}
	}
	return out, nil
}

// cmdMine sends the sender everything that is stored about them, alone.
func (b *Bot) cmdMine(ctx context.Context, s *scene, c *call) error {
	view, err := b.mine(ctx, s, c.msg.Sender)
	if err != nil {
		return err
	}
	doc, err := b.texts.Document(c.lang, "mine", view)
	if err != nil {
		return err
	}
	name, err := b.texts.Text(c.lang, "mine_file", nil)
	if err != nil {
		return err
	}
	_, err = s.tx.StorePost(ctx, meeting.Post{Key: minePrefix + string(c.msg.ID), To: c.msg.Sender, Kind: meeting.PostFile,
		File: &meeting.File{Name: name + ".html", Type: "text/html", Data: []byte(doc)}}, s.now)
	if err != nil || c.direct != "" {
		return err
	}
	return b.answer(ctx, s, c, "sent_directly", nil)
}

func (b *Bot) mine(ctx context.Context, s *scene, user meeting.UserID) (render.Mine, error) {
	view := render.Mine{User: string(user)}
	var err error
	if view.Names, err = s.tx.NamesOf(ctx, user); err != nil {
		return view, err
	}
	roles, err := s.tx.RolesBy(ctx, user)
	if err != nil {
		return view, err
	}
	consents, err := s.tx.ConsentsOf(ctx, user)
	if err != nil {
		return view, err
	}
	if view.Reactions, err = s.tx.ReactionsBy(ctx, user); err != nil {
		return view, err
	}
	if view.Waiting, err = s.tx.WaitingBy(ctx, user); err != nil {
		return view, err
	}
	for i := range s.set.Networks {
		net := &s.set.Networks[i]
		part := render.MyNetwork{Name: net.Name, Role: roles[net.ID]}
		for _, c := range consents {
			if c.Network == net.ID {
				part.Answer, part.Since = c.Answer, c.At.In(net.Location)
			}
		}
		if part.Role != "" || part.Answer != "" {
			view.Networks = append(view.Networks, part)
		}
	}
	entries, err := s.tx.EntriesBy(ctx, user)
	if err != nil {
		return view, err
	}
	for _, e := range entries {
		m, err := s.tx.MeetingByID(ctx, e.Meeting)
		if err != nil || m == nil {
			return view, err
		}
		view.Entries = append(view.Entries, render.MyEntry{Entry: e, Number: m.Number, Title: m.Title})
	}
	if view.Votes, err = b.myVotes(ctx, s, user); err != nil {
		return view, err
	}
	view.Plans, err = b.myPlans(ctx, s, user)
	return view, err
}

// cmdForget erases the sender's entries, after a confirming answer.
func (b *Bot) cmdForget(ctx context.Context, s *scene, c *call) error {
	words := strings.Fields(render.Fold(c.args))
	if len(words) > 0 && (words[0] == "mig" || words[0] == "me") {
		words = words[1:]
	}
	entries, err := s.tx.EntriesBy(ctx, c.msg.Sender)
	if err != nil {
		return err
	}
	if len(words) == 0 || answers[words[0]] != meeting.AnswerYes {
		if err := b.tellDirectly(ctx, s, c.msg.Sender, "forget/"+string(c.msg.ID), c.lang, "forget_ask", render.Problem{Number: len(entries)}); err != nil {
			return err
		}
		if c.direct != "" {
			return nil
		}
		return b.answer(ctx, s, c, "sent_directly", nil)
	}
	n, err := b.erase(ctx, s, c.msg.Sender)
	if err != nil {
		return err
	}
	// The receipt leaves no trace of whom it went to.
	sum := sha256.Sum256([]byte(c.msg.ID))
	receipt := meeting.Post{Key: vanishing + hex.EncodeToString(sum[:]), To: c.msg.Sender, Kind: meeting.PostText, Mentions: []meeting.UserID{c.msg.Sender}}
	if c.direct != "" {
		receipt.To, receipt.Room = "", c.room // which may be forgotten now
	}
	return b.say(ctx, s, receipt, c.lang, "forgotten", render.Problem{Number: n})
}

// erase removes a person's entries with every copy, and whatever else is stored
// about them. Their name is hidden for good in what others wrote, since nobody
// may know it to be a name afterwards.
func (b *Bot) erase(ctx context.Context, s *scene, user meeting.UserID) (int, error) {
	entries, err := s.tx.EntriesBy(ctx, user)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		m, err := s.tx.MeetingByID(ctx, e.Meeting)
		if err != nil || m == nil {
			return 0, err
		}
		net, err := s.network(ctx, m.Network)
		if err != nil {
			return 0, err
		}
		if net == nil {
			return 0, fmt.Errorf("erase: network %s is unknown", m.Network)
		}
		if err := b.removeEntry(ctx, s, net, e, meeting.EntryRemoved); err != nil {
			return 0, err
		}
	}
	if err := errors.Join(b.forgetVotes(ctx, s, user), b.forgetPlanner(ctx, s, user), b.hideName(ctx, s, user)); err != nil {
		return 0, err
	}
	note := meeting.Erasure{ID: fmt.Sprintf("%s/%d", meeting.Pseudonym(user), s.now.UnixMilli()), Kind: meeting.ErasedPerson,
		Subject: meeting.Pseudonym(user), At: s.now}
	if err := s.tx.StoreErasure(ctx, note); err != nil {
		return 0, err
	}
	return len(entries), s.tx.Forget(ctx, user)
}

func (b *Bot) hideName(ctx context.Context, s *scene, user meeting.UserID) error {
	names, err := s.tx.NamesOf(ctx, user)
	if err != nil {
		return err
	}
	masker := meeting.NewMasker(append(names, localpart(user)))
	held, err := s.tx.HeldNetworks(ctx)
	if err != nil {
		return err
	}
	for _, id := range held {
		net, err := s.network(ctx, id)
		if err != nil {
			return err
		}
		if net == nil {
			net = &meeting.Network{ID: id, Language: s.set.Language}
		}
		words, err := b.maskWords(net.Language)
		if err != nil {
			return err
		}
		if err := s.tx.RewriteMade(ctx, id, func(text string) string { return masker.MaskNames(text, words) }); err != nil {
			return err
		}
		texts, err := s.tx.VersionTexts(ctx, net.ID)
		if err != nil {
			return err
		}
		for id, text := range texts {
			if hidden := masker.MaskNames(text, words); hidden != text {
				if err := s.tx.SetVersionText(ctx, id, hidden); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Erase removes a person, for the command line. It returns how many entries
// there were.
func (b *Bot) Erase(ctx context.Context, user meeting.UserID) (int, error) {
	n := 0
	err := b.update(ctx, func(s *scene) (err error) {
		n, err = b.erase(ctx, s, user)
		if err != nil {
			return err
		}
		return b.tellStaff(ctx, s, meeting.Post{Key: fmt.Sprintf("erased/%d", s.now.UnixMilli()), Kind: meeting.PostNotice}, "erased_staff", render.Problem{Number: n})
	})
	return n, err
}

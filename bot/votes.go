package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// quietly tells somebody something directly and keeps no trace of it, nor of
// the event that led to it. It rings where it does not answer a direct message.
func (b *Bot) quietly(ctx context.Context, s *scene, event meeting.EventMeta, to meeting.UserID, lang, name string, data any) error {
	if err := s.tx.VanishEvent(ctx, event.ID); err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(event.ID))
	post := meeting.Post{Key: vanishing + hex.EncodeToString(sum[:]), To: to}
	with, err := s.tx.DirectUser(ctx, event.Room)
	if err != nil {
		return err
	}
	if with != to {
		post.Kind, post.Mentions = meeting.PostText, []meeting.UserID{to}
	}
	return b.say(ctx, s, post, lang, name, data)
}

// pollResponse takes in an answer to the poll from somebody's client. Where all
// is well the client shows it, and the bot says nothing.
func (b *Bot) pollResponse(ctx context.Context, s *scene, p place, r meeting.PollResponse) error {
	if p.net == nil || r.Sender == b.self {
		return nil
	}
	if gone, err := s.tx.Redacted(ctx, r.ID); err != nil || gone {
		return err
	}
	if err := b.takeDown(ctx, s, unreadableKey(r.ID)); err != nil {
		return err
	}
	unnamed := r.EventMeta
	unnamed.Sender = "" // who has voted is not kept
	post, err := s.postActedOn(ctx, unnamed, r.Target)
	if err != nil || post == nil || !strings.HasPrefix(post.Key, prioritiesKey(p.net)+"poll/") {
		return err // a poll of somebody else's
	}
	poll, err := s.tx.Poll(ctx, p.net.ID)
	if err != nil || poll == nil {
		return err
	}
	if done, err := s.tx.Vanished(ctx, r.ID); err != nil || done {
		return err
	}
	view := render.VoteView{Network: p.net.Name, Max: meeting.MaxChoices}
	fault, err := b.voteFault(ctx, s, p.net, poll, r.Sender)
	if err != nil {
		return err
	}
	if fault == "" && post.Key != pollKey(p.net, poll) {
		fault = "vote_moved"
	}
	if fault != "" {
		return b.quietly(ctx, s, r.EventMeta, r.Sender, p.net.Language, fault, view)
	}
	choices, spoilt, cut := chosen(poll, r.Answers)
	stored, err := s.tx.StoreVote(ctx, p.net.ID, meeting.Vote{Voter: poll.Voter(r.Sender), Ballot: poll.Ballot(r.ID), Order: r.Order, Choices: choices})
	view.Chosen = asWords(choices)
	switch {
	case err != nil:
		return err
	case stored && spoilt:
		return b.quietly(ctx, s, r.EventMeta, r.Sender, p.net.Language, "vote_spoilt", view)
	case stored && cut:
		return b.quietly(ctx, s, r.EventMeta, r.Sender, p.net.Language, "vote_cut", view)
	}
	return s.tx.VanishEvent(ctx, r.ID)
}

func asWords(numbers []int) (words []string) {
	for _, n := range numbers {
		words = append(words, strconv.Itoa(n))
	}
	return words
}

// chosen reads the answers to a poll as MSC3381 wants it: more than the most
// are cut off, and one that the poll does not have spoils the vote.
func chosen(poll *meeting.Poll, answers []string) (choices []int, spoilt, cut bool) {
	for _, id := range answers {
		n, err := strconv.Atoi(strings.TrimPrefix(id, "a"))
		a := poll.Find(n)
		if err != nil || a == nil || a.Dropped || optionID(n) != id {
			return nil, true, false
		}
		if slices.Contains(choices, n) {
			continue
		}
		if len(choices) == meeting.MaxChoices {
			return choices, false, true
		}
		choices = append(choices, n)
	}
	return choices, false, false
}

// voteFault names the text that says why the person cannot vote in the poll
// now; empty if they can.
func (b *Bot) voteFault(ctx context.Context, s *scene, net *meeting.Network, poll *meeting.Poll, user meeting.UserID) (string, error) {
	voters, err := b.voters(ctx, s, net)
	switch {
	case err != nil:
		return "", err
	case !slices.Contains(voters, user):
		return "vote_not_member", nil
	case poll.State != meeting.PollOpen:
		return "vote_late", nil
	}
	return "", nil
}

// cmdVote takes in a vote written as a message, "[network] 1 3". One that was
// written in the room counts, but its sender is told who could read it.
func (b *Bot) cmdVote(ctx context.Context, s *scene, c *call) error {
	if done, err := s.tx.Vanished(ctx, c.msg.ID); err != nil || done {
		return err
	}
	net, poll, args, err := b.pollFor(ctx, s, c)
	if err != nil || poll == nil {
		return err
	}
	if args == "" {
		return b.howToVote(ctx, s, c, net, poll)
	}
	return b.vote(ctx, s, c, net, poll, args)
}

// vote takes in a vote in words. What is not understood changes nothing.
func (b *Bot) vote(ctx context.Context, s *scene, c *call, net *meeting.Network, poll *meeting.Poll, args string) error {
	view := render.VoteView{Network: net.Name, Max: meeting.MaxChoices, InRoom: c.net != nil}
	name, err := b.voteFault(ctx, s, net, poll, c.msg.Sender)
	if err != nil {
		return err
	}
	var choices []int
	if name == "" {
		choices, name = parseVote(poll, args, &view)
	}
	if name != "" {
		return b.quietly(ctx, s, c.msg.EventMeta, c.msg.Sender, net.Language, name, view)
	}
	ballot := c.msg.ID
	if c.msg.Replaces != "" {
		ballot = c.msg.Replaces
	}
	if len(choices) == 0 {
		if _, err := s.tx.DeleteVote(ctx, net.ID, poll.Voter(c.msg.Sender)); err != nil {
			return err
		}
		return b.quietly(ctx, s, c.msg.EventMeta, c.msg.Sender, net.Language, "vote_withdrawn", view)
	}
	stored, err := s.tx.StoreVote(ctx, net.ID, meeting.Vote{Voter: poll.Voter(c.msg.Sender), Ballot: poll.Ballot(ballot), Order: c.msg.Order, Choices: choices})
	if err != nil {
		return err
	}
	if !stored {
		return s.tx.VanishEvent(ctx, c.msg.ID)
	}
	view.Chosen = asWords(choices)
	return b.quietly(ctx, s, c.msg.EventMeta, c.msg.Sender, net.Language, "vote_taken", view)
}

// fillers are words between the numbers of a vote, folded.
var fillers = []string{"och", "and", "nr", "nummer", "number", "no", "pa", "on", "for", "omrade", "omraden", "area", "areas", "alternativ", "jag", "rostar"}

// numerals are the first numbers in words, folded, each in both languages.
var numerals = []string{"ett", "one", "tva", "two", "tre", "three", "fyra", "four", "fem", "five", "sex", "six", "sju", "seven", "atta", "eight", "nio", "nine", "tio", "ten"}

// none are words for no vote at all, folded.
var none = []string{"ingen", "inget", "inga", "none", "nothing", "blankt", "blank", "0", "bort"}

// parseVote reads the numbers of a vote; none of them for taking it back. The
// name is the text that says what is wrong.
func parseVote(poll *meeting.Poll, text string, view *render.VoteView) (choices []int, name string) {
	words := strings.FieldsFunc(render.Fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for _, w := range words {
		if slices.Contains(fillers, w) {
			continue
		}
		if len(words) == 1 && slices.Contains(none, w) {
			return nil, ""
		}
		n, err := strconv.Atoi(w)
		if at := slices.Index(numerals, w); at >= 0 {
			n, err = at/2+1, nil
		}
		if err != nil {
			view.Word = clip(w)
			return nil, "vote_form"
		}
		if a := poll.Find(n); a == nil || a.Dropped {
			view.Word = clip(w)
			return nil, "vote_unknown"
		}
		if !slices.Contains(choices, n) {
			choices = append(choices, n)
		}
	}
	switch {
	case len(choices) == 0:
		return nil, "vote_form"
	case len(choices) > meeting.MaxChoices:
		return nil, "vote_too_many"
	}
	slices.Sort(choices)
	return choices, ""
}

// pollFor finds the poll that a vote is for and returns what follows its
// network's name, or answers what is wrong.
func (b *Bot) pollFor(ctx context.Context, s *scene, c *call) (*meeting.Network, *meeting.Poll, string, error) {
	nets := []*meeting.Network{c.net}
	args := c.args
	if c.net == nil {
		var err error
		if nets, err = b.networksOf(ctx, s, c.msg.Sender); err != nil {
			return nil, nil, "", err
		}
		if named, rest := s.findNetwork(c.args); named != nil {
			nets, args = slices.DeleteFunc(nets, func(n *meeting.Network) bool { return n.ID != named.ID }), rest
		}
	}
	var net *meeting.Network
	var poll *meeting.Poll
	var names []string
	closed := false
	for _, n := range nets {
		p, err := s.tx.Poll(ctx, n.ID)
		switch {
		case err != nil:
			return nil, nil, "", err
		case p != nil && p.State == meeting.PollOpen:
			net, poll, names = n, p, append(names, n.Name)
		case p != nil && p.State == meeting.PollClosed:
			closed = true
		}
	}
	lang := c.lang
	if len(nets) > 0 {
		lang = nets[0].Language
	}
	switch {
	case len(names) == 1:
		return net, poll, args, nil
	case len(names) > 1:
		return nil, nil, "", b.quietly(ctx, s, c.msg.EventMeta, c.msg.Sender, lang, "vote_which", render.Problem{Names: names})
	case len(nets) == 0:
		return nil, nil, "", b.quietly(ctx, s, c.msg.EventMeta, c.msg.Sender, lang, "vote_not_member", render.VoteView{})
	case closed:
		return nil, nil, "", b.quietly(ctx, s, c.msg.EventMeta, c.msg.Sender, lang, "vote_late", render.VoteView{Network: nets[0].Name})
	}
	return nil, nil, "", b.quietly(ctx, s, c.msg.EventMeta, c.msg.Sender, lang, "vote_nothing", nil)
}

// howToVote shows what there is to choose from.
func (b *Bot) howToVote(ctx context.Context, s *scene, c *call, net *meeting.Network, poll *meeting.Poll) error {
	view, err := b.areasView(ctx, s, net, poll)
	if err != nil {
		return err
	}
	c.lang = net.Language
	return b.answerWith(ctx, s, c, meeting.Post{Key: prioritiesKey(net) + "answer/" + string(c.msg.ID)}, "vote_how", view)
}

// ballotOf finds the open poll, of the room's network or of those that the
// direct room's owner is in, that the event brought a vote to, and the vote.
func (b *Bot) ballotOf(ctx context.Context, s *scene, p place, id meeting.EventID) (*meeting.Network, *meeting.Poll, *meeting.Vote, error) {
	var nets []*meeting.Network
	switch {
	case p.net != nil:
		nets = append(nets, p.net)
	case p.direct != "":
		var err error
		if nets, err = b.networksOf(ctx, s, p.direct); err != nil {
			return nil, nil, nil, err
		}
	}
	for _, net := range nets {
		poll, err := s.tx.Poll(ctx, net.ID)
		if err != nil {
			return nil, nil, nil, err
		}
		if poll == nil || poll.State != meeting.PollOpen {
			continue
		}
		votes, err := s.tx.Votes(ctx, net.ID)
		if err != nil {
			return nil, nil, nil, err
		}
		ballot := string(poll.Ballot(id))
		for i := range votes {
			if string(votes[i].Ballot) == ballot {
				return net, poll, &votes[i], nil
			}
		}
	}
	return nil, nil, nil, nil
}

// voteRedacted takes in that a message with a vote was removed: the vote goes,
// and its voter is told.
func (b *Bot) voteRedacted(ctx context.Context, s *scene, p place, r meeting.Redaction) error {
	net, poll, vote, err := b.ballotOf(ctx, s, p, r.Target)
	if err != nil || vote == nil {
		return err
	}
	if _, err := s.tx.DeleteVote(ctx, net.ID, vote.Voter); err != nil {
		return err
	}
	voters, err := b.voters(ctx, s, net)
	if err != nil || len(vote.Choices) == 0 {
		return err
	}
	for _, u := range voters {
		if string(poll.Voter(u)) == string(vote.Voter) {
			return b.quietly(ctx, s, r.EventMeta, u, net.Language, "vote_withdrawn", render.VoteView{Network: net.Name, Max: meeting.MaxChoices, Removed: true})
		}
	}
	return nil
}

// voteEdited takes in that somebody changed the message with their vote, and
// reports whether it was one.
func (b *Bot) voteEdited(ctx context.Context, s *scene, p place, m meeting.Message) (bool, error) {
	net, poll, vote, err := b.ballotOf(ctx, s, p, m.Replaces)
	if err != nil || vote == nil || string(poll.Voter(m.Sender)) != string(vote.Voter) {
		return false, err
	}
	name, args, _ := b.parse(p, m)
	if cmd, rest := lookup(name, args); cmd == nil || cmd.name != "vote" {
		args = m.Body
	} else if args = rest; p.net == nil {
		if named, after := s.findNetwork(rest); named != nil {
			args = after
		}
	}
	return true, b.vote(ctx, s, &call{place: p, msg: m, lang: net.Language}, net, poll, args)
}

// myVotes are the votes that a person has in open polls.
func (b *Bot) myVotes(ctx context.Context, s *scene, user meeting.UserID) ([]render.MyVote, error) {
	open, err := s.tx.OpenPolls(ctx)
	if err != nil {
		return nil, err
	}
	var out []render.MyVote
	for _, id := range open {
		net, err := s.network(ctx, id)
		if err != nil {
			return nil, err
		}
		poll, err := s.tx.Poll(ctx, id)
		if err != nil || net == nil || poll == nil {
			return out, err
		}
		votes, err := s.tx.Votes(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, v := range votes {
			if string(v.Voter) == string(poll.Voter(user)) && len(v.Choices) > 0 {
				out = append(out, render.MyVote{Network: net.Name, Chosen: asWords(v.Choices)})
			}
		}
	}
	return out, nil
}

package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"blnbot/internal/failpoint"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

func pollKey(net *meeting.Network, poll *meeting.Poll) string {
	return fmt.Sprintf("%spoll/%d", prioritiesKey(net), poll.Round)
}

func resultKey(net *meeting.Network, poll *meeting.Poll) string {
	return fmt.Sprintf("%sresult/%d", prioritiesKey(net), poll.Round)
}

// saltLength is the length of a salt, in bytes.
const saltLength = 32

func newSalt() ([]byte, error) {
	salt := make([]byte, saltLength)
	if _, err := rand.Read(salt); err != nil {
		return nil, fmt.Errorf("make a salt: %w", err)
	}
	return salt, nil
}

// pollStart opens the poll over the list as it is.
func (b *Bot) pollStart(ctx context.Context, s *scene, c *call, poll *meeting.Poll) error {
	if ok, err := b.changeable(ctx, s, c, poll); err != nil || !ok {
		return err
	}
	if len(poll.Areas) < meeting.MinAreas {
		return b.answer(ctx, s, c, "priorities_few", render.Problem{Max: meeting.MinAreas})
	}
	if one, other := twins(poll); other != 0 {
		return b.answer(ctx, s, c, "priorities_twins", render.TwoAreas{One: one, Other: other})
	}
	voters, err := b.voters(ctx, s, c.net)
	if err != nil {
		return err
	}
	if len(voters) < meeting.MinVoters {
		return b.answer(ctx, s, c, "poll_too_few", render.Problem{Number: len(voters), Max: meeting.MinVoters})
	}
	for i := range poll.Areas {
		poll.Areas[i].Number = i + 1
	}
	if poll.Salt, err = newSalt(); err != nil {
		return err
	}
	poll.State, poll.Last, poll.Opened = meeting.PollOpen, len(poll.Areas), s.now
	return b.postPoll(ctx, s, c.net, poll)
}

// twins finds two areas that say the same; zeros if there are none.
func twins(poll *meeting.Poll) (one, other int) {
	seen := map[string]int{}
	for _, a := range poll.Areas {
		text := render.Fold(a.Text)
		if seen[text] != 0 {
			return seen[text], a.Number
		}
		seen[text] = a.Number
	}
	return 0, 0
}

// voters are those who may vote: the members of the room, leaders included. Of
// staff only those who lead the network.
func (b *Bot) voters(ctx context.Context, s *scene, net *meeting.Network) ([]meeting.UserID, error) {
	room, err := s.roomOf(ctx, net)
	if err != nil {
		return nil, err
	}
	members, err := s.tx.Members(ctx, room)
	var out []meeting.UserID
	for _, m := range members {
		if m.Joined() && m.User != b.self && (!s.isStaff(m.User) || net.Leads(m.User)) {
			out = append(out, m.User)
		}
	}
	return out, err
}

// postPoll posts an open poll: the list with how to vote, then the poll itself
// for clients that show polls.
func (b *Bot) postPoll(ctx context.Context, s *scene, net *meeting.Network, poll *meeting.Poll) error {
	poll.Round++
	if err := s.tx.StorePoll(ctx, poll); err != nil {
		return err
	}
	view, err := b.areasView(ctx, s, net, poll)
	if err != nil {
		return err
	}
	key := fmt.Sprintf("%sopen/%d", prioritiesKey(net), poll.Round)
	if err := b.tell(ctx, s, net, meeting.Post{Key: key, Kind: meeting.PostText, Fresh: true}, "poll_open", view); err != nil {
		return err
	}
	failpoint.At("polling")
	question, err := b.texts.Text(net.Language, "poll_question", view)
	if err != nil {
		return err
	}
	form := &meeting.PollForm{Question: question, Max: meeting.MaxChoices}
	for _, a := range poll.Areas {
		if !a.Dropped {
			form.Options = append(form.Options, meeting.PollOption{ID: optionID(a.Number), Text: a.Text})
		}
	}
	if len(form.Options) == 0 {
		return nil // every text was removed; the leader is told
	}
	return b.tell(ctx, s, net, meeting.Post{Key: pollKey(net, poll), Kind: meeting.PostPoll, Form: form}, "poll_plain", view)
}

func optionID(number int) string { return fmt.Sprintf("a%d", number) }

// counted is what the votes add up to.
type counted struct {
	voters, members int
	votes           map[int]int // by area
}

// count counts the votes of those who may still vote.
func (b *Bot) count(ctx context.Context, s *scene, net *meeting.Network, poll *meeting.Poll) (counted, error) {
	out := counted{votes: map[int]int{}}
	voters, err := b.voters(ctx, s, net)
	if err != nil {
		return out, err
	}
	votes, err := s.tx.Votes(ctx, net.ID)
	if err != nil {
		return out, err
	}
	may := map[string]bool{}
	for _, u := range voters {
		may[string(poll.Voter(u))] = true
	}
	out.members = len(voters)
	for _, v := range votes {
		voted := false
		for _, n := range v.Choices {
			if a := poll.Find(n); a != nil && !a.Dropped && may[string(v.Voter)] {
				out.votes[n]++
				voted = true
			}
		}
		if voted {
			out.voters++
		}
	}
	return out, nil
}

// pollClose closes the poll at the leader's word. With too few votes for counts
// it asks first.
func (b *Bot) pollClose(ctx context.Context, s *scene, c *call, poll *meeting.Poll) error {
	if poll.State != meeting.PollOpen {
		return b.answer(ctx, s, c, "poll_not_open", render.Areas{State: poll.State})
	}
	n, err := b.count(ctx, s, c.net, poll)
	if err != nil {
		return err
	}
	word := render.Fold(c.args)
	anyway := word == "anda" || word == "anyway"
	if n.voters < meeting.MinVoters && !anyway {
		return b.answer(ctx, s, c, "poll_few", render.Problem{Number: n.voters, Max: meeting.MinVoters})
	}
	return b.closePoll(ctx, s, c.net, poll)
}

// closePoll counts the votes, deletes them, and shows the result. With too few
// votes nothing is counted.
func (b *Bot) closePoll(ctx context.Context, s *scene, net *meeting.Network, poll *meeting.Poll) error {
	n, err := b.count(ctx, s, net, poll)
	if err != nil {
		return err
	}
	ended := pollKey(net, poll)
	poll.State, poll.Closed, poll.Salt = meeting.PollClosed, s.now, nil
	poll.Voters, poll.Members, poll.Few = n.voters, n.members, n.voters < meeting.MinVoters
	for i := range poll.Areas {
		a := &poll.Areas[i]
		if a.Votes = n.votes[a.Number]; poll.Few {
			a.Votes = 0
		}
	}
	if err := errors.Join(s.tx.DeleteVotes(ctx, net.ID), s.noteErased(ctx, meeting.ErasedVotes, net.ID)); err != nil {
		return err
	}
	if err := b.endInRoom(ctx, s, net, ended); err != nil {
		return err
	}
	return b.postResult(ctx, s, net, poll)
}

// endInRoom ends the poll in people's clients.
func (b *Bot) endInRoom(ctx context.Context, s *scene, net *meeting.Network, key string) error {
	post, err := s.tx.Post(ctx, key)
	if err != nil || post == nil || post.State != meeting.PostSent && post.State != meeting.PostPending {
		return err
	}
	text, err := b.texts.Text(net.Language, "poll_ended", nil)
	if err != nil {
		return err
	}
	_, err = s.tx.StorePost(ctx, meeting.Post{Key: "pollend/" + key, Room: post.Room, Kind: meeting.PostPollEnd, Target: meeting.Ref{Key: key},
		Markdown: text}, s.now)
	return err
}

func (b *Bot) postResult(ctx context.Context, s *scene, net *meeting.Network, poll *meeting.Poll) error {
	poll.Round++
	if err := s.tx.StorePoll(ctx, poll); err != nil {
		return err
	}
	view, err := b.areasView(ctx, s, net, poll)
	if err != nil {
		return err
	}
	return b.tell(ctx, s, net, meeting.Post{Key: resultKey(net, poll), Kind: meeting.PostText, Mentions: s.leaders(net)}, "priorities_result", view)
}

// pollAtClosing closes an open poll with its meeting. If the meeting was there
// for one and there was none, the leaders are told.
func (b *Bot) pollAtClosing(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting) error {
	poll, err := s.tx.Poll(ctx, net.ID)
	switch {
	case err != nil:
		return err
	case poll != nil && poll.State == meeting.PollOpen:
		return b.closePoll(ctx, s, net, poll)
	case m.Kind != meeting.KindPriorities || poll != nil && poll.State == meeting.PollClosed:
		return nil
	}
	for _, l := range s.leaders(net) {
		key := fmt.Sprintf("priorities-unbegun/%s/%d/%s", net.ID, m.Number, l)
		if err := b.tellDirectly(ctx, s, l, key, net.Language, "priorities_unbegun", render.Problem{Network: net.Name, Number: m.Number}); err != nil {
			return err
		}
	}
	return nil
}

// pollEnd takes in that somebody ended a poll in their client, which only
// leaders can do to the bot's poll.
func (b *Bot) pollEnd(ctx context.Context, s *scene, p place, ev meeting.PollEnd) error {
	if p.net == nil || !p.net.Leads(ev.Sender) {
		return nil
	}
	post, err := s.postActedOn(ctx, ev.EventMeta, ev.Target)
	if err != nil || post == nil {
		return err
	}
	poll, err := s.tx.Poll(ctx, p.net.ID)
	if err != nil || poll == nil || poll.State != meeting.PollOpen || post.Key != pollKey(p.net, poll) {
		return err
	}
	return b.closePoll(ctx, s, p.net, poll)
}

// pollRestart begins anew, after a confirming answer: with a new proposal, or
// with the old list once there was a result.
func (b *Bot) pollRestart(ctx context.Context, s *scene, c *call, poll *meeting.Poll) error {
	if poll.State == meeting.PollOpen {
		return b.answer(ctx, s, c, "priorities_fixed", render.Areas{State: poll.State})
	}
	if answers[render.Fold(strings.TrimSpace(c.args))] != meeting.AnswerYes {
		return b.answer(ctx, s, c, "priorities_restart", render.Areas{State: poll.State})
	}
	if poll.State == meeting.PollProposed {
		poll, err := b.propose(ctx, s, c.net)
		if err != nil || poll == nil {
			return err
		}
		return b.postProposal(ctx, s, c.net, poll, meeting.Post{Kind: meeting.PostText, ReplyTo: meeting.Ref{Event: c.msg.ID}})
	}
	for _, prefix := range []string{"result/", "shared/", "answer/"} {
		posted, err := s.tx.PostsWithPrefix(ctx, prioritiesKey(c.net)+prefix)
		if err != nil {
			return err
		}
		for _, p := range posted {
			if err := b.removePost(ctx, s, p); err != nil {
				return err
			}
		}
	}
	if !poll.Shared.IsZero() {
		s.touch(c.net, true)
	}
	var kept []meeting.Priority
	for _, a := range poll.Areas {
		if !a.Dropped {
			a.Votes = 0
			kept = append(kept, a)
		}
	}
	*poll = meeting.Poll{Network: poll.Network, Meeting: poll.Meeting, State: meeting.PollProposed, Areas: kept, Last: poll.Last, Round: poll.Round}
	return b.postProposal(ctx, s, c.net, poll, meeting.Post{Kind: meeting.PostText, ReplyTo: meeting.Ref{Event: c.msg.ID}})
}

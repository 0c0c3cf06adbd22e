package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"blnbot/internal/digest"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// cmdShareResult lets the result leave the network's room.
func (b *Bot) cmdShareResult(ctx context.Context, s *scene, c *call, poll *meeting.Poll) error {
	switch {
	case poll.State != meeting.PollClosed:
		return b.answer(ctx, s, c, "priorities_not_ready", nil)
	case !poll.Shared.IsZero():
		return b.answer(ctx, s, c, "priorities_shared_before", nil)
	}
	return b.shareResult(ctx, s, c.net, poll, c.msg.Sender)
}

// approveResult takes in a leader's ✅ on a post that shows areas, and reports
// whether it was on one.
func (b *Bot) approveResult(ctx context.Context, s *scene, net *meeting.Network, post *meeting.PostRecord, by meeting.UserID) (bool, error) {
	if !strings.HasPrefix(post.Key, prioritiesKey(net)) {
		return false, nil
	}
	poll, err := s.tx.Poll(ctx, net.ID)
	if err != nil || poll == nil || poll.State != meeting.PollClosed || !poll.Shared.IsZero() {
		return true, err
	}
	base, _, _ := strings.Cut(post.Key, "~")
	if base != resultKey(net, poll) && !strings.HasPrefix(base, resultKey(net, poll)+"/") {
		return true, nil
	}
	return true, b.shareResult(ctx, s, net, poll, by)
}

func (b *Bot) shareResult(ctx context.Context, s *scene, net *meeting.Network, poll *meeting.Poll, by meeting.UserID) error {
	s.touch(net, false)
	poll.Shared, poll.By = s.now, by
	if err := b.postShared(ctx, s, net, poll); err != nil {
		return err
	}
	return b.tell(ctx, s, net, meeting.Post{Key: fmt.Sprintf("priorities-told/%s/%d", net.ID, poll.Round)}, "priorities_shared_now", nil)
}

// postShared posts the result in its round's thread in the coordination room.
// Names are hidden once more: somebody may have joined since.
func (b *Bot) postShared(ctx context.Context, s *scene, net *meeting.Network, poll *meeting.Poll) error {
	mask, err := b.masker(ctx, s, net)
	if err != nil {
		return err
	}
	for i := range poll.Areas {
		poll.Areas[i].Text = mask(poll.Areas[i].Text)
	}
	poll.Round++
	if err := s.tx.StorePoll(ctx, poll); err != nil {
		return err
	}
	view, err := b.areasView(ctx, s, net, poll)
	if err != nil {
		return err
	}
	m, err := s.tx.MeetingByID(ctx, poll.Meeting)
	if err != nil || m == nil {
		return err
	}
	room, err := s.tx.BoundRoom(ctx, coordination)
	if err != nil || room == "" {
		return err
	}
	return b.say(ctx, s, meeting.Post{Key: fmt.Sprintf("%sshared/%d", prioritiesKey(net), poll.Round), Room: room, Kind: meeting.PostText, Fresh: true,
		Thread: meeting.Ref{Key: roundKey(m.Programme, m.Number)}}, net.Language, "priorities_shared", view)
}

// withdrawFromPriorities takes a removed or changed entry out of the network's
// areas: the link to it if it is removed, and texts that quote what it no longer
// says. What was posted with such a text is taken down and posted anew.
func (b *Bot) withdrawFromPriorities(ctx context.Context, s *scene, net *meeting.Network, g gone) error {
	poll, err := s.tx.Poll(ctx, net.ID)
	if err != nil || poll == nil {
		return err
	}
	mask, err := b.masker(ctx, s, net)
	if err != nil {
		return err
	}
	g = g.masked(mask)
	lost, linked := false, false
	for i := range poll.Areas {
		a := &poll.Areas[i]
		quoted := g.quotedIn(a)
		if g.still == "" {
			linked = linked || slices.Contains(a.Entries, g.id)
			a.Entries = slices.DeleteFunc(a.Entries, func(e meeting.EventID) bool { return e == g.id })
		}
		if !quoted || a.Dropped {
			continue
		}
		lost, a.Text, a.Dropped = true, "", true
		if poll.State != meeting.PollProposed {
			continue // people have voted on those words, not on others
		}
		if a.Text, err = b.otherWords(ctx, s, net, a, g); err != nil {
			return err
		}
		a.Edited = false
		a.Dropped = a.Text == ""
	}
	if poll.State == meeting.PollProposed {
		poll.Areas = slices.DeleteFunc(poll.Areas, func(a meeting.Priority) bool { return a.Dropped })
	}
	switch {
	case lost && g.still != "" && poll.State == meeting.PollProposed:
		return b.replacePriorities(ctx, s, net, poll) // the areas follow the edit
	case lost:
		return b.losePriorities(ctx, s, net, poll)
	case linked:
		return s.tx.StorePoll(ctx, poll)
	}
	return nil
}

// losePriorities says that areas have lost their text, and posts what is left.
func (b *Bot) losePriorities(ctx context.Context, s *scene, net *meeting.Network, poll *meeting.Poll) error {
	notice := meeting.Post{Key: fmt.Sprintf("priorities-replaced/%s/%d", net.ID, poll.Round), Kind: meeting.PostText, Mentions: s.leaders(net)}
	if err := b.tell(ctx, s, net, notice, "priorities_replaced", render.Areas{State: poll.State, Gone: goneAreas(poll)}); err != nil {
		return err
	}
	return b.replacePriorities(ctx, s, net, poll)
}

// quotedIn reports whether an area quotes what the message no longer says.
func (g gone) quotedIn(a *meeting.Priority) bool {
	own := !a.Edited && len(a.Entries) > 0 && a.Entries[0] == g.id
	if own && g.still == "" {
		return true
	}
	linked := slices.Contains(a.Entries, g.id)
	return slices.ContainsFunc(g.texts, func(w wording) bool {
		text := w.text
		if !linked && w.follows(a.Written) {
			return false
		}
		if g.still != "" && a.Edited {
			return repeatsSentence(a.Text, text, g.still) // a few words in common are the leader's
		}
		return repeatsArea(a.Text, text, g.still) || own && says(text, a.Text) && !says(g.still, a.Text)
	})
}

// repeatsArea reports whether an area's text repeats a sentence, or is a
// shortened form of one, that is not in what still stands.
func repeatsArea(area, text, still string) bool {
	if area == "" || text == "" {
		return false
	}
	short := strings.TrimSpace(strings.TrimSuffix(area, "…"))
	return repeatsSentence(area, text, still) || len([]rune(short)) >= shortest && says(text, short) && !says(still, short)
}

// otherWords finds words for an area in the entries that it still comes from;
// empty if there are none.
func (b *Bot) otherWords(ctx context.Context, s *scene, net *meeting.Network, a *meeting.Priority, g gone) (string, error) {
	mask, err := b.masker(ctx, s, net)
	if err != nil {
		return "", err
	}
	for i, id := range a.Entries {
		e, err := s.tx.Entry(ctx, id, net.Leads)
		if err != nil {
			return "", err
		}
		if e == nil || e.State != meeting.EntryActive {
			continue
		}
		text, ok := digest.Best(*e, digest.Options{Language: net.Language, MaxLength: longestArea})
		for _, removed := range g.texts {
			ok = ok && !repeatsArea(text, removed.text, g.still)
		}
		if ok {
			a.Entries[0], a.Entries[i] = a.Entries[i], a.Entries[0]
			return asArea(net, text, mask), nil
		}
	}
	return "", nil
}

// replacePriorities takes down everything that shows the areas, and posts what
// is to be seen now.
func (b *Bot) replacePriorities(ctx context.Context, s *scene, net *meeting.Network, poll *meeting.Poll) error {
	s.touch(net, true)
	posted, err := s.tx.PostsWithPrefix(ctx, prioritiesKey(net))
	if err != nil {
		return err
	}
	for _, p := range posted {
		if err := b.removePost(ctx, s, p); err != nil {
			return err
		}
	}
	switch poll.State {
	case meeting.PollProposed:
		return b.postProposal(ctx, s, net, poll, meeting.Post{Kind: meeting.PostNotice})
	case meeting.PollOpen:
		return b.postPoll(ctx, s, net, poll)
	}
	if err := b.postResult(ctx, s, net, poll); err != nil || poll.Shared.IsZero() {
		return err
	}
	return b.postShared(ctx, s, net, poll)
}

// pollAnew posts an open poll in the room that replaces the one it was in.
func (b *Bot) pollAnew(ctx context.Context, s *scene, net *meeting.Network) error {
	poll, err := s.tx.Poll(ctx, net.ID)
	if err != nil || poll == nil || poll.State != meeting.PollOpen {
		return err
	}
	return b.postPoll(ctx, s, net, poll)
}

// forgetVotes deletes a person's votes in open polls, and that they were asked
// what they think of the programme.
func (b *Bot) forgetVotes(ctx context.Context, s *scene, user meeting.UserID) error {
	polls, err := s.tx.OpenPolls(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range polls {
		errs = append(errs, b.dropVote(ctx, s, id, user))
	}
	asked, err := s.tx.Evaluations(ctx)
	errs = append(errs, err)
	for _, id := range asked {
		e, err := s.tx.Evaluation(ctx, id)
		if err != nil {
			return err
		}
		errs = append(errs, s.tx.DeleteAsked(ctx, id, e.Person(user)))
	}
	return errors.Join(errs...)
}

// dropVote deletes a person's vote in the network, if there is one.
func (b *Bot) dropVote(ctx context.Context, s *scene, network string, user meeting.UserID) error {
	poll, err := s.tx.Poll(ctx, network)
	if err != nil || poll == nil || poll.State != meeting.PollOpen {
		return err
	}
	_, err = s.tx.DeleteVote(ctx, network, poll.Voter(user))
	return err
}

package bot

import (
	"context"
	"fmt"
	"slices"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// keycaps are the reactions with which a leader answers a question for a
// number, in normal form.
var keycaps = []string{"1\u20e3", "2\u20e3", "3\u20e3", "4\u20e3", "5\u20e3", "6\u20e3", "7\u20e3", "8\u20e3", "9\u20e3"}

// reaction takes in an emoji. Those that steer the bot are stored, also when
// what they are on is not known yet.
func (b *Bot) reaction(ctx context.Context, s *scene, p place, r meeting.Reaction) error {
	if p.coord && r.Sender != b.self {
		return b.signByReaction(ctx, s, r)
	}
	if p.net == nil || r.Sender == b.self {
		return nil
	}
	if gone, err := s.tx.Redacted(ctx, r.ID); err != nil || gone {
		return err
	}
	emoji := meeting.NormalEmoji(r.Key)
	leader := p.net.Leads(r.Sender)
	_, mark := meeting.MarkOf(emoji)
	if n := slices.Index(keycaps, emoji); n >= 0 {
		return b.answerPrompt(ctx, s, p, r, n+1, leader)
	}
	switch {
	case emoji == meeting.EmojiApprove && leader:
		return b.approveByReaction(ctx, s, p, r)
	case emoji == meeting.EmojiSupport, emoji == meeting.EmojiLeaveOut, mark && leader, emoji == meeting.EmojiReceipt && leader:
		if err := s.tx.StoreReaction(ctx, r); err != nil {
			return err
		}
	default:
		return nil
	}
	e, err := s.tx.Entry(ctx, r.Target, p.net.Leads)
	if err != nil {
		return err
	}
	switch {
	case emoji == meeting.EmojiReceipt && (e == nil || e.Source == meeting.SourceMarked):
		return b.takeIn(ctx, s, p, r)
	case e == nil:
		return nil
	case emoji == meeting.EmojiLeaveOut:
		return b.leaveOut(ctx, s, p, *e, r.Sender)
	case mark:
		m, err := s.tx.MeetingByID(ctx, e.Meeting)
		if err != nil || m == nil {
			return err
		}
		return b.addMarked(ctx, s, p.net, m, e.ID)
	}
	return nil
}

// unreact takes in that a reaction was removed.
func (b *Bot) unreact(ctx context.Context, s *scene, p place, r meeting.Reaction) error {
	e, err := s.tx.Entry(ctx, r.Target, p.net.Leads)
	if err != nil || e == nil {
		return err
	}
	switch r.Key {
	case meeting.EmojiLeaveOut:
		return b.bringBack(ctx, s, p, *e)
	case meeting.EmojiReceipt:
		if e.Source != meeting.SourceMarked || e.State != meeting.EntryActive {
			return nil
		}
		left, err := s.tx.Reactions(ctx, r.Target, meeting.EmojiReceipt)
		if err != nil || len(left) > 0 {
			return err
		}
		return b.removeEntry(ctx, s, p.net, *e, meeting.EntryExcluded)
	}
	return nil
}

// leaveOut takes an entry out of the minutes: for its author, or for a leader,
// in which case the author is told.
func (b *Bot) leaveOut(ctx context.Context, s *scene, p place, e meeting.Entry, by meeting.UserID) error {
	state := meeting.EntryWithheld
	switch {
	case by == e.Author:
	case p.net.Leads(by):
		state = meeting.EntryExcluded
	default:
		return nil
	}
	switch e.State {
	case meeting.EntryRemoved:
		return nil
	case state:
		return s.tx.StripEntry(ctx, e.ID, state) // it was on its way back
	}
	was := e.State
	if err := b.removeEntry(ctx, s, p.net, e, state); err != nil {
		return err
	}
	if state != meeting.EntryExcluded || was != meeting.EntryActive || e.Author == "" {
		return nil
	}
	m, err := s.tx.MeetingByID(ctx, e.Meeting)
	if err != nil || m == nil {
		return err
	}
	return b.tellDirectly(ctx, s, e.Author, "leftout/"+string(e.ID), p.net.Language, "left_out",
		render.Problem{Network: p.net.Name, Number: m.Number})
}

// bringBack has an entry fetched again when no 🚫 that counts is left on it.
func (b *Bot) bringBack(ctx context.Context, s *scene, p place, e meeting.Entry) error {
	if e.State != meeting.EntryWithheld && e.State != meeting.EntryExcluded {
		return nil
	}
	state, err := b.stateByReactions(ctx, s, p.net, e.ID, e.Author)
	if err != nil || state != meeting.EntryActive {
		return err
	}
	return s.fetch(ctx, p.room, e.ID)
}

// fetch has a message and its edits fetched again.
func (s *scene) fetch(ctx context.Context, room meeting.RoomID, id meeting.EventID) error {
	if err := s.fetchEdits(ctx, room, id); err != nil {
		return err
	}
	_, err := s.tx.FetchEvent(ctx, room, id, s.now)
	return err
}

// takeIn takes a loose message into the minutes because a leader marked it with
// 📝. With several prompts the leader is asked which one.
func (b *Bot) takeIn(ctx context.Context, s *scene, p place, r meeting.Reaction) error {
	if post, err := s.tx.PostByEvent(ctx, r.Target); err != nil || post != nil {
		return err // the bot's own messages are not entries
	}
	open, err := b.collecting(ctx, s, p.net)
	if err != nil {
		return err
	}
	if open == nil {
		return b.tell(ctx, s, p.net, meeting.Post{Key: "nowhere/" + string(r.Target), ReplyTo: meeting.Ref{Event: r.Target}}, "mark_nowhere", nil)
	}
	if len(open.Prompts) == 1 {
		return b.want(ctx, s, p, r.Target, open, 1)
	}
	if e, err := s.tx.Entry(ctx, r.Target, p.net.Leads); err != nil {
		return err
	} else if e != nil && e.Meeting == open.ID {
		return b.want(ctx, s, p, r.Target, open, e.Prompt)
	}
	var choices []string
	for i := range open.Prompts {
		choices = append(choices, fmt.Sprintf("%d\ufe0f\u20e3", i+1))
	}
	return b.tell(ctx, s, p.net, meeting.Post{Key: "which/" + string(r.Target), ReplyTo: meeting.Ref{Event: r.Target}, About: r.Target},
		"which_prompt", render.Problem{Names: choices})
}

// answerPrompt takes in a leader's number on the question which prompt a loose
// message belongs to.
func (b *Bot) answerPrompt(ctx context.Context, s *scene, p place, r meeting.Reaction, prompt int, leader bool) error {
	if !leader {
		return nil
	}
	post, err := s.postActedOn(ctx, r.EventMeta, r.Target)
	if err != nil || post == nil || post.About == "" {
		return err
	}
	open, err := b.collecting(ctx, s, p.net)
	if err != nil || open == nil || prompt > len(open.Prompts) {
		return err
	}
	return b.want(ctx, s, p, post.About, open, prompt)
}

func (b *Bot) want(ctx context.Context, s *scene, p place, id meeting.EventID, m *meeting.Meeting, prompt int) error {
	if gone, err := s.tx.Redacted(ctx, id); err != nil || gone {
		return err
	}
	if err := s.tx.StoreWanted(ctx, id, m.ID, prompt); err != nil {
		return err
	}
	return s.fetch(ctx, p.room, id)
}

package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// spot is where a message belongs in the minutes.
type spot struct {
	meeting *meeting.Meeting
	prompt  int // 0: a comment on something about the meeting, such as a draft
	source  meeting.Source
	post    string // key of the bot's post that was answered, if any
}

// message takes in a message or an edit.
func (b *Bot) message(ctx context.Context, s *scene, p place, m meeting.Message) error {
	if m.Sender == b.self || m.Kind == meeting.MessageNotice {
		return nil
	}
	if gone, err := s.tx.Redacted(ctx, m.ID); err != nil || gone {
		return err
	}
	// It can be read now: ⚠️ has done its work, whatever the message is.
	if err := b.takeDown(ctx, s, unreadableKey(m.ID)); err != nil {
		return err
	}
	if m.Replaces != "" {
		return b.edit(ctx, s, p, m)
	}
	if done, err := b.answersFollowUp(ctx, s, p, m); err != nil || done {
		return err
	}
	if !m.Fetched && m.Kind == meeting.MessageText && p.direct != "" {
		if done, err := b.answersEvaluation(ctx, s, p, m, true); err != nil || done {
			return err
		}
	}
	if !m.Fetched && m.Kind == meeting.MessageText {
		if done, err := b.command(ctx, s, p, m); err != nil || done {
			return errors.Join(err, s.tx.DropUnreadable(ctx, m.ID))
		}
	}
	if p.direct != "" && !m.Fetched && m.Kind == meeting.MessageText {
		if done, err := b.answersEvaluation(ctx, s, p, m, false); err != nil || done {
			return err
		}
		if done, err := b.answersGuard(ctx, s, p, m); err != nil || done {
			return err
		}
		return b.answersGreeting(ctx, s, p, m)
	}
	if p.coord {
		return b.object(ctx, s, m)
	}
	if p.net == nil {
		return nil
	}
	where, err := b.locate(ctx, s, p.net, m.ID, m.Thread, m.ReplyTo)
	if err != nil {
		return err
	}
	if err := s.awaitTarget(ctx, m, where != nil); err != nil {
		return err
	}
	switch {
	case where != nil && where.prompt > 0:
		return b.collect(ctx, s, p, m, *where)
	case where != nil && strings.HasPrefix(where.post, draftPrefix):
		return b.comment(ctx, s, where)
	}
	return b.loose(ctx, s, p, m, where != nil)
}

// awaitTarget sees to it that an answer without a place finds it when the bot gets to
// know what it answers: it waits, or it is noted, to be fetched again then.
func (s *scene) awaitTarget(ctx context.Context, m meeting.Message, placed bool) error {
	if placed {
		if !m.Fetched {
			return nil
		}
		return s.tx.DeleteUnplaced(ctx, m.ID)
	}
	target := m.ReplyTo
	if m.Thread != "" {
		target = m.Thread
	}
	if target == "" || target == m.ID {
		return nil
	}
	if !m.Fetched {
		if err := s.behind(ctx, m, target); err != nil {
			return err
		}
	}
	// An answer to a post that has no meeting waits no longer.
	_, err := s.postActedOn(ctx, m.EventMeta, target)
	return err
}

// errBehind keeps a message back.
var errBehind = errors.New("what the message answers has not been handled yet")

// behind is errBehind if the message answers one that waits for another attempt
// to handle it: until that is an entry, nobody can tell where the answer belongs.
// (One that answers a message without a key never comes here, see
// waitsForAnswered.)
func (s *scene) behind(ctx context.Context, m meeting.Message, target meeting.EventID) error {
	waits, err := s.tx.Parked(ctx, m.Room, target)
	if err == nil && waits {
		err = errBehind
	}
	return err
}

// locate finds where a message belongs: it was asked for by a leader, it is in
// the thread of a prompt, or it answers a prompt, an entry, or another of the
// bot's messages about them. Nil if it is loose.
func (b *Bot) locate(ctx context.Context, s *scene, net *meeting.Network, id, thread, replyTo meeting.EventID) (*spot, error) {
	if known, err := s.tx.Entry(ctx, id, nobody); err != nil || known != nil {
		if err != nil {
			return nil, err
		}
		m, err := s.tx.MeetingByID(ctx, known.Meeting)
		return &spot{meeting: m, prompt: known.Prompt, source: known.Source}, err
	}
	wanted, prompt, err := s.tx.Wanted(ctx, id)
	if err != nil {
		return nil, err
	}
	if wanted != 0 {
		m, err := s.tx.MeetingByID(ctx, wanted)
		if err != nil {
			return nil, err
		}
		// Another network's leader may ask for it, in their room, before it comes.
		if m != nil && m.Network == net.ID {
			return &spot{meeting: m, prompt: prompt, source: meeting.SourceMarked}, nil
		}
	}
	if thread != "" {
		return b.locateTarget(ctx, s, thread, meeting.SourceThread)
	}
	if replyTo != "" {
		return b.locateTarget(ctx, s, replyTo, meeting.SourceReply)
	}
	return nil, nil
}

func (b *Bot) locateTarget(ctx context.Context, s *scene, target meeting.EventID, source meeting.Source) (*spot, error) {
	var w *spot
	var id int64
	if p, err := s.tx.PostByEvent(ctx, target); err != nil {
		return nil, err
	} else if p != nil && p.Meeting != 0 {
		w, id = &spot{prompt: p.Prompt, source: source, post: p.Key}, p.Meeting
	} else if e, err := s.tx.Entry(ctx, target, nobody); err != nil {
		return nil, err
	} else if e != nil {
		w, id = &spot{prompt: e.Prompt, source: source}, e.Meeting
	}
	if w == nil {
		return nil, nil
	}
	var err error
	w.meeting, err = s.tx.MeetingByID(ctx, id)
	return w, err
}

func nobody(meeting.UserID) bool { return false }

// collect stores a message as an entry.
func (b *Bot) collect(ctx context.Context, s *scene, p place, m meeting.Message, w spot) error {
	old, err := s.tx.Entry(ctx, m.ID, p.net.Leads)
	if err != nil {
		return err
	}
	if old != nil && (old.State == meeting.EntryActive || old.State == meeting.EntryRemoved) {
		return nil
	}
	if old == nil && !w.meeting.State.Collects() {
		key := fmt.Sprintf("toolate/%d/%d", w.meeting.ID, w.prompt)
		return b.tell(ctx, s, p.net, meeting.Post{Key: key, Thread: meeting.Ref{Event: m.Thread}, ReplyTo: meeting.Ref{Event: m.ID}}, "too_late", nil)
	}
	body, err := b.body(p.net.Language, m)
	if err != nil {
		return err
	}
	if old != nil && old.Source == meeting.SourceNote {
		body = b.noteText(p, m, old.Prompt)
		m.Sender = ""
	}
	if body, err = b.hidden(ctx, s, p.net, m.ID, body); err != nil {
		return err
	}
	e := meeting.Entry{ID: m.ID, Meeting: w.meeting.ID, Prompt: w.prompt, Author: m.Sender, Source: w.source,
		Body: body, SentAt: m.SentAt, Order: m.Order, Late: w.meeting.State != meeting.StateOpen}
	if e.State, err = b.stateByReactions(ctx, s, p.net, m.ID, m.Sender); err != nil {
		return err
	}
	if err := s.tx.DeleteWanted(ctx, m.ID); err != nil {
		return err
	}
	if err := s.storeEntry(ctx, p.room, e); err != nil {
		return err
	}
	if e.State != meeting.EntryActive {
		return s.tx.StripEntry(ctx, e.ID, e.State) // edits may have come before it
	}
	if err := b.receipt(ctx, s, p.room, m.ID); err != nil {
		return err
	}
	if err := b.takesPart(ctx, s, p.net, e.Author); err != nil {
		return err
	}
	if err := b.askSensitive(ctx, s, p.net, e); err != nil {
		return err
	}
	return b.addLate(ctx, s, p.net, w.meeting, e.ID)
}

// storeEntry stores an entry. What was answered to it before the bot knew it finds
// its place now, and what its edits said is fetched.
func (s *scene) storeEntry(ctx context.Context, room meeting.RoomID, e meeting.Entry) error {
	if err := s.tx.StoreEntry(ctx, e); err != nil {
		return err
	}
	if e.State == meeting.EntryActive {
		if err := s.fetchEdits(ctx, room, e.ID); err != nil {
			return err
		}
	}
	return s.tx.FetchAnswers(ctx, room, e.ID, s.now)
}

// body is the text of a message, with attachments noted by kind and name.
func (b *Bot) body(lang string, m meeting.Message) (string, error) {
	if m.Kind == meeting.MessageText {
		return strings.TrimSpace(m.Body), nil
	}
	note, err := b.texts.Text(lang, "attachment", render.Problem{Code: string(m.Kind), Word: strings.Join(strings.Fields(m.FileName), " ")})
	if err != nil || strings.TrimSpace(m.Body) == "" {
		return note, err
	}
	return note + "\n" + strings.TrimSpace(m.Body), nil
}

// stateByReactions is the state that 🚫 gives an entry.
func (b *Bot) stateByReactions(ctx context.Context, s *scene, net *meeting.Network, id meeting.EventID, author meeting.UserID) (meeting.EntryState, error) {
	out, err := s.tx.Reactions(ctx, id, meeting.EmojiLeaveOut)
	if err != nil {
		return "", err
	}
	state := meeting.EntryActive
	for _, r := range out {
		switch {
		case r.Sender == author:
			return meeting.EntryWithheld, nil
		case net.Leads(r.Sender):
			state = meeting.EntryExcluded
		}
	}
	return state, nil
}

// receipt shows with 📝 that an entry is in the minutes.
func (b *Bot) receipt(ctx context.Context, s *scene, room meeting.RoomID, id meeting.EventID) error {
	for n := 1; ; n++ {
		key := receiptKey(id, n)
		p, err := s.tx.Post(ctx, key)
		if err != nil {
			return err
		}
		if p == nil {
			return b.react(ctx, s, room, id, key, meeting.EmojiReceipt)
		}
		removed, err := s.tx.Post(ctx, "remove/"+key)
		if err != nil {
			return err
		}
		if removed == nil && p.State != meeting.PostCancelled {
			return nil
		}
	}
}

func receiptKey(id meeting.EventID, n int) string { return fmt.Sprintf("receipt/%s/%d", id, n) }

func unreadableKey(id meeting.EventID) string { return "unreadable/" + string(id) }

// unreceipt takes 📝 back.
func (b *Bot) unreceipt(ctx context.Context, s *scene, id meeting.EventID) error {
	for n := 1; ; n++ {
		p, err := s.tx.Post(ctx, receiptKey(id, n))
		if err != nil || p == nil {
			return err
		}
		if err := b.removePost(ctx, s, *p); err != nil {
			return err
		}
	}
}

// comment takes in an answer to something that is not a prompt: words in the
// thread of a draft hold back its automatic approval.
func (b *Bot) comment(ctx context.Context, s *scene, w *spot) error {
	sum, err := s.tx.Summary(ctx, w.meeting.ID)
	if err != nil || sum == nil || sum.State != meeting.SummaryDraft || !strings.HasPrefix(w.post, draftPrefix) {
		return err
	}
	sum.Comments++
	return s.tx.StoreSummary(ctx, sum)
}

// loose hints, once a meeting, that replies belong in the threads. A message in
// a thread of its own is talk of another kind, unless the thread is ours: then
// somebody answers the opening or the reminder in good faith.
func (b *Bot) loose(ctx context.Context, s *scene, p place, m meeting.Message, ours bool) error {
	open, err := b.openMeeting(ctx, s, p.net)
	if err != nil || open == nil || m.Fetched || m.Thread != "" && !ours || m.SentAt.Before(open.OpenedAt.Add(-clockSlack)) {
		return err
	}
	return b.tell(ctx, s, p.net, meeting.Post{Key: fmt.Sprintf("hint/%d", open.ID), Thread: meeting.Ref{Event: m.Thread},
		ReplyTo: meeting.Ref{Event: m.ID}}, "hint", nil)
}

const defaultGrace = 24 * time.Hour // outside networks, how old a command may be

// clockSlack is how far a sender's server's clock may be off.
const clockSlack = 2 * time.Minute

func (b *Bot) openMeeting(ctx context.Context, s *scene, net *meeting.Network) (*meeting.Meeting, error) {
	all, err := s.tx.Meetings(ctx, net.ID)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].State == meeting.StateOpen {
			return &all[i], nil
		}
	}
	return nil, nil
}

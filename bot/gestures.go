package bot

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"blnbot/internal/digest"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// Whoever cannot send or see reactions writes a command instead, as a reply to
// the message it is about. It is stored as the reaction would be, with the
// command's event id: deleting the command takes it back.

// fits says which entries of a thread a command can be meant for.
type fits func(meeting.Entry) bool

func active(e meeting.Entry) bool { return e.State == meeting.EntryActive }

// pointedAt finds what a command is about: the message that it answers, the one
// that its thread began with, or the only entry in the thread of a prompt that
// fits. Otherwise it says what to do, and returns no id.
func (b *Bot) pointedAt(ctx context.Context, s *scene, c *call, ok fits) (meeting.EventID, *meeting.Entry, error) {
	target := c.msg.ReplyTo
	if target == "" && c.msg.Thread != "" {
		root, err := s.tx.PostByEvent(ctx, c.msg.Thread)
		if err != nil {
			return "", nil, err
		}
		if root != nil && root.Prompt > 0 {
			return b.onlyEntry(ctx, s, c, root, ok)
		}
		target = c.msg.Thread
	}
	if target == "" {
		return "", nil, b.answer(ctx, s, c, "reply_to_it", nil)
	}
	e, err := s.tx.Entry(ctx, target, c.net.Leads)
	if err != nil {
		return "", nil, err
	}
	if e != nil && e.State == meeting.EntryRemoved {
		return "", nil, b.answer(ctx, s, c, "entry_gone", nil)
	}
	if e == nil {
		post, err := s.tx.PostByEvent(ctx, target)
		if err != nil {
			return "", nil, err
		}
		if post != nil {
			return "", nil, b.answer(ctx, s, c, "own_message", nil)
		}
	}
	return target, e, nil
}

// onlyEntry is the one entry of a prompt that fits.
func (b *Bot) onlyEntry(ctx context.Context, s *scene, c *call, root *meeting.PostRecord, ok fits) (meeting.EventID, *meeting.Entry, error) {
	entries, err := s.tx.Entries(ctx, root.Meeting, c.net.Leads)
	if err != nil {
		return "", nil, err
	}
	var found []meeting.Entry
	for _, e := range entries {
		if e.Prompt == root.Prompt && ok(e) {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		return "", nil, b.answer(ctx, s, c, "which_reply", render.Problem{Number: len(found)})
	}
	return found[0].ID, &found[0], nil
}

// asReaction does what the emoji on the target would do.
func (b *Bot) asReaction(ctx context.Context, s *scene, c *call, target meeting.EventID, emoji string) error {
	return b.reaction(ctx, s, c.place, meeting.Reaction{EventMeta: c.msg.EventMeta, Target: target, Key: emoji})
}

// cmdTake is a leader's 📝 on a loose message: "[prompt]".
func (b *Bot) cmdTake(ctx context.Context, s *scene, c *call) error {
	if offer, err := b.offerAt(ctx, s, c); err != nil || offer != nil {
		if err != nil {
			return err
		}
		return b.takeReworded(ctx, s, c.net, offer)
	}
	target, e, err := b.pointedAt(ctx, s, c, func(meeting.Entry) bool { return false })
	if err != nil || target == "" {
		return err
	}
	open, err := b.collecting(ctx, s, c.net)
	if err != nil {
		return err
	}
	if open == nil {
		return b.answer(ctx, s, c, "mark_nowhere", nil)
	}
	prompt, perr := strconv.Atoi(strings.TrimRight(c.args, ".:"))
	if perr != nil && c.args == "" {
		switch {
		case len(open.Prompts) == 1:
			prompt = 1
		case e != nil && e.Meeting == open.ID:
			prompt = e.Prompt
		}
	}
	switch {
	case e != nil && e.State == meeting.EntryActive:
		return b.answer(ctx, s, c, "take_already", render.Problem{Max: len(open.Prompts)})
	case e != nil && e.Source != meeting.SourceMarked:
		return b.stillOut(ctx, s, c, e)
	case prompt < 1 || prompt > len(open.Prompts):
		return b.answer(ctx, s, c, "take_which", render.Problem{Max: len(open.Prompts)})
	}
	if err := s.tx.StoreReaction(ctx, meeting.Reaction{EventMeta: c.msg.EventMeta, Target: target, Key: meeting.EmojiReceipt}); err != nil {
		return err
	}
	if err := b.want(ctx, s, c.place, target, open, prompt); err != nil {
		return err
	}
	return b.answer(ctx, s, c, "taken", render.Problem{Number: prompt})
}

// cmdImportant, cmdIdea and cmdAction are a leader's 📌, 💡 and ❗.
func (b *Bot) cmdImportant(ctx context.Context, s *scene, c *call) error {
	return b.mark(ctx, s, c, meeting.EmojiKey, meeting.MarkKey)
}

func (b *Bot) cmdIdea(ctx context.Context, s *scene, c *call) error {
	return b.mark(ctx, s, c, meeting.EmojiIdea, meeting.MarkIdea)
}

func (b *Bot) cmdAction(ctx context.Context, s *scene, c *call) error {
	return b.mark(ctx, s, c, meeting.EmojiAction, meeting.MarkAction)
}

func (b *Bot) mark(ctx context.Context, s *scene, c *call, emoji string, as meeting.Mark) error {
	target, e, err := b.pointedAt(ctx, s, c, active)
	if err != nil || target == "" {
		return err
	}
	if err := b.asReaction(ctx, s, c, target, emoji); err != nil {
		return err
	}
	if e == nil {
		return b.answer(ctx, s, c, "not_in_minutes", render.Problem{Code: "later"})
	}
	return b.answer(ctx, s, c, "marked", render.Problem{Code: string(as)})
}

// cmdAgree is 👍.
func (b *Bot) cmdAgree(ctx context.Context, s *scene, c *call) error {
	target, e, err := b.pointedAt(ctx, s, c, func(e meeting.Entry) bool { return active(e) && e.Author != c.msg.Sender })
	if err != nil || target == "" {
		return err
	}
	if err := b.asReaction(ctx, s, c, target, meeting.EmojiSupport); err != nil {
		return err
	}
	switch {
	case e == nil:
		return b.answer(ctx, s, c, "not_in_minutes", render.Problem{Code: "later"})
	case e.Author == c.msg.Sender:
		return b.answer(ctx, s, c, "agreed", render.Problem{Code: "own"})
	}
	return b.answer(ctx, s, c, "agreed", render.Problem{})
}

// cmdLeaveOut is 🚫, for the author or a leader.
func (b *Bot) cmdLeaveOut(ctx context.Context, s *scene, c *call) error {
	target, e, err := b.pointedAt(ctx, s, c, func(e meeting.Entry) bool {
		return active(e) && (c.leader || e.Author == c.msg.Sender)
	})
	switch {
	case err != nil || target == "":
		return err
	case e != nil && !c.leader && e.Author != c.msg.Sender:
		return b.answer(ctx, s, c, "not_yours", nil)
	}
	if err := b.asReaction(ctx, s, c, target, meeting.EmojiLeaveOut); err != nil {
		return err
	}
	if e == nil {
		return b.answer(ctx, s, c, "not_in_minutes", render.Problem{})
	}
	return b.answer(ctx, s, c, "is_out", nil)
}

// cmdTakeBack removes one's own 🚫, or for a leader those of all leaders,
// whether it was an emoji or a command.
func (b *Bot) cmdTakeBack(ctx context.Context, s *scene, c *call) error {
	target, e, err := b.pointedAt(ctx, s, c, func(e meeting.Entry) bool {
		return e.State == meeting.EntryWithheld && e.Author == c.msg.Sender || e.State == meeting.EntryExcluded && c.leader
	})
	switch {
	case err != nil || target == "":
		return err
	case e == nil:
		return b.answer(ctx, s, c, "not_in_minutes", render.Problem{})
	case e.State == meeting.EntryActive:
		return b.answer(ctx, s, c, "take_already", render.Problem{})
	}
	out, err := s.tx.Reactions(ctx, target, meeting.EmojiLeaveOut)
	if err != nil {
		return err
	}
	taken := 0
	for _, r := range out {
		if r.Sender != c.msg.Sender && (!c.leader || r.Sender == e.Author || !c.net.Leads(r.Sender)) {
			continue
		}
		if _, err := s.tx.DeleteReaction(ctx, r.ID); err != nil {
			return err
		}
		taken++
	}
	state, err := b.stateByReactions(ctx, s, c.net, target, e.Author)
	if err != nil {
		return err
	}
	if taken == 0 || state != meeting.EntryActive {
		return b.stillOut(ctx, s, c, e)
	}
	if err := b.bringBack(ctx, s, c.place, *e); err != nil {
		return err
	}
	return b.answer(ctx, s, c, "is_back", nil)
}

// stillOut says whose wish it is that an entry is not in the minutes.
func (b *Bot) stillOut(ctx context.Context, s *scene, c *call, e *meeting.Entry) error {
	view := render.Problem{}
	switch {
	case e.State == meeting.EntryWithheld:
		view.Code = "author"
	case e.State == meeting.EntryUnreadable:
		view.Code = "unreadable"
	case c.leader:
		view.Code = "leader"
	}
	return b.answer(ctx, s, c, "still_out", view)
}

// cmdMoveReply moves an entry to another prompt, for its author or a leader.
func (b *Bot) cmdMoveReply(ctx context.Context, s *scene, c *call) error {
	target, e, err := b.pointedAt(ctx, s, c, func(e meeting.Entry) bool {
		return active(e) && (c.leader || e.Author == c.msg.Sender)
	})
	switch {
	case err != nil || target == "":
		return err
	case e == nil || e.State != meeting.EntryActive:
		return b.answer(ctx, s, c, "not_in_minutes", render.Problem{})
	case !c.leader && e.Author != c.msg.Sender:
		return b.answer(ctx, s, c, "not_yours", nil)
	}
	m, err := s.tx.MeetingByID(ctx, e.Meeting)
	if err != nil || m == nil {
		return err
	}
	prompt, perr := strconv.Atoi(strings.TrimRight(c.args, ".:"))
	switch {
	case !m.State.Collects():
		return b.answer(ctx, s, c, "move_late", nil)
	case perr != nil || prompt < 1 || prompt > len(m.Prompts):
		return b.answer(ctx, s, c, "move_which", render.Problem{Max: len(m.Prompts)})
	case prompt != e.Prompt:
		if err := s.tx.MoveEntry(ctx, e.ID, prompt); err != nil {
			return err
		}
		if err := b.moveInDraft(ctx, s, c.net, m, *e, prompt); err != nil {
			return err
		}
	}
	return b.answer(ctx, s, c, "reply_moved", render.Problem{Number: prompt})
}

// moveInDraft has the draft's points follow an entry to another prompt, with
// the leader's wording. Other entries that stood behind a point that has gone
// get one of their own.
func (b *Bot) moveInDraft(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, e meeting.Entry, to int) error {
	sum, err := s.tx.Summary(ctx, m.ID)
	if err != nil || sum == nil || sum.State != meeting.SummaryDraft {
		return err
	}
	var left []meeting.EventID
	for i := range sum.Points {
		p := &sum.Points[i]
		at := slices.Index(p.Entries, e.ID)
		switch {
		case at < 0:
		case at > 0:
			p.Entries = slices.Delete(slices.Clone(p.Entries), at, at+1)
			p.Support = max(1, p.Support-1)
		default:
			if len(p.Entries) > 1 {
				left = append(left, p.Entries[1:]...)
				p.Support = 1 + e.Support
			}
			p.Number, p.Prompt, p.Entries = nextPoint(sum, to), to, []meeting.EventID{e.ID}
		}
	}
	for _, id := range left {
		other, err := s.tx.Entry(ctx, id, net.Leads)
		if err != nil {
			return err
		}
		if other == nil || other.State != meeting.EntryActive {
			continue
		}
		if text, ok := digest.Best(*other, digest.Options{Language: net.Language}); ok {
			if err := b.appendPoint(ctx, s, net, sum, *other, text, nextPoint(sum, other.Prompt)); err != nil {
				return err
			}
		}
	}
	slices.SortStableFunc(sum.Points, func(a, b meeting.Point) int {
		if a.Prompt != b.Prompt {
			return a.Prompt - b.Prompt
		}
		return a.Number - b.Number
	})
	return b.changeDraft(ctx, s, net, m, sum)
}

// nextPoint is the number after the highest that the prompt has had.
func nextPoint(sum *meeting.Summary, prompt int) int {
	n := 0
	for _, p := range sum.Points {
		if p.Prompt == prompt {
			n = max(n, p.Number)
		}
	}
	return n + 1
}

package bot

import (
	"context"
	"strconv"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// longestNote is the most characters in a note or an edited point.
const longestNote = 4000

// cmdNote stores the leader's note from a physical meeting as an entry.
func (b *Bot) cmdNote(ctx context.Context, s *scene, c *call) error {
	m, err := b.collecting(ctx, s, c.net)
	if err != nil {
		return err
	}
	if m == nil {
		_, err := b.needOpen(ctx, s, c)
		return err
	}
	if b.stale(s, c.place, c.msg) && c.msg.SentAt.Before(m.OpenedAt.Add(-clockSlack)) {
		return b.answer(ctx, s, c, "note_stale", render.Problem{Number: m.Number})
	}
	prompt, text := b.notePrompt(ctx, s, c, m)
	switch {
	case text == "":
		return b.answer(ctx, s, c, "note_empty", render.Problem{Max: len(m.Prompts)})
	case prompt == 0:
		return b.answer(ctx, s, c, "no_such_prompt", render.Problem{Max: len(m.Prompts)})
	case len([]rune(text)) > longestNote:
		return b.answer(ctx, s, c, "too_long", render.Problem{Max: longestNote})
	}
	e := meeting.Entry{ID: c.msg.ID, Meeting: m.ID, Prompt: prompt, Source: meeting.SourceNote, State: meeting.EntryActive,
		Body: text, SentAt: c.msg.SentAt, Order: c.msg.Order, Late: m.State != meeting.StateOpen}
	if err := s.storeEntry(ctx, c.room, e); err != nil {
		return err
	}
	if err := b.receipt(ctx, s, c.room, c.msg.ID); err != nil {
		return err
	}
	return b.addLate(ctx, s, c.net, m, e.ID)
}

// collecting is the meeting that notes go into: the open one, or else the last
// closed one whose summary is not shared.
func (b *Bot) collecting(ctx context.Context, s *scene, net *meeting.Network) (*meeting.Meeting, error) {
	all, err := s.tx.Meetings(ctx, net.ID)
	if err != nil {
		return nil, err
	}
	var found *meeting.Meeting
	for i := range all {
		if all[i].State == meeting.StateOpen {
			return &all[i], nil
		}
		if all[i].State == meeting.StateClosed {
			found = &all[i]
		}
	}
	return found, nil
}

// notePrompt reads "[prompt] text". In a prompt's thread the number may be left
// out, and where there is only one prompt. The prompt is 0 if it is not clear.
func (b *Bot) notePrompt(ctx context.Context, s *scene, c *call, m *meeting.Meeting) (int, string) {
	first, rest, _ := strings.Cut(c.args, " ")
	if n, err := strconv.Atoi(strings.TrimRight(first, ".:")); err == nil {
		if n < 1 || n > len(m.Prompts) {
			return 0, c.args
		}
		return n, strings.TrimSpace(rest)
	}
	if c.msg.Thread != "" {
		if w, err := b.locateTarget(ctx, s, c.msg.Thread, meeting.SourceNote); err == nil && w != nil && w.prompt > 0 && w.meeting.ID == m.ID {
			return w.prompt, c.args
		}
	}
	if len(m.Prompts) == 1 {
		return 1, c.args
	}
	return 0, c.args
}

// editNote takes in that a leader changed the message with a note.
func (b *Bot) editNote(ctx context.Context, s *scene, p place, e meeting.Entry, m meeting.Message) error {
	if !p.net.Leads(m.Sender) || e.State == meeting.EntryRemoved {
		return nil
	}
	args := b.noteText(p, m, e.Prompt)
	if args == "" {
		return nil
	}
	if keeps, err := b.keepsTexts(ctx, s, p.net, e); err != nil {
		return err
	} else if !keeps {
		args = "" // as in edit
	}
	said := e.Body
	if err := s.tx.StoreVersion(ctx, m.ID, e.ID, "", args, m.SentAt); err != nil || e.State != meeting.EntryActive {
		return err
	}
	e.Body = args
	return b.changed(ctx, s, p.net, e, said)
}

// cmdAttendance counts who was at a physical meeting: "3 anhöriga 2 personal".
func (b *Bot) cmdAttendance(ctx context.Context, s *scene, c *call) error {
	m, err := b.collecting(ctx, s, c.net)
	if err != nil {
		return err
	}
	if m == nil {
		_, err := b.needOpen(ctx, s, c)
		return err
	}
	count, ok := parseAttendance(c.args, b.texts.ParseRole)
	if !ok {
		return b.answer(ctx, s, c, "bad_attendance", render.Problem{Word: clip(c.args)})
	}
	if err := s.tx.SetAttendance(ctx, m.ID, count); err != nil {
		return err
	}
	sum, err := s.tx.Summary(ctx, m.ID)
	if err != nil {
		return err
	}
	if sum != nil && sum.State == meeting.SummaryDraft {
		if err := b.changeDraft(ctx, s, c.net, m, sum); err != nil {
			return err
		}
	}
	return b.answer(ctx, s, c, "attendance", render.Status{Number: m.Number, Members: count.Total()})
}

// parseAttendance reads pairs of a number and a role. Numbers above 200 are
// taken for a slip.
func parseAttendance(text string, role roleReader) (meeting.RoleCount, bool) {
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;.\n\t", r) })
	count := meeting.RoleCount{}
	for i := 0; i < len(words); {
		if f := render.Fold(words[i]); f == "och" || f == "and" {
			i++
			continue
		}
		n, err := strconv.Atoi(words[i])
		if err != nil || n < 0 || n > 200 || i+1 >= len(words) {
			return nil, false
		}
		r, used := roleAt(words[i+1:], role)
		if used == 0 {
			return nil, false
		}
		count[r] += n
		i += 1 + used
	}
	return count, len(count) > 0
}

// roleReader reads the name of a role.
type roleReader func(string) (meeting.Role, bool)

// roleAt reads a role of one to three words ("från idéburna organisationer").
func roleAt(words []string, read roleReader) (meeting.Role, int) {
	for n := min(3, len(words)); n > 0; n-- {
		if role, ok := read(strings.Join(words[:n], " ")); ok {
			return role, n
		}
	}
	if f := render.Fold(words[0]); f == "deltagare" || f == "participants" || f == "ovriga" || f == "others" {
		return meeting.RoleUnknown, 1
	}
	return "", 0
}

package bot

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// cmdNext opens the next meeting now, or the one with the number.
func (b *Bot) cmdNext(ctx context.Context, s *scene, c *call) error {
	if c.net.Retired {
		return b.answer(ctx, s, c, "network_retired", nil)
	}
	open, err := b.openMeeting(ctx, s, c.net)
	if err != nil {
		return err
	}
	if open != nil {
		return b.answer(ctx, s, c, "already_open", render.Problem{Number: open.Number, Title: open.Title})
	}
	number, err := b.nextNumber(ctx, s, c.net)
	if err != nil {
		return err
	}
	if c.args != "" {
		asked, err := strconv.Atoi(strings.TrimSpace(c.args))
		if err != nil || asked < 1 || asked > len(c.net.Programme.Meetings) {
			return b.answer(ctx, s, c, "no_such_meeting", render.Problem{Word: clip(c.args), Max: len(c.net.Programme.Meetings)})
		}
		m, err := s.tx.Meeting(ctx, c.net.ID, asked)
		if err != nil {
			return err
		}
		if m != nil && m.State.Held() {
			return b.answer(ctx, s, c, "meeting_held", render.Problem{Number: asked, Title: m.Title})
		}
		number = asked
	}
	if number == 0 {
		return b.answer(ctx, s, c, "all_held", render.Problem{Max: len(c.net.Programme.Meetings)})
	}
	return b.open(ctx, s, c.net, number, "", time.Time{})
}

// cmdClose closes the open meeting and drafts its summary.
func (b *Bot) cmdClose(ctx context.Context, s *scene, c *call) error {
	open, err := b.needOpen(ctx, s, c)
	if err != nil || open == nil {
		return err
	}
	return b.close(ctx, s, c.net, open)
}

// cmdRemind sends the reminder now.
func (b *Bot) cmdRemind(ctx context.Context, s *scene, c *call) error {
	open, err := b.needOpen(ctx, s, c)
	if err != nil || open == nil {
		return err
	}
	return b.remind(ctx, s, c.net, open, "reminder/"+string(c.msg.ID))
}

// needOpen returns the open meeting, or says that there is none and when the
// next one opens.
func (b *Bot) needOpen(ctx context.Context, s *scene, c *call) (*meeting.Meeting, error) {
	open, err := b.openMeeting(ctx, s, c.net)
	if err != nil || open != nil {
		return open, err
	}
	view := render.Problem{}
	number, err := b.nextNumber(ctx, s, c.net)
	if err != nil {
		return nil, err
	}
	if number > 0 {
		at, err := b.nextTime(ctx, s, c.net, number)
		if err != nil {
			return nil, err
		}
		if !at.IsZero() {
			view.When = at.In(c.net.Location)
		}
	}
	return nil, b.answer(ctx, s, c, "no_open_meeting", view)
}

// dateForms are the ways in which people write a date and a time.
var dateForms = []string{"2006-01-02 15:04", "2006-01-02 15.04", "2006-1-2 15:04", "2006-1-2 15.04", "2006-01-02T15:04"}

// cmdMove moves the next meeting to another time. The occurrence that the
// meeting had from the schedule is used up by it.
func (b *Bot) cmdMove(ctx context.Context, s *scene, c *call) error {
	if c.net.Retired {
		return b.answer(ctx, s, c, "network_retired", nil)
	}
	number, err := b.nextNumber(ctx, s, c.net)
	if err != nil {
		return err
	}
	if number == 0 {
		return b.answer(ctx, s, c, "all_held", render.Problem{Max: len(c.net.Programme.Meetings)})
	}
	at, ok := parseTime(c.args, c.net.Location)
	example := s.now.In(c.net.Location).AddDate(0, 0, 7)
	switch {
	case !ok:
		return b.answer(ctx, s, c, "bad_date", render.Problem{Word: clip(c.args), When: example})
	case !at.After(s.now):
		return b.answer(ctx, s, c, "past_date", render.Problem{Word: clip(c.args), When: example})
	case at.After(s.now.AddDate(2, 0, 0)):
		return b.answer(ctx, s, c, "far_date", render.Problem{Word: clip(c.args), When: example})
	}
	from := c.net.Programme.Meetings[number-1]
	m, err := s.tx.Meeting(ctx, c.net.ID, number)
	if err != nil {
		return err
	}
	if m == nil {
		m = &meeting.Meeting{Network: c.net.ID, Programme: c.net.Programme.ID, Number: number, Of: len(c.net.Programme.Meetings),
			Title: from.Title, Kind: from.Kind}
	}
	if m.Occurrence == "" {
		if o, ok := b.nextOccurrence(s, c.net, number); ok {
			used, err := s.tx.OccurrenceUsed(ctx, c.net.ID, o.Key)
			if err != nil {
				return err
			}
			if !used {
				m.Occurrence = o.Key
			}
		}
	}
	m.State, m.Due = meeting.StatePlanned, at.UTC()
	if err := s.tx.StoreMeeting(ctx, m); err != nil {
		return err
	}
	return b.answerWith(ctx, s, c, meeting.Post{Kind: meeting.PostText}, "moved", render.Problem{Number: number, Title: from.Title, When: at})
}

// parseTime reads a local date and time. An hour that the clocks skip is no
// time.
func parseTime(text string, loc *time.Location) (time.Time, bool) {
	text = strings.Join(strings.Fields(strings.ReplaceAll(strings.ToLower(text), "kl.", " ")), " ")
	text = strings.ReplaceAll(text, " kl ", " ")
	for _, form := range dateForms {
		at, err := time.ParseInLocation(form, text, loc)
		if err == nil && at.Format(form) == text {
			return at, true
		}
	}
	return time.Time{}, false
}

// clip shortens what a person wrote, to be quoted in an answer.
func clip(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return text
}

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
	if err := s.tx.StoreEntry(ctx, e); err != nil {
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

// noteText is what a message with !note says, without command and number.
func (b *Bot) noteText(p place, m meeting.Message, prompt int) string {
	_, args, _ := b.parse(p, m)
	first, rest, _ := strings.Cut(args, " ")
	if n, err := strconv.Atoi(strings.TrimRight(first, ".:")); err == nil && n == prompt {
		args = strings.TrimSpace(rest)
	}
	return args
}

// editNote takes in that a leader changed the message with a note.
func (b *Bot) editNote(ctx context.Context, s *scene, p place, e meeting.Entry, m meeting.Message) error {
	if !p.net.Leads(m.Sender) || e.State != meeting.EntryActive {
		return nil
	}
	args := b.noteText(p, m, e.Prompt)
	if args == "" {
		return nil
	}
	if err := s.tx.StoreVersion(ctx, m.ID, e.ID, "", args, m.SentAt); err != nil {
		return err
	}
	e.Body = args
	return b.withdraw(ctx, s, p.net, e, false)
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
	count, ok := parseAttendance(c.args)
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
func parseAttendance(text string) (meeting.RoleCount, bool) {
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
		role, used := roleAt(words[i+1:])
		if used == 0 {
			return nil, false
		}
		count[role] += n
		i += 1 + used
	}
	return count, len(count) > 0
}

// roleAt reads a role of one to three words ("från idéburna organisationer").
func roleAt(words []string) (meeting.Role, int) {
	for n := min(3, len(words)); n > 0; n-- {
		if role, ok := render.ParseRole(strings.Join(words[:n], " ")); ok {
			return role, n
		}
	}
	if f := render.Fold(words[0]); f == "deltagare" || f == "participants" || f == "ovriga" || f == "others" {
		return meeting.RoleUnknown, 1
	}
	return "", 0
}

// cmdStatus shows where things stand.
func (b *Bot) cmdStatus(ctx context.Context, s *scene, c *call) error {
	if c.net != nil {
		view, err := b.status(ctx, s, c.net)
		if err != nil {
			return err
		}
		return b.answer(ctx, s, c, "status", view)
	}
	var table render.StatusTable
	for i := range s.set.Networks {
		view, err := b.status(ctx, s, &s.set.Networks[i])
		if err != nil {
			return err
		}
		if !view.Next.IsZero() {
			view.Next = view.Next.In(s.set.Location)
		}
		table.Networks = append(table.Networks, view)
	}
	var err error
	if table.Failed, err = s.tx.FailedPosts(ctx); err != nil {
		return err
	}
	return b.answer(ctx, s, c, "status_table", table)
}

// subject finds the meeting that a command's number means, or the newest one
// for which want holds. It answers and returns nil if there is none.
func (b *Bot) subject(ctx context.Context, s *scene, c *call, net *meeting.Network, arg string, want func(*meeting.Meeting) bool) (*meeting.Meeting, error) {
	if arg != "" {
		n, err := strconv.Atoi(arg)
		if err != nil || n < 1 || n > len(net.Programme.Meetings) {
			return nil, b.answer(ctx, s, c, "no_such_meeting", render.Problem{Word: clip(arg), Max: len(net.Programme.Meetings)})
		}
		m, err := s.tx.Meeting(ctx, net.ID, n)
		if err != nil {
			return nil, err
		}
		if m == nil || !want(m) {
			return nil, b.answer(ctx, s, c, "nothing_yet", render.Problem{Number: n})
		}
		return m, nil
	}
	all, err := s.tx.Meetings(ctx, net.ID)
	if err != nil {
		return nil, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		if want(&all[i]) {
			return &all[i], nil
		}
	}
	return nil, b.answer(ctx, s, c, "nothing_yet", render.Problem{})
}

// cmdMinutes sends a meeting's minutes as a file.
func (b *Bot) cmdMinutes(ctx context.Context, s *scene, c *call) error {
	m, err := b.subject(ctx, s, c, c.net, c.args, func(m *meeting.Meeting) bool { return m.State.Held() })
	if err != nil || m == nil {
		return err
	}
	view, err := b.minutesView(ctx, s, c.net, m)
	if err != nil {
		return err
	}
	doc, err := b.texts.Document(c.lang, "minutes", view)
	if err != nil {
		return err
	}
	name, err := b.texts.Text(c.lang, "minutes_file", view)
	if err != nil {
		return err
	}
	_, err = s.tx.StorePost(ctx, meeting.Post{Key: "answer/" + string(c.msg.ID), Room: c.room, Kind: meeting.PostFile, Meeting: 0,
		File: &meeting.File{Name: name + ".html", Type: "text/html", Data: []byte(doc)}, Quotes: m.ID,
		Thread: meeting.Ref{Event: c.msg.Thread}, ReplyTo: meeting.Ref{Event: c.msg.ID}}, s.now)
	return err
}

// minutesView is a meeting's minutes as people may have them on paper: roles
// instead of names, and what is sensitive hidden.
func (b *Bot) minutesView(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting) (render.Minutes, error) {
	view := render.Minutes{Network: net.Name, Number: m.Number, Title: m.Title, State: m.State, Opened: m.OpenedAt.In(net.Location)}
	if !m.ClosedAt.IsZero() {
		view.Closed = m.ClosedAt.In(net.Location)
	}
	entries, err := s.tx.Entries(ctx, m.ID, net.Leads)
	if err != nil {
		return view, err
	}
	mask, err := b.masker(ctx, s, net)
	if err != nil {
		return view, err
	}
	_, members, err := b.people(ctx, s, net)
	if err != nil {
		return view, err
	}
	t := tally(entries)
	view.Entries, view.Removed, view.Unreadable = t.active, t.removed, t.unreadable
	view.People = meeting.ShownCount(t.roles(), members)
	attendance, err := s.tx.Attendance(ctx, m.ID)
	if err != nil {
		return view, err
	}
	view.Attendance = meeting.ShownCount(attendance, attendance)
	if view.Gaps, err = b.lost(ctx, s, net, m); err != nil {
		return view, err
	}
	for i, text := range m.Prompts {
		p := render.MinutesPrompt{Number: i + 1, Text: text}
		for _, e := range ofPrompt(entries, i+1) {
			e.Body, e.Role, e.Author = mask(e.Body), meeting.Shown(e.Role, members), ""
			p.Entries = append(p.Entries, e)
		}
		view.Prompts = append(view.Prompts, p)
	}
	return view, nil
}

// Minutes is a meeting's minutes, for export.
func (b *Bot) Minutes(ctx context.Context, network string, number int) (render.Minutes, error) {
	var view render.Minutes
	err := b.update(ctx, func(s *scene) error {
		net, err := s.network(ctx, network)
		if err != nil {
			return err
		}
		m, err := s.tx.Meeting(ctx, network, number)
		if err != nil {
			return err
		}
		if net == nil || m == nil || !m.State.Held() {
			return fmt.Errorf("%w: %s, meeting %d", ErrNothing, network, number)
		}
		view, err = b.minutesView(ctx, s, net, m)
		return err
	})
	return view, err
}

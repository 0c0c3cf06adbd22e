package bot

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// cmdSummary shows a summary: in a network's room the shared one, or the draft
// to its leader; in the coordination room "[network] [meeting]", shared only. A
// shared one comes as a file if a format is named.
func (b *Bot) cmdSummary(ctx context.Context, s *scene, c *call) error {
	net, arg := c.net, c.args
	if c.coord {
		var rest string
		if net, rest = s.findNetwork(c.args); net == nil {
			return b.answer(ctx, s, c, "which_network", render.Problem{Word: clip(c.args), Names: s.networkNames()})
		}
		arg = rest
	}
	arg, format := b.cutFormat(arg, "")
	drafts := c.net != nil && c.leader
	m, err := b.subject(ctx, s, c, net, arg, func(m *meeting.Meeting) bool {
		return m.State == meeting.StateShared || drafts && m.State == meeting.StateClosed
	})
	if err != nil || m == nil {
		return err
	}
	sum, err := s.tx.Summary(ctx, m.ID)
	if err != nil || sum == nil {
		return err
	}
	entries, err := s.tx.Entries(ctx, m.ID, net.Leads)
	if err != nil {
		return err
	}
	p := meeting.Post{Quotes: m.ID}
	if sum.State == meeting.SummaryDraft {
		view, err := b.draftView(ctx, s, net, m, sum, entries)
		if err != nil {
			return err
		}
		p.Key, p.Meeting = copyPrefix(m, sum)+string(c.msg.ID), m.ID
		return b.answerWith(ctx, s, c, p, "draft_again", view)
	}
	view, err := b.summaryView(ctx, s, net, m, sum, entries)
	if err != nil {
		return err
	}
	if format != "" {
		return b.attach(ctx, s, fileAnswer(c, m), c.lang, "summary", view, format)
	}
	return b.answerWith(ctx, s, c, p, "summary", view)
}

// findNetwork reads a network's id or name at the start of the text, and
// returns what follows.
func (s *scene) findNetwork(text string) (*meeting.Network, string) {
	folded := render.Fold(text)
	var found *meeting.Network
	rest, longest := "", 0
	for i := range s.set.Networks {
		n := &s.set.Networks[i]
		for _, name := range []string{n.ID, n.Name} {
			f := render.Fold(name)
			after, ok := strings.CutPrefix(folded, f)
			if ok && len(f) > longest && (after == "" || after[0] == ' ') {
				found, rest, longest = n, text, len(f)
				for range strings.Fields(name) {
					_, rest = cutWord(rest)
				}
			}
		}
	}
	return found, rest
}

func (s *scene) networkNames() []string {
	var names []string
	for i, n := range s.set.Networks {
		if i == mostNamed {
			break
		}
		names = append(names, n.Name)
	}
	return names
}

// pointNumber is how people write a point: "1.2".
var pointNumber = regexp.MustCompile(`^(\d{1,2})\s*[.,]\s*(\d{1,3})[.:]?(?:\s+|$)`)

// cmdEdit changes the text of a point of the draft.
func (b *Bot) cmdEdit(ctx context.Context, s *scene, c *call) error {
	m, sum, point, rest, err := b.draftPoint(ctx, s, c)
	if err != nil || point == nil {
		return err
	}
	text := strings.Join(strings.Fields(rest), " ")
	switch {
	case text == "":
		return b.answer(ctx, s, c, "edit_empty", render.Problem{Word: pointName(point)})
	case len([]rune(text)) > longestNote/4:
		return b.answer(ctx, s, c, "too_long", render.Problem{Max: longestNote / 4})
	}
	mask, err := b.masker(ctx, s, c.net)
	if err != nil {
		return err
	}
	point.Text, point.Edited = mask(text), true
	name := pointName(point)
	if err := b.changeDraft(ctx, s, c.net, m, sum); err != nil {
		return err
	}
	return b.answer(ctx, s, c, "draft_edited", render.Problem{Word: name})
}

// cmdDrop drops a point from the draft. Its number is not used again.
func (b *Bot) cmdDrop(ctx context.Context, s *scene, c *call) error {
	m, sum, point, _, err := b.draftPoint(ctx, s, c)
	if err != nil || point == nil {
		return err
	}
	point.Dropped = true
	name := pointName(point)
	if err := b.changeDraft(ctx, s, c.net, m, sum); err != nil {
		return err
	}
	return b.answer(ctx, s, c, "draft_dropped", render.Problem{Word: name})
}

func pointName(p *meeting.Point) string {
	return strconv.Itoa(p.Prompt) + "." + strconv.Itoa(p.Number)
}

// draftPoint finds the draft and the point that a command names, or answers
// what is wrong and returns no point.
func (b *Bot) draftPoint(ctx context.Context, s *scene, c *call) (*meeting.Meeting, *meeting.Summary, *meeting.Point, string, error) {
	m, sum, err := b.currentDraft(ctx, s, c)
	if err != nil || sum == nil {
		return nil, nil, nil, "", err
	}
	found := pointNumber.FindStringSubmatch(c.args)
	if found == nil {
		return nil, nil, nil, "", b.answer(ctx, s, c, "bad_point", render.Problem{Word: clip(c.args)})
	}
	prompt, _ := strconv.Atoi(found[1])
	number, _ := strconv.Atoi(found[2])
	point := sum.Find(prompt, number)
	if point == nil {
		return nil, nil, nil, "", b.answer(ctx, s, c, "no_such_point", render.Problem{Word: strings.TrimSpace(found[0])})
	}
	return m, sum, point, c.args[len(found[0]):], nil
}

// currentDraft is the draft of the last closed meeting, or an answer that there
// is none.
func (b *Bot) currentDraft(ctx context.Context, s *scene, c *call) (*meeting.Meeting, *meeting.Summary, error) {
	all, err := s.tx.Meetings(ctx, c.net.ID)
	if err != nil {
		return nil, nil, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].State != meeting.StateClosed {
			continue
		}
		sum, err := s.tx.Summary(ctx, all[i].ID)
		if err != nil || sum != nil {
			return &all[i], sum, err
		}
	}
	return nil, nil, b.answer(ctx, s, c, "no_draft", nil)
}

// cmdApprove shares the draft, if the leader can have seen it as it is now.
// Words after it ("not yet") may mean the opposite, so they are asked about.
func (b *Bot) cmdApprove(ctx context.Context, s *scene, c *call) error {
	if c.args != "" {
		return b.answer(ctx, s, c, "approve_plain", nil)
	}
	m, sum, err := b.currentDraft(ctx, s, c)
	if err != nil || sum == nil {
		return err
	}
	shown, err := b.draftShown(ctx, s, c.net, m, sum, false)
	if err != nil {
		return err
	}
	if !shown {
		return b.answer(ctx, s, c, "draft_changed", nil)
	}
	return b.share(ctx, s, c.net, m, sum, c.msg.Sender)
}

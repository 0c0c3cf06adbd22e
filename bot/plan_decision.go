package bot

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

const (
	longestBody = 200 // characters in who decided
	// oldestDecision is how many years ago a decision can have been made.
	oldestDecision = 2
)

// outcomes are the words for what was decided, folded.
var outcomeWords = map[string]meeting.Outcome{
	"antagen": meeting.OutcomeAdopted, "antaget": meeting.OutcomeAdopted, "antagits": meeting.OutcomeAdopted, "anta": meeting.OutcomeAdopted,
	"antogs": meeting.OutcomeAdopted, "beslutad": meeting.OutcomeAdopted, "bifall": meeting.OutcomeAdopted, "bifallen": meeting.OutcomeAdopted,
	"adopted": meeting.OutcomeAdopted, "accepted": meeting.OutcomeAdopted,
	"andrad": meeting.OutcomeChanged, "andrat": meeting.OutcomeChanged, "andrades": meeting.OutcomeChanged,
	"changed": meeting.OutcomeChanged, "amended": meeting.OutcomeChanged,
	"avslagen": meeting.OutcomeRejected, "avslaget": meeting.OutcomeRejected, "avslag": meeting.OutcomeRejected, "avslogs": meeting.OutcomeRejected,
	"rejected": meeting.OutcomeRejected,
}

// noteStart is what may stand between who decided and the note.
var noteStart = regexp.MustCompile(`\s*(?:\||\n|:\s|\s[–—-]\s)\s*`)

// decidedPrefix begins the keys of the receipts for a network's decisions.
func decidedPrefix(network string) string { return "decided/" + network + "/" }

func planDecidedKey(c *call) string { return decidedPrefix(c.net.ID) + string(c.msg.ID) }

// planDecide notes what the local management decided about the newest approved
// version, or the one that is named: "[version 1] antagen 2026-12-15
// Socialnämnden | med tillägg". A second decision about the same version
// corrects the first.
func (b *Bot) planDecide(ctx context.Context, s *scene, c *call) error {
	plan, err := b.planOf(ctx, s, c.net)
	if err != nil {
		return err
	}
	if plan.Version == 0 {
		return b.answer(ctx, s, c, "plan_never_approved", nil)
	}
	version, ok := cutVersion(c, plan.Version)
	if !ok {
		return b.answer(ctx, s, c, "plan_decision_version", render.Problem{Max: plan.Version})
	}
	d, err := b.readDecision(ctx, s, c)
	if err != nil || d == nil {
		return err
	}
	d.Version = version
	before, err := s.tx.Decisions(ctx, c.net.ID)
	if err != nil {
		return err
	}
	view := render.Decided{Network: c.net.Name}
	if at := slices.IndexFunc(before, func(o meeting.Decision) bool { return o.Version == d.Version }); at >= 0 {
		view.Corrected = true
		if err := b.takeDown(ctx, s, before[at].Post); err != nil {
			return err
		}
	}
	if d.Post, err = b.freshKey(ctx, s, fmt.Sprintf("decision/%s/%d/", c.net.ID, d.Version)); err != nil {
		return err
	}
	s.touch(c.net, view.Corrected)
	if err := s.tx.StoreDecision(ctx, *d); err != nil {
		return err
	}
	if err := s.keep(ctx, c.net); err != nil { // follow-ups come after the programme
		return err
	}
	// Questions follow the newest version that was decided about.
	if len(before) == 0 || before[len(before)-1].Version <= d.Version {
		if view.Next, err = b.scheduleFollowUps(ctx, s, c.net, *d); err != nil {
			return err
		}
	}
	view.Decision = *d
	if err := b.answerWith(ctx, s, c, meeting.Post{Key: planDecidedKey(c), Kind: meeting.PostText}, "plan_decided", view); err != nil {
		return err
	}
	return b.tellStaff(ctx, s, meeting.Post{Key: d.Post, Kind: meeting.PostText}, "plan_decided_staff", view)
}

// cutVersion takes the version that a decision is about out of the arguments:
// the newest unless they begin with "version 1". False if there is none such.
func cutVersion(c *call, newest int) (int, bool) {
	first, rest := cutWord(c.args)
	if render.Fold(first) != "version" {
		return newest, true
	}
	number, rest := cutWord(rest)
	c.args = rest
	n, err := strconv.Atoi(strings.TrimRight(number, ".,:"))
	return n, err == nil && n >= 1 && n <= newest
}

// readDecision reads outcome, date, who decided and the note, or answers what is
// wrong.
func (b *Bot) readDecision(ctx context.Context, s *scene, c *call) (*meeting.Decision, error) {
	today := s.now.In(c.net.Location)
	first, rest := cutWord(c.args)
	outcome, known := outcomeWords[strings.Trim(render.Fold(first), ".,:")]
	fault := render.Problem{Word: clip(first), When: midnight(today, -1), Code: "outcome"}
	if !known {
		return nil, b.answer(ctx, s, c, "plan_decision_form", fault)
	}
	day, rest, ok := readDate(rest, today, closest)
	fault.Word = clip(rest)
	switch {
	case !ok:
		fault.Code = "date"
	case day.After(today):
		fault.Code, fault.Number = "future", day.Year()
		fault.When = day
		return nil, b.answer(ctx, s, c, "plan_decision_future", fault)
	case day.Before(midnight(today, 0).AddDate(-oldestDecision, 0, 0)):
		fault.Code, fault.Word = "old", day.Format(time.DateOnly)
	}
	if !ok || fault.Code == "old" {
		return nil, b.answer(ctx, s, c, "plan_decision_form", fault)
	}
	body, note := strings.Trim(rest, " ,.:|–-"), ""
	if at := noteStart.FindStringIndex(body); at != nil {
		body, note = body[:at[0]], body[at[1]:]
	}
	body, note = strings.Join(strings.Fields(body), " "), strings.TrimRight(strings.Join(strings.Fields(note), " "), ". ")
	switch {
	case body == "":
		fault.Code = "body"
		return nil, b.answer(ctx, s, c, "plan_decision_form", fault)
	case len([]rune(body)) > longestBody:
		return nil, b.answer(ctx, s, c, "plan_decision_long", render.Problem{Max: longestBody})
	case len([]rune(note)) > longestField:
		return nil, b.answer(ctx, s, c, "too_long", render.Problem{Max: longestField})
	}
	mask, err := b.masker(ctx, s, c.net)
	if err != nil {
		return nil, err
	}
	year, month, date := day.Date()
	return &meeting.Decision{Network: c.net.ID, Outcome: outcome, Date: time.Date(year, month, date, 0, 0, 0, 0, time.UTC),
		Body: mask(body), Note: mask(note), Event: c.msg.ID, By: c.msg.Sender, At: s.now}, nil
}

package bot

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// longestArea is the most characters in an area: it must fit a button.
const longestArea = 160

// prioritiesKey begins the keys of all posts that hold a network's areas, so
// that they can be taken down when text in them is removed.
func prioritiesKey(net *meeting.Network) string { return "priorities/" + net.ID + "/" }

// priorityWord is what can follow !prioritize.
type priorityWord struct {
	words string // folded
	// then is the second half of a Swedish verb, which may be left out.
	then string
	run  func(*Bot, context.Context, *scene, *call, *meeting.Poll) error
}

func priorityWords() []priorityWord {
	return []priorityWord{
		{"change edit andra", "", (*Bot).areaChange},
		{"remove drop delete stryk ta", "bort", (*Bot).areaRemove},
		{"add new ny nytt lagg", "till", (*Bot).areaAdd},
		{"merge join sla", "ihop", (*Bot).areaMerge},
		{"start starta open oppna", "", (*Bot).pollStart},
		{"close end stop avsluta stang", "", (*Bot).pollClose},
		{"share approve dela godkann", "", (*Bot).cmdShareResult},
		{"restart borja", "om", (*Bot).pollRestart},
	}
}

// cmdPrioritize shows the areas, or does with them what its first word says.
func (b *Bot) cmdPrioritize(ctx context.Context, s *scene, c *call) error {
	poll, err := s.tx.Poll(ctx, c.net.ID)
	if err != nil {
		return err
	}
	first, rest := cutWord(c.args)
	if first == "" {
		return b.prioritiesShow(ctx, s, c, poll)
	}
	for _, w := range priorityWords() {
		if !slices.Contains(strings.Fields(w.words), render.Fold(first)) {
			continue
		}
		if second, after := cutWord(rest); w.then != "" && render.Fold(second) == w.then {
			rest = after
		}
		if poll == nil {
			return b.answer(ctx, s, c, "priorities_none", nil)
		}
		c.args = rest
		return w.run(b, ctx, s, c, poll)
	}
	return b.answer(ctx, s, c, "priorities_unknown", render.Problem{Word: clip(first)})
}

// prioritiesShow shows the list, the poll or the result; the first time it
// proposes a list.
func (b *Bot) prioritiesShow(ctx context.Context, s *scene, c *call, poll *meeting.Poll) error {
	if poll == nil {
		var err error
		if poll, err = b.propose(ctx, s, c.net); err != nil {
			return err
		}
		if poll == nil {
			return b.answer(ctx, s, c, "priorities_too_soon", nil)
		}
		return b.postProposal(ctx, s, c.net, poll, meeting.Post{Kind: meeting.PostText, ReplyTo: meeting.Ref{Event: c.msg.ID}})
	}
	view, err := b.areasView(ctx, s, c.net, poll)
	if err != nil {
		return err
	}
	p, name := meeting.Post{Key: prioritiesKey(c.net) + "answer/" + string(c.msg.ID)}, "priorities"
	if poll.State == meeting.PollClosed {
		p.Key, name = resultKey(c.net, poll)+"/"+string(c.msg.ID), "priorities_result" // ✅ counts there, too
	}
	return b.answerWith(ctx, s, c, p, name, view)
}

// postProposal posts the list that a poll is to be about.
func (b *Bot) postProposal(ctx context.Context, s *scene, net *meeting.Network, poll *meeting.Poll, p meeting.Post) error {
	poll.Round++
	if err := s.tx.StorePoll(ctx, poll); err != nil {
		return err
	}
	view, err := b.areasView(ctx, s, net, poll)
	if err != nil {
		return err
	}
	p.Key = fmt.Sprintf("%slist/%d", prioritiesKey(net), poll.Round)
	return b.tell(ctx, s, net, p, "priorities", view)
}

// areasView is what a list, a poll or a result shows.
func (b *Bot) areasView(ctx context.Context, s *scene, net *meeting.Network, poll *meeting.Poll) (render.Areas, error) {
	view := render.Areas{Network: net.Name, State: poll.State, Max: meeting.MaxChoices, Few: poll.Few, Voted: poll.Voters, Members: poll.Members,
		Shared: poll.Shared}
	if !poll.Shared.IsZero() {
		view.Shared = poll.Shared.In(net.Location)
	}
	areas := poll.Areas
	if poll.State == meeting.PollClosed {
		areas = poll.Ranked()
	}
	for _, a := range areas {
		view.Areas = append(view.Areas, render.Area{Number: a.Number, Text: a.Text, Replies: len(a.Entries), Votes: a.Votes, Dropped: a.Dropped})
	}
	view.Gone = goneAreas(poll)
	var err error
	if view.Leaders, err = b.leaderNames(ctx, s, net); err != nil || poll.State != meeting.PollOpen {
		return view, err
	}
	counted, err := b.count(ctx, s, net, poll)
	if err != nil {
		return view, err
	}
	view.Voted, view.Members = counted.voters, counted.members
	open, err := b.openMeeting(ctx, s, net)
	if err == nil && open != nil {
		view.Closes = open.ClosesAt.In(net.Location)
	}
	return view, err
}

// goneAreas are the numbers of the areas whose text was removed.
func goneAreas(poll *meeting.Poll) (numbers []string) {
	for _, a := range poll.Areas {
		if a.Dropped {
			numbers = append(numbers, strconv.Itoa(a.Number))
		}
	}
	return numbers
}

// area finds the area that the arguments begin with, or answers what is wrong.
func (b *Bot) area(ctx context.Context, s *scene, c *call, poll *meeting.Poll) (*meeting.Priority, string, error) {
	first, rest := cutWord(c.args)
	n, err := strconv.Atoi(strings.TrimRight(first, ".:,"))
	a := poll.Find(n)
	if err != nil || a == nil {
		return nil, "", b.answer(ctx, s, c, "priorities_no_area", render.Problem{Word: clip(first)})
	}
	return a, rest, nil
}

// changeable answers why the list cannot be changed now, and reports false.
func (b *Bot) changeable(ctx context.Context, s *scene, c *call, poll *meeting.Poll) (bool, error) {
	if poll.State == meeting.PollProposed {
		return true, nil
	}
	return false, b.answer(ctx, s, c, "priorities_fixed", render.Areas{State: poll.State})
}

// areaText reads an area's text, or answers what is wrong with it.
func (b *Bot) areaText(ctx context.Context, s *scene, c *call, text string) (string, error) {
	text = strings.Join(strings.Fields(text), " ")
	switch {
	case text == "":
		return "", b.answer(ctx, s, c, "priorities_form", nil)
	case len([]rune(text)) > longestArea:
		return "", b.answer(ctx, s, c, "too_long", render.Problem{Max: longestArea})
	}
	mask, err := b.masker(ctx, s, c.net)
	if err != nil {
		return "", err
	}
	return render.UpperFirst(mask(text)), nil
}

// areaChange gives an area another text. Once people vote that is possible only
// where a removed reply has left none.
func (b *Bot) areaChange(ctx context.Context, s *scene, c *call, poll *meeting.Poll) error {
	a, rest, err := b.area(ctx, s, c, poll)
	if err != nil || a == nil {
		return err
	}
	if !a.Dropped {
		if ok, err := b.changeable(ctx, s, c, poll); err != nil || !ok {
			return err
		}
	}
	text, err := b.areaText(ctx, s, c, rest)
	if err != nil || text == "" {
		return err
	}
	anew := a.Dropped
	a.Text, a.Edited, a.Dropped = text, true, false
	if anew {
		err = b.replacePriorities(ctx, s, c.net, poll)
	} else {
		err = s.tx.StorePoll(ctx, poll)
	}
	if err != nil {
		return err
	}
	return b.answer(ctx, s, c, "priorities_changed", render.Problem{Number: a.Number})
}

func (b *Bot) areaRemove(ctx context.Context, s *scene, c *call, poll *meeting.Poll) error {
	if ok, err := b.changeable(ctx, s, c, poll); err != nil || !ok {
		return err
	}
	a, _, err := b.area(ctx, s, c, poll)
	if err != nil || a == nil {
		return err
	}
	number := a.Number
	poll.Areas = slices.DeleteFunc(poll.Areas, func(a meeting.Priority) bool { return a.Number == number })
	if err := s.tx.StorePoll(ctx, poll); err != nil {
		return err
	}
	return b.answer(ctx, s, c, "priorities_removed", render.Problem{Number: number})
}

func (b *Bot) areaAdd(ctx context.Context, s *scene, c *call, poll *meeting.Poll) error {
	if ok, err := b.changeable(ctx, s, c, poll); err != nil || !ok {
		return err
	}
	if len(poll.Areas) >= meeting.MaxAreas {
		return b.answer(ctx, s, c, "priorities_full", render.Problem{Max: meeting.MaxAreas})
	}
	text, err := b.areaText(ctx, s, c, c.args)
	if err != nil || text == "" {
		return err
	}
	poll.Last++
	poll.Areas = append(poll.Areas, meeting.Priority{Number: poll.Last, Text: text, Edited: true})
	if err := s.tx.StorePoll(ctx, poll); err != nil {
		return err
	}
	return b.answer(ctx, s, c, "priorities_added", render.Problem{Number: poll.Last})
}

// numbers are digits in what people write.
var numbers = regexp.MustCompile(`\d+`)

// areaMerge makes several areas one: the first keeps its text.
func (b *Bot) areaMerge(ctx context.Context, s *scene, c *call, poll *meeting.Poll) error {
	if ok, err := b.changeable(ctx, s, c, poll); err != nil || !ok {
		return err
	}
	var which []int
	for _, w := range numbers.FindAllString(c.args, -1) {
		n, err := strconv.Atoi(w)
		if err != nil || poll.Find(n) == nil {
			return b.answer(ctx, s, c, "priorities_no_area", render.Problem{Word: clip(w)})
		}
		if !slices.Contains(which, n) {
			which = append(which, n)
		}
	}
	if len(which) < 2 {
		return b.answer(ctx, s, c, "priorities_merge_form", nil)
	}
	to := poll.Find(which[0])
	for _, n := range which[1:] {
		for _, id := range poll.Find(n).Entries {
			if !slices.Contains(to.Entries, id) {
				to.Entries = append(to.Entries, id)
			}
		}
	}
	poll.Areas = slices.DeleteFunc(poll.Areas, func(a meeting.Priority) bool { return slices.Contains(which[1:], a.Number) })
	if err := s.tx.StorePoll(ctx, poll); err != nil {
		return err
	}
	return b.answer(ctx, s, c, "priorities_merged", render.Problem{Number: which[0]})
}

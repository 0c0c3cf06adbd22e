package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// The event types of polls: as written in MSC3381 while it was a proposal, and
// as it was accepted. Clients send the one that the poll they answer has.
const (
	pollStart       = "m.poll.start"
	pollStartBefore = "org.matrix.msc3381.poll.start"
)

// poll is a poll as a client shows it.
type poll struct {
	question string
	answers  []answer
	before   bool // in the form of the proposal
}

type answer struct{ id, text string }

// pollOf reads a poll.
func pollOf(s person.Seen) (poll, bool) {
	p := poll{before: s.Kind == pollStartBefore}
	if !p.before && s.Kind != pollStart {
		return p, false
	}
	start := object(s.Content, pollStart, pollStartBefore)
	p.question = plainText(object(start, "question"))
	list, _ := start["answers"].([]any)
	for _, a := range list {
		fields, _ := a.(map[string]any)
		id, _ := fields["m.id"].(string)
		if id == "" {
			id, _ = fields["id"].(string)
		}
		p.answers = append(p.answers, answer{id, plainText(fields)})
	}
	return p, true
}

// object is the first of the values that is an object.
func object(in map[string]any, names ...string) map[string]any {
	for _, name := range names {
		if o, ok := in[name].(map[string]any); ok {
			return o
		}
	}
	return nil
}

// plainText is the text of extensible events (MSC1767), old form or new.
func plainText(in map[string]any) string {
	if text, ok := in["org.matrix.msc1767.text"].(string); ok {
		return text
	}
	list, _ := in["m.text"].([]any)
	for _, variant := range list {
		fields, _ := variant.(map[string]any)
		if kind, _ := fields["mimetype"].(string); kind == "" || kind == "text/plain" {
			text, _ := fields["body"].(string)
			return text
		}
	}
	return ""
}

// textOf is what a message says; of a poll, the question and the answers.
func textOf(s person.Seen) string {
	p, ok := pollOf(s)
	if !ok && s.Body == "" {
		return plainText(s.Content) // of a poll that ends
	}
	if !ok {
		return s.Body
	}
	lines := []string{p.question}
	for i, a := range p.answers {
		lines = append(lines, fmt.Sprintf("%d. %s", i+1, a.text))
	}
	return strings.Join(lines, "\n")
}

// vote answers a poll, in the form that the poll has, or in the newer one.
func (n *network) vote(ctx context.Context, s step) error {
	target, ok := n.watch.find(n.labels[s.target].id)
	p, isPoll := pollOf(target)
	if !ok || !isPoll {
		return fmt.Errorf("%s is no poll: %s", s.target, target)
	}
	areas, err := n.ballot(s.who, s.text)
	if err != nil {
		return err
	}
	var ids []string
	for _, area := range areas {
		i := slices.IndexFunc(p.answers, func(a answer) bool { return a.text == area })
		if i < 0 {
			return fmt.Errorf("the poll has no ”%s”:\n%s", area, textOf(target))
		}
		ids = append(ids, p.answers[i].id)
	}
	kind, content := "m.poll.response", map[string]any{"m.selections": ids}
	if p.before && s.verb == "votes" {
		kind = "org.matrix.msc3381.poll.response"
		content = map[string]any{kind: map[string]any{"answers": ids}}
	}
	content["m.relates_to"] = map[string]any{"rel_type": "m.reference", "event_id": string(target.ID)}
	id, err := n.people[s.who].SendRaw(ctx, n.room, kind, content)
	if err != nil {
		return err
	}
	_, err = n.watch.message(ctx, "the vote by "+s.who, func(m person.Seen) bool { return m.ID == id && m.Kind == kind })
	return err
}

// ballot notes what somebody votes for, in place of what they voted for before,
// and returns the areas that have the numbers.
func (n *network) ballot(who, numbers string) (areas []string, err error) {
	for number := range strings.FieldsSeq(numbers) {
		text := n.numbered(func(line numberedLine) bool { return line.number == number }).text
		if text == "" {
			return nil, fmt.Errorf("there is no area %s", number)
		}
		areas = append(areas, text)
	}
	n.ballots[who] = areas
	return areas, nil
}

// votes counts the votes for each area.
func (n *network) votes() map[string]int {
	out := map[string]int{}
	for _, areas := range n.ballots {
		for _, a := range areas {
			out[a]++
		}
	}
	return out
}

// numberedLine is a line of a list that the bot has posted.
type numberedLine struct{ number, text string }

var numberedForm = regexp.MustCompile(`^\W*(\d+)\. (.+)$`)

// numbered finds a line in the newest list in the room that has such a line.
func (n *network) numbered(match func(numberedLine) bool) numberedLine {
	seen := n.watch.now()
	for i := len(seen) - 1; i >= 0; i-- {
		if seen[i].Sender != n.play.bot || seen[i].Redacted {
			continue
		}
		for text := range strings.SplitSeq(seen[i].Body, "\n") {
			found := numberedForm.FindStringSubmatch(text)
			if found == nil {
				continue
			}
			line := numberedLine{found[1], supportEnd.ReplaceAllString(found[2], "")}
			if match(line) {
				return line
			}
		}
	}
	return numberedLine{}
}

var (
	placeholder = regexp.MustCompile(`\{([^{}]+)\}`)
	supportEnd  = regexp.MustCompile(` \(\d+ svar\)$`)
)

// resolve puts the bot's numbers in place of the words in braces.
func (n *network) resolve(text string) (string, error) {
	var failed error
	text = placeholder.ReplaceAllStringFunc(text, func(in string) string {
		words := strings.Trim(in, "{}")
		number := n.numbered(func(line numberedLine) bool { return strings.Contains(line.text, words) }).number
		if number == "" {
			failed = fmt.Errorf("the bot has numbered nothing with ”%s”", words)
		}
		return number
	})
	return text, failed
}

// find returns a message as it is now.
func (w *watcher) find(id meeting.EventID) (person.Seen, bool) {
	seen := w.now()
	i := slices.IndexFunc(seen, func(s person.Seen) bool { return s.ID == id })
	if i < 0 {
		return person.Seen{}, false
	}
	return seen[i], true
}

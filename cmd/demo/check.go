package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"blnbot/bot"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// check is one thing that must hold in the end, and what is wrong with it.
type check struct {
	what   string
	faults []string
}

// report prints the checks and reports whether all hold.
func report(out io.Writer, checks []check) bool {
	fmt.Fprintf(out, "\nThe outcome:\n")
	good := true
	for _, c := range checks {
		sign := "✓"
		if len(c.faults) > 0 {
			sign, good = "✗", false
		}
		fmt.Fprintf(out, "  %s %s\n", sign, c.what)
		for _, f := range c.faults {
			fmt.Fprintf(out, "      - %s\n", f)
		}
	}
	return good
}

// check looks at the outcome from outside: at the rooms as people see them, and
// at what blnbot export gives.
func (p *play) check(ctx context.Context, folder string) ([]check, error) {
	documents, err := p.collect(ctx, folder)
	if err != nil {
		return nil, err
	}
	checks, err := p.checkDocuments(ctx, documents)
	if err != nil {
		return nil, err
	}
	for _, n := range p.networks {
		found, err := p.checkNetwork(ctx, n, documents)
		if err != nil {
			return nil, err
		}
		checks = append(checks, found...)
	}
	return append(checks, p.checkCoordination()...), nil
}

// checkNetwork looks at a network: its minutes, its room, and what of it is in
// the coordination room.
func (p *play) checkNetwork(ctx context.Context, n *network, documents []document) ([]check, error) {
	var checks []check
	coord, room := p.coord.watch.now(), n.watch.now()
	texts := n.markdown(documents)
	for _, number := range n.held() {
		m, err := p.minutes(ctx, n.id, number)
		if err != nil {
			return nil, err
		}
		checks = append(checks, check{fmt.Sprintf("%s, meeting %d: the minutes have %d entries, each once, in the room's order, as last written",
			n.name, number, len(n.expected(number))), n.minutesFaults(m, room)})
	}
	if n.play.coord.reported {
		report := reportOf(documents)
		checks = append(checks,
			check{n.name + ": the votes are counted as they were cast: in the room, in the coordination room, in the report", n.voteFaults(room, coord, report)},
			check{n.name + ": the report says how many told what they thought, or that they are too few to be shown", n.thoughtFaults(report)})
	}
	return append(checks,
		check{n.name + ": 📝 is on what is in the minutes, and on nothing else", n.receiptFaults(room)},
		check{n.name + ": what was deleted or left out is nowhere", n.traces(texts, room, coord)},
		check{n.name + ": every approved summary shared once, in its round's thread, newest version, and no other", n.summaryFaults(coord)},
		check{n.name + ": what the leader struck out or has not approved stays in the room", n.withheldFaults(coord)},
		check{n.name + ": the summaries say only what people wrote, or the leader", n.inventions(texts)},
		check{n.name + ": each meeting opened with the shared summary of the one before", n.recapFaults(room, texts)},
		check{n.name + ": each version of the plan is shared once, with what it must say", n.planFaults(coord)},
		check{n.name + ": nothing is posted twice", doubled(room, p.bot)},
		check{n.name + ": everything is encrypted, by verified devices, direct messages too", n.plainFaults()}), nil
}

func (p *play) checkCoordination() []check {
	coord := p.coord.watch.now()
	return []check{
		{"Coordination room: no names, no phone numbers and the like", p.namedIn(coord)},
		{"Coordination room: a message for each round shows which networks are done", p.roundFaults(coord)},
		{"Coordination room: nothing is posted twice", doubled(coord, p.bot)},
		{"Coordination room: everything is encrypted, by verified devices", plain(coord)},
		{"The bot's log: no warnings or errors, and nothing of what people wrote", p.logFaults()},
	}
}

// minutes reads a meeting's minutes.
func (p *play) minutes(ctx context.Context, network string, number int) (m bot.MinutesExport, err error) {
	d, err := p.export(ctx, exported{network, "minutes", number}, "json")
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(d.data, &m); err != nil {
		return m, fmt.Errorf("read minutes: %w", err)
	}
	return m, nil
}

// markdown are a network's exported documents as Markdown, by what they are:
// "summary 1", "plan".
func (n *network) markdown(documents []document) map[string]string {
	out := map[string]string{}
	for _, d := range documents {
		if d.network != n.id || d.what == "file" || d.format() != "md" {
			continue
		}
		what := d.what
		if d.number > 0 {
			what = fmt.Sprintf("%s %d", d.what, d.number)
		}
		out[what] = string(d.data)
	}
	return out
}

// reportOf is the final report as Markdown.
func reportOf(documents []document) string {
	for _, d := range documents {
		if d.what == "report" && d.format() == "md" {
			return string(d.data)
		}
	}
	return ""
}

// held lists the meetings that were held.
func (n *network) held() []int { return slices.Sorted(maps.Keys(n.states)) }

// expected are the entries that a meeting's minutes must have.
func (n *network) expected(number int) []*entry {
	var out []*entry
	for _, e := range n.entries {
		if e.meeting == number && !e.out {
			out = append(out, e)
		}
	}
	return out
}

// minutesFaults compares a meeting's minutes with what happened in the room.
func (n *network) minutesFaults(m bot.MinutesExport, room []person.Seen) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	want := map[meeting.EventID]*entry{}
	out := 0
	for _, e := range n.expected(m.Meeting) {
		want[e.id] = e
	}
	for _, e := range n.entries {
		if e.meeting == m.Meeting && e.out {
			out++
		}
	}
	place := map[meeting.EventID]int{}
	for i, s := range room {
		place[s.ID] = i
	}
	times, last := map[meeting.EventID]int{}, -1
	for _, prompt := range m.Prompts {
		for _, got := range prompt.Entries {
			times[got.ID]++
			e := want[got.ID]
			if e == nil {
				fault("should not be there: ”%s”", clip(got.Body, 60))
				continue
			}
			if place[got.ID] < last {
				fault("out of order: ”%s”", clip(got.Body, 60))
			}
			last = place[got.ID]
			for _, d := range e.differences(got) {
				fault("”%s”: %s", clip(e.body, 40), d)
			}
		}
	}
	for _, e := range n.expected(m.Meeting) {
		if times[e.id] != 1 {
			fault("is there %d times: ”%s”", times[e.id], clip(e.body, 60))
		}
	}
	if m.State != n.states[m.Meeting] || m.Removed != out || m.Unreadable != 0 || m.Gaps != 0 {
		fault("state %s, %d removed (should be %d), %d unreadable, %d gaps", m.State, m.Removed, out, m.Unreadable, m.Gaps)
	}
	return faults
}

// differences tells how an entry differs from what it should be.
func (e *entry) differences(got bot.EntryExport) (out []string) {
	compare := func(what string, got, want any) {
		if fmt.Sprint(got) != fmt.Sprint(want) {
			out = append(out, fmt.Sprintf("%s is %v, should be %v", what, got, want))
		}
	}
	marks := slices.Clone(got.Marks)
	slices.Sort(marks)
	compare("text", got.Body, e.body)
	compare("author", got.Author, e.author)
	compare("source", got.Source, e.source)
	compare("late", got.Late, e.late)
	compare("edited", got.Edited, e.edited)
	compare("support", got.Support, len(e.supporters))
	compare("marks", marks, slices.Sorted(slices.Values(e.marks)))
	return out
}

func (n *network) receiptFaults(room []person.Seen) (faults []string) {
	in := map[meeting.EventID]bool{}
	for _, e := range n.entries {
		in[e.id] = !e.out
	}
	for _, s := range room {
		if has := slices.Contains(s.Reactions[receipt], n.play.bot); has != in[s.ID] {
			faults = append(faults, fmt.Sprintf("”%s”: 📝 %v", clip(s.Body, 60), has))
		}
	}
	return faults
}

// traces looks for text that was deleted, changed or left out. People's own
// messages do not count: with 🚫 they stay in the room.
func (n *network) traces(documents map[string]string, rooms ...[]person.Seen) (faults []string) {
	texts := map[string]string{}
	for what, text := range documents {
		texts["export "+what] = text
	}
	for _, room := range rooms {
		for _, s := range room {
			if s.Sender == n.play.bot {
				texts["the bot's ”"+clip(s.Body, 30)+"”"] += s.Body + s.HTML
			}
		}
	}
	gone := n.removed()
	for what, text := range texts {
		for _, sentence := range gone {
			if strings.Contains(text, sentence) {
				faults = append(faults, fmt.Sprintf("%s still has ”%s”", what, clip(sentence, 60)))
			}
		}
	}
	slices.Sort(faults)
	return faults
}

// doubled finds what the bot has posted twice: with the same key, or the same
// text as an answer to the same message.
func doubled(room []person.Seen, self meeting.UserID) (faults []string) {
	keys, texts := map[any]int{}, map[string]int{}
	for _, s := range room {
		if s.Sender != self || s.Redacted {
			continue
		}
		text := string(s.ReplyTo) + "\n" + textOf(s)
		if key := s.Content["se.nka.blnbot.key"]; key != nil && !s.Edited {
			keys[key]++
			if keys[key] == 2 {
				faults = append(faults, "same key: ”"+clip(s.Body, 60)+"”")
			}
		}
		if texts[text]++; texts[text] == 2 {
			faults = append(faults, "same text: ”"+clip(s.Body, 60)+"”")
		}
	}
	return faults
}

// plain finds messages that were not encrypted, or by a device that its owner
// has not verified.
func plain(room []person.Seen) (faults []string) {
	for _, s := range room {
		if !s.Encrypted {
			faults = append(faults, "not encrypted: ”"+clip(s.Body, 60)+"”")
		} else if !s.Redacted && !s.Verified {
			faults = append(faults, "by an unverified device: ”"+clip(s.Body, 60)+"”")
		}
	}
	return faults
}

// plainFaults is plain for the network's room and the direct rooms.
func (n *network) plainFaults() []string {
	faults := plain(n.watch.now())
	for _, w := range n.direct {
		faults = append(faults, plain(w.now())...)
	}
	return faults
}

// digits are those of a telephone number.
var digits = regexp.MustCompile(`070\D*174`)

// namesIn finds names of people and phone numbers in a text.
func (p *play) namesIn(text string) (found []string) {
	words := strings.FieldsFunc(text, func(r rune) bool { return !letter(r) })
	for _, n := range p.networks {
		for _, m := range n.everybody() {
			for _, part := range strings.FieldsFunc(m.name, func(r rune) bool { return !letter(r) }) {
				if slices.Contains(words, part) || slices.Contains(words, part+"s") {
					found = append(found, part)
				}
			}
			if id := "@" + m.user; strings.Contains(text, id) {
				found = append(found, id)
			}
		}
	}
	for _, name := range outsiders() {
		if slices.Contains(words, name) {
			found = append(found, name)
		}
	}
	return append(found, digits.FindAllString(text, -1)...)
}

func letter(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0xc0 && r != 0xd7 && r != 0xf7 && r <= 0x17f
}

func (p *play) namedIn(room []person.Seen) (faults []string) {
	for _, s := range room {
		if s.Sender != p.bot {
			continue
		}
		found := p.namesIn(s.Body + " " + s.HTML + " " + s.FileName)
		for _, form := range patterns() {
			found = append(found, form.FindAllString(s.Body, -1)...)
		}
		for _, name := range found {
			faults = append(faults, name+" in ”"+clip(s.Body, 60)+"”")
		}
	}
	return faults
}

func (p *play) logFaults() (faults []string) {
	for line := range strings.SplitSeq(p.stage.Log.Text(), "\n") {
		if strings.Contains(line, "level=WARN") || strings.Contains(line, "level=ERROR") {
			faults = append(faults, line)
		}
		if found := p.namesIn(line); len(found) > 0 {
			faults = append(faults, strings.Join(found, ", ")+" in: "+line)
		}
		for _, n := range p.networks {
			for _, it := range n.labels {
				if len(it.text) > 30 && strings.Contains(line, it.text[:30]) {
					faults = append(faults, "a message in: "+line)
				}
			}
		}
	}
	return faults
}

package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// posted lists the bot's messages that begin with the text, answer nobody and
// have not been taken down.
func posted(room []person.Seen, self meeting.UserID, beginning string) (out []person.Seen) {
	for _, s := range room {
		if s.Sender == self && !s.Redacted && s.ReplyTo == "" && strings.HasPrefix(s.Body, beginning) {
			out = append(out, s)
		}
	}
	return out
}

// roundFaults looks for one message for each round, which says how many
// networks are done.
func (p *play) roundFaults(coord []person.Seen) (faults []string) {
	done := map[int]int{}
	for _, n := range p.networks {
		for _, number := range n.held() {
			done[number] += 0
			if n.states[number] == meeting.StateShared {
				done[number]++
			}
		}
	}
	for _, number := range slices.Sorted(maps.Keys(done)) {
		beginning := fmt.Sprintf("Möte %d:", number)
		found := posted(coord, p.bot, beginning)
		if len(found) != 1 {
			faults = append(faults, fmt.Sprintf("%d messages begin with ”%s”", len(found), beginning))
			continue
		}
		count := fmt.Sprintf("%d av %d nätverk klara", done[number], len(p.networks))
		if !strings.Contains(found[0].Body, count) || strings.Count(found[0].Body, "✅") != done[number] {
			faults = append(faults, "it should say ”"+count+"”: "+found[0].Body)
		}
	}
	return faults
}

// summaryVersions is how often the summary of a meeting had to be shared: once, and
// once more after a deletion.
func (n *network) summaryVersions(number int) int {
	for _, e := range n.entries {
		if e.meeting == number && e.out && slices.Contains(e.marks, meeting.MarkKey) {
			return 2
		}
	}
	return 1
}

// summaryFaults looks at the network's summaries in the coordination room.
func (n *network) summaryFaults(coord []person.Seen) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	for _, number := range n.held() {
		found, want := posted(coord, n.play.bot, fmt.Sprintf("%s, möte %d:", n.name, number)), 0
		if n.states[number] == meeting.StateShared {
			want = 1
		}
		if len(found) != want {
			fault("meeting %d: there are %d", number, len(found))
		}
		if len(found) != 1 || want == 0 {
			continue
		}
		s := found[0]
		if v := n.summaryVersions(number); (v > 1) != strings.Contains(s.Body, fmt.Sprintf("(version %d)", v)) {
			fault("meeting %d: not version %d: %s", number, v, clip(s.Body, 60))
		}
		if count := fmt.Sprintf("%d svar", len(n.expected(number))); !strings.Contains(s.Body, count) {
			fault("meeting %d: it does not say ”%s”", number, count)
		}
		if !strings.Contains(s.Body, "inga luckor") {
			fault("meeting %d: it does not say ”inga luckor”", number)
		}
		root := posted(coord, n.play.bot, fmt.Sprintf("Möte %d:", number))
		if len(root) != 1 || s.Thread != root[0].ID {
			fault("meeting %d: it is not in the thread of its round", number)
		}
	}
	return faults
}

// points are the key points in an exported summary, without what follows them.
func points(document string) (out []string) {
	for line := range strings.SplitSeq(document, "\n") {
		text, ok := strings.CutPrefix(line, "- ")
		if !ok {
			continue
		}
		text = strings.NewReplacer(`\`, "").Replace(text)
		if at := strings.LastIndex(text, " ("); at > 0 && strings.HasSuffix(text, ")") {
			text = text[:at]
		}
		out = append(out, strings.TrimSuffix(text, "…"))
	}
	return out
}

// masked is what stands in place of names and numbers.
var masked = regexp.MustCompile(`\[\p{L}[\p{L}-]*\]`)

// inventions finds points that nobody wrote. Of a point with something masked
// the parts around that must be somebody's. A point begins with a capital letter
// whatever it was cut from.
func (n *network) inventions(documents map[string]string) (faults []string) {
	var said []string
	for _, e := range n.entries {
		if !e.out {
			said = append(said, strings.ToLower(e.body))
		}
	}
	for _, text := range n.edits {
		said = append(said, strings.ToLower(text))
	}
	all := 0
	for what, d := range documents {
		if !strings.HasPrefix(what, "summary") {
			continue
		}
		for _, point := range points(d) {
			all++
			for part := range strings.SplitSeq(masked.ReplaceAllString(point, "\n"), "\n") {
				part = strings.TrimSpace(part)
				if !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, strings.ToLower(part)) }) {
					faults = append(faults, "nobody wrote ”"+part+"”")
				}
			}
		}
	}
	if all < 6 {
		faults = append(faults, fmt.Sprintf("only %d points in all", all))
	}
	return faults
}

// recapFaults looks at the openings: one of each meeting is left in the room,
// and it recalls points of the last meeting's summary as it is now.
func (n *network) recapFaults(room []person.Seen, documents map[string]string) (faults []string) {
	before := 0
	for _, number := range n.held() {
		found := posted(room, n.play.bot, fmt.Sprintf("Möte %d av 6", number))
		if len(found) != 1 {
			faults = append(faults, fmt.Sprintf("meeting %d: there are %d openings", number, len(found)))
		} else if before > 0 {
			for _, f := range recapped(found[0].Body, documents[fmt.Sprintf("summary %d", before)]) {
				faults = append(faults, fmt.Sprintf("meeting %d: %s", number, f))
			}
		}
		before = number
	}
	return faults
}

// recapped compares what an opening recalls with the summary.
func recapped(opening, summary string) (faults []string) {
	_, recap, _ := strings.Cut(opening, " i korthet:")
	recap, _, _ = strings.Cut(recap, "Underlag:")
	lines, shared := points(strings.TrimSpace(recap)), points(summary)
	if len(lines) < min(3, len(shared)) {
		faults = append(faults, fmt.Sprintf("it recalls %d points", len(lines)))
	}
	for _, line := range lines {
		if !slices.Contains(shared, line) {
			faults = append(faults, "not in the summary: ”"+line+"”")
		}
	}
	return faults
}

// planFaults looks for one message for each approved version of the plan; the
// newest has what it must have.
func (n *network) planFaults(coord []person.Seen) (faults []string) {
	for v := 1; v <= n.version; v++ {
		found := posted(coord, n.play.bot, fmt.Sprintf("Förslag till lokal plan, %s, version %d", n.name, v))
		if len(found) != 1 {
			faults = append(faults, fmt.Sprintf("version %d is there %d times", v, len(found)))
			continue
		}
		if v < n.version {
			continue
		}
		for _, p := range n.plan {
			if strings.Contains(found[0].Body, p.text) == p.gone {
				faults = append(faults, fmt.Sprintf("”%s” is in it: %v", p.text, p.gone))
			}
		}
	}
	return faults
}

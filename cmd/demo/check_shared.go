package main

import (
	"fmt"
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

// roundFaults looks for one message for each round, which says that both
// networks are done.
func roundFaults(coord []person.Seen, self meeting.UserID) (faults []string) {
	for number := 1; number <= 2; number++ {
		beginning := fmt.Sprintf("Möte %d:", number)
		found := posted(coord, self, beginning)
		if len(found) != 1 {
			faults = append(faults, fmt.Sprintf("%d messages begin with ”%s”", len(found), beginning))
			continue
		}
		if !strings.Contains(found[0].Body, "2 av 2") || strings.Count(found[0].Body, "✅") != 2 {
			faults = append(faults, "it says: "+found[0].Body)
		}
	}
	return faults
}

// versions is how often the summary of a meeting had to be shared: once, and
// once more after a deletion.
func (n *network) versions(number int) int {
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
	for number := 1; number <= n.meeting; number++ {
		found := posted(coord, n.play.bot, fmt.Sprintf("%s, möte %d:", n.name, number))
		if len(found) != 1 {
			fault("meeting %d: there are %d", number, len(found))
			continue
		}
		s := found[0]
		if v := n.versions(number); (v > 1) != strings.Contains(s.Body, fmt.Sprintf("(version %d)", v)) {
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

// inventions finds points that nobody wrote. Of a point with something masked
// the parts around that must be somebody's. A point begins with a capital letter
// whatever it was cut from.
func (n *network) inventions(documents ...string) (faults []string) {
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
	for _, d := range documents {
		for _, point := range points(d) {
			all++
			for part := range strings.SplitSeq(strings.NewReplacer("[namn]", "\n", "[telefonnummer]", "\n").Replace(point), "\n") {
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

// recapFaults looks at the opening of meeting 2: one is left in the room, and it
// recalls points of the first meeting's summary as it is now.
func (n *network) recapFaults(room []person.Seen, summary string) (faults []string) {
	found := posted(room, n.play.bot, "Möte 2 av 6")
	if len(found) != 1 {
		return []string{fmt.Sprintf("there are %d openings", len(found))}
	}
	_, recap, _ := strings.Cut(found[0].Body, "Förra mötet i korthet:")
	recap, _, _ = strings.Cut(recap, "Underlag:")
	lines := points(strings.TrimSpace(recap))
	if len(lines) < 3 {
		faults = append(faults, fmt.Sprintf("it recalls %d points", len(lines)))
	}
	shared := points(summary)
	for _, line := range lines {
		if !slices.Contains(shared, line) {
			faults = append(faults, "not in the summary: ”"+line+"”")
		}
	}
	return faults
}

func (n *network) planFaults(coord []person.Seen) (faults []string) {
	found := posted(coord, n.play.bot, "Förslag till lokal plan, "+n.name)
	if len(found) != 1 {
		return []string{fmt.Sprintf("it is there %d times", len(found))}
	}
	for _, p := range n.plans {
		for _, text := range p.texts {
			if strings.Contains(found[0].Body, text) == p.gone {
				faults = append(faults, fmt.Sprintf("”%s” is in it: %v", text, p.gone))
			}
		}
	}
	return faults
}

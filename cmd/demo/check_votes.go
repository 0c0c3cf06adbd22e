package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"blnbot/internal/matrix/person"
)

// fewest is how many must have said what they thought before it is shown.
const fewest = 5

// voteFaults compares the votes with the result as it stands in the network's
// room, in the coordination room and in the final report.
func (n *network) voteFaults(room, coord []person.Seen, report string) (faults []string) {
	votes := n.votes()
	for _, place := range []struct {
		name, title string
		seen        []person.Seen
	}{{"the network's room", "Resultatet av omröstningen, " + n.name, room}, {"the coordination room", "Prioriterade områden, " + n.name, coord}} {
		found := posted(place.seen, n.play.bot, place.title)
		if len(found) != 1 {
			faults = append(faults, fmt.Sprintf("%d results in %s", len(found), place.name))
			continue
		}
		if total := fmt.Sprintf("%d av %d röstade", len(n.ballots), len(n.everybody())); !strings.Contains(found[0].Body, total) {
			faults = append(faults, place.name+" does not say: "+total)
		}
		for _, area := range slices.Sorted(maps.Keys(votes)) {
			line := fmt.Sprintf("%d röster: %s", votes[area], area)
			if votes[area] == 1 {
				line = "1 röst: " + area
			}
			if !strings.Contains(found[0].Body, line) {
				faults = append(faults, place.name+" does not say: "+line)
			}
		}
	}
	table := section(report, "## Prioriterade områden", "### "+n.name)
	for _, area := range slices.Sorted(maps.Keys(votes)) {
		if row := fmt.Sprintf("| %s | %d |", area, votes[area]); !strings.Contains(squeeze(table), squeeze(row)) {
			faults = append(faults, "the report does not have: "+row)
		}
	}
	return faults
}

// thoughtFaults looks at what the report says about the self-evaluation: how
// many have answered and what, or, if they are too few, that.
func (n *network) thoughtFaults(report string) (faults []string) {
	text := section(report, "## Vad deltagarna tyckte", "### "+n.name)
	if len(n.thoughts) < fewest {
		if !strings.Contains(text, "Färre än fem har svarat") || len(grades(text)) > 0 {
			faults = append(faults, "it should only say that there are too few answers: "+clip(text, 80))
		}
		return faults
	}
	if want := fmt.Sprintf("%d av %d svarade", len(n.thoughts), len(n.everybody())); !strings.Contains(text, want) {
		faults = append(faults, fmt.Sprintf("it should say ”%s”: %s", want, clip(text, 80)))
	}
	want := make([][scale]int, questions)
	for _, t := range n.thoughts {
		for i, grade := range t.grades {
			want[i][grade-1]++
		}
	}
	if got := grades(text); !slices.Equal(got, want) {
		faults = append(faults, fmt.Sprintf("it counts %v, should be %v", got, want))
	}
	return faults
}

// The self-evaluation has four questions with answers from 1 to 4.
const questions, scale = 4, 4

// thought is what somebody has said in the self-evaluation.
type thought struct {
	grades []int
	words  string
}

// think notes an answer, which may be a part of all.
func (n *network) think(who, text string) {
	t := n.thoughts[who]
	words := strings.TrimLeft(text, "1234 ")
	for _, r := range text[:len(text)-len(words)] {
		if r != ' ' {
			t.grades = append(t.grades, int(r-'0'))
		}
	}
	t.words += words
	n.thoughts[who] = t
}

// grades reads the rows of a table in which numbers stand behind each question.
func grades(text string) (rows [][scale]int) {
	for line := range strings.SplitSeq(text, "\n") {
		cells := strings.Split(strings.Trim(line, "| "), "|")
		if len(cells) != 1+scale {
			continue
		}
		var row [scale]int
		var failed error
		for i, cell := range cells[1:] {
			var err error
			row[i], err = strconv.Atoi(strings.TrimSpace(cell))
			failed = errors.Join(failed, err)
		}
		if failed == nil {
			rows = append(rows, row)
		}
	}
	return rows
}

// section is the part of a Markdown document below one heading after the other,
// up to the next heading of the same rank or a higher one.
func section(document string, headings ...string) string {
	for _, heading := range headings {
		_, rest, found := strings.Cut(document, heading+"\n")
		if !found {
			return ""
		}
		rank := strings.IndexByte(heading, ' ')
		document = ""
		for line := range strings.Lines(rest) {
			if at := strings.IndexByte(line, ' '); at > 0 && at <= rank && strings.Trim(line[:at], "#") == "" {
				break
			}
			document += line
		}
	}
	return document
}

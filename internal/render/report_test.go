package render

import (
	"fmt"
	"strings"
	"testing"

	"blnbot/internal/meeting"
)

// TestLongReport: the largest programme there can be, with many networks, in
// every format.
func TestLongReport(t *testing.T) {
	x, loc := New(), stockholm(t)
	from := reportSample(loc)
	r := Report{ID: "lang", Programme: "Långt", Version: 1, Made: from.Made, Published: from.Made}
	for i := range meeting.MaxMeetings {
		r.Meetings = append(r.Meetings, meeting.ProgrammeMeeting{Title: fmt.Sprintf("Träff %d", i+1), Prompts: []string{"Vad?"}})
		round := from.Rounds[0]
		round.Number = i + 1
		r.Rounds = append(r.Rounds, round)
	}
	for i := range 10 {
		n := from.Networks[0]
		n.ID, n.Name, n.Meetings = fmt.Sprintf("n%d", i), fmt.Sprintf("Nätverk %d", i), nil
		for j := range meeting.MaxMeetings {
			m := from.Networks[0].Meetings[0]
			m.Number = j + 1
			n.Meetings = append(n.Meetings, m)
		}
		r.Networks = append(r.Networks, n)
	}
	page, err := x.Document("sv", "report", r)
	if err != nil || !strings.Contains(page, "Träff 30") || strings.Count(page, "Möte 30: ") < 2 {
		t.Errorf("the page lacks the last meeting: %v", err)
	}
	file, err := x.Word("sv", "report", r)
	if err != nil || len(file) == 0 || len(file) > 5<<20 {
		t.Errorf("the Word file has %d bytes: %v", len(file), err)
	}
}

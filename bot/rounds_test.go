package bot_test

import (
	"fmt"
	"strings"
	"testing"

	"blnbot/internal/meeting"
)

// TestManyNetworks has more networks than fit in a table, a picture or a line,
// one of which never had the meeting, and a programme of thirty meetings.
func TestManyNetworks(t *testing.T) {
	const networks = 62
	s := newStage(t)
	s.brief = true
	for i := range networks {
		s.step(fmt.Sprintf("network n%d Nätverk_%d prompts=1 leader=lena dates=2026-09-08_17:00,2026-09-15_17:00,2026-09-22_17:00", i, i))
	}
	for i := range networks {
		s.change(fmt.Sprintf("n%d", i), func(n *meeting.Network) {
			first := n.Programme.Meetings[:1:1]
			for len(first) < meeting.MaxMeetings {
				first = append(first, n.Programme.Meetings[1])
			}
			n.Programme.Meetings = first
		})
	}
	s.step("at 2026-09-08 17:00")
	s.settle()
	for i := range networks - 1 {
		s.step(fmt.Sprintf("room n%d", i))
		s.step(fmt.Sprintf("anna in 1 #reply%d: En fast kontaktperson som svarar när det är akut.", i))
		if i%7 == 0 {
			s.step(fmt.Sprintf("bo in 1 #more%d: Träffarna i parken, kommunens hemsida och samtalen med kurator nummer %d.", i, i))
		}
		s.settle()
		s.step("lena: !avsluta")
		s.settle()
	}
	s.step("after 2s")
	s.settle()
	for i := range networks - 1 {
		s.step(fmt.Sprintf("room n%d", i))
		s.step("lena: !godkänn")
	}
	s.settle()
	s.brief = false
	s.out.Reset()
	s.step("room samordning")
	s.step("nka: !sammanställ 1")
	s.settle()
	s.step("nka: !status")
	s.settle()
	s.step("weekly MON 08:00")
	s.step("at 2026-09-14 08:00")
	s.settle()
	got := s.out.String()
	for _, want := range []string{
		"Det här säger 61 av 62 nätverk. Ett har inte delat sin sammanfattning än: Nätverk\\_61.",
		"- En fast kontaktperson som svarar när det är akut. (Nätverk\\_0, Nätverk\\_1, Nätverk\\_2, Nätverk\\_3, Nätverk\\_4, Nätverk\\_5 och 55 till)",
		"sammanstallning-mote-1.docx",
		"**Läget i nätverken** (1 av 2)", "**Läget i nätverken** (2 av 2)", "| Nätverk\\_61 | 1 av 30 | öppet till",
		"**Läget i nätverken, vecka 38** (1 av 2)", "**Läget i nätverken, vecka 38** (2 av 2)",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing: %s", want)
		}
	}
	if n := strings.Count(got, "bild-natverk.png"); n != 2 {
		t.Errorf("%d pictures, want 2", n)
	}
	if t.Failed() {
		t.Log(got)
	}
}

package calendar_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	ics "github.com/arran4/golang-ical"
	"github.com/google/go-cmp/cmp"

	"blnbot/internal/calendar"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const nasty = "Möte 2: vad; fungerar, bra \\ i dag?\r\nBEGIN:VEVENT\nUID:x \x00\x07"

func sample() []calendar.Event {
	start := time.Date(2026, 10, 24, 15, 0, 0, 0, time.UTC) // summer time ends the night after
	return []calendar.Event{
		{UID: "network/vasteras/2@example.se", Start: start, End: start.Add(5 * 24 * time.Hour), Title: nasty, Free: true,
			Text: "Svara på frågorna i rummet, i tråden under varje fråga, när det passar dig. " + strings.Repeat("åäö ", 40)},
		{UID: "leaders/samsjuklighet/2/before@example.se", Sequence: 3, Start: start, End: start.Add(time.Hour), Title: "Ledarnas möte",
			Place: "Video", Link: "https://example.se/video?a=1,2;b=3"},
	}
}

func TestFile(t *testing.T) {
	now := time.Date(2026, 9, 1, 10, 0, 0, 0, time.FixedZone("", 7200))
	cancelled := sample()[1]
	cancelled.Cancelled = true
	for name, events := range map[string][]calendar.Event{"events": sample(), "cancelled": {cancelled}} {
		t.Run(name, func(t *testing.T) {
			got, err := calendar.File(now, events...)
			if err != nil {
				t.Fatal(err)
			}
			file := "testdata/" + name + ".ics"
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			checkLines(t, got)
		})
	}
}

// checkLines checks what RFC 5545, 3.1 asks of lines: CRLF, at most 75 octets,
// whole characters.
func checkLines(t *testing.T, file []byte) {
	t.Helper()
	lines := strings.Split(string(file), "\r\n")
	if lines[len(lines)-1] != "" {
		t.Error("the last line does not end")
	}
	for _, l := range lines {
		if len(l) > 75 {
			t.Errorf("%d octets: %q", len(l), l)
		}
		if !utf8.ValidString(l) {
			t.Errorf("a character is split: %q", l)
		}
		if strings.ContainsAny(l, "\r\n\x00\x07") {
			t.Errorf("control character: %q", l)
		}
	}
}

// TestRead reads a file back with the parser.
func TestRead(t *testing.T) {
	now := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	file, err := calendar.File(now, sample()...)
	if err != nil {
		t.Fatal(err)
	}
	cal, err := ics.ParseCalendar(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	events := cal.Events()
	if len(events) != 2 {
		t.Fatalf("%d events", len(events))
	}
	for i, want := range sample() {
		e := events[i]
		start, err := e.GetStartAt()
		if err != nil || !start.Equal(want.Start) {
			t.Errorf("start %v, %v", start, err)
		}
		end, err := e.GetEndAt()
		if err != nil || !end.Equal(want.End) {
			t.Errorf("end %v, %v", end, err)
		}
		if e.Id() != want.UID {
			t.Errorf("UID %s", e.Id())
		}
	}
	if got := ics.FromText(events[0].GetProperty(ics.ComponentPropertySummary).Value); got != "Möte 2: vad; fungerar, bra \\ i dag?\nBEGIN:VEVENT\nUID:x " {
		t.Errorf("summary %q", got)
	}
	if got := events[1].GetProperty(ics.ComponentPropertyUrl).Value; got != "https://example.se/video?a=1,2;b=3" {
		t.Errorf("link %q", got)
	}
}

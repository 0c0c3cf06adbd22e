package render

import (
	"fmt"
	"testing"
	"time"

	"blnbot/internal/meeting"
)

// longMinutes are the minutes of a meeting with so many entries.
func longMinutes(entries int) Minutes {
	m := Minutes{Network: "Västerås", Number: 2, Title: "Vad fungerar bra i dag?", State: meeting.StateClosed, Opened: time.Date(2026, 9, 8, 17, 0, 0, 0, time.UTC),
		Closed: time.Date(2026, 9, 13, 18, 0, 0, 0, time.UTC), People: counted, Entries: entries}
	for n := range 4 {
		p := MinutesPrompt{Number: n + 1, Text: "Vad finns redan i dag i er kommun eller region?"}
		for i := range entries / 4 {
			p.Entries = append(p.Entries, meeting.Entry{Role: meeting.RoleCarer, Source: meeting.SourceThread, Support: i % 3,
				Body: fmt.Sprintf("Svar %d: att någon ringer upp. Jag orkar inte leta själv efter hjälp, och det är svårt att veta vart man ska vända sig.", i)})
		}
		m.Prompts = append(m.Prompts, p)
	}
	return m
}

// BenchmarkDocuments writes the minutes of a meeting with a thousand replies.
func BenchmarkDocuments(b *testing.B) {
	x := New()
	view := longMinutes(1000)
	run := func(name string, write func() (int, error)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				var err error
				if size, err = write(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(size)/1e6, "MB/file")
		})
	}
	run("docx", func() (int, error) { d, err := x.Word("sv", "minutes", view); return len(d), err })
	run("html", func() (int, error) { d, err := x.Document("sv", "minutes", view); return len(d), err })
	run("png", func() (int, error) { d, _, _, err := x.PNG("sv", networksFigure()); return len(d), err })
}

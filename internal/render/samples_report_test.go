package render

import (
	"time"

	"blnbot/internal/meeting"
)

func reportSamples(loc *time.Location) []sample {
	return deletionSamples(loc)
}

func deletionSamples(loc *time.Location) []sample {
	when := at(loc, time.December, 14, 9)
	one := Deletion{Network: "Västerås", When: when, Published: true, Entries: 112}
	old := Deletion{Network: "Arvika", When: when}
	out := []sample{
		{"deletion_ahead", "", one}, {"deletion_ahead", "idle", old}, {"deletion_soon", "", one}, {"deletion_over", "", one}, {"deletion_over", "idle", old}, {"deletion_off", "", old},
		{"deletion_off_staff", "", Deletions{Networks: []Deletion{old}}},
		{"minutes_deleted", "", Problem{Number: 2, When: when}},
	}
	for _, name := range []string{"deletion_announced", "deletion_recalled", "deletion_done"} {
		out = append(out, sample{name, "", Deletions{Networks: []Deletion{one, old}, Entries: 112}})
	}
	return out
}

var _ = meeting.ReportDraft

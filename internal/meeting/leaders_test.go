package meeting_test

import (
	"testing"
	"time"

	"blnbot/internal/meeting"
)

func TestWeeklyLast(t *testing.T) {
	stockholm, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	monday := meeting.Weekly{Day: time.Monday, At: 8 * time.Hour}
	sunday := meeting.Weekly{Day: time.Sunday, At: 2*time.Hour + 30*time.Minute}
	for _, tt := range []struct {
		weekly    meeting.Weekly
		now, want string
	}{
		{monday, "2026-09-07T08:00:00+02:00", "2026-09-07T08:00:00+02:00"},
		{monday, "2026-09-07T07:59:59+02:00", "2026-08-31T08:00:00+02:00"},
		{monday, "2026-09-13T23:00:00+02:00", "2026-09-07T08:00:00+02:00"},
		{monday, "2026-09-07T05:59:00Z", "2026-08-31T08:00:00+02:00"},
		{monday, "2026-10-26T09:00:00+01:00", "2026-10-26T08:00:00+01:00"}, // summer time ended the day before
		{monday, "2026-10-26T07:30:00+01:00", "2026-10-19T08:00:00+02:00"},
		{sunday, "2026-10-25T12:00:00+01:00", "2026-10-25T02:30:00+01:00"}, // shown twice: one of them
		{sunday, "2026-03-29T12:00:00+02:00", "2026-03-29T03:30:00+02:00"}, // skipped
	} {
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := tt.weekly.Last(now, stockholm).Format(time.RFC3339); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.now, got, tt.want)
		}
	}
}

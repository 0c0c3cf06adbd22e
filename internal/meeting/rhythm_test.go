package meeting_test

import (
	"testing"
	"time"

	"blnbot/internal/meeting"
)

const minute = "2006-01-02 15:04"

func TestQuiet(t *testing.T) {
	loc, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	night := meeting.Quiet{From: 21 * time.Hour, To: 7 * time.Hour}
	noon := meeting.Quiet{From: 12 * time.Hour, To: 13*time.Hour + 30*time.Minute}
	for _, tt := range []struct {
		q        meeting.Quiet
		at, want string // no want: not quiet
	}{
		{night, "2026-09-08 20:59", ""}, {night, "2026-09-08 21:00", "2026-09-09 07:00"},
		{night, "2026-09-09 06:59", "2026-09-09 07:00"}, {night, "2026-09-09 07:00", ""},
		{night, "2026-10-24 23:00", "2026-10-25 07:00"}, {night, "2026-03-29 01:30", "2026-03-29 07:00"},
		{noon, "2026-09-08 11:59", ""}, {noon, "2026-09-08 12:00", "2026-09-08 13:30"}, {noon, "2026-09-08 13:30", ""},
		{meeting.Quiet{}, "2026-09-08 00:00", ""},
	} {
		at, err := time.ParseInLocation(minute, tt.at, loc)
		if err != nil {
			t.Fatal(err)
		}
		end, quiet := tt.q.Until(at)
		if quiet != (tt.want != "") || quiet && end.Format(minute) != tt.want {
			t.Errorf("%v at %s: %v until %s, want %q", tt.q, tt.at, quiet, end.Format(minute), tt.want)
		}
	}
}

func TestWindow(t *testing.T) {
	loc, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	read := func(text string) time.Time {
		if text == "" {
			return time.Time{}
		}
		at, err := time.ParseInLocation(minute, text, loc)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	summer := meeting.Pause{First: "2026-06-15", Last: "2026-08-15"}
	for name, tt := range map[string]struct {
		opens, after   string // when it opens, and the next one
		openFor        time.Duration
		pauses         []meeting.Pause
		remind, closes string
	}{
		"nothing in the way":             {opens: "2026-09-08 17:00", openFor: 120 * time.Hour, remind: "2026-09-12 17:00", closes: "2026-09-13 17:00"},
		"the end at night":               {opens: "2026-09-08 22:30", openFor: 24 * time.Hour, remind: "2026-09-09 17:42", closes: "2026-09-10 07:00"},
		"both at night":                  {opens: "2026-09-08 21:00", openFor: 2 * time.Hour, closes: "2026-09-09 07:00"},
		"the next opens in that night":   {opens: "2026-09-08 22:00", openFor: 168 * time.Hour, after: "2026-09-15 22:00", remind: "2026-09-14 12:24", closes: "2026-09-15 22:00"},
		"the next opens after the pause": {opens: "2026-06-14 17:00", openFor: 120 * time.Hour, after: "2026-08-18 17:00", pauses: []meeting.Pause{summer}, closes: "2026-08-18 17:00"},
		"a pause begins":                 {opens: "2026-06-13 17:00", openFor: 120 * time.Hour, pauses: []meeting.Pause{summer}, remind: "2026-08-18 17:00", closes: "2026-08-19 17:00"},
		"opened in the pause":            {opens: "2026-07-01 17:00", openFor: 120 * time.Hour, pauses: []meeting.Pause{summer}, remind: "2026-08-20 17:00", closes: "2026-08-21 17:00"},
		"pause after pause":              {opens: "2026-06-14 17:00", openFor: 48 * time.Hour, pauses: []meeting.Pause{{First: "2026-08-16", Last: "2026-08-20"}, summer}, remind: "2026-08-22 07:24", closes: "2026-08-22 17:00"},
		"the morning is in the pause":    {opens: "2026-06-13 22:00", openFor: 24 * time.Hour, pauses: []meeting.Pause{summer}, remind: "2026-06-14 17:12", closes: "2026-08-16 07:00"},
		"a pause between, not at an end": {opens: "2026-06-13 17:00", openFor: 100 * 24 * time.Hour, pauses: []meeting.Pause{summer}, remind: "2026-09-01 17:00", closes: "2026-09-21 17:00"},
	} {
		n := meeting.Network{Location: loc, OpenFor: tt.openFor, Pauses: tt.pauses,
			Quiet: meeting.Quiet{From: 21 * time.Hour, To: 7 * time.Hour}}
		remind, closes := n.Window(read(tt.opens).UTC(), read(tt.after))
		got := ""
		if !remind.IsZero() {
			got = remind.In(loc).Format(minute)
		}
		if got != tt.remind || closes.In(loc).Format(minute) != tt.closes {
			t.Errorf("%s: reminder %q, end %s; want %q, %s", name, got, closes.In(loc).Format(minute), tt.remind, tt.closes)
		}
	}
}

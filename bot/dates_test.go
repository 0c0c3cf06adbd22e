package bot

import (
	"testing"
	"time"
)

func TestReadDate(t *testing.T) {
	stockholm, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	today := time.Date(2026, 12, 17, 14, 0, 0, 0, stockholm) // a Thursday
	for _, c := range []struct {
		text  string
		which near
		want  string // empty: no date
		rest  string
	}{
		{"2026-12-15 Socialnämnden", closest, "2026-12-15", "Socialnämnden"},
		{"2026-12-15", closest, "2026-12-15", ""},
		{"2026-1-5 x", closest, "2026-01-05", "x"},
		{"2026.12.15", closest, "2026-12-15", ""},
		{"2026/12/15", closest, "2026-12-15", ""},
		{"20261215", closest, "2026-12-15", ""},
		{"261215 x", closest, "2026-12-15", "x"},
		{"15/12 Socialnämnden", closest, "2026-12-15", "Socialnämnden"},
		{"15/12-26", closest, "2026-12-15", ""},
		{"15/12 2026", closest, "2026-12-15", ""},
		{"15/12-2026", closest, "2026-12-15", ""},
		{"15.12.2026", closest, "2026-12-15", ""},
		{"15.12. x", closest, "2026-12-15", "x"},
		{"15-12-2026", closest, "2026-12-15", ""},
		{"15 december 2026", closest, "2026-12-15", ""},
		{"15 dec. Nämnden för vård", closest, "2026-12-15", "Nämnden för vård"},
		{"den 15 december Nämnden", closest, "2026-12-15", "Nämnden"},
		{"den 15:e december", closest, "2026-12-15", ""},
		{"Den 1 Maj 2026", closest, "2026-05-01", ""},
		{"tisdag 15 december", closest, "2026-12-15", ""},
		{"tisdagen den 15 december 2026, x", closest, "2026-12-15", "x"},
		{"December 15, 2026 Board", closest, "2026-12-15", "Board"},
		{"15th of December", closest, "2026-12-15", ""},
		{"4 oktober", closest, "2026-10-04", ""},
		{"4 October", closest, "2026-10-04", ""},
		{"i går Socialnämnden", closest, "2026-12-16", "Socialnämnden"},
		{"igår", closest, "2026-12-16", ""},
		{"i förrgår", closest, "2026-12-15", ""},
		{"idag", closest, "2026-12-17", ""},
		{"i dag x", closest, "2026-12-17", "x"},
		{"i tisdags x", closest, "2026-12-15", "x"},
		{"i torsdags", closest, "2026-12-10", ""},
		{"tisdag", closest, "2026-12-15", ""},
		{"tisdag", ahead, "2026-12-22", ""},
		{"på fredag", ahead, "2026-12-18", ""},
		{"i morgon 17.00", ahead, "2026-12-18", "17.00"},
		{"i övermorgon", ahead, "2026-12-19", ""},
		{"10/1", closest, "2027-01-10", ""},
		{"10/1", ahead, "2027-01-10", ""},
		{"15/12", ahead, "2027-12-15", ""},
		{"29/2", ahead, "2028-02-29", ""},
		{"29/2 2024", closest, "2024-02-29", ""},
		{"31/2", closest, "", "31/2"},
		{"29/2 2026", closest, "", "29/2 2026"},
		{"4 marknader", closest, "", "4 marknader"},
		{"2026-02-30 x", closest, "", "2026-02-30 x"},
		{"2026-13-01", closest, "", "2026-13-01"},
		{"12/15/2026", closest, "", "12/15/2026"},
		{"0/0", closest, "", "0/0"},
		{"32 december", closest, "", "32 december"},
		{"15 decembrist", closest, "", "15 decembrist"},
		{"Socialnämnden", closest, "", "Socialnämnden"},
		{"", closest, "", ""},
		{"snart", closest, "", "snart"},
		{"99999999999999999999", closest, "", "99999999999999999999"},
	} {
		day, rest, ok := readDate(c.text, today, c.which)
		got := ""
		if ok {
			got = day.Format(time.DateOnly)
		}
		if got != c.want || rest != c.rest {
			t.Errorf("readDate(%q, %d) = %q, rest %q; want %q, %q", c.text, c.which, got, rest, c.want, c.rest)
		}
	}
}

func TestReadTime(t *testing.T) {
	stockholm, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, stockholm)
	for text, want := range map[string]string{
		"2026-10-14 17:00":                "2026-10-14 17:00",
		"2026-10-14T17:00":                "2026-10-14 17:00",
		"2026-10-14 kl. 17.00":            "2026-10-14 17:00",
		"2026-10-14 kl 17":                "2026-10-14 17:00",
		"14/10 17:00":                     "2026-10-14 17:00",
		"14/10 17":                        "2026-10-14 17:00",
		"onsdag 14 oktober kl. 17.30":     "2026-10-14 17:30",
		"den 14 oktober klockan 17":       "2026-10-14 17:00",
		"14.10.2026 17.00":                "2026-10-14 17:00",
		"i morgon 18.00":                  "2026-09-02 18:00",
		"på torsdag kl. 18":               "2026-09-03 18:00",
		"2026-10-14":                      "",
		"14/10":                           "",
		"2026-10-14 25:00":                "",
		"2026-10-14 17:60":                "",
		"2027-03-28 02:30":                "", // the clocks skip it
		"2026-02-31 17:00":                "",
		"17:00":                           "",
		"nästa vecka":                     "",
		"2026-10-14 17:00 tack så mycket": "",
	} {
		at, ok := readTime(text, now)
		got := ""
		if ok {
			got = at.Format("2006-01-02 15:04")
		}
		if got != want {
			t.Errorf("readTime(%q) = %q, want %q", text, got, want)
		}
	}
}

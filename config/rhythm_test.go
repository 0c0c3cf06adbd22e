package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/meeting"
)

func TestQuietHoursAndPauses(t *testing.T) {
	night := meeting.Quiet{From: 21 * time.Hour, To: 7 * time.Hour}
	for _, tt := range []struct {
		name, top, network, schedule string
		quiet                        meeting.Quiet
		pauses                       []meeting.Pause
	}{
		{name: "defaults", quiet: night},
		{name: "a trial", schedule: "@every 30s"},
		{name: "a trial with hours", schedule: "@every 30s", top: "quiet_hours: 21-07", quiet: night},
		{name: "off", top: "quiet_hours: none"},
		{name: "on again", top: "quiet_hours: none", network: "quiet_hours: 22:30-6.15",
			quiet: meeting.Quiet{From: 22*time.Hour + 30*time.Minute, To: 6*time.Hour + 15*time.Minute}},
		{name: "until midnight", network: "quiet_hours: 20-24", quiet: meeting.Quiet{From: 20 * time.Hour}},
		{name: "pauses", top: `pauses: ["2027-06-15..2027-08-15"]`, quiet: night, pauses: []meeting.Pause{{First: "2027-06-15", Last: "2027-08-15"}}},
		{name: "another pause", top: `pauses: ["2027-06-15..2027-08-15"]`, network: `pauses: ["2027-07-01 .. 2027-07-31"]`, quiet: night,
			pauses: []meeting.Pause{{First: "2027-07-01", Last: "2027-07-31"}}},
		{name: "no pause", top: `pauses: ["2027-06-15..2027-08-15"]`, network: "pauses: []", quiet: night},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := tt.top + "\n" + base + "    " + tt.network + "\n"
			if tt.schedule != "" {
				text = strings.ReplaceAll(text, "0 17 * * TUE", tt.schedule)
			}
			cfg, dir, err := load(t, text)
			if err != nil {
				t.Fatal(faults(err, dir))
			}
			n := cfg.Networks[0]
			if n.Quiet != tt.quiet {
				t.Errorf("quiet hours are %v, want %v", n.Quiet, tt.quiet)
			}
			if diff := cmp.Diff(tt.pauses, n.Pauses); diff != "" {
				t.Errorf("pauses -want +got:\n%s", diff)
			}
			if next, ok := n.Schedule.Next(time.Date(2027, 6, 20, 0, 0, 0, 0, time.UTC)); !ok || n.Paused(next.At) {
				t.Errorf("opens in a pause, or never: %v", next.At)
			}
		})
	}
}

func TestRhythmFaults(t *testing.T) {
	for line, want := range map[string]string{
		"quiet_hours: late":                  `14:18 quiet_hours: "late" is not written as from-to`,
		"quiet_hours: 21-25":                 `14:18 quiet_hours: there is no such time in "21-25"`,
		"quiet_hours: 7-07":                  `14:18 quiet_hours: "7-07" begins and ends at the same time; write none for no quiet hours`,
		`pauses: ["2027-06-15"]`:             `14:14 "2027-06-15" is not written as first..last`,
		`pauses: ["2027-06-15..2027-06-31"]`: `14:14 "2027-06-31" is not a date`,
		`pauses: ["2027-6-15..2027-08-15"]`:  `14:14 "2027-6-15" is not a date`,
		`pauses: ["2027-08-15..2027-06-15"]`: `14:14 the pause "2027-08-15..2027-06-15" ends before it begins`,
		`pauses: ["2026-06-15..2027-06-15"]`: `14:14 the pause "2026-06-15..2027-06-15" is longer than 200 days`,
		`deputies: ["per"]`:                  `14:16 "per" is not a full Matrix user id such as @anna:example.se`,
		`deputies: ["@bln:example.se"]`:      `14:16 "@bln:example.se" is the bot itself`,
	} {
		_, dir, err := load(t, base+"    "+line+"\n")
		if diff := cmp.Diff([]string{want}, faults(err, dir)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", line, diff)
		}
	}
}

func TestRhythmWarnings(t *testing.T) {
	cfg, dir, err := load(t, base+`    deputies: ["@lena:example.se"]`+"\n")
	if err != nil {
		t.Fatal(faults(err, dir))
	}
	if diff := cmp.Diff([]string{`14:15 the deputy "@lena:example.se" is a leader already`}, brief(cfg.Warnings, dir)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/meeting"
)

// coordinated is the base with more lines in the section about the coordination
// room; the first of them is line 7.
func coordinated(lines string) string {
	return strings.Replace(base, "networks:\n", lines+"\nnetworks:\n", 1)
}

func TestLeaders(t *testing.T) {
	cfg, dir, err := load(t, base)
	if err != nil {
		t.Fatal(faults(err, dir))
	}
	want := meeting.Leaders{Agenda: 72 * time.Hour, Weekly: &meeting.Weekly{Day: time.Monday, At: 8 * time.Hour}}
	if diff := cmp.Diff(want, cfg.Coordination.Leaders); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	cfg, dir, err = load(t, coordinated(`  weekly: fri 15.30
  agenda: 1w
  meetings:
    - {programme: samsjuklighet, round: 2, after: "2027-10-20 09:30"}
    - programme: samsjuklighet
      round: 1
      before: "2027-09-01 13:00"
      after: "2027-09-30 13:00"
      link: https://example.se/video
`))
	if err != nil {
		t.Fatal(faults(err, dir))
	}
	at := func(text string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", text, cfg.Location)
		if err != nil {
			t.Fatal(err)
		}
		return when.UTC()
	}
	want = meeting.Leaders{Agenda: 7 * 24 * time.Hour, Weekly: &meeting.Weekly{Day: time.Friday, At: 15*time.Hour + 30*time.Minute},
		Meetings: []meeting.LeadersMeeting{
			{Programme: "samsjuklighet", Round: 1, At: at("2027-09-01 13:00"), Link: "https://example.se/video"},
			{Programme: "samsjuklighet", Round: 1, After: true, At: at("2027-09-30 13:00"), Link: "https://example.se/video"},
			{Programme: "samsjuklighet", Round: 2, After: true, At: at("2027-10-20 09:30")},
		}}
	if diff := cmp.Diff(want, cfg.Coordination.Leaders); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	cfg, dir, err = load(t, coordinated("  weekly: off"))
	if err != nil {
		t.Fatal(faults(err, dir))
	}
	if cfg.Coordination.Leaders.Weekly != nil {
		t.Error("weekly is not off")
	}
}

func TestLeadersFaults(t *testing.T) {
	const round = "  meetings:\n    - "
	for lines, want := range map[string]string{
		"  weekly: Monday":      `7:11 weekly: "Monday" is not written as day hour:minute`,
		"  weekly: XYZ 08:00":   `7:11 weekly: there is no day "XYZ"; the days are MON, TUE, WED, THU, FRI, SAT and SUN`,
		"  weekly: MON 25:00":   `7:11 weekly: there is no such time in "MON 25:00"`,
		"  weekly: [MON 08:00]": `7:11 sequence found where text should be`,
		"  agenda: 3":           `7:11 agenda: "3" has no unit (w, d, h, m or s)`,
		"  agenda: 90d":         `7:11 agenda is "90d", which is outside 1h to 30d`,
		"  meetings: soon":      `7:13 string found where a list should be`,
		round + `{programme: samsjuklighet, round: 7, before: "2027-09-01 13:00"}`:                                                                            `8:41 round: the programme has no meeting 7, only 1 to 6`,
		round + `{programme: samsjuklighet, round: two, before: "2027-09-01 13:00"}`:                                                                          `8:41 round: "two" is not a number`,
		round + `{programme: samsjuklighe, round: 1, before: "2027-09-01 13:00"}`:                                                                             `8:19 there is no programme "samsjuklighe"; did you mean "samsjuklighet"?`,
		round + `{programme: samsjuklighet, round: 1}`:                                                                                                        `8:8 neither before nor after says when the leaders meet`,
		round + `{programme: samsjuklighet, before: "2027-09-01 13:00"}`:                                                                                      `8:8 "round" is missing`,
		round + `{programme: samsjuklighet, round: 1, before: "2027-02-30 13:00"}`:                                                                            `8:52 "2027-02-30 13:00": there is no day 30 in February 2027`,
		round + `{programme: samsjuklighet, round: 1, before: "1 september"}`:                                                                                 `8:52 "1 september" is not written as year-month-day hour:minute`,
		round + `{programme: samsjuklighet, round: 1, before: "2027-09-02 13:00", after: "2027-09-01 13:00"}`:                                                 `8:79 the meeting after the round is not after the one before it`,
		round + `{programme: samsjuklighet, round: 1, before: "2027-09-01 13:00", link: video}`:                                                               `8:78 "video" is not a web address`,
		round + `{programme: samsjuklighet, round: 1, befor: "2027-09-01 13:00", after: "2027-09-09 13:00"}`:                                                  `8:44 unknown key "befor"; did you mean "before"?`,
		round + "{programme: samsjuklighet, round: 1, before: \"2027-09-01 13:00\"}\n    - {programme: samsjuklighet, round: 1, after: \"2027-10-01 13:00\"}": `9:41 the leaders' meetings of round 1 of "samsjuklighet" are given already, on line 8`,
	} {
		_, dir, err := load(t, coordinated(lines))
		if diff := cmp.Diff([]string{want}, faults(err, dir)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", lines, diff)
		}
	}
}

func TestCalendar(t *testing.T) {
	for _, tt := range []struct {
		top, network string
		want         bool
	}{{"", "", false}, {"calendar: true", "", true}, {"calendar: true", "calendar: false", false}, {"", "calendar: true", true}} {
		cfg, dir, err := load(t, tt.top+"\n"+base+"    "+tt.network+"\n")
		if err != nil {
			t.Fatal(faults(err, dir))
		}
		if cfg.Networks[0].Calendar != tt.want || cfg.Defaults.Calendar != (tt.top != "") {
			t.Errorf("%+v: network %v, defaults %v", tt, cfg.Networks[0].Calendar, cfg.Defaults.Calendar)
		}
	}
	_, dir, err := load(t, base+"    calendar: yes\n")
	if diff := cmp.Diff([]string{`14:15 "yes" is not one of true, false`}, faults(err, dir)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

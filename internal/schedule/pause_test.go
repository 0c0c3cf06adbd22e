package schedule_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/meeting"
	"blnbot/internal/schedule"
)

// What falls into a pause does not happen; what comes after it does.
func TestWithoutPauses(t *testing.T) {
	loc := zone(t, "Europe/Stockholm")
	summer := []meeting.Pause{{First: "2027-06-15", Last: "2027-08-15"}, {First: "2027-08-16", Last: "2027-08-17"}}
	dates, err := schedule.Dates([]string{"2027-06-14 23:59", "2027-06-15 00:00", "2027-08-17 23:59", "2027-08-18 00:00"}, loc)
	if err != nil {
		t.Fatal(err)
	}
	every, err := schedule.Cron("@every 30s", loc, schedule.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		rule *schedule.Rule
		want []string
	}{
		"cron":  {mustCron(t, "0 17 * * TUE", "Europe/Stockholm", schedule.Ignore), []string{"2027-06-08T17:00", "2027-08-24T17:00", "2027-08-31T17:00"}},
		"dates": {dates, []string{"2027-06-14T23:59", "2027-08-18T00:00"}},
		"every": {every, []string{"2027-06-08T12:00:30", "2027-06-08T12:01:00", "2027-06-08T12:01:30"}},
	} {
		rule := tt.rule.Without(summer, loc)
		start := time.Date(2027, 6, 8, 12, 0, 0, 0, loc)
		var got, between []string
		for _, o := range schedule.Upcoming(rule, start, 3) {
			got = append(got, o.Key)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		if name == "every" {
			next, ok := rule.Next(time.Date(2027, 7, 1, 0, 0, 0, 0, loc))
			if !ok || next.Key != "2027-08-18T00:00:00" {
				t.Errorf("every: next after the pause is %v", next)
			}
			continue
		}
		for _, o := range rule.Between(start, time.Date(2027, 8, 31, 17, 0, 0, 0, loc)) {
			between = append(between, o.Key)
		}
		if diff := cmp.Diff(tt.want, between); diff != "" {
			t.Errorf("%s, between: -want +got:\n%s", name, diff)
		}
	}
	if _, ok := dates.Without([]meeting.Pause{{First: "2027-01-01", Last: "2027-12-31"}}, loc).Next(time.Time{}); ok {
		t.Error("a pause over everything leaves something")
	}
}

package schedule_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/meeting"
	"blnbot/internal/schedule"
)

func zone(tb testing.TB, name string) *time.Location {
	tb.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		tb.Fatal(err)
	}
	return loc
}

func mustCron(tb testing.TB, spec, zoneName string, h schedule.Holidays) *schedule.Rule {
	tb.Helper()
	r, err := schedule.Cron(spec, zone(tb, zoneName), schedule.Options{Holidays: h})
	if err != nil {
		tb.Fatalf("Cron(%q): %v", spec, err)
	}
	return r
}

// at reads an instant in UTC.
func at(tb testing.TB, s string) time.Time {
	tb.Helper()
	if len(s) == len("2006-01-02 15:04") {
		s += ":00"
	}
	t, err := time.Parse(time.DateTime, s)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// lines shows occurrences as "key = UTC instant".
func lines(list []meeting.Occurrence) []string {
	var out []string
	for _, o := range list {
		out = append(out, o.Key+" = "+o.At.Format("2006-01-02 15:04"))
	}
	return out
}

func TestCron(t *testing.T) {
	const sthlm = "Europe/Stockholm"
	tests := []struct {
		name, spec, zone string
		holidays         schedule.Holidays
		after            string // UTC
		want             []string
	}{
		{"weekly over the start of summer time", "0 17 * * TUE", sthlm, "", "2026-03-20 00:00",
			[]string{"2026-03-24T17:00 = 2026-03-24 16:00", "2026-03-31T17:00 = 2026-03-31 15:00"}},
		{"weekly over the end of summer time", "0 17 * * TUE", sthlm, "", "2026-10-20 00:00",
			[]string{"2026-10-20T17:00 = 2026-10-20 15:00", "2026-10-27T17:00 = 2026-10-27 16:00"}},
		{"skipped hour happens just after it", "30 2 * * *", sthlm, "", "2026-03-28 00:00",
			[]string{"2026-03-28T02:30 = 2026-03-28 01:30", "2026-03-29T02:30 = 2026-03-29 01:00", "2026-03-30T02:30 = 2026-03-30 00:30"}},
		{"skipped times that fall together happen once", "*/30 2-3 29 3 *", sthlm, "ignore", "2026-03-28 00:00",
			[]string{"2026-03-29T03:00 = 2026-03-29 01:00", "2026-03-29T03:30 = 2026-03-29 01:30", "2027-03-29T02:00 = 2027-03-29 00:00"}},
		{"repeated hour happens the first time", "30 2 * * *", sthlm, "", "2026-10-24 12:00",
			[]string{"2026-10-25T02:30 = 2026-10-25 00:30", "2026-10-26T02:30 = 2026-10-26 01:30"}},
		{"after the first round of the repeated hour", "30 2 * * *", sthlm, "", "2026-10-25 00:30",
			[]string{"2026-10-26T02:30 = 2026-10-26 01:30"}},
		{"hourly over the repeated hour", "0 * * * *", sthlm, "", "2026-10-24 22:30",
			[]string{"2026-10-25T01:00 = 2026-10-24 23:00", "2026-10-25T02:00 = 2026-10-25 00:00", "2026-10-25T03:00 = 2026-10-25 02:00"}},
		{"midnight that does not exist", "0 0 * * *", "America/Sao_Paulo", "ignore", "2018-11-03 12:00",
			[]string{"2018-11-04T00:00 = 2018-11-04 03:00", "2018-11-05T00:00 = 2018-11-05 02:00"}},
		{"a day that does not exist", "0 10 * * *", "Pacific/Apia", "ignore", "2011-12-29 12:00",
			[]string{"2011-12-29T10:00 = 2011-12-29 20:00", "2011-12-30T10:00 = 2011-12-30 10:00", "2011-12-31T10:00 = 2011-12-30 20:00"}},
		{"half-hour clock change", "15 2 * * *", "Australia/Lord_Howe", "ignore", "2026-10-02 18:00",
			[]string{"2026-10-04T02:15 = 2026-10-03 15:30", "2026-10-05T02:15 = 2026-10-04 15:15"}},
		{"UTC has no clock changes", "30 2 29 3 *", "UTC", "ignore", "2026-01-01 00:00",
			[]string{"2026-03-29T02:30 = 2026-03-29 02:30"}},
		{"another zone", "0 17 * * TUE", "Europe/Helsinki", "", "2026-10-20 00:00",
			[]string{"2026-10-20T17:00 = 2026-10-20 14:00", "2026-10-27T17:00 = 2026-10-27 15:00"}},
		{"leap day", "0 9 29 2 *", sthlm, "", "2026-01-01 00:00",
			[]string{"2028-02-29T09:00 = 2028-02-29 08:00", "2032-02-29T09:00 = 2032-02-29 08:00"}},
		{"eight years without a leap day", "0 9 29 2 *", "UTC", "", "2096-03-01 00:00",
			[]string{"2104-02-29T09:00 = 2104-02-29 09:00"}},
		{"31st of the month", "0 9 31 * *", "UTC", "ignore", "2026-01-01 00:00",
			[]string{"2026-01-31T09:00 = 2026-01-31 09:00", "2026-03-31T09:00 = 2026-03-31 09:00", "2026-05-31T09:00 = 2026-05-31 09:00"}},
		{"over the new year", "0 17 * * THU", sthlm, "", "2026-12-23 00:00", // Christmas Eve and New Year's Eve
			[]string{"2026-12-24T17:00 = 2026-12-28 16:00", "2026-12-31T17:00 = 2027-01-04 16:00", "2027-01-07T17:00 = 2027-01-07 16:00"}},
		{"over the new year, skipping", "0 17 * * THU", sthlm, "skip", "2026-12-23 00:00",
			[]string{"2027-01-07T17:00 = 2027-01-07 16:00"}},
		{"over the new year, ignoring", "0 17 * * THU", sthlm, "ignore", "2026-12-23 00:00",
			[]string{"2026-12-24T17:00 = 2026-12-24 16:00", "2026-12-31T17:00 = 2026-12-31 16:00"}},
		{"Good Friday moves past Easter Monday", "0 10 * * FRI", sthlm, "move", "2026-04-01 00:00",
			[]string{"2026-04-03T10:00 = 2026-04-07 08:00", "2026-04-10T10:00 = 2026-04-10 08:00"}},
		{"Easter Sunday counts", "0 10 * * SUN", sthlm, "skip", "2026-03-30 00:00",
			[]string{"2026-04-12T10:00 = 2026-04-12 08:00"}},
		{"ordinary weekends are not holidays", "0 10 * * SAT,SUN", sthlm, "move", "2026-04-10 00:00",
			[]string{"2026-04-11T10:00 = 2026-04-11 08:00", "2026-04-12T10:00 = 2026-04-12 08:00"}},
		{"Midsummer Eve", "0 10 * * FRI", sthlm, "move", "2026-06-18 00:00",
			[]string{"2026-06-19T10:00 = 2026-06-22 08:00", "2026-06-26T10:00 = 2026-06-26 08:00"}},
		{"moved onto another time: once", "0 10 * * THU,FRI", sthlm, "move", "2026-05-13 00:00", // Ascension Day
			[]string{"2026-05-15T10:00 = 2026-05-15 08:00", "2026-05-21T10:00 = 2026-05-21 08:00"}},
		{"two moved to the same day: once", "0 10 24,25 12 *", sthlm, "move", "2026-12-01 00:00",
			[]string{"2026-12-24T10:00 = 2026-12-28 09:00", "2027-12-24T10:00 = 2027-12-27 09:00"}},
		{"clock change on a weekday", "30 2 27 3 *", "Asia/Jerusalem", "move", "2026-01-01 00:00",
			[]string{"2026-03-27T02:30 = 2026-03-27 00:00", "2027-03-27T02:30 = 2027-03-26 23:30"}},
		{"@weekly", "@weekly", "UTC", "", "2026-11-01 00:00", []string{"2026-11-08T00:00 = 2026-11-08 00:00"}},
		{"day of month or day of week", "0 9 13 * FRI", "UTC", "", "2026-11-06 12:00",
			[]string{"2026-11-13T09:00 = 2026-11-13 09:00", "2026-11-20T09:00 = 2026-11-20 09:00"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := mustCron(t, tt.spec, tt.zone, tt.holidays)
			start := at(t, tt.after)
			got := schedule.Upcoming(r, start, len(tt.want))
			if diff := cmp.Diff(tt.want, lines(got)); diff != "" {
				t.Errorf("Next differs (-want +got):\n%s", diff)
			}
			between := r.Between(start, got[len(got)-1].At)
			if diff := cmp.Diff(tt.want, lines(between)); diff != "" {
				t.Errorf("Between differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCronErrors(t *testing.T) {
	tests := []struct{ spec, holidays, want string }{
		{"0 9 30 2 *", "", "there is no day 30 in February"},
		{"0 9 31 4,6,9,11 *", "", "there is no day 31 in April, June, September, November"},
		{"0 9 24 12 *", "skip", "every time is on a holiday"},
		{"0 17 * *", "", "found 4 fields instead of five"},
		{"0 0 17 * * TUE", "", "found 6 fields instead of five"},
		{"", "", "found 0 fields"},
		{"0 17 * * 7", "", `day of week "7" cannot be read: allowed are 0–6 (0 is Sunday)`},
		{"0 17 * * TIS", "", `day of week "TIS"`},
		{"60 17 * * *", "", `minute "60" cannot be read: allowed are 0–59`},
		{"0 17 , * *", "", `day of month ","`},
		{"0 17 * 13 *", "", `month "13"`},
		{"@fortnightly", "", "@fortnightly"},
		{"@every", "", "cannot be read"},
		{"@every 0s", "", "at least one"},
		{"@every -5m", "", "at least one"},
		{"@every 1500ms", "", "whole number of seconds"},
		{"@every soon", "", `interval "soon"`},
		{"TZ=Europe/Stockholm", "", "time zone"},
		{"CRON_TZ=UTC 0 17 * * TUE", "", "time zone"},
		{"0 17 * * TUE", "sometimes", "unknown way"},
	}
	for _, tt := range tests {
		t.Run(tt.spec, func(t *testing.T) {
			_, err := schedule.Cron(tt.spec, time.UTC, schedule.Options{Holidays: schedule.Holidays(tt.holidays)})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q in it", err, tt.want)
			}
		})
	}
	if _, err := schedule.Cron("0 9 30 2 *", time.UTC, schedule.Options{}); !errors.Is(err, schedule.ErrNever) {
		t.Errorf("30 February: %v is not ErrNever", err)
	}
}

func TestEvery(t *testing.T) {
	r := mustCron(t, "@every 30s", "Europe/Stockholm", "")
	var keys []string
	for _, o := range r.Between(at(t, "2026-12-24 11:59:45"), at(t, "2026-12-24 12:01:00")) {
		keys = append(keys, o.Key)
	}
	want := []string{"2026-12-24T13:00:00", "2026-12-24T13:00:30", "2026-12-24T13:01:00"}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Error(diff)
	}
	// Whenever one starts, the occurrences are the same.
	for _, s := range []string{"2026-12-24 11:59:30", "2026-12-24 11:59:31", "2026-12-24 11:59:59"} {
		if o, ok := r.Next(at(t, s)); !ok || o.Key != want[0] {
			t.Errorf("Next(%s) = %v, %v", s, o, ok)
		}
	}
	// It goes on while an hour is repeated, under keys of its own.
	seen := map[string]bool{}
	for _, o := range r.Between(at(t, "2026-10-24 23:00"), at(t, "2026-10-25 03:00")) {
		if seen[o.Key] {
			t.Errorf("key %s twice", o.Key)
		}
		seen[o.Key] = true
	}
	if len(seen) != 4*120 || !seen["2026-10-25T02:30:00"] || !seen["2026-10-25T02:30:00+01:00"] {
		t.Errorf("%d keys around the end of summer time", len(seen))
	}
	before := mustCron(t, "@every 7h", "UTC", "")
	if o, _ := before.Next(at(t, "1969-12-31 20:00")); o.Key != "1970-01-01T00:00:00" {
		t.Errorf("before the epoch: %v", o)
	}
}

func TestBetweenIsBounded(t *testing.T) {
	for _, spec := range []string{"* * * * *", "@every 1s", "0 17 * * *", "* * * 1 *"} {
		r := mustCron(t, spec, "Europe/Stockholm", "move")
		until := at(t, "2026-11-22 12:00")
		got := r.Between(time.Time{}, until)
		if len(got) != 1000 {
			t.Fatalf("%s: %d occurrences", spec, len(got))
		}
		if next, _ := r.Next(got[999].At); !next.At.After(until) {
			t.Errorf("%s: the newest is missing: %v", spec, next)
		}
		for i := 1; i < len(got); i++ {
			if !got[i].At.After(got[i-1].At) {
				t.Fatalf("%s: not ascending at %d", spec, i)
			}
		}
	}
	if got := mustCron(t, "0 9 29 2 *", "UTC", "").Between(time.Time{}, at(t, "2026-11-22 12:00")); len(got) != 491 {
		t.Errorf("leap days since the year 1: %d", len(got))
	}
}

func TestDates(t *testing.T) {
	loc := zone(t, "Europe/Stockholm")
	r, err := schedule.Dates([]string{"2026-03-28 17:00", " 2026-10-25 02:30 ", "2026-12-24 17:00"}, loc)
	if err != nil {
		t.Fatal(err)
	}
	got := r.Between(time.Time{}, at(t, "2027-01-01 00:00"))
	want := []meeting.Occurrence{
		{Key: "2026-03-28T17:00", At: at(t, "2026-03-28 16:00"), Number: 1},
		{Key: "2026-10-25T02:30", At: at(t, "2026-10-25 00:30"), Number: 2},
		{Key: "2026-12-24T17:00", At: at(t, "2026-12-24 16:00"), Number: 3},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if o, ok := r.Next(at(t, "2026-03-28 16:00")); !ok || o.Number != 2 {
		t.Errorf("Next: %v %v", o, ok)
	}
	if _, ok := r.Next(at(t, "2026-12-24 16:00")); ok {
		t.Error("there is one after the last")
	}
}

func TestDatesErrors(t *testing.T) {
	loc := zone(t, "Europe/Stockholm")
	tests := []struct {
		date, want string
	}{
		{"2026-02-30 17:00", "no day 30 in February 2026"},
		{"2027-02-29 17:00", "no day 29 in February 2027"},
		{"2026-13-01 17:00", "no month 13"},
		{"2026-09-08 24:00", "no time 24:00"},
		{"8/9 kl. 17", "not written as"},
		{"2026-09-08", "not written as"},
		{"0026-09-08 17:00", "year 26"},
		{"2026-03-29 02:30", "straight to 03:00"},
		{"2026-01-13 17:00", "not after the date before it, 2026-01-13 17:00"},
		{"2025-01-13 17:00", "not after"},
	}
	for _, tt := range tests {
		t.Run(tt.date, func(t *testing.T) {
			_, err := schedule.Dates([]string{"2026-01-13 17:00", tt.date}, loc)
			var faults schedule.DateErrors
			if !errors.As(err, &faults) || len(faults) != 1 || faults[0].Index != 1 {
				t.Fatalf("got %v", err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
	_, err := schedule.Dates([]string{"x", "2026-01-13 17:00", "y"}, loc)
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("not all faults at once: %v", err)
	}
	if _, err := schedule.Dates(nil, loc); !errors.Is(err, schedule.ErrNever) {
		t.Errorf("no dates: %v", err)
	}
}

func TestHoliday(t *testing.T) {
	// The days of 2026, from the calendar of the Swedish state.
	want := map[string]string{
		"01-01": "Nyårsdagen", "01-06": "Trettondedag jul", "04-03": "Långfredagen", "04-05": "Påskdagen",
		"04-06": "Annandag påsk", "05-01": "Första maj", "05-14": "Kristi himmelsfärdsdag", "05-24": "Pingstdagen",
		"06-06": "Sveriges nationaldag", "06-19": "Midsommarafton", "06-20": "Midsommardagen", "10-31": "Alla helgons dag",
		"12-24": "Julafton", "12-25": "Juldagen", "12-26": "Annandag jul", "12-31": "Nyårsafton",
	}
	got := map[string]string{}
	for d := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC); d.Year() == 2026; d = d.AddDate(0, 0, 1) {
		if name, ok := schedule.Holiday(d); ok {
			got[d.Format("01-02")] = name
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzCron(f *testing.F) {
	for _, spec := range []string{"0 17 * * TUE", "30 2 * * *", "*/7 1-5/2 ? JAN-MAR,12 0", "@every 90m", "@weekly", "TZ=x", "0 9 30 2 *", "0 0 29 2 *"} {
		f.Add(spec, "move", int64(1792000000))
	}
	zones := []*time.Location{zone(f, "Europe/Stockholm"), zone(f, "America/Sao_Paulo"), zone(f, "Pacific/Apia")}
	f.Fuzz(func(t *testing.T, spec, holidays string, sec int64) {
		loc := zones[uint64(sec)%uint64(len(zones))]
		r, err := schedule.Cron(spec, loc, schedule.Options{Holidays: schedule.Holidays(holidays)})
		if err != nil {
			return
		}
		start := time.Unix(sec%8_000_000_000, 0)
		list := schedule.Upcoming(r, start, 5)
		for i, o := range list {
			prev := start
			if i > 0 {
				prev = list[i-1].At
			}
			if !o.At.After(prev) {
				t.Fatalf("%q: %v is not after %v", spec, o, prev)
			}
		}
		if len(list) == 0 {
			t.Fatalf("%q: nothing after %v", spec, start)
		}
		between := r.Between(start, list[len(list)-1].At)
		if fmt.Sprint(between) != fmt.Sprint(list) {
			t.Fatalf("%q: Between %v, Next %v", spec, between, list)
		}
		for i, o := range list { // the window does not matter
			got := r.Between(o.At.Add(-time.Second), o.At)
			if len(got) != 1 || got[0] != list[i] {
				t.Fatalf("%q: Between around %v gives %v", spec, o, got)
			}
		}
	})
}

package schedule

import (
	"fmt"
	"strings"
	"time"

	"blnbot/internal/meeting"
)

// DateLayout is how a date is written: "2026-09-08 17:00".
const DateLayout = "2006-01-02 15:04"

// DateError says what is wrong with one date of a list.
type DateError struct {
	Index  int // counted from 0
	Reason string
}

func (e DateError) Error() string { return fmt.Sprintf("date %d: %s", e.Index+1, e.Reason) }

// DateErrors are all faults of a list of dates.
type DateErrors []DateError

func (e DateErrors) Error() string {
	lines := make([]string, len(e))
	for i, d := range e {
		lines[i] = d.Error()
	}
	return strings.Join(lines, "\n")
}

// Dates makes a schedule of wall times in loc, in DateLayout and ascending
// order: the first is for meeting 1, and so on. A time that the clock skips is
// an error, since somebody wrote it on purpose; of a time that the clock shows
// twice the first counts. Holidays do not move dates. The error is DateErrors.
func Dates(list []string, loc *time.Location) (*Rule, error) {
	var faults DateErrors
	var found []meeting.Occurrence
	var before string
	for i, text := range list {
		wall, err := time.Parse(DateLayout, strings.TrimSpace(text))
		if err != nil {
			faults = append(faults, DateError{i, dateFault(text)})
			continue
		}
		at, exact := instant(wall, loc)
		switch {
		case !exact:
			faults = append(faults, DateError{i, fmt.Sprintf("the clocks go forward that night, so %s does not exist; the clock goes straight to %s",
				wall.Format("15:04"), at.In(loc).Format("15:04"))})
		case wall.Year() < 1970 || wall.Year() >= lastYear:
			faults = append(faults, DateError{i, fmt.Sprintf("the year %d cannot be right", wall.Year())})
		case len(found) > 0 && !at.After(found[len(found)-1].At):
			faults = append(faults, DateError{i, fmt.Sprintf("%s is not after the date before it, %s", wall.Format(DateLayout), before)})
		default:
			found = append(found, meeting.Occurrence{Key: wall.Format(keyLayout), At: at, Number: i + 1})
			before = wall.Format(DateLayout)
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: the list of dates is empty", ErrNever)
	}
	return &Rule{src: datesSource(found)}, nil
}

// dateFault says what is wrong with a date that cannot be parsed.
func dateFault(text string) string {
	var y, m, d, hh, mm int
	if n, _ := fmt.Sscanf(text, "%4d-%2d-%2d %2d:%2d", &y, &m, &d, &hh, &mm); n == 5 {
		switch {
		case m < 1 || m > 12:
			return fmt.Sprintf("%q: there is no month %d", text, m)
		case d < 1 || d > time.Date(y, time.Month(m+1), 0, 0, 0, 0, 0, time.UTC).Day():
			return fmt.Sprintf("%q: there is no day %d in %s %d", text, d, time.Month(m), y)
		case hh > 23 || mm > 59:
			return fmt.Sprintf("%q: there is no time %02d:%02d", text, hh, mm)
		}
	}
	return fmt.Sprintf("%q is not written as year-month-day hour:minute", text)
}

// datesSource is a list of dates, ascending.
type datesSource []meeting.Occurrence

func (d datesSource) reach(time.Time) time.Time { return d[len(d)-1].At }

func (d datesSource) between(after, until time.Time) []meeting.Occurrence {
	var out []meeting.Occurrence
	for _, o := range d {
		if o.At.After(after) && !o.At.After(until) {
			out = append(out, o)
		}
	}
	return out
}

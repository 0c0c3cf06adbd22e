package schedule

import (
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/se"
)

// Holidays says what happens to an occurrence that falls on a holiday.
type Holidays string

// The ways to treat holidays. Move is the default: a meeting that is left out
// shifts all that follow it, and few networks want to start on Christmas Eve.
const (
	Move   Holidays = "move"   // to the next weekday that is no holiday, at the same time
	Skip   Holidays = "skip"   // left out
	Ignore Holidays = "ignore" // as any other day
)

// Holiday reports the Swedish name of the holiday on the day that the wall
// clock shows at t, in t's zone. Holidays are the public ones (lag 1989:253)
// except ordinary Sundays, and Midsummer Eve, Christmas Eve and New Year's
// Eve, which count as Sundays in semesterlagen (1977:480) 3 a §.
func Holiday(t time.Time) (name string, ok bool) {
	return holidayOn(t.Year(), t.Month(), t.Day())
}

func holidayOn(y int, m time.Month, d int) (string, bool) {
	match := func(h *cal.Holiday) bool {
		actual, _ := h.Calc(y)
		_, am, ad := actual.Date()
		return !actual.IsZero() && am == m && ad == d
	}
	for _, h := range se.Holidays {
		if match(h) {
			return h.Name, true
		}
	}
	// The list leaves out those that always fall on a Sunday.
	for _, h := range []*cal.Holiday{se.Paskdagen, se.Pingstdagen} {
		if match(h) {
			return h.Name, true
		}
	}
	return "", false
}

func isHoliday(date time.Time) bool {
	_, ok := Holiday(date)
	return ok
}

func isWorkday(date time.Time) bool {
	wd := date.Weekday()
	return wd != time.Saturday && wd != time.Sunday && !isHoliday(date)
}

// moved is the same time on the next working day, if wall is on a holiday.
func moved(wall time.Time) time.Time {
	if !isHoliday(wall) {
		return wall
	}
	for !isWorkday(wall) {
		wall = wall.AddDate(0, 0, 1)
	}
	return wall
}

package schedule

import "time"

// Wall-clock times are held as time.Time values in UTC that show what the
// clock on the wall shows, so that arithmetic on them never meets a clock
// change.

// wallOf is what the clock in loc shows at t.
func wallOf(t time.Time, loc *time.Location) time.Time {
	t = t.In(loc)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// dateOf is the day that the wall clock shows, at midnight.
func dateOf(wall time.Time) time.Time {
	return time.Date(wall.Year(), wall.Month(), wall.Day(), 0, 0, 0, 0, time.UTC)
}

// instant is when the clock in loc first shows wall. If the clock skips that
// time, it is the moment just after the skip, and exact is false.
func instant(wall time.Time, loc *time.Location) (at time.Time, exact bool) {
	// time.Date leaves open which side of a clock change it answers for, so
	// both sides are looked at.
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, loc)
	start, end := t.ZoneBounds()
	shown := wallOf(t, loc)
	switch {
	case shown.After(wall): // t lies after the skip
		return start.UTC(), false
	case shown.Before(wall): // t lies before the skip
		return end.UTC(), false
	}
	if !start.IsZero() {
		_, offset := start.Add(-time.Second).Zone()
		earlier := wall.Add(-time.Duration(offset) * time.Second)
		if earlier.Before(start) && wallOf(earlier, loc).Equal(wall) {
			return earlier, true
		}
	}
	return t.UTC(), true
}

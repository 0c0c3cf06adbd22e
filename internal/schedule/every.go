package schedule

import (
	"errors"
	"fmt"
	"time"

	"blnbot/internal/meeting"
)

// everySource is an interval, counted from the Unix epoch.
type everySource struct {
	step int64 // seconds
	loc  *time.Location
}

func every(spec string, loc *time.Location) (*Rule, error) {
	d, err := time.ParseDuration(spec)
	switch {
	case err != nil:
		return nil, fmt.Errorf("interval %q cannot be read: write it like 30s, 90m or 168h", spec)
	case d < time.Second || d%time.Second != 0:
		return nil, errors.New("an interval is a whole number of seconds, at least one")
	}
	return &Rule{src: &everySource{step: int64(d / time.Second), loc: loc}}, nil
}

func (e *everySource) reach(t time.Time) time.Time {
	return bound(time.Unix(t.Unix()+e.step, 0))
}

func (e *everySource) between(after, until time.Time) []meeting.Occurrence {
	first, last := floorDiv(after.Unix(), e.step)+1, floorDiv(until.Unix(), e.step)
	// One more than the limit, so that Between sees that there are more.
	first = max(first, last-maxBetween)
	var out []meeting.Occurrence
	for n := first; n <= last; n++ {
		at := time.Unix(n*e.step, 0).UTC()
		out = append(out, meeting.Occurrence{Key: e.key(at), At: at})
	}
	return out
}

// key is the local wall time. An interval goes on while an hour is repeated,
// so the second round of that hour carries the zone offset too.
func (e *everySource) key(at time.Time) string {
	wall := wallOf(at, e.loc)
	if first, exact := instant(wall, e.loc); exact && first.Before(at) {
		return at.In(e.loc).Format(secondLayout + "-07:00")
	}
	return wall.Format(secondLayout)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

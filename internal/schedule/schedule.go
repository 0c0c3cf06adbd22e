// Package schedule computes when meetings are due: from a cron line, from an
// interval or from a list of dates, in a network's time zone, around Swedish
// holidays. It is the only importer of robfig/cron, which it uses to parse and
// to step through wall-clock time; clock changes are handled here. It knows
// nothing of what a meeting is, and never asks what time it is.
package schedule

import (
	"slices"
	"time"

	"blnbot/internal/meeting"
)

// Layout of an occurrence's key: local wall time. Intervals have seconds too.
const (
	keyLayout    = "2006-01-02T15:04"
	secondLayout = "2006-01-02T15:04:05"
)

// maxBetween is how many occurrences Between returns at most (the newest).
const maxBetween = 1000

// horizon is how far ahead Next looks. 29 February is at most eight years
// away, and holidays can take out only a few years in a row.
const horizon = 40 * 365 * day

// lastYear bounds the calendar arithmetic.
const lastYear = 9000

const day = 24 * time.Hour

// Options of a cron schedule.
type Options struct {
	// Holidays says what happens to an occurrence on a holiday; empty is Move.
	Holidays Holidays
}

// Rule is a schedule. The zero Rule has no occurrences. It is immutable and
// safe for concurrent use.
type Rule struct {
	src    source
	pauses []meeting.Pause
	loc    *time.Location // of the pauses
}

// Without is the rule without the occurrences that fall into pauses in loc.
func (r *Rule) Without(pauses []meeting.Pause, loc *time.Location) *Rule {
	return &Rule{src: r.src, pauses: pauses, loc: loc}
}

// pause is the pause that an occurrence falls into, or nil.
func (r *Rule) pause(o meeting.Occurrence) *meeting.Pause {
	for i := range r.pauses {
		if r.pauses[i].Has(o.At.In(r.loc)) {
			return &r.pauses[i]
		}
	}
	return nil
}

var _ meeting.Schedule = (*Rule)(nil)

// source produces occurrences.
type source interface {
	// between returns the occurrences in (after, until], oldest first. It may
	// leave out all but the newest maxBetween.
	between(after, until time.Time) []meeting.Occurrence
	// reach is the latest instant after t at which the source may still have
	// an occurrence.
	reach(t time.Time) time.Time
}

// Between returns the occurrences in (after, until], oldest first, at most the
// newest thousand.
func (r *Rule) Between(after, until time.Time) []meeting.Occurrence {
	found := r.between(after, until)
	if len(r.pauses) == 0 {
		return found
	}
	var out []meeting.Occurrence
	for _, o := range found {
		if r.pause(o) == nil {
			out = append(out, o)
		}
	}
	return out
}

func (r *Rule) between(after, until time.Time) []meeting.Occurrence {
	after, until = bound(after), bound(until)
	if r.src == nil || !until.After(after) {
		return nil
	}
	// Looking back from the end in growing steps keeps the work in proportion
	// to what is returned, even if after is years ago.
	for span := day; ; span *= 2 {
		from := until.Add(-span)
		if from.Before(after) || span > horizon {
			from = after
		}
		found := r.src.between(from, until)
		if len(found) > maxBetween {
			return slices.Clone(found[len(found)-maxBetween:])
		}
		if from.Equal(after) {
			return found
		}
	}
}

// Next returns the first occurrence after t, or false if there is none.
func (r *Rule) Next(t time.Time) (meeting.Occurrence, bool) {
	for {
		o, ok := r.next(t)
		p := r.pause(o)
		if !ok || p == nil {
			return o, ok
		}
		t = p.End(r.loc).Add(-time.Nanosecond)
	}
}

func (r *Rule) next(t time.Time) (meeting.Occurrence, bool) {
	t = bound(t)
	if r.src == nil {
		return meeting.Occurrence{}, false
	}
	end := r.src.reach(t)
	for span := day; ; span *= 2 {
		until := t.Add(span)
		if until.After(end) || span > horizon {
			until = end
		}
		if found := r.src.between(t, until); len(found) > 0 {
			return found[0], true
		}
		if !until.Before(end) {
			return meeting.Occurrence{}, false
		}
	}
}

// Upcoming lists the first n occurrences of s after t, fewer if s ends.
func Upcoming(s meeting.Schedule, t time.Time, n int) []meeting.Occurrence {
	var out []meeting.Occurrence
	for len(out) < n {
		o, ok := s.Next(t)
		if !ok {
			break
		}
		out = append(out, o)
		t = o.At
	}
	return out
}

// bound keeps t within the years in which the calendar arithmetic holds.
func bound(t time.Time) time.Time {
	t = t.UTC()
	switch first, last := time.Date(1, 1, 3, 0, 0, 0, 0, time.UTC), time.Date(lastYear, 1, 1, 0, 0, 0, 0, time.UTC); {
	case t.Before(first):
		return first
	case t.After(last):
		return last
	}
	return t
}

package meeting

import (
	"slices"
	"time"
)

// Quiet is the part of the day in which the bot says nothing on its own, as
// times since local midnight. It usually goes past midnight. From and To are
// the same where there is none.
type Quiet struct{ From, To time.Duration }

// Until reports whether a local time is in the quiet hours, and when they end.
func (q Quiet) Until(t time.Time) (time.Time, bool) {
	if q.From == q.To {
		return t, false
	}
	hour, minute, second := t.Clock()
	now := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	end := func(days int) time.Time {
		year, month, day := t.Date()
		return time.Date(year, month, day+days, int(q.To/time.Hour), int(q.To%time.Hour/time.Minute), 0, 0, t.Location())
	}
	switch {
	case q.From < q.To && now >= q.From && now < q.To, q.From > q.To && now < q.To:
		return end(0), true
	case q.From > q.To && now >= q.From:
		return end(1), true
	}
	return t, false
}

// Passage is somebody's coming or going that has not been told yet.
type Passage struct {
	Event   EventID
	Network string
	User    UserID
	By      UserID // who did it: the user, or whoever removed the user
	Left    bool
	Due     time.Time
}

// Pause is a span of days, first and last included, in which nothing opens.
// The days are written as "2026-06-15" and are local.
type Pause struct{ First, Last string }

// dayLayout is how the days of a Pause are written.
const dayLayout = "2006-01-02"

// Has reports whether a local time is in the pause.
func (p Pause) Has(t time.Time) bool {
	day := t.Format(dayLayout)
	return p.First <= day && day <= p.Last
}

// End is the beginning of the first day after the pause, in loc.
func (p Pause) End(loc *time.Location) time.Time {
	last, err := time.ParseInLocation(dayLayout, p.Last, loc)
	if err != nil {
		return time.Time{}
	}
	return last.AddDate(0, 0, 1)
}

// days counts the days of the pause from a day on, that day included.
func (p Pause) days(from string) int {
	first, err := time.Parse(dayLayout, max(from, p.First))
	if err != nil {
		return 0
	}
	return int(p.End(time.UTC).Sub(first) / (24 * time.Hour))
}

// Rests reports whether the bot says nothing on its own in the network now: it
// is night, or there is a pause.
func (n *Network) Rests(now time.Time) bool {
	now = now.In(n.Location)
	if _, quiet := n.Quiet.Until(now); quiet {
		return true
	}
	return n.Paused(now)
}

// Paused reports whether there is a pause at the time.
func (n *Network) Paused(t time.Time) bool {
	t = t.In(n.Location)
	return slices.ContainsFunc(n.Pauses, func(p Pause) bool { return p.Has(t) })
}

// Window says when a meeting that opens now is reminded of and when it closes.
// Neither is at night or in a pause, whose days do not count, unless the next
// meeting opens then (zero for none). The reminder is zero if it would come no
// earlier than the end.
func (n *Network) Window(now, next time.Time) (remind, closes time.Time) {
	closes = n.awake(now, n.after(now, n.OpenFor))
	if next.Before(closes) && !next.Before(n.after(now, n.OpenFor)) {
		closes = next
	}
	remind = n.awake(now, now.Add(time.Duration(float64(n.OpenFor)*RemindAfter)))
	if !remind.Before(closes) {
		remind = time.Time{}
	}
	return remind, closes
}

// after is the time as much later on the clock on the wall: a day is a day also
// when the clocks change in it.
func (n *Network) after(t time.Time, d time.Duration) time.Time {
	const day = 24 * time.Hour
	if d < day {
		return t.Add(d)
	}
	return t.In(n.Location).AddDate(0, 0, int(d/day)).Add(d % day)
}

// awake moves a time out of pauses, by as many days as there are left of them
// after from, and out of the night.
func (n *Network) awake(from, t time.Time) time.Time {
	day := from.In(n.Location).Format(dayLayout)
	t = t.In(n.Location)
	for range len(n.Pauses) + 1 { // a pause may follow another, or the night
		for _, p := range n.Pauses {
			if p.Has(t) {
				t = t.AddDate(0, 0, p.days(day))
			}
		}
		t, _ = n.Quiet.Until(t)
	}
	return t.UTC()
}

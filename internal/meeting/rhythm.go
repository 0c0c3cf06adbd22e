package meeting

import "time"

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

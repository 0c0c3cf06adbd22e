package meeting

import "time"

// LeadersMeeting is a meeting of the leaders with Nka, before or after a round.
type LeadersMeeting struct {
	Programme string
	Round     int
	After     bool // after the round, otherwise before it
	At        time.Time
	Link      string // where it takes place; may be empty
}

// Leaders is what goes on between the networks, as the configuration has it.
type Leaders struct {
	Meetings []LeadersMeeting
	// Agenda is how long before a leaders' meeting its agenda is posted.
	Agenda time.Duration
	// Weekly is when the overview of all networks is posted; nil for never.
	Weekly *Weekly
}

// Weekly is a time of the week: a day, and the time since its midnight on the
// clock on the wall.
type Weekly struct {
	Day time.Weekday
	At  time.Duration
}

// Last is the newest time of the week up to now, in loc.
func (w Weekly) Last(now time.Time, loc *time.Location) time.Time {
	local := now.In(loc)
	back := (int(local.Weekday()) - int(w.Day) + 7) % 7
	at := func(days int) time.Time {
		return time.Date(local.Year(), local.Month(), local.Day()-days, int(w.At/time.Hour), int(w.At%time.Hour/time.Minute), 0, 0, loc)
	}
	if t := at(back); !t.After(now) {
		return t
	}
	return at(back + 7)
}

// LeadersRecord is what was posted about a leaders' meeting.
type LeadersRecord struct {
	Programme string
	Round     int
	After     bool
	At        time.Time // as told last
	Dropped   bool      // the configuration has it no more
	Agenda    int       // how often the agenda was posted
	Listed    bool      // the open questions were posted
	Themes    int       // the round whose themes the agenda quotes, 0 for none
	Stale     bool      // the agenda was taken down and is to be posted anew
}

// CalendarEvent is an event as it stands in the newest calendar file.
type CalendarEvent struct {
	UID        string
	Network    string // empty for the leaders' own meetings
	Number     int    // of the meeting, or of the round
	Sequence   int    // counts the changes
	Start, End time.Time
	Cancelled  bool
}

// Package metrics tells machines how the bot is: whether it works, whether it
// gets on, and how much waits. Counts and ages only; what people write, names
// and ids never come here. It knows neither Matrix nor the database: what it
// shows is handed to it.
package metrics

import (
	"fmt"
	"strings"
	"time"
)

// Limits of what counts as working.
const (
	// syncLimit is how old the last stored sync answer may be. A server without
	// news answers every 30 seconds.
	syncLimit = 2 * time.Minute
	// lookLimit is how old the state itself may be; it is looked at every 15
	// seconds, or more often.
	lookLimit = time.Minute
	// inboxLimit is how long the same event may be the next one to be handled.
	inboxLimit = 2 * time.Minute
	// postLimit is how long a post may wait. Rate limits make many posts slow,
	// and a server that fails is asked again after ten minutes at the latest.
	postLimit = 20 * time.Minute
)

// State is how the bot is at one moment.
type State struct {
	At          time.Time // when it was looked at
	Ready       bool      // what came in while the bot was away has been handled
	Synced      time.Time // when the last sync answer was stored; zero: never
	CrossSigned bool
	// Trouble is why the database cannot be read and written, in words; empty
	// if it can. Then the counts are those of an earlier look.
	Trouble string
	// Held is how long the same event has been the next one to be handled.
	Held     time.Duration
	Inbox    map[string]int // events by state: new, wait_key, fetch, dead
	Posts    map[string]int // pending, failed
	Oldest   time.Time      // when the oldest pending post was queued; zero: none is
	Gaps     map[string]int // open, lost
	Meetings map[string]int
	Entries  map[string]int
	Size     int64 // bytes
}

// age is how far away t is, in either direction: clocks are set back, too.
func age(now, t time.Time) time.Duration { return now.Sub(t).Abs() }

// Stalled says in words why the bot gets nowhere, so that it had better be
// started anew; empty if it gets on.
func (s State) Stalled(now time.Time) string {
	switch {
	case age(now, s.At) > lookLimit:
		return "the bot hangs"
	case s.Trouble != "":
		return s.Trouble
	case s.Synced.IsZero() || age(now, s.Synced) > syncLimit:
		return "nothing comes in from the homeserver"
	case s.Held > inboxLimit:
		return "an event cannot be handled"
	}
	return ""
}

// Unready says in words why the bot does not do all of its work; empty if it
// does.
func (s State) Unready(now time.Time) string {
	var why []string
	if !s.Ready {
		why = append(why, "catching up")
	}
	if stalled := s.Stalled(now); stalled != "" {
		why = append(why, stalled)
	}
	if !s.CrossSigned {
		why = append(why, "the device is not cross-signed")
	}
	if !s.Oldest.IsZero() && age(now, s.Oldest) > postLimit {
		why = append(why, "a post cannot be delivered")
	}
	return strings.Join(why, "; ")
}

// Words is the state in one line.
func (s State) Words(now time.Time) string {
	line, mark := s.Unready(now), "; "
	if line == "" {
		line = "working"
	}
	for _, c := range []struct {
		n    int
		what string
	}{
		{s.Inbox["new"] + s.Inbox["fetch"], "to handle"},
		{s.Inbox["wait_key"], "without a key"},
		{s.Posts["pending"], "to post"},
		{s.Gaps["open"], "gaps"},
	} {
		if c.n > 0 {
			line += fmt.Sprintf("%s%s: %d", mark, c.what, c.n)
			mark = ", "
		}
	}
	return line
}

package meeting

import "time"

// State is where a meeting stands.
type State string

// The states of a meeting: planned → open → closed → shared, or missed.
const (
	StatePlanned State = "planned"
	StateOpen    State = "open"
	StateClosed  State = "closed"
	StateShared  State = "shared"
	StateMissed  State = "missed"
)

// Collects reports whether replies still go into the minutes.
func (s State) Collects() bool { return s == StateOpen || s == StateClosed }

// Held reports whether the meeting has been opened.
func (s State) Held() bool {
	return s == StateOpen || s == StateClosed || s == StateShared
}

// Meeting is the n-th meeting of a network. From opening on, title, prompts
// and materials are the meeting's own copies.
type Meeting struct {
	ID        int64
	Network   string
	Programme string
	Number    int
	Of        int // how many meetings the programme had when this one opened
	State     State
	// Occurrence is the key of the occurrence that the meeting answers to;
	// empty if it was opened by hand.
	Occurrence string
	Due        time.Time // for planned (moved) and missed meetings
	Title      string
	Intro      string
	Kind       Kind
	Prompts    []string
	Materials  []Material
	OpenedAt   time.Time
	ClosesAt   time.Time
	RemindAt   time.Time // zero when the reminder has gone out
	Closing    bool      // waiting for the checks that come before closing
	ClosedAt   time.Time
	SharedAt   time.Time
	Recap      int64 // the meeting whose summary the opening quotes, 0 for none
	Opening    int   // how often the opening was posted
}

// RemindAfter is the part of a meeting's window after which the reminder goes
// out (UX §4: at 80 %).
const RemindAfter = 0.8

// Round is one meeting round of a programme over all networks. Edits counts
// how often the message that shows it was changed.
type Round struct {
	Programme string
	Number    int
	Title     string
	Edits     int
}

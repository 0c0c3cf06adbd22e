package meeting

import (
	"cmp"
	"time"
)

// ReportState is where a final report stands.
type ReportState string

// The states of a report. A new draft may be under way while an earlier report
// is published.
const (
	ReportDraft     ReportState = "draft"
	ReportPublished ReportState = "published"
)

// Report is the final report on a programme, over all its networks, as it was
// last shown.
type Report struct {
	Programme string
	State     ReportState
	Version   int    // counts every form that was posted, drafts included
	Post      string // key of the message that shows it
	Made      time.Time
	Published time.Time
	By        UserID // who published it
	Reason    string // why it was published without all sign-offs; empty if it was not
	Corrected bool   // something was taken out of it after publication
	// Body is what it holds, frozen. Whoever stores it knows its form.
	Body []byte
}

// SignState is what a network has said about a draft of the report.
type SignState string

// The answers to a draft.
const (
	SignAsked    SignState = "asked" // nothing yet
	SignGiven    SignState = "given"
	SignObjected SignState = "objected"
)

// SignOff is a network's answer to the report. It is given by a leader or a
// deputy.
type SignOff struct {
	Programme string
	Network   string
	State     SignState
	Event     EventID // what said so; removing it takes the answer back
	By        UserID
	At        time.Time
	// Part says what of the report is the network's own: an answer is for that.
	Part   string
	Asked  time.Time
	Nudges int // reminders sent to the leader
}

// Deletion is when what the people of a network wrote is deleted, and how far
// that has come.
type Deletion struct {
	ID        int64
	Network   string
	Due       time.Time
	Published bool // a report was published; otherwise the longest time is over
	Announced time.Time
	Reminded  time.Time
	Done      time.Time
	Entries   int // how many were deleted
}

// Remembered is what stays of a meeting's entries when they are deleted: how
// many there were.
type Remembered struct {
	Active, Late, Removed, LeftOut, Unreadable, People int
	ByPrompt                                           map[int]int
	// Roles are the participants as they may be shown outside the network.
	Roles RoleCount
	At    time.Time
}

// How long what people wrote is kept, where the configuration does not say.
const (
	DefaultRawFor    = 90 * 24 * time.Hour  // after the report was published
	DefaultRawAtMost = 365 * 24 * time.Hour // after the last meeting, without a report
)

// Met says when a network meets.
type Met struct {
	Open   bool      // a meeting is open now
	Closed time.Time // when the last one closed; zero if none has
}

// RawUntil is when what people wrote in the network is deleted, if the report
// was published at the time.
func (n *Network) RawUntil(published time.Time) time.Time {
	return n.after(published, cmp.Or(n.RawFor, DefaultRawFor)).UTC()
}

// RawAtLatest is when what people wrote in the network is deleted if there is no
// report and the last meeting closed at the time.
func (n *Network) RawAtLatest(closed time.Time) time.Time {
	return n.after(closed, cmp.Or(n.RawAtMost, DefaultRawAtMost)).UTC()
}

package meeting

import (
	"slices"
	"time"
)

// Approval says how a summary becomes shared.
type Approval string

// The ways of approval.
const (
	ApprovalLeader Approval = "leader" // a leader's ✅ (the default)
	ApprovalAuto   Approval = "auto"   // by itself, when the time for objections is over
)

// Network is one local learning network (never a computer network), as the
// configuration describes it.
type Network struct {
	ID            string // stable key: a-z, 0-9 and -
	Name          string
	Programme     Programme
	Room          string // alias or room id, as configured
	Leaders       []UserID
	Language      string // "sv" or "en"
	Location      *time.Location
	Schedule      Schedule
	OpenFor       time.Duration // how long a meeting stays open
	Grace         time.Duration // how late an opening may be made up for
	Approval      Approval
	ObjectionsFor time.Duration // how long a draft waits for objections
	Quiet         Quiet         // when the bot says nothing on its own
	Pauses        []Pause       // when nothing opens, and the bot says nothing on its own
	// Calendar asks for calendar files of the meetings in the room.
	Calendar bool
	// Deputies have a leader's rights. They are turned to while a leader is
	// away.
	Deputies []UserID
	// RawFor is how long what people wrote is kept after the report was
	// published, RawAtMost how long after the last meeting without a report.
	// Zero means the default.
	RawFor, RawAtMost time.Duration
	// HelpLines say where one can turn; empty for the language's own.
	HelpLines []string
	// FollowUp is after how many months it is asked what became of the plan;
	// nil is the default, and empty is never.
	FollowUp []int
	// Retired says that the configuration no longer has the network: what was
	// begun is finished and removals are honoured, but nothing new opens.
	Retired bool
}

// FollowUpMonths is after how many months it is asked what became of the plan.
func (n *Network) FollowUpMonths() []int {
	if n.FollowUp == nil {
		return DefaultFollowUp()
	}
	return n.FollowUp
}

// Leads reports whether the user is a leader of the network, or a deputy.
func (n *Network) Leads(u UserID) bool {
	return slices.Contains(n.Leaders, u) || slices.Contains(n.Deputies, u)
}

// Occurrence is one due time computed from a schedule (the word is RFC 5545's).
type Occurrence struct {
	// Key is the local wall time, "2006-01-02T15:04" (with seconds for
	// schedules by the second). An hour that is repeated when summer time ends
	// gives the same key twice, and so happens once.
	Key string
	// At is the instant, in UTC.
	At time.Time
	// Number is the meeting that the occurrence is for, counted from 1, where
	// the schedule names one date per meeting; 0 means the next meeting.
	Number int
}

// Schedule computes when meetings are due.
type Schedule interface {
	// Between returns the occurrences in (after, until], oldest first, at most
	// the newest thousand.
	Between(after, until time.Time) []Occurrence
	// Next returns the first occurrence after t, or false if there is none.
	Next(t time.Time) (Occurrence, bool)
}

// ChatNetwork is a network that staff made in the coordination room.
type ChatNetwork struct {
	ID          string
	Description string // JSON; whoever stores it knows its form
	Post        string // key of the post that makes its room
	State       ChatState
}

// ChatState says where a network made in chat stands.
type ChatState string

// The states of a network made in chat.
const (
	ChatMaking  ChatState = "making" // its room is being made
	ChatActive  ChatState = "active"
	ChatFailed  ChatState = "failed" // its room could not be made
	ChatRetired ChatState = "retired"
)

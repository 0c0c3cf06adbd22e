package render

import (
	"time"

	"blnbot/internal/meeting"
)

// Plan is a local plan.
type Plan struct {
	Network string
	Version int // of the newest approved version; 0 for none
	Shared  time.Time
	Changed bool // since that version
	Items   []PlanItem
	// Changes are what differs from version Since, where that is shown.
	Changes   []meeting.ItemChange
	Since     int
	Waiting   int // suggestions that wait for the leader
	Decisions []meeting.Decision
	FollowUps []FollowUp // those that were asked
	Next      time.Time  // when the next follow-up question comes; zero for never
	// Of the plan as a meeting opens with it:
	Number  int // the meeting
	Leaders []string
	Short   bool // it is too long to be shown there
	// Of a plan that was just put together:
	Built int      // items
	Left  int      // items that there was no room for
	Empty []string // numbers of items that do not say what is to be done
}

// PlanItem is one measure with how many replies it comes from, and the roles of
// those who wrote them, as may be shown.
type PlanItem struct {
	meeting.PlanItem
	Replies int
	Roles   meeting.RoleCount
}

// FollowUp is a follow-up question with its answers.
type FollowUp struct {
	Months  int
	Asked   time.Time
	Answers []string
}

// PlanChange is the receipt for a change of the plan.
type PlanChange struct {
	Number int // of the item
	Fields []meeting.FieldChange
	Hidden bool // something was masked in it
	Person bool // the field for who named a person
}

// Suggestions are what members suggest for the plan.
type Suggestions struct {
	Network string
	Leader  bool // the reader is a leader
	List    []meeting.Suggestion
}

// Suggestion is one suggestion, and what became of it.
type Suggestion struct {
	meeting.Suggestion
	Network string
	Hidden  bool
	Reason  string
}

// Decided is a decision with what follows from it.
type Decided struct {
	meeting.Decision
	Network   string
	Corrected bool      // it replaces an earlier one
	Next      time.Time // the first follow-up question; zero for none
}

// FollowUpQuestion asks what became of the plan.
type FollowUpQuestion struct {
	Network  string
	Decision meeting.Decision
	Months   int
	Again    bool   // it was asked before
	Answer   string // an answer, where it is shown
}

// PlanHelp is what a person can do with the plan.
type PlanHelp struct{ Leader bool }

// MyPlan is what somebody suggested, decided on and answered about a network's
// plan.
type MyPlan struct {
	Network     string
	Suggestions []meeting.Suggestion
	Decisions   []meeting.Decision
	Answers     []meeting.FollowUpAnswer
}

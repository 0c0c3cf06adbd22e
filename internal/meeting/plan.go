package meeting

import (
	"slices"
	"time"
)

// Plan is a local plan with the items being worked on.
type Plan struct {
	Network  string
	Version  int  // of the newest frozen version, 0 for none
	Changed  bool // since that version
	LastItem int  // highest item number given so far
	Items    []PlanItem
	Shared   time.Time
	By       UserID
	Post     string // key of the post that shares the newest version
	// Seen is the key of the post that told the room of the newest change. An
	// approval counts for what the room has been told.
	Seen string
}

// Find returns the place of the item with the number, or -1.
func (p *Plan) Find(number int) int {
	return slices.IndexFunc(p.Items, func(i PlanItem) bool { return i.Number == number })
}

// PlanItem is one measure of a local plan.
type PlanItem struct {
	Number     int    // counted from 1; never reused
	Area       string // what it is about
	What       string
	How        string
	Who        string // an organisation or a role, not a private person
	When       string
	Sources    []EventID // the replies that it comes from
	Suggestion EventID   // the message that suggested it; empty if none did
	Written    time.Time // when the newest event had come as it got its words, UTC; zero if that is not known
}

// Field names a field of a plan item.
type Field string

// The fields of a plan item that people read.
const (
	FieldArea Field = "area"
	FieldWhat Field = "what"
	FieldHow  Field = "how"
	FieldWho  Field = "who"
	FieldWhen Field = "when"
)

// Fields lists the fields in the order in which they are read.
func Fields() []Field { return []Field{FieldArea, FieldWhat, FieldHow, FieldWho, FieldWhen} }

// Field is where a field's text is.
func (i *PlanItem) Field(f Field) *string {
	switch f {
	case FieldArea:
		return &i.Area
	case FieldHow:
		return &i.How
	case FieldWho:
		return &i.Who
	case FieldWhen:
		return &i.When
	}
	return &i.What
}

// ItemChange is how an item differs between two forms of a plan.
type ItemChange struct {
	Number  int
	Area    string // the newer one
	Item    PlanItem
	Added   bool
	Removed bool
	Fields  []FieldChange // of an item that is in both
}

// FieldChange is how a field differs.
type FieldChange struct {
	Field         Field
	Before, After string
}

// Compare lists what differs between two forms of a plan, by item number:
// items that are new, gone, or have another text in a field.
func Compare(before, after []PlanItem) []ItemChange {
	var out []ItemChange
	for _, a := range after {
		at := slices.IndexFunc(before, func(b PlanItem) bool { return b.Number == a.Number })
		if at < 0 {
			out = append(out, ItemChange{Number: a.Number, Area: a.Area, Item: a, Added: true})
			continue
		}
		b := before[at]
		c := ItemChange{Number: a.Number, Area: a.Area, Item: a}
		for _, f := range Fields() {
			if old, now := *b.Field(f), *a.Field(f); old != now {
				c.Fields = append(c.Fields, FieldChange{f, old, now})
			}
		}
		if len(c.Fields) > 0 {
			out = append(out, c)
		}
	}
	for _, b := range before {
		if !slices.ContainsFunc(after, func(a PlanItem) bool { return a.Number == b.Number }) {
			out = append(out, ItemChange{Number: b.Number, Area: b.Area, Item: b, Removed: true})
		}
	}
	slices.SortStableFunc(out, func(a, b ItemChange) int { return a.Number - b.Number })
	return out
}

// SuggestionState is where a suggestion stands.
type SuggestionState string

// The states of a suggestion.
const (
	SuggestionOpen     SuggestionState = "open"
	SuggestionAccepted SuggestionState = "accepted"
	SuggestionDeclined SuggestionState = "declined"
)

// Suggestion is what a member suggests for the plan. The author is stored, so
// that the answer reaches them and they can take it back, and is never shown.
type Suggestion struct {
	Network string
	Number  int     // counted from 1; never reused
	Event   EventID // the message
	Author  UserID
	State   SuggestionState
	// Item holds the fields, masked; once accepted, Number is the item's.
	Item PlanItem
}

// Outcome is what the local management decided about a plan.
type Outcome string

// The outcomes.
const (
	OutcomeAdopted  Outcome = "adopted"
	OutcomeChanged  Outcome = "changed" // adopted with changes
	OutcomeRejected Outcome = "rejected"
)

// Decision is what the local management decided about an approved version of a
// plan. There is one for a version; a correction replaces it.
type Decision struct {
	Network string
	Version int // of the plan
	Outcome Outcome
	Date    time.Time // the day, at midnight UTC
	Body    string    // who decided, masked
	Note    string    // masked
	Event   EventID   // the message that recorded it
	By      UserID    // who recorded it; empty if erased
	At      time.Time // when it was recorded
	Post    string    // key of the post in the coordination room
}

// DefaultFollowUp is after how many months it is asked what became of a plan.
func DefaultFollowUp() []int { return []int{3, 6, 12} }

// FollowUpState is where a follow-up question stands.
type FollowUpState string

// The states of a follow-up question.
const (
	FollowUpWaiting  FollowUpState = "waiting"  // its day has not come
	FollowUpAsked    FollowUpState = "asked"    //
	FollowUpReminded FollowUpState = "reminded" // asked, and brought to mind once
	FollowUpPassed   FollowUpState = "passed"   // never asked: a later one was due as well
)

// FollowUp is a question to the leader, months after the decision about a plan:
// what has become of it.
type FollowUp struct {
	Network  string
	Version  int // of the plan that was decided about
	Months   int // after the decision
	Due      time.Time
	State    FollowUpState
	Asked    time.Time // zero while it waits
	Reminded time.Time
	Answers  []FollowUpAnswer
}

// Open reports whether the question has been asked and not answered.
func (f *FollowUp) Open() bool {
	return (f.State == FollowUpAsked || f.State == FollowUpReminded) && len(f.Answers) == 0
}

// FollowUpAnswer is one answer of a leader, masked.
type FollowUpAnswer struct {
	Event EventID
	By    UserID // empty if erased
	Body  string
	At    time.Time
}

package meeting

import "time"

// Point is one key point: a participant's own sentence, shortened at most, or
// what the leader made of it.
type Point struct {
	Prompt int    // counted from 1
	Number int    // within the prompt, counted from 1; never reused in a draft
	Text   string // masked
	// Entries are the replies that say it, the one quoted first.
	Entries []EventID
	// Support counts the people behind the point: its authors and the 👍.
	Support int
	// Role is the author's, or RoleUnknown where it may not be shown.
	Role    Role
	Marks   []Mark
	Edited  bool // the text is the leader's
	Dropped bool
	Late    bool // added after closing
}

// SummaryState is where a summary stands.
type SummaryState string

// The states of a summary.
const (
	SummaryDraft   SummaryState = "draft"
	SummaryShared  SummaryState = "shared"
	SummaryReplace SummaryState = "replaced"
)

// Summary is a digest with the leader's changes. Version counts from 1 each
// time it is shared; Revision counts each change of the draft.
type Summary struct {
	ID       int64
	Meeting  int64
	Version  int
	Revision int
	State    SummaryState
	Points   []Point
	Drafted  time.Time
	Shared   time.Time
	By       UserID // who approved; empty for automatic approval
}

// PlanItem is one measure of a local plan.
type PlanItem struct {
	Number  int    // counted from 1; never reused
	Area    string // what it is about
	What    string
	How     string
	Who     string // an organisation or a role, not a private person
	When    string
	Sources []EventID
}

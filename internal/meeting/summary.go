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
	SummaryDraft  SummaryState = "draft"
	SummaryShared SummaryState = "shared"
)

// Summary is a digest with the leader's changes.
type Summary struct {
	Meeting  int64
	State    SummaryState
	Version  int    // how often it was shared
	Revision int    // how often the draft was changed
	Post     string // key of the post that shows the draft, or the shared summary
	Taken    int    // points taken away because their reply was changed or removed
	Comments int    // messages in the draft's thread
	Points   []Point
	Drafted  time.Time
	ObjectBy time.Time // until when comments are asked for
	Nudges   int       // reminders sent to the leader
	Shared   time.Time
	By       UserID // who approved; empty for automatic approval
}

// Draft is what the clock goes by with a summary that waits for approval.
type Draft struct {
	Meeting  int64
	Network  string
	Drafted  time.Time
	ObjectBy time.Time // as in Summary
	Nudges   int       // as in Summary
}

// Find returns the point with the numbers, or nil.
func (s *Summary) Find(prompt, number int) *Point {
	for i := range s.Points {
		if p := &s.Points[i]; p.Prompt == prompt && p.Number == number && !p.Dropped {
			return p
		}
	}
	return nil
}

package meeting

import (
	"crypto/sha256"
	"slices"
	"time"
)

// PollState is where a network's poll over areas stands.
type PollState string

// The states of a poll.
const (
	PollProposed PollState = "proposed" // the list is being worked on
	PollOpen     PollState = "open"     // people vote
	PollClosed   PollState = "closed"   // counted; nothing is left of who voted what
)

// Limits of a poll.
const (
	MaxAreas   = 20 // MSC3381: clients show no more answers
	MinAreas   = 2
	MaxChoices = 3
	// MinVoters is how many must have voted for counts to be kept and shown:
	// with fewer, people who know who voted can work out what.
	MinVoters = 3
)

// Priority is an area that a network votes for.
type Priority struct {
	Number int    // counted from 1; never reused, and not changed once the poll is open
	Text   string // masked
	// Entries are the replies that it comes from, the one quoted first. Areas
	// that the leader wrote have none.
	Entries []EventID
	Votes   int  // counted when the poll is closed
	Edited  bool // the text is the leader's
	// Dropped says that the text is gone because a reply that it repeated was
	// removed after the poll had opened. It must not be shown, nor counted on.
	Dropped bool
	// Written is when the newest event had come as the area got its text, UTC;
	// zero if that is not known.
	Written time.Time
}

// Poll is a network's list of areas, the poll over it, and its result.
type Poll struct {
	Network string
	Meeting int64 // that it belongs to
	State   PollState
	Areas   []Priority
	Voters  int  // who voted; counted when the poll is closed
	Members int  // who could have; counted when the poll is closed
	Few     bool // fewer than MinVoters voted: no votes were counted
	// Last is the highest area number given so far; Round counts how often the
	// list, the poll or its result was posted.
	Last  int
	Round int
	// Salt makes voters unrecognisable; it is deleted when the poll closes.
	Salt   []byte
	Opened time.Time // UTC, like the following; zero for not yet
	Closed time.Time
	Shared time.Time // when a leader let the result leave the network's room
	By     UserID    // who did
}

// Find returns the area with the number, or nil.
func (p *Poll) Find(number int) *Priority {
	for i := range p.Areas {
		if p.Areas[i].Number == number {
			return &p.Areas[i]
		}
	}
	return nil
}

// Ranked lists the areas that may be shown, the one with most votes first.
func (p *Poll) Ranked() []Priority {
	out := slices.DeleteFunc(slices.Clone(p.Areas), func(a Priority) bool { return a.Dropped })
	slices.SortStableFunc(out, func(a, b Priority) int { return b.Votes - a.Votes })
	return out
}

// Voter is a person's mark among the votes of a poll.
func (p *Poll) Voter(u UserID) []byte { return mark(p.Salt, string(u)) }

// Ballot is a message's mark among the votes of a poll.
func (p *Poll) Ballot(id EventID) []byte { return mark(p.Salt, string(id)) }

func mark(salt []byte, id string) []byte {
	h := sha256.New()
	h.Write(salt)
	h.Write([]byte(id))
	return h.Sum(nil)
}

// Vote is one person's choices while a poll is open.
type Vote struct {
	Voter   []byte // Poll.Voter
	Ballot  []byte // Poll.Ballot of the message that brought it
	Order   Order
	Choices []int // area numbers; none if the vote is spoilt or withdrawn
}

// PollForm is a poll as people get to see it (MSC3381).
type PollForm struct {
	Question string
	Max      int // choices
	Options  []PollOption
}

// PollOption is one answer to choose from.
type PollOption struct {
	ID   string
	Text string
}

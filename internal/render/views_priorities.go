package render

import (
	"time"

	"blnbot/internal/meeting"
)

// Areas is a list of areas, a poll over them, or its result.
type Areas struct {
	Network string
	State   meeting.PollState
	Areas   []Area // of a result the one with most votes first
	Max     int    // choices that each person has
	Voted   int
	Members int // who may vote
	Few     bool
	Leaders []string
	Closes  time.Time // when the poll ends by itself; zero if nothing ends it
	Shared  time.Time
	Gone    []string // numbers of areas whose text was removed
}

// Area is one area. Votes are counted when the poll is closed.
type Area struct {
	Number  int
	Text    string
	Replies int
	Votes   int
	Dropped bool
}

// TwoAreas are the numbers of two areas.
type TwoAreas struct{ One, Other int }

// VoteView is the answer to a vote.
type VoteView struct {
	Network string
	Max     int
	Chosen  []string // numbers of areas
	Word    string   // what was not understood
	InRoom  bool     // everybody in the room could read it
	Removed bool     // the message with the vote was removed
}

// MyVote is a person's vote in a poll that is open.
type MyVote struct {
	Network string
	Chosen  []string // numbers of areas
}

// Evaluation is a self-evaluation: its questions, or what people answered.
type Evaluation struct {
	Network   string
	Questions []Question
	Texts     []string
	Asked     int
	Answered  int
	Min       int // answers before anything is shown
	Count     int // of questions
	Scale     int
	Next      int // the question that comes next
	Until     time.Time
	Over      bool
	Shared    bool // a leader has let it into the report
}

// Question is one question with how many gave each answer.
type Question struct {
	Number  int
	Text    string
	Answers []AnswerCount
}

// AnswerCount is one of the fixed answers.
type AnswerCount struct {
	Number int
	Word   string
	Count  int
}

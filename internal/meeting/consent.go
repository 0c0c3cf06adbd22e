package meeting

import "time"

// Answer is what somebody has said about the use of their replies.
type Answer string

// The answers. Taking part is an answer too: people are told what replying
// means before they reply.
const (
	AnswerPart Answer = "part"
	AnswerYes  Answer = "yes"
	AnswerNo   Answer = "no" // nothing of theirs is used in summaries
)

// Consent is an answer with the version of the information that it was given
// to.
type Consent struct {
	Network string
	User    UserID
	Answer  Answer
	Version int
	At      time.Time
}

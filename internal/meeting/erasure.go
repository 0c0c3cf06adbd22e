package meeting

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// ErasureKind says what was erased.
type ErasureKind string

// The kinds of erasures.
const (
	ErasedPerson  ErasureKind = "person"  // Subject is the Pseudonym of a user id
	ErasedReplies ErasureKind = "replies" // what people wrote in the network Subject
	ErasedVotes   ErasureKind = "votes"   // who voted for what in a poll of the network Subject
	ErasedAsked   ErasureKind = "asked"   // who has answered the self-evaluation of the network Subject
)

// Erasure notes that something was erased for good. Every backup has the list
// as it was when the backup was made; what is missing from it is still to be
// erased there.
type Erasure struct {
	ID      string // the same in every copy of the database
	Kind    ErasureKind
	Subject string
	At      time.Time
}

// Pseudonym stands for a user who must not be named any more. Who has the user
// id can tell that it belongs to it; who has not cannot find it.
func Pseudonym(user UserID) string {
	h := sha256.Sum256([]byte("blnbot erased " + user))
	return hex.EncodeToString(h[:])
}

package meeting

import "time"

// CompilationState is where a compilation stands.
type CompilationState string

// The states of a compilation.
const (
	CompilationPosted CompilationState = "posted"
	CompilationTold   CompilationState = "told"  // staff know that another network has finished since
	CompilationRenew  CompilationState = "renew" // it is to be posted anew
)

// Compilation is one meeting round over all networks, put together from their
// shared summaries. Its text is made from these whenever it is posted.
type Compilation struct {
	Programme string
	Number    int // of the round
	Version   int // how often it was posted anew, from 1
	State     CompilationState
	Made      time.Time
	// Parts are the shared summaries that the version was made from: their
	// versions by meeting.
	Parts map[int64]int
}

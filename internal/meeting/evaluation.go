package meeting

import "time"

// The form of a self-evaluation: so many questions with one of so many fixed
// answers each, and words of one's own.
const (
	EvaluationQuestions = 4
	EvaluationScale     = 4 // 1 is the lowest
	// MinAnswers is how many must have answered before anything is shown.
	MinAnswers = 5
)

// Evaluation is what a network's members thought. Until it is over, and where
// fewer than MinAnswers have answered, it has no counts and no texts.
type Evaluation struct {
	Network  string
	Asked    int // people
	Answered int // people who have answered every question
	// Counts says for each question how many gave each answer.
	Counts [EvaluationQuestions][EvaluationScale]int
	Texts  []string // masked, in no particular order
	Since  time.Time
	Until  time.Time // when answers are no longer taken
	// Reminded says that those who had not answered were reminded.
	Reminded bool
	// Salt makes those who were asked unrecognisable; it is deleted when the
	// evaluation is over.
	Salt   []byte
	Shared time.Time // when a leader let the answers leave the network; zero for not yet
}

// Enough reports whether enough have answered for anything to be shown.
func (e *Evaluation) Enough() bool { return e.Answered >= MinAnswers }

// Over reports whether answers are no longer taken.
func (e *Evaluation) Over() bool { return len(e.Salt) == 0 }

// Shown reports whether the answers can be shown: enough people have answered,
// and nobody will any more. Otherwise who looks before and after somebody answers
// would see what that person answered.
func (e *Evaluation) Shown() bool { return e.Enough() && e.Over() }

// Person is somebody's mark among those who were asked.
func (e *Evaluation) Person(u UserID) []byte { return mark(e.Salt, string(u)) }

// Asked is how far somebody has come with an evaluation. Nothing leads from
// here to the answers.
type Asked struct {
	Person []byte // Evaluation.Person
	Given  int    // questions answered, in their order
	Done   bool   // or does not want to
}

package meeting

// Kind says what a meeting of a programme is for.
type Kind string

// The kinds of meetings.
const (
	KindDiscussion Kind = "discussion"
	KindPriorities Kind = "priorities"
	KindPlan       Kind = "plan"
)

// Limits of a programme.
const (
	MaxMeetings = 30 // meetings in a programme, at least 1
	MaxPrompts  = 9  // prompts in a meeting, at least 1
)

// Programme is a series of meetings with prompts and materials. Programmes
// are told apart by ID and Language.
type Programme struct {
	ID       string
	Name     string
	Purpose  string
	Goal     string
	Language string // "sv" or "en"
	Meetings []ProgrammeMeeting
}

// ProgrammeMeeting is one meeting as the programme describes it; opening a
// meeting copies it, so that later edits touch future meetings only.
type ProgrammeMeeting struct {
	Title     string
	Intro     string
	Kind      Kind
	Prompts   []string
	Materials []Material
}

// Material is something to read before a meeting. URL may be empty for
// something handed out in another way.
type Material struct {
	Title string
	URL   string
}

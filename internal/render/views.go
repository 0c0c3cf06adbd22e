package render

import (
	"slices"
	"time"

	"blnbot/internal/meeting"
)

// The views are what the texts are made from. Times are in the zone that the
// reader lives in; strings are as people wrote them, the templates escape them.

// Hello greets a room. Leaders are display names.
type Hello struct {
	Network   string
	Leaders   []string
	HelpLines []string // where to turn; empty for the language's own
}

// Welcome greets a new member. Number is the open meeting, 0 for none.
type Welcome struct {
	Network string
	Leaders []string
	Role    meeting.Role // if it is known
	Leader  bool         // the member is a leader
	Number  int
	Title   string
	Closes  time.Time
	Prompts []Prompt
	// HelpLines is where to turn; empty for the language's own.
	HelpLines []string
}

// Person is a member. ID is the full Matrix id.
type Person struct {
	Name   string
	ID     string
	Role   meeting.Role
	Leader bool
}

// Members is who is in a network's room. NoRole is the id of somebody without a
// role, as an example.
type Members struct {
	Network string
	In      []Person
	Invited []Person
	NoRole  string
}

// Opening announces a meeting.
type Opening struct {
	Number, Of  int
	Title       string
	Intro       string
	Closes      time.Time
	Prompts     int
	Late        bool // the schedule wanted it earlier
	Again       bool // posted anew, because something it recalled was removed
	Recap       []meeting.Point
	RecapNumber int  // the meeting that Recap is from
	NoRecap     bool // there was a meeting before, but nothing approved
	Materials   []meeting.Material
}

// Prompt is one discussion question.
type Prompt struct {
	Number int
	Text   string
	Only   bool // the meeting has no other
}

// PromptCount is how many replies a prompt has.
type PromptCount struct {
	Number, Count int
}

// Reminder says how long a meeting stays open.
type Reminder struct {
	Number  int
	Closes  time.Time
	Today   bool
	Tomorow bool
	Prompts []PromptCount
}

// UnheardIn are the roles that have not been heard in a meeting.
type UnheardIn struct {
	Network string
	Number  int
	Unheard []Unheard
}

// Unheard is a role that has not been heard on a prompt.
type Unheard struct {
	Prompt int
	Role   meeting.Role
}

// Closed announces that a meeting is over.
type Closed struct {
	Number, Of     int
	Entries        int
	People         int
	Leaders        []string
	Unreadable     int
	LateCounts     bool
	ObjectionsTill time.Time
}

// PromptPoints is a prompt with its key points.
type PromptPoints struct {
	Number  int
	Text    string
	Entries int
	Points  []meeting.Point
}

// Summary is a draft or a shared summary.
type Summary struct {
	Network      string
	Number       int
	Title        string
	Version      int
	Participants meeting.RoleCount // as may be shown
	Attendance   meeting.RoleCount // people at a physical meeting, as may be shown
	Prompts      []PromptPoints
	Entries      int
	Late         int
	Removed      int
	LeftOut      int // by 🚫
	Unreadable   int
	Gaps         int
	Leaders      []string
	Until        time.Time // when the time for comments ends
	Auto         bool      // shared by itself after Until
	Taken        int       // points taken away because their reply was
	Shared       time.Time
}

// Figures are the pictures of the document.
func (s Summary) Figures() map[string]Figure { return participation(s.Number, s.Participants) }

// participation is the picture of who replied in one meeting, if there is
// anything to compare.
func participation(number int, count meeting.RoleCount) map[string]Figure {
	p := Participation{Meetings: []MeetingCount{{number, count}}}
	if !p.Any() {
		return nil
	}
	return map[string]Figure{"participation": p}
}

// Round is one meeting round over all networks of a programme.
type Round struct {
	Number   int
	Title    string
	Shared   int
	Total    int
	Networks []RoundNetwork
	More     int // networks that are not listed
}

// RoundNetwork is how far one network has come in a round.
type RoundNetwork struct {
	Name  string
	State meeting.State
	Draft bool
}

// Status is where one network stands.
type Status struct {
	Network    string
	Number, Of int
	Title      string
	State      meeting.State
	Draft      bool
	Closes     time.Time
	Next       time.Time // zero if nothing more is planned
	NextNumber int
	NextTitle  string
	Prompts    []PromptCount
	Unreadable int
	Lost       int // gaps
	Members    int
	NoRole     int
	Plan       int // items
	PlanVer    int
}

// StatusTable is where all networks stand, or one part of it if there are too
// many for one message.
type StatusTable struct {
	Week     int // of the year (ISO 8601), where the table comes by itself; else 0
	Part, Of int
	Groups   []StatusGroup
	Failed   int // posts that could not be sent
}

// StatusGroup are the networks of one programme. The programme is not named
// where there is only one.
type StatusGroup struct {
	Programme string
	Networks  []Status
}

// Plans reports whether any of the networks has an approved plan.
func (g StatusGroup) Plans() bool {
	return slices.ContainsFunc(g.Networks, func(s Status) bool { return s.PlanVer > 0 })
}

// Troubled are the networks in which replies are missing.
func (t StatusTable) Troubled() []Status {
	var out []Status
	for _, g := range t.Groups {
		for _, s := range g.Networks {
			if s.Unreadable > 0 || s.Lost > 0 {
				out = append(out, s)
			}
		}
	}
	return out
}

// Help is what a person can do in a place. Lines are the names of texts.
type Help struct {
	Commands []HelpLine
	// More is how many commands are not shown; One, that one was asked about.
	More    int
	One     bool
	Leaders []string
	Leader  bool
	// Turn says that it is shown where to turn: HelpLines, or if that is empty
	// the language's own.
	Turn      bool
	HelpLines []string
}

// HelpLine is one command: how it is written and what it does.
type HelpLine struct{ Usage, Does string }

// Minutes is a meeting's minutes as a document. Roles are as may be shown.
type Minutes struct {
	Network    string
	Number     int
	Title      string
	State      meeting.State
	Opened     time.Time
	Closed     time.Time
	People     meeting.RoleCount
	Attendance meeting.RoleCount
	Prompts    []MinutesPrompt
	Entries    int
	Removed    int
	LeftOut    int // by 🚫
	Unreadable int
	Gaps       int
}

// Figures are the pictures of the document.
func (m Minutes) Figures() map[string]Figure { return participation(m.Number, m.People) }

// MinutesPrompt is one prompt with its entries.
type MinutesPrompt struct {
	Number  int
	Text    string
	Entries []meeting.Entry
}

// Problem is an answer that needs a word or a date from the situation.
type Problem struct {
	Word    string // what the person wrote
	Suggest string
	Leaders []string
	Number  int
	Version int
	Title   string
	Max     int
	When    time.Time
	Network string
	Names   []string
	Code    string
}

// Mine is everything that is stored about one person.
type Mine struct {
	User      string
	Names     []string
	Networks  []MyNetwork
	Entries   []MyEntry
	Plans     []MyPlan
	Votes     []MyVote
	Reactions int
	Waiting   int // messages and reactions that wait for what they are about
}

// MyNetwork is a person's part in a network.
type MyNetwork struct {
	Name   string
	Role   meeting.Role
	Answer meeting.Answer
	Since  time.Time
}

// MyEntry is one of a person's entries.
type MyEntry struct {
	meeting.Entry
	Number int // of the meeting
	Title  string
}

// NetworkList is what !network shows.
type NetworkList struct{ Networks []NetworkLine }

// NetworkLine is one network of a NetworkList.
type NetworkLine struct {
	ID, Name, Programme string
	Leaders             []string
	Chat                bool   // made in chat, not in the configuration
	In                  bool   // the bot is in the room
	State               string // making, failed, retired; empty for one in use
}

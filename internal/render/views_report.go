package render

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"blnbot/internal/meeting"
)

// Report is the final report on a programme over all its networks. What it says
// about a network was shared or approved by its leader.
type Report struct {
	ID        string // of the programme
	Programme string
	Purpose   string
	Goal      string
	Networks  []ReportNetwork
	// Rounds put the networks side by side, meeting by meeting; rounds that no
	// network has shared are left out.
	Rounds []Compilation
	// Meetings are the programme's, for the appendix.
	Meetings []meeting.ProgrammeMeeting

	// SignedBy are the networks that had signed it off when it was published.
	SignedBy []string `json:",omitempty"`

	// What follows says which form of the report it is, and is not frozen with
	// the rest.
	Version   int       `json:"-"`
	Made      time.Time `json:"-"`
	Published time.Time `json:"-"` // zero for a draft
	Corrected bool      `json:"-"` // something was taken out after publication
	Signed    int       `json:"-"` // networks that have signed it off
}

// ReportNetwork is a network's part in the report.
type ReportNetwork struct {
	ID         string
	Name       string
	Ended      bool            // no longer in use
	Meetings   []ReportMeeting // one for each of the programme's, in their order
	Poll       *ReportPoll
	Plan       *Plan
	Decisions  []meeting.Decision
	FollowUps  []ReportFollowUp
	Evaluation *ReportEvaluation
}

// ReportMeeting is one of a network's meetings. Of one whose summary is not
// shared only the state is told.
type ReportMeeting struct {
	Number  int
	Title   string
	State   meeting.State // empty for one that has not been
	Opened  time.Time
	Closed  time.Time
	Summary *Summary
}

// ReportPoll is the result of a network's poll, as its leader let it be shared.
type ReportPoll struct {
	Votes   Votes
	Members int  // who could vote
	Few     bool // too few voted for counts to be shown
}

// ReportEvaluation is what a network's members thought, if enough have said so.
type ReportEvaluation struct {
	Asked, Answered int
	Few             bool // too few answered for anything to be shown
	Counts          [meeting.EvaluationQuestions][meeting.EvaluationScale]int
	Texts           []string
}

// Questions are the questions, by number, with how many gave each answer.
func (e ReportEvaluation) Questions() []Question {
	var out []Question
	for i, counts := range e.Counts {
		q := Question{Number: i + 1}
		for j, n := range counts {
			q.Answers = append(q.Answers, AnswerCount{Number: j + 1, Count: n})
		}
		out = append(out, q)
	}
	return out
}

// ReportFollowUp is what became of a decided plan.
type ReportFollowUp struct {
	Months  int
	Answers []string
}

// Held counts the network's meetings whose summary is shared.
func (n ReportNetwork) Held() int {
	held := 0
	for _, m := range n.Meetings {
		if m.Summary != nil {
			held++
		}
	}
	return held
}

// Entries counts the replies of the shared meetings.
func (n ReportNetwork) Entries() int {
	sum := 0
	for _, m := range n.Meetings {
		if m.Summary != nil {
			sum += m.Summary.Entries
		}
	}
	return sum
}

// First and Last are when the first shared meeting opened and the last one
// closed; zero if there is none.
func (n ReportNetwork) First() time.Time {
	for _, m := range n.Meetings {
		if m.Summary != nil {
			return m.Opened
		}
	}
	return time.Time{}
}

// Last is described at First.
func (n ReportNetwork) Last() time.Time {
	for i := len(n.Meetings) - 1; i >= 0; i-- {
		if m := n.Meetings[i]; m.Summary != nil {
			return m.Closed
		}
	}
	return time.Time{}
}

// Without lists the numbers of the meetings that have no shared summary because
// they were missed, are unshared, or have never begun.
func (n ReportNetwork) Without(state string) []string {
	var out []string
	for _, m := range n.Meetings {
		if m.Summary != nil {
			continue
		}
		is := "never"
		switch {
		case m.State == meeting.StateMissed:
			is = "missed"
		case m.State.Held():
			is = "unshared"
		}
		if is == state {
			out = append(out, strconv.Itoa(m.Number))
		}
	}
	return out
}

// Empty reports whether the network has nothing in the report.
func (n ReportNetwork) Empty() bool {
	return n.Held() == 0 && n.Poll == nil && n.Plan == nil && n.Evaluation == nil
}

// Total is how many networks can sign the report off.
func (r Report) Total() int {
	n := 0
	for _, net := range r.Networks {
		if !net.Ended {
			n++
		}
	}
	return n
}

// Sum adds up over all networks.
func (r Report) Sum() ReportSum {
	s := ReportSum{}
	for _, n := range r.Networks {
		s.Held += n.Held()
		if n.Plan != nil {
			s.Plans++
		}
		if len(n.Decisions) > 0 {
			s.Decisions++
		}
		for _, m := range n.Meetings {
			if m.Summary == nil {
				continue
			}
			s.Entries += m.Summary.Entries
			s.Removed += m.Summary.Removed
			s.Unreadable += m.Summary.Unreadable
			s.Gaps += m.Summary.Gaps
			s.Taken += m.Summary.Taken
			if m.Summary.Attendance.Total() > 0 {
				s.Physical++
			}
		}
	}
	return s
}

// ReportSum is what the networks of a report add up to.
type ReportSum struct {
	Held, Physical, Entries, Removed, Unreadable, Gaps, Taken, Plans, Decisions int
}

// Any says which chapters the report has.
func (r Report) Any(chapter string) bool {
	for _, n := range r.Networks {
		switch {
		case chapter == "poll" && n.Poll != nil, chapter == "plan" && n.Plan != nil,
			chapter == "evaluation" && n.Evaluation != nil, chapter == "attendance" && r.Sum().Physical > 0:
			return true
		}
	}
	return false
}

// Participation is who replied, by role and meeting, over all networks.
func (r Report) Participation() Participation {
	var p Participation
	for i := range r.Meetings {
		c, shared := meeting.RoleCount{}, false
		for _, n := range r.Networks {
			if i < len(n.Meetings) && n.Meetings[i].Summary != nil {
				shared = true
				for role, k := range n.Meetings[i].Summary.Participants {
					c[role] += k
				}
			}
		}
		if shared {
			p.Meetings = append(p.Meetings, MeetingCount{Number: i + 1, Count: c})
		}
	}
	return p
}

// Progress is how far each network has come.
func (r Report) Progress() Networks {
	out := Networks{Meetings: len(r.Meetings)}
	for _, n := range r.Networks {
		row := NetworkStates{Name: n.Name}
		for _, m := range n.Meetings {
			row.States = append(row.States, m.State)
		}
		out.Networks = append(out.Networks, row)
	}
	return out
}

// Figures are the report's pictures.
func (r Report) Figures() map[string]Figure {
	out := map[string]Figure{"networks": r.Progress(), "participation": r.Participation()}
	for _, n := range r.Networks {
		if n.Poll != nil && !n.Poll.Few {
			out["votes-"+n.ID] = n.Poll.Votes
		}
	}
	return out
}

// SignOffs is how far the sign-off of a report has come. Names are networks'.
type SignOffs struct {
	Report
	Title     string // of the programme
	Given     []string
	Asked     []string
	Objected  []string
	Reason    string // why it was published without all
	Deletions []Deletion
	Newer     bool // a draft is under way although an earlier report is published
	Staff     bool // who reads it is staff
	Word      string
}

// Waiting are the networks that have not signed off.
func (s SignOffs) Waiting() []string { return slices.Concat(s.Asked, s.Objected) }

// Missing are the same, as a command takes them.
func (s SignOffs) Missing() string { return strings.Join(s.Waiting(), ", ") }

// Deletion is when what people wrote in a network is deleted, or was.
type Deletion struct {
	Network   string
	When      time.Time
	Published bool // because the report was published
	Entries   int  // how many were deleted
}

// Deletions are those of several networks at the same time.
type Deletions struct {
	Networks []Deletion
	Entries  int
}

// Names are the networks' names.
func (d Deletions) Names() []string {
	var out []string
	for _, n := range d.Networks {
		out = append(out, n.Network)
	}
	return out
}

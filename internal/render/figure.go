package render

import (
	"fmt"
	"strconv"

	"blnbot/internal/meeting"
	"blnbot/internal/render/plot"
)

// Figure is a picture made from numbers, for people who would rather look than
// read. Its alternative text is the text "figure_" and its kind, made from the
// same numbers; the name of its file is "figure_", its kind and "_file".
//
// A document shows one where its text has ![alternative](figure:name) and its
// view a method Figures() map[string]Figure.
type Figure interface {
	// Kind is participation, votes or networks.
	Kind() string
	draw(w *words) (*plot.Drawing, error)
}

// illustrated is a view with figures.
type illustrated interface{ Figures() map[string]Figure }

// finer is how many pixels of a PNG stand for one of the drawing: sharp on a
// phone and on paper.
const finer = 3

// PNG is the figure as a picture file, with its width and height in pixels.
func (t *Texts) PNG(lang string, f Figure) (data []byte, width, height int, err error) {
	d, err := f.draw(t.words(lang))
	if err == nil {
		data, err = d.PNG(finer)
	}
	if err != nil {
		return nil, 0, 0, fmt.Errorf("draw %s: %w", f.Kind(), err)
	}
	return data, d.Width * finer, d.Height * finer, nil
}

// SVG is the figure as an element of an HTML page.
func (t *Texts) SVG(lang string, f Figure, alternative string) (string, error) {
	d, err := f.draw(t.words(lang))
	if err != nil {
		return "", fmt.Errorf("draw %s: %w", f.Kind(), err)
	}
	return d.SVG(alternative), nil
}

// Participation is how many took part, by role and meeting. The counts are as
// may be shown (meeting.ShownCount).
type Participation struct{ Meetings []MeetingCount }

// MeetingCount is a meeting with its participants.
type MeetingCount struct {
	Number int
	Count  meeting.RoleCount
}

// Kind implements Figure.
func (Participation) Kind() string { return "participation" }

// Any reports whether there is anything to look at: two roles in some meeting,
// or more than one meeting.
func (p Participation) Any() bool {
	return len(p.roles()) > 1 || len(p.roles()) == 1 && len(p.Meetings) > 1
}

// roles are those that somebody had, and RoleUnknown last.
func (p Participation) roles() []meeting.Role {
	var out []meeting.Role
	for _, r := range append(meeting.Roles(), meeting.RoleUnknown) {
		for _, m := range p.Meetings {
			if m.Count[r] > 0 {
				out = append(out, r)
				break
			}
		}
	}
	return out
}

func (p Participation) draw(w *words) (*plot.Drawing, error) {
	name := func(r meeting.Role) string {
		if r == meeting.RoleUnknown {
			return UpperFirst(w.others.many)
		}
		return UpperFirst(w.roles[r].Many)
	}
	if len(p.Meetings) == 1 {
		var bars []plot.Bar
		for _, r := range p.roles() {
			bars = append(bars, plot.Bar{Label: name(r), Value: p.Meetings[0].Count[r]})
		}
		return plot.Bars(bars, 0)
	}
	var columns []string
	for _, m := range p.Meetings {
		columns = append(columns, strconv.Itoa(m.Number))
	}
	var rows []plot.Row
	for _, r := range p.roles() {
		row := plot.Row{Label: name(r)}
		for _, m := range p.Meetings {
			row.Values = append(row.Values, m.Count[r])
		}
		rows = append(rows, row)
	}
	return plot.Columns(w.meeting, columns, rows)
}

// Votes is what people voted for. Areas are in the order to be shown.
type Votes struct {
	Voters int
	Areas  []AreaVotes
}

// AreaVotes is an area with its votes.
type AreaVotes struct {
	Text  string
	Votes int
}

// Kind implements Figure.
func (Votes) Kind() string { return "votes" }

func (v Votes) draw(*words) (*plot.Drawing, error) {
	var bars []plot.Bar
	for _, a := range v.Areas {
		bars = append(bars, plot.Bar{Label: oneLine(a.Text), Value: a.Votes})
	}
	return plot.Bars(bars, v.Voters)
}

// Networks is how far each network has come in each meeting.
type Networks struct {
	Meetings int // how many the programme has
	Networks []NetworkStates
}

// NetworkStates is a network with the states of its meetings, the first first.
// Those that are missing at the end have not begun.
type NetworkStates struct {
	Name   string
	States []meeting.State
}

// Kind implements Figure.
func (Networks) Kind() string { return "networks" }

// Round is which networks are in which state of one meeting, for the alternative
// text; nil if none has begun.
func (n Networks) Round(number int) map[string][]string {
	out := map[string][]string{}
	for _, row := range n.Networks {
		s := meeting.StatePlanned
		if number <= len(row.States) && row.States[number-1] != "" {
			s = row.States[number-1]
		}
		out[string(s)] = append(out[string(s)], row.Name)
	}
	if len(out[string(meeting.StatePlanned)]) == len(n.Networks) {
		return nil
	}
	return out
}

// Numbers are the meetings' numbers.
func (n Networks) Numbers() []int {
	var out []int
	for i := range n.Meetings {
		out = append(out, i+1)
	}
	return out
}

// signs say how a state is drawn.
func signs() map[meeting.State]plot.Sign {
	return map[meeting.State]plot.Sign{
		meeting.StateShared: plot.Done, meeting.StateClosed: plot.Waiting, meeting.StateOpen: plot.Going, meeting.StateMissed: plot.Missed,
	}
}

func (n Networks) draw(w *words) (*plot.Drawing, error) {
	var columns []string
	for _, i := range n.Numbers() {
		columns = append(columns, strconv.Itoa(i))
	}
	sign, seen := signs(), map[meeting.State]bool{}
	var lines []plot.Line
	for _, row := range n.Networks {
		l := plot.Line{Label: oneLine(row.Name)}
		for i := range n.Meetings {
			s := meeting.StatePlanned
			if i < len(row.States) && row.States[i] != "" {
				s = row.States[i]
			}
			seen[s] = true
			l.Signs = append(l.Signs, sign[s])
		}
		lines = append(lines, l)
	}
	var legend []plot.Legend
	for _, s := range []meeting.State{meeting.StateShared, meeting.StateClosed, meeting.StateOpen, meeting.StateMissed, meeting.StatePlanned} {
		if seen[s] {
			legend = append(legend, plot.Legend{Sign: sign[s], Text: w.states[s]})
		}
	}
	return plot.Grid(w.meeting, columns, lines, legend)
}

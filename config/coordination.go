package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"blnbot/internal/meeting"
	"blnbot/internal/schedule"
)

// weekdays are written as in a schedule.
var weekdays = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}

// weekTime is "MON 08:00".
var weekTime = regexp.MustCompile(`^([A-Za-z]{3})\s+(\d{1,2})[:.](\d{2})$`)

// coordination reads the section about the coordination room. The programmes
// have been read.
func (r *reader) coordination(v value) {
	if !v.given() {
		return
	}
	s, ok := v.section(coordinationKeys())
	if !ok {
		return
	}
	c := &r.cfg.Coordination
	c.Room = room(s.get("room"))
	c.Staff = r.people(s.get("staff"))
	c.Leaders.Agenda = s.get("agenda").duration(3*day, time.Hour, 30*day)
	c.Leaders.Weekly = weekly(s.get("weekly"))
	taken := map[string]value{}
	for _, e := range s.get("meetings").list() {
		c.Leaders.Meetings = append(c.Leaders.Meetings, r.leadersMeetings(e, taken)...)
	}
	slices.SortStableFunc(c.Leaders.Meetings, func(a, b meeting.LeadersMeeting) int { return a.At.Compare(b.At) })
}

// weekly reads when the overview comes; nil for off.
func weekly(v value) *meeting.Weekly {
	fallback := &meeting.Weekly{Day: time.Monday, At: 8 * time.Hour}
	text, ok := v.text()
	switch {
	case !ok:
		return fallback
	case text == "off", text == "none", text == "false":
		return nil
	}
	m := weekTime.FindStringSubmatch(text)
	if m == nil {
		v.fail("weekly: %s is not written as day hour:minute", quote(text))
		return fallback
	}
	day := slices.Index(weekdays, strings.ToUpper(m[1]))
	at, known := clock(m[2], m[3])
	switch {
	case day < 0:
		v.fail("weekly: there is no day %s; the days are MON, TUE, WED, THU, FRI, SAT and SUN", quote(m[1]))
	case !known || m[2] == "24":
		v.fail("weekly: there is no such time in %s", quote(text))
	default:
		return &meeting.Weekly{Day: time.Weekday(day), At: at}
	}
	return fallback
}

// leadersMeetings reads the leaders' meetings of one round.
func (r *reader) leadersMeetings(v value, taken map[string]value) []meeting.LeadersMeeting {
	s, ok := v.section(leadersMeetingKeys())
	if !ok {
		return nil
	}
	m := meeting.LeadersMeeting{Link: webAddress(s.get("link"))}
	rounds := 0
	if p, known := r.programmeFor(s.get("programme"), r.cfg.Language); known {
		m.Programme, rounds = p.ID, len(p.Meetings)
	}
	m.Round = r.round(s.get("round"), rounds)
	if m.Programme != "" && m.Round > 0 {
		key := fmt.Sprintf("%s %d", m.Programme, m.Round)
		if first, twice := taken[key]; twice {
			s.get("round").fail("the leaders' meetings of round %d of %s are given already, on line %d", m.Round, quote(m.Programme), first.line)
		} else {
			taken[key] = s.get("round")
		}
	}
	before, after := s.get("before"), s.get("after")
	if !before.given() && !after.given() {
		v.key.expected, v.key.example = "before, after, or both", `before: "2027-09-01 13:00"`
		v.line, v.column = s.line, s.column
		v.fail("neither before nor after says when the leaders meet")
		return nil
	}
	var out []meeting.LeadersMeeting
	for _, d := range []struct {
		value
		after bool
	}{{before, false}, {after, true}} {
		at, ok := r.moment(d.value)
		if !ok {
			continue
		}
		if len(out) > 0 && !at.After(out[0].At) {
			d.fail("the meeting after the round is not after the one before it")
			continue
		}
		m.At, m.After = at, d.after
		out = append(out, m)
	}
	return out
}

// round reads the number of a round of a programme with so many meetings; 0
// where it cannot be, or where the programme is not known.
func (r *reader) round(v value, rounds int) int {
	text, ok := v.text()
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		v.fail("round: %s is not a number", quote(text))
	case rounds > 0 && (n < 1 || n > rounds):
		v.fail("round: the programme has no meeting %d, only 1 to %d", n, rounds)
	case rounds > 0:
		return n
	}
	return 0
}

// moment reads a date and a time, on the clock of the coordination room.
func (r *reader) moment(v value) (time.Time, bool) {
	text, ok := v.text()
	if !ok {
		return time.Time{}, false
	}
	rule, err := schedule.Dates([]string{text}, r.cfg.Location)
	var faults schedule.DateErrors
	if errors.As(err, &faults) {
		v.fail("%s", faults[0].Reason)
	}
	if err != nil {
		return time.Time{}, false
	}
	o, ok := rule.Next(time.Time{})
	return o.At, ok
}

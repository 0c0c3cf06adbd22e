package config

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"blnbot/internal/meeting"
	"blnbot/internal/schedule"
)

// Bounds of the settings.
const (
	shortest = time.Second // for trials with @every
	longest  = 366 * day
	// What people wrote is not kept for ever; and a network that only rests for
	// a while must not lose it.
	longestRaw     = 5 * 366 * day
	shortestAtMost = 60 * day
)

var slug = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// maxSlug is the length of a programme's or network's id.
const maxSlug = 40

// settings are what networks inherit from the top level.
type settings struct {
	language      string
	timezone      string
	location      *time.Location
	openFor       time.Duration
	grace         time.Duration
	approval      meeting.Approval
	objectionsFor time.Duration
	holidays      schedule.Holidays
	quiet         meeting.Quiet
	quietGiven    bool
	pauses        []meeting.Pause
	followUp      []int // months
	calendar      bool
	rawFor        time.Duration
	rawAtMost     time.Duration
	helpLines     []string
}

// read is the settings with what the section says instead.
func (t settings) read(s section) settings {
	t.language = s.get("language").oneOf(t.language, meeting.Languages()...)
	t.timezone, t.location = timezone(s.get("timezone"), t.timezone)
	t.openFor = s.get("open_for").duration(t.openFor, shortest, longest)
	t.grace = s.get("grace").duration(t.grace, 0, longest)
	t.approval = meeting.Approval(s.get("approval").oneOf(string(t.approval),
		string(meeting.ApprovalLeader), string(meeting.ApprovalAuto)))
	t.objectionsFor = s.get("objections_for").duration(t.objectionsFor, shortest, longest)
	t.rawFor = s.get("raw_replies_for").duration(t.rawFor, shortest, longestRaw)
	t.rawAtMost = s.get("raw_replies_at_most").duration(t.rawAtMost, shortestAtMost, longestRaw)
	t.holidays = schedule.Holidays(s.get("holidays").oneOf(string(t.holidays),
		string(schedule.Move), string(schedule.Skip), string(schedule.Ignore)))
	if v := s.get("quiet_hours"); v.given() {
		t.quiet, t.quietGiven = quietHours(v), true
	}
	if v := s.get("calendar"); v.given() {
		t.calendar = v.oneOf("false", "true", "false") == "true"
	}
	if v := s.get("pauses"); v.given() {
		t.pauses = pauses(v)
	}
	if v := s.get("follow_up"); v.given() {
		t.followUp = followUp(v)
	}
	if v := s.get("help_lines"); v.given() {
		t.helpLines = helpLines(v)
	}
	return t
}

// timezone reads the name of a zone, or takes the fallback.
func timezone(v value, fallback string) (string, *time.Location) {
	name, ok := v.text()
	if !ok {
		name = fallback
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		v.fail("there is no time zone %s", quote(name))
		return fallback, time.UTC
	}
	return name, loc
}

// networks reads the networks and compares them with one another.
func (r *reader) networks(list value, base settings) {
	ids, rooms := map[string]value{}, map[string]value{}
	if c := r.cfg.Coordination.Room; c != "" {
		rooms[c] = value{}
	}
	for _, v := range list.list() {
		s, ok := v.section(networkKeys())
		if !ok {
			continue
		}
		n := r.network(s, base)
		if first, twice := ids[n.ID]; twice && n.ID != "" {
			s.get("id").fail("the id %s is taken by another network, on line %d", quote(n.ID), first.line)
		}
		first, twice := rooms[n.Room]
		switch {
		case n.Room == "":
		case twice && first.line == 0:
			s.get("room").fail("%s is the coordination room; a network needs a room of its own", quote(n.Room))
		case twice:
			s.get("room").fail("the room %s is taken by another network, on line %d", quote(n.Room), first.line)
		}
		if !twice {
			rooms[n.Room] = s.get("room")
		}
		if _, twice := ids[n.ID]; !twice {
			ids[n.ID] = s.get("id")
		}
		r.cfg.Networks = append(r.cfg.Networks, n)
	}
}

func (r *reader) network(s section, base settings) meeting.Network {
	t := base.read(s)
	n := meeting.Network{
		ID: id(s.get("id")), Room: room(s.get("room")), Language: t.language, Location: t.location,
		OpenFor: t.openFor, Grace: t.grace, Approval: t.approval, ObjectionsFor: t.objectionsFor,
		Quiet: t.quiet, Pauses: t.pauses, Calendar: t.calendar, RawFor: t.rawFor, RawAtMost: t.rawAtMost, HelpLines: t.helpLines, FollowUp: t.followUp,
	}
	if !t.quietGiven && strings.HasPrefix(s.get("schedule").plain(), "@every") {
		n.Quiet = meeting.Quiet{} // a trial runs by night, too
	}
	n.Name = line(s.get("name"))
	n.Leaders = r.people(s.get("leaders"))
	n.Deputies = r.deputies(s.get("deputies"), n.Leaders)
	known := false
	if v := s.get("programme"); v.given() {
		n.Programme, known = r.programmeFor(v, n.Language)
	}
	meetings := 0
	if known {
		meetings = len(n.Programme.Meetings)
	}
	if rule := r.schedule(s, t, meetings); rule != nil {
		n.Schedule = rule
		r.consider(s, n, t)
	}
	return n
}

// id reads the stable key of a network or a programme, or gives "".
func id(v value) string {
	s, ok := v.text()
	switch {
	case !ok:
		return ""
	case !slug.MatchString(s) || len(s) > maxSlug:
		v.fail("%s is not a valid id", quote(s))
		return ""
	}
	return s
}

// maxLine is the length of a name or a title, in characters.
const maxLine = 200

// line reads a text of one line.
func line(v value) string {
	s, ok := v.text()
	switch {
	case !ok:
	case strings.ContainsAny(s, "\r\n"):
		v.fail("%s has several lines where one should be", v.key.name)
	case len([]rune(s)) > maxLine:
		v.fail("%s is longer than %d characters", v.key.name, maxLine)
	}
	return s
}

// schedule reads schedule or dates, whichever is given, or gives nil.
func (r *reader) schedule(s section, t settings, meetings int) *schedule.Rule {
	cron, dates := s.get("schedule"), s.get("dates")
	switch {
	case cron.given() && dates.given():
		dates.key.expected, dates.key.example = "only one of schedule and dates", ""
		dates.fail("both schedule and dates are given")
		return nil
	case dates.given():
		if rule := datesRule(dates, t.location, meetings); rule != nil {
			return rule.Without(t.pauses, t.location)
		}
		return nil
	case !cron.given():
		cron.fail("neither schedule nor dates says when meetings open")
		return nil
	}
	spec, ok := cron.text()
	if !ok {
		return nil
	}
	rule, err := schedule.Cron(spec, t.location, schedule.Options{Holidays: t.holidays})
	if err != nil {
		cron.fail("schedule %s: %v", quote(spec), err)
		return nil
	}
	return rule.Without(t.pauses, t.location)
}

// datesRule reads a list of dates, one for each meeting; a meetings of zero
// means that their number is not known.
func datesRule(v value, loc *time.Location, meetings int) *schedule.Rule {
	texts, values := v.texts()
	if elements := len(v.elements()); meetings > 0 && elements != meetings {
		v.fail("there are %d dates, but the programme has %d meetings", elements, meetings)
	}
	if len(texts) == 0 || len(texts) != len(v.elements()) {
		return nil
	}
	rule, err := schedule.Dates(texts, loc)
	var faults schedule.DateErrors
	if errors.As(err, &faults) {
		for _, f := range faults {
			at := values[f.Index]
			at.key.expected, at.key.example = "a date and a time, later than the one before", `"2027-09-07 17:00"`
			at.fail("%s", f.Reason)
		}
		return nil
	}
	return rule
}

// consider warns of what is allowed but hardly meant.
func (r *reader) consider(s section, n meeting.Network, t settings) {
	v, from := s.get("schedule"), r.now
	if dates := s.get("dates").elements(); len(dates) > 0 {
		v, from = s.get("dates"), time.Time{}
		r.considerDates(dates, n, t)
	}
	list := schedule.Upcoming(n.Schedule, from, max(2, len(n.Programme.Meetings)))
	for i := 1; i < len(list); i++ {
		gap := list[i].At.Sub(list[i-1].At)
		if gap >= n.OpenFor {
			continue
		}
		at := v
		if o := s.get("open_for"); o.given() {
			at = o
		}
		at.warn("open_for no longer than the time between two meetings",
			"a meeting stays open for %s, but after the one at %s the next opens in %s", FormatDuration(n.OpenFor),
			list[i-1].At.In(n.Location).Format(schedule.DateLayout), FormatDuration(gap))
		break
	}
	night := slices.ContainsFunc(list, func(o meeting.Occurrence) bool { return strings.Contains(o.Key, "T02:") })
	if night && !strings.HasPrefix(v.plain(), "@every") {
		v.warn("a time outside 02:00 to 03:00",
			"a meeting opens between 02:00 and 03:00, an hour that the clock skips in March and shows twice in October")
	}
}

// considerDates warns of past dates and of holidays.
func (r *reader) considerDates(dates []value, n meeting.Network, t settings) {
	past := 0
	var first value
	for _, v := range dates {
		for _, p := range t.pauses {
			if day, _, _ := strings.Cut(strings.TrimSpace(v.plain()), " "); p.First <= day && day <= p.Last {
				v.warn("a date outside the pause", "%s is in the pause %s..%s, so that meeting does not open by itself", quote(v.plain()), p.First, p.Last)
			}
		}
	}
	for _, o := range schedule.Upcoming(n.Schedule, time.Time{}, len(dates)) {
		v := dates[o.Number-1]
		if o.At.Before(r.now) {
			if past == 0 {
				first = v
			}
			past++
			continue
		}
		if name, ok := schedule.Holiday(o.At.In(n.Location)); ok && t.holidays != schedule.Ignore {
			v.warn("another day, or holidays: ignore", "%s is a holiday (%s); meetings with dates are not moved", quote(v.plain()), name)
		}
	}
	if past > 0 {
		first.warn("dates to come; the dates of meetings already held may stay",
			"%d of %d dates are past; a meeting that was not held then does not open by itself", past, len(dates))
	}
}

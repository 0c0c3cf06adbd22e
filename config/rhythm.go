package config

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"blnbot/internal/meeting"
)

// hours is "21-07" or "21:30-06:45".
var hours = regexp.MustCompile(`^(\d{1,2})(?:[:.](\d{2}))?\s*[-–]\s*(\d{1,2})(?:[:.](\d{2}))?$`)

// quietHours reads the hours in which the bot says nothing on its own.
func quietHours(v value) meeting.Quiet {
	text, ok := v.text()
	if !ok || text == "none" {
		return meeting.Quiet{}
	}
	m := hours.FindStringSubmatch(text)
	if m == nil {
		v.fail("quiet_hours: %s is not written as from-to", quote(text))
		return meeting.Quiet{}
	}
	from, known := clock(m[1], m[2])
	to, too := clock(m[3], m[4])
	switch {
	case !known || !too:
		v.fail("quiet_hours: there is no such time in %s", quote(text))
	case from == to:
		v.fail("quiet_hours: %s begins and ends at the same time; write none for no quiet hours", quote(text))
	default:
		return meeting.Quiet{From: from, To: to}
	}
	return meeting.Quiet{}
}

// clock reads a time of day; midnight may be written as 24.
func clock(hour, minute string) (time.Duration, bool) {
	h, err := strconv.Atoi(hour)
	m := 0
	if err == nil && minute != "" {
		m, err = strconv.Atoi(minute)
	}
	if h == 24 && m == 0 {
		h = 0
	}
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute, err == nil && h < 24 && m < 60
}

// longestPause is longer than a summer; more is probably a wrong year.
const longestPause = 200

// pauses reads a list of spans of days.
func pauses(v value) []meeting.Pause {
	var out []meeting.Pause
	texts, values := v.texts()
	for i, text := range texts {
		at := values[i]
		first, last, _ := strings.Cut(text, "..")
		p := meeting.Pause{First: strings.TrimSpace(first), Last: strings.TrimSpace(last)}
		from, err := time.Parse(time.DateOnly, p.First)
		to, err2 := time.Parse(time.DateOnly, p.Last)
		switch {
		case !strings.Contains(text, ".."):
			at.fail("%s is not written as first..last", quote(text))
		case err != nil:
			at.fail("%s is not a date", quote(p.First))
		case err2 != nil:
			at.fail("%s is not a date", quote(p.Last))
		case to.Before(from):
			at.fail("the pause %s ends before it begins", quote(text))
		case to.Sub(from) > longestPause*day:
			at.fail("the pause %s is longer than %d days", quote(text), longestPause)
		default:
			out = append(out, p)
		}
	}
	return out
}

// deputies reads those who stand in for the leaders.
func (r *reader) deputies(list value, leaders []meeting.UserID) []meeting.UserID {
	found := r.people(list)
	for _, u := range found {
		if slices.Contains(leaders, u) {
			list.warn("somebody else", "the deputy %s is a leader already", quote(string(u)))
		}
	}
	return found
}

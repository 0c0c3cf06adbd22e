package bot

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"blnbot/internal/render"
)

// near says which of several days a date without a year means.
type near int

const (
	ahead   near = iota // the next one, today included
	closest             // the one nearest to today
)

// longestDate is of how many words a date can be: "tisdag den 15 december 2026".
const longestDate = 6

// readDate reads the date that a text starts with, as people in Sweden write
// it, and returns the local midnight and what follows the date. Weekdays before
// a date are not compared with it. Days that do not exist are no dates.
func readDate(text string, today time.Time, which near) (day time.Time, rest string, ok bool) {
	words := strings.Fields(text)
	for n := min(longestDate, len(words)); n > 0; n-- {
		phrase := strings.Trim(render.Fold(strings.Join(words[:n], " ")), ".,;:")
		day, is := dateOf(phrase, today, which)
		if !is {
			continue
		}
		if day.IsZero() {
			break
		}
		rest := text
		for range n {
			_, rest = cutWord(rest)
		}
		return day, rest, true
	}
	return time.Time{}, text, false
}

// days are words for days, folded, as days from today.
var days = map[string]int{
	"idag": 0, "i dag": 0, "today": 0, "igar": -1, "i gar": -1, "yesterday": -1, "i forrgar": -2, "forrgar": -2,
	"imorgon": 1, "i morgon": 1, "imorron": 1, "i morron": 1, "tomorrow": 1, "i overmorgon": 2, "overmorgon": 2,
}

// weekdays begin the names of weekdays, folded.
var weekdays = []string{"son", "man", "tis", "ons", "tor", "fre", "lor", "sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// months are the names of the months, folded.
var months = [][]string{{"jan", "januari", "january"}, {"feb", "februari", "february"}, {"mar", "mars", "march"}, {"apr", "april"},
	{"maj", "may"}, {"jun", "juni", "june"}, {"jul", "juli", "july"}, {"aug", "augusti", "august"}, {"sep", "sept", "september"},
	{"okt", "oct", "oktober", "october"}, {"nov", "november"}, {"dec", "december"}}

var (
	weekdayName = regexp.MustCompile(`^(?:pa |on |this )?((?:son|man|mon|tis|tues|ons|wednes|tors|thurs|fre|fri|lor|satur|sun)(?:dag|day)(?:en|s)?|mon|tue|wed|thu|fri|sat|sun|man|tis|ons|tor|tors|fre|lor|son),?$`)
	yearFirst   = regexp.MustCompile(`^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$`)
	yearCompact = regexp.MustCompile(`^(\d{4}|\d{2})(\d{2})(\d{2})$`)
	dayFirst    = regexp.MustCompile(`^(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}|\d{2})| (\d{4}))?$`)
	dayMonth    = regexp.MustCompile(`^(?:den |the )?(\d{1,2})(?:\.|:?[ae]|st|nd|rd|th)? (?:of )?([a-z]+)\.?,?(?: (\d{4}))?$`)
	monthDay    = regexp.MustCompile(`^([a-z]+)\.? (?:the )?(\d{1,2})(?:st|nd|rd|th)?,?(?: (\d{4}))?$`)
)

// dateOf reads a folded phrase that is all date, and reports whether it is. A
// date that does not exist is the zero time.
func dateOf(phrase string, today time.Time, which near) (time.Time, bool) {
	if n, ok := days[phrase]; ok {
		return midnight(today, n), true
	}
	if first, rest := cutWord(phrase); rest != "" && weekdayName.MatchString(first) {
		return dateOf(rest, today, which)
	}
	if rest, ok := strings.CutPrefix(phrase, "den "); ok {
		phrase = rest
	}
	var year, month, day string
	switch {
	case weekdayName.MatchString(phrase):
		return weekdayNear(phrase, today, which)
	case strings.HasPrefix(phrase, "i ") && weekdayName.MatchString(phrase[2:]):
		return weekdayNear(phrase[2:], midnight(today, -7), ahead) // "i måndags"
	case matched(yearFirst, phrase, &year, &month, &day):
	case matched(yearCompact, phrase, &year, &month, &day):
	case dayFirst.MatchString(phrase):
		found := dayFirst.FindStringSubmatch(phrase)
		day, month, year = found[1], found[2], found[3]+found[4]
	case matched(dayMonth, phrase, &day, &month, &year), matched(monthDay, phrase, &month, &day, &year):
		n := slices.IndexFunc(months, func(names []string) bool { return slices.Contains(names, month) })
		if n < 0 {
			return time.Time{}, false
		}
		month = strconv.Itoa(n + 1)
	default:
		return time.Time{}, false
	}
	return dayOf(year, month, day, today, which), true
}

func matched(form *regexp.Regexp, phrase string, parts ...*string) bool {
	found := form.FindStringSubmatch(phrase)
	for i, p := range parts {
		if found != nil {
			*p = found[i+1]
		}
	}
	return found != nil
}

// dayOf is the day with the numbers, or zero if there is no such day. Two
// figures are a year of this century; without a year it is the day that which
// asks for.
func dayOf(year, month, day string, today time.Time, which near) time.Time {
	m, _ := strconv.Atoi(month)
	d, _ := strconv.Atoi(day)
	exact := func(y int) time.Time {
		at := time.Date(y, time.Month(m), d, 0, 0, 0, 0, today.Location())
		if m < 1 || d < 1 || at.Day() != d || at.Month() != time.Month(m) {
			return time.Time{}
		}
		return at
	}
	if year != "" {
		y, _ := strconv.Atoi(year)
		if len(year) == 2 {
			y += 2000
		}
		return exact(y)
	}
	var best time.Time
	start := midnight(today, 0)
	for y := today.Year() - 1; y <= today.Year()+8; y++ { // 29 February may be eight years away
		at := exact(y)
		if at.IsZero() || which == ahead && at.Before(start) {
			continue
		}
		if best.IsZero() || at.Sub(start).Abs() < best.Sub(start).Abs() {
			best = at
		}
	}
	return best
}

// weekdayNear is the next such day, today included, or the last one.
func weekdayNear(name string, today time.Time, which near) (time.Time, bool) {
	name = weekdayName.FindStringSubmatch(name)[1]
	n := slices.IndexFunc(weekdays, func(w string) bool { return strings.HasPrefix(name, w) })
	if n < 0 {
		return time.Time{}, false
	}
	after := (n%7 - int(today.Weekday()) + 7) % 7
	if which == closest && after > 0 {
		after -= 7
	}
	return midnight(today, after), true
}

// midnight is the beginning of the day that many days after t's.
func midnight(t time.Time, days int) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day+days, 0, 0, 0, 0, t.Location())
}

var timeOfDay = regexp.MustCompile(`^(?:(?:kl|klockan|at)[ .]*)?(\d{1,2})(?:[:.](\d{2}))?$`)

// readTime reads a local date and time. An hour that the clocks skip is no
// time.
func readTime(text string, now time.Time) (time.Time, bool) {
	text = strings.TrimSpace(text)
	if at := strings.IndexByte(text, 'T'); at > 0 && yearFirst.MatchString(text[:at]) {
		text = text[:at] + " " + text[at+1:]
	}
	day, rest, ok := readDate(text, now, ahead)
	found := timeOfDay.FindStringSubmatch(strings.TrimLeft(render.Fold(rest), ", "))
	if !ok || found == nil {
		return time.Time{}, false
	}
	hour, _ := strconv.Atoi(found[1])
	minute, _ := strconv.Atoi(found[2])
	year, month, date := day.Date()
	at := time.Date(year, month, date, hour, minute, 0, 0, now.Location())
	return at, at.Hour() == hour && at.Minute() == minute && at.Day() == date
}

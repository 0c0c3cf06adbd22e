package schedule

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"blnbot/internal/meeting"
)

// ErrNever says that a schedule is well formed but has no occurrences.
var ErrNever = errors.New("never happens")

// Cron makes a schedule of a cron line with five fields (minute, hour, day of
// month, month, day of week), of one of @hourly, @daily, @midnight, @weekly,
// @monthly, @yearly and @annually, or of an interval such as "@every 90m".
//
// A cron time is wall time in loc. When the clock skips it, it happens just
// after the skip; when the clock shows it twice, it happens the first time.
// Times that thereby, or through holidays, fall together happen once.
//
// An interval is counted from 1970-01-01 00:00 UTC, so it gives the same
// occurrences whenever the program starts; holidays do not touch it.
func Cron(spec string, loc *time.Location, opt Options) (*Rule, error) {
	spec = strings.TrimSpace(spec)
	if rest, ok := strings.CutPrefix(spec, "@every"); ok {
		return every(strings.TrimSpace(rest), loc)
	}
	switch opt.Holidays {
	case "":
		opt.Holidays = Move
	case Move, Skip, Ignore:
	default:
		return nil, fmt.Errorf("unknown way to treat holidays: %q", opt.Holidays)
	}
	parsed, err := parse(spec)
	if err != nil {
		return nil, err
	}
	if err := possible(parsed); err != nil {
		return nil, err
	}
	r := &Rule{src: &cronSource{spec: parsed, loc: loc, holidays: opt.Holidays}}
	// Cron lines have no year, so what does not happen in forty years after
	// any date never does.
	if _, ok := r.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)); !ok {
		return nil, fmt.Errorf("%w: every time is on a holiday, and holidays are skipped", ErrNever)
	}
	return r, nil
}

// field of a cron line.
type field struct {
	name, allowed string
	bits          func(*cron.SpecSchedule) uint64
}

func fields() []field {
	return []field{
		{"minute", "0–59", func(s *cron.SpecSchedule) uint64 { return s.Minute }},
		{"hour", "0–23", func(s *cron.SpecSchedule) uint64 { return s.Hour }},
		{"day of month", "1–31", func(s *cron.SpecSchedule) uint64 { return s.Dom }},
		{"month", "1–12 or JAN–DEC", func(s *cron.SpecSchedule) uint64 { return s.Month }},
		{"day of week", "0–6 (0 is Sunday) or SUN–SAT", func(s *cron.SpecSchedule) uint64 { return s.Dow }},
	}
}

// parse reads a cron line, with errors that name the field at fault.
func parse(spec string) (*cron.SpecSchedule, error) {
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	// The library takes a zone in front, and panics if nothing follows it.
	if strings.HasPrefix(spec, "TZ=") || strings.HasPrefix(spec, "CRON_TZ=") {
		return nil, errors.New("a time zone cannot stand in the schedule")
	}
	parts := strings.Fields(spec)
	if !strings.HasPrefix(spec, "@") {
		if len(parts) != len(fields()) {
			return nil, fmt.Errorf("found %d fields instead of five (minute, hour, day of month, month, day of week)", len(parts))
		}
		for i, f := range fields() {
			alone := []string{"*", "*", "*", "*", "*"}
			alone[i] = parts[i]
			s, err := parser.Parse(strings.Join(alone, " "))
			if err != nil || f.bits(s.(*cron.SpecSchedule)) == 0 {
				return nil, fmt.Errorf("%s %q cannot be read: allowed are %s, with * , - and /", f.name, parts[i], f.allowed)
			}
		}
	}
	s, err := parser.Parse(spec)
	if err != nil {
		return nil, fmt.Errorf("%q is not known: allowed are @hourly, @daily, @weekly, @monthly, @yearly and @every", spec)
	}
	found, ok := s.(*cron.SpecSchedule)
	if !ok {
		return nil, fmt.Errorf("%q is not known", spec)
	}
	return found, nil
}

// star is the bit with which the library notes a field that is "*".
const star = 1 << 63

// possible tells why a line such as "0 9 30 2 *" has no occurrences.
func possible(s *cron.SpecSchedule) error {
	if s.Dow&star == 0 && s.Dom&star == 0 {
		return nil // either of the two days is enough
	}
	var months []string
	first := bits.TrailingZeros64(s.Dom)
	for m := time.January; m <= time.December; m++ {
		if s.Month&(1<<uint(m)) == 0 {
			continue
		}
		longest := time.Date(2000, m+1, 0, 0, 0, 0, 0, time.UTC).Day() // 2000 is a leap year
		if first <= longest {
			return nil
		}
		months = append(months, m.String())
	}
	return fmt.Errorf("%w: there is no day %d in %s", ErrNever, first, strings.Join(months, ", "))
}

// cronSource is a cron line in a time zone.
type cronSource struct {
	spec     *cron.SpecSchedule
	loc      *time.Location
	holidays Holidays
}

func (c *cronSource) reach(t time.Time) time.Time { return bound(t.Add(horizon)) }

// candidate is an occurrence that may share its instant with another.
type candidate struct {
	meeting.Occurrence
	displaced bool // by a clock change or a holiday
}

func (c *cronSource) between(after, until time.Time) []meeting.Occurrence {
	// A skipped time at the end of a day may end up in the following one.
	first := dateOf(wallOf(after, c.loc)).AddDate(0, 0, -1)
	if c.holidays == Move {
		// What is moved to a day comes from the free days right before it.
		for !isWorkday(first.AddDate(0, 0, -1)) {
			first = first.AddDate(0, 0, -1)
		}
	}
	last := dateOf(wallOf(until, c.loc)).AddDate(0, 0, 2)
	var all []candidate
	for w := c.next(first.Add(-time.Second), last); w.Before(last); w = c.next(w, last) {
		to := w
		switch {
		case c.holidays == Skip && isHoliday(w):
			continue
		case c.holidays == Move:
			to = moved(w)
		}
		at, exact := instant(to, c.loc)
		if at.After(after) && !at.After(until) {
			o := meeting.Occurrence{Key: w.Format(keyLayout), At: at}
			all = append(all, candidate{o, !exact || !to.Equal(w)})
		}
	}
	return once(all)
}

// next is the first wall time after w that fits the line, or end.
func (c *cronSource) next(w, end time.Time) time.Time {
	for w.Before(end) {
		if n := c.spec.Next(w); !n.IsZero() {
			return n
		}
		// The library gives up after five years; between 2096 and 2104 there
		// is no 29 February.
		w = time.Date(w.Year()+5, 12, 31, 23, 59, 59, 0, time.UTC)
	}
	return end
}

// once sorts the candidates and keeps one per instant: rather the one that
// belongs there than one that was displaced, rather an earlier than a later.
func once(all []candidate) []meeting.Occurrence {
	slices.SortStableFunc(all, func(a, b candidate) int {
		if d := a.At.Compare(b.At); d != 0 {
			return d
		}
		switch {
		case a.displaced == b.displaced:
			return strings.Compare(a.Key, b.Key)
		case a.displaced:
			return 1
		}
		return -1
	})
	var out []meeting.Occurrence
	for _, c := range all {
		if len(out) == 0 || !out[len(out)-1].At.Equal(c.At) {
			out = append(out, c.Occurrence)
		}
	}
	return out
}

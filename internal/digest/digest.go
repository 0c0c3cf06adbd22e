package digest

import (
	"slices"
	"strings"
	"unicode/utf8"

	"blnbot/internal/meeting"
)

// Defaults and bounds.
const (
	defaultMaxLength = 220
	shortestLength   = 20
	fewestPoints     = 3
	mostPoints       = 8
)

// Options steer a digest. The zero value is a Swedish digest of default size.
type Options struct {
	Language string // "sv" (also for anything unknown) or "en"
	// Max is the most points per prompt; replies marked 📌 come on top of it
	// if they are more. 0 means a number that grows with the number of
	// replies, from 3 to 8.
	Max int
	// MaxLength is the length of a point in runes; 0 means 220, and the least
	// is 20.
	MaxLength int
	// Supporters names who gave 👍 to a reply, where the caller knows. With it
	// Support counts every person once.
	Supporters map[meeting.EventID][]meeting.UserID
}

func (o Options) withDefaults(entries int) Options {
	if o.Max <= 0 {
		o.Max = min(max(fewestPoints+(entries-4)/3, fewestPoints), mostPoints)
	}
	if o.MaxLength <= 0 {
		o.MaxLength = defaultMaxLength
	}
	o.MaxLength = max(o.MaxLength, shortestLength)
	return o
}

// Points returns the key points of the replies to one prompt, the leader's
// marks first (📌, then ❗, then 💡), then the weightiest first. Only active
// entries with text count; their order in the argument does not matter.
//
// Every reply marked 📌 is in a point, whatever its text and whatever Max. No
// other point is only a greeting, thanks, agreement, a command or a link, and
// a question only if nothing better is left. Replies that say nearly the same
// become one point, which lists them all, the quoted one first.
//
// Support is the number of distinct authors of the point's replies plus their
// 👍. An author's own reply counts once, however many he or she wrote, and of
// several replies by one author the best supported counts; notes and anonymous
// entries count as one person each. Without Options.Supporters somebody who
// supported two of the replies, or wrote one and supported another, is counted
// twice, since only numbers are known.
//
// Text is not masked and Role is the quoted author's own: both are for the
// caller to protect before anything leaves the network's room.
func Points(entries []meeting.Entry, opt Options) []meeting.Point {
	active := activeEntries(entries)
	if len(active) == 0 {
		return nil
	}
	opt = opt.withDefaults(len(active))
	p := newPool(active, opt)
	picks := p.choose()
	points := make([]meeting.Point, 0, len(picks))
	for i, pick := range picks {
		points = append(points, p.point(i+1, pick))
	}
	return points
}

// Best returns the best sentence of one entry, seen against the prompt's other
// entries, as a point's text. It is for a reply that joins a draft late or is
// marked 📌 after the draft was made. False means that the entry says nothing
// that could be a point, unless it is marked 📌 and has any text at all.
func Best(entry meeting.Entry, opt Options, others ...meeting.Entry) (string, bool) {
	others = slices.DeleteFunc(slices.Clone(others), func(e meeting.Entry) bool { return e.ID == entry.ID })
	active := activeEntries(append(others, entry))
	p := newPool(active, opt.withDefaults(len(active)))
	i := slices.IndexFunc(active, func(e meeting.Entry) bool { return e.ID == entry.ID })
	if i < 0 {
		return "", false
	}
	c := p.best(i, slices.Contains(entry.Marks, meeting.MarkKey))
	if c == nil {
		return "", false
	}
	return p.textOf(c), true
}

// activeEntries are the entries that count, each once, in the room's order.
func activeEntries(entries []meeting.Entry) []meeting.Entry {
	var out []meeting.Entry
	for _, e := range entries {
		if (e.State == meeting.EntryActive || e.State == "") && strings.TrimSpace(e.Body) != "" {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b meeting.Entry) int {
		switch {
		case a.Order.Batch != b.Order.Batch:
			return sign(a.Order.Batch - b.Order.Batch)
		case a.Order.Pos != b.Order.Pos:
			return sign(a.Order.Pos - b.Order.Pos)
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	seen := map[meeting.EventID]bool{}
	return slices.DeleteFunc(out, func(e meeting.Entry) bool {
		twice := seen[e.ID]
		seen[e.ID] = true
		return twice
	})
}

func sign(n int64) int {
	if n < 0 {
		return -1
	}
	return 1
}

// point makes a point of a pick.
func (p *pool) point(number int, pick pick) meeting.Point {
	quoted := p.entries[pick.entry]
	out := meeting.Point{Prompt: quoted.Prompt, Number: number, Text: p.textOf(pick.candidate), Role: quoted.Role}
	for _, i := range append([]int{pick.entry}, pick.same...) {
		e := p.entries[i]
		out.Entries = append(out.Entries, e.ID)
		for _, m := range e.Marks {
			if !slices.Contains(out.Marks, m) {
				out.Marks = append(out.Marks, m)
			}
		}
	}
	out.Late = quoted.Late
	out.Support = p.support(append([]int{pick.entry}, pick.same...))
	return out
}

// support counts the people behind some entries; see Points.
func (p *pool) support(entries []int) int {
	people := map[meeting.UserID]bool{}
	best := map[string]int{}
	for _, i := range entries {
		e := p.entries[i]
		who := p.author[i]
		people[meeting.UserID(who)] = true
		known := p.opt.Supporters[e.ID]
		for _, u := range known {
			people[u] = true
		}
		if len(known) == 0 {
			best[who] = max(best[who], e.Support)
		}
	}
	n := len(people)
	for _, s := range best {
		n += max(s, 0)
	}
	return n
}

func (p *pool) textOf(c *candidate) string {
	return shorten(c.text, p.opt.MaxLength, c.more && utf8.RuneCountInString(c.text) > 0)
}

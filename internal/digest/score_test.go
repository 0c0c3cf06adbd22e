package digest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"unicode"

	"blnbot/internal/digest"
	"blnbot/internal/meeting"
)

// discussion is an annotated discussion. In a body [[theme|text]] marks the
// text that expresses a theme (or several, with commas). A point covers a theme
// if it holds at least evidence of one such text. The set says whether the
// discussion was used to set the weights.
type discussion struct {
	Name     string
	Language string `json:"language"`
	Set      string `json:"set"`
	Themes   []struct {
		ID     string  `json:"id"`
		Weight float64 `json:"weight"`
	} `json:"themes"`
	Entries []struct {
		ID      meeting.EventID `json:"id"`
		Author  meeting.UserID  `json:"author"`
		Role    meeting.Role    `json:"role"`
		Support int             `json:"support"`
		Marks   []meeting.Mark  `json:"marks"`
		Body    string          `json:"body"`
	} `json:"entries"`

	entries []meeting.Entry
	spans   []themed
}

type themed struct {
	entry    meeting.EventID
	theme    string
	from, to int // in the body without blanks
}

// evidence is the part of an annotated text that a point must hold.
const evidence = 0.6

func discussions(t testing.TB) []*discussion {
	t.Helper()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 6 {
		t.Fatalf("discussions: %v, %v", files, err)
	}
	var out []*discussion
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d := &discussion{Name: strings.TrimSuffix(filepath.Base(file), ".json")}
		if err := json.Unmarshal(raw, d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		d.parse()
		out = append(out, d)
	}
	return out
}

// parse takes the annotation out of the bodies.
func (d *discussion) parse() {
	for i, e := range d.Entries {
		var body strings.Builder
		rest := e.Body
		for {
			before, after, ok := strings.Cut(rest, "[[")
			body.WriteString(before)
			if !ok {
				break
			}
			inner, tail, _ := strings.Cut(after, "]]")
			themes, text, _ := strings.Cut(inner, "|")
			from := len(squeezed(body.String()))
			body.WriteString(text)
			for theme := range strings.SplitSeq(themes, ",") {
				d.spans = append(d.spans, themed{e.ID, theme, from, len(squeezed(body.String()))})
			}
			rest = tail
		}
		d.entries = append(d.entries, meeting.Entry{
			ID: e.ID, Author: e.Author, Role: e.Role, Support: e.Support, Marks: e.Marks, Prompt: 1,
			State: meeting.EntryActive, Body: body.String(), Order: meeting.Order{Batch: 1, Pos: int64(i)},
		})
	}
}

// squeezed is a text without blanks.
func squeezed(s string) []rune {
	return []rune(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s))
}

// quote is a text taken from an entry, as the digest or a baseline offers it.
type quote struct {
	entry meeting.EventID
	role  meeting.Role
	text  string
}

// themes are the themes that a quote expresses.
func (d *discussion) themes(q quote) map[string]bool {
	out := map[string]bool{}
	i := slices.IndexFunc(d.entries, func(e meeting.Entry) bool { return e.ID == q.entry })
	body := string(squeezed(d.entries[i].Body))
	text := string(squeezed(strings.TrimSuffix(q.text, "…")))
	at := strings.Index(body, text)
	if at < 0 {
		return out
	}
	from := len([]rune(body[:at]))
	to := from + len([]rune(text))
	for _, s := range d.spans {
		common := min(to, s.to) - max(from, s.from)
		if s.entry == q.entry && float64(common) >= evidence*float64(s.to-s.from) {
			out[s.theme] = true
		}
	}
	return out
}

// figures are what a choice of quotes is worth. Coverage: the weight of the
// themes covered. Redundant: the share of quotes with themes that were all
// covered already. It flatters whoever says little, since greetings repeat no
// theme. Idle is the share of quotes that add no theme, because they repeat or
// because they say nothing: what a reader reads in vain.
// Roles: the share of the roles with something to say (an annotated text, more
// than greetings) that are quoted.
type figures struct {
	Points, Coverage, Redundant, Idle, Roles, Runes float64
}

func (d *discussion) figures(quotes []quote) figures {
	covered, heard, spoke := map[string]bool{}, map[meeting.Role]bool{}, map[meeting.Role]bool{}
	var f figures
	for _, e := range d.entries {
		if slices.ContainsFunc(d.spans, func(s themed) bool { return s.entry == e.ID }) {
			spoke[e.Role] = true
		}
	}
	for _, q := range quotes {
		if spoke[q.role] {
			heard[q.role] = true
		}
		themes := d.themes(q)
		fresh := 0
		for th := range themes {
			if !covered[th] {
				fresh++
			}
			covered[th] = true
		}
		if fresh == 0 {
			f.Idle++
			if len(themes) > 0 {
				f.Redundant++
			}
		}
		f.Runes += float64(len([]rune(q.text)))
	}
	var all float64
	for _, th := range d.Themes {
		all += th.Weight
		if covered[th.ID] {
			f.Coverage += th.Weight
		}
	}
	n := float64(max(len(quotes), 1))
	return figures{float64(len(quotes)), f.Coverage / all, f.Redundant / n, f.Idle / n, float64(len(heard)) / float64(len(spoke)), f.Runes / n}
}

func (f figures) plus(o figures) figures {
	return figures{f.Points + o.Points, f.Coverage + o.Coverage, f.Redundant + o.Redundant, f.Idle + o.Idle, f.Roles + o.Roles, f.Runes + o.Runes}
}

func (f figures) over(n float64) figures {
	return figures{f.Points / n, f.Coverage / n, f.Redundant / n, f.Idle / n, f.Roles / n, f.Runes / n}
}

// maxLength is every way's, in runes; mostRedundant the digest's share of
// points that may repeat a theme.
const (
	maxLength     = 220
	mostRedundant = 0.125
)

// ways are the ways of choosing that are compared; the baselines rank all
// replies.
func (d *discussion) ways(t testing.TB) map[string][]quote {
	out := map[string][]quote{}
	bare := slices.Clone(d.entries)
	for i := range bare {
		bare[i].Marks = nil
	}
	for name, entries := range map[string][]meeting.Entry{"digest": d.entries, "digest, no marks": bare} {
		for _, p := range digest.Points(entries, digest.Options{Language: d.Language, MaxLength: maxLength}) {
			out[name] = append(out[name], quote{p.Entries[0], p.Role, p.Text})
		}
	}
	order := func(less func(a, b meeting.Entry) bool) []quote {
		sorted := slices.Clone(d.entries)
		sort.SliceStable(sorted, func(i, j int) bool { return less(sorted[i], sorted[j]) })
		var quotes []quote
		for _, e := range sorted {
			quotes = append(quotes, quote{e.ID, e.Role, digest.Shorten(strings.Join(strings.Fields(e.Body), " "), maxLength)})
		}
		return quotes
	}
	out["first"] = order(func(a, b meeting.Entry) bool { return false })
	out["longest"] = order(func(a, b meeting.Entry) bool { return len(a.Body) > len(b.Body) })
	out["most supported"] = order(func(a, b meeting.Entry) bool { return a.Support > b.Support })
	return out
}

func wayNames() []string {
	return []string{"digest", "digest, no marks", "first", "longest", "most supported"}
}

// TestBeatsBaselines scores the digest on the annotated discussions against
// the first, the longest and the most supported replies, as many as the digest
// has points and of equal greatest length. It must cover more, let no role go
// unheard that they hear, and leave less to read in vain; and of its points at
// most one in eight may repeat. (The share that repeats is not compared: it is
// lowest for those that say least.)
func TestBeatsBaselines(t *testing.T) {
	sums := map[string]map[string]figures{"all": {}, "tuning": {}, "held-out": {}}
	count := map[string]float64{}
	t.Logf("%-28s %-18s %6s %8s %9s %6s %6s %6s", "discussion", "way", "points", "coverage", "redundant", "idle", "roles", "runes")
	line := func(name, way string, f figures) {
		t.Logf("%-28s %-18s %6.1f %8.2f %9.2f %6.2f %6.2f %6.0f", name, way, f.Points, f.Coverage, f.Redundant, f.Idle, f.Roles, f.Runes)
	}
	for _, d := range discussions(t) {
		ways := d.ways(t)
		for _, set := range []string{"all", d.Set} {
			count[set]++
		}
		for _, way := range wayNames() {
			f := d.figures(ways[way][:min(len(ways[way]), len(ways["digest"]))])
			line(fmt.Sprintf("%s (%s)", d.Name, d.Set), way, f)
			for _, set := range []string{"all", d.Set} {
				s := sums[set][way]
				sums[set][way] = s.plus(f)
			}
		}
	}
	for _, set := range slices.Sorted(maps.Keys(sums)) {
		for _, way := range wayNames() {
			s, n := sums[set][way], count[set]
			sums[set][way] = s.over(n)
			line("MEAN "+set, way, sums[set][way])
		}
		best := sums[set]["digest"]
		for _, way := range wayNames()[2:] {
			base := sums[set][way]
			if best.Coverage <= base.Coverage || best.Redundant > mostRedundant || best.Idle > base.Idle || best.Roles < base.Roles {
				t.Errorf("%s: digest %+v is not better than %s %+v", set, best, way, base)
			}
		}
	}
}

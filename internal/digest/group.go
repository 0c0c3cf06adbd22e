package digest

import (
	"cmp"
	"slices"
	"strconv"

	"blnbot/internal/meeting"
)

// kin is the likeness from which two short texts are about the same matter. It
// is below alike: texts from different discussions share fewer words.
const kin = 0.38

// Group puts texts together that say the same in other words. Every text is in
// exactly one group. A group lists indexes into texts, the text that is most
// like the others first, then in order; groups come in the order of their
// earliest text. A text and its denial are never in one group. The result
// depends on nothing but the arguments.
//
// Of the options only the language counts.
func Group(texts []string, opt Options) [][]int {
	entries := make([]meeting.Entry, len(texts))
	for i, text := range texts {
		entries[i] = meeting.Entry{ID: meeting.EventID(strconv.Itoa(i)), Body: text}
	}
	p := newPool(entries, Options{Language: opt.Language, MaxLength: 4 * defaultMaxLength})
	near := p.neighbours()
	var out [][]int
	grouped := make([]bool, len(texts))
	for range texts {
		centre := mostCentral(near, grouped)
		if centre < 0 {
			break
		}
		group := []int{centre}
		grouped[centre] = true
		for _, n := range near[centre] {
			if !grouped[n.text] {
				group = append(group, n.text)
				grouped[n.text] = true
			}
		}
		out = append(out, group)
	}
	slices.SortFunc(out, func(a, b []int) int { return cmp.Compare(slices.Min(a), slices.Min(b)) })
	return out
}

// neighbour is a text that is about the same matter as another one.
type neighbour struct {
	text     int
	likeness float64 // of the most alike sentences
}

// neighbours lists, for every text, those about the same matter, in order.
func (p *pool) neighbours() [][]neighbour {
	found := make([]map[int]float64, len(p.entries))
	for i := range found {
		found[i] = map[int]float64{}
	}
	for _, c := range p.candidates {
		p.likeness(c, func(o *candidate, likeness float64, shared int) {
			if o.entry != c.entry && likeness >= kin && shared >= sameTerms && o.denies == c.denies {
				found[c.entry][o.entry] = max(found[c.entry][o.entry], likeness)
			}
		})
	}
	out := make([][]neighbour, len(found))
	for i, of := range found {
		for text, likeness := range of {
			out[i] = append(out[i], neighbour{text, likeness})
		}
		slices.SortFunc(out[i], func(a, b neighbour) int { return cmp.Compare(a.text, b.text) })
	}
	return out
}

// mostCentral is the text, of those not grouped yet, that is most like the other
// ones; the earliest of several, -1 if none is left.
func mostCentral(near [][]neighbour, grouped []bool) int {
	centre, most := -1, 0.0
	for i := range near {
		if grouped[i] {
			continue
		}
		sum := 0.0
		for _, n := range near[i] {
			if !grouped[n.text] {
				sum += n.likeness
			}
		}
		if centre < 0 || sum > most {
			centre, most = i, sum
		}
	}
	return centre
}

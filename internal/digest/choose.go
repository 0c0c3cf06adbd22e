package digest

import (
	"cmp"
	"slices"

	"blnbot/internal/meeting"
)

// Weights of what speaks for a sentence. They were set on half of the
// annotated discussions; the tests report the other half separately.
const (
	weightCentral = 0.35 // its words are many people's
	weightInfo    = 0.8  // it holds several content words
	weightFocus   = 0.7  // it is a large part of its reply
	weightSupport = 0.25 // 👍, logarithmic
	weightLength  = 0.15 // against it: its length
	weightPeople  = 0.25 // others say nearly the same, per person up to four
	weightRoles   = 0.2  // other roles say nearly the same, per role
	weightNewRole = 0.3  // its author's role has not been heard yet
	weightRepeat  = 1.4  // likeness to what has been chosen (MMR)
	weightAuthor  = 0.25 // its author has been quoted already, per time
	weightEntry   = 0.25 // its reply has been quoted already
	leastGain     = 0.35 // a point beyond the third must add so much
	enoughWords   = 5    // content words that make a sentence say something
	alike         = 0.45 // likeness from which somebody is saying the same thing
	same          = 0.55 // likeness from which two sentences are one point
	sameTerms     = 2    // and the least they must share: one word is no agreement
)

// pick is a chosen candidate and the other entries that say the same.
type pick struct {
	*candidate
	same []int
}

// choice is a choosing under way.
type choice struct {
	*pool
	picks  []pick
	heard  map[meeting.Role]bool
	quoted map[string]int // by author
	used   map[int]bool   // entries quoted
	// repeat is the greatest likeness to a pick so far, by candidate.
	repeat map[*candidate]float64
	gone   map[*candidate]bool
}

// choose picks the points, in their order.
func (p *pool) choose() []pick {
	c := &choice{
		pool: p, heard: map[meeting.Role]bool{}, quoted: map[string]int{}, used: map[int]bool{},
		repeat: map[*candidate]float64{}, gone: map[*candidate]bool{},
	}
	p.compare()
	for _, mark := range []meeting.Mark{meeting.MarkKey, meeting.MarkAction, meeting.MarkIdea} {
		for i, e := range p.entries {
			if slices.Contains(e.Marks, mark) && !c.covered(i) && (mark == meeting.MarkKey || len(c.picks) < p.opt.Max) {
				if best := p.best(i, mark == meeting.MarkKey); best != nil {
					c.take(best)
				}
			}
		}
	}
	for len(c.picks) < p.opt.Max {
		next := c.next()
		if next == nil {
			break
		}
		c.take(next)
	}
	return c.picks
}

// compare adds to the best candidates' scores what others who say nearly the
// same are worth.
func (p *pool) compare() {
	best := slices.Clone(p.candidates)
	slices.SortFunc(best, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.entry, b.entry), cmp.Compare(a.index, b.index), cmp.Compare(a.last, b.last))
	})
	for _, c := range best[:min(len(best), maxCompared)] {
		people, roles := map[string]bool{}, map[meeting.Role]bool{}
		p.likeness(c, func(o *candidate, likeness float64, _ int) {
			if likeness >= alike && p.author[o.entry] != p.author[c.entry] {
				people[p.author[o.entry]] = true
				if r := p.entries[o.entry].Role; r != p.entries[c.entry].Role {
					roles[r] = true
				}
			}
		})
		delete(roles, meeting.RoleUnknown)
		c.score += weightPeople*float64(min(len(people), 4)) + weightRoles*float64(len(roles))
	}
}

// likeness calls visit with every candidate that shares a term with c, in no
// particular order, with the cosine between both and how many terms they share. It goes through the inverted index.
func (p *pool) likeness(c *candidate, visit func(o *candidate, likeness float64, shared int)) {
	if p.likes == nil {
		p.likes, p.shared = make([]float64, len(p.candidates)), make([]int, len(p.candidates))
	}
	touched := p.touched[:0]
	for _, t := range c.terms {
		for _, x := range p.postings[t.id] {
			if p.likes[x.candidate] == 0 {
				touched = append(touched, x.candidate)
			}
			p.likes[x.candidate] += t.weight * x.weight
			p.shared[x.candidate]++
		}
	}
	p.touched = touched
	for _, i := range touched {
		o := p.candidates[i]
		visit(o, p.likes[i]/(c.norm*o.norm), p.shared[i])
		p.likes[i], p.shared[i] = 0, 0
	}
}

// best is the entry's best candidate, or nil. A marked entry always has one if
// it has any text.
func (p *pool) best(entry int, always bool) *candidate {
	var best *candidate
	rank := func(c *candidate) int {
		switch {
		case c.barred:
			return 2
		case c.weak:
			return 1
		}
		return 0
	}
	for _, c := range p.byEntry[entry] {
		if c.barred && !always {
			continue
		}
		if best == nil || rank(c) < rank(best) || rank(c) == rank(best) && c.score > best.score {
			best = c
		}
	}
	return best
}

// covered reports whether the entry is in a point already.
func (c *choice) covered(entry int) bool {
	return slices.ContainsFunc(c.picks, func(p pick) bool { return p.entry == entry || slices.Contains(p.same, entry) })
}

// take makes a candidate a pick and gathers the entries that say the same.
func (c *choice) take(next *candidate) {
	made := pick{candidate: next}
	c.gone[next] = true
	c.likeness(next, func(o *candidate, likeness float64, shared int) {
		c.repeat[o] = max(c.repeat[o], likeness)
		if likeness < same || o.barred || shared < sameTerms || o.denies != next.denies {
			return
		}
		c.gone[o] = true
		if o.entry != next.entry && !c.covered(o.entry) {
			made.same = append(made.same, o.entry) // a reply and its 👍 count for one point
		}
	})
	slices.Sort(made.same)
	made.same = slices.Compact(made.same)
	for _, o := range c.byEntry[next.entry] {
		if o.index <= next.last && next.index <= o.last {
			c.gone[o] = true
		}
	}
	c.picks = append(c.picks, made)
	c.heard[c.entries[next.entry].Role] = true
	c.quoted[c.author[next.entry]]++
	c.used[next.entry] = true
}

// next is the candidate that adds most to the picks, or nil. While there are
// only as many places left as roles not heard, those roles come first.
func (c *choice) next() *candidate {
	waiting := map[meeting.Role]bool{}
	for _, o := range c.candidates {
		if r := c.entries[o.entry].Role; r != meeting.RoleUnknown && !c.heard[r] && !c.gone[o] && !o.barred && !o.weak {
			waiting[r] = true
		}
	}
	reserved := c.opt.Max-len(c.picks) <= len(waiting)
	for _, weak := range []bool{false, true} {
		var best *candidate
		var most float64
		for _, o := range c.candidates {
			role := c.entries[o.entry].Role
			if o.barred || o.weak != weak || c.gone[o] || reserved && !weak && !waiting[role] {
				continue
			}
			gain := o.score - weightRepeat*c.repeat[o] - weightAuthor*float64(c.quoted[c.author[o.entry]])
			if c.used[o.entry] {
				gain -= weightEntry
			}
			if waiting[role] {
				gain += weightNewRole
			}
			if best == nil || gain > most {
				best, most = o, gain
			}
		}
		if best != nil && (!weak || len(c.picks) == 0) && (len(c.picks) < fewestPoints || most >= leastGain) {
			return best
		}
	}
	return nil
}

package digest

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"blnbot/internal/meeting"
)

// Bounds that keep the work in proportion to the text, whatever it is.
const (
	// maxSentences is how much of one reply is looked at.
	maxSentences = 80
	// manyVoices is how many people's word a word can be; more count as many.
	manyVoices = 40
	// longestPassage is the most sentences that make one point.
	longestPassage = 3
	// maxCompared is how many candidates, the best by their own score, are
	// compared with all the other sentences; it makes choosing linear.
	maxCompared = 120
	// partWeight is the weight of a word inside a compound (jour in
	// jourtelefon), and partLength its least length in bytes.
	partWeight = 0.5
	partLength = 4
	// rootLength is how many first letters make two words akin (utbildning,
	// utbildade).
	rootLength = 6
	// onceWeight is the weight of words that only one reply has: like nothing
	// else, they would hide how alike the rest of two sentences is.
	onceWeight = 0.6
	// typoLength is the least length, in runes, of words that are taken for
	// the same if they differ by one letter.
	typoLength = 8
)

// term is a stem in a sentence, with its weight there.
type term struct {
	id     int
	weight float64
}

// candidate is a sentence that might become a point, or a few that stand
// together.
type candidate struct {
	entry int // in pool.entries
	index int // of the first sentence in its reply
	last  int // of the last one
	text  string
	more  bool
	terms []term // by id
	norm  float64
	words int // content words
	// length in runes
	length int
	// leans says that the sentence leans on the one before it.
	leans bool
	// denies says that it holds a negation: it is no duplicate of one without.
	denies bool
	before *candidate // the same without its last sentence
	own    float64    // what speaks for it whatever the others say
	score  float64
	// barred sentences never become points, unless marked 📌; weak ones only
	// when nothing better is left.
	barred, weak bool
}

// posting is a candidate that holds a term, and the term's weight there.
type posting struct {
	candidate int
	weight    float64
}

// pool is all that was said about one prompt.
type pool struct {
	lex        *lexicon
	opt        Options
	entries    []meeting.Entry
	author     []string // by entry; never empty
	names      map[string]bool
	ids        map[string]int
	stems      []string // the first spelling, by id
	slips      map[uint64]int
	words      map[string]word
	idf        []float64
	voices     []int // distinct authors, by term
	candidates []*candidate
	byEntry    [][]*candidate
	postings   [][]posting // by term
	likes      []float64   // scratch of likeness, by candidate
	shared     []int       // the same: terms in common
	touched    []int       // scratch of likeness
}

func newPool(entries []meeting.Entry, opt Options) *pool {
	p := &pool{
		lex: newLexicon(opt.Language), opt: opt, entries: entries,
		names: map[string]bool{}, ids: map[string]int{}, slips: make(map[uint64]int, 32*len(entries)), words: make(map[string]word, 8*len(entries)), byEntry: make([][]*candidate, len(entries)),
	}
	for _, e := range entries {
		who := string(e.Author)
		if who == "" {
			who = "entry " + string(e.ID)
		}
		p.author = append(p.author, who)
		local, _, _ := strings.Cut(string(e.Author), ":")
		for _, w := range wordsOf(local) {
			p.names[w] = utf8.RuneCountInString(w) > 1
		}
	}
	for i := range entries {
		p.read(i)
	}
	p.weigh()
	p.rate()
	return p
}

// weigh gives every term its weight: rare words say more (TF-IDF), and words
// inside compounds count in part.
func (p *pool) weigh() {
	names := p.stems
	parts := make([][]int, len(names))
	roots := map[string]int{}
	for id, stem := range names {
		if runes := []rune(stem); len(runes) >= rootLength && len(runes) <= longestStem {
			root := string(runes[:rootLength])
			if first, ok := roots[root]; !ok {
				roots[root] = id
			} else {
				parts[id] = append(parts[id], first)
			}
		}
		for cut := partLength; cut < len(stem) && len(stem) <= 4*longestStem; cut++ {
			for _, piece := range []string{stem[:cut], stem[cut:]} {
				if other, ok := p.ids[piece]; ok && len(piece) >= partLength && len(stem)-len(piece) >= 2 {
					parts[id] = append(parts[id], other)
				}
			}
		}
	}
	inEntries := make([]int, len(names))
	people := make([][]string, len(names))
	last := make([]int, len(names))
	for _, c := range p.candidates {
		c.addParts(parts)
		for _, t := range c.terms {
			if last[t.id] != c.entry+1 {
				last[t.id] = c.entry + 1
				inEntries[t.id]++
				if len(people[t.id]) < manyVoices && !slices.Contains(people[t.id], p.author[c.entry]) {
					people[t.id] = append(people[t.id], p.author[c.entry])
				}
			}
		}
	}
	p.idf, p.voices, p.postings = make([]float64, len(names)), make([]int, len(names)), make([][]posting, len(names))
	for id := range names {
		p.idf[id] = math.Log(1 + float64(len(p.entries))/float64(max(inEntries[id], 1)))
		p.voices[id] = len(people[id])
	}
	for i, c := range p.candidates {
		for k := range c.terms {
			t := &c.terms[k]
			t.weight *= p.idf[t.id]
			if inEntries[t.id] == 1 {
				t.weight *= onceWeight
			}
			c.norm += t.weight * t.weight
			p.postings[t.id] = append(p.postings[t.id], posting{i, t.weight})
		}
		c.norm = math.Sqrt(c.norm)
	}
}

// addParts adds the words inside the candidate's compounds.
func (c *candidate) addParts(parts [][]int) {
	for _, t := range c.terms[:c.words] {
		for _, part := range parts[t.id] {
			if !slices.ContainsFunc(c.terms, func(o term) bool { return o.id == part }) {
				c.terms = append(c.terms, term{part, partWeight})
			}
		}
	}
	slices.SortFunc(c.terms, func(a, b term) int { return cmp.Compare(a.id, b.id) })
}

// rate gives every candidate its score before it is compared with others.
func (p *pool) rate() {
	var most float64
	central := make([]float64, len(p.candidates))
	content := make([]map[int]bool, len(p.entries))
	for i, c := range p.candidates {
		if content[c.entry] == nil {
			content[c.entry] = map[int]bool{}
		}
		for _, t := range c.terms {
			content[c.entry][t.id] = true
			central[i] += t.weight * math.Log(float64(p.voices[t.id]))
		}
		central[i] /= math.Sqrt(float64(max(len(c.terms), 4)))
		most = max(most, central[i])
	}
	for i, c := range p.candidates {
		if most > 0 {
			c.score += weightCentral * central[i] / most
		}
		c.score += weightInfo * (1 - math.Exp(-float64(c.words)/enoughWords))
		c.score += weightFocus * float64(len(c.terms)) / float64(max(len(content[c.entry]), 1))
		c.score += weightSupport * math.Log1p(float64(max(p.entries[c.entry].Support, 0)))
		c.score -= weightLength * float64(c.length) / float64(p.opt.MaxLength)
		c.score += c.own
	}
}

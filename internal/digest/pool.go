package digest

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"blnbot/internal/meeting"
)

// Bounds that keep the work in proportion to the text, whatever it is.
const (
	// maxSentences is how much of one reply is looked at.
	maxSentences = 80
	// longestPassage is the most sentences that make one point.
	longestPassage = 3
	// maxCompared is how many candidates, the best by their own score, are
	// compared with all the other sentences; it makes choosing linear.
	maxCompared = 150
	// partWeight is the weight of a word inside a compound (jour in
	// jourtelefon), and partLength its least length in bytes.
	partWeight = 0.5
	partLength = 4
	// onceWeight is the weight of words that only one reply has: like nothing
	// else, they would hide how alike the rest of two sentences is.
	onceWeight = 0.6
	// typoLength is the least length, in runes, of words that are taken for
	// the same if they differ by one letter.
	typoLength = 8
)

// link is a web address, or something written like one.
var link = regexp.MustCompile(`(?i)(?:https?://|www\.|matrix:)\S+`)

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
	own   float64
	score float64
	// barred sentences never become points, unless marked 📌; weak ones only
	// when nothing better is left.
	barred, weak bool
}

// slip is a stem with one letter left out, and which.
type slip struct {
	stem string
	at   int
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
	slips      map[slip]int
	terms      int // how many there are
	idf        []float64
	voices     []int // distinct authors, by term
	candidates []*candidate
	byEntry    [][]*candidate
	postings   [][]int // candidates by term
}

func newPool(entries []meeting.Entry, opt Options) *pool {
	p := &pool{
		lex: newLexicon(opt.Language), opt: opt, entries: entries,
		names: map[string]bool{}, ids: map[string]int{}, slips: map[slip]int{}, byEntry: make([][]*candidate, len(entries)),
	}
	for _, e := range entries {
		who := string(e.Author)
		if who == "" {
			who = "entry " + string(e.ID)
		}
		p.author = append(p.author, who)
		local, _, _ := strings.Cut(string(e.Author), ":")
		for _, w := range wordsOf(local) {
			if utf8.RuneCountInString(w) > 2 {
				p.names[w] = true
			}
		}
	}
	for i := range entries {
		p.read(i)
	}
	p.weigh()
	p.rate()
	return p
}

// read splits an entry into candidates: its sentences, and up to three that
// follow each other on a line and are short enough together, since a short
// reply is best understood whole.
func (p *pool) read(i int) {
	var parts []*candidate
	sentences := p.lex.sentences(p.entries[i].Body, p.opt.MaxLength, maxSentences)
	for k, s := range sentences {
		parts = append(parts, p.candidate(i, k, s))
		p.keep(parts[k])
	}
	for k, first := range parts {
		whole := first
		for n := k + 1; n < len(parts) && n < k+longestPassage && !first.barred; n++ {
			text := whole.text + " " + sentences[n].text
			if !sentences[n].follows || parts[n].barred || parts[n-1].more || utf8.RuneCountInString(text) > p.opt.MaxLength {
				break
			}
			next := p.candidate(i, k, sentence{text: text, more: sentences[n].more})
			next.last = n
			next.weak = first.weak && parts[n].weak
			next.own = (whole.own+parts[n].own)/2 + min(0, parts[k].own, parts[n].own)/2
			if p.dangling(sentences[n].text) {
				next.own = max(whole.own, next.own)
			}
			p.keep(next)
			whole = next
		}
	}
}

func (p *pool) keep(c *candidate) {
	p.candidates = append(p.candidates, c)
	p.byEntry[c.entry] = append(p.byEntry[c.entry], c)
}

// candidate reads one sentence: its content words, and what speaks against it
// whatever the others say.
func (p *pool) candidate(entry, index int, s sentence) *candidate {
	c := &candidate{entry: entry, index: index, last: index, text: p.withoutGreeting(s.text), more: s.more}
	var phatic, talk, hollow, cues, names, upper, letters int
	for _, r := range c.text {
		if unicode.IsLetter(r) {
			letters++
			if unicode.IsUpper(r) {
				upper++
			}
		}
	}
	seen := map[int]bool{}
	for _, w := range wordsOf(link.ReplaceAllString(c.text, " ")) {
		if p.lex.is("cue", w) {
			cues++
		}
		switch {
		case p.names[w] || p.names[strings.TrimSuffix(w, "s")]:
			names++
			continue
		case p.lex.is("talk", w):
			talk++
			continue
		case p.lex.is("phatic", w):
			phatic++
			continue
		case p.lex.is("hollow", w):
			hollow++
			continue
		case p.lex.is("stop", w), strings.IndexFunc(w, unicode.IsLetter) < 0, len(w) < 2:
			continue
		}
		id := p.id(p.lex.stemOf(w))
		if !seen[id] {
			seen[id] = true
			c.terms = append(c.terms, term{id, 1})
		}
	}
	c.words = len(c.terms)
	question := strings.HasSuffix(strings.TrimRight(c.text, " )”\""), "?") || strings.HasSuffix(c.text, "؟")
	c.barred = c.words == 0 || phatic > 0 && c.words <= 1 || strings.HasPrefix(c.text, "!") || strings.HasSuffix(c.text, ":")
	c.weak = question || c.words < 2 || talk > 0 && c.words <= 2+talk || names > 0 && c.words <= 2
	c.own = 0.35*min(1, float64(cues)/2) - 0.25*float64(min(talk, 2)) - 0.3*float64(min(names, 1)) - 0.15*float64(min(phatic, 2))
	c.own -= 0.1 * float64(min(hollow, 3))
	if question {
		c.own -= 0.4
	}
	if p.introduces(c.text) {
		c.own -= 0.3
	}
	if letters > 20 && upper*2 > letters {
		c.own -= 0.5
	}
	if p.dangling(c.text) {
		c.own -= 0.3
	}
	return c
}

// id numbers the stems; a long stem that differs by one letter from an earlier
// one is taken for a slip of the pen.
func (p *pool) id(stem string) int {
	if id, ok := p.ids[stem]; ok {
		return id
	}
	id := p.terms
	runes := []rune(stem)
	var without []string
	if len(runes) >= typoLength && len(runes) <= longestStem {
		for i := range runes {
			without = append(without, string(runes[:i])+string(runes[i+1:]))
		}
		for i, w := range without {
			if other, ok := p.slips[slip{w, i}]; ok {
				id = other
				break
			}
		}
	}
	if id == p.terms {
		p.terms++
		p.stems = append(p.stems, stem)
	}
	for i, w := range without {
		p.slips[slip{w, i}] = id
	}
	p.ids[stem] = id
	return id
}

// dangling reports whether a sentence leans on the one before it.
func (p *pool) dangling(text string) bool {
	words := wordsOf(text[:min(len(text), 40)])
	return len(words) > 0 && p.lex.is("dangling", words[0])
}

// introduces reports whether a sentence begins as people introduce themselves.
func (p *pool) introduces(text string) bool {
	words := wordsOf(text[:min(len(text), 40)])
	return len(words) > 1 && p.lex.is("introduction", words[0]+"-"+words[1])
}

// withoutGreeting takes away greetings that are set off from the rest
// ("Hej, …", "Ja! …").
func (p *pool) withoutGreeting(text string) string {
	for {
		at := strings.IndexAny(text, ",!:–-")
		if at < 0 || at > 40 {
			return text
		}
		head := wordsOf(text[:at])
		if len(head) == 0 || slices.ContainsFunc(head, func(w string) bool { return !p.lex.is("phatic", w) && !p.names[w] && !p.lex.is("stop", w) }) ||
			!slices.ContainsFunc(head, func(w string) bool { return p.lex.is("phatic", w) }) {
			return text
		}
		rest := strings.TrimLeft(text[at:], " ,!:–-")
		if rest == "" || rest == text {
			return text
		}
		text = rest
	}
}

// weigh gives every term its weight: rare words say more (TF-IDF), and words
// inside compounds count in part.
func (p *pool) weigh() {
	names := p.stems
	parts := make([][]int, len(names))
	for id, stem := range names {
		for cut := partLength; cut < len(stem) && len(stem) <= 4*longestStem; cut++ {
			for _, piece := range []string{stem[:cut], stem[cut:]} {
				if other, ok := p.ids[piece]; ok && len(piece) >= partLength && len(stem)-len(piece) >= 2 {
					parts[id] = append(parts[id], other)
				}
			}
		}
	}
	inEntries := make([]int, len(names))
	people := make([]map[string]bool, len(names))
	last := make([]int, len(names))
	for _, c := range p.candidates {
		c.addParts(parts)
		for _, t := range c.terms {
			if people[t.id] == nil {
				people[t.id] = map[string]bool{}
			}
			people[t.id][p.author[c.entry]] = true
			if last[t.id] != c.entry+1 {
				last[t.id] = c.entry + 1
				inEntries[t.id]++
			}
		}
	}
	p.idf, p.voices, p.postings = make([]float64, len(names)), make([]int, len(names)), make([][]int, len(names))
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
			p.postings[t.id] = append(p.postings[t.id], i)
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
		c.score -= weightLength * float64(utf8.RuneCountInString(c.text)) / float64(p.opt.MaxLength)
		c.score += c.own
	}
}

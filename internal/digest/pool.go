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

// linkSigns tell cheaply that a text may hold a link.
var linkSigns = []string{"//", "www.", "Www.", "WWW.", "matrix:"}

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
	// length in runes
	length int
	// leans says that the sentence leans on the one before it.
	leans  bool
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
	words      map[string]word
	terms      int // how many there are
	idf        []float64
	voices     []int // distinct authors, by term
	candidates []*candidate
	byEntry    [][]*candidate
	postings   [][]posting // by term
	likes      []float64   // scratch of likeness, by candidate
	touched    []int       // scratch of likeness
}

func newPool(entries []meeting.Entry, opt Options) *pool {
	p := &pool{
		lex: newLexicon(opt.Language), opt: opt, entries: entries,
		names: map[string]bool{}, ids: map[string]int{}, slips: map[slip]int{}, words: map[string]word{}, byEntry: make([][]*candidate, len(entries)),
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
			length := whole.length + 1 + utf8.RuneCountInString(sentences[n].text)
			if !sentences[n].follows || parts[n].barred || parts[n-1].more || length > p.opt.MaxLength {
				break
			}
			whole = whole.and(parts[n], sentences[n], length)
			whole.own += min(0, first.own, parts[n].own) / 2
			if parts[n].leans {
				whole.own = max(whole.before.own, whole.own)
			}
			whole.weak = first.weak && parts[n].weak
			p.keep(whole)
		}
	}
}

// and is the candidate together with the sentence after it.
func (c *candidate) and(next *candidate, s sentence, length int) *candidate {
	out := &candidate{
		entry: c.entry, index: c.index, last: next.last, text: c.text + " " + s.text, more: s.more, length: length,
		terms: slices.Clone(c.terms), own: (c.own + next.own) / 2, before: c,
	}
	for _, t := range next.terms {
		if !slices.ContainsFunc(out.terms, func(o term) bool { return o.id == t.id }) {
			out.terms = append(out.terms, t)
		}
	}
	out.words = len(out.terms)
	return out
}

func (p *pool) keep(c *candidate) {
	p.candidates = append(p.candidates, c)
	p.byEntry[c.entry] = append(p.byEntry[c.entry], c)
}

// tally counts what a sentence is made of.
type tally struct{ phatic, talk, hollow, cues, names, upper, letters int }

// candidate reads one sentence: its content words, and what speaks against it
// whatever the others say.
func (p *pool) candidate(entry, index int, s sentence) *candidate {
	c := &candidate{entry: entry, index: index, last: index, text: p.withoutGreeting(s.text), more: s.more}
	n := p.count(c)
	c.length = utf8.RuneCountInString(c.text)
	c.words = len(c.terms)
	question := strings.HasSuffix(strings.TrimRight(c.text, " )”\""), "?") || strings.HasSuffix(c.text, "؟")
	c.barred = c.words == 0 || n.phatic > 0 && c.words <= 1 || strings.HasPrefix(c.text, "!") || strings.HasSuffix(c.text, ":")
	c.weak = question || c.words < 2 || n.talk >= c.words || n.names > 0 && c.words <= 2
	c.own = 0.35*min(1, float64(n.cues)/2) - 0.25*float64(min(n.talk, 2)) - 0.3*float64(min(n.names, 1)) -
		0.15*float64(min(n.phatic, 2)) - 0.1*float64(min(n.hollow, 3))
	first, second := opening(c.text)
	c.leans = p.lex.is("dangling", first)
	if question {
		c.own -= 0.4
	}
	if n.letters > 20 && n.upper*2 > n.letters { // shouting
		c.own -= 0.5
	}
	if c.leans || p.lex.is("introduction", first+"-"+second) {
		c.own -= 0.3
	}
	return c
}

// count tallies a sentence's words and gives it its terms.
func (p *pool) count(c *candidate) (n tally) {
	for _, r := range c.text {
		if unicode.IsLetter(r) {
			n.letters++
			if unicode.IsUpper(r) {
				n.upper++
			}
		}
	}
	text := c.text
	if slices.ContainsFunc(linkSigns, func(s string) bool { return strings.Contains(text, s) }) {
		text = link.ReplaceAllString(text, " ")
	}
	for _, text := range wordsOf(text) {
		w := p.word(text)
		if w.name && (w.kind == "" && utf8.RuneCountInString(text) > 3 || strings.Contains(c.text, capital(text))) {
			n.names++ // not "bo" and "hans", which are words too
			continue
		}
		if w.cue {
			n.cues++
		}
		switch w.kind {
		case "talk":
			n.talk++
		case "phatic":
			n.phatic++
		case "hollow":
			n.hollow++
		case "":
			if !slices.ContainsFunc(c.terms, func(t term) bool { return t.id == w.id }) {
				c.terms = append(c.terms, term{w.id, 1})
			}
		}
	}
	return n
}

// capital is the word with a capital letter.
func capital(word string) string {
	r, size := utf8.DecodeRuneInString(word)
	return string(unicode.ToUpper(r)) + word[size:]
}

// word is what is known of a word.
type word struct {
	kind string // the section it belongs to, or "" for content
	cue  bool
	name bool // somebody here is called so
	id   int  // the stem's
}

func (p *pool) word(text string) word {
	if w, ok := p.words[text]; ok {
		return w
	}
	w := word{cue: p.lex.is("cue", text), name: p.names[text] || p.names[strings.TrimSuffix(text, "s")]}
	switch {
	case len(text) < 2 || strings.IndexFunc(text, unicode.IsLetter) < 0:
		w.kind = "stop"
	default:
		for _, kind := range []string{"talk", "phatic", "hollow", "stop"} {
			if p.lex.is(kind, text) {
				w.kind = kind
				break
			}
		}
	}
	if w.kind == "" {
		w.id = p.id(p.lex.stemOf(text))
	}
	p.words[text] = w
	return w
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
		without = make([]string, 0, len(runes))
		at := 0
		for _, r := range runes {
			end := at + utf8.RuneLen(r)
			without = append(without, stem[:at]+stem[end:])
			at = end
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

// opening is a text's first two words.
func opening(text string) (first, second string) {
	words := append(wordsOf(text[:min(len(text), 40)]), "", "")
	return words[0], words[1]
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

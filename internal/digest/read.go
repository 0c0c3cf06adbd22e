package digest

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// linkSigns tell cheaply that a text may hold a link.
var linkSigns = []string{"//", "www.", "Www.", "WWW.", "matrix:"}

// link is a web address, or something written like one.
var link = regexp.MustCompile(`(?i)(?:https?://|www\.|matrix:)\S+`)

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
		denies: c.denies || next.denies, terms: slices.Clone(c.terms), own: (c.own + next.own) / 2, before: c,
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
	c.weak = question || c.words < 2 || n.talk >= c.words
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
		c.denies = c.denies || p.lex.is("negation", text)
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
	id := len(p.stems)
	var keys []uint64
	if n := utf8.RuneCountInString(stem); n >= typoLength && n <= longestStem {
		keys = withoutOne([]rune(stem))
	}
	for _, k := range keys {
		if other, ok := p.slips[k]; ok {
			id = other
			break
		}
	}
	if id == len(p.stems) {
		p.stems = append(p.stems, stem)
	}
	for _, k := range keys {
		p.slips[k] = id
	}
	p.ids[stem] = id
	return id
}

// withoutOne has a hash for the word without each of its letters in turn,
// together with the place: two words that differ by one letter share one.
func withoutOne(word []rune) []uint64 {
	const prime = 1099511628211 // FNV-1a
	after := make([]uint64, len(word)+1)
	after[len(word)] = 14695981039346656037
	for i := len(word) - 1; i >= 0; i-- {
		after[i] = (after[i+1] ^ uint64(word[i])) * prime
	}
	out := make([]uint64, len(word))
	before := uint64(len(word))
	for i, r := range word {
		out[i] = (before^after[i+1])*prime ^ uint64(i)
		before = (before ^ uint64(r)) * prime
	}
	return out
}

// opening is a text's first two words.
func opening(text string) (first, second string) {
	words := append(wordsOf(text[:min(len(text), 40)]), "", "")
	return words[0], words[1]
}

// withoutGreeting takes away greetings that are set off from the rest
// ("Hej, …", "Ja! …"), but never a "no" or "I do not agree", which turns what
// follows.
func (p *pool) withoutGreeting(text string) string {
	for {
		at := strings.IndexAny(text, ",!:–-")
		if at < 0 || at > 40 {
			return text
		}
		head := wordsOf(text[:at])
		foreign := func(w string) bool {
			return p.lex.is("negation", w) || !p.lex.is("phatic", w) && !p.names[w] && !p.lex.is("stop", w)
		}
		if slices.ContainsFunc(head, foreign) || !slices.ContainsFunc(head, func(w string) bool { return p.lex.is("phatic", w) }) {
			return text
		}
		rest := strings.TrimLeft(text[at:], " ,!:–-")
		if rest == "" || rest == text {
			return text
		}
		text = rest
	}
}

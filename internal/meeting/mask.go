package meeting

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Pattern is a kind of text that identifies a person whatever the language,
// told apart by its shape.
type Pattern string

// The patterns. A name is one only to a Masker, which knows the names.
const (
	PatternID    Pattern = "id"    // personnummer or samordningsnummer
	PatternPhone Pattern = "phone" // Swedish spellings, and any number with a country code
	PatternEmail Pattern = "email"
	// PatternAddress is a street address, or a postal code with its place.
	PatternAddress Pattern = "address"
	// PatternPerson is the name of somebody who is not in the room, as far as a
	// list of names and what stands before them can tell.
	PatternPerson Pattern = "person"
	patternName   Pattern = "name"
)

// MaskWords are the words that take the place of what is masked.
type MaskWords struct{ Name, Phone, Email, ID, Address string }

// maskPasses bounds how often Mask looks again at its own result.
const maskPasses = 4

// Masker takes names and identifying numbers out of texts that leave a
// network's room (DESIGN §4, invariant 4). It is safe for concurrent use.
type Masker struct {
	// words holds every part of every name, folded; true means that the part
	// counts only with a capital letter.
	words map[string]bool
	// full holds whole names of several parts, by their first part: they count
	// even where a part alone would not ("per berg", "Anna B").
	full map[string][][]string
}

// NewMasker returns a Masker for the display names of a network's members and
// leaders, and the localparts of their user ids. Words that are no names (a
// role in parentheses, "Kommun", "boten") are left out.
func NewMasker(names []string) *Masker {
	m := &Masker{words: map[string]bool{}, full: map[string][][]string{}}
	for _, name := range names {
		if local, _, ok := strings.Cut(name, ":"); ok && strings.HasPrefix(name, "@") {
			name = local
		}
		for _, part := range strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune("()[],/|", r) }) {
			m.add(part)
		}
	}
	return m
}

// add takes in one name without parentheses and affiliations.
func (m *Masker) add(name string) {
	f := fold(name)
	tokens := f.tokens()
	upper := slices.ContainsFunc(tokens, func(t token) bool { return t.upper })
	var seq []string
	named, before := false, false
	for _, t := range tokens {
		seq = append(seq, t.text)
		is := m.part(t, upper && !t.upper)
		if n := len(seq); n > 1 && (is || before) {
			m.word(seq[n-2]+seq[n-1], false) // "annalena"
		}
		named, before = named || is, is
	}
	if named && len(seq) > 1 {
		m.full[seq[0]] = append(m.full[seq[0]], seq)
		m.word(strings.Join(seq, ""), false)
	}
}

// part adds one part of a name, unless the word names nobody. Small letters in
// a name that has capitals ("Olle trött pappa") are probably not a name.
func (m *Masker) part(t token, capital bool) bool {
	letters := strings.TrimRight(t.text, "0123456789")
	if utf8.RuneCountInString(letters) < 2 || notNames[letters] {
		return false
	}
	m.word(letters, capital)
	m.word(t.text, capital)
	if plain := unaccented(letters); plain != letters {
		m.word(plain, true)
	}
	return true
}

// word adds one part; if it was there already, the stricter masking wins.
func (m *Masker) word(w string, capital bool) {
	capital = capital || ordinaryWords[w] || utf8.RuneCountInString(w) < 3
	if old, ok := m.words[w]; ok {
		capital = capital && old
	}
	m.words[w] = capital
}

// Mask returns the text with names, Matrix ids, personnummer, phone numbers,
// e-mail addresses, street addresses, and names of third persons as far as they
// can be told, replaced. Masking a masked text changes nothing.
//
// Any ten or twelve digits in the shape of a personnummer are masked if their
// date is possible (samordningsnummer too), whether or not the control digit
// is right: a mistyped number still points at somebody. Names count in any
// case, with a genitive -s, unless they are ordinary words, which need the
// capital letter. Letters that only look alike (Cyrillic а) are not seen
// through, nor names in scripts that write no spaces.
func (m *Masker) Mask(text string, words MaskWords) string { return m.repeat(text, words, false) }

// MaskNames is Mask for names only; personnummer and the like stay.
func (m *Masker) MaskNames(text string, words MaskWords) string { return m.repeat(text, words, true) }

func (m *Masker) repeat(text string, words MaskWords, namesOnly bool) string {
	for range maskPasses {
		next := m.once(text, words, namesOnly)
		if next == text {
			break
		}
		text = next
	}
	return text
}

func (m *Masker) once(text string, words MaskWords, namesOnly bool) string {
	by := map[Pattern]string{patternName: words.Name, PatternPhone: words.Phone, PatternEmail: words.Email, PatternID: words.ID,
		PatternAddress: words.Address}
	f := fold(text)
	for _, w := range by {
		f.protect(text, w)
	}
	var spans []span
	if !namesOnly {
		spans = append(f.matrix(), f.patterns()...)
	}
	spans = append(spans, m.names(f)...)
	if !namesOnly {
		spans = append(spans, f.thirdPersons()...)
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	var b strings.Builder
	done := 0
	for _, s := range spans {
		b.WriteString(text[done:f.start[s.from]])
		b.WriteString(by[s.what])
		done = f.end[s.to-1]
	}
	b.WriteString(text[done:])
	return b.String()
}

// Sensitive tells which patterns a text holds, in the order of the constants.
// Names of those whom the Masker knows are none.
func (m *Masker) Sensitive(text string, words MaskWords) []Pattern {
	f := fold(text)
	for _, w := range []string{words.Name, words.Phone, words.Email, words.ID, words.Address} {
		f.protect(text, w)
	}
	f.matrix()
	spans := f.patterns()
	m.names(f)
	if len(f.thirdPersons()) > 0 {
		spans = append(spans, span{what: PatternPerson})
	}
	var out []Pattern
	for _, p := range []Pattern{PatternID, PatternPhone, PatternEmail, PatternAddress, PatternPerson} {
		if slices.ContainsFunc(spans, func(s span) bool { return s.what == p }) {
			out = append(out, p)
		}
	}
	return out
}

// token is a run of letters and digits.
type token struct {
	from, to int
	text     string
	upper    bool // begins with a capital letter
}

func (f *folded) tokens() (out []token) {
	for i := 0; i < len(f.low); i++ {
		if end := f.run(i, isWord); end > i {
			out = append(out, token{i, end, string(f.low[i:end]), f.upper[i]})
			i = end
		}
	}
	return out
}

// names finds the names; parts that follow each other become one span.
func (m *Masker) names(f *folded) (out []span) {
	tokens := f.tokens()
	last := -1 // end of a name that a following part would continue
	for i := 0; i < len(tokens); {
		t := tokens[i]
		n, to := m.match(f, tokens[i:])
		if n == 0 {
			i++
			continue
		}
		if k := len(out) - 1; last >= 0 && f.between(last, t.from) {
			out[k].to = to
		} else {
			out = append(out, span{t.from, to, patternName})
		}
		last = to
		i += n
	}
	for _, s := range out {
		f.take(s.from, s.to, patternName)
	}
	return out
}

// match is how many tokens at the beginning of t make a name, and where the
// name ends: before a genitive -s.
func (m *Masker) match(f *folded, t []token) (n, to int) {
	for _, seq := range m.full[t[0].text] {
		k := 1
		for k < len(seq) && k < len(t) && f.between(t[k-1].to, t[k].from) && m.same(t[k].text, seq[k], k == len(seq)-1) {
			k++
		}
		if k == len(seq) && k > n {
			n, to = k, t[k-1].to-(len([]rune(t[k-1].text))-len([]rune(seq[k-1])))
		}
	}
	if n > 0 {
		return n, to
	}
	stem := strings.TrimRight(t[0].text, "0123456789")
	for _, w := range []string{t[0].text, stem, strings.TrimSuffix(stem, "s")} {
		if capital, ok := m.words[w]; ok && (t[0].upper || !capital) {
			if w == stem {
				return 1, t[0].to
			}
			return 1, t[0].from + utf8.RuneCountInString(w)
		}
	}
	return 0, 0
}

func (m *Masker) same(text, part string, last bool) bool {
	return text == part || last && text == part+"s"
}

// between reports whether only what joins the parts of a name stands in [i, k).
func (f *folded) between(i, k int) bool {
	return i < k && k-i <= 2 && strings.Trim(string(f.low[i:k]), " -._") == ""
}

// Tables. Shapes are group lengths, the date first: 850101-1234,
// 19850101-1234, 1985-01-01-1234, 85 01 01 1234 …
var (
	idShapes = [][]int{{12}, {10}, {8, 4}, {6, 4}, {4, 2, 2, 4}, {2, 2, 2, 4}, {2, 6, 4}, {2, 10}, {4, 4, 4}, {2, 4, 4}, {8, 2, 2}, {6, 2, 2}}
	atSigns  = []string{"@", "(at)", "[at]", "{at}", "<at>", "(a)", "[a]", "(@)", "[@]", "(snabel-a)", "(snabela)", " snabel-a ", " snabela ", " at "}
	dots     = []string{".", "(dot)", "[dot]", "(punkt)", "[punkt]", " (dot) ", " [dot] ", " (punkt) ", " dot ", " punkt "}
	accents  = accentTable("a", "áàâãāăą", "e", "éèêëēėęě", "i", "íìîïīįı", "o", "óòôõōő", "u", "úùûüūůű", "y", "ýÿ",
		"c", "çćčċ", "n", "ñńňņ", "s", "śšşș", "z", "źżž", "l", "łļľ", "r", "ŕř", "t", "ťțţ", "d", "ďđð", "g", "ğģ",
		"k", "ķ", "ö", "ø", "ä", "æ")
	phoneWords = wordSet("tel tfn telnr telefon telefonnr telefonnummer mobil mobilen mobilnr mobilnummer phone mobile")
	// beforeAt are English words that "at" follows before a web address.
	beforeAt = wordSet("look looked looking is was are were be available found find more info information here it us them read see up online website page form")
	// ordinaryWords are names that are also words: they need the capital.
	ordinaryWords = wordSet(`bo tom hans per sol rut mor sten björn stig dag liv bror karl jan maj mars juni april august kristen
		saga rosa ros viola lilja linnea iris ebba tuva vilja vide love alla mina dina said may june will mark grace hope joy faith
		rose bill rob sue pat art guy jack lily ruby dawn ray frank grant don max amber penny gene
		berg lind ek björk sjö holm ström dal strand sand stål frisk modig stark lång kort ung rask glad hård trygg rapp frid lund
		skog hav sund vik ny man falk svan hjort ask alm asp hage malm grön svart vit brun blå gren kvist löv blad blom palm hed
		fors älv bäck å kung präst prost smed lax tur ro pil sky far lo bra hög lugn vän vinter sommar höst vår dahl rot mod vide
		lager ljung lilla stor klok kind nord söder öst väst sjöberg åberg young white brown green black king bell long short wood
		rice cook hill banks field page price love best day law`)
	// notNames are words in display names that name nobody.
	notNames = wordSet(`anhörig anhöriga carer carers professional yrkesverksam personal chef manager politiker politician ngo
		idéburen idéburna ideburen ideburna deltagare member ledare nätverksledare leader samordnare konsulent anhörigkonsulent
		anhörigstöd handläggare sjuksköterska läkare kurator enhetschef verksamhetschef ordförande ledamot representant admin
		administrator moderator staff user gäst guest test bot boten bln blnbot nka nsph rsmh attention kommun kommunen region
		regionen län länet landsting stad staden förvaltning socialtjänst socialtjänsten socialnämnden psykiatri psykiatrin
		psykiatrisk öppenvård vård vården omsorg omsorgen primärvård hemtjänst hemtjänsten hemsjukvård vårdcentral vårdcentralen
		mottagning mottagningen beroendemottagningen sjukhus förening föreningen förbund riksförbund organisation demensförbundet
		rödakorset röda korset kors abf studieförbund nätverk nätverket network grupp gruppen team stöd projekt mobil mobile
		iphone ipad telefon dator web element matrix västerås stockholm göteborg malmö uppsala örebro linköping arvika luleå
		kalmar umeå sundsvall gävle jönköping växjö karlstad halmstad falun östersund norrköping eskilstuna södertälje borås
		västmanland dalarna skåne värmland sverige svenska mamma pappa son dotter syster maka make sambo dotterson
		mormor morfar farmor farfar barn anhörigombud ett två tre fyra fem och eller till från för med av på vid hos den det de en ett jag du han
		hon vi ni som i är the and of for from at to in von van af el al de la di`)
)

func wordSet(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[string(fold(w).low)] = true
	}
	return out
}

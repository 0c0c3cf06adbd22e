package meeting

import (
	"slices"
	"strings"
	"unicode"
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
	patternName  Pattern = "name"
)

// MaskWords are the words that take the place of what is masked.
type MaskWords struct{ Name, Phone, Email, ID string }

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
	if plain := strings.NewReplacer("å", "a", "ä", "a", "ö", "o").Replace(letters); plain != letters {
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

// Mask returns the text with names, Matrix ids, personnummer, phone numbers and
// e-mail addresses replaced. Masking a masked text changes nothing.
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
	by := map[Pattern]string{patternName: words.Name, PatternPhone: words.Phone, PatternEmail: words.Email, PatternID: words.ID}
	f := fold(text)
	for _, w := range by {
		f.protect(text, w)
	}
	var spans []span
	if !namesOnly {
		spans = append(f.matrix(), f.patterns()...)
	}
	spans = append(spans, m.names(f)...)
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
func Sensitive(text string) []Pattern {
	var out []Pattern
	spans := fold(text).patterns()
	for _, p := range []Pattern{PatternID, PatternPhone, PatternEmail} {
		if slices.ContainsFunc(spans, func(s span) bool { return s.what == p }) {
			out = append(out, p)
		}
	}
	return out
}

// folded is a text made comparable rune by rune: lower case, å ä ö composed,
// other accents and invisible characters gone, dashes, spaces and digits of
// all kinds made plain. What has been found is blanked with 0.
type folded struct {
	low        []rune
	upper      []bool
	start, end []int // byte offsets in the text
}

func fold(text string) *folded {
	f := &folded{}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		n := len(f.low) - 1
		switch {
		case unicode.Is(unicode.M, r):
			if n >= 0 {
				f.low[n] = composed(f.low[n], r)
				f.end[n] = i + size
			}
		case unicode.Is(unicode.Cf, r):
		default:
			f.low = append(f.low, plain(r))
			f.upper = append(f.upper, unicode.IsUpper(r))
			f.start, f.end = append(f.start, i), append(f.end, i+size)
		}
		i += size
	}
	return f
}

// composed is a base letter with a combining mark; marks that make no Swedish
// letter are dropped.
func composed(base, mark rune) rune {
	switch {
	case base == 'a' && mark == '\u030a':
		return 'å'
	case base == 'a' && mark == '\u0308':
		return 'ä'
	case base == 'o' && mark == '\u0308':
		return 'ö'
	}
	return base
}

func plain(r rune) rune {
	if r >= '！' && r <= '～' { // full width
		r -= '！' - '!'
	}
	r = unicode.ToLower(r)
	switch {
	case r < 0x80, r == 'å', r == 'ä', r == 'ö':
		if r == '\t' {
			return ' '
		}
		return r
	case unicode.Is(unicode.Zs, r):
		return ' '
	case unicode.Is(unicode.Pd, r), r == '−':
		return '-'
	case unicode.Is(unicode.Nd, r):
		for _, zero := range "٠۰०০๐" {
			if r >= zero && r <= zero+9 {
				return '0' + r - zero
			}
		}
		if r >= 0x1d7ce && r <= 0x1d7ff {
			return '0' + (r-0x1d7ce)%10
		}
	}
	if base, ok := accents[r]; ok {
		return base
	}
	return r
}

type span struct {
	from, to int // runes
	what     Pattern
}

// take blanks the runes, so that nothing else is found there.
func (f *folded) take(from, to int, what Pattern) span {
	clear(f.low[from:to])
	return span{from, to, what}
}

// protect blanks the places where the text holds a replacement already.
func (f *folded) protect(text, word string) {
	if word == "" {
		return
	}
	i := 0
	for at := 0; ; at += len(word) {
		k := strings.Index(text[at:], word)
		if k < 0 {
			return
		}
		at += k
		for ; i < len(f.low) && f.start[i] < at+len(word); i++ {
			if f.start[i] >= at {
				f.low[i] = 0
			}
		}
	}
}

func (f *folded) has(i int, s string) bool {
	for _, r := range s {
		if i < 0 || i >= len(f.low) || f.low[i] != r {
			return false
		}
		i++
	}
	return true
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// run is the end of the runes from i on that satisfy ok.
func (f *folded) run(i int, ok func(rune) bool) int {
	for i < len(f.low) && ok(f.low[i]) {
		i++
	}
	return i
}

// matrix finds links to Matrix users and rooms, and user ids.
func (f *folded) matrix() (out []span) {
	inLink := func(r rune) bool { return r > ' ' && !strings.ContainsRune("()<>[]\"", r) }
	server := func(r rune) bool { return isWord(r) || r == '.' || r == '-' || r == ':' }
	local := func(r rune) bool { return isWord(r) || strings.ContainsRune("._=/+-", r) }
	for i := 0; i < len(f.low); i++ {
		switch {
		case f.has(i, "matrix.to/"), f.has(i, "matrix:u/"), f.has(i, "matrix:r/"), f.has(i, "matrix:roomid/"):
			from := i
			for _, scheme := range []string{"https://", "http://", "www."} {
				if f.has(from-len(scheme), scheme) {
					from -= len(scheme)
				}
			}
			out = append(out, f.take(from, f.run(i, inLink), patternName))
		case f.low[i] == '@' && (i == 0 || !isWord(f.low[i-1])):
			colon := f.run(i+1, local)
			if end := f.run(colon+1, server); colon > i+1 && f.has(colon, ":") && end > colon+1 {
				out = append(out, f.take(i, end, patternName))
			}
		}
	}
	return out
}

func (f *folded) patterns() []span { return append(f.addresses(), f.numbers()...) }

// addresses finds e-mail addresses, also those written to fool machines.
func (f *folded) addresses() (out []span) {
	local := func(r rune) bool { return isWord(r) || strings.ContainsRune("._%+-'&=~", r) }
	done := 0
	for i, r := range f.low {
		if !strings.ContainsRune("@([{< ", r) {
			continue
		}
		for _, sign := range atSigns {
			if !f.has(i, sign) {
				continue
			}
			to := f.domain(i + utf8.RuneCountInString(sign))
			last := i
			for last > done && f.low[last-1] == ' ' && i-last < 2 {
				last--
			}
			from := last
			for from > done && local(f.low[from-1]) {
				from--
			}
			if to == 0 || from == last || sign == " at " && beforeAt[string(f.low[from:last])] {
				continue
			}
			out = append(out, f.take(from, to, PatternEmail))
			done = to
			break
		}
	}
	return out
}

// domain is the end of the domain name that starts at i, or 0 if there is none.
func (f *folded) domain(i int) int {
	label := func(r rune) bool { return isWord(r) || r == '-' }
	for k := 0; k < 2 && f.has(i, " "); k++ {
		i++
	}
	good := 0
	for labels := 0; ; labels++ {
		end := f.run(i, label)
		if labels > 0 && end >= i+2 && !slices.ContainsFunc(f.low[i:end], unicode.IsDigit) {
			good = end
		}
		next := end
		for _, dot := range dots {
			if end > i && f.has(end, dot) {
				next = end + len(dot)
				break
			}
		}
		if next == end {
			return good
		}
		i = next
	}
}

// group is a run of digits and what stands between it and the one before.
type group struct {
	from, to int
	text     string
	gap      string // "x" if too much stands between
}

func (f *folded) groups() (out []group) {
	digit := func(r rune) bool { return r >= '0' && r <= '9' }
	prev := -1
	for i := 0; i < len(f.low); i++ {
		if !digit(f.low[i]) {
			continue
		}
		end := f.run(i, digit)
		gap := "x"
		if prev >= 0 && i-prev <= 4 {
			gap = string(f.low[prev:i])
		}
		out = append(out, group{i, end, string(f.low[i:end]), gap})
		prev, i = end, end
	}
	return out
}

// numbers finds personnummer and phone numbers among the digits.
func (f *folded) numbers() (out []span) {
	g := f.groups()
	for i := 0; i < len(g); {
		n, what := personal(g[i:]), PatternID
		if n == 0 {
			if skip := dateOrTime(g[i:]); skip > 0 {
				i += skip
				continue
			}
			n, what = f.phone(g[i:]), PatternPhone
		}
		if n == 0 {
			i++
			continue
		}
		from := g[i].from
		to := g[i+n-1].to
		if what == PatternPhone && f.has(from-1, "+") {
			from--
		}
		if f.has(from-1, "(") && strings.Count(string(f.low[from:to]), ")") > strings.Count(string(f.low[from:to]), "(") {
			from--
		}
		out = append(out, f.take(from, to, what))
		i += n
	}
	return out
}

// personal is how many groups make a personnummer or samordningsnummer.
func personal(g []group) int {
	for _, shape := range idShapes {
		if len(g) < len(shape) {
			continue
		}
		digits, fits := "", true
		for i, size := range shape {
			fits = fits && len(g[i].text) == size && (i == 0 || strings.Trim(g[i].gap, " -+./") == "")
			digits += g[i].text
		}
		if fits && possibleDate(digits) && !(len(shape) == 1 && strings.HasPrefix(digits, "07")) {
			return len(shape)
		}
	}
	return 0
}

// possibleDate reports whether the ten or twelve digits begin with the date of
// a personnummer, or of a samordningsnummer (day + 60).
func possibleDate(digits string) bool {
	if len(digits) == 12 {
		if c := digits[:2]; c != "18" && c != "19" && c != "20" {
			return false
		}
		digits = digits[2:]
	}
	month, day := number(digits[2:4]), number(digits[4:6])%60
	return month >= 1 && month <= 12 && day >= 1 && day <= [...]int{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
}

func number(digits string) int {
	n := 0
	for _, d := range digits {
		n = n*10 + int(d-'0')
	}
	return n
}

// dateOrTime is how many groups make a date with its year (2026-09-08,
// 8/9 2026, 08-09-2026) or two times of day (09.00-17.00).
func dateOrTime(g []group) int {
	is := func(from, to, i int) bool {
		return len(g[i].text) <= 4 && number(g[i].text) >= from && number(g[i].text) <= to
	}
	dash := func(gap string) bool { return gap == "-" || gap == "/" || gap == "." }
	if len(g) >= 3 && dash(g[1].gap) {
		same := g[1].gap == g[2].gap
		if is(1900, 2099, 0) && is(1, 12, 1) && is(1, 31, 2) && same ||
			is(1, 31, 0) && is(1, 12, 1) && is(1900, 2099, 2) && (same || g[1].gap == "/" && g[2].gap == " ") {
			return 3
		}
	}
	if len(g) >= 4 && g[1].gap == "." && g[3].gap == "." && g[2].gap != "." &&
		is(0, 24, 0) && is(0, 59, 1) && is(0, 24, 2) && is(0, 59, 3) {
		return 4
	}
	return 0
}

// phone is how many groups make a phone number.
func (f *folded) phone(g []group) int {
	first := g[0].text
	from := g[0].from
	plus := from > 0 && f.low[from-1] == '+'
	least, most := 0, 10
	switch {
	case plus && first[0] != '0':
		least, most = 8, 15
	case plus:
		least, most = 8, 16
	case strings.HasPrefix(first, "00"):
		least, most = 10, 17
	case strings.HasPrefix(first, "467") || first == "46" && len(g) > 1 && g[1].text[0] == '7':
		least, most = 11, 11
	case first[0] == '0' && (len(first) == 4 || len(first) == 2 && first != "08"):
		least = 9 // no area code of two digits but 08, and short numbers only after three
	case first[0] == '0' && len(first) > 1:
		least = 8
		if len(g) > 1 && strings.ContainsAny(g[1].gap, "-)/") {
			least = 7
		}
	case f.labelled(from):
		least, most = 5, 8
	default:
		return 0
	}
	best, total := 0, 0
	for n, x := range g {
		optional := x.text == "0" && strings.Contains(x.gap, "(")
		if n > 0 && (strings.Trim(x.gap, " -/().") != "" || len(x.text) == 1 && !optional) || total+len(x.text) > most {
			break
		}
		total += len(x.text)
		if total >= least {
			best = n + 1
		}
	}
	if best > 0 && plus && !strings.HasPrefix(first, "46") && f.counted(g[best-1].to) {
		return 0
	}
	return best
}

// labelled reports whether a word for telephone stands before the number.
func (f *folded) labelled(i int) bool {
	k := i
	for k > 0 && i-k < 3 && strings.ContainsRune(" :.", f.low[k-1]) {
		k--
	}
	from := k
	for from > 0 && k-from < 20 && unicode.IsLetter(f.low[from-1]) {
		from--
	}
	return phoneWords[string(f.low[from:k])]
}

// counted reports whether the number before i is a sum of something.
func (f *folded) counted(i int) bool {
	for i < len(f.low) && f.low[i] == ' ' {
		i++
	}
	return f.has(i, "kr") || f.has(i, "sek") || f.has(i, "%") || f.has(i, "eur") || f.has(i, "€") || f.has(i, "mil")
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

func accentTable(pairs ...string) map[rune]rune {
	out := map[rune]rune{}
	for i := 0; i < len(pairs); i += 2 {
		base, _ := utf8.DecodeRuneInString(pairs[i])
		for _, r := range pairs[i+1] {
			out[r] = base
		}
	}
	return out
}

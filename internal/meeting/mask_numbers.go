package meeting

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

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

func (f *folded) patterns() []span {
	found := append(f.addresses(), f.streets()...)
	return append(found, f.numbers()...)
}

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

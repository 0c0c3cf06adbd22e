package meeting

import (
	"regexp"
	"strings"
)

// streetEndings end the names of streets. In small letters they must end a
// longer word.
var (
	streetEndings = []string{"gatan", "gata", "vägen", "väg", "gränden", "gränd", "stigen", "stig", "torget", "torg", "plan", "backen", "backe", "allén", "allen", "allé",
		"leden", "kajen", "esplanaden", "promenaden", "kroken", "slingan", "liden", "ringen", "svängen", "stråket", "ängen", "lyckan", "gärdet", "tåget"}
	streetQualifiers = wordSet(`norra södra östra västra stora lilla övre nedre gamla nya inre yttre mellersta sankt sankta s:t`)
	streetWords      = wordSet(`street st road rd avenue ave lane ln drive close court ct way crescent terrace gardens place square hill grove mews row walk boulevard blvd`)
	ownStreetWord    = wordSet(`gata väg torg plan gränd backe allé stig`)
	// measures show that a number counts something.
	measures = wordSet(`steg gånger gång timmar timme minuter minut mil km m meter personer person år dagar dag veckor vecka månader procent av kr kronor st
		stycken grupper träffar möten deltagare anhöriga platser times hours minutes miles people years days weeks months percent of`)
	ukPostcode = regexp.MustCompile(`^[a-z]{1,2}[0-9][0-9a-z]?$`)
	ukInward   = regexp.MustCompile(`^[0-9][a-z]{2}$`)
	digitsOnly = regexp.MustCompile(`^[0-9]+$`)
	houseNo    = regexp.MustCompile(`^[0-9]{1,4}[a-z]?$`)
)

// streets finds street addresses, and postal codes with their place.
func (f *folded) streets() (out []span) {
	t := f.tokens()
	for i := 0; i < len(t); {
		from, last := f.streetAt(t, i)
		if last < 0 {
			i++
			continue
		}
		last = f.placeAfter(t, last)
		out = append(out, f.take(t[from].from, t[last].to, PatternAddress))
		i = last + 1
	}
	return out
}

// streetAt is the first and the last token of an address that has the token i
// in it, or -1.
func (f *folded) streetAt(t []token, i int) (from, last int) {
	if n := f.postal(t, i); n > 0 {
		return i, i + n - 1
	}
	if i+1 < len(t) && ukPostcode.MatchString(t[i].text) && ukInward.MatchString(t[i+1].text) && f.gapIs(t[i], t[i+1], " ") && f.capitals(t[i+1]) {
		return i, i + 1
	}
	if last := f.english(t, i); last > 0 {
		return i, last
	}
	if !f.street(t, i) {
		return 0, -1
	}
	last = f.house(t, i+1)
	if last < 0 {
		return 0, -1
	}
	from = i
	for from > 0 && i-from < 3 && f.gapIs(t[from-1], t[from], " ") && (streetQualifiers[t[from-1].text] || t[from-1].upper && ownStreetWord[t[i].text]) {
		from--
	}
	return from, last
}

// street reports whether the token can be the name of a street, or end one.
func (f *folded) street(t []token, i int) bool {
	if ownStreetWord[t[i].text] {
		return i > 0 && t[i-1].upper && f.gapIs(t[i-1], t[i], " ") && !noPersons()[t[i-1].text]
	}
	qualified := i > 0 && streetQualifiers[t[i-1].text] && t[i-1].upper && f.gapIs(t[i-1], t[i], " ")
	for _, e := range streetEndings {
		if t[i].text == e && qualified {
			return true // "Stora Torget"
		}
		if stem, ok := strings.CutSuffix(t[i].text, e); ok && (len([]rune(stem)) >= 3 || t[i].upper && stem != "") {
			return true
		}
	}
	return false
}

// house is the last token of a house number that begins at i, with its letter
// and what comes after it ("3 B", "12 lgh 1102", "7, 2 tr"), or -1.
func (f *folded) house(t []token, i int) int {
	if i >= len(t) || !houseNo.MatchString(t[i].text) || !f.gapIs(t[i-1], t[i], " ") {
		return -1
	}
	if i+1 < len(t) && measures[t[i+1].text] && f.gapIs(t[i], t[i+1], " ") {
		return -1
	}
	last := i
	if i+1 < len(t) && len(t[i+1].text) == 1 && t[i+1].upper && t[i+1].text >= "a" && t[i+1].text <= "h" && f.gapIs(t[i], t[i+1], " ") {
		last++
	}
	for last+2 < len(t) && f.near(t[last], t[last+1]) {
		a, b := t[last+1].text, t[last+2].text
		if a == "lgh" && digitsOnly.MatchString(b) || digitsOnly.MatchString(a) && b == "tr" {
			last += 2
			continue
		}
		break
	}
	return last
}

// near reports whether only a comma and spaces stand between the tokens.
func (f *folded) near(a, b token) bool {
	gap := string(f.low[a.to:b.from])
	return len(gap) > 0 && len(gap) <= 3 && strings.Trim(gap, " ,\n") == ""
}

// placeAfter is the last token of an address with the postal code and the place
// that follow it.
func (f *folded) placeAfter(t []token, last int) int {
	next := last + 1
	if next >= len(t) || !f.near(t[last], t[next]) {
		return last
	}
	if n := f.postal(t, next); n > 0 {
		return next + n - 1
	}
	return last
}

// postal is how many tokens make a Swedish postal code with its place:
// "722 11 Västerås", "SE-72211 Västerås".
func (f *folded) postal(t []token, i int) int {
	n := 0
	if t[i].text == "se" || t[i].text == "s" {
		if i+1 >= len(t) || !f.has(t[i].to, "-") || t[i].to+1 != t[i+1].from {
			return 0
		}
		n++
	}
	switch {
	case i+n+1 < len(t) && len(t[i+n].text) == 3 && digitsOnly.MatchString(t[i+n].text) && t[i+n].text[0] != '0' && len(t[i+n+1].text) == 2 &&
		digitsOnly.MatchString(t[i+n+1].text) && f.gapIs(t[i+n], t[i+n+1], " "):
		n += 2
	case i+n < len(t) && len(t[i+n].text) == 5 && digitsOnly.MatchString(t[i+n].text) && t[i+n].text[0] != '0':
		n++
	default:
		return 0
	}
	if i+n >= len(t) || !t[i+n].upper || !f.gapIs(t[i+n-1], t[i+n], " ") || readOthers()[t[i+n].text] {
		return 0
	}
	n++
	for k := 0; k < 2 && i+n < len(t) && t[i+n].upper && f.gapIs(t[i+n-1], t[i+n], " ") && noPersons()[t[i+n].text] && !readOthers()[t[i+n].text]; k++ {
		n++
	}
	return n
}

// english is the last token of an English address that begins with its number
// at i, or 0.
func (f *folded) english(t []token, i int) int {
	if !houseNo.MatchString(t[i].text) || i > 0 && f.has(t[i].from-1, ".") {
		return 0
	}
	for k := i + 1; k < len(t) && k <= i+4 && t[k].upper && f.gapIs(t[k-1], t[k], " "); k++ {
		if k > i+1 && streetWords[t[k].text] {
			return f.englishPlace(t, k)
		}
	}
	return 0
}

// englishPlace adds town and post code: ", York YO1 7HH".
func (f *folded) englishPlace(t []token, last int) int {
	for k := last + 1; k+1 < len(t) && k <= last+3 && f.near(t[k-1], t[k]); k++ {
		if ukPostcode.MatchString(t[k].text) && ukInward.MatchString(t[k+1].text) && f.gapIs(t[k], t[k+1], " ") {
			return k + 1
		}
		if !t[k].upper {
			break
		}
	}
	return last
}

func (f *folded) capitals(t token) bool { return f.upper[t.to-1] }

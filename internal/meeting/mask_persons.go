package meeting

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Third persons are found in two ways: by a list of common given names, written
// with a capital letter; and by a capitalised word after one that says what
// somebody is ("min son …", "handläggaren …", "hennes dotter heter …"), where
// the name need not be in the list. Neither finds everything: a rare name that
// nothing introduces is not seen. See guard_test.go for how much they find.

// The words that introduce a name. Those in ofSomeone do so only after a word
// that says whose they are: "min man Göran", but not "man Ska".
var (
	relations = wordSet(`son sonen sons dotter dottern döttrar söner mamma mamman pappa pappan mor modern far fadern mormor morfar farmor farfar
		bror brodern syster systern bröder systrar syskon make maken maka makan hustru hustrun sambo sambon särbo särbon svärmor svärfar
		svärdotter svärson svägerska svåger styvson styvdotter bonusson bonusdotter barnbarn barnbarnet barnbarnen kusin kusinen moster mostern
		faster fastern farbror morbror pojkvän pojkvännen flickvän flickvännen väninna väninnan kompis kompisen granne grannen grannes
		brorson brorsdotter systerson systerdotter brorsan syrran morsan farsan tvillingbror tvillingsyster storebror lillebror storasyster lillasyster
		handläggare kurator kuratorn läkare doktor doktorn dr psykolog psykologen psykiater psykiatern terapeut terapeuten präst prästen diakon diakonen
		lärare lärarinnan rektor rektorn assistent assistenten brukare patient patienten politiker politikern ordförande ordföranden
		kontaktperson kontaktpersonen vårdare vårdbiträde vårdbiträdet stödperson stödpersonen samordnare chef chefen konsulent konsulenten
		fysioterapeut logoped dietist ledamot ledamoten kommunalråd herr fru fröken mr mrs ms miss sir nurse doctor
		daughter mother father brother sister husband wife mum mom dad grandmother grandfather grandma grandpa granny aunt uncle nephew niece cousin
		grandson granddaughter stepson stepdaughter girlfriend boyfriend neighbour neighbor mate caseworker manager therapist psychologist counsellor
		sons daughters brothers sisters`)
	ofSomeone   = wordSet(`man mannen fru frun kvinna barn barnet barnen vän vännen vänner tjej tjejen kille killen partner partnern ex exet föräldrar friend child children worker carer boss`)
	possessives = wordSet(`min mitt mina din ditt dina sin sitt sina hans hennes hens deras vår vårt våra er ert era my your his her our their whose social support care gode god`)
	// callings end words for what somebody does: "biståndshandläggaren".
	callings = []string{"handläggare", "sekreterare", "sköterska", "läkare", "chef", "konsulent", "stödjare", "samordnare", "terapeut", "gymnast",
		"pedagog", "assistent", "vårdare", "skötare", "rådgivare", "strateg", "ledare", "lärare", "sysslare", "kurator", "mentor", "vakt"}
	endings = []string{"", "n", "en", "an", "na", "s", "ns", "ens", "ans"}
	plurals = wordSet(`söner döttrar bröder systrar syskon barn barnen barnbarn barnbarnen vänner föräldrar sons daughters brothers sisters children`)
	called  = wordSet(`heter hette kallas kallad named called`)
	persons = wordSet(`hon han hen jag de she he`)
	// notAfter come before a saint's or a king's name that is a place's, and
	// notBefore after a name that is an institution's.
	notAfter  = wordSet(`sankt sankta s:t st s:ta kung drottning kungen drottningen saint king queen`)
	notBefore = wordSet(`sjukhus sjukhuset gata gatan väg vägen torg plan kyrka kyrkan församling stiftelse stiftelsen skola skolan skolorna
		högskola högskolan universitet universitetet hospital university street road church school foundation ungdom beroende beroendecentrum barnsjukhus hemmet äldreboende boende hem syndrom sjukdom modellen metoden skalan`)
)

// introduces reports whether the token says what somebody is, so that a name
// can follow, and whether of several people.
func introduces(t []token, i int) (ok, several bool) {
	w := t[i].text
	several = plurals[w]
	if ofSomeone[w] {
		return i > 0 && (possessives[t[i-1].text] || strings.HasSuffix(t[i-1].text, "s") && t[i-1].upper), several
	}
	if relations[w] {
		return true, several
	}
	for _, c := range callings {
		for _, e := range endings {
			if strings.HasSuffix(w, c+e) {
				return true, false
			}
		}
	}
	return false, false
}

// nameless reports whether a capitalised word names nobody. Words in capitals
// throughout are abbreviations.
func (f *folded) nameless(t token) bool {
	letters := strings.TrimRight(t.text, "0123456789")
	if !t.upper || utf8.RuneCountInString(letters) < 2 || noPersons()[letters] || noPersons()[strings.TrimSuffix(letters, "s")] || len(letters) != len(t.text) {
		return true
	}
	for _, c := range []string{"kommun", "kommunen", "nämnden", "tjänsten", "centralen", "mottagningen", "gården", "hemmet", "gruppen", "förbundet", "föreningen", "vården",
		"kassan", "verket", "styrelsen", "psykiatrin", "omsorgen", "stödet", "linjen", "gatan", "vägen", "caféet", "kyrkan", "skolan", "teamet"} {
		if strings.HasSuffix(letters, c) {
			return true
		}
	}
	return !slices.Contains(f.upper[t.from+1:t.to], false)
}

// listed reports whether the token is a common given name, with or without a
// genitive -s.
func listed(t token) bool {
	return t.upper && (givenNames()[t.text] || givenNames()[strings.TrimSuffix(t.text, "s")] && len(t.text) > 4)
}

// thirdPersons finds names of people who are not in the room.
func (f *folded) thirdPersons() (out []span) {
	t := f.tokens()
	for i := 0; i < len(t); {
		n := 0
		switch {
		case f.bare(t, i):
			n = 1
		case i > 0 && (!f.nameless(t[i]) || givenNames()[t[i].text] && !ordinaryWords[t[i].text]) && f.after(t, i):
			n = 1
		}
		if n == 0 {
			i++
			continue
		}
		from := i
		for from > 0 && f.has(t[from].from-1, "-") && t[from-1].to == t[from].from-1 && t[from-1].upper && f.low[t[from-1].from] != 0 {
			from-- // "Maj-Britt"
		}
		last := i
		for last+1 < len(t) && last-i < 3 && f.between(t[last].to, t[last+1].from) && !genitive(t[last]) &&
			(!f.nameless(t[last+1]) || listed(t[last+1])) && !f.startsSentence(t[last+1]) {
			last++
		}
		out = append(out, f.take(t[from].from, f.endOf(t[last]), patternName))
		i = last + 1
		for i+1 < len(t) && (t[i].text == "och" || t[i].text == "and") && f.gapIs(t[i-1], t[i], " ") && f.gapIs(t[i], t[i+1], " ") &&
			f.severalBefore(t, from) && !f.nameless(t[i+1]) {
			out = append(out, f.take(t[i+1].from, f.endOf(t[i+1]), patternName))
			i += 2
		}
	}
	return out
}

// bare reports whether the token is a listed name in a place where a name can
// stand.
func (f *folded) bare(t []token, i int) bool {
	if !listed(t[i]) {
		return false
	}
	if i > 0 && notAfter[t[i-1].text] && f.between(t[i-1].to, t[i].from) {
		return false
	}
	for k := i + 1; k < len(t) && k-i <= 3 && f.between(t[k-1].to, t[k].from); k++ {
		if notBefore[t[k].text] {
			return false // "Marie Cederschiöld högskola"
		}
		if !t[k].upper {
			break
		}
	}
	next := i+1 < len(t) && f.between(t[i].to, t[i+1].from)
	word := ordinaryWords[t[i].text] || ordinaryWords[strings.TrimSuffix(t[i].text, "s")]
	if !word {
		return true
	}
	return !f.startsSentence(t[i]) || next && !f.nameless(t[i+1]) && strings.HasSuffix(t[i+1].text, "son")
}

// startsSentence reports whether a capital letter is due at the token anyway.
func (f *folded) startsSentence(t token) bool {
	i := t.from
	for i > 0 && strings.ContainsRune(" \"'”“’«»*_([-", f.low[i-1]) {
		i--
	}
	return i == 0 || strings.ContainsRune(".!?:\n…•", f.low[i-1])
}

// after reports whether the words before the token introduce a name.
func (f *folded) after(t []token, i int) bool {
	if !f.gapIs(t[i-1], t[i], " ") {
		return false
	}
	if ok, _ := introduces(t, i-1); ok {
		return true
	}
	if !called[t[i-1].text] && !(t[i-1].text == "namn" && i > 1 && t[i-2].text == "vid") {
		return false
	}
	for k := i - 2; k >= 0 && i-k <= 6; k-- {
		if strings.ContainsAny(string(f.low[t[k].to:t[k+1].from]), ".!?\n") {
			return false
		}
		if ok, _ := introduces(t, k); ok || persons[t[k].text] || ofSomeone[t[k].text] {
			return true
		}
	}
	return false
}

// severalBefore reports whether several people are introduced before the token.
func (f *folded) severalBefore(t []token, i int) bool {
	for k := i - 1; k >= 0 && i-k <= 4; k-- {
		if plurals[t[k].text] {
			return true
		}
	}
	return false
}

func (f *folded) gapIs(a, b token, gap string) bool {
	return strings.TrimSpace(string(f.low[a.to:b.from])) == strings.TrimSpace(gap) && b.from > a.to && b.from-a.to <= 2 && f.low[a.to] == ' '
}

// genitive reports whether the token is a listed name with a genitive -s, after
// which comes what is somebody's, not more of the name.
func genitive(t token) bool {
	return !givenNames()[t.text] && strings.HasSuffix(t.text, "s") && givenNames()[strings.TrimSuffix(t.text, "s")]
}

// endOf is the end of a name: before a genitive -s, where that can be told.
func (f *folded) endOf(t token) int {
	if genitive(t) || strings.HasSuffix(t.text, "sons") || strings.HasSuffix(t.text, "bergs") {
		return t.to - 1
	}
	return t.to
}

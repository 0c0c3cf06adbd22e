package render

import (
	"fmt"
	"strings"
	"text/template"
	"time"

	"blnbot/internal/meeting"
)

// words are what a language needs besides templates.
type words struct {
	weekdays, months []string
	roles            map[meeting.Role]meeting.RoleName
	people           noun     // members of unknown role
	others           noun     // people in roles too small to name
	small            []string // numbers written as words, from 2
	and, or          string
	clock            string // layout of a time of day
	stockholm        string
	timeIn           string
	tag              string // of the language as it is written in the country (BCP 47)
	page             string // page number and number of pages
	states           map[meeting.State]string
	meeting          string // above its number
}

// noun is a word in singular and plural.
type noun struct{ one, many string }

// vocabularyWith are the words of a language with the names that a user has
// given to roles.
func vocabularyWith(lang string, own meeting.RoleNames) *words {
	w := vocabulary(lang)
	w.roles = meeting.DefaultRoleNames(lang)
	for r, n := range own[lang] {
		w.roles[r] = n
	}
	return w
}

func vocabulary(lang string) *words {
	if lang == "en" {
		return &words{
			weekdays: []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
			months: []string{"January", "February", "March", "April", "May", "June", "July",
				"August", "September", "October", "November", "December"},
			people: noun{"participant", "participants"}, others: noun{"other participant", "other participants"},
			small: []string{"two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"},
			and:   "and", or: "or",
			clock:     "15:04",
			stockholm: "Swedish time", timeIn: "time in %s",
			tag: "en-GB", page: "Page %s of %s", meeting: "Meeting",
			states: map[meeting.State]string{
				meeting.StateShared: "summary shared", meeting.StateClosed: "summary waits for approval", meeting.StateOpen: "under way",
				meeting.StateMissed: "never opened", meeting.StatePlanned: "not begun",
			},
		}
	}
	return &words{
		weekdays: []string{"söndag", "måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag"},
		months: []string{"januari", "februari", "mars", "april", "maj", "juni", "juli",
			"augusti", "september", "oktober", "november", "december"},
		people: noun{"deltagare", "deltagare"}, others: noun{"annan deltagare", "andra deltagare"},
		small: []string{"två", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio", "tio", "elva", "tolv"},
		and:   "och", or: "eller",
		clock:     "15.04",
		stockholm: "svensk tid", timeIn: "tid i %s",
		tag: "sv-SE", page: "Sida %s av %s", meeting: "Möte",
		states: map[meeting.State]string{
			meeting.StateShared: "sammanfattningen är delad", meeting.StateClosed: "sammanfattningen väntar", meeting.StateOpen: "pågår",
			meeting.StateMissed: "öppnade aldrig", meeting.StatePlanned: "inte börjat",
		},
	}
}

// date is a day without its year: "tisdag 8 september".
func (w *words) date(t time.Time) string {
	return fmt.Sprintf("%s %d %s", w.weekdays[t.Weekday()], t.Day(), w.months[t.Month()-1])
}

// role names what one person is; unknown roles are "deltagare".
func (w *words) role(r meeting.Role) string {
	if n, ok := w.roles[r]; ok {
		return n.One
	}
	return w.people.one
}

// zone names the zone that a local time is in, by the city that it is named
// after.
func (w *words) zone(t time.Time) string {
	name := t.Location().String()
	if name == "Europe/Stockholm" {
		return w.stockholm
	}
	at := strings.LastIndexByte(name, '/')
	if at < 0 {
		return name // UTC
	}
	return fmt.Sprintf(w.timeIn, strings.ReplaceAll(name[at+1:], "_", " "))
}

// participants lists a count by role: "4 anhöriga, 2 yrkesverksamma och 1
// annan deltagare". If nobody's role is known it is empty.
func (w *words) participants(c meeting.RoleCount) string {
	var parts []string
	for _, r := range meeting.Roles() {
		if n := c[r]; n > 0 {
			parts = append(parts, count(n, noun{w.roles[r].One, w.roles[r].Many}))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	if n := c[meeting.RoleUnknown]; n > 0 {
		parts = append(parts, count(n, w.others))
	}
	return w.list(parts)
}

func count(n int, word noun) string {
	if n == 1 {
		return "1 " + word.one
	}
	return fmt.Sprintf("%d %s", n, word.many)
}

func (w *words) list(parts []string) string {
	switch len(parts) {
	case 0:
		return ""
	case 1:
		return parts[0]
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " " + w.and + " " + parts[len(parts)-1]
}

func escapeAll(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = Escape(t)
	}
	return out
}

// Role names a role in a language.
func (t *Texts) Role(lang string, r meeting.Role) string { return t.words(lang).role(r) }

func (t *Texts) words(lang string) *words { return vocabularyWith(lang, t.roles) }

// ParseRole is the role that a word in any language means: the user's own name
// for it, its name in singular or plural, or a word people use for it.
func (t *Texts) ParseRole(word string) (meeting.Role, bool) {
	word = Fold(strings.Join(strings.Fields(word), " "))
	for _, own := range []meeting.RoleNames{t.roles, nil} {
		for _, lang := range Languages() {
			names := own[lang]
			if own == nil {
				names = meeting.DefaultRoleNames(lang)
			}
			for role, n := range names {
				if word == Fold(n.One) || word == Fold(n.Many) || word == Fold(n.Word) || word == string(role) {
					return role, true
				}
			}
		}
	}
	role, ok := roleWords[word]
	return role, ok
}

// roleWordList is all roles as people write them: "anhörig, chef eller politiker".
func (w *words) roleWordList() string {
	var parts []string
	for _, r := range meeting.Roles() {
		parts = append(parts, w.roles[r].Word)
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], ", ") + " " + w.or + " " + parts[last]
}

// roleWords are further words for roles, folded. The leader of a network is in
// no role by that.
var roleWords = map[string]meeting.Role{
	"narstaende": meeting.RoleCarer, "anhorigvardare": meeting.RoleCarer, "relative": meeting.RoleCarer, "caregiver": meeting.RoleCarer,
	"personal": meeting.RoleProfessional, "anstalld": meeting.RoleProfessional, "anstallda": meeting.RoleProfessional,
	"professionell": meeting.RoleProfessional, "professionella": meeting.RoleProfessional, "staff": meeting.RoleProfessional,
	"enhetschef": meeting.RoleManager, "verksamhetschef": meeting.RoleManager,
	"fortroendevald": meeting.RolePolitician, "fortroendevalda": meeting.RolePolitician,
	"ideburen": meeting.RoleNGO, "ideburna": meeting.RoleNGO, "ideburen organisation": meeting.RoleNGO, "ideburna organisationer": meeting.RoleNGO,
	"forening": meeting.RoleNGO, "foreningar": meeting.RoleNGO, "organisation": meeting.RoleNGO, "organisationer": meeting.RoleNGO,
	"frivillig": meeting.RoleNGO, "frivilliga": meeting.RoleNGO, "voluntary": meeting.RoleNGO, "ngos": meeting.RoleNGO,
}

// Fold makes words comparable that people type differently: lower case, å and
// ä as a, ö as o, é as e.
func Fold(s string) string {
	return foldReplacer.Replace(strings.ToLower(s))
}

var foldReplacer = strings.NewReplacer("å", "a", "ä", "a", "ö", "o", "é", "e", "ü", "u",
	"a\u030a", "a", "a\u0308", "a", "o\u0308", "o", "e\u0301", "e")

// funcs are what templates can call.
func funcs(lang string, own meeting.RoleNames) template.FuncMap {
	w := vocabularyWith(lang, own)
	return template.FuncMap{
		"esc":          Escape,
		"lines":        escapeLines,
		"code":         code,
		"link":         link,
		"date":         w.date,
		"clock":        func(t time.Time) string { return t.Format(w.clock) },
		"year":         func(t time.Time) string { return t.Format("2006") },
		"iso":          func(t time.Time) string { return t.Format("2006-01-02 15:04") },
		"day":          func(t time.Time) string { return t.Format("2006-01-02") },
		"zone":         w.zone,
		"role":         w.role,
		"nobody":       func(r meeting.Role) string { return w.roles[r].Nobody },
		"roleWord":     func(r meeting.Role) string { return w.roles[r].Word },
		"roleMany":     func(r meeting.Role) string { return w.roles[r].Many },
		"roleWords":    w.roleWordList,
		"participants": w.participants,
		"list":         func(names []string) string { return w.list(escapeAll(names)) },
		"plural": func(n int, one, many string) string {
			if n == 1 {
				return one
			}
			return many
		},
		"number": w.number,
		"add":    func(a, b int) int { return a + b },
		"upper":  UpperFirst,
	}
}

// number writes small numbers as words would in running text: Swedish has "ett
// svar" and "en fråga", so the gender is the template's second argument.
func (w *words) number(n int, one string) string {
	if n == 1 {
		return one
	}
	if n > 1 && n-2 < len(w.small) {
		return w.small[n-2]
	}
	return fmt.Sprint(n)
}

// UpperFirst returns the text with a capital letter at the start.
func UpperFirst(s string) string {
	for i, r := range s {
		if i == 0 {
			return strings.ToUpper(string(r)) + s[len(string(r)):]
		}
	}
	return s
}

package render

import (
	"testing"
	"time"

	"blnbot/internal/meeting"
)

func TestDates(t *testing.T) {
	loc := stockholm(t)
	for _, c := range []struct {
		at             time.Time
		svDate, svTime string
		enDate, enTime string
	}{
		{time.Date(2026, 1, 5, 9, 0, 0, 0, loc), "måndag 5 januari", "09.00", "Monday 5 January", "09:00"},
		{time.Date(2026, 2, 3, 17, 0, 0, 0, loc), "tisdag 3 februari", "17.00", "Tuesday 3 February", "17:00"},
		{time.Date(2028, 2, 29, 17, 0, 0, 0, loc), "tisdag 29 februari", "17.00", "Tuesday 29 February", "17:00"},
		{time.Date(2026, 3, 4, 17, 30, 0, 0, loc), "onsdag 4 mars", "17.30", "Wednesday 4 March", "17:30"},
		{time.Date(2026, 4, 2, 17, 5, 0, 0, loc), "torsdag 2 april", "17.05", "Thursday 2 April", "17:05"},
		{time.Date(2026, 5, 1, 0, 0, 0, 0, loc), "fredag 1 maj", "00.00", "Friday 1 May", "00:00"},
		{time.Date(2026, 6, 6, 23, 59, 0, 0, loc), "lördag 6 juni", "23.59", "Saturday 6 June", "23:59"},
		{time.Date(2026, 7, 5, 12, 0, 0, 0, loc), "söndag 5 juli", "12.00", "Sunday 5 July", "12:00"},
		{time.Date(2026, 8, 10, 8, 0, 0, 0, loc), "måndag 10 augusti", "08.00", "Monday 10 August", "08:00"},
		{time.Date(2026, 9, 8, 17, 0, 0, 0, loc), "tisdag 8 september", "17.00", "Tuesday 8 September", "17:00"},
		{time.Date(2026, 10, 14, 17, 0, 0, 0, loc), "onsdag 14 oktober", "17.00", "Wednesday 14 October", "17:00"},
		{time.Date(2026, 11, 30, 17, 0, 0, 0, loc), "måndag 30 november", "17.00", "Monday 30 November", "17:00"},
		{time.Date(2026, 12, 31, 17, 0, 0, 0, loc), "torsdag 31 december", "17.00", "Thursday 31 December", "17:00"},
		// Summer time begins: 02.00 to 03.00 is skipped.
		{time.Date(2026, 3, 29, 0, 59, 0, 0, time.UTC).In(loc), "söndag 29 mars", "01.59", "Sunday 29 March", "01:59"},
		{time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC).In(loc), "söndag 29 mars", "03.00", "Sunday 29 March", "03:00"},
		{time.Date(2026, 3, 28, 23, 30, 0, 0, time.UTC).In(loc), "söndag 29 mars", "00.30", "Sunday 29 March", "00:30"},
		// Summer time ends: 02.00 to 03.00 comes twice.
		{time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC).In(loc), "söndag 25 oktober", "02.30", "Sunday 25 October", "02:30"},
		{time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC).In(loc), "söndag 25 oktober", "02.30", "Sunday 25 October", "02:30"},
		{time.Date(2026, 10, 24, 22, 30, 0, 0, time.UTC).In(loc), "söndag 25 oktober", "00.30", "Sunday 25 October", "00:30"},
	} {
		sv, en := vocabularyWith("sv", nil), vocabularyWith("en", nil)
		if got := sv.date(c.at); got != c.svDate {
			t.Errorf("sv date of %s = %q, want %q", c.at, got, c.svDate)
		}
		if got := c.at.Format(sv.clock); got != c.svTime {
			t.Errorf("sv clock of %s = %q, want %q", c.at, got, c.svTime)
		}
		if got := en.date(c.at); got != c.enDate {
			t.Errorf("en date of %s = %q, want %q", c.at, got, c.enDate)
		}
		if got := c.at.Format(en.clock); got != c.enTime {
			t.Errorf("en clock of %s = %q, want %q", c.at, got, c.enTime)
		}
	}
}

func TestZone(t *testing.T) {
	for _, c := range []struct{ name, sv, en string }{
		{"Europe/Stockholm", "svensk tid", "Swedish time"},
		{"Europe/Helsinki", "tid i Helsinki", "time in Helsinki"},
		{"America/New_York", "tid i New York", "time in New York"},
		{"America/Argentina/Buenos_Aires", "tid i Buenos Aires", "time in Buenos Aires"},
		{"UTC", "UTC", "UTC"},
	} {
		loc, err := time.LoadLocation(c.name)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 9, 8, 17, 0, 0, 0, loc)
		if sv, en := vocabularyWith("sv", nil).zone(now), vocabularyWith("en", nil).zone(now); sv != c.sv || en != c.en {
			t.Errorf("%s is %q and %q, want %q and %q", c.name, sv, en, c.sv, c.en)
		}
	}
}

func TestParticipants(t *testing.T) {
	for _, c := range []struct {
		count  meeting.RoleCount
		sv, en string
	}{
		{nil, "", ""},
		{meeting.RoleCount{meeting.RoleUnknown: 5}, "", ""},
		{meeting.RoleCount{meeting.RoleCarer: 0, meeting.RoleUnknown: 1}, "", ""},
		{meeting.RoleCount{meeting.RoleCarer: 1}, "1 anhörig", "1 carer"},
		{meeting.RoleCount{meeting.RoleCarer: 4, meeting.RoleUnknown: 1}, "4 anhöriga och 1 annan deltagare", "4 carers and 1 other participant"},
		{
			meeting.RoleCount{meeting.RoleNGO: 1, meeting.RolePolitician: 1, meeting.RoleManager: 1, meeting.RoleProfessional: 1, meeting.RoleCarer: 1},
			"1 anhörig, 1 yrkesverksam, 1 chef, 1 politiker och 1 från idéburen organisation",
			"1 carer, 1 professional, 1 manager, 1 politician and 1 from a voluntary organisation",
		},
		{
			meeting.RoleCount{meeting.RoleNGO: 2, meeting.RolePolitician: 2, meeting.RoleManager: 2, meeting.RoleProfessional: 2, meeting.RoleCarer: 20, meeting.RoleUnknown: 2},
			"20 anhöriga, 2 yrkesverksamma, 2 chefer, 2 politiker, 2 från idéburna organisationer och 2 andra deltagare",
			"20 carers, 2 professionals, 2 managers, 2 politicians, 2 from voluntary organisations and 2 other participants",
		},
	} {
		if got := vocabularyWith("sv", nil).participants(c.count); got != c.sv {
			t.Errorf("sv: %v is %q, want %q", c.count, got, c.sv)
		}
		if got := vocabularyWith("en", nil).participants(c.count); got != c.en {
			t.Errorf("en: %v is %q, want %q", c.count, got, c.en)
		}
	}
}

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		n      int
		sv, en string
	}{
		{-1, "-1", "-1"}, {0, "0", "0"}, {1, "ett", "one"}, {2, "två", "two"}, {3, "tre", "three"}, {7, "sju", "seven"}, {8, "åtta", "eight"},
		{11, "elva", "eleven"}, {12, "tolv", "twelve"}, {13, "13", "13"}, {200, "200", "200"},
	} {
		if sv, en := vocabularyWith("sv", nil).number(c.n, "ett"), vocabularyWith("en", nil).number(c.n, "one"); sv != c.sv || en != c.en {
			t.Errorf("%d is %q and %q, want %q and %q", c.n, sv, en, c.sv, c.en)
		}
	}
	if got := vocabularyWith("sv", nil).number(1, "en"); got != "en" {
		t.Errorf("1 is %q, want en", got)
	}
}

func TestList(t *testing.T) {
	for _, c := range []struct {
		parts  []string
		sv, en string
	}{
		{nil, "", ""}, {[]string{"a"}, "a", "a"}, {[]string{"a", "b"}, "a och b", "a and b"}, {[]string{"a", "b", "c"}, "a, b och c", "a, b and c"},
	} {
		if sv, en := vocabularyWith("sv", nil).list(c.parts), vocabularyWith("en", nil).list(c.parts); sv != c.sv || en != c.en {
			t.Errorf("%v is %q and %q, want %q and %q", c.parts, sv, en, c.sv, c.en)
		}
	}
}

func TestRole(t *testing.T) {
	x := New()
	for _, lang := range Languages() {
		seen := map[string]bool{}
		for _, r := range append(meeting.Roles(), meeting.RoleUnknown) {
			name := x.Role(lang, r)
			if name == "" || seen[name] {
				t.Errorf("%s: role %q is named %q", lang, r, name)
			}
			seen[name] = true
		}
		for _, r := range meeting.Roles() {
			w := x.words(lang)
			if w.roles[r].Nobody == "" || w.roles[r].Many == "" {
				t.Errorf("%s: words are missing for %s", lang, r)
			}
			for _, word := range []string{w.roles[r].One, w.roles[r].Many, string(r)} {
				if got, ok := x.ParseRole(word); !ok || got != r {
					t.Errorf("ParseRole(%q) = %q, %t", word, got, ok)
				}
			}
		}
	}
}

func TestParseRole(t *testing.T) {
	x := New()
	for word, want := range map[string]meeting.Role{
		"anhörig": meeting.RoleCarer, "Anhörig": meeting.RoleCarer, " ANHÖRIGA ": meeting.RoleCarer, "anhorig": meeting.RoleCarer,
		"anho\u0308rig": meeting.RoleCarer, "närstående": meeting.RoleCarer, "carer": meeting.RoleCarer, "Carers": meeting.RoleCarer,
		"yrkesverksam": meeting.RoleProfessional, "personal": meeting.RoleProfessional, "anställda": meeting.RoleProfessional, "staff": meeting.RoleProfessional,
		"chef": meeting.RoleManager, "Chefer": meeting.RoleManager, "manager": meeting.RoleManager,
		"politiker": meeting.RolePolitician, "förtroendevald": meeting.RolePolitician, "politicians": meeting.RolePolitician,
		"idéburen": meeting.RoleNGO, "ideburen": meeting.RoleNGO, "ide\u0301buren": meeting.RoleNGO, "idéburen  organisation": meeting.RoleNGO,
		"från idéburen organisation": meeting.RoleNGO, "från idéburna organisationer": meeting.RoleNGO, "förening": meeting.RoleNGO, "ngo": meeting.RoleNGO, "NGO": meeting.RoleNGO,
		"": "", "deltagare": "", "participant": "", "kung": "", "anhörig chef": "", "unknown": "", "ledare": "", "leader": "",
	} {
		got, ok := x.ParseRole(word)
		if got != want || ok != (want != "") {
			t.Errorf("ParseRole(%q) = %q, %t, want %q", word, got, ok, want)
		}
	}
}

func TestFold(t *testing.T) {
	for word, want := range map[string]string{
		"Påminn": "paminn", "SAMMANSTÄLL": "sammanstall", "Hjälp": "hjalp", "närvaro": "narvaro", "GLÖM": "glom", "idé": "ide", "Müller": "muller",
		"na\u0308rvaro": "narvaro", "A\u030ateg": "ateg", "help": "help", "": "", "1.2": "1.2", "ñ": "ñ",
	} {
		if got := Fold(word); got != want {
			t.Errorf("Fold(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestUpperFirst(t *testing.T) {
	for word, want := range map[string]string{"": "", "en": "En", "åtta": "Åtta", "12": "12", "Två": "Två"} {
		if got := UpperFirst(word); got != want {
			t.Errorf("UpperFirst(%q) = %q, want %q", word, got, want)
		}
	}
}

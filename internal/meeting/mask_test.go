package meeting_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/meeting"
)

func maskWords() meeting.MaskWords {
	return meeting.MaskWords{Name: "[namn]", Phone: "[telefonnummer]", Email: "[e-postadress]", ID: "[personnummer]", Address: "[adress]"}
}

func members() []string {
	return []string{
		"Anna Berg (anhörig)", "anna.berg", "Lena, Västerås kommun", "lena", "Åsa Öström", "asa75",
		"Bo Ek", "Per", "Hans Sten", "Björn", "André Müller", "Anna-Lena B", "Fatima Al-Hassan", "@kerstin_n:example.se",
		"Olle mamma till två", "Boten", "anhörig", "Yngve Zetterlund-Åhs", "Владимир", "Lars",
	}
}

func TestMaskNames(t *testing.T) {
	m := meeting.NewMasker(members())
	for _, tc := range []struct{ in, want string }{
		{"Anna sa det", "[namn] sa det"},
		{"anna sa det, ANNA också", "[namn] sa det, [namn] också"},
		{"Anna Berg och Lena", "[namn] och [namn]"},
		{"anna berg ringde", "[namn] ringde"},
		{"annaberg skrev", "[namn] skrev"},
		{"Annas bror och Anna Bergs man", "[namn]s bror och [namn]s man"},
		{"Anna’s bror", "[namn]’s bror"},
		{"Annan vård, annars ett berg av papper", "Annan vård, annars ett berg av papper"},
		{"Bergs mottagning", "[namn]s mottagning"},
		{"Åsa, åsas, A\u030asa och Asa", "[namn], [namn]s, [namn] och [namn]"},
		{"O\u0308stro\u0308ms förslag", "[namn]s förslag"},
		{"kåsan", "kåsan"},
		{"Han bo där. Bo sa det.", "Han bo där. [namn] sa det."},
		{"tre gånger per dag, sa Per", "tre gånger per dag, sa [namn]"},
		{"hans stenar, men Hans, Sten och hans sten", "hans stenar, men [namn], [namn] och [namn]"},
		{"hans ekonomi, per person", "hans ekonomi, per person"},
		{"vi såg en björn med Björn", "vi såg en björn med [namn]"},
		{"Andre och André och Andre\u0301", "[namn] och [namn] och [namn]"},
		{"Muller, Müller", "[namn], [namn]"},
		{"Anna-Lena B kom", "[namn] kom"},
		{"annalena kom", "[namn] kom"},
		{"An\u200bna och \u200eLe\u00adna", "[namn] och \u200e[namn]"},
		{"Fatima Al-Hassans idé", "[namn]s idé"},
		{"Lars bil", "[namn] bil"},
		{"Anna2 och lena75", "[namn] och [namn]"},
		{"kerstin_n", "[namn]"},
		{"Två barn, till kommunen i Västerås", "Två barn, till kommunen i Västerås"},
		{"boten och en anhörig", "boten och en anhörig"},
		{"Zetterlund-Åhs", "[namn]"},
		{"Владимир говорит", "[namn] говорит"},
		{"ＡＮＮＡ", "[namn]"},
		{"@okand:example.se tycker", "[namn] tycker"},
		{"@Okänd:matrix.example.se:8448, ja", "[namn], ja"},
		{"se https://matrix.to/#/@okand:example.se och matrix:u/okand:example.se", "se [namn] och [namn]"},
		{"(https://matrix.to/#/%40x%3Aexample.se?via=example.se)", "([namn])"},
		{"@alla: läs", "@alla: läs"},
		{"\xffAnna\xff", "\xff[namn]\xff"},
		{"[namn] Anna", "[namn] [namn]"},
		{"", ""},
	} {
		if got := m.Mask(tc.in, maskWords()); got != tc.want {
			t.Errorf("Mask(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
}

func TestMaskPatterns(t *testing.T) {
	m := meeting.NewMasker(nil)
	for _, s := range []string{
		"850101-1234", "19850101-1234", "198501011234", "8501011234", "850101+1234", "19850101 1234", "850101 - 1234",
		"850161-1234", "85 01 01 1234", "1985-01-01-1234", "1985-01-01 1234", "850101–1234", "8501\u200b01-1234",
		"８５０１０１-１２３４", "000229-1234", "19 850101-1234", "8️⃣50101-1234", "850101\u00a01234", "120161-9999",
	} {
		check(t, m, s, "[personnummer]", meeting.PatternID)
	}
	for _, s := range []string{
		"070-123 45 67", "0701234567", "070 123 45 67", "070-1234567", "070123 4567x"[:11], "070 - 123 45 67", "+46 70 123 45 67",
		"+46701234567", "+46 (0)70-123 45 67", "+46(0)701234567", "0046 70 123 45 67", "0046701234567", "46701234567",
		"(021) 39 00 00", "(021)390000", "021-39 00 00", "021-390000", "021 39 00 00", "021/39 00 00", "08-12 34 56", "08-123 456 78",
		"08 123456", "0771-11 22 33", "070.123.45.67", "0224-123 45", "+47 22 12 34 56", "+358401234567", "070‑123 45 67",
		"07\u200b0-123 45\u2060 67", "073-12 34 567", "0708-12 34 56", "021-1234",
	} {
		want := "[telefonnummer]"
		kind := meeting.PatternPhone
		if s == "070123 4567" { // also a possible date of birth
			want, kind = "[personnummer]", meeting.PatternID
		}
		check(t, m, s, want, kind)
	}
	for _, s := range []string{
		"anna@example.se", "Anna.Berg+x@post.example.se", "åsa.öst@föreningen.se", "anna (at) x.se", "anna(at)x.se", "anna [at] x.se",
		"anna @ x.se", "anna snabel-a x.se", "anna (snabel-a) x punkt se", "anna@x (punkt) se", "anna at x.se", "anna at x dot se",
		"an\u200bna@x.se", "anna＠x.se", "a_b@x-y.co.uk", "a\u030asa@x.se",
	} {
		check(t, m, s, "[e-postadress]", meeting.PatternEmail)
	}
}

// check masks s alone and inside a sentence.
func check(t *testing.T, m *meeting.Masker, s, want string, kind meeting.Pattern) {
	t.Helper()
	for _, frame := range [][2]string{{"", ""}, {"Min är ", " säger jag."}, {"(", ")"}, {"2026-09-08 kl. 17.00: ", ", tack"}, {"år 1998, ", "\n12 personer"}} {
		if strings.HasPrefix(s, "(") && frame[0] == "(" {
			continue
		}
		in := frame[0] + s + frame[1]
		if got := m.Mask(in, maskWords()); got != frame[0]+want+frame[1] {
			t.Errorf("Mask(%q) = %q, want %q", in, got, frame[0]+want+frame[1])
		}
		if got := m.Sensitive(in, maskWords()); !cmp.Equal(got, []meeting.Pattern{kind}) {
			t.Errorf("Sensitive(%q) = %v, want %v", in, got, kind)
		}
	}
}

func TestMaskLeavesAlone(t *testing.T) {
	m := meeting.NewMasker(nil)
	for _, s := range []string{
		"112 eller 1177", "år 2024–2026", "2026-09-08", "2026-09-08 17:00", "den 8/9 2026", "08-09-2026", "08/09/2026", "20260908",
		"kl. 09.00-17.00", "2026-09-08 kl 09.00 - 17.00", "2026-09-08 09.00-17.00", "kl 8-16", "122.000 kr", "1 250 000 kr", "+12 000 000 kr", "+15 %", "3.4 Utökat",
		"15-20 besökare, 75 %", "556016-0680", "1,3 miljoner", "14 dagar", "10-13", "0,5", "06-12 år", "2021/2022/2023", "v.41",
		"https://skr.se/skr/tjanster/forspecialiseradvardihemmet.79762.html", "look at nka.se", "vi ses @ caféet", "(a) först, (b) sen. Klart",
		"9910", "1 2 3 4 5 6 7 8 9 10", "mobil 2026", "8 – 10 personer", "1985-13-01-1234", "991301-1234",
	} {
		if got := m.Mask(s, maskWords()); got != s {
			t.Errorf("Mask(%q) = %q", s, got)
		}
		if got := m.Sensitive(s, maskWords()); got != nil {
			t.Errorf("Sensitive(%q) = %v", s, got)
		}
	}
}

func TestMaskSeveral(t *testing.T) {
	m := meeting.NewMasker([]string{"Anna"})
	in := "Ring Anna 070-123 45 67 eller 021-39 00 00, a@x.se, 850101-1234 0701234567. Tel: 39 00 00."
	want := "Ring [namn] [telefonnummer] eller [telefonnummer], [e-postadress], [personnummer] [telefonnummer]. Tel: [telefonnummer]."
	if got := m.Mask(in, maskWords()); got != want {
		t.Errorf("got %q", got)
	}
	got := m.Sensitive(in, maskWords())
	if !cmp.Equal(got, []meeting.Pattern{meeting.PatternID, meeting.PatternPhone, meeting.PatternEmail}) {
		t.Errorf("Sensitive = %v", got)
	}
}

// BenchmarkMaskHostile masks large hostile texts. The time per byte must not
// grow with the length: compare 16kB with 64kB.
func BenchmarkMaskHostile(b *testing.B) {
	m := meeting.NewMasker(members())
	for _, unit := range []string{"a", "@", "a@", "1", "0", "08-", "1 ", "(at)", " at ", "a.", "anna ", "anna-", "matrix.to/", "@a:", "x@a.", "a\u0301", "\u200b", "+46 ", "anna berg anna ", "a dot ", "[namn]"} {
		for _, size := range []int{16_000, 64_000} {
			text := strings.Repeat(unit, size/len(unit))
			b.Run(fmt.Sprintf("%q/%dkB", unit, size/1000), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					m.Mask(text, maskWords())
				}
			})
		}
	}
}

func FuzzMask(f *testing.F) {
	for _, s := range []string{"Anna Bergs nr 070-123 45 67", "850101-1234", "a (at) x.se", "A\u030asa", "@a:b.se https://matrix.to/#/@a:b", "[namn]s", "bo Bo per", "\xff\x00", "09.00-17.00 08-12 34 56"} {
		f.Add(s)
	}
	m := meeting.NewMasker(members())
	f.Fuzz(func(t *testing.T, text string) {
		once := m.Mask(text, maskWords())
		if left := m.Sensitive(once, maskWords()); left != nil {
			t.Errorf("%q → %q still holds %v", text, once, left)
		}
		if twice := m.Mask(once, maskWords()); twice != once {
			t.Errorf("%q → %q → %q", text, once, twice)
		}
	})
}

func BenchmarkMask(b *testing.B) {
	m := meeting.NewMasker(members())
	text := strings.Repeat("Anna ringde 070-123 45 67 om avlastning, det hjälpte inte så mycket. ", 900)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		m.Mask(text, maskWords())
	}
}

package digest_test

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/digest"
	"blnbot/internal/meeting"
)

// replies makes entries out of "author/role: text" lines; each is $1, $2 …
func replies(lines ...string) []meeting.Entry {
	var out []meeting.Entry
	for i, line := range lines {
		head, body, _ := strings.Cut(line, ": ")
		who, role, _ := strings.Cut(head, "/")
		e := meeting.Entry{
			ID: meeting.EventID(fmt.Sprintf("$%d", i+1)), Role: meeting.Role(role), State: meeting.EntryActive,
			Prompt: 2, Body: body, Order: meeting.Order{Batch: int64(i / 3), Pos: int64(i % 3)},
		}
		if who != "" {
			e.Author = meeting.UserID("@" + who + ":example.se")
		}
		out = append(out, e)
	}
	return out
}

func texts(points []meeting.Point) string {
	var out []string
	for _, p := range points {
		out = append(out, p.Text)
	}
	return strings.Join(out, "\n")
}

func TestPointsFields(t *testing.T) {
	entries := replies(
		"anna/carer: Kvällsöppen telefonlinje med någon som svarar när det blir akut",
		"mats/professional: Avlösning i hemmet flera timmar varje vecka behövs",
	)
	entries[1].Marks = []meeting.Mark{meeting.MarkIdea}
	entries[1].Support = 3
	entries[1].Late = true
	want := []meeting.Point{
		{Prompt: 2, Number: 1, Text: entries[1].Body, Entries: []meeting.EventID{"$2"}, Support: 4, Role: "professional", Marks: entries[1].Marks, Late: true},
		{Prompt: 2, Number: 2, Text: entries[0].Body, Entries: []meeting.EventID{"$1"}, Support: 1, Role: "carer"},
	}
	if diff := cmp.Diff(want, digest.Points(entries, digest.Options{})); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyActiveEntriesCount(t *testing.T) {
	entries := replies("a/carer: Avlösning behövs på helgerna", "b/carer: Hemligt borttaget om medicin", "c/carer: Utelämnat om kvällar", "d/carer: Oläsligt om bostad", "e/carer:   ")
	entries[1].State, entries[2].State, entries[3].State = meeting.EntryRemoved, meeting.EntryExcluded, meeting.EntryUnreadable
	if got := texts(digest.Points(entries, digest.Options{})); got != "Avlösning behövs på helgerna" {
		t.Errorf("got %q", got)
	}
	if got := digest.Points(nil, digest.Options{}); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}

func TestMarksAlwaysIn(t *testing.T) {
	var lines []string
	for i := range 12 {
		lines = append(lines, fmt.Sprintf("p%d/carer: %s", i, strings.Repeat(string(rune('a'+i)), 6)+"stöd behövs i kommunen och på sjukhuset"))
	}
	entries := replies(append(lines, "x/carer: Ja", "y/carer: https://example.se/x", "z/carer: 😢")...)
	for i := range entries {
		entries[i].Marks = []meeting.Mark{meeting.MarkKey}
	}
	got := digest.Points(entries, digest.Options{Max: 2})
	quoted := map[meeting.EventID]bool{}
	for _, p := range got {
		for _, id := range p.Entries {
			quoted[id] = true
		}
	}
	for _, e := range entries {
		if !quoted[e.ID] {
			t.Errorf("%s %q is marked and in no point", e.ID, e.Body)
		}
	}
}

func TestMarksComeFirst(t *testing.T) {
	entries := replies(
		"a/carer: Samordnare som kan både psykiatri och beroende behövs i kommunen",
		"b/carer: Utbildning för personalen i bemötande behövs", "c/carer: Bostad för den som inte är nykter",
		"d/carer: Grupper för barn på skolan", "e/carer: Telefonlinje på natten",
	)
	entries[0].Support = 9
	entries[2].Marks = []meeting.Mark{meeting.MarkIdea}
	entries[3].Marks = []meeting.Mark{meeting.MarkAction}
	entries[4].Marks = []meeting.Mark{meeting.MarkKey}
	got := digest.Points(entries, digest.Options{Max: 4})
	want := []meeting.EventID{"$5", "$4", "$3", "$1"}
	for i, id := range want {
		if len(got) != 4 || got[i].Entries[0] != id {
			t.Fatalf("point %d of\n%s\nis not %s", i+1, texts(got), id)
		}
	}
	if got := digest.Points(entries, digest.Options{Max: 2}); len(got) != 2 || got[0].Entries[0] != "$5" {
		t.Errorf("💡 must not go beyond Max: %v", got)
	}
}

func TestEveryRoleIsHeard(t *testing.T) {
	var lines []string
	for i := range 20 {
		lines = append(lines, fmt.Sprintf("c%d/carer: Avlösning, telefonlinje och samtal behövs på kvällar, det är förslag nummer %c%c från mig", i, 'a'+rune(i), 'b'+rune(i)))
	}
	lines = append(lines, "m/manager: Vi saknar pengar", "p/politician: Beslut tas i nämnden", "n/ngo: Föreningen lånar ut lokal", "n2/ngo: Hej hej", "y/professional: Tack!")
	heard := map[meeting.Role]bool{}
	for _, p := range digest.Points(replies(lines...), digest.Options{Max: 4}) {
		heard[p.Role] = true
	}
	want := map[meeting.Role]bool{"carer": true, "manager": true, "politician": true, "ngo": true}
	if diff := cmp.Diff(want, heard); diff != "" {
		t.Error(diff)
	}
}

func TestNearDuplicatesAreOnePoint(t *testing.T) {
	entries := replies(
		"anna/carer: Det behövs en telefonlinje för anhöriga på kvällar och helger",
		"bo/professional: en telefonlinje för anhöriga på kvällar och helger behövs",
		"anna/carer: Telefonlinje på kvällar och helger för anhöriga!!",
		"eva/ngo: Barngrupper i skolan",
	)
	entries[0].Support, entries[1].Support, entries[2].Support = 2, 1, 1
	got := digest.Points(entries, digest.Options{})
	if len(got) != 2 || len(got[0].Entries) != 3 {
		t.Fatalf("got %+v", got)
	}
	if got[0].Support != 2+2+1 { // two authors, Anna's best supported reply, Bo's
		t.Errorf("Support = %d", got[0].Support)
	}
	known := map[meeting.EventID][]meeting.UserID{
		"$1": {"@bo:example.se", "@eva:example.se"}, "$2": {"@anna:example.se"}, "$3": {"@eva:example.se"},
	}
	if got := digest.Points(entries, digest.Options{Supporters: known}); got[0].Support != 3 {
		t.Errorf("Support with known supporters = %d, want Anna, Bo and Eva", got[0].Support)
	}
	anonymous := replies(": Telefonlinje på kvällar och helger behövs", ": Telefonlinje på kvällar och helger behövs")
	if got := digest.Points(anonymous, digest.Options{}); len(got) != 1 || got[0].Support != 2 {
		t.Errorf("two anonymous entries: %+v", got)
	}
}

func TestNothingToSay(t *testing.T) {
	for _, body := range []string{
		"Hej!", "Hej allihop och välkomna!", "Tack så mycket för idag", "God kväll alla", "instämmer med Anna", "Håller med Bo", "ja precis",
		"Anna", "Anna Bo", "!hjälp", "!sammanfattning möte två", "https://example.se/om-avlastning", "👍👍", "❤️ Anna", "…", "???", "+1", "12 34", "Bra Anna!", "Mvh Anna",
	} {
		entries := replies("anna/carer: Avlösning behövs på helgerna", "bo/carer: "+body)
		if got := texts(digest.Points(entries, digest.Options{})); got != "Avlösning behövs på helgerna" {
			t.Errorf("%q was offered: %q", body, got)
		}
		if got, ok := digest.Best(entries[1], digest.Options{}, entries...); ok {
			t.Errorf("Best(%q) = %q", body, got)
		}
	}
}

func TestQuestionsOnlyIfNothingBetter(t *testing.T) {
	entries := replies("a/carer: Vem betalar egentligen avlösningen i kommunen?", "b/carer: Avlösning behövs på helgerna")
	if got := texts(digest.Points(entries, digest.Options{})); got != "Avlösning behövs på helgerna" {
		t.Errorf("got %q", got)
	}
	if got := texts(digest.Points(entries[:1], digest.Options{})); got != entries[0].Body {
		t.Errorf("alone: got %q", got)
	}
}

func TestGreetingIsCutOff(t *testing.T) {
	got := digest.Points(replies("bo/carer: Hej alla! Tack Anna, avlösning behövs på helgerna. Ha det bra!", "anna/carer: Ja"), digest.Options{})
	if texts(got) != "avlösning behövs på helgerna." {
		t.Errorf("got %q", texts(got))
	}
}

func TestOppositesAreNotMerged(t *testing.T) {
	got := digest.Points(replies(
		"anna/carer: Avlösning i hemmet fungerar bra hos kommunen",
		"bo/carer: Avlösning i hemmet fungerar inte hos kommunen",
		"eva/ngo: Jag håller inte med, avlösning i hemmet är dyrt",
	), digest.Options{})
	for _, p := range got {
		if len(p.Entries) != 1 {
			t.Errorf("%q speaks for %v", p.Text, p.Entries)
		}
		if p.Role == "ngo" && !strings.HasPrefix(p.Text, "Jag håller inte med") {
			t.Errorf("turned into %q", p.Text)
		}
	}
}

func TestBest(t *testing.T) {
	late := replies("anna/carer: Hej! Jag heter Anna. Det som saknas är en fast kontakt som håller ihop psykiatri och beroendevård. Vad tycker ni?")[0]
	late.ID = "$late"
	others := replies("bo/carer: En fast kontakt för psykiatri och beroendevård", "eva/ngo: Barngrupper i skolan")
	got, ok := digest.Best(late, digest.Options{}, others...)
	if !ok || !strings.HasPrefix(got, "Det som saknas är en fast kontakt") {
		t.Errorf("Best = %q, %v", got, ok)
	}
	late.Body, late.Marks = "Ja!", []meeting.Mark{meeting.MarkKey}
	if got, ok := digest.Best(late, digest.Options{}); !ok || got != "Ja!" {
		t.Errorf("marked: %q, %v", got, ok)
	}
	late.State = meeting.EntryRemoved
	if got, ok := digest.Best(late, digest.Options{}); ok {
		t.Errorf("removed: %q", got)
	}
}

func TestMaxGrowsWithReplies(t *testing.T) {
	var lines []string
	for i := range 60 {
		w := fmt.Sprintf("%c%c%c", 'a'+i%26, 'a'+i/3%26, 'k'+i%7)
		lines = append(lines, fmt.Sprintf("p%d/carer: %sstrul %skaffe %svarg %sfönster", i, w, w+"x", w+"y", w+"z"))
	}
	entries := replies(lines...)
	for n, want := range map[int]int{1: 1, 4: 3, 10: 5, 19: 8, 60: 8} {
		if got := len(digest.Points(entries[:n], digest.Options{})); got != want {
			t.Errorf("%d replies give %d points, want %d", n, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, tc := range []struct {
		in   string
		n    int
		want string
	}{
		{"Kort mening.", 40, "Kort mening."},
		{"Vi behöver avlösning på helgerna. Och sedan kommer mer text här", 40, "Vi behöver avlösning på helgerna. …"},
		{"Vi behöver avlösning på helgerna, och sedan kommer mer text", 40, "Vi behöver avlösning på helgerna…"},
		{"Vi behöver avlösning på helgerna som ingen annan kan", 30, "Vi behöver avlösning på…"},
		{strings.Repeat("å", 50), 30, strings.Repeat("å", 28) + "…"},
	} {
		got := digest.Shorten(tc.in, tc.n)
		if got != tc.want || utf8.RuneCountInString(got) > tc.n {
			t.Errorf("Shorten(%q, %d) = %q, want %q", tc.in, tc.n, got, tc.want)
		}
	}
}

func TestSentences(t *testing.T) {
	for _, tc := range []struct {
		language, in string
		want         []string
	}{
		{"sv", "Vi har t.ex. avlösning kl. 17 m.m. Det är bra, dvs. nästan.", []string{"Vi har t.ex. avlösning kl. 17 m.m.", "Det är bra, dvs. nästan."}},
		{"sv", "Bl.a. SIP osv. men inte mer. sen kom hon. Hem", []string{"Bl.a. SIP osv. men inte mer.", "sen kom hon.", "Hem"}},
		{"sv", "Jag vet inte... kanske ändå. Vad?! Ja", []string{"Jag vet inte... kanske ändå.", "Vad?!", "Ja"}},
		{"sv", "Hon sa ”Hjälp!” och gick. ”Det räddade oss.” Så är det", []string{"Hon sa ”Hjälp!” och gick.", "”Det räddade oss.”", "Så är det"}},
		{"sv", "Två saker:\n- en telefon\n• en kontakt\n1. ett brev\n\nb) en grupp", []string{"Två saker:", "en telefon", "en kontakt", "ett brev", "en grupp"}},
		{"sv", "Se www.nka.se och 3.5 kr.Sen är det slut", []string{"Se www.nka.se och 3.5 kr.Sen är det slut"}},
		{"sv", "Han kom hem.Jag var borta ca. tre dar", []string{"Han kom hem.", "Jag var borta ca. tre dar"}},
		{"en", "See Dr. Smith, e.g. on Mondays. It helps.", []string{"See Dr. Smith, e.g. on Mondays.", "It helps."}},
		{"sv", "他们需要帮助。我们也是！", []string{"他们需要帮助。", "我们也是！"}},
		{"sv", "", nil},
	} {
		if diff := cmp.Diff(tc.want, digest.Sentences(tc.language, tc.in)); diff != "" {
			t.Errorf("%q: %s", tc.in, diff)
		}
	}
}

func TestDeterministic(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for _, d := range discussions(t) {
		want := digest.Points(d.entries, digest.Options{Language: d.Language})
		for range 20 {
			shuffled := slices.Clone(d.entries)
			r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			if diff := cmp.Diff(want, digest.Points(shuffled, digest.Options{Language: d.Language})); diff != "" {
				t.Fatalf("%s: %s", d.Name, diff)
			}
		}
	}
	same := replies("a/carer: Avlösning behövs på helgerna", "b/carer: Telefonlinje saknas på nätterna", "c/carer: Barngrupper finns inte längre")
	for i := range same {
		same[i].Order = meeting.Order{}
	}
	want := digest.Points(same, digest.Options{})
	slices.Reverse(same)
	if diff := cmp.Diff(want, digest.Points(same, digest.Options{})); diff != "" {
		t.Errorf("equal order: %s", diff)
	}
}

// invented are the points that are not somebody's own words.
func invented(entries []meeting.Entry, points []meeting.Point, longest int) []string {
	var out []string
	for _, p := range points {
		i := slices.IndexFunc(entries, func(e meeting.Entry) bool { return e.ID == p.Entries[0] })
		text := string(squeezed(p.Text))
		body := string(squeezed(strings.ToValidUTF8(entries[i].Body, "")))
		own := strings.Contains(body, text) || strings.Contains(body, strings.TrimSuffix(text, "…"))
		if !own || text == "" || utf8.RuneCountInString(p.Text) > longest {
			out = append(out, p.Text)
		}
	}
	return out
}

func TestNothingIsInvented(t *testing.T) {
	for _, d := range discussions(t) {
		for _, n := range []int{20, 60, 120, 220} {
			points := digest.Points(d.entries, digest.Options{Language: d.Language, MaxLength: n, Max: 30})
			if got := invented(d.entries, points, n); got != nil {
				t.Errorf("%s: %q", d.Name, got)
			}
		}
	}
}

func TestRobust(t *testing.T) {
	var big strings.Builder
	for i := range 6_000 {
		fmt.Fprintf(&big, "ord%d avlösning ", i)
	}
	for name, body := range map[string]string{
		"60 kB of one word": strings.Repeat("a", 60_000), "60 kB without full stops": big.String(), "60 kB of full stops": strings.Repeat(".", 60_000),
		"60 kB of lines": strings.Repeat("- avlösning behövs\n", 3_000), "combining marks": strings.Repeat("a\u0301", 30_000), "blanks": strings.Repeat(" ", 60_000),
		"emoji": strings.Repeat("👨‍👩‍👧", 1000), "Arabic": "نحن بحاجة إلى مساعدة في المساء. لا أحد يجيب على الهاتف", "Han": strings.Repeat("我们晚上需要帮助", 100), "invalid": "avlösning \xff\xfe behövs",
		"bullets": strings.Repeat("- ", 30_000), "one word": "avlösning",
	} {
		entries := replies("a/carer: "+body, "b/carer: "+body, "c/ngo: Avlösning behövs på helgerna")
		points := digest.Points(entries, digest.Options{})
		if got := invented(entries, points, 220); got != nil {
			t.Errorf("%s: invented %.80q", name, got)
		}
		entries[0].Marks = []meeting.Mark{meeting.MarkKey}
		digest.Best(entries[0], digest.Options{}, entries...)
	}
}

func FuzzPoints(f *testing.F) {
	f.Add("Hej! Vi behöver avlösning.\n- t.ex. på helger…", "ja, tack", 20)
	f.Add("\xff. A.\u0301", "…", 0)
	f.Fuzz(func(t *testing.T, a, b string, n int) {
		entries := replies("a/carer: "+a, "b/ngo: "+b, "c/carer: "+a+" "+b)
		entries[1].Marks = []meeting.Mark{meeting.MarkKey}
		n = 20 + max(n, 0)%300
		if got := invented(entries, digest.Points(entries, digest.Options{MaxLength: n}), n); got != nil {
			t.Errorf("invented %q", got)
		}
	})
}

// thousand makes n believable entries out of the annotated discussions.
func thousand(b *testing.B, n int) []meeting.Entry {
	var out []meeting.Entry
	all := discussions(b)
	for i := range n {
		d := all[i%len(all)]
		e := d.entries[(i/len(all))%len(d.entries)]
		e.ID = meeting.EventID(fmt.Sprintf("$%d", i))
		e.Author = meeting.UserID(fmt.Sprintf("@p%d:example.se", i%40))
		e.Body += fmt.Sprintf(" Nummer%c%c%c är mitt.", 'a'+i%26, 'a'+i/26%26, 'a'+i/7%26)
		e.Order = meeting.Order{Pos: int64(i)}
		out = append(out, e)
	}
	return out
}

// BenchmarkPoints1000 digests a thousand replies: to one prompt, to nine, and a
// thousand that are all the same.
func BenchmarkPoints1000(b *testing.B) {
	entries := thousand(b, 1000)
	b.Run("one prompt", func(b *testing.B) {
		for b.Loop() {
			digest.Points(entries, digest.Options{})
		}
	})
	b.Run("nine prompts", func(b *testing.B) {
		for b.Loop() {
			for i := range 9 {
				digest.Points(entries[i*111:(i+1)*111], digest.Options{})
			}
		}
	})
	b.Run("all alike", func(b *testing.B) {
		alike := slices.Clone(entries)
		for i := range alike {
			alike[i].Body = entries[2].Body
		}
		for b.Loop() {
			digest.Points(alike, digest.Options{})
		}
	})
}

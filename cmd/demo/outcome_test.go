package main

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

func TestPollsInBothForms(t *testing.T) {
	before := person.Seen{Kind: pollStartBefore, Content: map[string]any{pollStartBefore: map[string]any{
		"question": map[string]any{"org.matrix.msc1767.text": "Vad?"},
		"answers":  []any{map[string]any{"id": "a1", "org.matrix.msc1767.text": "Ett"}, map[string]any{"id": "a2", "org.matrix.msc1767.text": "Två"}},
	}}}
	text := func(s string) []any { return []any{map[string]any{"body": s}} }
	after := person.Seen{Kind: pollStart, Content: map[string]any{pollStart: map[string]any{
		"question": map[string]any{"m.text": text("Vad?")},
		"answers":  []any{map[string]any{"m.id": "a1", "m.text": text("Ett")}, map[string]any{"m.id": "a2", "m.text": text("Två")}},
	}}}
	for _, s := range []person.Seen{before, after} {
		if got := textOf(s); got != "Vad?\n1. Ett\n2. Två" {
			t.Errorf("%s: %q", s.Kind, got)
		}
		p, ok := pollOf(s)
		if diff := cmp.Diff([]answer{{"a1", "Ett"}, {"a2", "Två"}}, p.answers, cmp.AllowUnexported(answer{})); !ok || diff != "" {
			t.Errorf("%s: %v\n%s", s.Kind, ok, diff)
		}
	}
	if _, ok := pollOf(person.Seen{Kind: "m.text", Body: "Hej"}); ok {
		t.Error("a message is a poll")
	}
}

// listed is a network in whose room the bot has posted lists.
func listed() *network {
	const bot = "@bln:x"
	w := &watcher{seen: []person.Seen{
		{Sender: bot, Body: "Förslag\n\n- 1. Ring oss (2 svar)\n- 2. Tolk (1 svar)"},
		{Sender: "@a:x", Body: "9. Tolk"},
		{Sender: bot, Body: "Nu kan du rösta\n\n- 1. Samtal\n- 4. En väg in"},
	}}
	return &network{cast: &cast{name: "Arvika", members: make([]member, 2)}, play: &play{bot: bot}, watch: w,
		ballots: map[string][]string{}, thoughts: map[string]thought{}}
}

func TestNumbersOfWhatIsListed(t *testing.T) {
	n := listed()
	for text, want := range map[string]string{"!rösta {väg in} {Samtal}": "!rösta 4 1", "{Tolk}": "2", "Hej": "Hej"} {
		if got, err := n.resolve(text); err != nil || got != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if _, err := n.resolve("{finns inte}"); err == nil {
		t.Error("words that nothing has were found")
	}
}

// TestVoteFaults: the demo notices a wrong count.
func TestVoteFaults(t *testing.T) {
	n := listed()
	for who, numbers := range map[string]string{"anna": "1 4", "bo": "1"} {
		if _, err := n.ballot(who, numbers); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.ballot("anna", "4"); err != nil { // in place of the first
		t.Fatal(err)
	}
	counts := "\n\n2 av 3 röstade.\n\n- 1 röst: Samtal\n- 1 röst: En väg in"
	room := []person.Seen{{Sender: "@bln:x", Body: "Resultatet av omröstningen, Arvika" + counts}}
	coord := []person.Seen{{Sender: "@bln:x", Body: "Prioriterade områden, Arvika" + counts}}
	report := "## Prioriterade områden\n\n### Arvika\n\n| Samtal | 1 |\n| En väg in | 1 |\n\n### Luleå\n\n## Metod\n"
	if got := n.voteFaults(room, coord, report); len(got) != 0 {
		t.Errorf("right counts: %q", got)
	}
	for what, got := range map[string][]string{
		"room":   n.voteFaults(nil, coord, report),
		"coord":  n.voteFaults(room, []person.Seen{{Sender: "@bln:x", Body: strings.Replace(coord[0].Body, "1 röst: S", "2 röster: S", 1)}}, report),
		"report": n.voteFaults(room, coord, strings.Replace(report, "Samtal | 1", "Samtal | 2", 1)),
		"place":  n.voteFaults(room, coord, strings.Replace(report, "### Arvika", "### Kalmar", 1)),
	} {
		if len(got) == 0 {
			t.Errorf("%s: nothing found", what)
		}
	}
}

func TestThoughtFaults(t *testing.T) {
	n := listed()
	n.think("anna", "4 3 3 4 Bra")
	few := "## Vad deltagarna tyckte\n\n### Arvika\n\nFärre än fem har svarat, så svaren visas inte.\n"
	if got := n.thoughtFaults(few); len(got) != 0 {
		t.Errorf("%q", got)
	}
	if got := n.thoughtFaults("## Vad deltagarna tyckte\n\n### Arvika\n\n1 av 3 svarade.\n"); len(got) != 1 {
		t.Errorf("%q", got)
	}
	for _, who := range []string{"bo", "carl", "dan"} {
		n.think(who, "1 2 3 4")
	}
	n.think("eva", "1")
	n.think("eva", "2 3 4")
	n.think("eva", "Ja")
	many := "## Vad deltagarna tyckte\n\n### Arvika\n\n5 av 3 svarade.\n\n| F | a | b | c | d |\n| --- | --- | --- | --- | --- |\n" +
		"| A | 4 | 0 | 0 | 1 |\n| B | 0 | 4 | 1 | 0 |\n| C | 0 | 0 | 5 | 0 |\n| D | 0 | 0 | 0 | 5 |\n"
	if got := n.thoughtFaults(many); len(got) != 0 {
		t.Errorf("%q", got)
	}
	if got := n.thoughtFaults(strings.Replace(many, "| 5 | 0 |", "| 4 | 1 |", 1)); len(got) != 1 {
		t.Errorf("%q", got)
	}
}

func TestPlanCommands(t *testing.T) {
	n := &network{}
	for _, c := range []string{"ny Samtal | Ring | Varje vecka", "ny\nOmråde: Tolk\nVad: Boka", "ta bort 2", "ändra 1 Vad: Ring före", "godkänn"} {
		n.planCommand(c)
	}
	want := []planned{{"1", "Område", "Samtal", false}, {"2", "Område", "Tolk", true}, {"2", "Vad", "Boka", true}, {"1", "Vad", "Ring före", false}}
	if diff := cmp.Diff(want, n.plan, cmp.AllowUnexported(planned{})); diff != "" || n.version != 1 {
		t.Errorf("version %d\n%s", n.version, diff)
	}
}

// TestPersonalDataInDocuments: what tells who somebody is is found in a part of a
// DOCX file too, also where tags cut it.
func TestPersonalDataInDocuments(t *testing.T) {
	p := &play{}
	for _, c := range casts(false) {
		p.networks = append(p.networks, &network{cast: &c})
	}
	docx := func(part, text string) document {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.Create(part)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return document{name: "a.docx", data: b.Bytes()}
	}
	for name, tt := range map[string]struct {
		d    document
		want bool
	}{
		"clean":    {document{name: "a.md", data: []byte("En anhörig, 2026-11-22, 0 av 3, kl. 17.00, 12 345 kr")}, false},
		"name":     {docx("docProps/core.xml", "<dc:creator>Anna</dc:creator>"), true},
		"cut name": {docx("word/document.xml", "<w:t>Ann</w:t><w:t>a sade</w:t>"), true},
		"phone":    {docx("word/document.xml", "<w:t>070-</w:t><w:t>174 06 12</w:t>"), true},
		"mail":     {document{name: "a.html", data: []byte("<p>skriv till anna.s<b>j@example.se</b></p>")}, true},
		"number":   {document{name: "a.md", data: []byte("född 19121212-1212")}, true},
		"id":       {document{name: "a.md", data: []byte("av @yusuf:localhost")}, true},
	} {
		raw, err := tt.d.raw()
		if err != nil {
			t.Fatal(err)
		}
		plain, err := tt.d.text()
		if err != nil {
			t.Fatal(err)
		}
		if got := p.personal(map[string]string{"d": raw}, map[string]string{"d": plain}); len(got) > 0 != tt.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestUnapprovedInDocuments(t *testing.T) {
	n := &network{cast: &cast{id: "arvika"}, states: map[int]meeting.State{1: meeting.StateShared, 2: meeting.StateClosed}, thoughts: map[string]thought{"a": {words: "Det gick bra att skriva"}}}
	n.entries = []*entry{{meeting: 1, body: "Det här är godkänt."}, {meeting: 2, body: "Det här är inte godkänt."}, {meeting: 1, body: "Det här är borttaget.", out: true}}
	p := &play{networks: []*network{n}}
	for name, tt := range map[string]struct {
		d    document
		text string
		want int
	}{
		"approved":            {document{what: "report"}, "Det här är godkänt", 0},
		"not approved":        {document{what: "report"}, "Det här är inte godkänt", 1},
		"in its own minutes":  {document{what: "minutes", network: "arvika"}, "Det här är inte godkänt", 0},
		"in other minutes":    {document{what: "minutes", network: "lulea"}, "Det här är inte godkänt", 1},
		"removed":             {document{what: "minutes", network: "arvika"}, "Det här är\nborttaget", 1},
		"said by one of four": {document{what: "report"}, "Det gick bra att skriva", 1},
	} {
		tt.d.name = name
		if got := p.unapproved([]document{tt.d}, map[string]string{name: tt.text}); len(got) != tt.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

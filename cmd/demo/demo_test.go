package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/bot"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

func TestScriptsMakeSense(t *testing.T) {
	for _, short := range []bool{true, false} {
		networks := casts(short)
		for _, c := range append(networks, coordination(networks, short)) {
			steps, err := c.steps(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
			if err != nil {
				t.Fatal(err)
			}
			acted := map[string]bool{}
			for _, s := range steps {
				acted[s.who] = true
			}
			for _, m := range c.everybody() {
				if !acted[m.user] && c.id != "samordning" {
					t.Errorf("%s: %s does nothing", c.id, m.user)
				}
			}
		}
	}
}

func TestParse(t *testing.T) {
	text := "# note\n== one\nbot #q: Frågan.\nanna in q #a: Hej.\nanna edit a: Hej då.\nanna: !plan ny\n  | Vad: X\nbot to anna: nummer\nanna react a 👍\nanna redact a\ncoord: klart\nbot edit q: ny\nanna to bot: !anonymt Hej\nanna votes q: 1 3\n"
	r := reader{users: map[string]bool{"anna": true}, labels: map[string]bool{}}
	if err := r.read(text); err != nil {
		t.Fatal(err)
	}
	got := r.steps
	want := []step{
		{line: 2, verb: "heading", text: "one"},
		{line: 3, verb: "bot", label: "q", text: "Frågan."},
		{line: 4, verb: "in", who: "anna", target: "q", label: "a", text: "Hej."},
		{line: 5, verb: "edit", who: "anna", target: "a", text: "Hej då."},
		{line: 6, verb: "say", who: "anna", text: "!plan ny\nVad: X"},
		{line: 8, verb: "direct", who: "anna", text: "nummer"},
		{line: 9, verb: "react", who: "anna", target: "a", text: "👍"},
		{line: 10, verb: "redact", who: "anna", target: "a"},
		{line: 11, verb: "coord", text: "klart"},
		{line: 12, verb: "edit", target: "q", text: "ny"},
		{line: 13, verb: "whisper", who: "anna", text: "!anonymt Hej"},
		{line: 14, verb: "votes", who: "anna", target: "q", text: "1 3"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(step{})); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"hello", "bo: hej", "anna in q: hej", "anna #a: x\nanna #a: y"} {
		r := reader{users: map[string]bool{"anna": true}, labels: map[string]bool{}}
		if err := r.read(bad); err == nil {
			t.Errorf("%q makes sense", bad)
		}
	}
}

// TestChatKeepsRoomsApart: what happens in a room without the floor waits for a
// heading of the one that has it.
func TestChatKeepsRoomsApart(t *testing.T) {
	var out strings.Builder
	c := &chat{out: &out}
	a, b, aside := c.channel("A", false), c.channel("B", false), c.channel("C", true)
	a.heading("first")
	a.message("1", "a1")
	b.heading("begins")
	b.message("2", "b1")
	aside.message("3", "c1")
	if !a.mark("1", "📝") {
		t.Error("the receipt is not on the line of its message")
	}
	a.message("4", "a2")
	a.line("1", func(last bool) string { return map[bool]string{true: "last", false: "earlier"}[last] })
	a.heading("second")
	b.message("5", "b2")
	a.message("6", "a3")
	c.close()
	var lines []string
	for line := range strings.Lines(out.String()) {
		if line = strings.Trim(line, "─ \n"); line != "" {
			lines = append(lines, line)
		}
	}
	want := []string{"A · first", "a1  📝", "a2", "earlier", "C", "c1", "B · begins", "b1", "b2", "A · second", "a3"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func TestWrap(t *testing.T) {
	want := []string{"- ett två", "  tre", "", "fyra"}
	if diff := cmp.Diff(want, wrap("- ett två tre\n\n\nfyra\n", 9)); diff != "" {
		t.Error(diff)
	}
}

// minutesOf is a meeting with three entries, and its right minutes.
func minutesOf() (*network, []person.Seen, bot.MinutesExport) {
	n := &network{play: &play{bot: "@bln:x"}, states: map[int]meeting.State{1: meeting.StateShared}}
	m := bot.MinutesExport{Meeting: 1, State: meeting.StateShared, Removed: 1, Prompts: make([]bot.PromptExport, 1)}
	var room []person.Seen
	for _, id := range []meeting.EventID{"$1", "$2", "$3", "$4"} {
		e := &entry{id: id, meeting: 1, author: "@a:x", source: meeting.SourceThread, body: "Svar " + string(id), out: id == "$4"}
		n.entries = append(n.entries, e)
		room = append(room, person.Seen{ID: id, Body: e.body})
		if !e.out {
			m.Prompts[0].Entries = append(m.Prompts[0].Entries, bot.EntryExport{ID: id, Author: e.author, Source: e.source, Body: e.body})
		}
	}
	return n, room, m
}

// TestMinutesFaults: the demo notices what is missing, doubled, out of order or
// different.
func TestMinutesFaults(t *testing.T) {
	tests := map[string]struct {
		spoil func(m *bot.MinutesExport, entries *[]bot.EntryExport)
		want  string
	}{
		"right":   {func(*bot.MinutesExport, *[]bot.EntryExport) {}, ""},
		"missing": {func(_ *bot.MinutesExport, e *[]bot.EntryExport) { *e = (*e)[1:] }, "is there 0 times: ”Svar $1”"},
		"doubled": {func(_ *bot.MinutesExport, e *[]bot.EntryExport) { *e = append(*e, (*e)[2]) }, "is there 2 times: ”Svar $3”"},
		"order":   {func(_ *bot.MinutesExport, e *[]bot.EntryExport) { slices.Reverse((*e)[:2]) }, "out of order: ”Svar $1”"},
		"text":    {func(_ *bot.MinutesExport, e *[]bot.EntryExport) { (*e)[0].Body = "Nej" }, "text is Nej"},
		"support": {func(_ *bot.MinutesExport, e *[]bot.EntryExport) { (*e)[0].Support = 2 }, "support is 2, should be 0"},
		"left out": {func(_ *bot.MinutesExport, e *[]bot.EntryExport) {
			*e = append(*e, bot.EntryExport{ID: "$4", Body: "Svar $4"})
		}, "should not be there: ”Svar $4”"},
		"a stray": {func(_ *bot.MinutesExport, e *[]bot.EntryExport) {
			*e = append(*e, bot.EntryExport{ID: "$9", Body: "?"})
		}, "should not be there: ”?”"},
		"gap":       {func(m *bot.MinutesExport, _ *[]bot.EntryExport) { m.Gaps = 1 }, "1 gaps"},
		"not ended": {func(m *bot.MinutesExport, _ *[]bot.EntryExport) { m.State = meeting.StateClosed }, "state closed"},
	}
	for name, tt := range tests {
		n, room, m := minutesOf()
		tt.spoil(&m, &m.Prompts[0].Entries)
		got := strings.Join(n.minutesFaults(m, room), "\n")
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestRoomFaults(t *testing.T) {
	const self = "@bln:x"
	key := func(k string) map[string]any { return map[string]any{"se.nka.blnbot.key": k} }
	good := person.Seen{ID: "$1", Sender: self, Body: "Hej", Encrypted: true, Verified: true, Content: key("a")}
	again, same, answer, gone, open, unknown := good, good, good, good, good, good
	again.ID, again.Content = "$2", key("b")
	same.ID, same.Body = "$3", "Annat"
	answer.ID, answer.Content, answer.ReplyTo = "$4", key("c"), "$9"
	gone.Redacted = true
	open.Encrypted, unknown.Verified = false, false
	for name, tt := range map[string]struct {
		got  []string
		want int
	}{
		"good":     {append(doubled([]person.Seen{good, answer, gone}, self), plain([]person.Seen{good, gone})...), 0},
		"text":     {doubled([]person.Seen{good, again}, self), 1},
		"key":      {doubled([]person.Seen{good, same}, self), 1},
		"open":     {plain([]person.Seen{open}), 1},
		"unsigned": {plain([]person.Seen{unknown}), 1},
	} {
		if len(tt.got) != tt.want {
			t.Errorf("%s: %q", name, tt.got)
		}
	}
	p := &play{bot: self}
	for _, c := range casts(false) {
		p.networks = append(p.networks, &network{cast: &c})
	}
	for text, want := range map[string]int{"En anhörig i Västerås": 0, "Annas svar, 070-174 06 12": 2, "@yusuf:localhost": 1, "Bengt-Åke Persson": 3} {
		if got := p.namesIn(text); len(got) != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestTracesOfWhatIsGone(t *testing.T) {
	n, _, _ := minutesOf()
	n.entries[3].body = "Det här ska vara borta. Ja."
	said := person.Seen{Sender: "@a:x", Body: n.entries[3].body}
	quoted := person.Seen{Sender: n.play.bot, Body: "- Det här ska vara borta"}
	if got := n.traces(nil, []person.Seen{said}); len(got) != 0 {
		t.Errorf("people's own messages: %q", got)
	}
	if got := n.traces(map[string]string{"plan": "Det här ska vara borta"}, []person.Seen{quoted}); len(got) != 2 {
		t.Errorf("found %q", got)
	}
}

func TestDatesAreTuesdaysToCome(t *testing.T) {
	lines := dates(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	if len(lines) != 9 || !strings.Contains(lines[3], "2026-12-01 17:00") || !strings.Contains(lines[8], "2027-02-09 17:00") {
		t.Errorf("%q", lines)
	}
}

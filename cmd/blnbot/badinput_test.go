package main_test

import (
	"strings"
	"testing"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// TestBadInput: what people write is collected as it is, and neither rings nor
// runs nor breaks anything in what the bot makes of it.
func TestBadInput(t *testing.T) {
	p := newPlay(t)
	lena, anna := p.person("lena", "Lena <b>@room</b>"), p.person("anna", "Anna Svensson")
	room, err := p.stage.Network(p.ctx, "vasteras", "'Västerås <i>@room</i>'", true, lena, []*person.Person{anna})
	p.must(err)
	p.begin(lena)
	p.says(lena, room, "!nästa")
	question := p.sees(anna, room, "Frågan.")
	bad := []string{
		`<script>alert(1)</script> avlastning på helger <img src=x onerror="alert(1)">`,
		`@room alla måste läsa om kontaktpersonen`,
		`[klicka här](javascript:alert(1)) för stöd, eller [lena](https://matrix.to/#/` + string(lena.ID()) + `) direkt`,
		"# Rubrik\n\n> citat\n\n```\nkod\n```\n\n| a | b |\n|---|---|\n\n---",
		"\u202eomvänt svar om samordning\u202c och \x00 tecken",
	}
	for _, text := range bad {
		m := person.Message{Body: text, HTML: "<b>" + text + "</b>", Thread: question.ID, Mentions: []meeting.UserID{lena.ID()}}
		id, err := anna.Post(p.ctx, room, m)
		p.must(err)
		p.noted(anna, room, id)
	}
	// The largest message that an encrypted room takes.
	long := strings.Repeat("Ett långt svar om att orka. ", 1500)
	p.answers(anna, room, question.ID, long)
	m := p.minutes("vasteras", 1)
	got := bodies(m, 1)
	if len(got) != len(bad)+1 || got[0] != bad[0] || strings.TrimSpace(long) != got[len(bad)] {
		t.Errorf("%d entries, the first is %q", len(got), got[0])
	}
	for _, id := range m.Prompts[0].Entries {
		p.reacts(lena, room, id.ID, "📌")
	}
	p.says(lena, room, "!avsluta")
	draft := p.sees(lena, room, "Förslag till sammanfattning")
	p.says(lena, room, "!ändra 1.1 @room <script>x</script> [y](javascript:z)")
	p.sees(lena, room, "Punkt 1.1 är ändrad")
	p.reacts(lena, room, draft.ID, "✅")
	p.sees(lena, room, "delad med samordningsrummet")
	p.sees(p.nka, p.coord, "möte 1")
	p.says(lena, room, "!nästa")
	p.sees(lena, room, "Möte 2 av 6")
	p.harmless(lena, room)
	p.harmless(p.nka, p.coord)
}

// harmless checks everything that the bot has written in a room.
func (p *play) harmless(who *person.Person, room meeting.RoomID) {
	p.Helper()
	checked := 0
	for _, m := range who.Timeline(room) {
		if m.Sender != p.stage.Bot() || m.Redacted || m.Body == "" {
			continue
		}
		checked++
		mentions, ok := m.Content["m.mentions"].(map[string]any)
		if !ok || mentions["room"] == true {
			p.Errorf("m.mentions is %v in %s", m.Content["m.mentions"], m)
		}
		if strings.Contains(m.Body, "@room") || strings.Contains(m.HTML, "@room") {
			p.Errorf("rings the room: %s", m)
		}
		html := strings.ToLower(m.HTML)
		for _, tag := range []string{"<script", "<img", "<i>@", "<b>", "<h1", "<table", "<pre", `href="javascript`, `href="https://matrix.to`} {
			if strings.Contains(html, tag) {
				p.Errorf("%s in the HTML of %s:\n%s", tag, m, m.HTML)
			}
		}
		for _, u := range m.Mentions {
			if !strings.HasPrefix(string(u), "@lena:") && !strings.HasPrefix(string(u), "@nka:") {
				p.Errorf("%s rings %s", m, u)
			}
		}
	}
	if checked < 2 {
		p.Errorf("only %d messages were checked in %s", checked, room)
	}
}

package main_test

import (
	"encoding/json"
	"strings"
	"testing"

	"blnbot/bot"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// TestPlan takes a plan from a suggestion by direct message to the decision, in
// encrypted rooms; then the suggestion is deleted.
func TestPlan(t *testing.T) {
	p := newPlay(t)
	lena, anna := p.person("lena", "Lena Ledare"), p.person("anna", "Anna Svensson")
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, []*person.Person{anna})
	p.must(err)
	p.begin(lena)
	p.sees(anna, room, "Jag heter BLN-boten")
	direct, err := anna.DirectRoomWith(p.ctx, p.stage.Bot())
	p.must(err)
	suggestion := p.says(anna, direct, "!plan förslag Avlastning | Öppna dagverksamheten på lördagar | | Kommunen")
	p.sees(anna, direct, "utan ditt namn")
	p.sees(lena, room, "Öppna dagverksamheten på lördagar")
	p.says(lena, room, "!plan ny Kontakt | En kontaktperson för varje familj")
	p.sees(lena, room, "Åtgärd 1 är med i planen")
	p.must(p.stage.KillBot())
	p.must(p.stage.StartBot(p.ctx))
	p.says(lena, room, "!plan ta med 1")
	p.sees(lena, room, "Åtgärd 2 är med i planen")
	p.sees(anna, direct, "är nu med i planen")
	p.says(lena, room, "!plan godkänn")
	p.sees(p.nka, p.coord, "Förslag till lokal plan, Västerås, version 1")
	for _, ending := range []string{".docx", ".html"} {
		p.hasFile(p.nka, p.coord, ending)
		p.hasFile(anna, room, ending)
	}
	p.says(lena, room, "!plan beslut antagen i dag Socialnämnden | Anna Svensson följer upp")
	p.sees(p.nka, p.coord, "lokal plan, version 1: antagen")
	plan := p.plan("vasteras")
	if plan.Version != 1 || len(plan.Items) != 2 || len(plan.Decisions) != 1 || len(plan.FollowUps) != 3 {
		t.Errorf("the plan is exported as %+v", plan)
	}
	p.must(anna.Redact(p.ctx, direct, suggestion))
	p.sees(lena, room, "Delar av planen återgav det")
	if plan = p.plan("vasteras"); len(plan.Items) != 1 {
		t.Errorf("what was deleted is still in the plan: %+v", plan.Items)
	}
	for _, r := range []meeting.RoomID{room, direct} {
		p.allEncrypted(anna, r)
	}
	p.allEncrypted(p.nka, p.coord)
	for _, m := range p.nka.Timeline(p.coord) {
		if strings.Contains(m.Body, "Svensson") {
			t.Errorf("a name has left the room: %s", m.Body)
		}
	}
}

// hasFile waits until somebody sees a file whose name ends so.
func (p *play) hasFile(who *person.Person, room meeting.RoomID, ending string) {
	p.Helper()
	_, err := who.WaitFor(p.ctx, room, "a file "+ending, func(m person.Seen) bool {
		return m.Sender == p.stage.Bot() && strings.HasSuffix(m.FileName, ending) && m.Encrypted
	})
	p.must(err)
}

// plan exports a network's plan while the bot is running.
func (p *play) plan(network string) bot.PlanExport {
	p.Helper()
	text, err := p.stage.Run(p.ctx, "export", "plan", "--network", network, "--format", "json")
	p.must(err)
	var out bot.PlanExport
	p.must(json.Unmarshal([]byte(text), &out))
	return out
}

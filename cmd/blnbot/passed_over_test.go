package main_test

import (
	"strings"
	"testing"

	"blnbot/internal/matrix/person"
)

// TestSyncPassesOver: what the server has and its sync never shows, as happens
// with Dendrite, is in the minutes before the summary is drafted.
func TestSyncPassesOver(t *testing.T) {
	p := newPlay(t)
	lena, bo := p.person("lena", "Lena Ledare"), p.person("bo", "Bo Ek")
	toBot := p.proxy()
	p.stage.Through(toBot.URL())
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, []*person.Person{bo})
	p.must(err)
	var lost withheld
	toBot.OnRequest(lost.posts(room, bo.ID(), true))
	p.begin(lena)
	p.says(lena, room, "!nästa")
	question := p.sees(lena, room, "Frågan.")

	lost.switched(true)
	reply, err := bo.Reply(p.ctx, room, question.ID, "Avlastning på kvällar.")
	p.must(err)
	lost.has(p, reply)
	edit, err := bo.Edit(p.ctx, room, reply, "Avlastning på kvällar och helger.")
	p.must(err)
	lost.has(p, edit)
	lost.switched(false)

	p.says(lena, room, "!avsluta")
	draft := p.sees(lena, room, "Förslag till sammanfattning")
	for _, want := range []string{"Avlastning på kvällar och helger", "1 svar, inga luckor"} {
		if !strings.Contains(draft.Body, want) {
			t.Errorf("the draft lacks %q:\n%s", want, draft.Body)
		}
	}
}

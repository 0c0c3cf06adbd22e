package main_test

import (
	"net/http"
	"strings"
	"testing"

	"blnbot/internal/homeserver"
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

// TestOutagePassesOver: what a server's sync passed over while it was being
// stopped is found when it answers again: a late reply, and a command.
func TestOutagePassesOver(t *testing.T) {
	p := newPlay(t)
	lena, bo := p.person("lena", "Lena Ledare"), p.person("bo", "Bo Ek")
	toBot := p.proxy()
	p.stage.Through(toBot.URL())
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, []*person.Person{bo})
	p.must(err)
	var lost withheld
	hidden := lost.posts(room, bo.ID(), true)
	toBot.OnRequest(hidden)
	// outage has the server be away for one request.
	outage := func() {
		asked := make(chan struct{}, 1)
		toBot.OnRequest(func(r *http.Request) homeserver.Fault {
			if !homeserver.IsSync(r) {
				return homeserver.Fault{}
			}
			select {
			case asked <- struct{}{}:
			default:
			}
			return homeserver.Fault{Refuse: true}
		})
		toBot.CutAll()
		p.wait(asked)
		toBot.OnRequest(hidden)
	}
	p.begin(lena)
	p.says(lena, room, "!nästa")
	question := p.sees(lena, room, "Frågan.")
	p.answers(bo, room, question.ID, "Avlastning på kvällar.")
	p.says(lena, room, "!avsluta")
	p.sees(lena, room, "Förslag till sammanfattning")

	lost.switched(true)
	late, err := bo.Reply(p.ctx, room, question.ID, "Och på helger.")
	p.must(err)
	lost.has(p, late)
	lost.has(p, p.says(bo, room, "!hjälp"))
	lost.switched(false)

	outage()
	p.noted(bo, room, late)
	p.sees(bo, room, "Det här kan du skriva här")
	outage() // and once only
	p.answers(bo, room, question.ID, "Och på somrar.")
	if n := p.count(bo, room, "Det här kan du skriva här"); n != 1 {
		t.Errorf("the command was answered %d times", n)
	}
}

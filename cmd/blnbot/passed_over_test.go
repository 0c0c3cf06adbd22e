package main_test

import (
	"net/http"
	"strings"
	"testing"

	"blnbot/internal/homeserver"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// passedOver is an open meeting in which sync may leave out what bo writes.
type passedOver struct {
	*play
	lena, bo *person.Person
	room     meeting.RoomID
	question person.Seen
	toBot    *homeserver.Proxy
	lost     withheld
	hidden   func(*http.Request) homeserver.Fault
}

func newPassedOver(on *play) *passedOver {
	p := &passedOver{play: on}
	p.lena, p.bo = p.person("lena", "Lena Ledare"), p.person("bo", "Bo Ek")
	p.toBot = p.proxy()
	p.stage.Through(p.toBot.URL())
	var err error
	p.room, err = p.stage.Network(p.ctx, "vasteras", "Västerås", true, p.lena, []*person.Person{p.bo})
	p.must(err)
	p.hidden = p.lost.posts(p.room, p.bo.ID(), true)
	p.toBot.OnRequest(p.hidden)
	p.begin(p.lena)
	p.says(p.lena, p.room, "!nästa")
	p.question = p.sees(p.lena, p.room, "Frågan.")
	return p
}

// outage has the server be away for one request.
func (p *passedOver) outage() {
	asked := make(chan struct{}, 1)
	p.toBot.OnRequest(func(r *http.Request) homeserver.Fault {
		if !homeserver.IsSync(r) {
			return homeserver.Fault{}
		}
		select {
		case asked <- struct{}{}:
		default:
		}
		return homeserver.Fault{Refuse: true}
	})
	p.toBot.CutAll()
	p.wait(asked)
	p.toBot.OnRequest(p.hidden)
}

// TestSyncPassesOver: what the server has and its sync never shows, as happens
// with Dendrite, is in the minutes before the summary is drafted, and so is what was
// answered to it.
func TestSyncPassesOver(t *testing.T) { syncPassesOver(newPlay(t)) }

func syncPassesOver(on *play) {
	p, t := newPassedOver(on), on.T
	p.lost.switched(true)
	reply, err := p.bo.Reply(p.ctx, p.room, p.question.ID, "Avlastning på kvällar.")
	p.must(err)
	p.lost.has(p.play, reply)
	edit, err := p.bo.Edit(p.ctx, p.room, reply, "Avlastning på kvällar och helger.")
	p.must(err)
	p.lost.has(p.play, edit)
	p.lost.switched(false)
	answer, err := p.lena.Reply(p.ctx, p.room, reply, "Och att någon ringer.")
	p.must(err)

	p.says(p.lena, p.room, "!avsluta")
	draft := p.sees(p.lena, p.room, "Förslag till sammanfattning")
	for _, want := range []string{"Avlastning på kvällar och helger", "2 svar, inga luckor"} {
		if !strings.Contains(draft.Body, want) {
			t.Errorf("the draft lacks %q:\n%s", want, draft.Body)
		}
	}
	p.noted(p.lena, p.room, answer)
}

// TestSyncPassesOverEdited: the sync passes over a reply, not over the edit of it.
// The summary is drafted once, with the newest text.
func TestSyncPassesOverEdited(t *testing.T) { syncPassesOverEdited(newPlay(t)) }

func syncPassesOverEdited(on *play) {
	p, t := newPassedOver(on), on.T
	p.lost.switched(true)
	reply, err := p.bo.Reply(p.ctx, p.room, p.question.ID, "Avlastning på kvällar.")
	p.must(err)
	p.lost.has(p.play, reply)
	p.lost.switched(false)
	_, err = p.bo.Edit(p.ctx, p.room, reply, "Avlastning på kvällar och helger.")
	p.must(err)

	p.says(p.lena, p.room, "!avsluta")
	draft := p.sees(p.lena, p.room, "Förslag till sammanfattning")
	for _, want := range []string{"Avlastning på kvällar och helger", "1 svar, inga luckor"} {
		if !strings.Contains(draft.Body, want) {
			t.Errorf("the draft lacks %q:\n%s", want, draft.Body)
		}
	}
}

// TestOutagePassesOver: what a server's sync passed over while it was being
// stopped is found when it answers again: a late reply, and a command.
func TestOutagePassesOver(t *testing.T) { outagePassesOver(newPlay(t)) }

func outagePassesOver(on *play) {
	p, t := newPassedOver(on), on.T
	p.answers(p.bo, p.room, p.question.ID, "Avlastning på kvällar.")
	p.says(p.lena, p.room, "!avsluta")
	p.sees(p.lena, p.room, "Förslag till sammanfattning")

	p.lost.switched(true)
	late, err := p.bo.Reply(p.ctx, p.room, p.question.ID, "Och på helger.")
	p.must(err)
	p.lost.has(p.play, late)
	p.lost.has(p.play, p.says(p.bo, p.room, "!hjälp"))
	p.lost.switched(false)

	p.outage()
	p.noted(p.bo, p.room, late)
	p.sees(p.bo, p.room, "Det här kan du skriva här")
	p.outage() // and once only
	p.answers(p.bo, p.room, p.question.ID, "Och på somrar.")
	if n := p.count(p.bo, p.room, "Det här kan du skriva här"); n != 1 {
		t.Errorf("the command was answered %d times", n)
	}
}

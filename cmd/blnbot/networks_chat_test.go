package main_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"blnbot/internal/homeserver"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// isCreate reports whether the request makes a room.
func isCreate(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/createRoom")
}

// invitedTo lists the rooms with the name that the bot has invited somebody to.
func (p *play) invitedTo(who *person.Person, name string) (rooms []meeting.RoomID) {
	p.Helper()
	for _, inv := range who.Invites() {
		state, err := who.State(p.ctx, inv.Room, "m.room.name", "")
		if err == nil && state["name"] == name && inv.Inviter == p.stage.Bot() {
			rooms = append(rooms, inv.Room)
		}
	}
	return rooms
}

// TestNetworkMadeInChat: staff make a network in the coordination room. The bot
// is killed when the room is not made yet, and when it is made and the bot does
// not know; there is one room. Its leader runs a meeting in it.
func TestNetworkMadeInChat(t *testing.T) { networkMadeInChat(newPlay(t)) }

func networkMadeInChat(p *play) {
	t := p.T
	proxy := p.proxy()
	p.stage.Through(proxy.URL())
	_, lena, anna := p.network("vasteras", "Västerås")
	eva := p.person("eva", "Eva Ledare")
	p.begin(lena)

	// Nothing gets through: killed between intent and creation.
	tried := make(chan struct{})
	var once sync.Once
	proxy.OnRequest(func(r *http.Request) homeserver.Fault {
		if !isCreate(r) {
			return homeserver.Fault{}
		}
		once.Do(func() { close(tried) })
		return homeserver.Fault{Status: http.StatusBadGateway}
	})
	p.says(p.nka, p.coord, "!nätverk ny Arvika samsjuklighet "+string(eva.ID()))
	p.wait(tried)
	p.must(p.stage.KillBot())

	// The first room, the network's, is made, but its answer is lost, and the
	// bot is killed before it can ask again.
	made := make(chan struct{})
	count := 0
	var mu sync.Mutex
	proxy.OnRequest(func(r *http.Request) homeserver.Fault {
		if !isCreate(r) {
			return homeserver.Fault{}
		}
		mu.Lock()
		defer mu.Unlock()
		count++
		if count == 1 {
			return homeserver.Fault{Rewrite: func(body []byte) []byte { close(made); return body }, Cut: true}
		}
		return homeserver.Fault{Status: http.StatusBadGateway}
	})
	p.must(p.stage.StartBot(p.ctx))
	p.wait(made)
	p.must(p.stage.KillBot())
	proxy.OnRequest(nil)
	p.must(p.stage.StartBot(p.ctx))

	p.sees(p.nka, p.coord, "Rummet för Arvika är klart")
	room := p.soleRoom(eva, "Arvika")
	p.sees(eva, room, "Jag heter BLN-boten")
	for typ, want := range map[string][2]string{
		"m.room.encryption": {"algorithm", "m.megolm.v1.aes-sha2"}, "m.room.history_visibility": {"history_visibility", "invited"},
		"m.room.guest_access": {"guest_access", "forbidden"}, "m.room.join_rules": {"join_rule", "invite"},
	} {
		state, err := eva.State(p.ctx, room, typ, "")
		p.must(err)
		if state[want[0]] != want[1] {
			t.Errorf("%s is %v", typ, state)
		}
	}
	p.must(eva.Invite(p.ctx, room, anna.ID()))
	p.must(eva.WaitForMember(p.ctx, room, anna.ID(), "join"))
	p.says(eva, room, "!nästa")
	question := p.sees(anna, room, "Frågan.")
	p.answers(anna, room, question.ID, "Ett svar i ett nytt nätverk.")
	p.minutesHave("arvika", "Ett svar i ett nytt nätverk.")
	p.says(p.nka, p.coord, "!nätverk")
	list := p.sees(p.nka, p.coord, "Startat här")
	if !strings.Contains(list.Body, "Står i inställningarna") {
		t.Errorf("the list says:\n%s", list.Body)
	}
	p.says(p.nka, p.coord, "!nätverk byt ledare arvika "+string(lena.ID()))
	p.must(eva.WaitForMember(p.ctx, room, lena.ID(), "join"))
	p.says(lena, room, "!avsluta")
	p.sees(lena, room, "Förslag till sammanfattning, möte 1")
	p.says(p.nka, p.coord, "!nätverk avsluta arvika")
	p.sees(p.nka, p.coord, "Nätverket Arvika är avslutat")
	p.says(lena, room, "!nästa")
	p.sees(lena, room, "finns inte längre")
	if n := p.count(p.nka, p.coord, "Rummet för Arvika är klart"); n != 1 {
		t.Errorf("reported %d times", n)
	}
	p.allEncrypted(eva, room)
}

func (p *play) wait(done <-chan struct{}) {
	p.Helper()
	select {
	case <-done:
	case <-p.ctx.Done():
		p.Fatal("waited in vain")
	}
}

// soleRoom is the one room with the name that the bot has invited somebody to.
func (p *play) soleRoom(who *person.Person, name string) meeting.RoomID {
	p.Helper()
	rooms := p.invitedTo(who, name)
	for again := time.NewTicker(100 * time.Millisecond); len(rooms) == 0 && p.ctx.Err() == nil; rooms = p.invitedTo(who, name) {
		<-again.C
	}
	if len(rooms) != 1 {
		p.Fatalf("invited to %v", rooms)
	}
	return rooms[0]
}

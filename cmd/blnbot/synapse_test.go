package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"blnbot/internal/homeserver"
	"blnbot/internal/homeserver/stage"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// TestOnSynapse plays on the other homeserver that people run what tests of the
// same names play on Dendrite.
func TestOnSynapse(t *testing.T) {
	for _, test := range []struct {
		name string
		play func(*play)
	}{
		{"Round", round},
		{"RoomInvitations", roomInvitations},
		{"RoomKickedAndBanned", roomKickedAndBanned},
		{"RoomRights", roomRights},
		{"RoomUpgraded", func(p *play) { roomUpgraded(p, "12") }},
		{"RoomAliasMoved", roomAliasMoved},
		{"NetworkMadeInChat", networkMadeInChat},
		{"WhoLeavesGetsNoKeys", whoLeavesGetsNoKeys},
		{"NewDeviceOfMember", newDeviceOfMember},
		{"KeyAfterMessage", keyAfterMessage},
		{"KeysWithheld", keysWithheld},
		{"IdentityReset", identityReset},
		{"OneTimeKeysUsedUp", oneTimeKeysUsedUp},
		{"SyncPassesOver", syncPassesOver},
		{"SyncPassesOverEdited", syncPassesOverEdited},
		{"OutagePassesOver", outagePassesOver},
		{"Restore", restore},
		{"RestoreOlder", restoreOlder},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // with a server of its own
			test.play(newPlayOn(t, stage.Options{Kind: homeserver.Synapse}))
		})
	}
}

// traffic is what passes between the bot and the server.
type traffic struct {
	mu      sync.Mutex
	limited chan struct{} // closed when the server first refuses to take more
	refused int
	sent    map[string][]string // event ids by the path that they were sent to
	noted   []meeting.EventID   // what the bot put 📝 on, in the server's order
	seen    map[string]bool
}

func watch(proxy *homeserver.Proxy) *traffic {
	w := &traffic{limited: make(chan struct{}), sent: map[string][]string{}, seen: map[string]bool{}}
	proxy.OnRequest(func(r *http.Request) homeserver.Fault {
		path := r.URL.Path
		switch {
		case homeserver.IsSend(r):
			return homeserver.Fault{Rewrite: func(body []byte) []byte { w.send(path, body); return body }}
		case homeserver.IsSync(r):
			return homeserver.Fault{Rewrite: func(body []byte) []byte { w.sync(body); return body }}
		}
		return homeserver.Fault{}
	})
	return w
}

// send takes the answer to a message or reaction.
func (w *traffic) send(path string, body []byte) {
	var answer struct {
		ID   string `json:"event_id"`
		Code string `json:"errcode"`
	}
	_ = json.Unmarshal(body, &answer) // no answer, no event
	w.mu.Lock()
	defer w.mu.Unlock()
	if answer.Code == "M_LIMIT_EXCEEDED" {
		if w.refused == 0 {
			close(w.limited)
		}
		w.refused++
	}
	if answer.ID != "" && !slices.Contains(w.sent[path], answer.ID) {
		w.sent[path] = append(w.sent[path], answer.ID)
	}
}

// sync takes the reactions of a sync answer.
func (w *traffic) sync(body []byte) {
	var answer struct {
		Rooms struct {
			Join map[string]struct {
				Timeline struct {
					Events []struct {
						ID      string `json:"event_id"`
						Type    string
						Sender  string
						Content struct {
							Relation struct {
								Key    string
								Target meeting.EventID `json:"event_id"`
							} `json:"m.relates_to"`
						}
					}
				}
			}
		}
	}
	if !bytes.Contains(body, []byte("m.reaction")) || json.Unmarshal(body, &answer) != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, room := range answer.Rooms.Join {
		for _, e := range room.Timeline.Events {
			if e.Type == "m.reaction" && e.Content.Relation.Key == "📝" && !w.seen[e.ID] {
				w.seen[e.ID] = true
				w.noted = append(w.noted, e.Content.Relation.Target)
			}
		}
	}
}

// TestSynapseLimits: with the limits that Synapse has by itself, and the bot
// killed while it waits for them, a meeting is opened and a burst of replies
// noted with every post once and in order.
func TestSynapseLimits(t *testing.T) {
	p := newPlayOn(t, stage.Options{Kind: homeserver.Synapse, RateLimit: true})
	proxy, err := homeserver.NewProxy(p.ctx, p.stage.Server.URL())
	p.must(err)
	t.Cleanup(func() { _ = proxy.Close() })
	w := watch(proxy)
	p.stage.Through(proxy.URL())

	// Synapse allows five logins in a row, and these are four.
	lena, anna := p.person("lena", "Lena Ledare"), p.person("anna", "Anna")
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, []*person.Person{anna})
	p.must(err)
	p.begin(lena)
	p.sees(anna, room, "Jag heter BLN-boten")
	p.says(lena, room, "!nästa")
	question := p.sees(anna, room, "Frågan.")
	const replies = 8
	var want []meeting.EventID
	var texts []string
	for i := range replies {
		text := fmt.Sprintf("Svar %d: samtal som hjälper.", i+1)
		id, err := []*person.Person{anna, lena}[i%2].SendThread(p.ctx, room, question.ID, text)
		p.must(err)
		want, texts = append(want, id), append(texts, text)
	}
	select {
	case <-w.limited:
	case <-p.ctx.Done():
		t.Fatal("Synapse never limited the bot")
	}
	p.must(p.stage.KillBot())
	p.must(p.stage.StartBot(p.ctx))
	for _, id := range want {
		p.noted(anna, room, id)
	}
	p.says(lena, room, "!avsluta")
	p.sees(lena, room, "Förslag till sammanfattning, möte 1")

	w.mu.Lock()
	defer w.mu.Unlock()
	t.Logf("Synapse refused %d of the bot's posts for the time being", w.refused)
	if !slices.Equal(w.noted, want) {
		t.Errorf("📝 was put on\n%v\nwant\n%v", w.noted, want)
	}
	for path, ids := range w.sent {
		if len(ids) > 1 {
			t.Errorf("%s became %v", path, ids)
		}
	}
	for _, text := range []string{"Jag heter BLN-boten", "Möte 1 av 6", "Möte 1 är avslutat", "Förslag till sammanfattning"} {
		if n := p.count(lena, room, text); n != 1 {
			t.Errorf("%q was posted %d times", text, n)
		}
	}
	order := slices.DeleteFunc(lena.Timeline(room), func(m person.Seen) bool { return m.Sender != p.stage.Bot() })
	questions := 0
	for _, m := range order {
		if strings.HasPrefix(m.Body, "Frågan.") { // the draft holds it too
			questions++
		}
	}
	if questions != 1 {
		t.Errorf("the question was posted %d times", questions)
	}
	at := func(text string) int {
		return slices.IndexFunc(order, func(m person.Seen) bool { return strings.Contains(m.Body, text) })
	}
	if at("Möte 1 av 6") > at("Frågan.") {
		t.Error("the question came before the opening")
	}
	if got := bodies(p.minutes("vasteras", 1), 1); !slices.Equal(got, texts) {
		t.Errorf("the minutes have %q", got)
	}
}

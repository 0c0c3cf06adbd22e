package main_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"blnbot/internal/homeserver"
	"blnbot/internal/homeserver/stage"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// answer is a sync answer, as far as it passes through here unread.
type answer map[string]json.RawMessage

func (a answer) part(name string) answer {
	var out answer
	_ = json.Unmarshal(a[name], &out) // what is missing is empty
	return out
}

func (a answer) list(name string) []json.RawMessage {
	var out []json.RawMessage
	_ = json.Unmarshal(a[name], &out) // what is missing is empty
	return out
}

// encode is for what was decoded, or is made of plain maps, and always encodes.
func encode(v any) json.RawMessage {
	out, _ := json.Marshal(v)
	return out
}

// posts picks the encrypted events of a sender out of a room's part of a sync
// answer, and returns the answer without them.
func posts(body []byte, room meeting.RoomID, sender meeting.UserID) (without []byte, posts []json.RawMessage) {
	var a answer
	if json.Unmarshal(body, &a) != nil {
		return body, nil
	}
	rooms := a.part("rooms")
	joined := rooms.part("join")
	here := joined.part(string(room))
	timeline := here.part("timeline")
	var others []json.RawMessage
	for _, raw := range timeline.list("events") {
		var e struct {
			Type   string
			Sender meeting.UserID
		}
		if json.Unmarshal(raw, &e) == nil && e.Type == "m.room.encrypted" && e.Sender == sender {
			posts = append(posts, raw)
		} else {
			others = append(others, raw)
		}
	}
	if len(posts) == 0 {
		return body, nil
	}
	timeline["events"] = encode(others)
	here["timeline"] = encode(timeline)
	joined[string(room)] = encode(here)
	rooms["join"] = encode(joined)
	a["rooms"] = encode(rooms)
	return encode(a), posts
}

func (p *play) proxy() *homeserver.Proxy {
	p.Helper()
	proxy, err := homeserver.NewProxy(p.ctx, p.stage.Server.URL())
	p.must(err)
	p.Cleanup(func() { _ = proxy.Close() })
	return proxy
}

// withheld is what a server keeps back from a client, or merely remembers.
type withheld struct {
	mu   sync.Mutex
	on   bool
	all  []json.RawMessage
	more chan struct{} // holds a token after each addition
}

// switched turns it on or off, also for requests that are under way.
func (h *withheld) switched(on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.on = on
}

func (h *withheld) events() []json.RawMessage {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}

// posts rewrites sync answers: while it is on it takes the sender's encrypted
// events, and takes them away too if it is to hide them.
func (h *withheld) posts(room meeting.RoomID, sender meeting.UserID, hide bool) func(*http.Request) homeserver.Fault {
	h.more = make(chan struct{}, 1)
	return func(r *http.Request) homeserver.Fault {
		if !homeserver.IsSync(r) {
			return homeserver.Fault{}
		}
		return homeserver.Fault{Rewrite: func(body []byte) []byte {
			h.mu.Lock()
			defer h.mu.Unlock()
			rest, found := posts(body, room, sender)
			if !h.on {
				return body
			}
			h.all = append(h.all, found...)
			select {
			case h.more <- struct{}{}:
			default:
			}
			if hide {
				return rest
			}
			return body
		}}
	}
}

// has waits until an event is among the withheld.
func (h *withheld) has(p *play, id meeting.EventID) {
	p.Helper()
	is := func(raw json.RawMessage) bool {
		var e struct {
			ID meeting.EventID `json:"event_id"`
		}
		return json.Unmarshal(raw, &e) == nil && e.ID == id
	}
	for !slices.ContainsFunc(h.events(), is) {
		select {
		case <-h.more:
		case <-p.ctx.Done():
			p.Fatalf("%s was not in any sync answer", id)
		}
	}
}

// TestWhoLeavesGetsNoKeys: somebody who has left cannot read the next post,
// even if their server hands it to them.
func TestWhoLeavesGetsNoKeys(t *testing.T) { whoLeavesGetsNoKeys(newPlay(t)) }

func whoLeavesGetsNoKeys(p *play) {
	t := p.T
	bot, lena := p.stage.Bot(), p.person("lena", "Lena Ledare")
	toBo, toBot := p.proxy(), p.proxy()
	p.stage.Through(toBot.URL())
	p.must(p.stage.Server.Register(p.ctx, "bo", stage.Password, false))
	bo, err := person.Login(p.ctx, person.Options{Homeserver: toBo.URL(), User: "bo", Password: stage.Password, Name: "Bo Ek"})
	p.must(err)
	t.Cleanup(bo.Close)
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, []*person.Person{bo})
	p.must(err)
	var before, after withheld // the bot's posts, by Bo's leaving
	toBo.OnRequest(before.posts(room, bot, true))
	toBo.CutAll() // so that the request under way counts too
	toBot.OnRequest(after.posts(room, bot, false))
	p.begin(lena)
	p.sees(bo, room, "Jag heter BLN-boten")

	before.switched(true)
	p.says(lena, room, "!nästa")
	question := p.sees(lena, room, "Frågan.")
	before.has(p, question.ID)
	after.switched(true)
	p.must(bo.Leave(p.ctx, room))
	p.must(lena.WaitForMember(p.ctx, room, bo.ID(), "leave"))
	p.says(lena, room, "!avsluta")
	next := p.sees(lena, room, "Möte 1 är avslutat")
	after.has(p, next.ID)

	// Now his server hands Bo everything, as if he were still there, until an answer
	// has reached him: the connection of the first may be the one that is cut.
	all := slices.Concat(before.events(), after.events())
	var reached atomic.Bool
	toBo.OnRequest(func(r *http.Request) (fault homeserver.Fault) {
		if homeserver.IsSync(r) && !reached.Load() {
			timeline := map[string]any{"timeline": map[string]any{"events": all}}
			fault = homeserver.Fault{Status: http.StatusOK, Body: encode(map[string]any{
				"next_batch": r.URL.Query().Get("since"),
				"rooms":      map[string]any{"join": map[meeting.RoomID]any{room: timeline}},
			})}
		}
		return fault
	})
	toBo.CutAll()
	has := func(id meeting.EventID) func(person.Seen) bool {
		return func(m person.Seen) bool { return m.ID == id }
	}
	was, err := bo.WaitFor(p.ctx, room, "the question from before he left", has(question.ID))
	p.must(err)
	if was.Body != question.Body {
		t.Errorf("Bo cannot read what was posted while he was a member: %s", was)
	}
	is, err := bo.WaitFor(p.ctx, room, "the post from after he left", has(next.ID))
	p.must(err)
	reached.Store(true)
	if is.Kind != person.KindUnreadable {
		t.Errorf("Bo reads what was posted after he left: %s", is)
	}
}

// TestNewDeviceOfMember: somebody goes on with a new device, without the bot
// being restarted.
func TestNewDeviceOfMember(t *testing.T) { newDeviceOfMember(newPlay(t)) }

func newDeviceOfMember(p *play) {
	t := p.T
	lena, anna := p.person("lena", "Lena Ledare"), p.person("anna", "Anna")
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, []*person.Person{anna})
	p.must(err)
	p.begin(lena)
	p.says(lena, room, "!nästa")
	question := p.sees(anna, room, "Frågan.")
	p.answers(anna, room, question.ID, "Det första svaret.")

	phone, err := person.Login(p.ctx, person.Options{
		Homeserver: p.stage.Server.URL(), User: "anna", Password: stage.Password, RecoveryKey: anna.RecoveryKey(), OnlyVerified: true,
	})
	p.must(err)
	defer phone.Close()
	p.answers(phone, room, question.ID, "Det andra svaret, från telefonen.")
	p.says(lena, room, "!avsluta")
	p.sees(phone, room, "Möte 1 är avslutat")
	if got, want := bodies(p.minutes("vasteras", 1), 1), []string{"Det första svaret.", "Det andra svaret, från telefonen."}; !slices.Equal(got, want) {
		t.Errorf("the minutes have %q", got)
	}
}

// TestKeyAfterMessage: a reply whose key comes late, and after the bot was
// killed, is in the minutes once, in its place; until then ⚠️ tells that it
// could not be read.
func TestKeyAfterMessage(t *testing.T) { keyAfterMessage(newPlay(t)) }

func keyAfterMessage(p *play) {
	t := p.T
	proxy := p.proxy()
	p.stage.Through(proxy.URL())
	lena, anna := p.person("lena", "Lena Ledare"), p.person("anna", "Anna")
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, []*person.Person{anna})
	p.must(err)
	// While it is holding, the server keeps from the bot what devices tell it.
	var mu sync.Mutex
	holding := false
	var held []json.RawMessage
	proxy.OnRequest(func(r *http.Request) homeserver.Fault {
		if !homeserver.IsSync(r) {
			return homeserver.Fault{}
		}
		return homeserver.Fault{Rewrite: func(body []byte) []byte {
			var a answer
			if json.Unmarshal(body, &a) != nil || a["next_batch"] == nil {
				return body
			}
			mu.Lock()
			defer mu.Unlock()
			held = append(held, a.part("to_device").list("events")...)
			pass := held
			if holding {
				pass = nil
			} else {
				held = nil
			}
			a["to_device"] = encode(map[string]any{"events": append([]json.RawMessage{}, pass...)})
			return encode(a)
		}}
	})
	p.begin(lena)
	p.says(lena, room, "!nästa")
	question := p.sees(anna, room, "Frågan.")

	mu.Lock()
	holding = true
	mu.Unlock()
	late, err := anna.SendThread(p.ctx, room, question.ID, "Svaret vars nyckel dröjer.")
	p.must(err)
	p.answers(lena, room, question.ID, "Ett svar som kan läsas.")
	_, err = anna.WaitFor(p.ctx, room, "⚠️", func(m person.Seen) bool { return m.ID == late && len(m.Reactions["⚠️"]) == 1 })
	p.must(err)
	p.must(p.stage.KillBot())
	p.must(p.stage.StartBot(p.ctx))
	mu.Lock()
	holding = false
	mu.Unlock()
	p.answers(lena, room, question.ID, "Ett svar som kommer sist.")
	p.noted(anna, room, late)
	_, err = anna.WaitFor(p.ctx, room, "⚠️ taken back", func(m person.Seen) bool { return m.ID == late && len(m.Reactions["⚠️"]) == 0 })
	p.must(err)
	want := []string{"Svaret vars nyckel dröjer.", "Ett svar som kan läsas.", "Ett svar som kommer sist."}
	if got := bodies(p.minutes("vasteras", 1), 1); !slices.Equal(got, want) {
		t.Errorf("the minutes have %q", got)
	}
}

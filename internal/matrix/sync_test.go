package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"blnbot/internal/meeting"
)

func TestMessagesArriveInOrderOnce(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.begin(c)
	w.server.push(timeline("s1", room1, false, text("$1", anna, "ett"), text("$2", anna, "två")))
	w.server.push(timeline("s2", room1, false, text("$2", anna, "två"), text("$3", anna, "tre")))
	w.until("three messages", func() bool { return len(w.handler.bodies()) == 3 })
	diff(t, w.handler.bodies(), []string{"ett", "två", "tre"})
	w.until("receipt", func() bool { return w.server.count("POST rooms/!room:x/receipt/m.read/$3") == 1 })
	<-c.Ready()
}

func TestNothingIsLostWhenStoringFails(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.begin(c)
	w.store.mu.Lock()
	w.store.failSync = errors.New("disk full")
	w.store.mu.Unlock()
	a := timeline("s1", room1, false, text("$1", anna, "ett"))
	w.server.push(a)
	w.server.push(a) // what the server says when asked again
	w.until("the message", func() bool { return len(w.handler.bodies()) == 1 })
	w.until("the next request", func() bool {
		w.server.mu.Lock()
		defer w.server.mu.Unlock()
		return len(w.server.sinces) == 4
	})
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	diff(t, w.server.sinces, []string{"", "s0", "s0", "s1"})
}

// A crash between storing the keys and storing the events: the server says
// the same again, keys included.
func TestSameAnswerTwiceAroundACrash(t *testing.T) {
	w := newWorld(t)
	p := w.peer(anna, "PHONE")
	c := w.open()
	stop := w.begin(c)
	w.store.mu.Lock()
	w.store.failSync = errors.New("killed")
	w.store.mu.Unlock()
	ev := w.say(p, "$1", "hemligt", nil)
	a := timeline("s1", room1, false, ev)
	a["to_device"] = w.keysFor(c)
	w.server.push(a)
	w.until("the failure", func() bool { return strings.Contains(w.logs(), "killed") })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	c = w.open() // a new process: nothing in memory
	w.server.push(a)
	w.run(c)
	w.until("the message", func() bool { return len(w.handler.bodies()) == 1 })
	diff(t, w.handler.bodies(), []string{"hemligt"})
}

func TestKeyLaterThanMessage(t *testing.T) {
	w := newWorld(t)
	p := w.peer(anna, "PHONE")
	c := w.open()
	w.begin(c)
	first := w.say(p, "$1", "hemligt", object{"m.relates_to": object{
		"rel_type": "m.thread", "event_id": "$root", "is_falling_back": true, "m.in_reply_to": object{"event_id": "$0"}}})
	keys := w.keysFor(c)
	w.server.push(timeline("s1", room1, false, first, text("$2", anna, "öppet")))
	w.until("the readable one", func() bool { return len(w.handler.bodies()) == 1 })
	w.clock.add(6 * time.Second)
	w.until("a key request", func() bool { return w.server.count("PUT sendToDevice/m.room_key_request") == 1 })
	w.clock.add(25 * time.Second)
	w.until("the note", func() bool { return len(w.handler.all()) == 2 })
	u, ok := w.handler.all()[1].(meeting.Unreadable)
	if !ok || u.ID != "$1" || u.Thread != "$root" || u.ReplyTo != "" || u.Sender != anna || u.Withheld != "" {
		t.Errorf("got %+v", w.handler.all()[1])
	}
	w.clock.add(24 * time.Hour)
	w.server.push(object{"next_batch": "s2", "to_device": keys})
	w.until("the message", func() bool { return len(w.handler.bodies()) == 2 })
	m, ok := w.handler.all()[2].(meeting.Message)
	if !ok || m.Body != "hemligt" || m.Thread != "$root" || m.Order != (meeting.Order{Batch: 2, Pos: 0}) {
		t.Errorf("got %+v", w.handler.all()[2])
	}
	if n := w.server.count("PUT sendToDevice/m.room_key_request"); n != 1 {
		t.Errorf("%d key requests", n)
	}
}

// TestKeyWhileTheMessageIsLookedAt: the key comes after the attempt to read the
// message, and before the message is noted to wait. The clock stands still, so
// that nothing but the key's arrival can bring the message.
func TestKeyWhileTheMessageIsLookedAt(t *testing.T) {
	w := newWorld(t)
	p := w.peer(anna, "PHONE")
	c := w.open()
	w.begin(c)
	first := w.say(p, "$1", "hemligt", nil)
	keys := w.keysFor(c)
	w.store.mu.Lock()
	w.store.beforeWait = func() {
		w.server.push(object{"next_batch": "s2", "to_device": keys})
		w.until("the key", func() bool { return c.synced.Load() == 3 })
	}
	w.store.mu.Unlock()
	w.server.push(timeline("s1", room1, false, first))
	w.until("the message", func() bool { return len(w.handler.bodies()) == 1 })
}

func TestWithheldKey(t *testing.T) {
	w := newWorld(t)
	p := w.peer(anna, "PHONE")
	c := w.open()
	w.begin(c)
	ev := w.say(p, "$1", "hemligt", nil)
	w.keysFor(c) // lost
	raw := toObject(ev["content"])
	a := timeline("s1", room1, false, ev)
	a["to_device"] = object{"events": []any{object{"type": "m.room_key.withheld", "sender": anna, "content": object{
		"algorithm": "m.megolm.v1.aes-sha2", "room_id": room1, "session_id": raw["session_id"],
		"sender_key": raw["sender_key"], "code": "m.unverified", "reason": "not verified"}}}}
	w.server.push(a)
	w.until("the row", func() bool { w.store.mu.Lock(); defer w.store.mu.Unlock(); return w.store.rows["$1"] != nil })
	w.clock.add(31 * time.Second)
	w.until("the note", func() bool { return len(w.handler.all()) == 1 })
	if u, ok := w.handler.all()[0].(meeting.Unreadable); !ok || u.Withheld != "m.unverified" {
		t.Errorf("got %+v", w.handler.all()[0])
	}
	w.clock.add(15 * 24 * time.Hour)
	w.until("burial", func() bool {
		w.store.mu.Lock()
		defer w.store.mu.Unlock()
		return w.store.rows["$1"].State == meeting.InboxDead
	})
}

func TestMalformedAnswersStopNothing(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.begin(c)
	a := object{"next_batch": "s1",
		"to_device": object{"events": []any{
			1, "x", object{}, object{"type": 5}, object{"type": "m.room.encrypted", "sender": 1, "content": "no"},
			object{"type": "m.room.encrypted", "sender": anna, "content": object{"algorithm": "m.olm.v1.curve25519-aes-sha2",
				"sender_key": "k", "ciphertext": object{}}},
			object{"type": "m.room_key", "sender": anna, "content": object{}},
			object{"type": "m.room_key_request", "sender": anna, "content": object{"action": "request"}},
		}},
		"rooms": object{
			"join": object{room1: object{
				"state": object{"events": []any{object{"type": "m.room.member", "state_key": 7}}},
				"timeline": object{"events": []any{
					nil, 3, object{"event_id": "$x"}, object{"event_id": "$y", "type": "m.room.message", "sender": anna, "content": []int{1}},
					object{"event_id": "$z", "type": "m.room.encrypted", "sender": anna, "content": object{"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": 1}},
					object{"event_id": "$p", "type": "m.room.power_levels", "state_key": "", "sender": anna, "content": object{"users": "all"}, "origin_server_ts": "now"},
					object{"event_id": "$e", "type": "m.room.encryption", "sender": anna, "content": object{"algorithm": "none"}}, // no state event
					text("$1", anna, "ett"),
				}}}},
			"invite": object{"!inv:x": object{"invite_state": object{"events": []any{5, object{"type": "m.room.member"}}}}},
		}}
	w.server.push(a)
	w.until("the message", func() bool { return len(w.handler.bodies()) == 1 })
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	if w.store.encrypted[room1] {
		t.Error("a message called m.room.encryption made the room encrypted")
	}
}

func TestFirstSyncIsOnlyADescription(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	old := text("$old", anna, "!nästa")
	self := member(botUser, "join")
	self["origin_server_ts"] = w.clock.now().Add(-time.Hour).UnixMilli()
	name := "!joined:x"
	joined := member(botUser, "join")
	joined["event_id"] = "$own"
	w.server.push(object{"next_batch": "s0", "rooms": object{"join": object{
		room1: object{
			"state":    object{"events": []object{self, member(anna, "join"), stateEvent("m.room.encryption", "", anna, object{"algorithm": "m.megolm.v1.aes-sha2"})}},
			"timeline": object{"events": []object{old}, "limited": true, "prev_batch": "p"}},
		name: object{"timeline": object{"limited": true, "prev_batch": "p", "events": []object{
			text("$before", anna, "före"), joined, text("$after", anna, "efter")}}},
	}}})
	w.run(c)
	<-c.Ready()
	diff(t, w.handler.bodies(), []string{"efter"})
	if w.store.rows["$old"] != nil || w.store.rows["$before"] != nil {
		t.Error("history was stored")
	}
	if !w.store.encrypted[room1] {
		t.Error("encryption was not noticed")
	}
	var members []meeting.UserID
	for _, ev := range w.handler.all() {
		if m, ok := ev.(meeting.Membership); ok && m.Room == room1 {
			members = append(members, m.User)
		}
	}
	diff(t, members, []meeting.UserID{anna, botUser}) // its own last
}

func TestKickedAndInvitedAgain(t *testing.T) {
	w := newWorld(t)
	w.handler.welcome = true
	c := w.open()
	w.begin(c)
	kick := stateEvent("m.room.member", botUser, anna, object{"membership": "leave"})
	kick["unsigned"] = object{"prev_content": object{"membership": "join"}}
	w.server.push(object{"next_batch": "s1", "rooms": object{
		"leave": object{room1: object{"timeline": object{"events": []object{text("$1", anna, "hej då"), kick}}}}}})
	w.until("the kick", func() bool { return len(w.handler.all()) == 2 })
	m, ok := w.handler.all()[1].(meeting.Membership)
	if !ok || !m.Self || m.Membership != "leave" || m.Sender != anna {
		t.Errorf("got %+v", m)
	}
	w.server.push(object{"next_batch": "s2", "rooms": object{"invite": object{room1: object{"invite_state": object{"events": []object{
		{"type": "m.room.member", "state_key": botUser, "sender": anna, "content": object{"membership": "invite", "is_direct": true}}}}}}}})
	w.until("joined", func() bool { return w.server.count("POST join/!room:x") == 1 })
	w.until("direct room", func() bool { r, _ := w.store.DirectRoom(t.Context(), anna); return r == room1 })
}

func TestUnwelcomeInvitation(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.begin(c)
	w.server.push(object{"next_batch": "s1", "rooms": object{"invite": object{"!spam:y": object{"invite_state": object{"events": []object{
		{"type": "m.room.member", "state_key": botUser, "sender": "@m:y", "content": object{"membership": "invite"}}}}}}}})
	w.until("declined", func() bool { return w.server.count("POST rooms/!spam:y/leave") == 1 })
	if n := w.server.count("POST join"); n != 0 {
		t.Error("joined")
	}
}

func TestHandlerErrors(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.begin(c)
	tries := 0
	w.handler.fail = func(ev meeting.Event) error {
		switch m := ev.(type) {
		case meeting.Message:
			if m.Body == "trasig" {
				tries++
				panic("poison")
			}
			if m.Body == "snart" && tries%2 == 0 {
				tries++
				return errors.New("locked")
			}
		}
		return nil
	}
	a := timeline("s1", room1, false, text("$1", anna, "snart"), text("$2", anna, "två"))
	a["rooms"].(object)["join"].(object)["!other:x"] = object{"timeline": object{"events": []object{text("$o", anna, "annat rum")}}}
	w.server.push(a)
	w.until("all three", func() bool { w.clock.add(time.Second); return len(w.handler.bodies()) == 3 })
	if got := w.handler.bodies(); slices.Index(got, "snart") > slices.Index(got, "två") {
		t.Errorf("out of order: %v", got)
	}
	w.server.push(timeline("s2", room1, false, text("$3", anna, "trasig"), text("$4", anna, "fyra")))
	w.until("the next one in spite of it", func() bool { w.clock.add(time.Second); return len(w.handler.bodies()) == 4 })
	w.until("giving up", func() bool {
		w.clock.add(13 * time.Hour)
		w.store.mu.Lock()
		defer w.store.mu.Unlock()
		return w.store.rows["$3"].State == meeting.InboxDead
	})
	all := w.handler.all()
	if f, ok := all[len(all)-1].(meeting.Failed); !ok || f.ID != "$3" || f.Type != "m.room.message" {
		t.Errorf("got %+v", all[len(all)-1])
	}
	if strings.Contains(w.logs(), "poison") || strings.Contains(w.logs(), "trasig") {
		t.Error("a log line quotes")
	}
}

func TestFetchedEvents(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.begin(c)
	<-c.Ready()
	w.server.mu.Lock()
	w.server.events["$1"] = text("$1", anna, "åter")
	gone := event_("$2", anna, "m.room.message", object{})
	gone["unsigned"] = object{"redacted_because": object{"sender": "@mod:x", "event_id": "$r"}}
	w.server.events["$2"] = gone
	w.server.mu.Unlock()
	w.store.mu.Lock()
	for i, ev := range []meeting.EventID{"$1", "$2"} {
		w.store.rows[ev] = &fakeRow{InboxRow: meeting.InboxRow{RawEvent: meeting.RawEvent{ID: ev, Room: room1},
			State: meeting.InboxFetch, Order: meeting.Order{Batch: 1, Pos: int64(i)}}}
	}
	w.store.mu.Unlock()
	w.until("both", func() bool { return len(w.handler.all()) == 2 })
	m, _ := w.handler.all()[0].(meeting.Message)
	r, _ := w.handler.all()[1].(meeting.Redaction)
	if m.Body != "åter" || !m.Fetched {
		t.Errorf("got %+v", m)
	}
	if r.Target != "$2" || r.ID != "$2" || r.Sender != "@mod:x" || !r.Fetched {
		t.Errorf("got %+v", r)
	}
}

func TestRoomUpgrade(t *testing.T) {
	for _, honest := range []bool{true, false} {
		t.Run(fmt.Sprint(honest), func(t *testing.T) {
			w := newWorld(t)
			c := w.open()
			w.begin(c)
			old := room1
			if !honest {
				old = "!another:x"
			}
			w.server.mu.Lock()
			w.server.state["!new:x"] = []object{stateEvent("m.room.create", "", anna, object{"predecessor": object{"room_id": old}})}
			w.server.mu.Unlock()
			w.server.push(timeline("s1", room1, false, stateEvent("m.room.tombstone", "", anna, object{"replacement_room": "!new:x"})))
			w.until("the news", func() bool { return len(w.handler.all()) == 1 })
			got, ok := w.handler.all()[0].(meeting.RoomReplaced)
			if !ok || got.Replacement != "!new:x" || got.Checked != honest {
				t.Errorf("got %+v", got)
			}
			if left := w.server.count("POST rooms/!new:x/leave") == 1; left == honest {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// The crypto database fails while a key arrives: the token must not move on,
// and the process must end, to start with clean memory.
func TestFailingCryptoDatabaseIsFatal(t *testing.T) {
	w := newWorld(t)
	p := w.peer(anna, "PHONE")
	c := w.open()
	w.server.push(object{"next_batch": "s0"})
	done := make(chan error, 1)
	go func() { done <- c.Run(context.Background()) }()
	w.until("the first sync", func() bool { return c.synced.Load() > 0 })
	if _, err := w.db.Exec(`CREATE TRIGGER full BEFORE INSERT ON crypto_megolm_inbound_session BEGIN SELECT RAISE(FAIL, 'disk full'); END`); err != nil {
		t.Fatal(err)
	}
	a := timeline("s1", room1, false, w.say(p, "$1", "hemligt", nil))
	a["to_device"] = w.keysFor(c)
	w.server.push(a)
	if err := <-done; !errors.Is(err, ErrCryptoStore) {
		t.Errorf("got %v", err)
	}
	if tok, _ := w.store.SyncToken(t.Context()); tok != "s0" {
		t.Errorf("token %q", tok)
	}
	if _, err := w.db.Exec(`DROP TRIGGER full`); err != nil {
		t.Fatal(err)
	}
	c = w.open()
	w.server.push(a)
	w.run(c)
	w.until("the message", func() bool { return len(w.handler.bodies()) == 1 })
}

func TestRateLimitedSyncWaits(t *testing.T) {
	f := &fault{op: "sync", status: http.StatusTooManyRequests, after: 7 * time.Second}
	if d := backoff(f, 1, time.Minute); d != 7*time.Second {
		t.Errorf("waits %v", d)
	}
	if d := backoff(errors.New("x"), 50, time.Minute); d > time.Minute || d < 30*time.Second {
		t.Errorf("waits %v", d)
	}
}

// TestForgottenToken: a server that has lost the token that it gave, as after the
// loss of its database, is asked for everything, and nothing is lost or repeated.
func TestForgottenToken(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.begin(c)
	<-c.Ready()
	said := func(ev string, at time.Duration) object {
		e := text("$"+ev, anna, ev)
		e["origin_server_ts"] = w.clock.now().Add(at).UnixMilli()
		return e
	}
	old, one, two, three := said("!nästa", -time.Hour), said("ett", 0), said("två", 0), said("tre", 0)
	w.server.push(timeline("s1", room1, false, one))
	w.until("the first", func() bool { return len(w.handler.bodies()) == 1 })
	w.server.mu.Lock()
	w.server.messages = func(_, from string, _ int) ([]object, string) { return []object{three, two, one, old}, "" }
	w.server.mu.Unlock()
	w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/sync") || r.URL.Query().Get("since") == "" {
			return false
		}
		if r.URL.Query().Get("since") == "new1" {
			return false
		}
		fail(rw, 400, "M_UNKNOWN_POS", nil)
		return true
	})
	// The request that waits comes to an end, and the next one meets the other server.
	w.server.push(object{"next_batch": "s2"})
	quiet := timeline("new1", room1, true, three)
	merge(quiet, timeline("new1", "!quiet:x", false, old))
	w.server.push(quiet)
	w.until("everything", func() bool { return len(w.handler.bodies()) >= 3 })
	w.server.push(timeline("new2", room1, false, said("fyra", 0)))
	w.until("what comes after", func() bool { return len(w.handler.bodies()) >= 4 })
	diff(t, w.handler.bodies(), []string{"ett", "två", "tre", "fyra"})
}

// TestHastyAnswers: a server that answers at once and always the same does not
// keep the bot busy.
func TestHastyAnswers(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.pace.poll = 100 * time.Millisecond
	c, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for range 6 {
		w.server.push(object{"next_batch": "s0"})
	}
	w.run(c)
	w.until("the answers", func() bool { return c.synced.Load() == 6 })
	// The first is not asked to wait, and the last is not waited after.
	if took := time.Since(began); took < 4*o.pace.poll {
		t.Errorf("six answers took %v", took)
	}
}

func toObject(v any) object { return merge(nil, v) }

func parseObjects(t *testing.T, events []object) []parsed {
	t.Helper()
	var raws []json.RawMessage
	for _, ev := range events {
		raw, err := json.Marshal(ev)
		if err != nil {
			t.Fatal(err)
		}
		raws = append(raws, raw)
	}
	return parseAll(raws)
}

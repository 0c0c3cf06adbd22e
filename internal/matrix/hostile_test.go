package matrix

import (
	"context"
	"encoding/json"
	"runtime"
	"strings"
	"testing"
	"time"

	goolm "maunium.net/go/mautrix/crypto/goolm/session"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/meeting"
)

// TestRedactionsAreConfirmed: a redaction counts if its sender may remove what
// others wrote, or the server has carried it out; not because it was sent.
func TestRedactionsAreConfirmed(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.begin(c)
	carried := event_("$own", anna, "m.room.message", object{})
	carried["unsigned"] = object{"redacted_because": object{"sender": anna}}
	w.server.mu.Lock()
	w.server.events["$intact"], w.server.events["$own"] = text("$intact", anna, "står kvar"), carried
	w.server.mu.Unlock()
	w.clock.add(redactionPatience) // the server has had the time
	redaction := func(ev, sender, target string) object {
		return event_(ev, sender, "m.room.redaction", object{"redacts": target})
	}
	w.server.push(timeline("s1", room1, false,
		stateEvent("m.room.power_levels", "", "@lena:x", object{"users": object{"@lena:x": 50}}),
		redaction("$r1", "@mallory:x", "$intact"), redaction("$r2", anna, "$own"),
		redaction("$r3", "@lena:x", "$intact"), redaction("$r4", anna, "$unknown"), redaction("$r5", anna, "$intact"), text("$end", anna, "slut")))
	w.until("the first look", func() bool { return w.server.count("GET rooms/!room:x/event/$intact") > 0 })
	w.clock.add(2 * redactionPatience)
	w.until("what follows", func() bool { w.clock.add(time.Second); return len(w.handler.bodies()) == 1 })
	var got []meeting.EventID
	for _, ev := range w.handler.all() {
		if r, ok := ev.(meeting.Redaction); ok {
			got = append(got, r.ID)
		}
	}
	diff(t, got, []meeting.EventID{"$r2", "$r3", "$r4", "$r5"})
	if strings.Contains(w.logs(), "står kvar") {
		t.Error("a log line quotes")
	}
}

// TestDeepNesting: a message that no decoder reads is passed over; the answer
// that brings it is read.
func TestDeepNesting(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.begin(c)
	deep := json.RawMessage(strings.Repeat(`[`, 9999) + strings.Repeat(`]`, 9999))
	w.server.push(timeline("s1", room1, false, text("$1", anna, `[{"före"}]`), event_("$2", "@mallory:x", "m.room.message", object{"msgtype": "m.text", "body": "x", "y": deep}),
		event_("$3", "@mallory:x", "m.room.message", deep), text("$4", anna, "efter")))
	w.until("all that can be read", func() bool { return len(w.handler.bodies()) == 3 })
	diff(t, w.handler.bodies(), []string{`[{"före"}]`, "x", "efter"})
}

func TestShallow(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":[1,[2,[3]],{"b":{}}],"c":"[[[\"[","d":4}`: `{"a":[1,null,null],"c":"[[[\"[","d":4}`,
		`[]`:      `[]`,
		`"\\"`:    `"\\"`,
		`[[],[]]`: `[[],[]]`,
	} {
		if got := string(shallow([]byte(in), 2)); got != want {
			t.Errorf("%s became %s", in, got)
		}
	}
}

// TestImpossibleTimes: whatever a server claims, an event has a time that can
// be stored and shown.
func TestImpossibleTimes(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.begin(c)
	var events []object
	for i, ts := range []any{int64(253402300799999), int64(-62135596800001), int64(9223372036854775807), int64(-9223372036854775808), 1e300, "idag", 0, nil} {
		ev := text("$"+string(rune('a'+i)), anna, "hej")
		ev["origin_server_ts"] = ts
		events = append(events, ev)
	}
	w.server.push(timeline("s1", room1, false, events...))
	w.until("all", func() bool { return len(w.handler.all()) == len(events) })
	for _, ev := range w.handler.all() {
		if m := ev.Meta(); !m.SentAt.Equal(m.Received) || m.Received.IsZero() {
			t.Errorf("%s was sent at %s", m.ID, m.SentAt)
		}
	}
}

// TestStolenKeys: a member has the keys to what others write. Handing them to
// the bot as if they were for another room, or its own, changes nothing.
func TestStolenKeys(t *testing.T) {
	w := newWorld(t)
	victim, thief := w.peer(anna, "PHONE"), w.peer("@mallory:x", "LAPTOP")
	c := w.open()
	w.begin(c)
	first := timeline("s1", room1, false, w.say(victim, "$1", "ett", nil))
	first["to_device"] = w.keysFor(c)
	w.server.push(first)
	w.until("the first message", func() bool { return len(w.handler.bodies()) == 1 })

	ctx := t.Context()
	group, err := victim.mach.CryptoStore.GetOutboundGroupSession(ctx, room1)
	if err != nil {
		t.Fatal(err)
	}
	second := w.say(victim, "$2", "två", nil) // the ratchet has moved on
	for _, room := range []id.RoomID{"!other:x", room1} {
		thief.gives(ctx, t, c, &event.RoomKeyEventContent{Algorithm: id.AlgorithmMegolmV1, RoomID: room,
			SessionID: group.ID(), SessionKey: group.Internal.Key()})
	}
	stolen := timeline("s2", room1, false, second)
	stolen["to_device"] = w.keysFor(c)
	w.server.push(stolen)
	w.until("the second message", func() bool { return len(w.handler.bodies()) == 2 })
	third := timeline("s3", room1, false, w.say(victim, "$3", "tre", nil))
	w.server.push(third)
	w.until("the third message", func() bool { return len(w.handler.bodies()) == 3 })
	diff(t, w.handler.bodies(), []string{"ett", "två", "tre"})
}

// TestIndexFarAhead: a message may claim to be any number in its session; that
// costs the bot nothing.
func TestIndexFarAhead(t *testing.T) {
	w := newWorld(t)
	p := w.peer(anna, "PHONE")
	c := w.open()
	w.begin(c)
	first := timeline("s1", room1, false, w.say(p, "$1", "ett", nil))
	first["to_device"] = w.keysFor(c)
	w.server.push(first)
	w.until("the first message", func() bool { return len(w.handler.bodies()) == 1 })
	group, err := p.mach.CryptoStore.GetOutboundGroupSession(t.Context(), room1)
	if err != nil {
		t.Fatal(err)
	}
	inner, ok := group.Internal.(*goolm.MegolmOutboundSession)
	if !ok {
		t.Fatalf("the session is a %T", group.Internal)
	}
	inner.Ratchet.AdvanceTo(1 << 24)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w.server.push(timeline("s2", room1, false, w.say(p, "$2", "två", nil)))
	w.until("the second message", func() bool { return len(w.handler.bodies()) == 2 })
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
		t.Errorf("reading one message took %d MB of memory", grown>>20)
	}
}

// TestCopyBeforeTheOriginal: a server that passes on a copy of somebody's sealed
// message before the message itself gets neither the words nor the message lost.
func TestCopyBeforeTheOriginal(t *testing.T) {
	w := newWorld(t)
	p := w.peer(anna, "PHONE")
	w.peer("@mallory:x", "PHONE")
	c := w.open()
	w.begin(c)
	original := w.say(p, "$1", "hemligt", nil)
	keys := w.keysFor(c)
	w.server.push(timeline("s1", room1, false, event_("$copy", "@mallory:x", "m.room.encrypted", original["content"]), original))
	w.server.push(object{"next_batch": "s2", "to_device": keys})
	w.until("the message", func() bool { return len(w.handler.bodies()) > 0 })
	if m, ok := w.handler.all()[0].(meeting.Message); !ok || m.ID != "$1" || m.Sender != anna || len(w.handler.all()) != 1 {
		t.Errorf("got %+v", w.handler.all())
	}
}

// gives sends a room key to the bot's device.
func (p *peer) gives(ctx context.Context, t *testing.T, c *Client, key *event.RoomKeyEventContent) {
	t.Helper()
	devices, err := p.mach.FetchKeys(ctx, []id.UserID{botUser}, true)
	if err != nil {
		t.Fatal(err)
	}
	device := devices[botUser][id.DeviceID(c.session.device)]
	if device == nil {
		t.Fatal("the bot's device is not known")
	}
	if err := p.mach.SendEncryptedToDevice(ctx, device, event.ToDeviceRoomKey, event.Content{Parsed: key}); err != nil {
		t.Fatal(err)
	}
}

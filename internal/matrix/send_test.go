package matrix

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	mevent "maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/meeting"
)

const secretText = "hemligheten om Anna"

func megolm() object {
	return stateEvent("m.room.encryption", "", anna, object{"algorithm": "m.megolm.v1.aes-sha2"})
}

func (w *world) setRoom(name string, state ...object) {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	w.server.state[name] = append([]object{stateEvent("m.room.create", "", anna, object{"room_version": "10"}),
		member(anna, "join"), member(botUser, "join")}, state...)
	w.server.joined = append(w.server.joined, name)
}

// read decrypts what the bot has sent, as p sees it.
func (w *world) read(p *peer, s sent) (string, object) {
	w.t.Helper()
	ctx := w.t.Context()
	for _, raw := range w.server.takeToDevice(string(p.UserID), string(p.DeviceID)) {
		var ev mevent.Event
		if err := json.Unmarshal(raw, &ev); err != nil {
			w.t.Fatal(err)
		}
		ev.Type.Class = mevent.ToDeviceEventType
		if err := ev.Content.ParseRaw(ev.Type); err != nil {
			w.t.Fatal(err)
		}
		p.mach.HandleToDeviceEvent(ctx, &ev)
	}
	var content mevent.Content
	if err := json.Unmarshal(s.Body, &content); err != nil {
		w.t.Fatal(err)
	}
	if err := content.ParseRaw(mevent.EventEncrypted); err != nil {
		w.t.Fatal(err)
	}
	p.n++
	dec, err := p.mach.DecryptMegolmEvent(ctx, &mevent.Event{
		ID: id.EventID("$read" + s.Txn), RoomID: id.RoomID(s.Room), Sender: botUser, Timestamp: 1,
		Type: mevent.EventEncrypted, Content: content,
	})
	if err != nil {
		w.t.Fatalf("decrypt: %v", err)
	}
	var body object
	if err := json.Unmarshal(dec.Content.VeryRaw, &body); err != nil {
		w.t.Fatal(err)
	}
	return dec.Type.Type, body
}

func post(key, markdown string) meeting.Delivery {
	return meeting.Delivery{Post: meeting.Post{Key: key, Room: room1, Kind: meeting.PostText, Markdown: markdown}}
}

func TestSendEncrypted(t *testing.T) {
	w := newWorld(t)
	w.setRoom(room1, megolm())
	p := w.peer(anna, "PHONE")
	c := w.open()
	d := post("meeting/1/opened @ 12:00", "**"+secretText+"**")
	d.ThreadID, d.Mentions = "$root", []meeting.UserID{anna}
	ev, err := c.Send(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Send(t.Context(), d)
	if err != nil || again != ev {
		t.Errorf("second time: %s, %v", again, err)
	}
	all := w.server.sentEvents(room1)
	if len(all) != 1 || all[0].Type != "m.room.encrypted" {
		t.Fatalf("sent %d events", len(all))
	}
	if strings.ContainsAny(all[0].Txn, "/ @%") {
		t.Errorf("transaction %q", all[0].Txn)
	}
	typ, body := w.read(p, all[0])
	diff(t, typ, "m.room.message")
	diff(t, body, object{
		"msgtype": "m.text", "body": secretText, "format": "org.matrix.custom.html",
		"formatted_body": "<strong>" + secretText + "</strong>",
		"m.mentions":     object{"user_ids": []any{anna}},
		"m.relates_to": object{"rel_type": "m.thread", "event_id": "$root", "is_falling_back": true,
			"m.in_reply_to": object{"event_id": "$root"}},
		"se.nka.blnbot.key": "meeting/1/opened @ 12:00",
	})
	// The next one in the thread follows this one, for old clients.
	d.Key = "2"
	if _, err := c.Send(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	_, body = w.read(p, w.server.sentEvents(room1)[1])
	diff(t, body["m.relates_to"].(object)["m.in_reply_to"], any(object{"event_id": string(ev)}))
	w.noPlainText()
}

// noPlainText looks for the secret in everything the server was sent.
func (w *world) noPlainText() {
	w.t.Helper()
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	for _, s := range w.server.sent {
		if bytes.Contains(s.Body, []byte(secretText)) || bytes.Contains(s.Body, []byte("Anna")) {
			w.t.Errorf("%s went out in clear", s.Type)
		}
	}
	if strings.Contains(w.log.text.String(), secretText) {
		w.t.Error("the log quotes")
	}
}

func TestOwnEventsComeBackAsEchoes(t *testing.T) {
	w := newWorld(t)
	w.setRoom(room1, megolm())
	w.peer(anna, "PHONE")
	c := w.open()
	w.begin(c)
	if _, err := c.Send(t.Context(), post("a/b", "hej")); err != nil {
		t.Fatal(err)
	}
	s := w.server.sentEvents(room1)[0]
	var content object
	_ = json.Unmarshal(s.Body, &content)
	encrypted := event_("$1", botUser, "m.room.encrypted", content)
	byTransaction := event_("$2", botUser, "m.room.redaction", object{})
	byTransaction["unsigned"] = object{"transaction_id": s.Txn}
	stranger := text("$3", botUser, "någon annan skrev detta")
	w.server.push(timeline("s1", room1, false, encrypted, byTransaction, stranger))
	w.until("echoes", func() bool { return len(w.handler.all()) == 3 })
	var keys []string
	for _, ev := range w.handler.all() {
		keys = append(keys, ev.(meeting.Echo).Key)
	}
	diff(t, keys, []string{"a/b", "a/b", ""})
}

func TestNeverInClearAgain(t *testing.T) {
	w := newWorld(t)
	w.setRoom(room1, megolm())
	w.peer(anna, "PHONE")
	c := w.open()
	w.begin(c)
	if _, err := c.Send(t.Context(), post("1", secretText)); err != nil {
		t.Fatal(err)
	}
	refused := func(what string, c *Client) {
		t.Helper()
		before := len(w.server.sentEvents(room1))
		file := post("f"+what, "")
		file.Kind, file.File = meeting.PostFile, &meeting.File{Name: secretText, Data: []byte(secretText)}
		for _, d := range []meeting.Delivery{post("2"+what, secretText), file} {
			if _, err := c.Send(t.Context(), d); !errors.Is(err, meeting.ErrUnsafe) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if len(w.server.sentEvents(room1)) != before {
			t.Errorf("%s: something was sent", what)
		}
	}
	w.server.push(timeline("s1", room1, false, stateEvent("m.room.encryption", "", anna, object{"algorithm": "none"})))
	w.until("the new state", func() bool { return c.synced.Load() == 2 })
	refused("algorithm changed", c)
	w.setRoom(room1) // the server denies it all
	w.db, w.dir = nil, t.TempDir()
	w.server.identity["master"] = map[string]object{}
	clear(w.server.data)
	refused("lost crypto database", w.open())
	w.noPlainText()
}

func TestStateUnknownIsFetchedFirst(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.begin(c)
	w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/state") {
			fail(rw, 502, "M_UNKNOWN", nil)
			return true
		}
		return false
	})
	var retry *meeting.RetryError
	if _, err := c.Send(t.Context(), post("1", secretText)); !errors.As(err, &retry) {
		t.Errorf("got %v", err)
	}
	if len(w.server.sentEvents(room1)) > 0 {
		t.Error("something was sent")
	}
}

func TestKeysGoToThoseWhoAreThere(t *testing.T) {
	w := newWorld(t)
	w.setRoom(room1, megolm(), member("@bo:x", "join"), member("@gone:x", "leave"), member("@cia:x", "invite"),
		stateEvent("m.room.history_visibility", "", anna, object{"history_visibility": "joined"}))
	w.peer(anna, "PHONE")
	w.peer("@bo:x", "PHONE")
	w.peer("@gone:x", "PHONE")
	w.peer("@cia:x", "PHONE")
	c := w.open()
	w.begin(c)
	got := func() map[string]bool {
		out := map[string]bool{}
		for _, user := range []string{anna, "@bo:x", "@gone:x", "@cia:x"} {
			if len(w.server.takeToDevice(user, "PHONE")) > 0 {
				out[user] = true
			}
		}
		return out
	}
	if _, err := c.Send(t.Context(), post("1", "ett")); err != nil {
		t.Fatal(err)
	}
	diff(t, got(), map[string]bool{anna: true, "@bo:x": true})
	leave := stateEvent("m.room.member", "@bo:x", "@bo:x", object{"membership": "leave", "Membership": "join"})
	leave["event_id"], leave["unsigned"] = "$leave", object{"prev_content": object{"membership": "join"}}
	w.server.push(timeline("s1", room1, false, leave))
	w.until("the new state", func() bool { return c.synced.Load() == 2 })
	if _, err := c.Send(t.Context(), post("2", "två")); err != nil {
		t.Fatal(err)
	}
	diff(t, got(), map[string]bool{anna: true})
	// A device that nobody was told of gets the next key if fresh is asked for.
	w.peer(anna, "TABLET")
	d := post("3", "tre")
	d.Fresh = true
	if _, err := c.Send(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if len(w.server.takeToDevice(anna, "TABLET")) == 0 {
		t.Error("the new device got no key")
	}
}

// People who are in many rooms are looked up once when new posts go to all of
// them, and their new devices get the keys to all.
func TestPeopleInManyRoomsAreLookedUpOnce(t *testing.T) {
	w := newWorld(t)
	rooms := []string{room1, "!two:x", "!three:x"}
	for _, room := range rooms {
		w.setRoom(room, megolm())
	}
	w.peer(anna, "PHONE")
	c := w.open()
	w.begin(c)
	send := func(text string, fresh bool, at func() time.Time) {
		for _, room := range rooms {
			d := post(text+room, text)
			d.Room, d.Fresh, d.Created = meeting.RoomID(room), fresh, at()
			w.clock.add(time.Second)
			if _, err := c.Send(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
	}
	send("ett", false, w.clock.now)
	w.peer(anna, "TABLET")
	before, at := w.server.count("POST keys/query"), w.clock.now()
	send("två", true, func() time.Time { return at })
	if n := w.server.count("POST keys/query") - before; n != 1 {
		t.Errorf("looked up %d times", n)
	}
	if n := len(w.server.takeToDevice(anna, "TABLET")); n != len(rooms) {
		t.Errorf("the new device got %d keys", n)
	}
	send("tre", true, w.clock.now) // each written after the last look
	if n := w.server.count("POST keys/query") - before; n != 1+len(rooms) {
		t.Errorf("looked up %d times", n)
	}
}

// The request for changed device lists fails while syncing: the new device
// must still get keys, as soon as the server answers.
func TestDeviceListThatFailedIsFetchedLater(t *testing.T) {
	w := newWorld(t)
	w.setRoom(room1, megolm())
	w.peer(anna, "PHONE")
	c := w.open()
	w.begin(c)
	if _, err := c.Send(t.Context(), post("1", "ett")); err != nil {
		t.Fatal(err)
	}
	w.peer(anna, "TABLET")
	w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/keys/query") {
			fail(rw, 500, "M_UNKNOWN", nil)
			return true
		}
		return false
	})
	w.server.push(object{"next_batch": "s1", "device_lists": object{"changed": []string{anna}}})
	w.until("the sync", func() bool { return c.synced.Load() == 2 })
	w.server.setIntercept(nil)
	if _, err := c.Send(t.Context(), post("2", "två")); err != nil {
		t.Fatal(err)
	}
	if len(w.server.takeToDevice(anna, "TABLET")) == 0 {
		t.Error("the new device got no key")
	}
}

func TestSendErrors(t *testing.T) {
	tests := []struct {
		name     string
		status   int
		code     string
		extra    object
		header   string
		attempts int
		want     error
		after    time.Duration
		limit    bool
	}{
		{name: "limit in the body", status: 429, code: "M_LIMIT_EXCEEDED", extra: object{"retry_after_ms": 1500}, after: 1500 * time.Millisecond, limit: true},
		{name: "limit in the header", status: 429, code: "M_LIMIT_EXCEEDED", header: "7", after: 7 * time.Second, limit: true},
		{name: "limit in both", status: 429, code: "M_LIMIT_EXCEEDED", header: "2", extra: object{"retry_after_ms": 3000}, after: 3 * time.Second, limit: true},
		{name: "limit without words", status: 429, limit: true},
		{name: "server error", status: 500, code: "M_UNKNOWN"},
		{name: "gateway", status: 504},
		{name: "logged out", status: 401, code: "M_UNKNOWN_TOKEN"},
		{name: "full server", status: 403, code: "M_RESOURCE_LIMIT_EXCEEDED"},
		{name: "forbidden", status: 403, code: "M_FORBIDDEN", want: meeting.ErrForbidden},
		{name: "too large", status: 413, code: "M_TOO_LARGE", want: meeting.ErrTooLarge},
		{name: "too large for Dendrite", status: 413, code: "M_BAD_JSON", want: meeting.ErrTooLarge},
		{name: "bad", status: 400, code: "M_BAD_JSON", want: meeting.ErrRejected},
		{name: "not there yet", status: 404, code: "M_NOT_FOUND"},
		{name: "not there", status: 404, code: "M_NOT_FOUND", attempts: 3, want: meeting.ErrRejected},
		{name: "locked", status: 401, code: "M_USER_LOCKED"},
		// What stands before the server says nothing about the post.
		{name: "proxy without its server", status: 404, attempts: 3},
		{name: "proxy's firewall", status: 403},
		{name: "proxy's login", status: 401},
		{name: "proxy that sends elsewhere", status: 301, header: "7", after: 7 * time.Second},
		{name: "proxy that takes no more", status: 413, want: meeting.ErrTooLarge},
		{name: "limit for years", status: 429, code: "M_LIMIT_EXCEEDED", header: "99999999", after: time.Hour, limit: true},
		{name: "limit for years in the body", status: 429, code: "M_LIMIT_EXCEEDED", extra: object{"retry_after_ms": 99999999999}, after: time.Hour, limit: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.setRoom(room1)
			c := w.open()
			w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
				if !strings.Contains(r.URL.Path, "/send/") {
					return false
				}
				if tt.header != "" {
					rw.Header().Set("Retry-After", tt.header)
				}
				if tt.code == "" {
					rw.Header().Set("Location", "/elsewhere")
					rw.WriteHeader(tt.status)
				} else {
					fail(rw, tt.status, tt.code, tt.extra)
				}
				return true
			})
			d := post("1", secretText)
			d.Attempts = tt.attempts
			_, err := c.Send(t.Context(), d)
			var retry *meeting.RetryError
			switch {
			case tt.want != nil && !errors.Is(err, tt.want):
				t.Errorf("got %v", err)
			case tt.want == nil && (!errors.As(err, &retry) || retry.After != tt.after || retry.Limit != tt.limit):
				t.Errorf("got %#v", err)
			}
			if err != nil && (strings.Contains(err.Error(), "Anna") || strings.Contains(err.Error(), "words")) {
				t.Errorf("error quotes: %v", err)
			}
			if n := w.server.count("PUT rooms/!room:x/send"); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// TestPageInsteadOfAnAnswer: a proxy's page with a good status is not taken for
// the homeserver's consent.
func TestPageInsteadOfAnAnswer(t *testing.T) {
	w := newWorld(t)
	w.setRoom(room1)
	c := w.open()
	w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/state/m.room.member/@ny:x") {
			fail(rw, 404, "M_NOT_FOUND", nil)
			return true
		}
		if strings.HasSuffix(r.URL.Path, "/invite") {
			_, _ = rw.Write([]byte("<html>Vi är snart tillbaka</html>"))
			return true
		}
		return false
	})
	d := post("1", "")
	d.Kind, d.User = meeting.PostInvite, "@ny:x"
	var retry *meeting.RetryError
	if _, err := c.Send(t.Context(), d); !errors.As(err, &retry) || !strings.Contains(err.Error(), "status 200, and no Matrix server says it like this") {
		t.Errorf("got %v", err)
	}
}

// TestDirectRoomRefused: a server in trouble may refuse what it grants later; one
// that goes on refusing means it.
func TestDirectRoomRefused(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
		refused := strings.HasSuffix(r.URL.Path, "/createRoom")
		if refused {
			fail(rw, 403, "M_FORBIDDEN", nil)
		}
		return refused
	})
	d := post("1", "")
	d.Room, d.To = "", anna
	var retry *meeting.RetryError
	if _, err := c.Send(t.Context(), d); !errors.As(err, &retry) {
		t.Errorf("the first time: %v", err)
	}
	d.Attempts = settleAttempts
	if _, err := c.Send(t.Context(), d); !errors.Is(err, meeting.ErrForbidden) { // it is asked at once: it has answered before
		t.Errorf("at last: %v", err)
	}
}

// TestDirectRoomIsNotMadeTwiceForAProxy: what a proxy says about a room does not
// make the bot leave it for a new one.
func TestDirectRoomIsNotMadeTwiceForAProxy(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.store.direct[anna] = "!direct:x"
	w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/rooms/!direct:x/state") {
			rw.WriteHeader(http.StatusNotFound)
			return true
		}
		return false
	})
	d := post("1", secretText)
	d.Room, d.To = "", anna
	var retry *meeting.RetryError
	if _, err := c.Send(t.Context(), d); !errors.As(err, &retry) {
		t.Errorf("got %v", err)
	}
	if n := w.server.count("POST createRoom"); n != 0 {
		t.Errorf("made %d rooms", n)
	}
}

// TestRoomInTheMaking: a server may make a room after the connection to it was lost.
// The bot, and its next process, asks for a second one only when it has had time for
// that.
func TestRoomInTheMaking(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		w := newWorld(t)
		p := w.peer(anna, "PHONE")
		c := w.open()
		var asked []byte
		w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/createRoom") {
				return false
			}
			asked, _ = io.ReadAll(r.Body)
			rw.WriteHeader(http.StatusBadGateway)
			return true
		})
		d := post("1", secretText)
		d.Room, d.To = "", anna
		retried := func() {
			t.Helper()
			var retry *meeting.RetryError
			if _, err := c.Send(t.Context(), d); !errors.As(err, &retry) {
				t.Fatalf("got %v", err)
			}
			d.Attempts++
		}
		retried()
		w.server.setIntercept(nil)
		if restarted {
			c = w.open()
		}
		retried()
		diff(t, w.server.count("POST createRoom"), 1)
		w.server.other(httptest.NewRecorder(), account{user: botUser}, []string{"createRoom"}, asked)
		if _, err := c.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		diff(t, w.server.count("POST createRoom"), 1)
		if _, body := w.read(p, w.server.sentEvents(string(w.store.direct[anna]))[0]); body["body"] != secretText {
			t.Errorf("got %v", body)
		}
	}
}

// TestRoomThatWasNeverMade: the connection was lost before the server knew of it.
func TestRoomThatWasNeverMade(t *testing.T) {
	w := newWorld(t)
	w.peer(anna, "PHONE")
	c := w.open()
	d := post("1", secretText)
	d.Room, d.To, d.Attempts = "", anna, 1
	var retry *meeting.RetryError
	if _, err := c.Send(t.Context(), d); !errors.As(err, &retry) || retry.After != makePatience {
		t.Fatalf("got %v", err)
	}
	w.clock.add(makePatience)
	if _, err := c.Send(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	diff(t, w.server.count("POST createRoom"), 1)
}

// TestUnfinishedRoom: a room that the server stopped making in the middle is left,
// whatever of it is missing, and another is made.
func TestUnfinishedRoom(t *testing.T) {
	newRoom := post("r", "")
	newRoom.Kind, newRoom.Room, newRoom.Make = meeting.PostRoom, "", &meeting.NewRoom{Name: "Arvika"}
	direct := post("d", secretText)
	direct.Room, direct.To = "", anna
	for _, tt := range []struct {
		missing string
		d       meeting.Delivery
	}{
		{"m.room.power_levels", newRoom}, {"m.room.encryption", newRoom}, {"m.room.name", newRoom},
		{"m.room.power_levels", direct}, {"m.room.encryption", direct}, {"m.room.member", direct},
	} {
		t.Run(tt.d.Key+" without "+tt.missing, func(t *testing.T) {
			w := newWorld(t)
			w.peer(anna, "PHONE")
			c := w.open()
			field, mark := roomField, tt.d.Key
			if tt.d.To != "" {
				field, mark = directField, string(tt.d.To)
			}
			var state []object
			for _, ev := range []object{
				stateEvent("m.room.create", "", botUser, object{field: mark}), stateEvent("m.room.power_levels", "", botUser, object{}),
				megolm(), stateEvent("m.room.name", "", botUser, object{"name": "Arvika"}), member(anna, "invite"),
			} {
				if ev["type"] != tt.missing {
					state = append(state, ev)
				}
			}
			bait := append([]object{stateEvent("m.room.create", "", "@mallory:x", object{field: mark})}, state[1:]...)
			w.server.mu.Lock()
			w.server.state["!half:x"] = append(state, member(botUser, "join"))
			w.server.state["!bait:x"] = append(bait, member(botUser, "join"))
			w.server.joined = []string{"!bait:x", "!half:x"}
			w.server.mu.Unlock()
			tt.d.Attempts = 1
			w.clock.add(makePatience) // since the start
			var retry *meeting.RetryError
			if _, err := c.Send(t.Context(), tt.d); !errors.As(err, &retry) || retry.After != makePatience {
				t.Fatalf("got %v", err)
			}
			diff(t, w.server.count("POST rooms/!half:x/leave"), 0)
			w.clock.add(makePatience)
			if _, err := c.Send(t.Context(), tt.d); err != nil {
				t.Fatal(err)
			}
			diff(t, w.server.count("POST createRoom"), 1)
			diff(t, w.server.count("POST rooms/!half:x/leave"), 1)
			diff(t, w.server.count("POST rooms/!bait:x/leave"), 0)
		})
	}
}

func TestSendSizes(t *testing.T) {
	for _, secret := range []bool{true, false} {
		w := newWorld(t)
		if secret {
			w.setRoom(room1, megolm())
		} else {
			w.setRoom(room1)
		}
		w.peer(anna, "PHONE")
		c := w.open()
		if _, err := c.Send(t.Context(), post("1", strings.Repeat("x", 43_000))); err != nil {
			t.Error(err)
		}
		// Twice the size because of the formatted form: sent without it.
		if _, err := c.Send(t.Context(), post("2", "**x** "+strings.Repeat("x", 40_000))); err != nil {
			t.Error(err)
		}
		if _, err := c.Send(t.Context(), post("3", strings.Repeat("x", 61_000))); !errors.Is(err, meeting.ErrTooLarge) {
			t.Errorf("got %v", err)
		}
		for _, s := range w.server.sentEvents(room1) {
			if len(s.Body) > maxContent {
				t.Errorf("%d bytes", len(s.Body))
			}
		}
		if n := len(w.server.sentEvents(room1)); n != 2 {
			t.Errorf("%d sent", n)
		}
	}
}

func TestOtherPosts(t *testing.T) {
	w := newWorld(t)
	w.setRoom(room1)
	c := w.open()
	send := func(d meeting.Delivery) (meeting.EventID, object) {
		t.Helper()
		d.Room = room1
		ev, err := c.Send(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		all := w.server.sentEvents(room1)
		var body object
		_ = json.Unmarshal(all[len(all)-1].Body, &body)
		return ev, body
	}
	_, body := send(meeting.Delivery{Post: meeting.Post{Key: "r", Kind: meeting.PostReaction, Emoji: "📝"}, TargetID: "$t"})
	diff(t, body, object{"m.relates_to": object{"rel_type": "m.annotation", "event_id": "$t", "key": "📝"}, "se.nka.blnbot.key": "r"})

	_, body = send(meeting.Delivery{Post: meeting.Post{Key: "d", Kind: meeting.PostRedact}, TargetID: "$t"})
	diff(t, body, object{"se.nka.blnbot.key": "d"})

	long := strings.Repeat("lång text ", 50)
	_, body = send(meeting.Delivery{Post: meeting.Post{Key: "e", Kind: meeting.PostEdit, Markdown: long}, TargetID: "$t"})
	if outer := body["body"].(string); len([]rune(outer)) > editFallbackRunes || !strings.HasPrefix(outer, "* lång") {
		t.Errorf("fallback %q", outer)
	}
	diff(t, body["m.relates_to"], any(object{"rel_type": "m.replace", "event_id": "$t"}))
	diff(t, body["m.new_content"], any(object{"msgtype": "m.text", "body": strings.TrimSpace(long), "m.mentions": object{}}))

	_, body = send(meeting.Delivery{Post: meeting.Post{Key: "n", Kind: meeting.PostNotice, Markdown: "hej @room"}, ReplyToID: "$q"})
	diff(t, body, object{"msgtype": "m.notice", "body": "hej @\u2060room", "m.mentions": object{},
		"m.relates_to": object{"m.in_reply_to": object{"event_id": "$q"}}, "se.nka.blnbot.key": "n"})

	for _, d := range []meeting.Delivery{
		{Post: meeting.Post{Room: room1, Kind: meeting.PostText, Markdown: " "}},
		{Post: meeting.Post{Room: room1, Kind: meeting.PostReaction, Emoji: "📝"}},
		{Post: meeting.Post{Room: room1, Kind: meeting.PostRedact}},
		{Post: meeting.Post{Room: room1, Kind: meeting.PostEdit, Markdown: "x"}},
		{Post: meeting.Post{Room: room1, Kind: meeting.PostFile}},
		{Post: meeting.Post{Room: room1, Kind: "what"}},
		{Post: meeting.Post{Kind: meeting.PostText, Markdown: "x"}},
	} {
		if _, err := c.Send(t.Context(), d); !errors.Is(err, meeting.ErrRejected) {
			t.Errorf("%+v: %v", d, err)
		}
	}
	w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/m.reaction/") && r.Method == http.MethodPut {
			fail(rw, 400, "M_DUPLICATE_ANNOTATION", nil)
			return true
		}
		return false
	})
	ev, err := c.Send(t.Context(), meeting.Delivery{Post: meeting.Post{Key: "r2", Room: room1, Kind: meeting.PostReaction, Emoji: "📝"}, TargetID: "$t"})
	if err != nil || ev != "$mine" {
		t.Errorf("duplicate reaction: %s, %v", ev, err)
	}
}

const editFallbackRunes = 81

func TestFiles(t *testing.T) {
	w := newWorld(t)
	w.setRoom(room1, megolm())
	p := w.peer(anna, "PHONE")
	c := w.open()
	var query string
	w.server.setIntercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/upload") && strings.Contains(r.URL.Path, "media") {
			query = r.URL.RawQuery + r.Header.Get("Content-Type")
		}
		return false
	})
	d := post("f", "Anteckningar från **möte 2**")
	d.Kind, d.File = meeting.PostFile, &meeting.File{Name: secretText + ".docx", Type: "application/docx", Data: []byte(secretText)}
	if _, err := c.Send(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if query != "application/octet-stream" {
		t.Errorf("upload says %q", query)
	}
	w.noPlainText()
	_, body := w.read(p, w.server.sentEvents(room1)[0])
	if body["msgtype"] != "m.file" || body["filename"] != d.File.Name || body["body"] != "Anteckningar från möte 2" || body["url"] != nil {
		t.Errorf("got %v", body)
	}
	raw, _ := json.Marshal(body["file"])
	var f mevent.EncryptedFileInfo
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	data := bytes.Clone(w.server.sentEvents("")[0].Body)
	if err := f.DecryptInPlace(data); err != nil || string(data) != secretText {
		t.Errorf("file: %q, %v", data, err)
	}
}

// A picture is an image of its size, with what is in it as its text; nothing of
// it is to be read by the server.
func TestPicturesAreEncrypted(t *testing.T) {
	w := newWorld(t)
	w.setRoom(room1, megolm())
	p := w.peer(anna, "PHONE")
	c := w.open()
	d := post("f", "Diagram över röster. "+secretText+": 4 röster.")
	d.Kind, d.File = meeting.PostFile, &meeting.File{Name: "diagram-roster.png", Type: "image/png", Data: []byte("\x89PNG" + secretText), Width: 1440, Height: 639}
	if _, err := c.Send(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	w.noPlainText()
	_, body := w.read(p, w.server.sentEvents(room1)[0])
	if body["msgtype"] != "m.image" || body["filename"] != d.File.Name || body["body"] != d.Markdown || body["url"] != nil || body["file"] == nil {
		t.Errorf("got %v", body)
	}
	info, err := json.Marshal(body["info"])
	if want := fmt.Sprintf(`{"h":639,"mimetype":"image/png","size":%d,"w":1440}`, len(d.File.Data)); err != nil || string(info) != want {
		t.Errorf("info is %s, want %s", info, want)
	}
}

func TestDirectMessages(t *testing.T) {
	w := newWorld(t)
	p := w.peer(anna, "PHONE")
	c := w.open()
	dm := func(c *Client, key string) {
		t.Helper()
		d := post(key, secretText)
		d.Room, d.To = "", anna
		if _, err := c.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	dm(c, "1")
	first := w.store.direct[anna]
	if first == "" || !w.store.encrypted[first] {
		t.Fatalf("room %q, encrypted %v", first, w.store.encrypted[first])
	}
	if _, body := w.read(p, w.server.sentEvents(string(first))[0]); body["body"] != secretText {
		t.Errorf("got %v", body)
	}
	diff(t, string(w.server.data["m.direct"]), `{"@anna:x":["`+string(first)+`"]}`)
	// A crash before the room was noted down: it is found again.
	delete(w.store.direct, anna)
	dm(w.open(), "2")
	diff(t, w.store.direct[anna], first)
	// Somebody else's room with the same mark is not used, nor one with a third person.
	delete(w.store.direct, anna)
	w.server.mu.Lock()
	w.server.state["!bait:x"] = []object{stateEvent("m.room.create", "", "@mallory:x", object{directField: anna}),
		member(botUser, "join"), member(anna, "join")}
	w.server.joined = []string{"!bait:x", string(first)}
	w.server.state[string(first)] = append(w.server.state[string(first)], member("@mallory:x", "join"))
	w.server.mu.Unlock()
	dm(w.open(), "3")
	if got := w.store.direct[anna]; got == first || got == "!bait:x" {
		t.Errorf("used %s", got)
	}
	// She has left: a new room.
	second := w.store.direct[anna]
	w.server.mu.Lock()
	for i, ev := range w.server.state[string(second)] {
		if ev["state_key"] == anna {
			w.server.state[string(second)][i] = member(anna, "leave")
		}
	}
	w.server.mu.Unlock()
	dm(w.open(), "4")
	if w.store.direct[anna] == second {
		t.Error("wrote into the room she has left")
	}
	w.noPlainText()
}

func TestResendWaitsForGaps(t *testing.T) {
	w := newWorld(t)
	w.setRoom(room1)
	c := w.open()
	w.store.gaps = append(w.store.gaps, meeting.Gap{ID: 1, Room: room1})
	w.store.parked[1] = w.clock.now().Add(time.Hour)
	d := post("1", "hej")
	d.Attempts = 1
	var retry *meeting.RetryError
	if _, err := c.Send(t.Context(), d); !errors.As(err, &retry) || retry.After == 0 {
		t.Errorf("got %v", err)
	}
	d.Attempts = 0
	if _, err := c.Send(t.Context(), d); err != nil {
		t.Error(err)
	}
}

// An attempt whose answer was lost is found in the room, encrypted or not.
func TestResendLooksForThePost(t *testing.T) {
	w := newWorld(t)
	w.setRoom(room1, megolm())
	c := w.open()
	if _, err := c.Send(t.Context(), post("1", "hej")); err != nil {
		t.Fatal(err)
	}
	reaction := meeting.Delivery{Post: meeting.Post{Key: "2", Room: room1, Kind: meeting.PostReaction, Emoji: "📝"}, TargetID: "$x"}
	if _, err := c.Send(t.Context(), reaction); err != nil {
		t.Fatal(err)
	}
	w.server.mu.Lock()
	events := []object{text("$other", anna, "hej")}
	for i, s := range w.server.sent {
		events = append(events, event_(fmt.Sprintf("$there%d", i), botUser, s.Type, s.Body))
	}
	w.server.messages = func(string, string, int) ([]object, string) { return events, "" }
	sent := len(w.server.sent)
	w.server.sent = nil // the server forgets its transactions
	w.server.mu.Unlock()
	again, reacted, other := post("1", "hej"), reaction, post("3", "hej")
	again.Attempts, reacted.Attempts, other.Attempts = 1, 1, 1
	for i, d := range []meeting.Delivery{again, reacted} {
		if got, err := c.Send(t.Context(), d); err != nil || got != meeting.EventID(fmt.Sprintf("$there%d", i)) {
			t.Errorf("post %s: %s, %v", d.Key, got, err)
		}
	}
	if _, err := c.Send(t.Context(), other); err != nil {
		t.Error(err)
	}
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	if sent != 2 || len(w.server.sent) != 1 {
		t.Errorf("%d posts first, then %d", sent, len(w.server.sent))
	}
}

func TestStatus(t *testing.T) {
	w := newWorld(t)
	levels := func(content object) object { return stateEvent("m.room.power_levels", "", anna, content) }
	w.setRoom("!good:x", megolm(), levels(object{"users": object{botUser: 50}}))
	w.setRoom("!weak:x", levels(object{"events": object{"m.room.message": 10}, "invite": 50}))
	w.setRoom("!none:x")
	w.setRoom("!v12:x", levels(object{"users_default": 0, "events_default": 100}))
	w.server.state["!v12:x"][0] = stateEvent("m.room.create", "", botUser, object{"room_version": "12"})
	c := w.open()
	s, err := c.Status(t.Context(), []string{"!good:x", "!weak:x", "!none:x", "!v12:x", "!not:x", "#alias:x", "rubbish"})
	if err != nil {
		t.Fatal(err)
	}
	if s.User != botUser || s.Device == "" || s.Fingerprint == "" || s.Clock.Abs() > time.Minute {
		t.Errorf("got %+v", s)
	}
	diff(t, s.Rooms[0], RoomStatus{Name: "!good:x", Room: "!good:x", Joined: true, Encrypted: true})
	diff(t, s.Rooms[1], RoomStatus{Name: "!weak:x", Room: "!weak:x", Joined: true, Missing: []Right{RightSend, RightRemove, RightInvite}})
	diff(t, s.Rooms[2].Missing, []Right{RightRemove})
	diff(t, s.Rooms[3].Missing, []Right(nil))
	if !errors.Is(s.Rooms[4].Err, ErrNotInRoom) || s.Rooms[5].Room != "!alias:x" || !errors.Is(s.Rooms[6].Err, ErrNoRoom) {
		t.Errorf("got %+v", s.Rooms[4:])
	}
}

func TestResolveRoom(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	room, err := c.ResolveRoom(t.Context(), "#natverk:x")
	if err != nil || room != "!natverk:x" || w.server.count("POST join/!natverk:x") != 1 {
		t.Errorf("%s, %v", room, err)
	}
	if _, err := c.ResolveRoom(t.Context(), "#natverk:x"); err != nil || w.server.count("POST join") != 1 {
		t.Errorf("joined again, %v", err)
	}
	w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
		_, _ = io.Copy(io.Discard, r.Body)
		switch {
		case strings.Contains(r.URL.Path, "/join/"):
			fail(rw, 403, "M_FORBIDDEN", nil)
		case strings.Contains(r.URL.Path, "/directory/"):
			fail(rw, 404, "M_NOT_FOUND", nil)
		default:
			return false
		}
		return true
	})
	if room, err := c.ResolveRoom(t.Context(), "!closed:x"); room != "!closed:x" || !errors.Is(err, ErrNotInRoom) {
		t.Errorf("%s, %v", room, err)
	}
	if _, err := c.ResolveRoom(t.Context(), "#nothing:x"); !errors.Is(err, ErrNoRoom) {
		t.Error(err)
	}
}

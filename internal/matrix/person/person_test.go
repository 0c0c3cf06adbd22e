package person_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/homeserver"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

const password = "a password of some length"

// bounded is the test's context with an end, so that a wait that fails shows
// what it saw.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func startServer(t *testing.T, o homeserver.Options) *homeserver.Server {
	t.Helper()
	o.Dir, o.Progress = t.TempDir(), os.Stderr
	s, err := homeserver.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return s
}

// enter registers a user and logs in.
func enter(t *testing.T, s *homeserver.Server, user string) *person.Person {
	t.Helper()
	if err := s.Register(t.Context(), user, password, false); err != nil {
		t.Fatal(err)
	}
	return login(t, person.Options{Homeserver: s.URL(), User: user})
}

func login(t *testing.T, o person.Options) *person.Person {
	t.Helper()
	o.Password = password
	began := time.Now()
	p, err := person.Login(bounded(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s logged in in %s", o.User, time.Since(began).Round(time.Millisecond))
	t.Cleanup(p.Close)
	return p
}

// must returns what a call gave, or ends the test.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// meet makes a room with everybody in it.
func meet(t *testing.T, r person.Room, host *person.Person, guests ...*person.Person) meeting.RoomID {
	t.Helper()
	ctx := bounded(t)
	for _, g := range guests {
		r.Invite = append(r.Invite, g.ID())
	}
	roomID := must[meeting.RoomID](t)(host.CreateRoom(ctx, r))
	for _, g := range guests {
		if err := host.WaitForMember(ctx, roomID, g.ID(), "join"); err != nil {
			t.Fatal(err)
		}
	}
	return roomID
}

func with(body string) func(person.Seen) bool {
	return func(s person.Seen) bool { return s.Body == body }
}

func TestTwoPeopleInAnEncryptedRoom(t *testing.T) {
	ctx := bounded(t)
	server := startServer(t, homeserver.Options{})
	lena, anna := enter(t, server, "lena"), enter(t, server, "anna")
	roomID := meet(t, person.Room{Name: "Västerås", Alias: "vasteras", Encrypted: true}, lena, anna)
	sent := must[meeting.EventID](t)

	prompt := sent(lena.Post(ctx, roomID, person.Message{Body: "Fråga 1", HTML: "<b>Fråga 1</b>", Mentions: []meeting.UserID{anna.ID()}}))
	seen := must[person.Seen](t)(anna.WaitForEvent(ctx, roomID, prompt))
	if !seen.Encrypted || !seen.Verified || seen.HTML != "<b>Fråga 1</b>" || !slices.Contains(seen.Mentions, anna.ID()) {
		t.Errorf("anna sees the prompt as %s, verified: %v", seen, seen.Verified)
	}
	answer := sent(anna.SendThread(ctx, roomID, prompt, "Anhörigruppen"))
	must[person.Seen](t)(lena.WaitForEvent(ctx, roomID, answer))

	if err := server.Restart(ctx); err != nil {
		t.Fatal(err)
	}

	reply := sent(anna.Reply(ctx, roomID, prompt, "Kontaktpersonen"))
	sent(anna.Edit(ctx, roomID, answer, "Anhöriggruppen"))
	sent(lena.React(ctx, roomID, answer, "📌"))
	taken := sent(lena.React(ctx, roomID, answer, "💡"))
	regretted := sent(anna.SendThread(ctx, roomID, prompt, "Ångrar mig"))
	if err := anna.Redact(ctx, roomID, regretted); err != nil {
		t.Fatal(err)
	}
	must[person.Seen](t)(lena.WaitFor(ctx, roomID, "the reaction", func(s person.Seen) bool { return s.Reactions["💡"] != nil }))
	if err := lena.Redact(ctx, roomID, taken); err != nil {
		t.Fatal(err)
	}
	last := sent(lena.Send(ctx, roomID, "Tack"))

	want := []person.Seen{
		{ID: prompt, Sender: lena.ID(), Kind: "m.text", Body: "Fråga 1", HTML: "<b>Fråga 1</b>", Mentions: []meeting.UserID{anna.ID()}, Encrypted: true, Verified: true},
		{ID: answer, Sender: anna.ID(), Kind: "m.text", Body: "Anhöriggruppen", Thread: prompt, Edited: true, Encrypted: true, Verified: true, Reactions: map[string][]meeting.UserID{"📌": {lena.ID()}}},
		{ID: reply, Sender: anna.ID(), Kind: "m.text", Body: "Kontaktpersonen", ReplyTo: prompt, Encrypted: true, Verified: true},
		{ID: regretted, Sender: anna.ID(), Encrypted: true, Redacted: true},
		{ID: last, Sender: lena.ID(), Kind: "m.text", Body: "Tack", Encrypted: true, Verified: true},
	}
	for _, p := range []*person.Person{lena, anna} {
		done := func(seen []person.Seen) bool {
			i := slices.IndexFunc(seen, func(s person.Seen) bool { return s.ID == last })
			return i >= 0 && slices.ContainsFunc(seen, func(s person.Seen) bool { return s.Edited }) &&
				!slices.ContainsFunc(seen, func(s person.Seen) bool { return s.Reactions["💡"] != nil })
		}
		got := must[[]person.Seen](t)(p.WaitUntil(ctx, roomID, "everything", done))
		if diff := cmp.Diff(want, got, ignored()); diff != "" {
			t.Errorf("%s sees (-want +got):\n%s", p.ID(), diff)
		}
	}
}

// ignored leaves out what differs from run to run, and the kind of removed
// messages, which depends on whether they were seen before.
func ignored() cmp.Option {
	return cmp.FilterPath(func(p cmp.Path) bool {
		switch p.Last().String() {
		case ".At", ".Content", ".message":
			return true
		case ".Kind":
			s, ok := p.Index(-2).Values()
			return s.IsValid() && ok.IsValid() && s.Interface().(person.Seen).Redacted
		}
		return false
	}, cmp.Ignore())
}

func TestKeyThatArrivesLate(t *testing.T) {
	ctx := bounded(t)
	server := startServer(t, homeserver.Options{})
	lena := enter(t, server, "lena")
	proxy := must[*homeserver.Proxy](t)(homeserver.NewProxy(ctx, server.URL()))
	t.Cleanup(func() { _ = proxy.Close() })
	if err := server.Register(ctx, "anna", password, false); err != nil {
		t.Fatal(err)
	}
	anna := login(t, person.Options{Homeserver: proxy.URL(), User: "anna"})
	roomID := meet(t, person.Room{Encrypted: true}, lena, anna)

	var kept holdBack
	proxy.OnRequest(func(r *http.Request) homeserver.Fault {
		if !homeserver.IsSync(r) {
			return homeserver.Fault{}
		}
		return homeserver.Fault{Rewrite: kept.rewrite}
	})
	proxy.CutAll() // the request under way knows nothing of this
	id := must[meeting.EventID](t)(lena.Send(ctx, roomID, "Hej"))
	unread := must[person.Seen](t)(anna.WaitFor(ctx, roomID, "any message", func(s person.Seen) bool { return s.ID == id }))
	if unread.Kind != person.KindUnreadable || unread.Body != "" {
		t.Errorf("without the key anna sees %s", unread)
	}
	kept.release()
	must[meeting.EventID](t)(lena.Send(ctx, roomID, "Är du där?")) // makes the server answer
	if s := must[person.Seen](t)(anna.WaitForEvent(ctx, roomID, id)); s.Body != "Hej" {
		t.Errorf("with the key anna sees %s", s)
	}
}

// holdBack keeps the to-device messages out of sync answers, and adds them to
// the first answer after release.
type holdBack struct {
	mu       sync.Mutex
	events   []any
	released bool
}

func (h *holdBack) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.released = true
}

func (h *holdBack) rewrite(body []byte) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	var answer map[string]any
	if json.Unmarshal(body, &answer) != nil {
		return body
	}
	if toDevice, ok := answer["to_device"].(map[string]any); ok {
		events, _ := toDevice["events"].([]any)
		h.events = append(h.events, events...)
	}
	delete(answer, "to_device")
	if h.released {
		answer["to_device"] = map[string]any{"events": h.events}
		h.events = nil
	}
	changed, err := json.Marshal(answer)
	if err != nil {
		return body
	}
	return changed
}

func TestHistoryOfSomebodyWhoJoinsLate(t *testing.T) {
	ctx := bounded(t)
	server := startServer(t, homeserver.Options{})
	lena, anna, bo := enter(t, server, "lena"), enter(t, server, "anna"), enter(t, server, "bo")
	roomID := meet(t, person.Room{Name: "Öppet"}, lena, anna)

	const each = 60
	var writers sync.WaitGroup
	for _, p := range []*person.Person{lena, anna} {
		writers.Go(func() {
			for n := range each {
				if _, err := p.Send(ctx, roomID, fmt.Sprintf("%s %d", p.ID(), n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	if err := lena.Invite(ctx, roomID, bo.ID()); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*person.Person{lena, bo} {
		got := must[[]person.Seen](t)(p.WaitUntil(ctx, roomID, "all messages", func(seen []person.Seen) bool { return len(seen) >= 2*each }))
		bodies := map[string]int{}
		for _, s := range got {
			bodies[s.Body]++
		}
		if len(got) != 2*each || len(bodies) != 2*each {
			t.Errorf("%s sees %d messages, %d different ones, want %d", p.ID(), len(got), len(bodies), 2*each)
		}
	}
}

func TestFiles(t *testing.T) {
	ctx := bounded(t)
	server := startServer(t, homeserver.Options{})
	lena, anna := enter(t, server, "lena"), enter(t, server, "anna")
	for _, encrypted := range []bool{false, true} {
		t.Run(fmt.Sprintf("encrypted=%v", encrypted), func(t *testing.T) {
			roomID := meet(t, person.Room{Encrypted: encrypted}, lena, anna)
			root := must[meeting.EventID](t)(lena.Send(ctx, roomID, "Fråga"))
			file := meeting.File{Name: "schema.png", Type: "image/png", Data: []byte("not really an image")}
			id := must[meeting.EventID](t)(anna.SendFile(ctx, roomID, person.Attachment{File: file, Caption: "Vårt schema", Thread: root}))
			seen := must[person.Seen](t)(lena.WaitForEvent(ctx, roomID, id))
			if seen.Kind != "m.image" || seen.FileName != "schema.png" || seen.Body != "Vårt schema" || seen.Thread != root || seen.Encrypted != encrypted {
				t.Errorf("lena sees %s", seen)
			}
			if got := must[[]byte](t)(lena.Download(ctx, seen)); !bytes.Equal(got, file.Data) {
				t.Errorf("lena downloads %q", got)
			}
		})
	}
}

func TestDirectRoomAndRooms(t *testing.T) {
	ctx := bounded(t)
	server := startServer(t, homeserver.Options{})
	lena, anna := enter(t, server, "lena"), enter(t, server, "anna")
	roomID := must[meeting.RoomID](t)(lena.DirectRoomWith(ctx, anna.ID()))
	if again := must[meeting.RoomID](t)(lena.DirectRoomWith(ctx, anna.ID())); again != roomID {
		t.Errorf("second direct room %s, want %s", again, roomID)
	}
	inv := must[meeting.Invite](t)(anna.WaitForInvite(ctx, lena.ID()))
	if !inv.Direct || inv.Room != roomID {
		t.Errorf("invited to %+v", inv)
	}
	must[meeting.EventID](t)(lena.Send(ctx, roomID, "Hej"))
	must[person.Seen](t)(anna.WaitFor(ctx, roomID, "a greeting", with("Hej")))

	plain := meet(t, person.Room{Name: "Nytt", PowerLevels: map[meeting.UserID]int{anna.ID(): 50}}, lena, anna)
	before := must[meeting.EventID](t)(lena.Send(ctx, plain, "Öppet"))
	if err := lena.EnableEncryption(ctx, plain); err != nil {
		t.Fatal(err)
	}
	after := must[meeting.EventID](t)(lena.Send(ctx, plain, "Hemligt"))
	seen := must[person.Seen](t)(anna.WaitForEvent(ctx, plain, after))
	earlier, _ := anna.Find(plain, before)
	if !seen.Encrypted || earlier.Encrypted {
		t.Errorf("encrypted before: %v, after: %v", earlier.Encrypted, seen.Encrypted)
	}
	levels := must[map[string]any](t)(lena.State(ctx, plain, "m.room.power_levels", ""))
	if diff := cmp.Diff(map[string]any{string(lena.ID()): 100.0, string(anna.ID()): 50.0}, levels["users"]); diff != "" {
		t.Errorf("power levels (-want +got):\n%s", diff)
	}
	if err := lena.Kick(ctx, plain, anna.ID()); err != nil {
		t.Fatal(err)
	}
	if err := anna.WaitForMember(ctx, plain, anna.ID(), "leave"); err != nil {
		t.Error(err)
	}
}

func TestNewDevice(t *testing.T) {
	ctx := bounded(t)
	server := startServer(t, homeserver.Options{})
	lena, phone := enter(t, server, "lena"), enter(t, server, "anna")
	roomID := meet(t, person.Room{Encrypted: true}, lena, phone)
	must[meeting.EventID](t)(lena.Send(ctx, roomID, "Före"))

	laptop := login(t, person.Options{Homeserver: server.URL(), User: "anna", RecoveryKey: phone.RecoveryKey()})
	stranger := login(t, person.Options{Homeserver: server.URL(), User: "anna"})
	fromLaptop := must[meeting.EventID](t)(laptop.Send(ctx, roomID, "Från den nya"))
	fromStranger := must[meeting.EventID](t)(stranger.Send(ctx, roomID, "Från en okänd"))
	if s := must[person.Seen](t)(lena.WaitForEvent(ctx, roomID, fromLaptop)); !s.Verified {
		t.Errorf("a device signed with the recovery key is not verified: %s", s)
	}
	if s := must[person.Seen](t)(lena.WaitForEvent(ctx, roomID, fromStranger)); s.Verified || s.Body == "" {
		t.Errorf("an unsigned device is verified, or cannot be read: %s", s)
	}

	careful := login(t, person.Options{Homeserver: server.URL(), User: "lena", RecoveryKey: lena.RecoveryKey(), OnlyVerified: true})
	secret := must[meeting.EventID](t)(careful.Send(ctx, roomID, "Bara för signerade"))
	if s := must[person.Seen](t)(laptop.WaitForEvent(ctx, roomID, secret)); s.Body == "" {
		t.Errorf("the signed device sees %s", s)
	}
	// Its key would have come before that of the next message.
	public := must[meeting.EventID](t)(lena.Send(ctx, roomID, "För alla"))
	must[person.Seen](t)(stranger.WaitForEvent(ctx, roomID, public))
	if s, ok := stranger.Find(roomID, secret); !ok || s.Kind != person.KindUnreadable {
		t.Errorf("the unsigned device sees %s", s)
	}
}

func TestRateLimitedServerIsWaitedFor(t *testing.T) {
	ctx := bounded(t)
	server := startServer(t, homeserver.Options{RateLimit: true})
	lena := enter(t, server, "lena")
	roomID := must[meeting.RoomID](t)(lena.CreateRoom(ctx, person.Room{Name: "Trångt"}))
	for n := range 8 {
		must[meeting.EventID](t)(lena.Send(ctx, roomID, fmt.Sprint(n)))
	}
	must[person.Seen](t)(lena.WaitFor(ctx, roomID, "the last one", with("7")))
}

func TestFailedWaitShowsWhatWasSeen(t *testing.T) {
	ctx := bounded(t)
	server := startServer(t, homeserver.Options{})
	lena := enter(t, server, "lena")
	roomID := must[meeting.RoomID](t)(lena.CreateRoom(ctx, person.Room{Name: "Ensam"}))
	id := must[meeting.EventID](t)(lena.Send(ctx, roomID, "Är någon där?"))
	must[person.Seen](t)(lena.WaitForEvent(ctx, roomID, id))

	short, cancel := context.WithCancel(ctx)
	cancel()
	_, err := lena.WaitFor(short, roomID, "an answer", with("Ja"))
	for _, part := range []string{"@lena:localhost", "an answer", "context canceled", "Är någon där?", string(id)} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error does not say %q: %v", part, err)
		}
	}
}

package matrix

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"blnbot/internal/homeserver"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
	"blnbot/internal/sqlite"
)

const longPassword = "a password of some length"

// real is a bot on a real homeserver.
type real struct {
	t       *testing.T
	server  *homeserver.Server
	bell    *bell
	store   *fakeStore
	handler *fakeHandler
	o       Options
}

func newReal(t *testing.T, kind homeserver.Kind) *real {
	t.Helper()
	s, err := homeserver.Start(t.Context(), homeserver.Options{Dir: t.TempDir(), Kind: kind, Progress: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.WithoutCancel(t.Context())) })
	if err := s.Register(t.Context(), "bot", longPassword, false); err != nil {
		t.Fatal(err)
	}
	r := &real{t: t, server: s, bell: &bell{}}
	r.store = newFakeStore(r.bell)
	r.handler = &fakeHandler{store: r.store, welcome: true}
	dir := t.TempDir()
	db, err := sqlite.Connect(t.Context(), filepath.Join(dir, "crypto.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	r.o = Options{
		Homeserver: s.URL(), User: meeting.UserID(s.UserID("bot")), Password: longPassword,
		RecoveryKeyFile: filepath.Join(dir, "recovery-key"), CryptoDB: db, Store: r.store, Handler: r.handler,
		Log:  slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
		pace: pace{poll: 50 * time.Millisecond},
	}
	return r
}

func (r *real) start() (c *Client, stop func()) {
	r.t.Helper()
	c, err := Open(r.t.Context(), r.o)
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Error(err)
		}
	})
	r.t.Cleanup(stop)
	select {
	case <-c.Ready():
	case <-time.After(time.Minute):
		r.t.Fatal("never ready")
	}
	return c, stop
}

// enter logs in somebody whose client keeps keys from devices that are not
// cross-signed, as Element does.
func (r *real) enter(user string) *person.Person {
	r.t.Helper()
	if err := r.server.Register(r.t.Context(), user, longPassword, false); err != nil {
		r.t.Fatal(err)
	}
	p, err := person.Login(r.t.Context(), person.Options{
		Homeserver: r.server.URL(), User: user, Password: longPassword, OnlyVerified: true})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(p.Close)
	return p
}

func (r *real) until(what string, cond func() bool) {
	r.t.Helper()
	r.bell.until(r.t, what, cond)
}

func (r *real) send(c *Client, d meeting.Delivery) meeting.EventID {
	r.t.Helper()
	ev, err := c.Send(r.t.Context(), d)
	if err != nil {
		r.t.Fatal(err)
	}
	return ev
}

func (r *real) sees(p *person.Person, room meeting.RoomID, ev meeting.EventID) person.Seen {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	s, err := p.WaitForEvent(ctx, room, ev)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// makes has somebody make a room and waits until the invited have come.
func (r *real) makes(who *person.Person, room person.Room) meeting.RoomID {
	r.t.Helper()
	id, err := who.CreateRoom(r.t.Context(), room)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, u := range room.Invite {
		if err := who.WaitForMember(r.t.Context(), id, u, "join"); err != nil {
			r.t.Fatal(err)
		}
	}
	return id
}

func TestDendriteConversation(t *testing.T) { conversation(newReal(t, homeserver.Dendrite), "10") }
func TestSynapseConversation(t *testing.T)  { conversation(newReal(t, homeserver.Synapse), "12") }

// conversation is in a room of the version that the server makes by itself.
func conversation(r *real, version string) {
	t, ctx := r.t, r.t.Context()
	c, _ := r.start()
	lena, anna := r.enter("lena"), r.enter("anna")
	room := r.makes(lena, person.Room{Name: "Västerås", Alias: "vasteras", Encrypted: true, Version: version,
		Invite: []meeting.UserID{c.User(), anna.ID()}, PowerLevels: map[meeting.UserID]int{c.User(): 50}})
	prompt := r.send(c, meeting.Delivery{Post: meeting.Post{Key: "1/prompt/1", Room: room, Kind: meeting.PostText,
		Markdown: "**Fråga 1.** Vad fungerar?", Mentions: []meeting.UserID{lena.ID()}}})
	seen := r.sees(anna, room, prompt)
	if !seen.Encrypted || !seen.Verified || seen.Body != "Fråga 1. Vad fungerar?" || !slices.Equal(seen.Mentions, []meeting.UserID{lena.ID()}) {
		t.Errorf("anna sees %+v", seen)
	}
	answer, err := anna.SendThread(ctx, room, prompt, "Anhöriggruppen")
	if err != nil {
		t.Fatal(err)
	}
	r.until("the answer", func() bool { return len(r.handler.bodies()) == 1 })
	if _, err := anna.Edit(ctx, room, answer, "Anhöriggruppen på kvällen"); err != nil {
		t.Fatal(err)
	}
	if _, err := lena.React(ctx, room, answer, "📌"); err != nil {
		t.Fatal(err)
	}
	if err := anna.Redact(ctx, room, answer); err != nil {
		t.Fatal(err)
	}
	r.until("edit, reaction and redaction", func() bool {
		var edit, reaction, redaction, echo bool
		for _, ev := range r.handler.all() {
			switch ev := ev.(type) {
			case meeting.Message:
				edit = edit || ev.Replaces == answer && ev.Body == "Anhöriggruppen på kvällen"
			case meeting.Reaction:
				reaction = reaction || ev.Target == answer && ev.Key == "📌"
			case meeting.Redaction:
				redaction = redaction || ev.Target == answer
			case meeting.Echo:
				echo = echo || ev.Key == "1/prompt/1" && ev.ID == prompt
			}
		}
		return edit && reaction && redaction && echo
	})
	// The same post again is the same event.
	reaction := meeting.Delivery{Post: meeting.Post{Key: "r1", Room: room, Kind: meeting.PostReaction, Emoji: "📝"}, TargetID: prompt}
	first := r.send(c, reaction)
	if again := r.send(c, reaction); again != first {
		t.Errorf("second reaction is %s, not %s", again, first)
	}
	r.send(c, meeting.Delivery{Post: meeting.Post{Key: "e1", Room: room, Kind: meeting.PostEdit, Markdown: "**Fråga 1.** Vad fungerar bra?"}, TargetID: prompt})
	file := r.send(c, meeting.Delivery{Post: meeting.Post{Key: "f1", Room: room, Kind: meeting.PostFile,
		File: &meeting.File{Name: "möte.txt", Type: "text/plain", Data: []byte("innehåll")}}})
	if data, err := anna.Download(ctx, r.sees(anna, room, file)); err != nil || string(data) != "innehåll" {
		t.Errorf("file: %q, %v", data, err)
	}
	if s := r.sees(anna, room, prompt); s.Body != "Fråga 1. Vad fungerar bra?" || !s.Edited || len(s.Reactions["📝"]) != 1 {
		t.Errorf("anna sees %s", s)
	}
	direct := meeting.Delivery{Post: meeting.Post{Key: "dm", To: anna.ID(), Kind: meeting.PostText, Markdown: "Hej Anna"}}
	dm := r.send(c, direct)
	if s := r.sees(anna, r.store.direct[anna.ID()], dm); s.Body != "Hej Anna" || !s.Encrypted || !s.Verified {
		t.Errorf("anna sees %s", s)
	}
	status, err := c.Status(ctx, []string{r.server.Alias("vasteras")})
	if err != nil || !status.CrossSigned || status.Rooms[0].Room != room || !status.Rooms[0].Encrypted || len(status.Rooms[0].Missing) > 0 {
		t.Errorf("status %+v, %v", status, err)
	}
}

// The bot is away while many write at the same time.
func TestDendriteGap(t *testing.T) { gapOf(newReal(t, homeserver.Dendrite)) }
func TestSynapseGap(t *testing.T)  { gapOf(newReal(t, homeserver.Synapse)) }

func gapOf(r *real) {
	t, ctx := r.t, r.t.Context()
	c, stop := r.start()
	lena := r.enter("lena")
	people := []*person.Person{lena, r.enter("anna"), r.enter("bo"), r.enter("cia")}
	guests := []meeting.UserID{c.User()}
	for _, p := range people[1:] {
		guests = append(guests, p.ID())
	}
	room := r.makes(lena, person.Room{Name: "Luleå", Encrypted: true, Invite: guests})
	if _, err := lena.Send(ctx, room, "före"); err != nil {
		t.Fatal(err)
	}
	r.until("the message before", func() bool { return len(r.handler.bodies()) == 1 })
	stop()

	const each = 100
	var wg sync.WaitGroup
	var want []string
	for i, p := range people {
		for n := range each {
			want = append(want, fmt.Sprintf("%d-%d", i, n))
		}
		wg.Go(func() {
			for n := range each {
				if _, err := p.Send(ctx, room, fmt.Sprintf("%d-%d", i, n)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	c, _ = r.start()
	r.until("everything", func() bool { return len(r.handler.bodies()) >= 1+len(want) })
	got := r.handler.bodies()[1:]
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %d of %d, without %v", len(got), len(want), missing(want, got))
	}
	for _, ev := range r.handler.all() {
		if _, bad := ev.(meeting.Unreadable); bad {
			t.Errorf("unreadable: %+v", ev)
		}
	}
	back := r.send(c, meeting.Delivery{Post: meeting.Post{Key: "back", Room: room, Kind: meeting.PostText, Markdown: "tillbaka"}})
	if s := r.sees(people[2], room, back); !strings.Contains(s.Body, "tillbaka") {
		t.Errorf("bo sees %s", s)
	}
}

func missing(want, got []string) []string {
	return slices.DeleteFunc(slices.Clone(want), func(s string) bool { return slices.Contains(got, s) })
}

// Replies that the inbox does not have are brought by the server's own list of a
// thread's replies, which comes in pages.
func TestDendriteThread(t *testing.T) { threadOf(newReal(t, homeserver.Dendrite)) }
func TestSynapseThread(t *testing.T)  { threadOf(newReal(t, homeserver.Synapse)) }

func threadOf(r *real) {
	t, ctx := r.t, r.t.Context()
	c, _ := r.start()
	lena := r.enter("lena")
	room := r.makes(lena, person.Room{Name: "Kiruna", Encrypted: true, Invite: []meeting.UserID{c.User()}})
	root := r.send(c, meeting.Delivery{Post: meeting.Post{Key: "1/prompt/1", Room: room, Kind: meeting.PostText, Markdown: "Vad fungerar?"}})
	r.sees(lena, room, root)
	const replies = 60 // in several pages
	var ids []meeting.EventID
	for n := range replies {
		id, err := lena.SendThread(ctx, room, root, fmt.Sprint(n))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	r.until("the replies", func() bool { return len(r.handler.bodies()) == replies })
	r.store.mu.Lock()
	for _, n := range []int{0, 30, replies - 1} {
		delete(r.store.rows, ids[n])
	}
	r.store.checks = []meeting.Check{{ID: 1, Room: room, Root: root, Since: time.Now()}}
	r.store.mu.Unlock()
	c.Wake()
	r.until("the end of the check", func() bool { r.store.mu.Lock(); defer r.store.mu.Unlock(); return len(r.store.checks) == 0 })
	r.until("what was missing", func() bool { return len(r.handler.bodies()) == replies+3 })
	diff(t, r.handler.bodies()[replies:], []string{"0", "30", "59"})
	if r.store.lost != 0 {
		t.Error("the check counts as lost")
	}
}

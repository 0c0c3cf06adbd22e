package matrix

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/sqlite"
)

const (
	botUser = "@bot:x"
	anna    = "@anna:x"
	room1   = "!room:x"
	room2   = "!other:x"
)

// clock is a clock that the test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// world is a server, a store and a handler for one bot.
type world struct {
	t       *testing.T
	server  *fakeServer
	store   *fakeStore
	handler *fakeHandler
	clock   *clock
	dir     string
	log     *logWriter
	db      *sql.DB
}

func newWorld(t *testing.T) *world {
	f := newFakeServer(t)
	f.passwords[botUser] = "secret-password"
	f.messages = func(string, string, int) ([]object, string) { return nil, "" }
	store := newFakeStore(f.bell)
	return &world{t: t, server: f, store: store, handler: &fakeHandler{store: store},
		clock: &clock{at: time.Now()}, dir: t.TempDir(), log: &logWriter{bell: f.bell}}
}

// logWriter rings, so that tests can wait for log lines.
type logWriter struct {
	bell *bell
	mu   sync.Mutex
	text strings.Builder
}

func (l *logWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.bell.ring()
	return l.text.Write(p)
}

func (w *world) logs() string {
	w.log.mu.Lock()
	defer w.log.mu.Unlock()
	return w.log.text.String()
}

func (w *world) options() Options {
	if w.db == nil {
		db, err := sqlite.Connect(w.t.Context(), filepath.Join(w.dir, "crypto.db"))
		if err != nil {
			w.t.Fatal(err)
		}
		w.db = db
		w.t.Cleanup(func() { db.Close() })
	}
	return Options{
		Homeserver: w.server.URL, User: botUser, Password: "secret-password",
		RecoveryKeyFile: filepath.Join(w.dir, "recovery-key"), CryptoDB: w.db,
		Store: w.store, Handler: w.handler, Now: w.clock.now,
		Log:  slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		pace: pace{poll: 5 * time.Millisecond, receipts: 5 * time.Millisecond, longest: 20 * time.Millisecond, short: time.Millisecond},
	}
}

func (w *world) open() *Client {
	w.t.Helper()
	c, err := Open(w.t.Context(), w.options())
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// run runs the client until the test ends or stop is called.
func (w *world) run(c *Client) (stop func() error) {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() {
		done <- c.Run(ctx)
		w.server.bell.ring()
	}()
	stop = sync.OnceValue(func() error {
		cancel()
		err := <-done
		// A request that is not seen to be over yet would take the next client's answer.
		w.until("the end of its requests", func() bool {
			w.server.mu.Lock()
			defer w.server.mu.Unlock()
			return w.server.syncing == 0
		})
		return err
	})
	w.t.Cleanup(func() { _ = stop() })
	return stop
}

// begin runs the client and lets it see an empty first answer.
func (w *world) begin(c *Client) (stop func() error) {
	w.server.push(object{"next_batch": "s0"})
	stop = w.run(c)
	w.until("the first sync", func() bool { return c.synced.Load() > 0 })
	return stop
}

func (w *world) until(what string, cond func() bool) {
	w.t.Helper()
	w.server.bell.until(w.t, what, cond)
}

func TestFirstStartMakesAnIdentity(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	key, err := os.ReadFile(filepath.Join(w.dir, "recovery-key"))
	if err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(filepath.Join(w.dir, "recovery-key")); info.Mode().Perm() != 0o600 {
		t.Errorf("recovery key has mode %v", info.Mode())
	}
	s, err := c.Status(t.Context(), nil)
	if err != nil || !s.CrossSigned {
		t.Errorf("status %+v, %v", s, err)
	}
	// The second start uses no password and changes nothing.
	o := w.options()
	o.Password = ""
	again, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if again.session.device != c.session.device || again.session.token != c.session.token {
		t.Error("the second start has another session")
	}
	if n := w.server.count("POST login"); n != 1 {
		t.Errorf("%d logins", n)
	}
	if n := w.server.count("POST keys/device_signing/upload"); n != 1 {
		t.Errorf("%d identities", n)
	}
	// A lost crypto database means a new device, signed by the same identity.
	w.db, w.dir = nil, t.TempDir()
	if err := os.WriteFile(filepath.Join(w.dir, "recovery-key"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	third := w.open()
	if third.session.device == c.session.device {
		t.Error("the device is the old one")
	}
	// It is said if the bot's own database is new as well, and only then.
	doubts := func() int {
		return strings.Count(w.logs(), "the account has been in use, but data_dir holds no minutes")
	}
	if n := doubts(); n != 1 {
		t.Errorf("doubted %d times whether this is the beginning", n)
	}
	w.store.began = w.clock.now()
	w.db, w.dir = nil, t.TempDir()
	if err := os.WriteFile(filepath.Join(w.dir, "recovery-key"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	w.open()
	if n := doubts(); n != 1 {
		t.Errorf("doubted %d times whether a later start is the beginning", n)
	}
	if n := w.server.count("POST keys/device_signing/upload"); n != 1 {
		t.Errorf("%d identities", n)
	}
}

func TestIdentityInterruptedAnywhere(t *testing.T) {
	// Each request after the login fails once, as if the process had ended
	// there. The next start must get through, with the same recovery key.
	for step := 0; ; step++ {
		w := newWorld(t)
		n, failed := 0, false
		w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "/login") || r.Method == http.MethodGet {
				return false
			}
			n++
			if n-1 == step {
				failed = true
				fail(rw, 502, "M_UNKNOWN", nil)
				return true
			}
			return false
		})
		_, err := Open(t.Context(), w.options())
		if !failed {
			if err != nil || step < 6 {
				t.Fatalf("step %d: %v", step, err)
			}
			return
		}
		if !errors.Is(err, ErrUnreachable) {
			t.Fatalf("step %d: %v", step, err)
		}
		before, _ := os.ReadFile(filepath.Join(w.dir, "recovery-key"))
		c, err := Open(t.Context(), w.options())
		if err != nil {
			t.Fatalf("step %d, second start: %v", step, err)
		}
		after, _ := os.ReadFile(filepath.Join(w.dir, "recovery-key"))
		if before != nil && string(before) != string(after) {
			t.Errorf("step %d: recovery key was replaced", step)
		}
		if s, err := c.Status(t.Context(), nil); err != nil || !s.CrossSigned {
			t.Errorf("step %d: status %+v, %v", step, s, err)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	tests := []struct {
		name string
		do   func(*world, *Options)
		want error
	}{
		{"password", func(_ *world, o *Options) { o.Password = "wrong" }, ErrWrongPassword},
		{"nothing", func(_ *world, o *Options) { o.Password = "" }, ErrNoCredentials},
		{"token", func(_ *world, o *Options) { o.AccessToken = "no such" }, ErrWrongToken},
		{"token of another", func(w *world, o *Options) {
			w.server.tokens["t"] = account{anna, "D"}
			o.AccessToken = "t"
		}, ErrOtherUser},
		{"token without device", func(w *world, o *Options) {
			w.server.tokens["t"] = account{botUser, ""}
			o.AccessToken = "t"
		}, ErrNoDevice},
		{"device in use", func(w *world, o *Options) {
			w.server.tokens["t"] = account{botUser, "D"}
			w.server.devices[botUser] = map[string]object{"D": {
				"user_id": botUser, "device_id": "D", "keys": object{"ed25519:D": "somebody else's"}}}
			o.AccessToken = "t"
		}, ErrDeviceInUse},
		{"identity without key", func(w *world, _ *Options) {
			w.server.identity["master"][botUser] = object{
				"user_id": botUser, "usage": []string{"master"}, "keys": object{"ed25519:abc": "abc"}}
		}, ErrIdentityExists},
		{"secret storage without key", func(w *world, _ *Options) {
			w.server.data["m.secret_storage.default_key"] = []byte(`{"key":"k"}`)
			w.server.data["m.secret_storage.key.k"] = []byte(`{"algorithm":"m.secret_storage.v1.aes-hmac-sha2"}`)
		}, ErrIdentityExists},
		{"spoiled recovery key file", func(_ *world, o *Options) {
			_ = os.WriteFile(o.RecoveryKeyFile, []byte("hello"), 0o600)
		}, ErrRecoveryKey},
		{"unreachable", func(w *world, _ *Options) { w.server.Close() }, ErrUnreachable},
		{"broken", func(w *world, _ *Options) {
			w.server.setIntercept(func(rw http.ResponseWriter, _ *http.Request) bool {
				rw.WriteHeader(503)
				return true
			})
		}, ErrUnreachable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			o := w.options()
			tt.do(w, &o)
			_, err := Open(t.Context(), o)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if errors.Is(tt.want, ErrIdentityExists) && w.server.count("POST keys/device_signing/upload") > 0 {
				t.Error("the identity was overwritten")
			}
			if err != nil && strings.Contains(err.Error(), "the words of the server") {
				t.Errorf("error quotes the server: %v", err)
			}
		})
	}
}

func TestLoggedOut(t *testing.T) {
	t.Run("token revoked while running", func(t *testing.T) {
		w := newWorld(t)
		c := w.open()
		w.server.mu.Lock()
		clear(w.server.tokens)
		w.server.mu.Unlock()
		if err := c.Run(t.Context()); !errors.Is(err, ErrLoggedOut) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("token revoked before the start", func(t *testing.T) {
		w := newWorld(t)
		w.open()
		clear(w.server.tokens)
		if _, err := Open(t.Context(), w.options()); !errors.Is(err, ErrLoggedOut) || errors.Is(err, ErrUnreachable) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("keys gone", func(t *testing.T) {
		w := newWorld(t)
		w.open()
		clear(w.server.devices[botUser])
		if _, err := Open(t.Context(), w.options()); !errors.Is(err, ErrLoggedOut) {
			t.Errorf("got %v", err)
		}
	})
}

func TestUnreachableIsSaidOnce(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.begin(c)
	calls := w.server.count("GET sync")
	w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/sync") {
			return false
		}
		fail(rw, 500, "M_UNKNOWN", nil)
		return true
	})
	w.server.push(object{"next_batch": "s1"}) // ends the long poll
	w.until("five failures", func() bool { return w.server.count("GET sync") > calls+6 })
	w.server.setIntercept(nil)
	w.server.push(object{"next_batch": "s2"})
	w.until("sync to go on", func() bool { tok, _ := w.store.SyncToken(t.Context()); return tok == "s2" })
	w.until("a log line", func() bool { return strings.Contains(w.logs(), "syncing again") })
	if n := strings.Count(w.logs(), "cannot sync"); n != 1 {
		t.Errorf("said %d times:\n%s", n, w.logs())
	}
}

// peer is another user's device, with real keys.
type peer struct {
	*mautrix.Client
	mach  *crypto.OlmMachine
	state *mautrix.MemoryStateStore
	n     int
}

func (w *world) peer(user, device string) *peer {
	w.t.Helper()
	token := "token-" + user + device
	w.server.mu.Lock()
	w.server.tokens[token] = account{user, device}
	w.server.mu.Unlock()
	cli, err := mautrix.NewClient(w.server.URL, id.UserID(user), token)
	if err != nil {
		w.t.Fatal(err)
	}
	cli.DeviceID = id.DeviceID(device)
	state := mautrix.NewMemoryStateStore().(*mautrix.MemoryStateStore)
	p := &peer{Client: cli, state: state}
	p.mach = crypto.NewOlmMachine(cli, nil, crypto.NewMemoryStore(nil), state)
	if err := p.mach.Load(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if err := p.mach.ShareKeys(w.t.Context(), -1); err != nil {
		w.t.Fatal(err)
	}
	return p
}

// say encrypts a text for the bot, and returns the event and the to-device
// messages with its key, if the key is new.
func (w *world) say(p *peer, ev, body string, extra object) object {
	w.t.Helper()
	content := object{"msgtype": "m.text", "body": body}
	for k, v := range extra {
		content[k] = v
	}
	ctx := w.t.Context()
	if err := p.state.SetEncryptionEvent(ctx, room1, &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}); err != nil {
		w.t.Fatal(err)
	}
	if err := p.mach.ShareGroupSession(ctx, room1, []id.UserID{botUser}); err != nil {
		w.t.Fatal(err)
	}
	enc, err := p.mach.EncryptMegolmEvent(ctx, room1, event.EventMessage, content)
	if err != nil {
		w.t.Fatal(err)
	}
	return event_(ev, string(p.UserID), "m.room.encrypted", enc)
}

func (w *world) keysFor(c *Client) object {
	return object{"events": w.server.takeToDevice(botUser, string(c.session.device))}
}

func diff(t *testing.T, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

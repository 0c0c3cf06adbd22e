package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/meeting"
	"blnbot/internal/metrics"
	"blnbot/internal/sqlite"
)

// systemd is a socket that hears what the bot tells systemd.
type systemd struct {
	*testing.T
	conn *net.UnixConn
	path string
}

func newSystemd(t *testing.T) *systemd {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "s")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(conn.Close(), os.RemoveAll(dir)); err != nil {
			t.Error(err)
		}
	})
	return &systemd{t, conn, path}
}

// hear is the next message.
func (s *systemd) hear() string {
	s.Helper()
	if err := s.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		s.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, err := s.conn.Read(buf)
	if err != nil {
		s.Fatal(err)
	}
	return string(buf[:n])
}

func TestNotifier(t *testing.T) {
	s := newSystemd(t)
	env := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	newNotifier(env(), 7).notify("READY=1") // nobody listens
	newNotifier(env("NOTIFY_SOCKET", s.path+"x"), 7).notify("READY=1")
	newNotifier(env("NOTIFY_SOCKET", s.path), 7).notify("READY=1", "STATUS=working")
	if got := s.hear(); got != "READY=1\nSTATUS=working" {
		t.Errorf("heard %q", got)
	}
	abstract, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: "\x00" + s.path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer abstract.Close()
	newNotifier(env("NOTIFY_SOCKET", "@"+s.path), 7).notify("READY=1")
	if got := (&systemd{t, abstract, ""}).hear(); got != "READY=1" {
		t.Errorf("heard %q", got)
	}
	for _, tt := range []struct {
		usec, pid string
		want      time.Duration
	}{{"120000000", "", 2 * time.Minute}, {"120000000", "7", 2 * time.Minute}, {"120000000", "8", 0}, {"", "", 0}, {"x", "", 0}, {"-1", "", 0}} {
		if got := newNotifier(env("WATCHDOG_USEC", tt.usec, "WATCHDOG_PID", tt.pid), 7).within; got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

// watched is a watch over a real database with a clock that is set by hand.
func watched(t *testing.T) (w *watch, s *systemd, log *bytes.Buffer, now *time.Time) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // some tests close it themselves
	s, log = newSystemd(t), &bytes.Buffer{}
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	return &watch{db: db, systemd: &notifier{socket: s.path}, log: slog.New(slog.NewTextHandler(log, nil)),
		now: func() time.Time { return at }}, s, log, &at
}

func answered(t *testing.T, db *sqlite.DB, at time.Time, events ...meeting.RawEvent) {
	t.Helper()
	err := db.StoreSync(t.Context(), meeting.SyncBatch{Next: "t", At: at, Rooms: []meeting.RoomBatch{{Room: "!r", Events: events}}})
	if err != nil {
		t.Fatal(err)
	}
}

// TestWatchdog: systemd hears WATCHDOG=1 only while the bot really gets on.
func TestWatchdog(t *testing.T) {
	w, s, log, now := watched(t)
	expect := func(want string) {
		t.Helper()
		w.look(t.Context())
		if got := s.hear(); got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
	}
	w.set(func(s *metrics.State) { s.CrossSigned = true })
	expect("STATUS=catching up; nothing comes in from the homeserver")
	answered(t, w.db, *now)
	expect("STATUS=catching up")
	w.ready()
	if got := s.hear(); got != "READY=1" {
		t.Errorf("heard %q", got)
	}
	expect("STATUS=working\nWATCHDOG=1")
	// The server goes away.
	*now = now.Add(2*time.Minute + time.Second)
	expect("STATUS=nothing comes in from the homeserver")
	answered(t, w.db, *now, meeting.RawEvent{ID: "$a", Room: "!r", JSON: []byte("{}")}, meeting.RawEvent{ID: "$b", Room: "!r", JSON: []byte("{}")})
	expect("STATUS=working; to handle: 2\nWATCHDOG=1")
	// Events are not handled although they could be.
	*now = now.Add(2*time.Minute + time.Second)
	answered(t, w.db, *now)
	expect("STATUS=an event cannot be handled; to handle: 2")
	if err := w.db.BuryInbox(t.Context(), "$a"); err != nil {
		t.Fatal(err)
	}
	expect("STATUS=working; to handle: 1\nWATCHDOG=1")
	// One that waits for its next attempt holds nothing up.
	if err := w.db.RetryInbox(t.Context(), "$b", now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	*now = now.Add(3 * time.Minute)
	answered(t, w.db, *now)
	expect("STATUS=working; to handle: 1\nWATCHDOG=1")
	// Another program locks the encryption's database.
	if log.Len() > 0 {
		t.Errorf("logged: %s", log)
	}
	path := filepath.Join(t.TempDir(), cryptoFile)
	crypto, err := sqlite.Connect(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	other, err := sqlite.Connect(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := crypto.Exec("PRAGMA busy_timeout(1)"); err != nil {
		t.Fatal(err)
	}
	w.encrypts(crypto)
	expect("STATUS=working; to handle: 1\nWATCHDOG=1")
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	expect("STATUS=another program keeps the database locked (crypto.db); to handle: 1")
	if err := errors.Join(tx.Rollback(), other.Close()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "Another program has the database locked: end it, or wait for it") {
		t.Errorf("logged: %s", log)
	}
	expect("STATUS=working; to handle: 1\nWATCHDOG=1")
	if err := crypto.Close(); err != nil {
		t.Fatal(err)
	}
	w.encrypts(nil)
	log.Reset()
	// The bot's own database fails.
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	expect("STATUS=the database does not answer (blnbot.db); to handle: 1")
	expect("STATUS=the database does not answer (blnbot.db); to handle: 1")
	if n := strings.Count(log.String(), "the database cannot be used"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, log)
	}
	// Whoever is being stopped says nothing more.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	before := w.State()
	w.look(ctx)
	if diff := cmp.Diff(before, w.State()); diff != "" {
		t.Errorf("changed:\n%s", diff)
	}
}

func TestReloading(t *testing.T) {
	w, s, _, _ := watched(t)
	w.reloading()() // while starting: READY=1 would be a lie
	w.ready()
	w.reloading()()
	for _, want := range []string{"READY=1", "RELOADING=1", "READY=1"} {
		if got := s.hear(); got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
	}
}

func TestServeHealth(t *testing.T) {
	w, _, log, _ := watched(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := w.serve(t.Context(), address); err == nil || !strings.Contains(err.Error(), "choose another port with listen in the configuration") {
		t.Errorf("the address is taken: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.serve(t.Context(), ""); err != nil || log.Len() > 0 {
		t.Errorf("without an address: %v, %s", err, log)
	}
	if err := w.serve(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get("http://" + address + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestRemedy(t *testing.T) {
	for err, want := range map[error]string{
		nil: "", errors.New("else"): "", fs.ErrNotExist: "",
		fmt.Errorf("commit: %w", syscall.ENOSPC): "make room",
		sqlite.ErrReadOnly:                       "owner and mode",
		sqlite.ErrLocked:                         "Another program",
		sqlite.ErrDamaged:                        "restore",
		sqlite.ErrDisk:                           "another disk",
	} {
		if got := remedy(err); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%v: %q", err, got)
		}
	}
}

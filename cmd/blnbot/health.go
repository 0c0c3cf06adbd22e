package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"blnbot/internal/matrix"
	"blnbot/internal/meeting"
	"blnbot/internal/metrics"
	"blnbot/internal/sqlite"
)

// How often the bot looks at itself.
const (
	lookEvery     = 15 * time.Second
	lookLimit     = 20 * time.Second // for one look; then the database counts as stuck
	identityEvery = time.Hour
)

// watch looks after the bot while it runs, for the pages on the loopback
// address and for systemd.
type watch struct {
	db      *sqlite.DB
	systemd *notifier
	log     *slog.Logger
	now     func() time.Time

	mu    sync.Mutex
	state metrics.State
	// crypto is the encryption's database, nil before the bot is connected.
	crypto *sql.DB
	next   meeting.EventID // what was to be handled next at the last look
	since  time.Time       // and for how long it has been
}

func newWatch(db *sqlite.DB, env *environment, log *slog.Logger) *watch {
	return &watch{db: db, systemd: newNotifier(os.Getenv, os.Getpid()), log: log, now: env.now}
}

// State is the state at the last look.
func (w *watch) State() metrics.State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state
}

// set changes the state.
func (w *watch) set(change func(*metrics.State)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.state)
}

// serve answers on the address until ctx ends; on none if it is empty.
func (w *watch) serve(ctx context.Context, address string) error {
	if address == "" {
		return nil
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen for health and metrics: %w; choose another port with listen in the configuration", err)
	}
	version, revision := build()
	server := &http.Server{ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 8 << 10,
		Handler: metrics.Handler(metrics.Options{State: w.State, Now: w.now, Version: version, Revision: revision})}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			w.log.Error("health and metrics ended", "err", err)
		}
	}()
	w.log.Info("health and metrics", "listen", address)
	return nil
}

// build is the program's version and the revision of its source.
func build() (name, revision string) {
	name = version
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return name, ""
	}
	if name == "" {
		name = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value
		}
	}
	return name, revision
}

// run looks at the bot again and again until ctx ends.
func (w *watch) run(ctx context.Context) {
	every := lookEvery
	if w.systemd.within > 0 {
		every = min(every, w.systemd.within/3)
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		w.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// look counts, tries whether the database can be written, and tells systemd.
func (w *watch) look(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	now := w.now()
	h, err := w.db.Health(limited, now)
	if err == nil {
		err = w.db.Probe(limited)
	}
	counted, file := err == nil, databaseFile
	if crypto := w.encryption(); counted && crypto != nil {
		file, err = cryptoFile, sqlite.Probe(limited, crypto)
	}
	if ctx.Err() != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &w.state
	w.note(file, err)
	s.At = w.now()
	if counted {
		w.count(h, now)
	}
	now = s.At
	lines := []string{"STATUS=" + s.Words(now)}
	if s.Ready && s.Stalled(now) == "" {
		lines = append(lines, "WATCHDOG=1")
	}
	w.systemd.notify(lines...)
}

// encrypts says which database the encryption uses, so that it is looked after.
func (w *watch) encrypts(crypto *sql.DB) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.crypto = crypto
}

func (w *watch) encryption() *sql.DB {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.crypto
}

// note keeps what is wrong with the database in the file, and logs it when it
// begins, when the cause becomes known, and when it is over.
func (w *watch) note(file string, err error) {
	const unknown = "the database does not answer"
	was, fault := w.state.Trouble, sqlite.Fault(err)
	switch {
	case err == nil:
		w.state.Trouble = ""
	case fault != nil:
		w.state.Trouble = fault.Error() + " (" + file + ")"
	case was == "":
		w.state.Trouble = unknown + " (" + file + ")"
	}
	switch is := w.state.Trouble; {
	case is == was:
	case is == "":
		w.log.Info("the database can be used again")
	default:
		w.log.Error("the database cannot be used; the bot goes on when it can", "why", is+remedy(err), "err", err)
	}
}

func (w *watch) count(h sqlite.Health, now time.Time) {
	if h.Next != w.next || h.Next == "" {
		w.next, w.since = h.Next, now
	}
	s := &w.state
	s.Held = now.Sub(w.since)
	s.Synced, s.Oldest, s.Size = h.Synced, h.Oldest, h.Size
	s.Gaps = map[string]int{"open": h.OpenGaps, "lost": h.LostGaps}
	s.Inbox, s.Posts = plain(h.Inbox), plain(h.Posts)
	s.Meetings, s.Entries = plain(h.Meetings), plain(h.Entries)
}

func plain[K ~string](counts map[K]int) map[string]int {
	out := make(map[string]int, len(counts))
	for k, n := range counts {
		out[string(k)] = n
	}
	return out
}

// connected notes that the device is cross-signed, for otherwise there would be
// no connection, and keeps asking the server whether it still is.
func (w *watch) connected(ctx context.Context, client *matrix.Client) {
	w.set(func(s *metrics.State) { s.CrossSigned = true })
	for pause(ctx, identityEvery) == nil {
		if st, err := client.Status(ctx, nil); err == nil && st.Identity == nil {
			w.set(func(s *metrics.State) { s.CrossSigned = st.CrossSigned })
		}
	}
}

// ready notes that the bot has caught up and works.
func (w *watch) ready() {
	w.set(func(s *metrics.State) { s.Ready = true })
	w.systemd.notify("READY=1")
}

// reloading tells systemd that the configuration is being read; the result ends
// that.
func (w *watch) reloading() func() {
	if !w.State().Ready {
		return func() {}
	}
	w.systemd.notify("RELOADING=1")
	return func() { w.systemd.notify("READY=1") }
}

// remedy is what the operator can do about a database that fails, to be put
// after the error; empty if the error is about something else.
func remedy(err error) string {
	switch sqlite.Fault(err) {
	case sqlite.ErrFull:
		return ". The disk or the quota is full: make room. Nothing that was stored is lost, and the rest comes again from the homeserver"
	case sqlite.ErrReadOnly:
		return ". blnbot must be able to read and write the files in data_dir, and data_dir itself: check their owner and mode, and whether the file system is mounted read-only"
	case sqlite.ErrLocked:
		return ". Another program has the database locked: end it, or wait for it"
	case sqlite.ErrDamaged:
		return ". Keep the file, and restore the newest backup (docs/operation.md)"
	case sqlite.ErrDisk:
		return ". The disk answers with errors: look at the system's log, and copy data_dir to another disk"
	}
	return ""
}

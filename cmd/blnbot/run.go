package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"sync"
	"syscall"
	"time"

	"blnbot/bot"
	"blnbot/config"
	"blnbot/internal/matrix"
	"blnbot/internal/meeting"
	"blnbot/internal/outbox"
)

// runCmd runs the bot until it is told to stop.
type runCmd struct {
	LogLevel  string `enum:"debug,info,warn,error" default:"info" env:"BLNBOT_LOG_LEVEL" help:"debug, info, warn or error." placeholder:"LEVEL"`
	LogFormat string `enum:"text,json" default:"text" env:"BLNBOT_LOG_FORMAT" help:"text or json." placeholder:"FORMAT"`
}

// drain is how long what is under way may take when the bot is told to stop.
// With closing the databases it stays below 10 seconds.
const drain = 8 * time.Second

// again is how long after a failed attempt the rooms are looked for again.
const again = 30 * time.Second

// Run wires everything together: sync → inbox → bot → outbox → rooms.
func (c *runCmd) Run(ctx context.Context, env *environment, cmds *commands) error {
	cfg, err := cmds.load(env)
	if err != nil {
		return err
	}
	// From the beginning: waiting for the homeserver may take days, and until it is
	// asked for, the signal ends a process, which systemd takes for a good end.
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	log := newLogger(env.stderr, c.LogLevel, c.LogFormat, cfg.User)
	for _, w := range cfg.Warnings {
		log.Warn("blnbot check warns of the configuration", "file", w.File, "line", w.Line, "column", w.Column)
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("make data_dir: %w", err)
	}
	lockFile, err := lock(cfg.DataDir)
	if err != nil {
		return err
	}
	defer lockFile.Close()
	if err := examine(ctx, cfg); err != nil {
		return err
	}
	if open, err := exposed(cfg.DataDir); err != nil || len(open) > 0 {
		log.Warn("other users of the machine can read what people wrote; chmod 700 data_dir", "files", open, "err", err)
	}
	s, err := openService(ctx, env, cfg, log)
	if err != nil {
		return err
	}
	s.hup = hup
	if err := s.beginWatch(ctx, env, log); err != nil {
		return errors.Join(err, s.db.Close())
	}
	conn, err := s.connect(ctx, env, log, true)
	if err != nil {
		err = errors.Join(err, s.db.Close())
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	s.watch.encrypts(conn.crypto)
	log.Info("logged in", "user", cfg.User, "fingerprint", conn.Fingerprint())
	finished, err := s.serve(ctx, cmds, env, conn, log)
	if !finished {
		log.Warn("something does not end; what is unfinished is done after the next start")
		return err // the databases are still in use; they take no harm
	}
	s.watch.encrypts(nil)
	return errors.Join(err, conn.Close(), s.db.Close())
}

// beginWatch makes sure that the database can be written, and begins to look
// after the bot.
func (s *service) beginWatch(ctx context.Context, env *environment, log *slog.Logger) error {
	if err := s.db.Probe(ctx); err != nil {
		return err
	}
	s.watch = newWatch(s.db, env, log)
	context.AfterFunc(ctx, func() { s.watch.systemd.notify("STOPPING=1", "STATUS=stopping") })
	if err := s.watch.serve(ctx, s.cfg.Listen); err != nil {
		return err
	}
	go s.watch.run(ctx)
	return nil
}

// serve runs the parts. Ticks and sending begin when what came in while the bot
// was away has been handled. It reports whether all parts have ended.
func (s *service) serve(parent context.Context, cmds *commands, env *environment, conn *connection, log *slog.Logger) (finished bool, err error) {
	ctx, stop := context.WithCancelCause(parent)
	defer stop(nil)
	box := &outbox.Outbox{Store: s.db, Sender: conn.Client, Reporter: s.bot, Log: log, Now: env.now, Connected: conn.Answering}
	s.db.OnPosts(func() { box.Wake(); conn.Wake() })
	r := &rooms{service: s, client: conn.Client, log: log, wake: make(chan *config.Config, 1), bound: make(chan struct{})}
	var wg sync.WaitGroup
	run := func(name string, part func(context.Context) error) {
		wg.Go(func() {
			if err := part(ctx); err != nil && ctx.Err() == nil {
				stop(fmt.Errorf("%s: %w", name, advise(s.cfg, err)))
			}
		})
	}
	run("sync", conn.Run)
	wg.Go(func() { s.watch.connected(ctx, conn.Client) })
	run("find rooms", r.run)
	run("clean backups", func(ctx context.Context) error { return s.keepBackupsClean(ctx, env, log) })
	run("reload", func(ctx context.Context) error { return s.reload(ctx, cmds, env, log, r.wake) })
	run("send", func(ctx context.Context) error {
		if !waitFor(ctx, conn.Ready(), r.bound) {
			return nil
		}
		log.Info("ready")
		s.watch.ready()
		wg.Go(func() { _ = s.bot.Run(ctx, conn.CaughtUp) })
		return box.Run(ctx)
	})
	<-ctx.Done()
	finished = ended(&wg, drain)
	if parent.Err() == nil {
		return finished, context.Cause(ctx)
	}
	if finished {
		log.Info("stopped")
	}
	return finished, nil
}

// ended reports whether the group ends in time.
func ended(wg *sync.WaitGroup, limit time.Duration) bool {
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// waitFor waits until all channels are closed; false if ctx ends first.
func waitFor(ctx context.Context, channels ...<-chan struct{}) bool {
	for _, c := range channels {
		select {
		case <-c:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// reload takes in a changed configuration on SIGHUP. A bad file changes nothing.
func (s *service) reload(ctx context.Context, cmds *commands, env *environment, log *slog.Logger, rooms chan<- *config.Config) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.hup:
		}
		reloaded := s.watch.reloading()
		cfg, err := cmds.load(env)
		if err != nil {
			logFaults(log, err)
			reloaded()
			continue
		}
		if cfg.Homeserver != s.cfg.Homeserver || cfg.User != s.cfg.User || cfg.DataDir != s.cfg.DataDir || cfg.Listen != s.cfg.Listen {
			log.Warn("homeserver, user, data_dir and listen change only with a restart")
		}
		if !reflect.DeepEqual(cfg.Roles, s.cfg.Roles) {
			log.Warn("roles change only with a restart")
		}
		s.bot.Configure(settings(cfg))
		log.Info("configuration reloaded", "networks", len(cfg.Networks))
		reloaded()
		select {
		case rooms <- cfg:
		case <-ctx.Done():
		}
	}
}

// logFaults says where a configuration has faults. What they are could quote
// names of networks and rooms.
func logFaults(log *slog.Logger, err error) {
	const text = "the changed configuration has faults; the old one stays in force, and blnbot check says more"
	var faults *config.Error
	if !errors.As(err, &faults) {
		log.Error(text, "err", err)
		return
	}
	for _, p := range faults.Problems {
		log.Error(text, "file", p.File, "line", p.Line, "column", p.Column)
	}
}

// rooms finds the configured rooms on the server, and tells staff of those that
// the bot cannot enter or lacks rights in.
type rooms struct {
	*service
	client *matrix.Client
	log    *slog.Logger
	wake   chan *config.Config
	bound  chan struct{} // closed when every room was looked for once
}

func (r *rooms) run(ctx context.Context) error {
	cfg := r.cfg
	if !waitFor(ctx, r.client.Ready()) {
		return nil
	}
	first := true
	told := map[string]bool{}
	for {
		missing := r.bindAll(ctx, cfg, told)
		if first {
			close(r.bound)
			first = false
		}
		var later <-chan time.Time
		if missing {
			later = time.After(again)
		}
		select {
		case <-ctx.Done():
			return nil
		case cfg = <-r.wake:
		case <-later:
		}
	}
}

// bindAll looks for all rooms and reports whether one is missing.
func (r *rooms) bindAll(ctx context.Context, cfg *config.Config, told map[string]bool) bool {
	joined, err := r.client.Joined(ctx)
	if err != nil {
		if ctx.Err() == nil && !errors.Is(err, matrix.ErrUnreachable) {
			r.log.Warn("cannot list the rooms that the bot is in, trying again", "err", err)
		}
		return true
	}
	p := pass{joined: joined, taken: map[meeting.RoomID]string{}, told: told}
	missing := r.bind(ctx, p, bot.CoordinationBinding, "", cfg.Coordination.Room)
	for _, n := range cfg.Networks {
		missing = r.bind(ctx, p, bot.NetworkBinding(n.ID), n.ID, n.Room) || missing
	}
	return missing
}

// pass is one look for all rooms.
type pass struct {
	joined map[meeting.RoomID]bool   // those that the bot is in
	taken  map[meeting.RoomID]string // those that have been found, and for what
	told   map[string]bool           // what has been reported, also in earlier passes
}

// find finds the room behind an alias. The first time the bot goes there, if it
// may. Later an alias that leads elsewhere, or another room in the
// configuration, is followed only into a room that the bot is in: it accepts
// invitations from staff and leaders only, and nobody else can take it along.
func (r *rooms) find(ctx context.Context, p pass, name, alias string) (meeting.RoomID, error) {
	found, err := r.client.FindRoom(ctx, alias)
	if err != nil {
		return "", err
	}
	now, next, err := r.bot.Bound(ctx, name, found)
	switch {
	case err != nil:
		return "", err
	case next != found:
		return r.client.ResolveRoom(ctx, string(next))
	case p.joined[found]:
		return found, nil
	case now != "" && now != next:
		return "", matrix.ErrNotInRoom
	}
	return r.client.ResolveRoom(ctx, alias)
}

// bind finds one room, and reports whether it must be looked for again.
func (r *rooms) bind(ctx context.Context, p pass, name, network, alias string) bool {
	room, err := r.find(ctx, p, name, alias)
	if errors.Is(err, matrix.ErrUnreachable) || ctx.Err() != nil {
		return true
	}
	if other, twice := p.taken[room]; twice && room != "" {
		// Two aliases of one room; the configuration cannot tell.
		if !p.told[name] {
			p.told[name] = true
			r.log.Error("two configured rooms are one", "name", name, "other", other)
			r.alert(ctx, network, room, "alert_taken")
		}
		return true
	}
	if room != "" {
		p.taken[room] = name
		if err := r.bot.Bind(ctx, name, room); err != nil {
			r.log.Error("bind room", "name", name, "err", err)
			return true
		}
	}
	if err != nil {
		if !p.told[name] {
			p.told[name] = true
			r.log.Warn("the bot is not in a configured room; invite it", "name", name, "err", err)
			r.alert(ctx, network, room, "alert_room")
		}
		return true
	}
	delete(p.told, name)
	r.checkRights(ctx, network, room)
	return false
}

// alert tells staff about a network's room; about the coordination room there
// is only the log.
func (r *rooms) alert(ctx context.Context, network string, room meeting.RoomID, text string, words ...string) {
	if network == "" {
		return
	}
	key := fmt.Sprintf("%s/%s/%s/%v", text, network, room, words)
	if err := r.bot.Alert(ctx, key, text, network, words...); err != nil {
		r.log.Error("tell staff", "network", network, "err", err)
	}
}

// needed are the rights without which the bot cannot work, and their names in
// texts.
var needed = map[matrix.Right]string{matrix.RightSend: "send", matrix.RightReact: "react", matrix.RightRedact: "redact"}

func (r *rooms) checkRights(ctx context.Context, network string, room meeting.RoomID) {
	missing, err := r.client.MissingRights(ctx, room)
	if err != nil {
		return // not known, so nobody is told
	}
	var words []string
	for _, right := range missing {
		if word, ok := needed[right]; ok {
			words = append(words, word)
		}
	}
	if len(words) > 0 {
		r.log.Warn("the bot lacks rights in a room", "network", network, "rights", words)
		r.alert(ctx, network, room, "alert_rights", words...)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
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
type runCmd struct{}

// again is how long after a failed attempt the rooms are looked for again.
const again = 30 * time.Second

// Run wires everything together: sync → inbox → bot → outbox → rooms.
func (c *runCmd) Run(ctx context.Context, env *environment, cmds *commands) error {
	cfg, err := cmds.load(env)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(env.stderr, nil))
	for _, w := range cfg.Warnings {
		log.Warn("configuration", "file", w.File, "line", w.Line, "warning", w.Message)
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("make data_dir: %w", err)
	}
	lockFile, err := lock(cfg.DataDir)
	if err != nil {
		return err
	}
	defer lockFile.Close()
	s, err := openService(ctx, env, cfg, log)
	if err != nil {
		return err
	}
	conn, err := s.connect(ctx, env, log, true)
	if err != nil {
		err = errors.Join(err, s.db.Close())
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	log.Info("logged in", "user", cfg.User, "fingerprint", conn.Fingerprint())
	err = s.serve(ctx, cmds, env, conn, log)
	return errors.Join(err, conn.Close(), s.db.Close())
}

// serve runs the parts. Ticks and sending begin when what came in while the bot
// was away has been handled.
func (s *service) serve(ctx context.Context, cmds *commands, env *environment, conn *connection, log *slog.Logger) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	box := &outbox.Outbox{Store: s.db, Sender: conn.Client, Reporter: s.bot, Log: log, Now: env.now}
	s.db.OnPosts(box.Wake)
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
	run("find rooms", r.run)
	run("reload", func(ctx context.Context) error { return s.reload(ctx, cmds, env, log, r.wake) })
	run("send", func(ctx context.Context) error {
		if !waitFor(ctx, conn.Ready(), r.bound) {
			return nil
		}
		log.Info("ready")
		wg.Go(func() { _ = s.bot.Run(ctx) })
		return box.Run(ctx)
	})
	<-ctx.Done()
	wg.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	log.Info("stopped")
	return nil
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
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hup:
		}
		cfg, err := cmds.load(env)
		if err != nil {
			log.Error("the changed configuration has faults; the old one stays in force", "err", err)
			continue
		}
		if cfg.Homeserver != s.cfg.Homeserver || cfg.User != s.cfg.User || cfg.DataDir != s.cfg.DataDir {
			log.Warn("homeserver, user and data_dir change only with a restart")
		}
		s.bot.Configure(settings(cfg))
		log.Info("configuration reloaded", "networks", len(cfg.Networks))
		select {
		case rooms <- cfg:
		case <-ctx.Done():
		}
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
			timer := time.NewTimer(again)
			defer timer.Stop()
			later = timer.C
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
	missing := r.bind(ctx, bot.CoordinationBinding, "", cfg.Coordination.Room, told)
	for _, n := range cfg.Networks {
		missing = r.bind(ctx, bot.NetworkBinding(n.ID), n.ID, n.Room, told) || missing
	}
	return missing
}

// bind finds one room, and reports whether it must be looked for again.
func (r *rooms) bind(ctx context.Context, name, network, alias string, told map[string]bool) bool {
	room, err := r.client.ResolveRoom(ctx, alias)
	if errors.Is(err, matrix.ErrUnreachable) || ctx.Err() != nil {
		return true
	}
	if room != "" {
		if err := r.bot.Bind(ctx, name, room); err != nil {
			r.log.Error("bind room", "name", name, "err", err)
			return true
		}
	}
	if err != nil {
		if !told[name] {
			told[name] = true
			r.log.Warn("the bot is not in a configured room; invite it", "name", name, "err", err)
			r.alert(ctx, network, room, "alert_room")
		}
		return true
	}
	delete(told, name)
	r.checkRights(ctx, network, alias)
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

func (r *rooms) checkRights(ctx context.Context, network, alias string) {
	st, err := r.client.Status(ctx, []string{alias})
	if err != nil || len(st.Rooms) == 0 || st.Rooms[0].Err != nil {
		return
	}
	var words []string
	for _, right := range st.Rooms[0].Missing {
		if word, ok := needed[right]; ok {
			words = append(words, word)
		}
	}
	if len(words) > 0 {
		r.log.Warn("the bot lacks rights in a room", "network", network, "rights", words)
		r.alert(ctx, network, st.Rooms[0].Room, "alert_rights", words...)
	}
}

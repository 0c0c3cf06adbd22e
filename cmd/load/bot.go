package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"maunium.net/go/mautrix/id"

	"blnbot/internal/homeserver/stage"
)

// configure writes the bot's configuration; the first meeting of all networks
// opens at the time, to the second.
func (s *site) configure(opens time.Time) error {
	var b strings.Builder
	fmt.Fprintf(&b, "homeserver: %s\nuser: %q\npassword_file: password\nrecovery_key_file: recovery-key\ndata_dir: data\n"+
		"timezone: UTC\nholidays: ignore\ncoordination:\n  room: %q\n  staff: [%q]\nnetworks:\n",
		s.server.URL(), s.bot, s.coordination, s.leader.UserID)
	// Intervals count from 1970: this one is over then, and not again before 2080.
	schedule := fmt.Sprintf("@every %ds", opens.Unix())
	for i, room := range s.rooms {
		fmt.Fprintf(&b, "- {id: n%d, name: N%d, programme: samsjuklighet, room: %q, leaders: [%q], schedule: %q}\n",
			i, i, room, s.leader.UserID, schedule)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "password"), []byte(stage.Password+"\n"), 0o600); err != nil {
		return fmt.Errorf("write password: %w", err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "config.yaml"), []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return nil
}

// build builds the bot, with a profile of its processor time if wanted: that
// takes a file that is not in the program's source.
func build(ctx context.Context, dir, profile string) (string, error) {
	if profile == "" {
		return stage.BuildBot(ctx, dir)
	}
	profile, err := filepath.Abs(profile)
	if err == nil {
		err = os.MkdirAll(profile, 0o700)
	}
	if err != nil {
		return "", fmt.Errorf("make folder for profiles: %w", err)
	}
	root, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find module: %w", err)
	}
	source := filepath.Join(dir, "profile.go")
	overlay := filepath.Join(dir, "overlay.json")
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, "cmd/blnbot/profile.go"): source}})
	if err != nil {
		return "", fmt.Errorf("write overlay: %w", err)
	}
	for name, text := range map[string][]byte{source: fmt.Appendf(nil, profiling, profile), overlay: text} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			return "", fmt.Errorf("write overlay: %w", err)
		}
	}
	before := os.Getenv("GOFLAGS")
	defer os.Setenv("GOFLAGS", before)
	if err := os.Setenv("GOFLAGS", before+" -overlay="+overlay); err != nil {
		return "", fmt.Errorf("build with profile: %w", err)
	}
	return stage.BuildBot(ctx, dir)
}

const profiling = `package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
)

func init() {
	if len(os.Args) < 2 || os.Args[1] != "run" {
		return
	}
	next := make(chan os.Signal, 1)
	signal.Notify(next, syscall.SIGUSR1)
	go func() {
		for n := 1; ; n++ {
			base := fmt.Sprintf("%%s/%%d-%%d-", %q, os.Getpid(), n)
			f, err := os.Create(base + "cpu.pprof")
			if err != nil || pprof.StartCPUProfile(f) != nil {
				panic("no profile")
			}
			<-next
			pprof.StopCPUProfile()
			f.Close()
			if h, err := os.Create(base + "heap.pprof"); err == nil {
				pprof.WriteHeapProfile(h)
				h.Close()
			}
		}
	}()
}
`

// nextProfile has the profiles written, if there are any, and the next begun.
func (s *site) nextProfile(c *child) error {
	if s.profile == "" {
		return nil
	}
	if err := c.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		return fmt.Errorf("end profile: %w", err)
	}
	time.Sleep(time.Second)
	return nil
}

// startBot starts the bot.
func (s *site) startBot() (*child, error) {
	return launch(s.binary, []string{"run", "--log-level", "warn", "--config", filepath.Join(s.dir, "config.yaml")}, nil)
}

// ask reads one row of numbers or times from the bot's database, as any reader
// beside the running bot would.
func (s *site) ask(ctx context.Context, query string, into ...any) error {
	if s.db == nil {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(s.dir, "data", "blnbot.db")+"?mode=ro&_pragma=busy_timeout(5000)")
		if err != nil {
			return fmt.Errorf("open the bot's database: %w", err)
		}
		s.db = db
	}
	if err := s.db.QueryRowContext(ctx, query).Scan(into...); err != nil {
		return fmt.Errorf("read the bot's database: %w", err)
	}
	return nil
}

// counted waits until the query counts n.
func (s *site) counted(ctx context.Context, c *child, what, query string, n int) error {
	return until(ctx, c, what, func() (bool, error) {
		var got int
		err := s.ask(ctx, query, &got)
		return got >= n, err
	})
}

const (
	countEntries = "SELECT count(*) FROM entries"
	countBound   = "SELECT count(*) FROM bindings"
	countWaiting = "SELECT (SELECT count(*) FROM posts WHERE state = 'pending') + (SELECT count(*) FROM checks WHERE state = 'open')"
)

// roots reads which event is the root of the first prompt's thread in each room.
func (s *site) readRoots(ctx context.Context) error {
	rows, err := s.db.QueryContext(ctx, "SELECT room_id, event_id FROM posts WHERE prompt = 1 AND event_id IS NOT NULL ORDER BY seq DESC")
	if err != nil {
		return fmt.Errorf("read prompts: %w", err)
	}
	defer rows.Close()
	s.roots = map[id.RoomID]id.EventID{}
	for rows.Next() {
		var room, root string
		if err := rows.Scan(&room, &root); err != nil {
			return fmt.Errorf("read prompts: %w", err)
		}
		s.roots[id.RoomID(room)] = id.EventID(root)
	}
	return rows.Err()
}

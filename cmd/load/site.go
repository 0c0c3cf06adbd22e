package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/homeserver"
	"blnbot/internal/homeserver/stage"
)

// site is the server with everybody and everything on it.
type site struct {
	options
	dir, binary string
	server      *homeserver.Server
	bot         id.UserID
	bareUser    bareSettings

	leader       *account
	watch        *watcher
	writers      []*writer
	coordination id.RoomID
	rooms        []id.RoomID
	roots        map[id.RoomID]id.EventID
	db           *sql.DB
	early        int     // replies sent before the bot is stopped
	speed        float64 // of the server, in replies a second
}

// parallel calls do with 0 to n-1, several at a time.
func parallel(ctx context.Context, n, workers int, do func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range next {
				if ctx.Err() != nil {
					continue
				}
				if err := do(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}

// senders is how many requests people make at a time; the bot's outbox has as
// many lanes.
const senders = 8

// newSite makes accounts and rooms. Everybody but the bot and the bare client is
// in them already.
func newSite(ctx context.Context, o options, dir string) (*site, error) {
	s := &site{options: o, dir: dir}
	var err error
	if s.binary, err = build(ctx, dir, o.profile); err != nil {
		return nil, err
	}
	if s.server, err = homeserver.Start(ctx, homeserver.Options{Dir: filepath.Join(dir, "server"), Progress: os.Stderr}); err != nil {
		return nil, err
	}
	return s, s.populate(ctx)
}

func (s *site) populate(ctx context.Context) error {
	names := []string{"bln", "bare", "lena", "watch"}
	for i := range s.people {
		names = append(names, fmt.Sprintf("p%d", i))
	}
	for _, name := range names {
		if err := s.server.Register(ctx, name, stage.Password, false); err != nil {
			return err
		}
	}
	s.bot = id.UserID(s.server.UserID("bln"))
	reader, err := logIn(ctx, s.server.URL(), "bare")
	if err != nil {
		return err
	}
	s.bareUser = bareSettings{Homeserver: s.server.URL(), User: reader.UserID, Device: reader.DeviceID, Token: reader.AccessToken, Dir: s.dir}
	if s.leader, err = logIn(ctx, s.server.URL(), "lena"); err != nil {
		return err
	}
	guest, err := logIn(ctx, s.server.URL(), "watch")
	if err != nil {
		return err
	}
	s.watch = &watcher{account: guest, bot: s.bot}
	if s.coordination, err = s.room(ctx, "Samordning", s.bot); err != nil {
		return err
	}
	invited := []id.UserID{s.bot, s.bareUser.User, s.watch.UserID}
	for i := range s.people {
		invited = append(invited, id.UserID(s.server.UserID(fmt.Sprintf("p%d", i))))
	}
	s.rooms = make([]id.RoomID, s.options.rooms)
	err = parallel(ctx, len(s.rooms), senders, func(ctx context.Context, i int) (err error) {
		s.rooms[i], err = s.room(ctx, fmt.Sprintf("N%d", i), invited...)
		if err == nil {
			_, err = s.watch.JoinRoomByID(ctx, s.rooms[i])
		}
		return err
	})
	if err != nil {
		return err
	}
	s.watch.follow(ctx)
	return nil
}

func (s *site) room(ctx context.Context, name string, invite ...id.UserID) (id.RoomID, error) {
	resp, err := s.leader.CreateRoom(ctx, &mautrix.ReqCreateRoom{Preset: "private_chat", Name: name, Invite: invite,
		InitialState: []*event.Event{{Type: event.StateEncryption,
			Content: event.Content{Parsed: &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}}}}})
	if err != nil {
		return "", fmt.Errorf("make room: %w", err)
	}
	return resp.RoomID, nil
}

// gather brings the people who reply into the rooms.
func (s *site) gather(ctx context.Context) error {
	for i := range s.people {
		w, err := newWriter(ctx, s.server.URL(), fmt.Sprintf("p%d", i), s.rooms, s.bot, s.bareUser.User)
		if err != nil {
			return err
		}
		s.writers = append(s.writers, w)
	}
	return parallel(ctx, len(s.rooms), senders, func(ctx context.Context, i int) error {
		for _, w := range s.writers {
			if _, err := w.JoinRoomByID(ctx, s.rooms[i]); err != nil {
				return fmt.Errorf("join: %w", err)
			}
		}
		return nil
	})
}

// learn has the writers fetch the readers' devices.
func (s *site) learn(ctx context.Context) error {
	for _, w := range s.writers {
		if _, err := w.mach.FetchKeys(ctx, w.readers, true); err != nil {
			return fmt.Errorf("fetch devices: %w", err)
		}
	}
	return nil
}

// startBare starts the bare client, which counts replies from now on.
func (s *site) startBare(after time.Time) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	set := s.bareUser
	set.After = after.UnixMilli()
	text, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("encode settings: %w", err)
	}
	return launch(self, []string{"bare"}, []string{bareVariable + "=" + string(text)})
}

// readBy waits until the bare client has read n replies.
func readBy(ctx context.Context, c *child, n int) error {
	text := fmt.Sprintf("count %d\n", n)
	return until(ctx, c, "bare client reads", func() (bool, error) { return strings.Contains(c.log.Text(), text), nil })
}

// send sends n replies, the k-th in room k, at full speed or at a rate, and
// returns when each was sent.
func (s *site) send(ctx context.Context, n int, rate float64) (map[id.EventID]time.Time, error) {
	var mu sync.Mutex
	sent := make(map[id.EventID]time.Time, n)
	began := time.Now()
	err := parallel(ctx, n, senders, func(ctx context.Context, k int) error {
		if rate > 0 {
			time.Sleep(time.Until(began.Add(time.Duration(float64(k) / rate * float64(time.Second)))))
		}
		room := s.rooms[k%len(s.rooms)]
		ev, at, err := s.writers[(k/len(s.rooms))%len(s.writers)].reply(ctx, room, s.roots[room], k)
		if err != nil {
			return err
		}
		mu.Lock()
		sent[ev] = at
		mu.Unlock()
		return nil
	})
	return sent, err
}

func (s *site) close(ctx context.Context) error {
	var err error
	if s.db != nil {
		err = s.db.Close()
	}
	return errors.Join(err, s.server.Stop(ctx))
}

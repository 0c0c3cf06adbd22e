//go:build faults

package faults_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"blnbot/internal/homeserver"
)

// storm kills the bot again and again, restarts the server and sets the bot's
// clock.
type storm struct {
	w    *world
	rng  *rand.Rand
	gate *gate

	ways     map[string]int // how the bot died
	restarts int            // of the server
	clocks   int            // how often the clock was set
	began    time.Time
}

func newStorm(w *world, g *gate) *storm {
	return &storm{w: w, rng: w.rng("storm"), gate: g, ways: map[string]int{}, began: time.Now()}
}

// rage goes on until ctx ends and there were as many kills as wanted. The bot
// is down at the end.
func (s *storm) rage(ctx context.Context, kills int) error {
	s.w.weather.set(true)
	defer s.w.weather.set(false)
	for {
		if err := s.life(ctx); err != nil {
			return err
		}
		if _, killed := s.gate.counts(); ctx.Err() != nil && killed >= kills {
			return nil
		}
		if err := s.between(); err != nil {
			return err
		}
		if err := s.w.bot.start(); err != nil {
			return err
		}
	}
}

// between is what happens while the bot is down.
func (s *storm) between() error {
	switch n := s.rng.IntN(100); {
	case n < 10:
		s.restarts++
		return s.w.restartServer()
	case n < 25:
		return s.w.rest(time.Duration(s.rng.IntN(4000)) * time.Millisecond) // people act meanwhile
	case n < 40:
		return s.setClock()
	}
	return nil
}

// farthest is how wrong the bot's clock can be, in either direction: within
// the days that a meeting is open, and beyond every pause between two attempts.
const farthest = 6 * time.Hour

// setClock makes the bot's clock wrong: by hours, by minutes, or not at all.
func (s *storm) setClock() error {
	s.clocks++
	off := time.Duration(s.rng.Int64N(int64(2*farthest))) - farthest
	switch s.rng.IntN(4) {
	case 0:
		off /= 60
	case 1:
		off = 0
	}
	return s.w.bot.setClock(off.Truncate(time.Second))
}

// longest is how long the bot lives when its end does not come by itself.
const longest = 8 * time.Second

// life waits for the end of the running process, and brings it about.
func (s *storm) life(ctx context.Context) error {
	bot, over := s.w.bot, s.w.bot.over()
	way, wait := "while it was left alone", time.Duration(0)
	if s.gate.dueKill(ctx, over) || ctx.Err() != nil {
		way, wait = s.fate(over)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	trouble := time.NewTicker(time.Duration(700+s.rng.IntN(3000)) * time.Millisecond)
	defer trouble.Stop()
	for alive := true; alive; {
		select {
		case <-over:
			alive = false
		case <-timer.C:
			way = "at random"
			bot.kill()
			alive = false
		case <-trouble.C:
			s.disturb()
		case <-s.w.ctx.Done():
			return s.w.ctx.Err()
		}
	}
	if !bot.killed() {
		return fmt.Errorf("the bot ended by itself: %w\n%s", bot.ending(), bot.text())
	}
	s.w.weather.strike(nil)
	for _, point := range bot.fired() {
		way = "at " + point
	}
	s.ways[way]++
	s.gate.kill()
	if passed, killed := s.gate.counts(); killed%10 == 0 {
		s.w.t.Logf("%d kills, %d replies after %s", killed, passed, time.Since(s.began).Round(time.Second))
	}
	return nil
}

// fate decides how and when the process that was just started is to end.
func (s *storm) fate(over <-chan struct{}) (way string, wait time.Duration) {
	random := func(n int) time.Duration { return time.Duration(s.rng.IntN(n)) * time.Millisecond }
	switch n := s.rng.IntN(100); {
	case n < 15:
		return "at random", random(1500) // while it starts
	case n < 45:
		ready, cancel := context.WithTimeout(s.w.ctx, longest)
		defer cancel()
		s.w.bot.ready(ready)
		return "at random", random(3000)
	case n < 60:
		s.w.weather.strike(homeserver.IsSend)
		return "at a post", longest
	case n < 67:
		s.w.weather.strike(func(r *http.Request) bool { return homeserver.IsSync(r) })
		return "at a sync", longest
	case n < 72:
		s.w.weather.strike(func(r *http.Request) bool { return !homeserver.IsSync(r) && !homeserver.IsSend(r) })
		return "at another request", longest
	}
	points := []string{"answered", "stored", "gap", "handled", "attempted", "sent", "ticked"}
	if err := s.w.bot.arm(points[s.rng.IntN(len(points))]); err != nil {
		s.w.t.Error(err)
	}
	return "at a named point", longest
}

// disturb does something to the connections or the server while the bot runs.
func (s *storm) disturb() {
	switch n := s.rng.IntN(100); {
	case n < 60:
		s.w.proxy.CutAll()
	case n < 66:
		s.restarts++
		if err := s.w.restartServer(); err != nil {
			s.w.t.Error(err)
		}
	case n < 85:
		if err := s.setClock(); err != nil {
			s.w.t.Error(err)
		}
	}
}

// before has the bot end in the middle of what is about to happen, in most
// cases: in the handling, or while its posts are sent.
func (s *storm) before(point string, rng *rand.Rand) error {
	switch rng.IntN(4) {
	case 0:
		return nil
	case 1:
		return s.w.bot.arm("sent")
	}
	return s.w.bot.arm(point)
}

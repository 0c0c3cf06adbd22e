//go:build faults

package faults_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"blnbot/internal/homeserver"
)

// storm kills the bot again and again, restarts the server and sets the bot's
// clock.
type storm struct {
	w       *world
	gate    *gate
	endings deck // of the bot's processes
	pauses  deck // between them

	lives    int            // processes of the bot
	ways     map[string]int // how they died
	restarts int            // of the server
	killed   int            // how often it was killed for that
	clocks   int            // how often the clock was set
	began    time.Time
}

func newStorm(w *world, g *gate) *storm {
	return &storm{w: w, gate: g, ways: map[string]int{}, began: time.Now(),
		endings: deck{rng: w.rng("endings"), n: len(endings())}, pauses: deck{rng: w.rng("pauses"), n: len(pauses())}}
}

// How the bot can die, beside the named points.
const (
	starting   = "while it starts"
	atRandom   = "at random"
	atPost     = "at a post"
	atSync     = "at a sync"
	atAnything = "at another request"
)

// endings are how processes of the bot end, those more often that are to come
// more often.
func endings() []string {
	return slices.Concat(slices.Repeat([]string{starting}, 4), slices.Repeat([]string{atRandom}, 7),
		slices.Repeat([]string{atPost}, 4), slices.Repeat([]string{atSync}, 2), []string{atAnything},
		[]string{"answered", "stored", "gap", "handled", "attempted", "sent", "ticked"})
}

// What can happen while the bot is down.
const (
	nothing = iota
	restart // of the server
	people  // act for a while
	clock   // of the bot is set
)

func pauses() []int {
	return slices.Concat(slices.Repeat([]int{nothing}, 12), slices.Repeat([]int{restart}, 2), slices.Repeat([]int{people}, 3), slices.Repeat([]int{clock}, 3))
}

// rage goes on until ctx ends and there were as many kills as wanted. The bot
// is down at the end.
func (s *storm) rage(ctx context.Context, kills int) error {
	s.w.weather.set(true)
	defer s.w.weather.set(false)
	for {
		s.lives++
		ending, pause := endings()[s.endings.deal()], pauses()[s.pauses.deal()]
		rng := s.w.rng(fmt.Sprintf("life/%d", s.lives))
		if err := s.life(ctx, ending, rng); err != nil {
			return err
		}
		if _, killed := s.gate.counts(); ctx.Err() != nil && killed >= kills {
			return nil
		}
		if err := s.between(pause, s.w.rng(fmt.Sprintf("pause/%d", s.lives))); err != nil {
			return err
		}
		if err := s.w.bot.start(); err != nil {
			return err
		}
	}
}

// between is what happens while the bot is down.
func (s *storm) between(pause int, rng *rand.Rand) error {
	switch pause {
	case restart:
		return s.restartServer(rng)
	case people:
		return s.w.rest(time.Duration(rng.IntN(4000)) * time.Millisecond)
	case clock:
		return s.setClock(rng)
	}
	return nil
}

// restartServer stops the server, or kills it, and starts it again.
func (s *storm) restartServer(rng *rand.Rand) error {
	s.restarts++
	kill := rng.IntN(2) == 0
	if kill {
		s.killed++
	}
	return s.w.restartServer(kill)
}

// farthest is how wrong the bot's clock can be, in either direction: within
// the days that a meeting is open, and beyond every pause between two attempts.
const farthest = 6 * time.Hour

// setClock makes the bot's clock wrong: by hours, by minutes, or not at all.
func (s *storm) setClock(rng *rand.Rand) error {
	s.clocks++
	off := time.Duration(rng.Int64N(int64(2*farthest))) - farthest
	switch rng.IntN(4) {
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
func (s *storm) life(ctx context.Context, ending string, rng *rand.Rand) error {
	bot, over := s.w.bot, s.w.bot.over()
	way, wait := "while it was left alone", time.Duration(0)
	if s.gate.dueKill(ctx, over) || ctx.Err() != nil {
		way, wait = ending, s.prepare(ending, time.Duration(rng.IntN(3000))*time.Millisecond)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	trouble := time.NewTicker(time.Duration(700+rng.IntN(3000)) * time.Millisecond)
	defer trouble.Stop()
	for alive := true; alive; {
		select {
		case <-over:
			alive = false
		case <-timer.C:
			if wait == longest {
				way += ", which did not come"
			}
			bot.kill()
			alive = false
		case <-trouble.C:
			s.disturb(rng)
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

// prepare sees to it that the process ends as it is to, and returns how long to
// wait before it is killed if it has not ended by then.
func (s *storm) prepare(ending string, random time.Duration) time.Duration {
	switch ending {
	case starting:
		return random / 2
	case atRandom:
		ready, cancel := context.WithTimeout(s.w.ctx, longest)
		defer cancel()
		s.w.bot.ready(ready)
		return random
	case atPost:
		s.w.weather.strike(homeserver.IsSend)
	case atSync:
		s.w.weather.strike(homeserver.IsSync)
	case atAnything:
		s.w.weather.strike(func(r *http.Request) bool { return !homeserver.IsSync(r) && !homeserver.IsSend(r) })
	default:
		if err := s.w.bot.arm(ending); err != nil {
			s.w.t.Error(err)
		}
	}
	return longest
}

// disturb does something to the connections or the server while the bot runs.
func (s *storm) disturb(rng *rand.Rand) {
	switch n := rng.IntN(100); {
	case n < 60:
		s.w.proxy.CutAll()
	case n < 66:
		if err := s.restartServer(rng); err != nil {
			s.w.t.Error(err)
		}
	case n < 85:
		if err := s.setClock(rng); err != nil {
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

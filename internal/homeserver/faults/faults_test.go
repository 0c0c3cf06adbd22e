//go:build faults

package faults_test

import (
	"context"
	"errors"
	"flag"
	"strings"
	"sync"
	"testing"
	"time"

	"blnbot/internal/homeserver"
)

var (
	seed    = flag.Uint64("seed", 0, "what the run is made from; 0 for a new one")
	kills   = flag.Int("kills", shortKills, "how often the bot is killed, at least")
	replies = flag.Int("replies", shortReplies, "how many replies are written, at least")
	server  = flag.String("server", string(homeserver.Dendrite), "the kind of homeserver: dendrite or synapse")
	keep    = flag.String("keep", "", "folder to keep the data of the runs in")
)

// The short form of the storm. In a run that is no shorter, everything that can
// happen must have happened.
const (
	shortKills   = 30
	shortReplies = 500
)

// perMeeting is about how many replies a meeting of one network gets.
const perMeeting = 80

// TestFaults is the storm: everything that can go wrong, at the same time.
func TestFaults(t *testing.T) {
	t.Parallel()
	run := *seed
	if run == 0 {
		run = uint64(time.Now().UnixNano()) % 1_000_000
	}
	const networks = 3
	meetings := min(max((*replies+networks*perMeeting-1)/(networks*perMeeting), 1), 30)
	each := (*replies + networks*meetings - 1) / (networks * meetings)
	t.Logf("%d meetings of %d networks; the same dice again: make soak SEED=%d KILLS=%d REPLIES=%d AWAY=%d SERVER=%s",
		meetings, networks, run, *kills, *replies, *away, *server)
	began := time.Now()
	patience := 5*time.Minute + time.Duration(*kills)*10*time.Second + time.Duration(*replies)*500*time.Millisecond
	w := newWorld(t, run, networks, 3, meetings, patience)
	w.begin()
	t.Logf("all set after %s", time.Since(began).Round(time.Second))
	s := w.rage(script{meetings: meetings, replies: each}, *kills)
	t.Logf("storm over after %s", time.Since(began).Round(time.Second))
	w.calm()
	w.judge()
	passed, killed := s.gate.counts()
	t.Logf("seed %d: %d kills (%s), %d restarts of the server (%d of them killed), the clock set %d times, %d replies, %d gaps filled, %d starts of the bot in %s\n\tthe network: %s\n\tthe bot's complaints:%s",
		run, killed, figures(s.ways), s.restarts, s.killed, s.clocks, passed, w.bot.gapsSeen, w.bot.begun, time.Since(began).Round(time.Second), w.weather, w.bot.complaints())
	s.demand()
}

// demand demands that the storm was one: each kind of fault came, and had the
// effect that it is there for.
func (s *storm) demand() {
	t := s.w.t
	t.Helper()
	if err := s.w.weather.broken; err != nil {
		t.Errorf("a fault could not be brought about: %v", err)
	}
	if *kills < shortKills || *replies < shortReplies {
		return
	}
	if missing := s.w.weather.missing(); len(missing) > 0 {
		t.Errorf("these never happened to a request: %s", strings.Join(missing, "; "))
	}
	for what, count := range map[string]int{"gaps filled": s.w.bot.gapsSeen, "restarts of the server": s.restarts, "changes of the clock": s.clocks} {
		if count == 0 {
			t.Errorf("there were no %s", what)
		}
	}
}

// rage lets the networks hold their meetings in a storm.
func (w *world) rage(sc script, kills int) *storm {
	w.t.Helper()
	g := newGate(sc.meetings*sc.replies*len(w.nets), kills)
	s := newStorm(w, g)
	sc.gate, sc.before = g, s.before
	ctx, done := context.WithCancel(w.ctx)
	defer done()
	errs := make([]error, len(w.nets)+1)
	var people, all sync.WaitGroup
	for i, n := range w.nets {
		people.Go(func() {
			if errs[i] = n.play(sc); errs[i] != nil {
				w.cancel()
			}
		})
	}
	all.Go(func() {
		if errs[len(w.nets)] = s.rage(ctx, kills); errs[len(w.nets)] != nil {
			w.cancel()
		}
	})
	people.Wait()
	done()
	all.Wait()
	w.must(errors.Join(errs...))
	return s
}

// calm starts the bot in good weather, waits until it has nothing left to do,
// and stops it.
func (w *world) calm() {
	w.t.Helper()
	w.must(w.bot.disarm())
	w.must(w.bot.start())
	if !w.bot.ready(w.ctx) {
		w.t.Fatal("the bot is not ready")
	}
	w.must(w.settle(30 * time.Second))
	w.must(w.bot.stop(20 * time.Second))
}

//go:build faults

package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"blnbot/internal/homeserver"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// TestLostKeys: the server says that it has taken a room's new key for everybody, and
// after a stop in the same moment it has none of it, as Dendrite does now and then
// (docs/homeservers.md). Everybody can read what was written with the key all the
// same: when the bot lives on, and when it is killed together with the server.
func TestLostKeys(t *testing.T) {
	t.Parallel()
	w, n := small(t, 3, 6*time.Minute)
	for _, dies := range []bool{false, true} {
		w.must(w.quietBot())
		w.must(w.bot.stop(20 * time.Second))
		written := w.loseKeys(n)
		w.must(w.bot.start()) // what it writes first in a room has a new key
		_, err := n.says("!status")
		w.must(err)
		var answer struct {
			ID meeting.EventID `json:"event_id"`
		}
		select {
		case text := <-written:
			w.must(json.Unmarshal(text, &answer))
		case <-w.ctx.Done():
			t.Fatal("the bot has written nothing with a new key")
		}
		if dies {
			w.bot.kill()
		}
		w.proxy.OnRequest(w.weather.decide)
		if dies {
			w.must(w.restartServer(false))
			w.must(w.bot.start())
		} else {
			w.must(w.outage())
		}
		for _, who := range append([]*person.Person{n.leader}, n.members...) {
			w.must(w.reads(who, n.room, answer.ID))
		}
	}
	w.must(w.settle(time.Minute))
	w.must(w.bot.stop(20 * time.Second))
	w.judge()
}

// outage stops the server until the running bot has noticed it: one of a few
// milliseconds can fall between two of its requests.
func (w *world) outage() error {
	noticed := func() int { return strings.Count(w.bot.text(), `msg="cannot sync, trying again"`) }
	before := noticed()
	w.quiet.Lock()
	defer w.quiet.Unlock()
	defer func() { w.restarted = time.Now() }()
	if err := w.stage.Server.Stop(w.ctx); err != nil {
		return err
	}
	err := w.poll("the outage to be noticed", 20*time.Millisecond, func() (bool, error) { return noticed() > before, nil })
	if err != nil {
		return err
	}
	return w.stage.Server.Restart(w.ctx)
}

// reads waits until a person can read a message.
func (w *world) reads(who *person.Person, room meeting.RoomID, id meeting.EventID) error {
	ctx, cancel := context.WithTimeout(w.ctx, 20*time.Second)
	defer cancel()
	if _, err := who.WaitForEvent(ctx, room, id); err == nil {
		return nil
	}
	if err := who.Reread(w.ctx, room); err != nil { // Dendrite's sync passes over events when it is stopped
		return err
	}
	if seen, ok := who.Find(room, id); !ok || seen.Kind == person.KindUnreadable {
		return fmt.Errorf("%s cannot read %s", who.ID(), id)
	}
	return nil
}

// loseKeys has the bot believe that the server takes the keys that it gives. The
// result is what the server says to the first that it writes in the room after that.
func (w *world) loseKeys(n *network) (written <-chan []byte) {
	out := make(chan []byte, 1)
	var lost, done atomic.Bool
	w.proxy.OnRequest(func(r *http.Request) homeserver.Fault {
		switch {
		case strings.Contains(r.URL.Path, "/sendToDevice/m.room.encrypted/"):
			lost.Store(true)
			return homeserver.Fault{Status: http.StatusOK, Body: []byte("{}")}
		case lost.Load() && homeserver.IsSend(r) && strings.Contains(r.URL.Path, string(n.room)+"/send/m.room.encrypted/") && !done.Swap(true):
			return homeserver.Fault{Rewrite: func(body []byte) []byte {
				out <- body
				return body
			}}
		}
		return homeserver.Fault{}
	})
	return out
}

//go:build faults

package faults_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"blnbot/internal/homeserver"
	"blnbot/internal/meeting"
)

// TestForgottenTransactions: the server takes a post, the answer reaches nobody,
// and the server is restarted before the bot can ask again, so that it no longer
// knows the transaction (docs/homeservers.md). The post is there once all the same:
// when sync brings its echo, when sync never does, and when the bot lives on.
func TestForgottenTransactions(t *testing.T) {
	t.Parallel()
	w, n := small(t, 2, 8*time.Minute)
	lives := w.bot.begun
	for _, tt := range []struct {
		name       string
		dies, deaf bool // the bot dies; sync brings nothing that the bot wrote
	}{
		{"the bot dies", true, false},
		{"the bot dies, and sync passes over the post", true, true},
		{"the bot lives on, and sync passes over the post", false, true},
	} {
		for _, post := range []struct {
			name string
			do   func() error // what the bot answers with one
		}{
			{"a reaction", func() error { return n.everybody(1, false)[1].reply(meeting.SourceThread) }},
			{"a message", func() error { _, err := n.says("!status"); return err }},
		} {
			w.must(w.quietBot())
			l := w.lose(n.room, tt.dies, tt.deaf)
			w.must(post.do())
			id := w.lost(n, l)
			if tt.dies {
				<-w.bot.over()
				if !w.bot.killed() {
					t.Fatalf("the bot ended by itself: %v", w.bot.ending())
				}
				lives++
			}
			w.must(w.restartServer(false))
			l.hold.Store(false)
			if tt.dies {
				w.must(w.bot.start())
			}
			w.must(w.quietBot())
			state, err := w.lookUp("SELECT state FROM posts WHERE event_id = ?", id)
			if err != nil || state != "sent" {
				t.Errorf("%s, %s: the bot does not know that %s is its post: state %q, %v", tt.name, post.name, id, state, err)
			}
		}
	}
	w.proxy.OnRequest(w.weather.decide)
	if w.bot.begun != lives {
		t.Errorf("the bot was started %d times, not %d", w.bot.begun, lives)
	}
	w.must(w.settle(time.Minute))
	w.must(w.bot.stop(20 * time.Second))
	if o := w.judge(); o.doubled > 0 {
		t.Errorf("%d posts were sent again, and taken down", o.doubled)
	}
}

// loss is an answer that reaches nobody.
type loss struct {
	answer chan []byte // what the server said
	hold   atomic.Bool // the bot's further attempts do not reach the server
}

// lose has the answer to the bot's next post in a room reach nobody, and holds back
// what it sends there after that.
func (w *world) lose(room meeting.RoomID, dies, deaf bool) *loss {
	l := &loss{answer: make(chan []byte, 1)}
	l.hold.Store(true)
	var first atomic.Bool
	first.Store(true)
	w.proxy.OnRequest(func(r *http.Request) homeserver.Fault {
		here := homeserver.IsSend(r) && strings.Contains(r.URL.Path, string(room))
		switch {
		case here && first.Swap(false):
			return homeserver.Fault{Cut: true, Rewrite: func(body []byte) []byte {
				if dies {
					w.bot.signal(syscall.SIGKILL)
				}
				l.answer <- body
				return body
			}}
		case here && l.hold.Load():
			return homeserver.Fault{Refuse: true}
		case homeserver.IsSync(r) && deaf:
			return homeserver.Fault{Rewrite: w.withoutBot}
		}
		return homeserver.Fault{}
	})
	return l
}

// lost waits until the server has taken the post and everybody can see it.
func (w *world) lost(n *network, l *loss) meeting.EventID {
	w.t.Helper()
	var said struct {
		ID meeting.EventID `json:"event_id"`
	}
	select {
	case answer := <-l.answer:
		if err := json.Unmarshal(answer, &said); err != nil || said.ID == "" {
			w.t.Fatalf("the server did not take the post: %s", answer)
		}
	case <-w.ctx.Done():
		w.t.Fatal("the bot sent nothing")
	}
	w.must(w.poll("the post "+string(said.ID), 200*time.Millisecond, func() (bool, error) {
		rooms, err := w.read(n.leader, n.room)
		return slices.ContainsFunc(rooms[n.room], func(e wire) bool { return e.ID == said.ID }), err
	}))
	return said.ID
}

// quietBot waits until the bot has nothing to handle and nothing to say.
func (w *world) quietBot() error {
	db, err := w.database()
	if err != nil {
		return err
	}
	defer db.Close()
	return w.poll("a bot that has said all", 100*time.Millisecond, func() (bool, error) {
		var busy int
		err := db.QueryRowContext(w.ctx, `SELECT (SELECT count(*) FROM posts WHERE state = 'pending')
			+ (SELECT count(*) FROM inbox WHERE state NOT IN ('done', 'dead'))`).Scan(&busy)
		return busy == 0, err
	})
}

// withoutBot takes out of a sync answer what the bot has written.
func (w *world) withoutBot(body []byte) []byte {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var answer map[string]any
	if err := decoder.Decode(&answer); err != nil {
		return body // an error of the server's
	}
	rooms, _ := answer["rooms"].(map[string]any)
	joined, _ := rooms["join"].(map[string]any)
	for _, room := range joined {
		timeline, _ := room.(map[string]any)["timeline"].(map[string]any)
		events, _ := timeline["events"].([]any)
		if timeline == nil {
			continue
		}
		timeline["events"] = slices.DeleteFunc(events, func(e any) bool {
			event, _ := e.(map[string]any)
			return event["sender"] == string(w.stage.Bot())
		})
	}
	out, err := json.Marshal(answer)
	if err != nil {
		w.t.Error(fmt.Errorf("write the sync answer: %w", err))
		return body
	}
	return out
}

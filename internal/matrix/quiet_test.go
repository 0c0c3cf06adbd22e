package matrix

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// TestQuietRoom: a room in which nothing was written for months is read back to
// what was written before them: when the next answer leaves events out, and when
// sync has passed over them during an outage.
func TestQuietRoom(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		name    string
		lost    int
		limited bool // the next answer is; otherwise there is an outage
	}{
		{"an answer leaves out few", 300, true},
		{"an answer leaves out more than a page", 2400, true},
		{"an outage, few passed over", 40, false},
		{"an outage, more passed over than it looks for at first", 300, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			c := w.open()
			w.begin(c)
			var away atomic.Bool
			w.server.setIntercept(func(rw http.ResponseWriter, _ *http.Request) bool {
				if away.Load() {
					rw.WriteHeader(http.StatusBadGateway)
				}
				return away.Load()
			})
			var d dag
			d.add(0, stateEvent("m.room.create", "", anna, object{"room_version": "10"}))
			write := func(prefix string, n int, pause time.Duration) (out []object) {
				for i := range n {
					ev := text(fmt.Sprintf("$%s%d", prefix, i), anna, fmt.Sprint(prefix, i))
					ev["origin_server_ts"] = w.clock.now().UnixMilli()
					d.add(len(d.events), ev)
					out = append(out, ev)
					w.clock.add(pause)
				}
				return out
			}
			w.server.push(timeline("5", room1, false, write("known", 5, time.Minute)...))
			w.until("what was written before", func() bool { return len(w.handler.bodies()) == 5 })
			want := names("known", 5)
			if tt.limited {
				want = append(append(want, names("lost", tt.lost)...), names("new", 3)...)
			} else { // the fake store puts what a check finds last
				w.until("the start", c.CaughtUp)
				away.Store(true)
				w.server.push(object{"next_batch": "6"})
				w.until("the outage", func() bool { return !c.CaughtUp() })
				want = append(append(want, names("new", 3)...), names("lost", tt.lost)...)
			}
			w.clock.add(200 * day)
			write("lost", tt.lost, 10*day/time.Duration(tt.lost)) // for ten days
			last := write("new", 3, time.Minute)
			w.server.mu.Lock()
			w.server.messages = d.messages
			w.server.mu.Unlock()
			away.Store(false)
			w.server.push(timeline(fmt.Sprint(1+5+tt.lost), room1, tt.limited, last...))
			w.until("everything", func() bool { w.clock.add(time.Second); return len(w.handler.bodies()) >= len(want) })
			diff(t, w.handler.bodies(), want)
			w.until("the end", func() bool {
				w.store.mu.Lock()
				defer w.store.mu.Unlock()
				return len(w.store.gaps) == 0 && len(w.store.checks) == 0
			})
			if w.store.lost != 0 {
				t.Errorf("%d gaps and checks are lost", w.store.lost)
			}
		})
	}
}

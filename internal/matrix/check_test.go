package matrix

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"blnbot/internal/meeting"
)

// relations answers /relations with pages of two events, newest first.
func relations(t *testing.T, events ...object) func(http.ResponseWriter, *http.Request) bool {
	return func(rw http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/relations/$root/m.thread") {
			return false
		}
		from, answer := 0, object{}
		if r.URL.Query().Get("from") != "" {
			from = 2
		} else if len(events) > 2 {
			answer["next_batch"] = "2"
		}
		answer["chunk"] = events[from:min(from+2, len(events))]
		if err := json.NewEncoder(rw).Encode(answer); err != nil {
			t.Error(err)
		}
		return true
	}
}

func TestCheckBringsWhatSyncDidNot(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	one, two, three := text("$1", anna, "ett"), text("$2", anna, "två"), text("$3", anna, "tre")
	w.server.setIntercept(relations(t, three, two, one))
	w.begin(c)
	w.server.push(timeline("1", room1, false, two))
	w.until("what sync brought", func() bool { return len(w.handler.bodies()) == 1 })
	w.store.mu.Lock()
	w.store.checks = []meeting.Check{{ID: 1, Room: room1, Root: "$root", Since: w.clock.now()}}
	w.store.mu.Unlock()
	c.Wake()
	w.until("what it did not bring", func() bool { return len(w.handler.bodies()) == 3 })
	diff(t, w.handler.bodies(), []string{"två", "ett", "tre"})
	if len(w.store.checks) != 0 || w.store.lost != 0 {
		t.Error("the check was not finished")
	}
}

// TestCheckOfRoom: what is in no thread and was passed over by sync is found
// too, but nothing from before the meeting.
func TestCheckOfRoom(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	before, root, one, two := text("$0", anna, "före"), text("$root", botUser, "Frågan."), text("$1", anna, "ett"), text("$2", anna, "två")
	var d dag
	for i, ev := range []object{before, root, one, two} {
		ev["origin_server_ts"] = w.clock.now().UnixMilli()
		d.add(i, ev)
	}
	w.server.messages = d.messages
	w.begin(c)
	w.server.push(timeline("1", room1, false, root, two))
	w.until("what sync brought", func() bool { return len(w.handler.bodies()) == 1 })
	w.store.mu.Lock()
	w.store.checks = []meeting.Check{{ID: 1, Room: room1, Root: "$root", Whole: true, Since: w.clock.now()}}
	w.store.mu.Unlock()
	c.Wake()
	w.until("what it did not bring", func() bool { return len(w.handler.bodies()) == 2 })
	w.until("the end", func() bool { w.store.mu.Lock(); defer w.store.mu.Unlock(); return len(w.store.checks) == 0 })
	diff(t, w.handler.bodies(), []string{"två", "ett"})
}

// TestCheckWhileClockIsSet: a clock that is set forward does not make a check
// that failed once one that has failed for long.
func TestCheckWhileClockIsSet(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	answer := relations(t, text("$1", anna, "ett"))
	asked := 0
	w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/relations/") {
			return false
		}
		asked++
		if asked > 1 {
			return answer(rw, r)
		}
		w.clock.add(5 * time.Hour)
		fail(rw, 502, "M_UNKNOWN", nil)
		return true
	})
	w.begin(c)
	w.store.mu.Lock()
	w.store.checks = []meeting.Check{{ID: 1, Room: room1, Root: "$root", Since: w.clock.now()}}
	w.store.mu.Unlock()
	c.Wake()
	w.until("what it brings", func() bool { w.clock.add(time.Second); return len(w.handler.bodies()) == 1 })
	if w.store.lost != 0 {
		t.Error("the check counts as lost")
	}
}

func TestCheckThatIsRefusedIsLost(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/relations/") {
			return false
		}
		fail(rw, 403, "M_FORBIDDEN", nil)
		return true
	})
	w.begin(c)
	w.store.mu.Lock()
	w.store.checks = []meeting.Check{{ID: 1, Room: room1, Root: "$root", Since: w.clock.now()}}
	w.store.mu.Unlock()
	c.Wake()
	w.until("the loss", func() bool { w.store.mu.Lock(); defer w.store.mu.Unlock(); return w.store.lost == 1 })
}

// TestCheckWithoutItsRoot: where the server does not show the question from which on
// a meeting's room is to be compared, the room counts as not compared, and nothing
// from before the meeting is taken in. Without a meeting nobody is told that it was.
func TestCheckWithoutItsRoot(t *testing.T) {
	for name, tt := range map[string]struct {
		meeting int64
		lost    int
	}{"meeting": {1, 1}, "after an outage": {0, 0}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.open()
			before, one := text("$0", anna, "före"), text("$1", anna, "ett")
			var d dag
			for i, ev := range []object{before, one} {
				ev["origin_server_ts"] = w.clock.now().UnixMilli()
				d.add(i, ev)
			}
			w.server.messages = d.messages
			w.begin(c)
			w.server.push(timeline("1", room1, false, one))
			w.until("what sync brought", func() bool { return len(w.handler.bodies()) == 1 })
			w.store.mu.Lock()
			w.store.checks = []meeting.Check{{ID: 1, Meeting: tt.meeting, Room: room1, Root: "$root", Whole: true, Since: w.clock.now()}}
			w.store.mu.Unlock()
			c.Wake()
			w.until("the end", func() bool { w.store.mu.Lock(); defer w.store.mu.Unlock(); return len(w.store.checks) == 0 })
			diff(t, w.handler.bodies(), []string{"ett"})
			if w.store.lost != tt.lost {
				t.Errorf("%d checks are lost, want %d", w.store.lost, tt.lost)
			}
		})
	}
}

// TestCheckFromAnOlderEvent: a server that does not show the root shows one from before
// it. What is known from after that is not handled twice, and nothing older is taken in.
func TestCheckFromAnOlderEvent(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	events := []object{text("$0", anna, "före"), text("$1", anna, "ett"), text("$2", anna, "två"), text("$3", anna, "tre")}
	var d dag
	for i, ev := range events {
		ev["origin_server_ts"] = w.clock.now().UnixMilli()
		d.add(i, ev)
	}
	w.server.messages = d.messages
	w.begin(c)
	w.server.push(timeline("1", room1, false, events[1], events[3]))
	w.until("what sync brought", func() bool { return len(w.handler.bodies()) == 2 })
	w.store.mu.Lock()
	w.store.checks = []meeting.Check{{ID: 1, Room: room1, Root: "$lost", Older: []meeting.EventID{"$gone", "$1"}, Whole: true, Since: w.clock.now()}}
	w.store.mu.Unlock()
	c.Wake()
	w.until("the end", func() bool { w.store.mu.Lock(); defer w.store.mu.Unlock(); return len(w.store.checks) == 0 })
	w.until("what sync did not bring", func() bool { return len(w.handler.bodies()) == 3 })
	diff(t, w.handler.bodies(), []string{"ett", "tre", "två"})
}

// TestCheckOfEndlessThread: a thread whose pages never end has not been compared.
func TestCheckOfEndlessThread(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	pages := 0
	w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/relations/") {
			return false
		}
		pages++
		if err := json.NewEncoder(rw).Encode(object{"next_batch": strconv.Itoa(pages), "chunk": []object{text("$1", anna, "ett")}}); err != nil {
			t.Error(err)
		}
		return true
	})
	w.begin(c)
	w.store.mu.Lock()
	w.store.checks = []meeting.Check{{ID: 1, Meeting: 1, Room: room1, Root: "$root", Since: w.clock.now()}}
	w.store.mu.Unlock()
	c.Wake()
	w.until("the loss", func() bool { w.store.mu.Lock(); defer w.store.mu.Unlock(); return w.store.lost == 1 })
}

// TestCheckThatIsRefusedOnce: failures and looks do not count as refusals.
func TestCheckThatIsRefusedOnce(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	answer := relations(t, text("$1", anna, "ett"))
	asked := 0
	w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/relations/") {
			return false
		}
		asked++
		if asked > checkRefusals+1 {
			return answer(rw, r)
		}
		if asked <= checkRefusals {
			fail(rw, 502, "M_UNKNOWN", nil)
		} else {
			fail(rw, 403, "M_FORBIDDEN", nil)
		}
		return true
	})
	w.begin(c)
	w.store.mu.Lock()
	w.store.checks = []meeting.Check{{ID: 1, Room: room1, Root: "$root", Since: w.clock.now()}}
	w.store.mu.Unlock()
	c.Wake()
	w.until("the end", func() bool { w.store.mu.Lock(); defer w.store.mu.Unlock(); return len(w.store.checks) == 0 })
	if w.store.lost != 0 {
		t.Error("the check counts as lost")
	}
}

package matrix

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"blnbot/internal/meeting"
)

// TestKeysAreGivenAgain: a key that the server has lost because it was stopped right
// after it had taken it reaches its devices when the server is back, and then they
// can read what was written with it.
func TestKeysAreGivenAgain(t *testing.T) {
	const lena = "@lena:x"
	w := newWorld(t)
	w.setRoom(room1, megolm(), member(lena, "join"))
	phone, other := w.peer(anna, "PHONE"), w.peer(lena, "LAPTOP")
	c := w.open()
	w.begin(c)
	w.until("the start", c.CaughtUp)
	outage := func() {
		t.Helper()
		var down atomic.Bool
		down.Store(true)
		w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
			if down.Load() {
				fail(rw, http.StatusBadGateway, "M_UNKNOWN", nil)
				return true
			}
			return false
		})
		w.server.push(object{"next_batch": "s1"}) // ends the request that waits
		w.until("the outage", func() bool { return !c.answering.Load() })
		down.Store(false)
		w.server.push(object{"next_batch": "s2"})
		w.until("its end", func() bool { return c.answering.Load() })
	}
	if _, err := c.Send(t.Context(), post("opening", "**"+secretText+"**")); err != nil {
		t.Fatal(err)
	}
	if len(w.server.takeToDevice(anna, "PHONE")) != 1 || len(w.server.takeToDevice(lena, "LAPTOP")) != 1 {
		t.Fatal("the key was not given")
	}
	w.clock.add(doubtful - time.Second)
	outage()
	w.until("the keys", func() bool {
		w.server.mu.Lock()
		defer w.server.mu.Unlock()
		return len(w.server.toDevice[account{anna, "PHONE"}]) == 1 && len(w.server.toDevice[account{lena, "LAPTOP"}]) == 1
	})
	for _, p := range []*peer{phone, other} {
		_, body := w.read(p, w.server.sentEvents(room1)[0])
		if text, _ := body["body"].(string); !strings.Contains(text, secretText) {
			t.Errorf("%s reads %v", p.UserID, body)
		}
	}
	w.noPlainText()
}

// TestKeysAreGivenAgainByTheNextProcess: the same if the bot ended at the same time as
// the server, for keys that could still be lost then; others are forgotten.
func TestKeysAreGivenAgainByTheNextProcess(t *testing.T) {
	w := newWorld(t)
	w.setRoom(room1, megolm())
	w.setRoom(room2, megolm())
	phone := w.peer(anna, "PHONE")
	c := w.open()
	stop := w.begin(c)
	w.until("the start", c.CaughtUp)
	for _, room := range []string{room2, room1} {
		p := post("opening-"+room, "**"+secretText+"**")
		p.Room = meeting.RoomID(room)
		if _, err := c.Send(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if len(w.server.takeToDevice(anna, "PHONE")) != 1 {
			t.Fatal("the key was not given")
		}
		w.clock.add(doubtful + time.Second)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	var kept int
	if err := w.db.QueryRowContext(t.Context(), "SELECT count(*) FROM blnbot_handouts").Scan(&kept); err != nil {
		t.Fatal(err)
	}
	if kept != 1 {
		t.Errorf("%d keys are kept", kept)
	}
	w.begin(w.open())
	w.until("the key", func() bool {
		w.server.mu.Lock()
		defer w.server.mu.Unlock()
		return len(w.server.toDevice[account{anna, "PHONE"}]) > 0
	})
	_, body := w.read(phone, w.server.sentEvents(room1)[0])
	if text, _ := body["body"].(string); !strings.Contains(text, secretText) {
		t.Errorf("%v", body)
	}
	w.noPlainText()
}

// TestHandouts: only the newest keys are doubtful after an outage, and those that
// could not be given again stay so.
func TestHandouts(t *testing.T) {
	start := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	var h handouts
	taken := func() (seconds []int) {
		for _, one := range h.take() {
			seconds = append(seconds, int(one.at.Sub(start).Seconds()))
		}
		return seconds
	}
	var over []int
	note := func(seconds int) {
		t.Helper()
		gone, again := h.note(handout{at: at(seconds), outages: h.begin()})
		for _, one := range gone {
			over = append(over, int(one.at.Sub(start).Seconds()))
		}
		if again {
			t.Errorf("there was an outage while the key of second %d was given", seconds)
		}
	}
	for _, s := range []int{0, 4, 8, 9} {
		note(s)
	}
	diff(t, over, []int{0})
	h.doubt(at(10))
	h.doubt(at(11)) // the server does not answer still
	diff(t, taken(), []int{8, 9})
	note(20)
	h.doubt(at(20))
	left := h.take()
	note(30)
	h.doubt(at(31))
	h.keep(left)
	diff(t, taken(), []int{20, 30})
	note(40)
	h.doubt(at(46))
	if again := taken(); len(again) != 0 {
		t.Errorf("given again: %v", again)
	}
	h.given(handout{at: at(30)}, at(50))
	began := h.begin()
	h.doubt(at(52))
	if _, again := h.note(handout{at: at(53), outages: began}); !again {
		t.Error("the outage while the key was given is not seen")
	}
	diff(t, taken(), []int{50, 53})
}

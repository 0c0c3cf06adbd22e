package matrix

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"blnbot/internal/meeting"
)

// dag is a room as Dendrite keeps it: /messages goes by depth, and a page's
// token skips the rest of the depth that the page ends in.
type dag struct {
	events []object // by arrival
	depth  map[string]int
}

func (d *dag) add(depth int, ev object) {
	if d.depth == nil {
		d.depth = map[string]int{}
	}
	d.events = append(d.events, ev)
	d.depth[ev["event_id"].(string)] = depth
}

func (d *dag) messages(_, from string, size int) ([]object, string) {
	below := 1 << 30
	if from != "" {
		below, _ = strconv.Atoi(strings.TrimPrefix(from, "prev-"))
	}
	all := slices.Clone(d.events)
	slices.Reverse(all)
	slices.SortStableFunc(all, func(a, b object) int {
		return cmp.Compare(d.depth[b["event_id"].(string)], d.depth[a["event_id"].(string)])
	})
	all = slices.DeleteFunc(all, func(e object) bool { return d.depth[e["event_id"].(string)] >= below })
	if len(all) == 0 {
		return nil, ""
	}
	page := all[:min(size, len(all))]
	return page, strconv.Itoa(d.depth[page[len(page)-1]["event_id"].(string)])
}

func TestGapIsFilledWithEverything(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.begin(c)
	<-c.Ready()

	var d dag
	var want []string
	say := func(depth int, name string) object {
		ev := text("$"+name, anna, name)
		ev["origin_server_ts"] = w.clock.now().UnixMilli()
		d.add(depth, ev)
		return ev
	}
	// What is known already.
	var known []object
	for i := range 20 {
		known = append(known, say(i, fmt.Sprintf("known%d", i)))
	}
	w.server.push(timeline("s1", room1, false, known...))
	// Many write at the same moment: 4,500 events, three of each depth.
	for i := range 4500 {
		name := fmt.Sprintf("lost%d", i)
		say(20+i/3, name)
		want = append(want, name)
	}
	// One came before the answer's first event, but is deeper than it.
	say(2005, "deep")
	want = append(want, "deep")
	var last []object
	for i := range 30 {
		last = append(last, say(2000+i, fmt.Sprintf("new%d", i)))
	}
	w.server.mu.Lock()
	w.server.messages = d.messages
	w.server.mu.Unlock()
	w.server.push(timeline("2000", room1, true, last...))
	w.until("everything", func() bool { return len(w.handler.bodies()) == 20+4500+1+30 })
	got := w.handler.bodies()
	var lost []string
	for _, name := range want {
		if !slices.Contains(got, name) {
			lost = append(lost, name)
		}
	}
	if len(lost) > 0 {
		t.Errorf("lost %d: %v", len(lost), lost)
	}
	if !slices.Equal(got[len(got)-30:], names("new", 30)) {
		t.Errorf("what came after the gap is not last: %v", got[len(got)-31:])
	}
}

// TestSmallRoomIsReadOnce: a page that reaches from the newest event to the
// room's creation is everything.
func TestSmallRoomIsReadOnce(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.begin(c)
	<-c.Ready()
	var d dag
	d.add(0, stateEvent("m.room.create", "", anna, object{"room_version": "10"}))
	for i := range 1500 {
		ev := text(fmt.Sprintf("$%d", i), anna, fmt.Sprint("new", i))
		ev["origin_server_ts"] = w.clock.now().UnixMilli()
		d.add(1+i/3, ev)
	}
	w.server.mu.Lock()
	w.server.messages = d.messages
	w.server.mu.Unlock()
	w.server.push(timeline("400", room1, true, d.events[len(d.events)-1]))
	w.until("everything", func() bool { return len(w.handler.bodies()) == 1500 })
	diff(t, w.handler.bodies(), names("new", 1500))
	if n := w.server.count("GET rooms/" + room1 + "/messages"); n != 1 {
		t.Errorf("the room was read in %d requests", n)
	}
}

func names(prefix string, n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprint(prefix, i))
	}
	return out
}

func TestGapEndsWhereTheBotCame(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.begin(c)
	var d dag
	add := func(ev object) {
		ev["origin_server_ts"] = w.clock.now().UnixMilli()
		d.add(len(d.events), ev)
	}
	for i := range 3 {
		add(text(fmt.Sprintf("$h%d", i), anna, "historia"))
	}
	add(member(botUser, "join"))
	renamed := member(botUser, "join")
	renamed["event_id"] = "$renamed"
	renamed["unsigned"] = object{"prev_content": object{"membership": "join"}}
	add(text("$1", anna, "ett"))
	add(renamed)
	add(text("$2", anna, "två"))
	add(text("$3", anna, "tre"))
	w.server.mu.Lock()
	w.server.messages = d.messages
	w.server.mu.Unlock()
	w.server.push(timeline("7", room1, true, d.events[len(d.events)-1]))
	w.until("three messages", func() bool { return len(w.handler.bodies()) == 3 })
	diff(t, w.handler.bodies(), []string{"ett", "två", "tre"})
}

func TestGapDoesNotReachBeforeTheBeginning(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.begin(c) // the bot is in the room since long ago
	var d dag
	old := w.clock.now().Add(-time.Hour)
	for i := range 700 {
		ev := text(fmt.Sprintf("$h%d", i), anna, "!nästa")
		ev["origin_server_ts"] = old.UnixMilli()
		d.add(i, ev)
	}
	for i, body := range []string{"ett", "två", "tre"} {
		ev := text("$"+body, anna, body)
		ev["origin_server_ts"] = w.clock.now().UnixMilli()
		d.add(700+i, ev)
	}
	w.server.mu.Lock()
	w.server.messages = d.messages
	w.server.mu.Unlock()
	w.server.push(timeline("702", room1, true, d.events[702]))
	w.until("three messages", func() bool { return len(w.handler.bodies()) == 3 })
	diff(t, w.handler.bodies(), []string{"ett", "två", "tre"})
}

// TestGapsOfSeveralRooms: rooms do not wait for each other. The server answers
// nobody before it has been asked about both.
func TestGapsOfSeveralRooms(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.begin(c)
	ones, others := text("$1", anna, "ett"), text("$2", anna, "två")
	for _, ev := range []object{ones, others} {
		ev["origin_server_ts"] = w.clock.now().UnixMilli()
	}
	var once [2]sync.Once
	var asked [2]chan struct{}
	asked[0], asked[1] = make(chan struct{}), make(chan struct{})
	w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/messages") {
			return false
		}
		here, lost := 0, text("$lost1", anna, "borta ett")
		if strings.Contains(r.URL.Path, room2) {
			here, lost = 1, text("$lost2", anna, "borta två")
		}
		lost["origin_server_ts"] = w.clock.now().UnixMilli()
		once[here].Do(func() { close(asked[here]) })
		select {
		case <-asked[1-here]:
		case <-r.Context().Done():
		}
		if err := json.NewEncoder(rw).Encode(object{"chunk": []object{[]object{ones, others}[here], lost}}); err != nil {
			t.Error(err)
		}
		return true
	})
	both := timeline("1", room1, true, ones)
	both["rooms"].(object)["join"].(object)[room2] = object{"timeline": object{"events": []object{others}, "limited": true, "prev_batch": "p"}}
	w.server.push(both)
	w.until("all of both", func() bool { return len(w.handler.bodies()) == 4 })
}

func TestGapFailures(t *testing.T) {
	t.Run("for a while", func(t *testing.T) {
		w := newWorld(t)
		c := w.open()
		var d dag
		for i, body := range []string{"ett", "två"} {
			ev := text("$"+body, anna, body)
			ev["origin_server_ts"] = w.clock.now().UnixMilli()
			d.add(i, ev)
		}
		w.server.messages = d.messages
		n := 0
		w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/messages") {
				return false
			}
			n++
			switch n {
			case 1:
				fail(rw, 429, "M_LIMIT_EXCEEDED", object{"retry_after_ms": 1})
			case 2:
				fail(rw, 500, "M_UNKNOWN", nil)
			default:
				return false
			}
			return true
		})
		w.begin(c)
		w.server.push(timeline("1", room1, true, d.events[1]))
		w.until("both", func() bool { w.clock.add(time.Second); return len(w.handler.bodies()) == 2 })
		diff(t, w.handler.bodies(), []string{"ett", "två"})
	})
	t.Run("and one refusal", func(t *testing.T) {
		w := newWorld(t)
		c := w.open()
		var d dag
		for i, body := range []string{"ett", "två"} {
			ev := text("$"+body, anna, body)
			ev["origin_server_ts"] = w.clock.now().UnixMilli()
			d.add(i, ev)
		}
		w.server.messages = d.messages
		asked := 0
		w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/messages") {
				return false
			}
			asked++
			if asked <= gapRefusals {
				fail(rw, 502, "M_UNKNOWN", nil)
			} else if asked == gapRefusals+1 {
				fail(rw, 403, "M_FORBIDDEN", nil)
			}
			return asked <= gapRefusals+1
		})
		w.begin(c)
		w.server.push(timeline("1", room1, true, d.events[1]))
		w.until("both", func() bool { w.clock.add(time.Second); return len(w.handler.bodies()) == 2 })
		if w.store.lost != 0 {
			t.Error("the gap counts as lost")
		}
	})
	t.Run("while the clock is set forward", func(t *testing.T) {
		w := newWorld(t)
		c := w.open()
		var d dag
		for i, body := range []string{"ett", "två"} {
			ev := text("$"+body, anna, body)
			ev["origin_server_ts"] = w.clock.now().UnixMilli()
			d.add(i, ev)
		}
		w.server.messages = d.messages
		asked := 0
		w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/messages") {
				return false
			}
			asked++
			if asked > 2 {
				return false
			}
			w.clock.add(50 * time.Hour)
			fail(rw, 502, "M_UNKNOWN", nil)
			return true
		})
		w.begin(c)
		w.server.push(timeline("1", room1, true, d.events[1]))
		w.until("both", func() bool { w.clock.add(time.Second); return len(w.handler.bodies()) == 2 })
		if w.store.lost != 0 {
			t.Error("the gap counts as lost")
		}
	})
	t.Run("while logged out", func(t *testing.T) {
		w := newWorld(t)
		c := w.open()
		var d dag
		for i, body := range []string{"ett", "två"} {
			ev := text("$"+body, anna, body)
			ev["origin_server_ts"] = w.clock.now().UnixMilli()
			d.add(i, ev)
		}
		w.server.messages = d.messages
		asked := 0
		w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/messages") {
				return false
			}
			asked++
			if asked > gapRefusals {
				return false
			}
			fail(rw, 401, "M_UNKNOWN_TOKEN", nil)
			return true
		})
		w.begin(c)
		w.server.push(timeline("1", room1, true, d.events[1]))
		w.until("both", func() bool { w.clock.add(time.Second); return len(w.handler.bodies()) == 2 })
		if w.store.lost != 0 {
			t.Error("the gap counts as lost")
		}
	})
	t.Run("for ever", func(t *testing.T) {
		w := newWorld(t)
		c := w.open()
		w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/messages") {
				return false
			}
			fail(rw, 403, "M_FORBIDDEN", nil)
			return true
		})
		w.begin(c)
		w.server.push(timeline("1", room1, true, text("$1", anna, "ett")))
		w.until("what came after", func() bool { w.clock.add(time.Minute); return len(w.handler.bodies()) == 1 })
		if w.store.lost != 1 {
			t.Error("the gap was not reported")
		}
	})
}

// TestServerAwayLosesNothing: while the server does not answer at all, neither
// attempts nor time count against what is to be fetched from it.
func TestServerAwayLosesNothing(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.begin(c)
	<-c.Ready()
	var d dag
	for i, body := range []string{"ett", "två"} {
		ev := text("$"+body, anna, body)
		ev["origin_server_ts"] = w.clock.now().UnixMilli()
		d.add(i, ev)
	}
	var away atomic.Bool
	var refused atomic.Int64
	w.server.mu.Lock()
	w.server.messages = d.messages
	w.server.events = map[string]object{"$again": text("$again", anna, "igen")}
	w.server.mu.Unlock()
	w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if away.Load() {
			refused.Add(1)
			rw.WriteHeader(http.StatusBadGateway)
		}
		return away.Load()
	})
	w.store.mu.Lock()
	w.store.rows["$again"] = &fakeRow{InboxRow: meeting.InboxRow{RawEvent: meeting.RawEvent{ID: "$again", Room: "!other:x"}, State: meeting.InboxFetch},
		next: w.clock.now().Add(time.Hour)}
	w.store.checks = []meeting.Check{{ID: 1, Room: room1, Root: "$root", Since: w.clock.now()}}
	w.handler.welcome = true
	w.store.mu.Unlock()
	away.Store(true)
	w.server.push(timeline("1", room1, true, d.events[1]))
	w.until("the outage", func() bool { return !c.CaughtUp() })
	w.store.mu.Lock()
	w.store.invites["!new:x"] = meeting.Invite{Room: "!new:x", Inviter: anna, At: w.clock.now()}
	w.store.mu.Unlock()
	for range 30 {
		before := refused.Load()
		w.clock.add(2 * time.Hour) // a weekend and a half
		w.until("an attempt", func() bool { return refused.Load() > before })
	}
	away.Store(false)
	w.server.push(object{"next_batch": "2"})
	w.until("everything", func() bool { w.clock.add(time.Second); return len(w.handler.bodies()) == 3 })
	w.until("the end of it", c.CaughtUp)
	w.until("the room", func() bool {
		w.server.mu.Lock()
		defer w.server.mu.Unlock()
		return slices.Contains(w.server.joined, "!new:x")
	})
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	if w.store.lost != 0 {
		t.Errorf("lost %d", w.store.lost)
	}
	if ev := w.store.rows["$again"]; ev.Attempts > 3 {
		t.Errorf("%d attempts were counted", ev.Attempts)
	}
}

func TestVisible(t *testing.T) {
	self := func(ev, now, before string) object {
		e := member(botUser, now)
		e["event_id"] = ev
		if before != "" {
			e["unsigned"] = object{"prev_content": object{"membership": before}}
		}
		return e
	}
	alone := self("$i", "invite", "")
	alone["content"].(object)["is_direct"] = true
	tests := []struct {
		name   string
		events []object
		want   []string
		before bool
	}{
		{"was written to with the invitation", []object{text("$0", anna, ""), alone, text("$01", anna, ""), self("$j", "join", "invite"), text("$1", anna, "")},
			[]string{"$i", "$01", "$j", "$1"}, false},
		{"always there", []object{text("$1", anna, "")}, []string{"$1"}, true},
		{"came", []object{text("$0", anna, ""), member(anna, "join"), self("$j", "join", ""), text("$1", anna, "")},
			[]string{"$m.room.member/@anna:x", "$j", "$1"}, false},
		{"was invited and came", []object{text("$0", anna, ""), self("$i", "invite", ""), text("$01", anna, ""), self("$j", "join", "invite"), text("$1", anna, "")},
			[]string{"$i", "$j", "$1"}, false},
		{"new name", []object{text("$0", anna, ""), self("$n", "join", "join"), text("$1", anna, "")}, []string{"$0", "$n", "$1"}, true},
		{"went", []object{text("$0", anna, ""), self("$l", "leave", "join"), text("$1", anna, "")}, []string{"$0", "$l"}, true},
		{"went without word of before", []object{text("$0", anna, ""), self("$l", "ban", "")}, []string{"$0", "$l"}, true},
		{"went and came", []object{text("$0", anna, ""), self("$l", "leave", "join"), text("$x", anna, ""), self("$j", "join", "leave"), text("$1", anna, "")},
			[]string{"$0", "$l", "$j", "$1"}, true},
		{"declined", []object{self("$l", "leave", "invite")}, []string{"$l"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, before := visible(parseObjects(t, tt.events), botUser, true)
			var ids []string
			for _, p := range got {
				ids = append(ids, p.ev.ID)
			}
			diff(t, ids, tt.want)
			if before != tt.before {
				t.Errorf("there before: %v", before)
			}
		})
	}
}

func TestJoinReadings(t *testing.T) {
	// Capitals were sent in the order of the alphabet, small letters all at once.
	read := func(s string) []object {
		var out []object
		for _, r := range s {
			ev := text("$"+string(r), anna, "")
			ev["origin_server_ts"] = 1_000_000
			if unicode.IsUpper(r) {
				ev["origin_server_ts"] = 1_000_000 + 1000*int64(r-'A'+1)
			}
			out = append(out, ev)
		}
		return out
	}
	for _, tt := range [][3]string{
		{"abc", "abc", "abc"}, {"ac", "abc", "abc"}, {"bc", "abc", "abc"}, {"ab", "abc", "abc"},
		{"", "ab", "ab"}, {"ab", "", "ab"}, {"bd", "abcde", "abcde"}, {"ab", "xy", "xyab"},
		{"ABDE", "ACDE", "ABCDE"}, {"ABDE", "CF", "ABCDEF"}, {"BDE", "ADCE", "ABDCE"},
	} {
		got := ""
		for _, p := range join(parseObjects(t, read(tt[0])), parseObjects(t, read(tt[1]))) {
			got += strings.TrimPrefix(p.ev.ID, "$")
		}
		if got != tt[2] {
			t.Errorf("join(%s, %s) = %s, want %s", tt[0], tt[1], got, tt[2])
		}
	}
}

//go:build faults

package faults_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"blnbot/internal/homeserver"
)

// What can happen to requests beside the mishaps.
const (
	replayed = "sync answer once more"
	thinned  = "timeline of few events"
	inBurst  = "in a burst"
	struck   = "killed while the server acted"
)

// mishap is what can happen to any request.
type mishap struct {
	name  string
	fault homeserver.Fault
}

// mishaps lists them all, those more often that are to come more often.
func mishaps(wait time.Duration, cutAfter int) []mishap {
	page := []byte("<html><body>Bad gateway</body></html>")
	return []mishap{
		{"slow", homeserver.Fault{Delay: wait}},
		{"slow", homeserver.Fault{Delay: 3 * wait}},
		{"refused", homeserver.Fault{Refuse: true}},
		{"429, header", homeserver.Fault{Status: 429, RetryHeader: time.Second}},
		{"429, body", homeserver.Fault{Status: 429, RetryBody: wait}},
		{"500", homeserver.Fault{Status: 500}},
		{"502, a page", homeserver.Fault{Status: 502, Body: page}},
		{"503", homeserver.Fault{Status: 503}},
		{"504, slow", homeserver.Fault{Delay: wait, Status: 504}},
		{"cut after the server acted", homeserver.Fault{Cut: true}},
		{"cut after the server acted", homeserver.Fault{Cut: true}},
		{"cut in the answer", homeserver.Fault{Cut: true, CutAfter: cutAfter}},
		{"slow, then cut", homeserver.Fault{Delay: wait, Cut: true}},
	}
}

// weather decides what happens to the bot's requests.
type weather struct {
	kill func() // kills the bot without waiting for it
	rng  func(name string) *rand.Rand

	mu     sync.Mutex
	lanes  map[string]*lane
	storm  bool
	burst  homeserver.Fault // hits every request
	until  time.Time        // until then
	deadly func(*http.Request) bool
	counts map[string]int
	broken error // what kept a fault from being brought about
}

func newWeather(rng func(name string) *rand.Rand, kill func()) *weather {
	return &weather{kill: kill, rng: rng, lanes: map[string]*lane{}, counts: map[string]int{}}
}

// set turns the storm on or off.
func (w *weather) set(storm bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.storm, w.until, w.deadly = storm, time.Time{}, nil
}

// strike has the bot die in the next request for which match holds: the server
// handles the request, and the answer reaches nobody.
func (w *weather) strike(match func(*http.Request) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deadly = match
}

// decide is the hook of the proxy.
func (w *weather) decide(r *http.Request) homeserver.Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.deadly != nil && w.deadly(r) {
		w.deadly = nil
		w.counts[struck]++
		return homeserver.Fault{Cut: true, Rewrite: func(b []byte) []byte {
			w.kill()
			return b
		}}
	}
	if !w.storm {
		return homeserver.Fault{}
	}
	l := w.lane(r).next()
	if time.Now().Before(w.until) {
		w.counts[inBurst]++
		return w.burst
	}
	if l.burst > 0 {
		w.burst, w.until = l.fault, time.Now().Add(l.burst)
	}
	if l.limit > 0 && r.URL.Query().Get("since") != "" {
		if err := shorten(r.URL, l.limit); err != nil {
			w.broken = err
		} else {
			w.counts[thinned]++
		}
	}
	if l.name != "" {
		w.counts[l.name]++
	}
	return l.fault
}

// lane is where requests of one kind go. What the n-th of them meets follows from
// the seed.
type lane struct {
	rng     *rand.Rand
	mishaps deck
	sync    bool
}

func (w *weather) lane(r *http.Request) *lane {
	kind := "another request"
	switch {
	case homeserver.IsSync(r):
		kind = "a sync"
	case homeserver.IsSend(r):
		kind = "a post"
	}
	l := w.lanes[kind]
	if l == nil {
		l = &lane{rng: w.rng("weather/" + kind), sync: homeserver.IsSync(r),
			mishaps: deck{rng: w.rng("mishaps/" + kind), n: len(mishaps(0, 0))}}
		w.lanes[kind] = l
	}
	return l
}

// lot is what a request meets.
type lot struct {
	mishap               // zero for none
	burst  time.Duration // for how long the mishap hits all requests; 0 for this one alone
	limit  int           // how many events of each room a sync may bring; 0 for what it asks for
}

func (l *lane) next() lot {
	var out lot
	switch n := l.rng.IntN(100); {
	case l.sync && n < 8:
		return lot{mishap: mishap{replayed, homeserver.Fault{Replay: true}}}
	case l.sync && n < 40:
		out.limit = 1 + l.rng.IntN(8)
	}
	n := l.rng.IntN(1000)
	if n >= 54 {
		return out
	}
	if n < 4 {
		out.burst = time.Duration(200+l.rng.IntN(1800)) * time.Millisecond
	}
	wait, cutAfter := time.Duration(50+l.rng.IntN(700))*time.Millisecond, 1+l.rng.IntN(400)
	out.mishap = mishaps(wait, cutAfter)[l.mishaps.deal()]
	return out
}

// shorten has a sync ask for fewer events of each room, so that its timelines
// are limited as after a long absence.
func shorten(u *url.URL, limit int) error {
	query := u.Query()
	var filter map[string]any
	if err := json.Unmarshal([]byte(query.Get("filter")), &filter); err != nil {
		return fmt.Errorf("the bot's sync has the filter %q: %w", query.Get("filter"), err)
	}
	room, _ := filter["room"].(map[string]any)
	timeline, _ := room["timeline"].(map[string]any)
	if timeline == nil {
		return fmt.Errorf("the filter of the bot's sync says nothing of timelines: %q", query.Get("filter"))
	}
	timeline["limit"] = limit
	text, err := json.Marshal(filter)
	if err != nil {
		return err
	}
	query.Set("filter", string(text))
	u.RawQuery = query.Encode()
	return nil
}

// missing lists what can happen to requests and has not happened.
func (w *weather) missing() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	kinds := map[string]bool{replayed: true, thinned: true, inBurst: true, struck: true}
	for _, m := range mishaps(0, 0) {
		kinds[m.name] = true
	}
	var out []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		if w.counts[kind] == 0 {
			out = append(out, kind)
		}
	}
	return out
}

func (w *weather) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return figures(w.counts)
}

// figures lists counts in the order of their names.
func figures(counts map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(parts, ", ")
}

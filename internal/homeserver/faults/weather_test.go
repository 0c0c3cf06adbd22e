//go:build faults

package faults_test

import (
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

// weather decides what happens to the bot's requests.
type weather struct {
	kill func() // kills the bot without waiting for it

	mu     sync.Mutex
	rng    *rand.Rand
	storm  bool
	burst  homeserver.Fault // hits every request
	until  time.Time        // until then
	deadly func(*http.Request) bool
	counts map[string]int
}

func newWeather(seed uint64, kill func()) *weather {
	return &weather{kill: kill, rng: rand.New(rand.NewPCG(seed, 0xbad)), counts: map[string]int{}}
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

// roll returns a number below n.
func (w *weather) roll(n int) int { return w.rng.IntN(n) }

// decide is the hook of the proxy.
func (w *weather) decide(r *http.Request) homeserver.Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.deadly != nil && w.deadly(r) {
		w.deadly = nil
		w.counts["killed while the server acted"]++
		return homeserver.Fault{Cut: true, Rewrite: func(b []byte) []byte {
			w.kill()
			return b
		}}
	}
	if !w.storm {
		return homeserver.Fault{}
	}
	if time.Now().Before(w.until) {
		w.counts["in a burst"]++
		return w.burst
	}
	if w.roll(250) == 0 {
		w.burst, w.until = w.fault(), time.Now().Add(time.Duration(200+w.roll(1800))*time.Millisecond)
	}
	if homeserver.IsSync(r) {
		if fault, done := w.sync(r); done {
			return fault
		}
	}
	if w.roll(100) < 5 {
		return w.fault()
	}
	return homeserver.Fault{}
}

// sync does what can happen to a sync only.
func (w *weather) sync(r *http.Request) (homeserver.Fault, bool) {
	switch n := w.roll(100); {
	case n < 8:
		w.counts["sync answer once more"]++
		return homeserver.Fault{Replay: true}, true
	case n < 40 && r.URL.Query().Get("since") != "":
		if shorten(r.URL, 1+w.roll(8)) {
			w.counts["timeline of few events"]++
		}
	}
	return homeserver.Fault{}, false
}

// shorten has a sync ask for fewer events of each room, so that its timelines
// are limited as after a long absence.
func shorten(u *url.URL, limit int) bool {
	query := u.Query()
	short := strings.Replace(query.Get("filter"), `"limit":100`, fmt.Sprintf(`"limit":%d`, limit), 1)
	if short == query.Get("filter") {
		return false
	}
	query.Set("filter", short)
	u.RawQuery = query.Encode()
	return true
}

// fault picks what happens to one request.
func (w *weather) fault() homeserver.Fault {
	wait := time.Duration(50+w.roll(700)) * time.Millisecond
	page := []byte("<html><body>Bad gateway</body></html>")
	kinds := []struct {
		name  string
		fault homeserver.Fault
	}{
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
		{"cut in the answer", homeserver.Fault{Cut: true, CutAfter: 1 + w.roll(400)}},
		{"slow, then cut", homeserver.Fault{Delay: wait, Cut: true}},
	}
	k := kinds[w.roll(len(kinds))]
	w.counts[k.name]++
	return k.fault
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

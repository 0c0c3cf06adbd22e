package matrix

import (
	"sync"
	"sync/atomic"
	"time"

	"maunium.net/go/mautrix/id"

	"blnbot/internal/meeting"
)

// sessionSet collects names under a lock that is never held for long, because
// mautrix calls while it holds locks of its own.
type sessionSet struct {
	mu    sync.Mutex
	names map[string]bool
}

// maxNames bounds a set that strangers can make grow.
const maxNames = 50_000

// add reports whether the name is new.
func (s *sessionSet) add(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.names[name] {
		return false
	}
	if s.names == nil || len(s.names) >= maxNames {
		s.names = map[string]bool{}
	}
	s.names[name] = true
	return true
}

func (s *sessionSet) has(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names[name]
}

func (s *sessionSet) list() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]string, 0, len(s.names))
	for name := range s.names {
		out = append(out, name)
	}
	return out
}

func (s *sessionSet) remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.names, name)
}

// room is what the process knows of a room beside the state store.
type room struct {
	sending sync.Mutex // one post at a time
	// epoch counts reasons to fetch the state again (start, gaps, joins);
	// known and renewed are the epochs for which state and keys are current.
	epoch, known, renewed atomic.Int64
	// members counts membership changes seen in sync.
	members atomic.Int64
	// joinedOnly: history is for members who have joined, so invited ones get
	// no keys yet (the rule of matrix-rust-sdk, and so of Element X).
	joinedOnly atomic.Bool
}

// outdated makes the next post fetch state and renew keys.
func (r *room) outdated() { r.epoch.Add(1) }

// retried remembers when device lists were last asked for again.
type retried struct {
	mu sync.Mutex
	at map[id.UserID]time.Time
}

// due returns those users who have not been asked for within the interval,
// and notes that they are now.
func (r *retried) due(users []id.UserID, now time.Time, interval time.Duration) []id.UserID {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at == nil {
		r.at = map[id.UserID]time.Time{}
	}
	var out []id.UserID
	for _, user := range users {
		if last, ok := r.at[user]; !ok || now.Sub(last) >= interval {
			r.at[user] = now
			out = append(out, user)
		}
	}
	return out
}

// forget lets the users be asked for at once.
func (r *retried) forget(users []id.UserID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, user := range users {
		delete(r.at, user)
	}
}

// fetched remembers when device lists were last fetched before sending.
type fetched struct {
	mu sync.Mutex
	at map[id.UserID]time.Time
}

// before returns those users whose lists were not asked for since the time. A
// clock that was set back does not make them newer.
func (f *fetched) before(users []id.UserID, since, now time.Time) []id.UserID {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []id.UserID
	for _, user := range users {
		if at, ok := f.at[user]; !ok || !at.After(since) || at.After(now) {
			out = append(out, user)
		}
	}
	return out
}

// note says that the users' lists have come, and when they were asked for.
func (f *fetched) note(users []id.UserID, asked time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.at == nil || len(f.at) >= maxNames {
		f.at = map[id.UserID]time.Time{}
	}
	for _, user := range users {
		f.at[user] = asked
	}
}

// forget has the users' lists fetched again.
func (f *fetched) forget(users []id.UserID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, user := range users {
		delete(f.at, user)
	}
}

type rooms struct {
	mu   sync.Mutex
	byID map[id.RoomID]*room
}

func (rs *rooms) get(name id.RoomID) *room {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.byID == nil {
		rs.byID = map[id.RoomID]*room{}
	}
	r := rs.byID[name]
	if r == nil {
		r = &room{}
		r.epoch.Store(1)
		rs.byID[name] = r
	}
	return r
}

// threads remembers the latest event of threads, for clients that show
// threads as chains of replies. Forgetting one costs nothing but looks.
type threads struct {
	mu     sync.Mutex
	latest map[meeting.EventID]meeting.EventID
}

const maxThreads = 2000

func (t *threads) set(root, latest meeting.EventID) {
	if root == "" || latest == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.latest == nil || len(t.latest) >= maxThreads {
		t.latest = map[meeting.EventID]meeting.EventID{}
	}
	t.latest[root] = latest
}

func (t *threads) get(root meeting.EventID) meeting.EventID {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.latest[root]
}

// receipts are the events up to which rooms are to be marked as read.
type receipts struct {
	mu     sync.Mutex
	latest map[meeting.RoomID]meeting.EventID
}

func (r *receipts) set(room meeting.RoomID, ev meeting.EventID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.latest == nil {
		r.latest = map[meeting.RoomID]meeting.EventID{}
	}
	r.latest[room] = ev
}

// take returns what is to be marked, and forgets it.
func (r *receipts) take() map[meeting.RoomID]meeting.EventID {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.latest
	r.latest = nil
	return out
}

package matrix

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"blnbot/internal/meeting"
)

// fakeStore keeps to the contract of Store, in memory.
type fakeStore struct {
	bell *bell

	mu        sync.Mutex
	token     string
	began     time.Time
	batch     int64
	rows      map[meeting.EventID]*fakeRow
	gaps      []meeting.Gap
	gapBatch  map[int64]int64
	parked    map[int64]time.Time
	lost      int
	checks    []meeting.Check // open
	encrypted map[meeting.RoomID]bool
	direct    map[meeting.UserID]meeting.RoomID
	invites   map[meeting.RoomID]meeting.Invite
	failSync  error // the next StoreSync fails with it
	// beforeWait is called once, before a row is noted to wait for its key.
	beforeWait func()
}

type fakeRow struct {
	meeting.InboxRow
	next time.Time
}

var _ Store = (*fakeStore)(nil)

func newFakeStore(b *bell) *fakeStore {
	return &fakeStore{
		bell: b, rows: map[meeting.EventID]*fakeRow{}, gapBatch: map[int64]int64{}, parked: map[int64]time.Time{},
		encrypted: map[meeting.RoomID]bool{}, direct: map[meeting.UserID]meeting.RoomID{},
		invites: map[meeting.RoomID]meeting.Invite{},
	}
}

func (s *fakeStore) lock() func() {
	s.mu.Lock()
	return func() {
		s.mu.Unlock()
		s.bell.ring()
	}
}

func (s *fakeStore) SyncToken(context.Context) (string, error) {
	defer s.lock()()
	return s.token, nil
}

func (s *fakeStore) Began(context.Context) (time.Time, error) {
	defer s.lock()()
	return s.began, nil
}

func (s *fakeStore) StoreSync(_ context.Context, b meeting.SyncBatch) error {
	defer s.lock()()
	if err := s.failSync; err != nil {
		s.failSync = nil
		return err
	}
	s.batch++
	if s.began.IsZero() {
		s.began = b.At
	}
	for _, r := range b.Rooms {
		if r.Encrypted {
			s.encrypted[r.Room] = true
		}
		if r.Limited {
			g := meeting.Gap{ID: int64(len(s.gapBatch) + 1), Room: r.Room, PrevBatch: r.PrevBatch, Since: b.At}
			s.gaps = append(s.gaps, g)
			s.gapBatch[g.ID] = s.batch
		}
		for i, ev := range r.Events {
			s.insert(ev, meeting.Order{Batch: s.batch, Pos: int64(i)}, b.At)
		}
	}
	for _, inv := range b.Invites {
		s.invites[inv.Room] = inv
	}
	s.token = b.Next
	return nil
}

func (s *fakeStore) insert(ev meeting.RawEvent, at meeting.Order, now time.Time) {
	if s.rows[ev.ID] == nil {
		s.rows[ev.ID] = &fakeRow{InboxRow: meeting.InboxRow{
			RawEvent: ev, State: meeting.InboxNew, Order: at, Received: now}}
	}
}

func (s *fakeStore) NextInbox(_ context.Context, now time.Time, skip []meeting.RoomID, limit int) ([]meeting.InboxRow, error) {
	defer s.mu.Unlock()
	s.mu.Lock()
	var found, waiting []meeting.InboxRow
	for _, r := range s.rows {
		gap := slices.ContainsFunc(s.gaps, func(g meeting.Gap) bool { return g.Room == r.Room })
		if r.State == meeting.InboxDone || r.State == meeting.InboxDead || r.next.After(now) || gap ||
			slices.Contains(skip, r.Room) {
			continue
		}
		if r.State == meeting.InboxNew {
			found = append(found, r.InboxRow)
		} else {
			waiting = append(waiting, r.InboxRow)
		}
	}
	if len(found) == 0 {
		found, limit = waiting, 1
	}
	slices.SortFunc(found, func(a, b meeting.InboxRow) int {
		return cmp.Or(cmp.Compare(a.Order.Batch, b.Order.Batch), cmp.Compare(a.Order.Pos, b.Order.Pos))
	})
	return found[:min(limit, len(found))], nil
}

func (s *fakeStore) WaitForKey(_ context.Context, ev meeting.EventID, next time.Time) error {
	s.mu.Lock()
	before := s.beforeWait
	s.beforeWait = nil
	s.mu.Unlock()
	if before != nil {
		before()
	}
	defer s.lock()()
	s.rows[ev].State, s.rows[ev].next = meeting.InboxWaitKey, next
	return nil
}

func (s *fakeStore) KeyArrived(_ context.Context, session string) error {
	defer s.lock()()
	for _, r := range s.rows {
		if r.State == meeting.InboxWaitKey && r.Session == session {
			r.next = time.Time{}
		}
	}
	return nil
}

func (s *fakeStore) RetryInbox(_ context.Context, ev meeting.EventID, next time.Time) error {
	defer s.lock()()
	s.rows[ev].Attempts++
	s.rows[ev].next = next
	return nil
}

func (s *fakeStore) BuryInbox(_ context.Context, ev meeting.EventID) error {
	defer s.lock()()
	s.rows[ev].State, s.rows[ev].JSON = meeting.InboxDead, nil
	return nil
}

func (s *fakeStore) OpenGaps(_ context.Context, now time.Time) ([]meeting.Gap, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []meeting.Gap
	first := map[meeting.RoomID]bool{}
	for _, g := range s.gaps {
		if !first[g.Room] && !s.parked[g.ID].After(now) {
			out = append(out, g)
		}
		first[g.Room] = true
	}
	return out, nil
}

func (s *fakeStore) KnownEvents(_ context.Context, ids []meeting.EventID) (map[meeting.EventID]bool, error) {
	defer s.lock()()
	out := map[meeting.EventID]bool{}
	for _, ev := range ids {
		if s.rows[ev] != nil {
			out[ev] = true
		}
	}
	return out, nil
}

func (s *fakeStore) close(gap meeting.Gap) {
	s.gaps = slices.DeleteFunc(s.gaps, func(g meeting.Gap) bool { return g.ID == gap.ID })
}

func (s *fakeStore) FillGap(_ context.Context, gap meeting.Gap, events []meeting.RawEvent, now time.Time) error {
	defer s.lock()()
	for i, ev := range events {
		s.insert(ev, meeting.Order{Batch: s.gapBatch[gap.ID], Pos: int64(i - len(events))}, now)
	}
	s.close(gap)
	return nil
}

func (s *fakeStore) RetryGap(_ context.Context, gap meeting.Gap, next time.Time) error {
	defer s.lock()()
	for i := range s.gaps {
		if s.gaps[i].ID == gap.ID {
			s.gaps[i].Attempts++
			s.gaps[i].Refusals = gap.Refusals
			s.parked[gap.ID] = next
		}
	}
	return nil
}

// LookBack asks for rooms to be compared from their first known event on.
func (s *fakeStore) LookBack(_ context.Context, now time.Time) error {
	defer s.lock()()
	first := map[meeting.RoomID]*fakeRow{}
	for _, r := range s.rows {
		if f := first[r.Room]; f == nil || cmp.Or(cmp.Compare(r.Order.Batch, f.Order.Batch), cmp.Compare(r.Order.Pos, f.Order.Pos)) < 0 {
			first[r.Room] = r
		}
	}
	for room, r := range first {
		s.checks = append(s.checks, meeting.Check{ID: s.batch<<20 + int64(len(s.checks)), Room: room, Root: r.ID, Whole: true, Since: now})
	}
	return nil
}

func (s *fakeStore) OpenChecks(context.Context, time.Time) ([]meeting.Check, error) {
	defer s.lock()()
	return slices.Clone(s.checks), nil
}

func (s *fakeStore) FinishCheck(_ context.Context, c meeting.Check, events []meeting.RawEvent, now time.Time) error {
	defer s.lock()()
	for i, ev := range events {
		s.insert(ev, meeting.Order{Batch: 1 << 40, Pos: int64(i)}, now)
	}
	s.checks = slices.DeleteFunc(s.checks, func(k meeting.Check) bool { return k.ID == c.ID })
	return nil
}

func (s *fakeStore) RetryCheck(_ context.Context, c meeting.Check, _ time.Time) error {
	defer s.lock()()
	for i := range s.checks {
		if s.checks[i].ID == c.ID {
			s.checks[i].Attempts++
			s.checks[i].Refusals = c.Refusals
		}
	}
	return nil
}

func (s *fakeStore) LoseCheck(_ context.Context, c meeting.Check) error {
	defer s.lock()()
	s.checks = slices.DeleteFunc(s.checks, func(k meeting.Check) bool { return k.ID == c.ID })
	s.lost++
	return nil
}

func (s *fakeStore) LoseGap(_ context.Context, gap meeting.Gap, _ time.Time) error {
	defer s.lock()()
	s.close(gap)
	s.lost++
	return nil
}

func (s *fakeStore) Encrypted(_ context.Context, room meeting.RoomID) (bool, error) {
	defer s.lock()()
	return s.encrypted[room], nil
}

func (s *fakeStore) SetEncrypted(_ context.Context, room meeting.RoomID) error {
	defer s.lock()()
	s.encrypted[room] = true
	return nil
}

func (s *fakeStore) DirectRoom(_ context.Context, user meeting.UserID) (meeting.RoomID, error) {
	defer s.lock()()
	return s.direct[user], nil
}

func (s *fakeStore) SetDirectRoom(_ context.Context, user meeting.UserID, room meeting.RoomID) error {
	defer s.lock()()
	s.direct[user] = room
	return nil
}

func (s *fakeStore) Invites(context.Context, time.Time) ([]meeting.Invite, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []meeting.Invite
	for _, inv := range s.invites {
		out = append(out, inv)
	}
	return out, nil
}

func (s *fakeStore) RetryInvite(context.Context, meeting.RoomID, time.Time) error { return nil }

func (s *fakeStore) DeleteInvite(_ context.Context, room meeting.RoomID) error {
	defer s.lock()()
	delete(s.invites, room)
	return nil
}

// fakeHandler notes what it is given, and marks rows as the real one does.
type fakeHandler struct {
	store   *fakeStore
	welcome bool

	mu     sync.Mutex
	events []meeting.Event
	fail   func(meeting.Event) error
}

func (h *fakeHandler) Handle(_ context.Context, ev meeting.Event) error {
	defer h.store.bell.ring()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fail != nil {
		if err := h.fail(ev); err != nil {
			return err
		}
	}
	h.events = append(h.events, ev)
	h.store.mu.Lock()
	defer h.store.mu.Unlock()
	row := h.store.rows[ev.Meta().ID]
	if row == nil {
		return errors.New("no such row")
	}
	if _, ok := ev.(meeting.Unreadable); ok {
		row.Told = true
	} else {
		row.State, row.JSON = meeting.InboxDone, nil
	}
	return nil
}

func (h *fakeHandler) HandleAll(ctx context.Context, evs []meeting.Event) error {
	for _, ev := range evs {
		if h.fail != nil && h.fail(ev) != nil {
			return errors.New("one fails")
		}
	}
	for _, ev := range evs {
		if err := h.Handle(ctx, ev); err != nil {
			return err
		}
	}
	return nil
}

func (h *fakeHandler) Welcome(context.Context, meeting.Invite) (bool, error) { return h.welcome, nil }

// all returns the events so far that are not Ignored.
func (h *fakeHandler) all() []meeting.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []meeting.Event
	for _, ev := range h.events {
		if _, ok := ev.(meeting.Ignored); !ok {
			out = append(out, ev)
		}
	}
	return out
}

// bodies returns the texts of the messages so far.
func (h *fakeHandler) bodies() []string {
	var out []string
	for _, ev := range h.all() {
		if m, ok := ev.(meeting.Message); ok {
			out = append(out, m.Body)
		}
	}
	return out
}

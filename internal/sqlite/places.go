package sqlite

import (
	"context"
	"math"
	"slices"
	"time"

	"blnbot/internal/meeting"
)

// spacing leaves room between the events of a sync answer for those that turn
// out to belong there.
const spacing = 1 << 24

// run is a part of a room that the inbox lacks.
type run struct {
	// The places of the events before and behind it that show where it belongs; nil
	// where there is none.
	after, before *meeting.Order
	events        []meeting.RawEvent // of the same room, oldest first, at least one
}

// missing splits a reading of a room, oldest event first, at the events that show
// places: those that the inbox has, but not those that came late. Behind one that
// came late stands one that was there before it.
func (t *Tx) missing(ctx context.Context, room meeting.RoomID, events []meeting.RawEvent) ([]run, error) {
	places := make([]*meeting.Order, len(events))
	for i, e := range events {
		var err error
		places[i], err = get(ctx, t, "look up event", "SELECT batch, pos FROM inbox WHERE event_id = ? AND room_id = ?", []any{e.ID, room}, scanOrder)
		if err != nil {
			return nil, err
		}
	}
	shows := make([]bool, len(events))
	var next *meeting.Order
	for i := len(events) - 1; i >= 0; i-- {
		if o := places[i]; o != nil && (next == nil || o.Before(*next)) {
			shows[i], next = true, o
		}
	}
	var runs []run
	var r run
	for i, e := range events {
		switch {
		case shows[i]:
			r.before = places[i]
			runs = append(runs, r)
			r = run{after: places[i]}
		case places[i] == nil:
			r.events = append(r.events, e)
		}
	}
	runs = append(runs, r)
	return slices.DeleteFunc(runs, func(r run) bool { return len(r.events) == 0 }), nil
}

func scanOrder(r row) (meeting.Order, error) {
	var o meeting.Order
	err := r.Scan(&o.Batch, &o.Pos)
	return o, err
}

// The place of the first event of a room's answer, of the next one, and of the one
// before; the first parameter if there is none.
const (
	firstPlace    = "SELECT coalesce(min(pos), ?) FROM inbox WHERE room_id = ? AND batch = ?"
	nextPlace     = firstPlace + " AND pos > ?"
	previousPlace = "SELECT coalesce(max(pos), ?) FROM inbox WHERE room_id = ? AND batch = ? AND pos < ?"
)

// storeAfter stores events of a room right after a place, and before the next
// event of the same answer.
func (t *Tx) storeAfter(ctx context.Context, at meeting.Order, events []meeting.RawEvent, now time.Time) error {
	end, err := value[int64](ctx, t, "find next event", nextPlace, at.Pos+space(events), events[0].Room, at.Batch, at.Pos)
	if err != nil {
		return err
	}
	return t.storeBetween(ctx, at, end, events, now)
}

// storeBefore stores events of a room right before a place, and after the event
// before it of the same answer.
func (t *Tx) storeBefore(ctx context.Context, at meeting.Order, events []meeting.RawEvent, now time.Time) error {
	begin, err := value[int64](ctx, t, "find event before", previousPlace, at.Pos-space(events), events[0].Room, at.Batch, at.Pos)
	if err != nil {
		return err
	}
	return t.storeBetween(ctx, meeting.Order{Batch: at.Batch, Pos: begin}, at.Pos, events, now)
}

// storeFirst stores events of a room before all of an answer.
func (t *Tx) storeFirst(ctx context.Context, batch int64, events []meeting.RawEvent, now time.Time) error {
	first, err := value[int64](ctx, t, "find first event", firstPlace, 0, events[0].Room, batch)
	if err != nil {
		return err
	}
	return t.storeBefore(ctx, meeting.Order{Batch: batch, Pos: first}, events, now)
}

// storeLast stores events of a room behind all that sync has brought.
func (t *Tx) storeLast(ctx context.Context, events []meeting.RawEvent, now time.Time) error {
	batch, err := value[int64](ctx, t, "read batch", "SELECT batch FROM sync_state WHERE id = 1")
	if err != nil {
		return err
	}
	last, err := value[int64](ctx, t, "find last event", previousPlace, 0, events[0].Room, batch, int64(math.MaxInt64))
	if err != nil {
		return err
	}
	return t.storeAfter(ctx, meeting.Order{Batch: batch, Pos: last}, events, now)
}

// space is what a run of events takes where nothing limits it.
func space(events []meeting.RawEvent) int64 { return int64(len(events)+1) * spacing }

// storeBetween stores events evenly between a place and another one of the same
// answer. Where no room is left, which takes 24 finds in one place, they come right
// after the first.
func (t *Tx) storeBetween(ctx context.Context, at meeting.Order, end int64, events []meeting.RawEvent, now time.Time) error {
	step := max((end-at.Pos)/int64(len(events)+1), 1)
	for _, e := range events {
		at.Pos += step
		if err := t.storeRaw(ctx, e, at, now); err != nil {
			return err
		}
	}
	return nil
}

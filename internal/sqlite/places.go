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
	// The places between which it belongs; nil where there is none.
	after, before *meeting.Order
	events        []meeting.RawEvent // of the same room, oldest first, at least one
}

// missing splits a reading of a room, oldest event first, into what the inbox lacks
// and has. What is missing belongs before the first place of all that stands behind
// it in the reading, and after the last place of what stands before it, of that which
// has not come late: the place of such an event is behind something that stands behind
// what is missing. (The server's answers and its readings may have events of the same
// moment in another order.)
func (t *Tx) missing(ctx context.Context, room meeting.RoomID, events []meeting.RawEvent) ([]run, error) {
	places := make([]*meeting.Order, len(events))
	for i, e := range events {
		var err error
		places[i], err = get(ctx, t, "look up event", "SELECT batch, pos FROM inbox WHERE event_id = ? AND room_id = ?", []any{e.ID, room}, scanOrder)
		if err != nil {
			return nil, err
		}
	}
	before := make([]*meeting.Order, len(events)+1) // the first place behind each event
	for i := len(events) - 1; i >= 0; i-- {
		before[i] = before[i+1]
		if o := places[i]; o != nil && (before[i] == nil || o.Before(*before[i])) {
			before[i] = o
		}
	}
	var runs []run
	var after *meeting.Order
	var waiting []*meeting.Order // places of what stands before, but is not known to have come in time
	for i, e := range events {
		if places[i] != nil {
			waiting = append(waiting, places[i])
			continue
		}
		waiting = slices.DeleteFunc(waiting, func(o *meeting.Order) bool {
			inTime := before[i] == nil || o.Before(*before[i])
			if inTime && (after == nil || after.Before(*o)) {
				after = o
			}
			return inTime
		})
		if n := len(runs); n > 0 && runs[n-1].after == after && runs[n-1].before == before[i] {
			runs[n-1].events = append(runs[n-1].events, e)
			continue
		}
		runs = append(runs, run{after: after, before: before[i], events: []meeting.RawEvent{e}})
	}
	return runs, nil
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

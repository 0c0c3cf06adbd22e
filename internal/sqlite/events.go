package sqlite

import (
	"context"
	"time"

	"blnbot/internal/meeting"
)

// RoomOf is the room that a stored event came in, handled or not; empty for one
// that is not known.
func (t *Tx) RoomOf(ctx context.Context, id meeting.EventID) (meeting.RoomID, error) {
	return value[meeting.RoomID](ctx, t, "read room of event", "SELECT room_id FROM inbox WHERE event_id = ?", id)
}

// ReceivedAt is when a stored event came; zero for one that is not known.
func (t *Tx) ReceivedAt(ctx context.Context, id meeting.EventID) (time.Time, error) {
	return t.moment(ctx, "read time of event", "SELECT max(received_at) FROM inbox WHERE event_id = ?", id)
}

// newest is when the newest event came; zero if there is none.
func (t *Tx) newest(ctx context.Context) (time.Time, error) {
	return t.moment(ctx, "read time of newest event", "SELECT max(received_at) FROM inbox")
}

// moment reads one time.
func (t *Tx) moment(ctx context.Context, what, query string, args ...any) (at time.Time, err error) {
	found, err := get(ctx, t, what, query, args, func(r row) (time.Time, error) {
		var v time.Time
		err := r.Scan(timestamp{&v})
		return v, err
	})
	if found != nil {
		at = *found
	}
	return at, err
}

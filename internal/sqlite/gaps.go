package sqlite

import (
	"context"
	"time"

	"blnbot/internal/failpoint"
	"blnbot/internal/meeting"
)

// OpenGaps lists the first open gap of each room, if it can be worked on at now.
// A later one waits for it, also while it is parked: whoever fills a gap reads past
// those before it, and would put what they left out into the wrong place.
func (d *DB) OpenGaps(ctx context.Context, now time.Time) ([]meeting.Gap, error) {
	var out []meeting.Gap
	err := d.view(ctx, func(t *Tx) (err error) {
		out, err = list(ctx, t, "list gaps", `SELECT id, room_id, prev_batch, attempts, refusals, since,
			coalesce((SELECT asked FROM checks c WHERE c.room_id = g.room_id AND c.meeting_id IS NULL AND c.state = 'open'), 0) FROM gaps g
			WHERE state = 'open' AND (next_at IS NULL OR next_at <= ?)
			AND NOT EXISTS (SELECT 1 FROM gaps e WHERE e.room_id = g.room_id AND e.state = 'open' AND e.id < g.id) ORDER BY id`, []any{stamp(now)},
			func(r row) (meeting.Gap, error) {
				var g meeting.Gap
				err := r.Scan(&g.ID, &g.Room, &g.PrevBatch, &g.Attempts, &g.Refusals, timestamp{&g.Since}, &g.Asked)
				return g, err
			})
		return err
	})
	return out, err
}

// FillGap stores the events of a gap and closes the gap. The events come oldest
// first, with those among them that the inbox has, which show the others their
// places. What follows one of the sync answer that reported the gap, or of a later
// one, has its place right after it, so events that a later gap of the room left out
// do not jump ahead. Before that come the gap's own events: their place is before the
// answer. And what still has an event of an earlier answer behind it is not the
// gap's: sync has passed over it, and its place is right after what precedes it.
func (d *DB) FillGap(ctx context.Context, gap meeting.Gap, events []meeting.RawEvent, now time.Time) error {
	failpoint.At("gap")
	return d.Update(ctx, func(t *Tx) error {
		batch, err := value[int64](ctx, t, "read gap", "SELECT batch FROM gaps WHERE id = ?", gap.ID)
		if err != nil {
			return err
		}
		runs, err := t.missing(ctx, gap.Room, events)
		if err != nil {
			return err
		}
		for _, r := range runs {
			earlier := r.before != nil && r.before.Batch < batch
			later := r.after != nil && r.after.Batch >= batch
			switch {
			case !earlier && !later:
				err = t.storeFirst(ctx, batch, r.events, now)
			case r.after != nil:
				err = t.storeAfter(ctx, *r.after, r.events, now)
			default:
				err = t.storeBefore(ctx, *r.before, r.events, now)
			}
			if err != nil {
				return err
			}
		}
		// The gap was read from the room's newest event, past what is known. What an
		// outage passed over meanwhile was not.
		_, err = t.exec(ctx, "end look back", "UPDATE checks SET state = 'done' WHERE room_id = ? AND meeting_id IS NULL AND asked = ?", gap.Room, gap.Asked)
		if err != nil {
			return err
		}
		return t.closeGap(ctx, gap.ID, "filled", now)
	})
}

// RetryGap counts a failed attempt, notes gap.Refusals and parks the gap until next.
func (d *DB) RetryGap(ctx context.Context, gap meeting.Gap, next time.Time) error {
	return d.set(ctx, "retry gap", "UPDATE gaps SET attempts = attempts + 1, refusals = ?, next_at = ? WHERE id = ?",
		gap.Refusals, stamp(next), gap.ID)
}

// LoseGap closes a gap that cannot be filled; minutes count it.
func (d *DB) LoseGap(ctx context.Context, gap meeting.Gap, now time.Time) error {
	return d.Update(ctx, func(t *Tx) error { return t.closeGap(ctx, gap.ID, "lost", now) })
}

func (t *Tx) closeGap(ctx context.Context, id int64, state string, now time.Time) error {
	_, err := t.exec(ctx, "close gap", "UPDATE gaps SET state = ?, closed_at = ? WHERE id = ?", state, stamp(now), id)
	return err
}

// LostGaps counts the gaps of a room that could not be filled and opened in
// [from, to]; a zero to means until now.
func (t *Tx) LostGaps(ctx context.Context, room meeting.RoomID, from, to time.Time) (int, error) {
	return value[int](ctx, t, "count gaps", `SELECT count(*) FROM gaps WHERE room_id = ? AND state = 'lost' AND since >= ?
		AND (? IS NULL OR since <= ?)`, room, stamp(from), stamp(to), stamp(to))
}

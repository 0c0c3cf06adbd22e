package sqlite

import (
	"context"
	"strings"
	"time"

	"blnbot/internal/meeting"
)

// wholeRoom begins the root of a check of a whole room, after which stand older events,
// if any. Ids of events begin with a dollar sign.
const wholeRoom = "room from "

// StoreCheck asks for a prompt's thread, or for its room, to be compared with the
// server.
func (t *Tx) StoreCheck(ctx context.Context, c meeting.Check) error {
	root := string(c.Root)
	if c.Whole {
		root = wholeRoom + root
	}
	_, err := t.exec(ctx, "store check", `INSERT INTO checks (meeting_id, room_id, root, state, since) VALUES (?, ?, ?, 'open', ?)
		ON CONFLICT DO NOTHING`, c.Meeting, c.Room, root, stamp(c.Since))
	t.posted = true
	return err
}

// Unchecked reports whether the meeting's threads are still being compared, or
// what came in from its room, or is to be fetched again, is still being handled. It
// waits for nothing that has failed for long. (The states are named as in the index.)
func (t *Tx) Unchecked(ctx context.Context, meetingID int64, room meeting.RoomID) (bool, error) {
	n, err := value[int](ctx, t, "count checks", `SELECT (SELECT count(*) FROM checks WHERE meeting_id = ?1 AND state = 'open')
		+ (SELECT count(*) FROM gaps WHERE room_id = ?2 AND state = 'open')
		+ (SELECT count(*) FROM inbox WHERE room_id = ?2 AND state = 'new' AND (next_at IS NULL OR attempts <= `+heldAttempts+`))
		+ (SELECT count(*) FROM inbox WHERE room_id = ?2 AND state IN ('wait_key', 'fetch') AND state = 'fetch' AND attempts = 0)`, meetingID, room)
	return n > 0, err
}

// LostChecks counts the meeting's threads and rooms that could not be compared.
func (t *Tx) LostChecks(ctx context.Context, meetingID int64) (int, error) {
	return value[int](ctx, t, "count lost checks", "SELECT count(*) FROM checks WHERE meeting_id = ? AND state = 'lost'", meetingID)
}

// LostEvents counts the events of a room that came in [from, to] and that the bot
// could not handle: it has given them up, or they have failed for so long that they
// no longer hold up the room. Those that could not be read are counted elsewhere. A
// zero to means until now.
func (t *Tx) LostEvents(ctx context.Context, room meeting.RoomID, from, to time.Time) (int, error) {
	return value[int](ctx, t, "count lost events", `SELECT count(*) FROM (
			SELECT received_at FROM inbox WHERE room_id = ?1 AND state = 'dead' AND told = 0
			UNION ALL
			SELECT received_at FROM inbox WHERE room_id = ?1 AND state = 'new' AND next_at IS NOT NULL AND attempts > `+heldAttempts+`)
		WHERE received_at >= ?2 AND (?3 IS NULL OR received_at <= ?3)`, room, stamp(from), stamp(to))
}

// lookBackMargin is how long before the last answer an event has come that is
// certainly older than what that answer may have passed over.
const lookBackMargin = 10 * time.Minute

// The newest events of each room that came before ?1, or the room's first.
const lookBack = `INSERT INTO checks (meeting_id, room_id, root, state, since)
SELECT NULL, room_id, '` + wholeRoom + `' || event_id, 'open', ?2 FROM (
	SELECT room_id, group_concat(event_id, ' ' ORDER BY n) AS event_id FROM (
		SELECT room_id, event_id, row_number() OVER (PARTITION BY room_id ORDER BY received_at DESC, batch DESC, pos DESC) AS n FROM inbox
		WHERE received_at <= ?1) WHERE n <= 5 GROUP BY room_id
	UNION ALL
	SELECT room_id, event_id FROM (
		SELECT room_id, event_id, row_number() OVER (PARTITION BY room_id ORDER BY batch, pos) AS n FROM inbox
		WHERE room_id NOT IN (SELECT room_id FROM inbox WHERE received_at <= ?1)) WHERE n = 1
) WHERE true
ON CONFLICT (room_id) WHERE meeting_id IS NULL DO UPDATE SET
	root = CASE WHEN state = 'open' THEN root ELSE excluded.root END,
	state = 'open', attempts = 0, refusals = 0, next_at = NULL, since = excluded.since, asked = asked + 1`

// LookBack asks for every room to be compared with the server, from before the
// last stored sync answer on.
func (d *DB) LookBack(ctx context.Context, now time.Time) error {
	return d.Update(ctx, func(t *Tx) error {
		last, err := get(ctx, t, "read sync time", "SELECT at FROM sync_state WHERE id = 1", nil, func(r row) (at time.Time, err error) {
			return at, r.Scan(timestamp{&at})
		})
		if err != nil || last == nil {
			return err
		}
		_, err = t.exec(ctx, "look back", lookBack, stamp(last.Add(-lookBackMargin)), stamp(now))
		return err
	})
}

// checksAtOnce is how many checks OpenChecks lists: a meeting that closes is not
// to wait for all rooms.
const checksAtOnce = "20"

const openChecks = `SELECT id, coalesce(meeting_id, 0), room_id, root, attempts, refusals, asked, since FROM checks c
WHERE state = 'open' AND (next_at IS NULL OR next_at <= ?)
AND NOT EXISTS (SELECT 1 FROM gaps g WHERE g.room_id = c.room_id AND g.state = 'open')
AND (root LIKE '` + wholeRoom + `%' OR room_id NOT IN (SELECT room_id FROM checks WHERE state = 'open' AND root LIKE '` + wholeRoom + `%'))
ORDER BY room_id NOT IN (SELECT room_id FROM checks WHERE state = 'open' AND meeting_id IS NOT NULL), meeting_id IS NULL, id
LIMIT ` + checksAtOnce

// OpenChecks lists threads and rooms that are to be compared with the server at
// now, the rooms of meetings first. A room with a gap waits: who fills it looks back
// too. A thread waits for its room, whose reading alone shows where what is missing
// belongs.
func (d *DB) OpenChecks(ctx context.Context, now time.Time) ([]meeting.Check, error) {
	var out []meeting.Check
	err := d.view(ctx, func(t *Tx) (err error) {
		out, err = list(ctx, t, "list checks", openChecks, []any{stamp(now)}, func(r row) (meeting.Check, error) {
			var c meeting.Check
			var root string
			err := r.Scan(&c.ID, &c.Meeting, &c.Room, &root, &c.Attempts, &c.Refusals, &c.Asked, timestamp{&c.Since})
			root, c.Whole = strings.CutPrefix(root, wholeRoom)
			for i, id := range strings.Fields(root) {
				if i == 0 {
					c.Root = meeting.EventID(id)
				} else {
					c.Older = append(c.Older, meeting.EventID(id))
				}
			}
			return c, err
		})
		return err
	})
	return out, err
}

// thisCheck finds a check by its ID and Asked, unless it was asked for anew.
const thisCheck = " id = ? AND asked = ?"

// FinishCheck stores the events that the server has and the inbox lacks, and
// ends the check. Events come oldest first; those among them that the inbox has
// show the others their places: right after them, or before all of them. If there
// are none, they come after everything that sync has brought.
func (d *DB) FinishCheck(ctx context.Context, c meeting.Check, events []meeting.RawEvent, now time.Time) error {
	return d.Update(ctx, func(t *Tx) error {
		runs, err := t.missing(ctx, c.Room, events)
		if err != nil {
			return err
		}
		for _, r := range runs {
			switch {
			case r.after != nil:
				err = t.storeAfter(ctx, *r.after, r.events, now)
			case r.before != nil:
				err = t.storeBefore(ctx, *r.before, r.events, now)
			default:
				err = t.storeLast(ctx, r.events, now)
			}
			if err != nil {
				return err
			}
		}
		_, err = t.exec(ctx, "finish check", "UPDATE checks SET state = 'done' WHERE"+thisCheck, c.ID, c.Asked)
		return err
	})
}

// RetryCheck counts a failed attempt, notes c.Refusals and parks the check until next.
func (d *DB) RetryCheck(ctx context.Context, c meeting.Check, next time.Time) error {
	return d.set(ctx, "retry check", "UPDATE checks SET attempts = attempts + 1, refusals = ?, next_at = ? WHERE"+thisCheck,
		c.Refusals, stamp(next), c.ID, c.Asked)
}

// LoseCheck ends a check that cannot be made; minutes count it as a gap.
func (d *DB) LoseCheck(ctx context.Context, c meeting.Check) error {
	return d.set(ctx, "lose check", "UPDATE checks SET state = 'lost' WHERE"+thisCheck, c.ID, c.Asked)
}

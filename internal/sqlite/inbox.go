package sqlite

import (
	"context"
	"time"

	"blnbot/internal/failpoint"
	"blnbot/internal/meeting"
)

// SyncToken is the token of the last stored sync answer, empty at first.
func (d *DB) SyncToken(ctx context.Context) (string, error) {
	var token string
	err := d.view(ctx, func(t *Tx) (err error) {
		token, err = value[string](ctx, t, "read sync token", "SELECT token FROM sync_state WHERE id = 1")
		return err
	})
	return token, err
}

// Began is when the first sync answer was stored; zero before.
func (d *DB) Began(ctx context.Context) (at time.Time, err error) {
	err = d.view(ctx, func(t *Tx) error {
		found, err := get(ctx, t, "read sync begin", "SELECT began FROM sync_state WHERE id = 1", nil, func(r row) (time.Time, error) {
			var v time.Time
			err := r.Scan(timestamp{&v})
			return v, err
		})
		if found != nil {
			at = *found
		}
		return err
	})
	return at, err
}

const storeSync = `INSERT INTO sync_state (id, token, batch, at, began) VALUES (1, ?1, ?2, ?3, ?3)
ON CONFLICT (id) DO UPDATE SET token = excluded.token, batch = excluded.batch, at = excluded.at`

// StoreSync stores all of a sync answer and its token in one transaction.
// Events that are known already are left as they are.
func (d *DB) StoreSync(ctx context.Context, b meeting.SyncBatch) error {
	failpoint.At("answered")
	defer failpoint.At("stored")
	return d.Update(ctx, func(t *Tx) error {
		if err := t.noteClock(ctx, b.At); err != nil {
			return err
		}
		batch, err := value[int64](ctx, t, "read batch", "SELECT batch FROM sync_state WHERE id = 1")
		if err != nil {
			return err
		}
		batch++
		for _, r := range b.Rooms {
			if err := t.storeRoom(ctx, r, batch, b.At); err != nil {
				return err
			}
		}
		for _, i := range b.Invites {
			_, err := t.exec(ctx, "store invite", `INSERT INTO invites (room_id, inviter, direct, at) VALUES (?, ?, ?, ?)
				ON CONFLICT (room_id) DO UPDATE SET inviter = excluded.inviter, direct = excluded.direct, at = excluded.at`,
				i.Room, i.Inviter, i.Direct, stamp(i.At))
			if err != nil {
				return err
			}
		}
		_, err = t.exec(ctx, "store sync token", storeSync, b.Next, batch, stamp(b.At))
		return err
	})
}

func (t *Tx) storeRoom(ctx context.Context, r meeting.RoomBatch, batch int64, at time.Time) error {
	if r.Encrypted {
		if err := t.setEncrypted(ctx, r.Room); err != nil {
			return err
		}
	}
	if r.Limited {
		_, err := t.exec(ctx, "store gap", `INSERT INTO gaps (room_id, prev_batch, batch, state, since) VALUES (?, ?, ?, 'open', ?)`,
			r.Room, r.PrevBatch, batch, stamp(at))
		if err != nil {
			return err
		}
	}
	for i, e := range r.Events {
		if err := t.storeRaw(ctx, e, meeting.Order{Batch: batch, Pos: int64(i) * spacing}, at); err != nil {
			return err
		}
	}
	return nil
}

const storeRaw = `INSERT INTO inbox (event_id, room_id, batch, pos, state, session_id, raw, received_at)
SELECT ?, ?, ?, ?, 'new', ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM vanished WHERE hash = ?)
ON CONFLICT (event_id) DO NOTHING`

func (t *Tx) storeRaw(ctx context.Context, e meeting.RawEvent, o meeting.Order, at time.Time) error {
	_, err := t.exec(ctx, "store event", storeRaw, e.ID, e.Room, o.Batch, o.Pos, e.Session, e.JSON, stamp(at), hashOf(e.ID))
	return err
}

const inboxColumns = `event_id, room_id, batch, pos, state, session_id, coalesce(raw, x''), received_at, attempts, told`

func scanInbox(r row) (meeting.InboxRow, error) {
	var i meeting.InboxRow
	err := r.Scan(&i.ID, &i.Room, &i.Order.Batch, &i.Order.Pos, &i.State, &i.Session, &i.JSON,
		timestamp{&i.Received}, &i.Attempts, &i.Told)
	return i, err
}

// heldAttempts is meeting.HeldAttempts, for SQL.
const heldAttempts = "5"

// limit3 is the limit ?3. SQLite plans a query with LIMIT ?3 anew each time, to
// make use of the number; of a sum it does not know the value.
const limit3 = "?3 + 0"

// The first rows in the server's order whose room has no open gap and no earlier
// row that is parked after one of its first failures. A row that has failed more
// often no longer holds up the others.
const nextNew = `SELECT ` + inboxColumns + ` FROM inbox i
WHERE state = 'new' AND (next_at IS NULL OR next_at <= ?1)
AND NOT EXISTS (SELECT 1 FROM gaps g WHERE g.room_id = i.room_id AND g.state = 'open')
AND NOT EXISTS (SELECT 1 FROM inbox p WHERE p.room_id = i.room_id AND p.state = 'new'
	AND p.next_at > ?1 AND p.attempts <= ` + heldAttempts + ` AND (p.batch, p.pos) < (i.batch, i.pos))
AND room_id NOT IN (SELECT value FROM json_each(?2))
ORDER BY batch, pos LIMIT ` + limit3

const nextWaiting = `SELECT ` + inboxColumns + ` FROM inbox
WHERE state IN ('wait_key', 'fetch') AND next_at <= ?1
AND room_id NOT IN (SELECT value FROM json_each(?2))
ORDER BY next_at, batch, pos LIMIT min(?3, 1)`

// NextInbox returns the oldest rows that can be handled at now, at most limit of
// them; those that waited for a key or are to be fetched come alone.
func (d *DB) NextInbox(ctx context.Context, now time.Time, skip []meeting.RoomID, limit int) ([]meeting.InboxRow, error) {
	var found []meeting.InboxRow
	rooms, err := jsonList(skip)
	if err != nil {
		return nil, err
	}
	err = d.view(ctx, func(t *Tx) error {
		for _, q := range []string{nextNew, nextWaiting} {
			var err error
			found, err = list(ctx, t, "next events", q, []any{stamp(now), rooms, limit}, scanInbox)
			if err != nil || len(found) > 0 {
				return err
			}
		}
		return nil
	})
	return found, err
}

// WaitForKey parks a row until KeyArrived names its session, or until next.
func (d *DB) WaitForKey(ctx context.Context, id meeting.EventID, next time.Time) error {
	return d.set(ctx, "wait for key", `UPDATE inbox SET state = 'wait_key', next_at = ?, attempts = attempts + 1
		WHERE event_id = ? AND state IN ('new', 'wait_key')`, stamp(next), id)
}

// KeyArrived makes the rows that wait for the session ready.
func (d *DB) KeyArrived(ctx context.Context, session string) error {
	return d.set(ctx, "key arrived", `UPDATE inbox SET state = 'new', next_at = NULL WHERE state = 'wait_key' AND session_id = ?`, session)
}

// RetryInbox counts a failed attempt and parks the row until next.
func (d *DB) RetryInbox(ctx context.Context, id meeting.EventID, next time.Time) error {
	return d.set(ctx, "retry event", `UPDATE inbox SET attempts = attempts + 1, next_at = ? WHERE event_id = ?`, stamp(next), id)
}

// BuryInbox gives a row up: its content is deleted, its id is kept.
func (d *DB) BuryInbox(ctx context.Context, id meeting.EventID) error {
	return d.set(ctx, "bury event", `UPDATE inbox SET state = 'dead', raw = NULL, next_at = NULL WHERE event_id = ?`, id)
}

// KnownEvents returns which of the ids the inbox has, or had and must forget.
func (d *DB) KnownEvents(ctx context.Context, ids []meeting.EventID) (map[meeting.EventID]bool, error) {
	known := map[meeting.EventID]bool{}
	arg, err := jsonList(ids)
	if err != nil {
		return nil, err
	}
	err = d.view(ctx, func(t *Tx) error {
		found, err := list(ctx, t, "known events",
			"SELECT event_id FROM inbox WHERE event_id IN (SELECT value FROM json_each(?))", []any{arg}, scanOne[meeting.EventID])
		for _, id := range found {
			known[id] = true
		}
		for _, id := range ids {
			if err == nil && !known[id] {
				known[id], err = value[bool](ctx, t, "known events", "SELECT EXISTS (SELECT 1 FROM vanished WHERE hash = ?)", hashOf(id))
			}
		}
		return err
	})
	return known, err
}

// FinishEvent marks an inbox row as handled: its content is deleted, its id is
// kept.
func (t *Tx) FinishEvent(ctx context.Context, id meeting.EventID) error {
	_, err := t.exec(ctx, "finish event", "UPDATE inbox SET state = 'done', raw = NULL, next_at = NULL WHERE event_id = ?", id)
	return err
}

// ToldUnreadable marks an inbox row as reported to its sender; it keeps waiting.
func (t *Tx) ToldUnreadable(ctx context.Context, id meeting.EventID) error {
	_, err := t.exec(ctx, "mark told", "UPDATE inbox SET told = 1 WHERE event_id = ?", id)
	return err
}

// FetchEvent has an event that the bot has seen fetched from the server again.
// It reports false if the bot never saw it in the room.
func (t *Tx) FetchEvent(ctx context.Context, room meeting.RoomID, id meeting.EventID, now time.Time) (bool, error) {
	n, err := t.exec(ctx, "fetch event", `UPDATE inbox SET state = 'fetch', next_at = ?, attempts = 0
		WHERE event_id = ? AND room_id = ? AND state IN ('done', 'dead', 'fetch')`, stamp(now), id, room)
	return n > 0, err
}

// WaitBehind has an event that is being handled wait with those of the others
// that wait for their keys and whose senders have not been told so yet: it
// becomes ready when they do. It reports false if there are none.
func (t *Tx) WaitBehind(ctx context.Context, room meeting.RoomID, id meeting.EventID, others ...meeting.EventID) (bool, error) {
	arg, err := jsonList(others)
	if err != nil {
		return false, err
	}
	n, err := t.exec(ctx, "wait behind another event", `UPDATE inbox SET state = 'wait_key', session_id = o.session_id, next_at = o.next_at
		FROM (SELECT session_id, next_at FROM inbox WHERE event_id IN (SELECT value FROM json_each(?)) AND room_id = ?
			AND state = 'wait_key' AND told = 0 ORDER BY next_at DESC LIMIT 1) o
		WHERE event_id = ? AND state IN ('new', 'wait_key')`, arg, room, id)
	return n > 0, err
}

// Awaited reports whether the event may still come: it is unknown, or stored
// and not handled yet.
func (t *Tx) Awaited(ctx context.Context, id meeting.EventID) (bool, error) {
	handled, err := value[bool](ctx, t, "look up event",
		"SELECT EXISTS (SELECT 1 FROM inbox WHERE event_id = ? AND state IN ('done', 'dead')) OR EXISTS (SELECT 1 FROM vanished WHERE hash = ?)",
		id, hashOf(id))
	return !handled, err
}

// PlaceOf is an event's place in the server's order; nil if it is not known.
func (t *Tx) PlaceOf(ctx context.Context, id meeting.EventID) (*meeting.Order, error) {
	return get(ctx, t, "look up place", "SELECT batch, pos FROM inbox WHERE event_id = ?", []any{id}, scanOrder)
}

// Parked reports whether the event of the room waits for another attempt to
// handle it.
func (t *Tx) Parked(ctx context.Context, room meeting.RoomID, id meeting.EventID) (bool, error) {
	return value[bool](ctx, t, "look up parked event",
		"SELECT EXISTS (SELECT 1 FROM inbox WHERE event_id = ? AND room_id = ? AND state = 'new' AND attempts > 0)", id, room)
}

// ForgetRaw deletes the stored content of an event that was redacted before it
// was handled.
func (t *Tx) ForgetRaw(ctx context.Context, id meeting.EventID) error {
	n, err := t.exec(ctx, "forget event", `UPDATE inbox SET state = 'done', raw = NULL, next_at = NULL
		WHERE event_id = ? AND state IN ('new', 'wait_key', 'fetch')`, id)
	t.removed = t.removed || n > 0
	return err
}

// Encrypted reports the sticky flag: whether the room was ever encrypted.
func (d *DB) Encrypted(ctx context.Context, room meeting.RoomID) (bool, error) {
	var is bool
	err := d.view(ctx, func(t *Tx) (err error) {
		is, err = value[bool](ctx, t, "read encryption", "SELECT encrypted FROM rooms WHERE room_id = ?", room)
		return err
	})
	return is, err
}

// SetEncrypted sets the sticky flag; nothing takes it back.
func (d *DB) SetEncrypted(ctx context.Context, room meeting.RoomID) error {
	return d.Update(ctx, func(t *Tx) error { return t.setEncrypted(ctx, room) })
}

func (t *Tx) setEncrypted(ctx context.Context, room meeting.RoomID) error {
	_, err := t.exec(ctx, "set encryption", `INSERT INTO rooms (room_id, encrypted) VALUES (?, 1)
		ON CONFLICT (room_id) DO UPDATE SET encrypted = 1`, room)
	return err
}

// DirectRoom is the room for direct messages with the user, or empty.
func (d *DB) DirectRoom(ctx context.Context, user meeting.UserID) (meeting.RoomID, error) {
	var room meeting.RoomID
	err := d.view(ctx, func(t *Tx) (err error) {
		room, err = value[meeting.RoomID](ctx, t, "read direct room", "SELECT room_id FROM direct_rooms WHERE user_id = ?", user)
		return err
	})
	return room, err
}

// SetDirectRoom sets the room for direct messages with the user, unless it is
// another's.
func (d *DB) SetDirectRoom(ctx context.Context, user meeting.UserID, room meeting.RoomID) error {
	return d.set(ctx, "set direct room", bindDirect, user, room)
}

// Invites lists the invitations that can be answered at now, oldest first.
func (d *DB) Invites(ctx context.Context, now time.Time) ([]meeting.Invite, error) {
	var out []meeting.Invite
	err := d.view(ctx, func(t *Tx) (err error) {
		out, err = list(ctx, t, "list invites", `SELECT room_id, inviter, direct, at FROM invites
			WHERE next_at IS NULL OR next_at <= ? ORDER BY at`, []any{stamp(now)},
			func(r row) (meeting.Invite, error) {
				var i meeting.Invite
				err := r.Scan(&i.Room, &i.Inviter, &i.Direct, timestamp{&i.At})
				return i, err
			})
		return err
	})
	return out, err
}

// RetryInvite parks an invitation until next.
func (d *DB) RetryInvite(ctx context.Context, room meeting.RoomID, next time.Time) error {
	return d.set(ctx, "retry invite", "UPDATE invites SET next_at = ? WHERE room_id = ?", stamp(next), room)
}

// DeleteInvite forgets an invitation that has been answered.
func (d *DB) DeleteInvite(ctx context.Context, room meeting.RoomID) error {
	return d.set(ctx, "delete invite", "DELETE FROM invites WHERE room_id = ?", room)
}

// set runs one statement as a transaction of its own.
func (d *DB) set(ctx context.Context, what, query string, args ...any) error {
	return d.Update(ctx, func(t *Tx) error {
		_, err := t.exec(ctx, what, query, args...)
		return err
	})
}

package sqlite

import (
	"context"
	"time"

	"blnbot/internal/meeting"
)

// unplacedMemory is how long an event waits for what it answers, or is about, to be known.
const unplacedMemory = 60 * 24 * time.Hour

// What is answered has not been handled, or waits itself, or is a post of before a
// backup was restored that the bot has not come to again.
const storeUnplaced = `INSERT INTO unplaced (event_id, room_id, author, target, at) SELECT ?1, ?2, ?3, ?4, ?5 WHERE
	NOT EXISTS (SELECT 1 FROM inbox WHERE event_id = ?4 AND state IN ('done', 'dead')) AND NOT EXISTS (SELECT 1 FROM vanished WHERE hash = ?6)
	OR EXISTS (SELECT 1 FROM unplaced WHERE event_id = ?4)
	OR EXISTS (SELECT 1 FROM echoes WHERE event_id = ?4)
ON CONFLICT (event_id) DO NOTHING`

// StoreUnplaced notes that an event answers the target or is about it, if that may
// still turn out to be an entry or a post.
func (t *Tx) StoreUnplaced(ctx context.Context, m meeting.EventMeta, target meeting.EventID, now time.Time) error {
	_, err := t.exec(ctx, "store unplaced message", storeUnplaced, m.ID, m.Room, m.Sender, target, stamp(now), hashOf(target))
	return err
}

// DeleteUnplaced forgets that an event waits for what it answers or is about.
func (t *Tx) DeleteUnplaced(ctx context.Context, id meeting.EventID) error {
	_, err := t.exec(ctx, "delete unplaced message", "DELETE FROM unplaced WHERE event_id = ?", id)
	return err
}

// What waits for an event that is neither entry nor post, and does not wait itself,
// waits in vain, and so does what waits for that.
const dropAnswers = `WITH RECURSIVE vain (event_id) AS (
	SELECT event_id FROM unplaced WHERE target = ?1 AND NOT EXISTS (SELECT 1 FROM unplaced WHERE event_id = ?1)
	AND NOT EXISTS (SELECT 1 FROM entries WHERE event_id = ?1)
	AND NOT EXISTS (SELECT 1 FROM posts WHERE event_id = ?1) AND NOT EXISTS (SELECT 1 FROM echoes WHERE event_id = ?1)
	UNION SELECT u.event_id FROM unplaced u JOIN vain v ON u.target = v.event_id)
DELETE FROM unplaced WHERE event_id IN vain`

// DropAnswers forgets what waits for an event that has been handled now and turned
// out to be nothing that it can belong to, and what was noted long ago.
func (t *Tx) DropAnswers(ctx context.Context, id meeting.EventID, now time.Time) error {
	if _, err := t.exec(ctx, "forget unplaced messages", "DELETE FROM unplaced WHERE at < ?", stamp(now.Add(-unplacedMemory))); err != nil {
		return err
	}
	_, err := t.exec(ctx, "drop answers", dropAnswers, id)
	return err
}

// FetchAnswers has what waits for an event of the room fetched again. It is noted
// until it has been handled.
func (t *Tx) FetchAnswers(ctx context.Context, room meeting.RoomID, target meeting.EventID, now time.Time) error {
	_, err := t.exec(ctx, "fetch answers", `UPDATE inbox SET state = 'fetch', next_at = ?3, attempts = 0 WHERE state = 'done' AND room_id = ?1
		AND event_id IN (SELECT event_id FROM unplaced WHERE target = ?2 AND room_id = ?1)`, room, target, stamp(now))
	return err
}

// fetchPostAnswers has what waits for a post to be known as an event fetched again.
func (t *Tx) fetchPostAnswers(ctx context.Context, key string, now time.Time) error {
	p, err := t.Post(ctx, key)
	if err != nil || p == nil || p.Event == "" {
		return err
	}
	return t.FetchAnswers(ctx, p.Room, p.Event, now)
}

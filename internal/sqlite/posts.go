package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"blnbot/internal/meeting"
)

func jsonList[T any](v []T) (string, error) {
	if v == nil {
		v = []T{}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode list: %w", err)
	}
	return string(b), nil
}

const storePost = `INSERT INTO posts (key, lane, room_id, kind, state, content, meeting_id, prompt, quotes, about, created_at)
VALUES (?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`

// StorePost queues a post. A post whose key exists changes nothing; the result
// says whether it was new.
func (t *Tx) StorePost(ctx context.Context, p meeting.Post, now time.Time) (bool, error) {
	content, err := json.Marshal(p)
	if err != nil {
		return false, fmt.Errorf("encode post: %w", err)
	}
	lane := string(p.Room)
	if p.To != "" {
		lane = string(p.To)
	}
	n, err := t.exec(ctx, "store post", storePost, p.Key, lane, p.Room, p.Kind, content, p.Meeting, p.Prompt, p.Quotes, p.About, stamp(now))
	t.posted = t.posted || n > 0
	if err != nil || n == 0 {
		return false, err
	}
	return true, t.recognise(ctx, p.Key, now)
}

// recognise marks a new post as sent if it has come back from the server before:
// it was sent after the backup was made that the bot now works with.
func (t *Tx) recognise(ctx context.Context, key string, now time.Time) error {
	print := meeting.Fingerprint(key)
	e, err := get(ctx, t, "look up echo", "SELECT room_id, event_id FROM echoes WHERE fingerprint = ?", []any{print}, func(r row) (meeting.EventMeta, error) {
		var m meeting.EventMeta
		err := r.Scan(&m.Room, &m.ID)
		return m, err
	})
	if err != nil || e == nil {
		return err
	}
	if err := t.MarkEcho(ctx, key, e.Room, e.ID, now); err != nil {
		return err
	}
	_, err = t.exec(ctx, "delete echo", "DELETE FROM echoes WHERE fingerprint = ?", print)
	return err
}

// StoreEcho keeps that a post which the database does not know came back from
// the server. The first event of a post counts.
func (t *Tx) StoreEcho(ctx context.Context, print string, room meeting.RoomID, id meeting.EventID, now time.Time) error {
	_, err := t.exec(ctx, "store echo", `INSERT INTO echoes (fingerprint, room_id, event_id, at) VALUES (?, ?, ?, ?)
		ON CONFLICT (fingerprint) DO NOTHING`, print, room, id, stamp(now))
	return err
}

// KeyOf is the key of the post with the fingerprint, among those that have not come
// back from the server yet; empty if there is none.
func (t *Tx) KeyOf(ctx context.Context, print string) (string, error) {
	keys, err := list(ctx, t, "list posts without an echo", "SELECT key FROM posts WHERE echoed = 0 AND state IN ('pending', 'sent')", nil, scanOne[string])
	for _, key := range keys {
		if meeting.Fingerprint(key) == print {
			return key, nil
		}
	}
	return "", err
}

const postColumns = `key, room_id, CASE WHEN room_id = '' THEN lane ELSE '' END, kind, state, coalesce(event_id, ''), echoed, meeting_id, prompt, about`

func scanPost(r row) (meeting.PostRecord, error) {
	var p meeting.PostRecord
	err := r.Scan(&p.Key, &p.Room, &p.To, &p.Kind, &p.State, &p.Event, &p.Echoed, &p.Meeting, &p.Prompt, &p.About)
	return p, err
}

// Post returns the post with the key, or nil.
func (t *Tx) Post(ctx context.Context, key string) (*meeting.PostRecord, error) {
	return get(ctx, t, "read post", "SELECT "+postColumns+" FROM posts WHERE key = ?", []any{key}, scanPost)
}

// PostByEvent returns the post that became the event, or the one that takes the
// event down because it was a post's second; nil if there is neither.
func (t *Tx) PostByEvent(ctx context.Context, id meeting.EventID) (*meeting.PostRecord, error) {
	return get(ctx, t, "read post", "SELECT "+postColumns+" FROM posts WHERE event_id = ? OR key = ?",
		[]any{id, meeting.DoublePrefix + string(id)}, scanPost)
}

// QuotingPosts lists the posts, on their way or sent, that quote the meeting's
// entries.
func (t *Tx) QuotingPosts(ctx context.Context, id int64) ([]meeting.PostRecord, error) {
	return list(ctx, t, "list quoting posts", "SELECT "+postColumns+` FROM posts
		WHERE quotes = ? AND state IN ('pending', 'sent') ORDER BY seq`, []any{id}, scanPost)
}

// PostsWithPrefix lists the posts, on their way or sent, whose key has the prefix.
func (t *Tx) PostsWithPrefix(ctx context.Context, prefix string) ([]meeting.PostRecord, error) {
	return list(ctx, t, "list posts", "SELECT "+postColumns+` FROM posts
		WHERE key >= ?1 AND key < ?1 || char(1114111) AND state IN ('pending', 'sent') ORDER BY seq`, []any{prefix}, scanPost)
}

// CountPosts counts the posts, whatever became of them, whose key has the
// prefix.
func (t *Tx) CountPosts(ctx context.Context, prefix string) (int, error) {
	return value[int](ctx, t, "count posts", "SELECT count(*) FROM posts WHERE key >= ?1 AND key < ?1 || char(1114111)", prefix)
}

// Unquote notes that a post no longer quotes anything, because it is being
// removed.
func (t *Tx) Unquote(ctx context.Context, key string) error {
	_, err := t.exec(ctx, "unquote post", "UPDATE posts SET quotes = 0 WHERE key = ?", key)
	return err
}

// CancelPost takes back a post that no attempt was made to send; false if it is
// too late for that.
func (t *Tx) CancelPost(ctx context.Context, key string) (bool, error) {
	n, err := t.exec(ctx, "cancel post", `UPDATE posts SET state = 'cancelled', content = NULL
		WHERE key = ? AND state = 'pending' AND attempts = 0`, key)
	return n > 0, err
}

// FailedPosts counts the posts that could not be sent.
func (t *Tx) FailedPosts(ctx context.Context) (int, error) {
	return value[int](ctx, t, "count failed posts", "SELECT count(*) FROM posts WHERE state = 'failed'")
}

const markSent = `UPDATE posts SET state = 'sent', content = NULL, next_at = NULL, event_id = coalesce(event_id, ?2),
	room_id = CASE WHEN ?3 = '' THEN room_id ELSE ?3 END, sent_at = coalesce(sent_at, ?4) WHERE key = ?1 AND state IN ('pending', 'sent')`

// MarkEcho notes that the post came back from the server as the event.
func (t *Tx) MarkEcho(ctx context.Context, key string, room meeting.RoomID, id meeting.EventID, now time.Time) error {
	if err := t.markSent(ctx, key, room, id, now); err != nil {
		return err
	}
	_, err := t.exec(ctx, "mark echo", "UPDATE posts SET echoed = 1 WHERE key = ?", key)
	return err
}

// markSent notes which event the post became. What was answered to it before that
// was known finds its place now.
func (t *Tx) markSent(ctx context.Context, key string, room meeting.RoomID, id meeting.EventID, now time.Time) error {
	if _, err := t.exec(ctx, "mark sent", markSent, key, nullable(string(id)), room, stamp(now)); err != nil {
		return err
	}
	return t.fetchPostAnswers(ctx, key, now)
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// headOfLane holds for p if its lane is not busy and no pending post in it is
// older.
const headOfLane = `p.state = 'pending' AND p.lane NOT IN (SELECT value FROM json_each(?2))
	AND NOT EXISTS (SELECT 1 FROM posts e WHERE e.state = 'pending' AND e.lane = p.lane AND e.seq < p.seq)`

// Both parts go along posts_next and end after a few posts, however many wait.
const nextPosts = `SELECT key, room_id, content, attempts, lane, created_at FROM posts WHERE seq IN (
	SELECT seq FROM (SELECT p.seq FROM posts p WHERE p.next_at IS NULL AND ` + headOfLane + ` ORDER BY p.seq LIMIT ` + limit3 + `)
	UNION ALL
	SELECT p.seq FROM posts p WHERE p.next_at <= ?1 AND ` + headOfLane + `)
ORDER BY seq LIMIT ` + limit3

// NextPosts returns the oldest pending post of each lane (a room or the
// receiver of direct messages) that is due at now and not busy, oldest first,
// with its references resolved.
func (d *DB) NextPosts(ctx context.Context, now time.Time, busy []string, limit int) ([]meeting.Delivery, error) {
	var out []meeting.Delivery
	lanes, err := jsonList(busy)
	if err != nil {
		return nil, err
	}
	err = d.view(ctx, func(t *Tx) error {
		found, err := list(ctx, t, "next posts", nextPosts, []any{stamp(now), lanes, limit}, scanDelivery)
		for i := range found {
			for _, r := range []struct {
				ref meeting.Ref
				to  *meeting.EventID
			}{{found[i].Thread, &found[i].ThreadID}, {found[i].ReplyTo, &found[i].ReplyToID}, {found[i].Target, &found[i].TargetID}} {
				if *r.to, err = t.resolve(ctx, r.ref); err != nil {
					return err
				}
			}
		}
		out = found
		return err
	})
	return out, err
}

// scanDelivery reads a post. One that makes no sense, as another version may have
// left it, comes without a kind: nobody can send it, and so it is given up and
// told of like others, instead of holding up all rooms.
func scanDelivery(r row) (meeting.Delivery, error) {
	var d meeting.Delivery
	var whose meeting.Post
	var content []byte
	if err := r.Scan(&whose.Key, &whose.Room, &content, &d.Attempts, &d.Lane, timestamp{&d.Created}); err != nil {
		return d, err
	}
	if json.Unmarshal(content, &d.Post) != nil || d.Key != whose.Key {
		d.Post = whose
	}
	return d, nil
}

func (t *Tx) resolve(ctx context.Context, ref meeting.Ref) (meeting.EventID, error) {
	if ref.Event != "" || ref.Key == "" {
		return ref.Event, nil
	}
	return value[meeting.EventID](ctx, t, "resolve post", "SELECT coalesce(event_id, '') FROM posts WHERE key = ?", ref.Key)
}

// AttemptPost notes that the post is about to be sent, so that it can no longer
// be taken back unseen. It is false if the post has been taken back since it was
// read: then it must not be sent.
func (d *DB) AttemptPost(ctx context.Context, key string) (bool, error) {
	var n int64
	err := d.Update(ctx, func(t *Tx) (err error) {
		n, err = t.exec(ctx, "attempt post", "UPDATE posts SET attempts = attempts + 1, next_at = NULL WHERE key = ? AND state = 'pending'", key)
		return err
	})
	return n > 0, err
}

// MarkSent notes that the server accepted the post as the event.
func (d *DB) MarkSent(ctx context.Context, key string, room meeting.RoomID, id meeting.EventID, now time.Time) error {
	return d.Update(ctx, func(t *Tx) error { return t.markSent(ctx, key, room, id, now) })
}

// RetryPost parks a post until next.
func (d *DB) RetryPost(ctx context.Context, key string, next time.Time) error {
	return d.set(ctx, "retry post", "UPDATE posts SET next_at = ? WHERE key = ? AND state = 'pending'", stamp(next), key)
}

// FailPost gives a post up and deletes its content.
func (t *Tx) FailPost(ctx context.Context, key string) error {
	_, err := t.exec(ctx, "fail post", "UPDATE posts SET state = 'failed', content = NULL WHERE key = ? AND state = 'pending'", key)
	return err
}

// NextPostTime is when the next parked post is due; zero if none is.
func (d *DB) NextPostTime(ctx context.Context) (time.Time, error) {
	var at time.Time
	err := d.view(ctx, func(t *Tx) error {
		found, err := get(ctx, t, "next post time", "SELECT min(next_at) FROM posts WHERE state = 'pending' AND next_at IS NOT NULL", nil,
			func(r row) (time.Time, error) {
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

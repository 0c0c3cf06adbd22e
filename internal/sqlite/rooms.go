package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"blnbot/internal/meeting"
)

// StoreReplaced notes that a room says that it was replaced, and whether the
// bot has followed.
func (t *Tx) StoreReplaced(ctx context.Context, room, next meeting.RoomID, moved bool) error {
	_, err := t.exec(ctx, "store replaced room", `INSERT INTO replaced (room_id, next_id, moved) VALUES (?, ?, ?)
		ON CONFLICT (room_id) DO UPDATE SET next_id = excluded.next_id, moved = excluded.moved`, room, next, moved)
	return err
}

// Replacement returns the room that is said to replace the room, or empty.
func (t *Tx) Replacement(ctx context.Context, room meeting.RoomID) (meeting.RoomID, error) {
	return value[meeting.RoomID](ctx, t, "read replaced room", "SELECT next_id FROM replaced WHERE room_id = ?", room)
}

// the ends of the ways that begin at ?1; a way that leads in a circle has none.
const successor = `WITH RECURSIVE way (room_id, steps) AS (SELECT ?1, 0
	UNION ALL SELECT r.next_id, steps + 1 FROM way JOIN replaced r USING (room_id) WHERE r.moved AND steps < 50)
SELECT room_id FROM way WHERE NOT EXISTS (SELECT 1 FROM replaced r WHERE r.room_id = way.room_id AND r.moved)`

// Successor returns the room that the bot followed to from the room, however
// often that was replaced; the room itself if it was not.
func (t *Tx) Successor(ctx context.Context, room meeting.RoomID) (meeting.RoomID, error) {
	found, err := value[meeting.RoomID](ctx, t, "follow replaced rooms", successor, room)
	if err != nil || found == "" {
		return room, err
	}
	return found, nil
}

// ParkPost has a post wait that the bot may not send now. Lane is where it
// waits: what follows it there waits too.
func (t *Tx) ParkPost(ctx context.Context, key, lane string, next time.Time) error {
	_, err := t.exec(ctx, "park post", "UPDATE posts SET next_at = ?, lane = ? WHERE key = ? AND state = 'pending'", stamp(next), lane, key)
	return err
}

// UnparkPosts has what waits for the room sent now.
func (t *Tx) UnparkPosts(ctx context.Context, room meeting.RoomID) error {
	n, err := t.exec(ctx, "unpark posts", "UPDATE posts SET next_at = NULL WHERE room_id = ? AND state = 'pending' AND next_at IS NOT NULL", room)
	t.posted = t.posted || n > 0
	return err
}

// MovePosts redirects what waits to be said in a room to the one that replaces
// it. Prompts are given up, for they are posted anew, and so is what points at
// an event of the old room; removals go on waiting there.
func (t *Tx) MovePosts(ctx context.Context, from, to meeting.RoomID) error {
	waiting, err := list(ctx, t, "list waiting posts", "SELECT content, attempts FROM posts WHERE room_id = ? AND state = 'pending' ORDER BY seq",
		[]any{from}, func(r row) (meeting.Delivery, error) {
			var d meeting.Delivery
			var content []byte
			if err := r.Scan(&content, &d.Attempts); err != nil {
				return d, err
			}
			return d, json.Unmarshal(content, &d.Post)
		})
	if err != nil {
		return err
	}
	for _, d := range waiting {
		p := d.Post
		plain := p.Kind == meeting.PostText || p.Kind == meeting.PostNotice || p.Kind == meeting.PostFile
		switch {
		case p.Kind == meeting.PostRedact:
			continue
		case !plain || p.Prompt > 0 || p.Thread.Event != "":
			if err := t.FailPost(ctx, p.Key); err != nil {
				return err
			}
			continue
		}
		p.Room, p.ReplyTo = to, meeting.Ref{}
		content, err := json.Marshal(p)
		if err != nil {
			return fmt.Errorf("encode post: %w", err)
		}
		_, err = t.exec(ctx, "move post", "UPDATE posts SET content = ?1, room_id = ?2, lane = ?2, next_at = NULL WHERE key = ?3", content, to, p.Key)
		if err != nil {
			return err
		}
		t.posted = true
	}
	return nil
}

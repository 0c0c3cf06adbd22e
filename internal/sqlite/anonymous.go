package sqlite

import (
	"context"
	"crypto/sha256"
	"time"

	"blnbot/internal/meeting"
)

// StoreAnonymous keeps an anonymous entry until it is due to be posted.
func (t *Tx) StoreAnonymous(ctx context.Context, a meeting.Anonymous) error {
	_, err := t.exec(ctx, "store anonymous entry", "INSERT INTO anonymous (id, meeting_id, prompt, body, due) VALUES (?, ?, ?, ?, ?)",
		a.ID, a.Meeting, a.Prompt, a.Body, stamp(a.Due))
	return err
}

func scanAnonymous(r row) (meeting.Anonymous, error) {
	var a meeting.Anonymous
	err := r.Scan(&a.ID, &a.Meeting, &a.Prompt, &a.Body, timestamp{&a.Due})
	return a, err
}

// DueAnonymous lists the anonymous entries that are due at now.
func (t *Tx) DueAnonymous(ctx context.Context, now time.Time) ([]meeting.Anonymous, error) {
	return list(ctx, t, "list anonymous entries", "SELECT id, meeting_id, prompt, body, due FROM anonymous WHERE due <= ? ORDER BY id",
		[]any{stamp(now)}, scanAnonymous)
}

// Anonymous returns an anonymous entry on its way, or nil.
func (t *Tx) Anonymous(ctx context.Context, id string) (*meeting.Anonymous, error) {
	return get(ctx, t, "read anonymous entry", "SELECT id, meeting_id, prompt, body, due FROM anonymous WHERE id = ?", []any{id}, scanAnonymous)
}

// DeleteAnonymous deletes an anonymous entry that has become an entry.
func (t *Tx) DeleteAnonymous(ctx context.Context, id string) error {
	_, err := t.exec(ctx, "delete anonymous entry", "DELETE FROM anonymous WHERE id = ?", id)
	t.removed = true
	return err
}

// VanishEvent deletes the row of a handled event, so that nothing tells who
// sent something when. A hash is kept against a second delivery.
func (t *Tx) VanishEvent(ctx context.Context, id meeting.EventID) error {
	t.removed = true
	if _, err := t.exec(ctx, "vanish event", "DELETE FROM inbox WHERE event_id = ?", id); err != nil {
		return err
	}
	_, err := t.exec(ctx, "vanish event", "INSERT INTO vanished (hash) VALUES (?) ON CONFLICT DO NOTHING", hashOf(id))
	return err
}

func hashOf(id meeting.EventID) []byte {
	h := sha256.Sum256([]byte(id))
	return h[:]
}

// VanishPost deletes the row of a post that was sent.
func (t *Tx) VanishPost(ctx context.Context, key string) error {
	_, err := t.exec(ctx, "vanish post", "DELETE FROM posts WHERE key = ?", key)
	t.removed = true
	return err
}

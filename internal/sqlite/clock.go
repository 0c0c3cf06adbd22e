package sqlite

import (
	"context"
	"time"
)

// setBack is by how much a clock must have been set back to matter: no longer
// than what waits may wait in vain.
const setBack = time.Minute

// parked are the tables in which rows wait until a time, and which of them do.
var parked = []string{
	"UPDATE posts SET next_at = ?1 WHERE state = 'pending' AND next_at > ?1",
	"UPDATE inbox SET next_at = ?1 WHERE state IN ('new', 'wait_key', 'fetch') AND next_at > ?1",
	"UPDATE gaps SET next_at = ?1 WHERE state = 'open' AND next_at > ?1",
	"UPDATE checks SET next_at = ?1 WHERE state = 'open' AND next_at > ?1",
	"UPDATE invites SET next_at = ?1 WHERE next_at > ?1",
}

// noteClock has everything that waits tried at once if the last sync answer
// was stored later than now: then the clock has been set back, and times that
// were meant to be minutes ahead can be hours or years ahead.
func (t *Tx) noteClock(ctx context.Context, now time.Time) error {
	back, err := value[bool](ctx, t, "compare clock", "SELECT at > ? FROM sync_state WHERE id = 1", stamp(now.Add(setBack)))
	if err != nil || !back {
		return err
	}
	for _, query := range parked {
		if _, err := t.exec(ctx, "unpark", query, stamp(now)); err != nil {
			return err
		}
	}
	t.posted = true
	return nil
}

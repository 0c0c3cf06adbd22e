package sqlite

import (
	"context"

	"blnbot/internal/meeting"
)

// HideEntry notes that what identifies people in an entry is not to be kept.
func (t *Tx) HideEntry(ctx context.Context, id meeting.EventID) error {
	_, err := t.exec(ctx, "hide entry", "INSERT INTO hidden (event_id) VALUES (?) ON CONFLICT DO NOTHING", id)
	return err
}

// Hidden reports whether HideEntry was called for the entry.
func (t *Tx) Hidden(ctx context.Context, id meeting.EventID) (bool, error) {
	return value[bool](ctx, t, "read hidden", "SELECT count(*) FROM hidden WHERE event_id = ?", id)
}

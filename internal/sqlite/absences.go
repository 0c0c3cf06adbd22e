package sqlite

import (
	"context"
	"time"

	"blnbot/internal/meeting"
)

// StoreAbsence notes that a leader is away until then.
func (t *Tx) StoreAbsence(ctx context.Context, network string, user meeting.UserID, until time.Time) error {
	_, err := t.exec(ctx, "store absence", `INSERT INTO absences (network, user_id, until) VALUES (?, ?, ?)
		ON CONFLICT (network, user_id) DO UPDATE SET until = excluded.until`, network, user, stamp(until))
	return err
}

// DeleteAbsence notes that a leader is back; false if the leader was not away.
func (t *Tx) DeleteAbsence(ctx context.Context, network string, user meeting.UserID) (bool, error) {
	n, err := t.exec(ctx, "delete absence", "DELETE FROM absences WHERE network = ? AND user_id = ?", network, user)
	return n > 0, err
}

// Absent lists the leaders who are away at now, by network.
func (t *Tx) Absent(ctx context.Context, now time.Time) (map[string][]meeting.UserID, error) {
	out := map[string][]meeting.UserID{}
	_, err := list(ctx, t, "list absences", "SELECT network, user_id FROM absences WHERE until > ? ORDER BY user_id", []any{stamp(now)},
		func(r row) (struct{}, error) {
			var network string
			var user meeting.UserID
			err := r.Scan(&network, &user)
			out[network] = append(out[network], user)
			return struct{}{}, err
		})
	return out, err
}

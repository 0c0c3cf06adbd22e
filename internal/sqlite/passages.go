package sqlite

import (
	"context"
	"time"

	"blnbot/internal/meeting"
)

// StorePassage keeps a coming or going to be told when it is due.
func (t *Tx) StorePassage(ctx context.Context, p meeting.Passage) error {
	_, err := t.exec(ctx, "store passage", `INSERT INTO passages (event_id, network, user_id, sender, gone, due) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`, p.Event, p.Network, p.User, p.By, p.Left, stamp(p.Due))
	return err
}

// DuePassages lists the comings and goings to be told at now.
func (t *Tx) DuePassages(ctx context.Context, now time.Time) ([]meeting.Passage, error) {
	return list(ctx, t, "list passages", "SELECT event_id, network, user_id, sender, gone, due FROM passages WHERE due <= ? ORDER BY due, event_id",
		[]any{stamp(now)}, func(r row) (meeting.Passage, error) {
			var p meeting.Passage
			err := r.Scan(&p.Event, &p.Network, &p.User, &p.By, &p.Left, timestamp{&p.Due})
			return p, err
		})
}

// DeletePassage forgets a coming or going that has been told.
func (t *Tx) DeletePassage(ctx context.Context, id meeting.EventID) error {
	_, err := t.exec(ctx, "delete passage", "DELETE FROM passages WHERE event_id = ?", id)
	return err
}

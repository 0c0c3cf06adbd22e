package sqlite

import (
	"context"
	"time"

	"blnbot/internal/meeting"
)

const summaryColumns = `meeting_id, state, version, revision, post, taken, comments, drafted_at, object_by, nudges, shared_at, shared_by`

func scanSummary(r row) (meeting.Summary, error) {
	var s meeting.Summary
	err := r.Scan(&s.Meeting, &s.State, &s.Version, &s.Revision, &s.Post, &s.Taken, &s.Comments, timestamp{&s.Drafted},
		timestamp{&s.ObjectBy}, &s.Nudges, timestamp{&s.Shared}, &s.By)
	return s, err
}

// Summary returns the meeting's summary with its points, or nil.
func (t *Tx) Summary(ctx context.Context, id int64) (*meeting.Summary, error) {
	s, err := get(ctx, t, "read summary", "SELECT "+summaryColumns+" FROM summaries WHERE meeting_id = ?", []any{id}, scanSummary)
	if err != nil || s == nil {
		return s, err
	}
	return s, t.fillSummary(ctx, s)
}

// Drafts lists the summaries that wait for approval.
func (t *Tx) Drafts(ctx context.Context) ([]meeting.Draft, error) {
	return list(ctx, t, "list drafts", `SELECT s.meeting_id, m.network, s.drafted_at, s.object_by, s.nudges
		FROM summaries s JOIN meetings m ON m.id = s.meeting_id WHERE s.state = 'draft' ORDER BY s.meeting_id`, nil, func(r row) (meeting.Draft, error) {
		var d meeting.Draft
		err := r.Scan(&d.Meeting, &d.Network, timestamp{&d.Drafted}, timestamp{&d.ObjectBy}, &d.Nudges)
		return d, err
	})
}

// LastShared returns the network's shared summary with the highest number below
// the given one, or nil.
func (t *Tx) LastShared(ctx context.Context, network string, below int) (*meeting.Summary, error) {
	id, err := value[int64](ctx, t, "find last summary", `SELECT m.id FROM meetings m JOIN summaries s ON s.meeting_id = m.id
		WHERE m.network = ? AND m.number < ? AND s.state = 'shared' ORDER BY m.number DESC LIMIT 1`, network, below)
	if err != nil || id == 0 {
		return nil, err
	}
	return t.Summary(ctx, id)
}

func (t *Tx) fillSummary(ctx context.Context, s *meeting.Summary) (err error) {
	s.Points, err = list(ctx, t, "read points", `SELECT prompt, number, text, role, support, edited, dropped, late
		FROM points WHERE meeting_id = ? ORDER BY prompt, number`, []any{s.Meeting}, func(r row) (meeting.Point, error) {
		var p meeting.Point
		err := r.Scan(&p.Prompt, &p.Number, &p.Text, &p.Role, &p.Support, &p.Edited, &p.Dropped, &p.Late)
		return p, err
	})
	if err != nil {
		return err
	}
	for i := range s.Points {
		p := &s.Points[i]
		p.Entries, err = list(ctx, t, "read sources", `SELECT event_id FROM point_entries
			WHERE meeting_id = ? AND prompt = ? AND number = ? ORDER BY rank`, []any{s.Meeting, p.Prompt, p.Number}, scanOne[meeting.EventID])
		if err != nil {
			return err
		}
	}
	return nil
}

const storeSummary = `INSERT INTO summaries (` + summaryColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (meeting_id) DO UPDATE SET state = excluded.state, version = excluded.version, revision = excluded.revision,
	post = excluded.post, taken = excluded.taken, comments = excluded.comments, drafted_at = excluded.drafted_at,
	object_by = excluded.object_by, nudges = excluded.nudges, shared_at = excluded.shared_at, shared_by = excluded.shared_by`

// StoreSummary inserts or replaces the meeting's summary and its points.
func (t *Tx) StoreSummary(ctx context.Context, s *meeting.Summary) error {
	_, err := t.exec(ctx, "store summary", storeSummary, s.Meeting, s.State, s.Version, s.Revision, s.Post, s.Taken, s.Comments,
		stamp(s.Drafted), stamp(s.ObjectBy), s.Nudges, stamp(s.Shared), s.By)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, "clear points", "DELETE FROM points WHERE meeting_id = ?", s.Meeting); err != nil {
		return err
	}
	for _, p := range s.Points {
		_, err := t.exec(ctx, "store point", `INSERT INTO points (meeting_id, prompt, number, text, role, support, edited, dropped, late)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, s.Meeting, p.Prompt, p.Number, p.Text, p.Role, p.Support, p.Edited, p.Dropped, p.Late)
		if err != nil {
			return err
		}
		for i, id := range p.Entries {
			_, err := t.exec(ctx, "store source", `INSERT INTO point_entries (meeting_id, prompt, number, rank, event_id)
				VALUES (?, ?, ?, ?, ?)`, s.Meeting, p.Prompt, p.Number, i, id)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// SyncedAt is when the last sync answer was stored; zero if none was.
func (t *Tx) SyncedAt(ctx context.Context) (time.Time, error) {
	found, err := get(ctx, t, "read sync time", "SELECT at FROM sync_state WHERE id = 1", nil, func(r row) (time.Time, error) {
		var at time.Time
		err := r.Scan(timestamp{&at})
		return at, err
	})
	if err != nil || found == nil {
		return time.Time{}, err
	}
	return *found, nil
}

package sqlite

import (
	"context"
	"database/sql"
	"time"

	"blnbot/internal/meeting"
)

const meetingColumns = `id, network, programme, number, of, state, coalesce(occurrence, ''), due, title, intro, kind,
	opened_at, closes_at, remind_at, closed_at, shared_at, recap, opening, closing`

func scanMeeting(r row) (meeting.Meeting, error) {
	var m meeting.Meeting
	err := r.Scan(&m.ID, &m.Network, &m.Programme, &m.Number, &m.Of, &m.State, &m.Occurrence, timestamp{&m.Due},
		&m.Title, &m.Intro, &m.Kind, timestamp{&m.OpenedAt}, timestamp{&m.ClosesAt}, timestamp{&m.RemindAt},
		timestamp{&m.ClosedAt}, timestamp{&m.SharedAt}, &m.Recap, &m.Opening, &m.Closing)
	return m, err
}

// Meeting returns the network's n-th meeting, or nil.
func (t *Tx) Meeting(ctx context.Context, network string, number int) (*meeting.Meeting, error) {
	return t.meeting(ctx, "WHERE network = ? AND number = ?", network, number)
}

// MeetingByID returns the meeting, or nil.
func (t *Tx) MeetingByID(ctx context.Context, id int64) (*meeting.Meeting, error) {
	return t.meeting(ctx, "WHERE id = ?", id)
}

func (t *Tx) meeting(ctx context.Context, where string, args ...any) (*meeting.Meeting, error) {
	m, err := get(ctx, t, "read meeting", "SELECT "+meetingColumns+" FROM meetings "+where, args, scanMeeting)
	if err != nil || m == nil {
		return m, err
	}
	return m, t.fillMeeting(ctx, m)
}

func (t *Tx) fillMeeting(ctx context.Context, m *meeting.Meeting) (err error) {
	m.Prompts, err = list(ctx, t, "read prompts", "SELECT text FROM prompts WHERE meeting_id = ? ORDER BY number",
		[]any{m.ID}, scanOne[string])
	if err != nil {
		return err
	}
	m.Materials, err = list(ctx, t, "read materials", "SELECT title, url FROM materials WHERE meeting_id = ? ORDER BY number",
		[]any{m.ID}, func(r row) (meeting.Material, error) {
			var v meeting.Material
			err := r.Scan(&v.Title, &v.URL)
			return v, err
		})
	return err
}

// Meetings lists the network's meetings that there is a record of, by number.
func (t *Tx) Meetings(ctx context.Context, network string) ([]meeting.Meeting, error) {
	return t.meetings(ctx, "WHERE network = ? ORDER BY number", network)
}

// RoundMeetings lists a programme's n-th meetings of all networks.
func (t *Tx) RoundMeetings(ctx context.Context, programme string, number int) ([]meeting.Meeting, error) {
	return t.meetings(ctx, "WHERE programme = ? AND number = ? ORDER BY network", programme, number)
}

// DueMeetings lists the meetings for which the clock has something to do at
// now: planned ones that are due, open ones to remind of or to close. One that is
// being closed is closed to the end, whatever the clock has been set to meanwhile.
func (t *Tx) DueMeetings(ctx context.Context, now time.Time) ([]meeting.Meeting, error) {
	return t.meetings(ctx, `WHERE state = 'planned' AND due <= ?1
		OR state = 'open' AND (closing OR closes_at <= ?1 OR remind_at <= ?1) ORDER BY id`, stamp(now))
}

func (t *Tx) meetings(ctx context.Context, where string, args ...any) ([]meeting.Meeting, error) {
	found, err := list(ctx, t, "list meetings", "SELECT "+meetingColumns+" FROM meetings "+where, args, scanMeeting)
	if err != nil {
		return nil, err
	}
	for i := range found {
		if err := t.fillMeeting(ctx, &found[i]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// OpenMeetings lists the open meetings of all networks.
func (t *Tx) OpenMeetings(ctx context.Context) ([]meeting.Meeting, error) {
	return t.meetings(ctx, "WHERE state = 'open' ORDER BY id")
}

// Recapped lists the network's meetings whose opening quotes the meeting's
// summary.
func (t *Tx) Recapped(ctx context.Context, id int64) ([]meeting.Meeting, error) {
	return t.meetings(ctx, "WHERE recap = ? ORDER BY number", id)
}

// OccurrenceUsed reports whether a meeting of the network answers to the
// occurrence already.
func (t *Tx) OccurrenceUsed(ctx context.Context, network, key string) (bool, error) {
	return value[bool](ctx, t, "look up occurrence", "SELECT count(*) > 0 FROM meetings WHERE network = ? AND occurrence = ?", network, key)
}

const storeMeeting = `INSERT INTO meetings (network, programme, number, of, state, occurrence, due, title, intro, kind,
	opened_at, closes_at, remind_at, closed_at, shared_at, recap, opening, closing) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (network, number) DO UPDATE SET programme = excluded.programme, of = excluded.of, state = excluded.state,
	occurrence = excluded.occurrence, due = excluded.due, title = excluded.title, intro = excluded.intro, kind = excluded.kind,
	opened_at = excluded.opened_at, closes_at = excluded.closes_at, remind_at = excluded.remind_at,
	closed_at = excluded.closed_at, shared_at = excluded.shared_at, recap = excluded.recap, opening = excluded.opening, closing = excluded.closing
RETURNING id`

// StoreMeeting inserts or updates the meeting by network and number, and sets
// its ID. Prompts and materials are written when there are none yet.
func (t *Tx) StoreMeeting(ctx context.Context, m *meeting.Meeting) error {
	found, err := get(ctx, t, "store meeting", storeMeeting, []any{m.Network, m.Programme, m.Number, m.Of, m.State,
		sql.NullString{String: m.Occurrence, Valid: m.Occurrence != ""}, stamp(m.Due), m.Title, m.Intro, m.Kind,
		stamp(m.OpenedAt), stamp(m.ClosesAt), stamp(m.RemindAt), stamp(m.ClosedAt), stamp(m.SharedAt), m.Recap, m.Opening, m.Closing}, scanOne[int64])
	if err != nil {
		return err
	}
	m.ID = *found
	for i, p := range m.Prompts {
		if _, err := t.exec(ctx, "store prompt", "INSERT INTO prompts (meeting_id, number, text) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
			m.ID, i+1, p); err != nil {
			return err
		}
	}
	for i, v := range m.Materials {
		if _, err := t.exec(ctx, "store material", "INSERT INTO materials (meeting_id, number, title, url) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
			m.ID, i+1, v.Title, v.URL); err != nil {
			return err
		}
	}
	return nil
}

// SetAttendance sets who was at the physical meeting, by role.
func (t *Tx) SetAttendance(ctx context.Context, id int64, c meeting.RoleCount) error {
	if _, err := t.exec(ctx, "clear attendance", "DELETE FROM attendance WHERE meeting_id = ?", id); err != nil {
		return err
	}
	for r, n := range c {
		if _, err := t.exec(ctx, "store attendance", "INSERT INTO attendance (meeting_id, role, count) VALUES (?, ?, ?)", id, r, n); err != nil {
			return err
		}
	}
	return nil
}

// Attendance is who was at the physical meeting, by role.
func (t *Tx) Attendance(ctx context.Context, id int64) (meeting.RoleCount, error) {
	return t.roleCount(ctx, "SELECT role, count FROM attendance WHERE meeting_id = ?", id)
}

func (t *Tx) roleCount(ctx context.Context, query string, args ...any) (meeting.RoleCount, error) {
	c := meeting.RoleCount{}
	_, err := list(ctx, t, "count roles", query, args, func(r row) (struct{}, error) {
		var role meeting.Role
		var n int
		err := r.Scan(&role, &n)
		c[role] += n
		return struct{}{}, err
	})
	return c, err
}

// Cursors returns until when each network's schedule has been worked off.
func (t *Tx) Cursors(ctx context.Context) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	_, err := list(ctx, t, "read cursors", "SELECT network, at FROM cursors", nil, func(r row) (struct{}, error) {
		var id string
		var at time.Time
		err := r.Scan(&id, timestamp{&at})
		out[id] = at
		return struct{}{}, err
	})
	return out, err
}

// SetCursor notes that the network's schedule has been worked off until at.
func (t *Tx) SetCursor(ctx context.Context, network string, at time.Time) error {
	_, err := t.exec(ctx, "set cursor", `INSERT INTO cursors (network, at) VALUES (?, ?)
		ON CONFLICT (network) DO UPDATE SET at = excluded.at`, network, stamp(at))
	return err
}

// TouchRound notes that the state of a round has changed. It reports true if
// the round is new.
func (t *Tx) TouchRound(ctx context.Context, programme string, number int, title string) (bool, error) {
	n, err := t.exec(ctx, "store round", `INSERT INTO rounds (programme, number, title, dirty) VALUES (?, ?, ?, 0)
		ON CONFLICT DO NOTHING`, programme, number, title)
	if err != nil || n > 0 {
		return n > 0, err
	}
	_, err = t.exec(ctx, "touch round", "UPDATE rounds SET dirty = 1 WHERE programme = ? AND number = ?", programme, number)
	return false, err
}

// DirtyRounds lists the rounds that have changed since they were shown.
func (t *Tx) DirtyRounds(ctx context.Context) ([]meeting.Round, error) {
	return list(ctx, t, "list rounds", "SELECT programme, number, title, edits FROM rounds WHERE dirty = 1 ORDER BY programme, number", nil,
		func(r row) (meeting.Round, error) {
			var v meeting.Round
			err := r.Scan(&v.Programme, &v.Number, &v.Title, &v.Edits)
			return v, err
		})
}

// RoundShown notes that a round is shown as it is now, and counts the edit.
func (t *Tx) RoundShown(ctx context.Context, r meeting.Round) error {
	_, err := t.exec(ctx, "round shown", "UPDATE rounds SET dirty = 0, edits = edits + 1 WHERE programme = ? AND number = ?", r.Programme, r.Number)
	return err
}

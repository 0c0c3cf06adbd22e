package sqlite

import (
	"context"

	"blnbot/internal/meeting"
)

const leadersColumns = `programme, number, after, at, dropped, agenda, listed, themes, stale`

// LeadersRecords lists what was posted about the leaders' meetings.
func (t *Tx) LeadersRecords(ctx context.Context) ([]meeting.LeadersRecord, error) {
	return list(ctx, t, "list leaders' meetings", "SELECT "+leadersColumns+" FROM leaders_meetings ORDER BY programme, number, after", nil,
		func(r row) (meeting.LeadersRecord, error) {
			var l meeting.LeadersRecord
			err := r.Scan(&l.Programme, &l.Round, &l.After, timestamp{&l.At}, &l.Dropped, &l.Agenda, &l.Listed, &l.Themes, &l.Stale)
			return l, err
		})
}

const storeLeadersRecord = `INSERT INTO leaders_meetings (` + leadersColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (programme, number, after) DO UPDATE SET at = excluded.at, dropped = excluded.dropped, agenda = excluded.agenda,
	listed = excluded.listed, themes = excluded.themes, stale = excluded.stale`

// StoreLeadersRecord inserts or replaces what was posted about a leaders'
// meeting.
func (t *Tx) StoreLeadersRecord(ctx context.Context, l meeting.LeadersRecord) error {
	_, err := t.exec(ctx, "store leaders' meeting", storeLeadersRecord, l.Programme, l.Round, l.After, stamp(l.At), l.Dropped, l.Agenda, l.Listed, l.Themes, l.Stale)
	return err
}

const calendarColumns = `uid, network, number, sequence, starts_at, ends_at, cancelled`

func scanCalendarEvent(r row) (meeting.CalendarEvent, error) {
	var e meeting.CalendarEvent
	err := r.Scan(&e.UID, &e.Network, &e.Number, &e.Sequence, timestamp{&e.Start}, timestamp{&e.End}, &e.Cancelled)
	return e, err
}

// CalendarEvents lists the events of a network that stand in calendar files; of
// the leaders' own meetings if the network is empty.
func (t *Tx) CalendarEvents(ctx context.Context, network string) ([]meeting.CalendarEvent, error) {
	return list(ctx, t, "list calendar events", "SELECT "+calendarColumns+" FROM calendar_events WHERE network = ? ORDER BY number, uid",
		[]any{network}, scanCalendarEvent)
}

const storeCalendarEvent = `INSERT INTO calendar_events (` + calendarColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (uid) DO UPDATE SET sequence = excluded.sequence, starts_at = excluded.starts_at, ends_at = excluded.ends_at, cancelled = excluded.cancelled`

// StoreCalendarEvent inserts or replaces an event of a calendar file.
func (t *Tx) StoreCalendarEvent(ctx context.Context, e meeting.CalendarEvent) error {
	_, err := t.exec(ctx, "store calendar event", storeCalendarEvent, e.UID, e.Network, e.Number, e.Sequence, stamp(e.Start), stamp(e.End), e.Cancelled)
	return err
}

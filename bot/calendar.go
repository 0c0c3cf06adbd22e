package bot

import (
	"context"
	"strings"

	"blnbot/internal/calendar"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// calendarEntry is an event on its way into a calendar file.
type calendarEntry struct {
	uid     string // without the server
	network string // empty for the leaders' own meetings
	number  int
	calendar.Event
}

// calendarEvent gives an event its UID and its sequence number, which grows when
// it has changed since the last file, and reports whether it has.
func (b *Bot) calendarEvent(ctx context.Context, s *scene, e calendarEntry) (calendar.Event, bool, error) {
	known, err := s.tx.CalendarEvents(ctx, e.network)
	if err != nil {
		return e.Event, false, err
	}
	_, server, _ := strings.Cut(string(b.self), ":")
	e.UID = e.uid + "@" + server
	next := meeting.CalendarEvent{UID: e.UID, Network: e.network, Number: e.number, Start: e.Start, End: e.End, Cancelled: e.Cancelled}
	for _, k := range known {
		if k.UID != e.UID {
			continue
		}
		e.Sequence, next.Sequence = k.Sequence, k.Sequence
		if k.Start.Equal(e.Start) && k.End.Equal(e.End) && k.Cancelled == e.Cancelled {
			return e.Event, false, nil
		}
		e.Sequence, next.Sequence = k.Sequence+1, k.Sequence+1
	}
	return e.Event, true, s.tx.StoreCalendarEvent(ctx, next)
}

// calendarFile queues a calendar file that belongs to the post. The text name
// gives it its name.
func (b *Bot) calendarFile(ctx context.Context, s *scene, post meeting.Post, lang, name string, view any, events ...calendar.Event) error {
	called, err := b.texts.Text(lang, name, view)
	if err != nil {
		return err
	}
	data, err := calendar.File(s.now, events...)
	if err != nil {
		return err
	}
	return b.storeFile(ctx, s, post, "ics", meeting.File{Name: render.FileName(called, "ics"), Type: calendar.Type, Data: data})
}

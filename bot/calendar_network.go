package bot

import (
	"context"
	"fmt"
	"time"

	"blnbot/internal/calendar"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// showCalendar posts a calendar file with the network's open meeting and its
// next one, when a meeting opens.
func (b *Bot) showCalendar(ctx context.Context, s *scene, net *meeting.Network, key string) error {
	return b.networkCalendar(ctx, s, net, key, true, false)
}

// correctCalendar posts a calendar file with what has changed since the last one:
// a next meeting that was moved, or that will not open by itself any more.
func (b *Bot) correctCalendar(ctx context.Context, s *scene, net *meeting.Network, key string) error {
	return b.networkCalendar(ctx, s, net, key, false, false)
}

// networkCalendar posts the events that have changed, or all of them. If nothing
// has been said of the change yet (quietly), it is said.
func (b *Bot) networkCalendar(ctx context.Context, s *scene, net *meeting.Network, key string, all, quietly bool) error {
	if !net.Calendar {
		return nil
	}
	wanted, err := b.calendarEntries(ctx, s, net)
	if err != nil {
		return err
	}
	known, err := s.tx.CalendarEvents(ctx, net.ID)
	if err != nil {
		return err
	}
	dropped, err := b.droppedEntries(ctx, s, net, known, wanted)
	if err != nil {
		return err
	}
	var events []calendar.Event
	number := 0
	for _, e := range append(wanted, dropped...) {
		event, changed, err := b.calendarEvent(ctx, s, e)
		if err != nil {
			return err
		}
		if all || changed {
			events = append(events, event)
			if number == 0 {
				number = e.number
			}
		}
	}
	if len(events) == 0 {
		return nil
	}
	room, err := s.roomOf(ctx, net)
	if err != nil || room == "" {
		return err
	}
	if quietly && len(wanted) > 0 && len(dropped) == 0 {
		next := wanted[len(wanted)-1]
		view := render.CalendarMeeting{Number: next.number, When: next.Start.In(net.Location)}
		if err := b.tell(ctx, s, net, meeting.Post{Key: key + "/moved", Kind: meeting.PostText}, "calendar_moved", view); err != nil {
			return err
		}
	}
	for _, e := range dropped {
		if err := b.tell(ctx, s, net, meeting.Post{Key: fmt.Sprintf("%s/cancelled/%d", key, e.number)}, "calendar_cancelled", render.CalendarMeeting{Number: e.number}); err != nil {
			return err
		}
	}
	return b.calendarFile(ctx, s, meeting.Post{Key: key, Room: room}, net.Language, "calendar_file", render.CalendarMeeting{Number: number}, events...)
}

// calendarEntries are the network's open meeting and the next one, as far as it
// is known when that opens.
func (b *Bot) calendarEntries(ctx context.Context, s *scene, net *meeting.Network) ([]calendarEntry, error) {
	var out []calendarEntry
	open, err := b.openMeeting(ctx, s, net)
	if err != nil {
		return nil, err
	}
	if open != nil {
		e, err := b.calendarEntry(net, open.Number, open.Title, open.OpenedAt, open.ClosesAt)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	number, err := b.nextNumber(ctx, s, net)
	if err != nil || number == 0 || net.Retired {
		return out, err
	}
	at, err := b.nextTime(ctx, s, net, number)
	if err != nil || !at.After(s.now) {
		return out, err
	}
	var after meeting.Occurrence
	if number < len(net.Programme.Meetings) {
		after = b.following(net, at, number+1)
	}
	_, closes := net.Window(at, after.At)
	e, err := b.calendarEntry(net, number, net.Programme.Meetings[number-1].Title, at, closes)
	return append(out, e), err
}

// following is the occurrence after a time that the n-th meeting can answer to.
func (b *Bot) following(net *meeting.Network, at time.Time, number int) meeting.Occurrence {
	for {
		o, ok := net.Schedule.Next(at)
		if !ok || o.Number == 0 || o.Number == number {
			return o
		}
		at = o.At
	}
}

// calendarEntry is a meeting as an event: the time in which one can reply, which
// keeps nobody busy.
func (b *Bot) calendarEntry(net *meeting.Network, number int, title string, from, to time.Time) (calendarEntry, error) {
	view := render.CalendarMeeting{Network: net.Name, Number: number, Title: title}
	e := calendarEntry{uid: fmt.Sprintf("network/%s/%d", net.ID, number), network: net.ID, number: number,
		Event: calendar.Event{Start: from.Truncate(time.Minute), End: to.Truncate(time.Minute), Free: true}}
	var err error
	if e.Title, err = b.texts.Text(net.Language, "calendar_title", view); err != nil {
		return e, err
	}
	e.Text, err = b.texts.Text(net.Language, "calendar_text", view)
	return e, err
}

// droppedEntries are the known events of meetings that were not held and have no
// time any more.
func (b *Bot) droppedEntries(ctx context.Context, s *scene, net *meeting.Network, known []meeting.CalendarEvent, wanted []calendarEntry) ([]calendarEntry, error) {
	var out []calendarEntry
	for _, k := range known {
		stays := k.Cancelled || k.Number > len(net.Programme.Meetings)
		for _, e := range wanted {
			stays = stays || e.number == k.Number
		}
		m, err := s.tx.Meeting(ctx, net.ID, k.Number)
		if err != nil {
			return nil, err
		}
		if stays || m != nil && m.State.Held() {
			continue
		}
		view := render.CalendarMeeting{Network: net.Name, Number: k.Number, Title: net.Programme.Meetings[k.Number-1].Title, Dropped: true}
		title, err := b.texts.Text(net.Language, "calendar_title", view)
		if err != nil {
			return nil, err
		}
		out = append(out, calendarEntry{uid: fmt.Sprintf("network/%s/%d", net.ID, k.Number), network: net.ID, number: k.Number,
			Event: calendar.Event{Start: k.Start, End: k.End, Title: title, Free: true, Cancelled: true}})
	}
	return out, nil
}

// correctCalendars looks, once for each new configuration, whether it changes
// when a meeting opens that stands in a calendar file.
func (b *Bot) correctCalendars(ctx context.Context, set *Settings) error {
	err := b.update(ctx, func(s *scene) error {
		for i := range s.set.Networks {
			net := &s.set.Networks[i]
			if !net.Calendar {
				continue
			}
			known, err := s.tx.CalendarEvents(ctx, net.ID)
			if err != nil || len(known) == 0 {
				if err != nil {
					return err
				}
				continue
			}
			if err := b.networkCalendar(ctx, s, net, fmt.Sprintf("calendar/%s/%s", net.ID, s.now.Format(time.RFC3339)), false, true); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		b.calendars.Store(set)
	}
	return err
}

package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"blnbot/internal/failpoint"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// every is how often the clock is looked at.
const every = time.Second

// Run ticks until ctx ends. A tick that fails is logged and made up for by the
// next one. So are those that are left out because the bot is cut off from the
// people: what would be said then could not be read, and it would all come at
// once, and too late, when they are back. A meeting that should have opened
// meanwhile is opened or missed as after any other time without the bot.
func (b *Bot) Run(ctx context.Context, connected func() bool) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if connected() {
			if err := b.Tick(ctx); err != nil && ctx.Err() == nil {
				b.log.Error("tick", "err", err)
			}
			failpoint.At("ticked")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Tick does everything that is due now. Each network's part is a transaction of
// its own, so that one network's trouble does not hold up the others.
func (b *Bot) Tick(ctx context.Context) error {
	var set *Settings
	var cursors map[string]time.Time
	var due []meeting.Meeting
	var drafts []meeting.Draft
	var rounds []meeting.Round
	err := b.update(ctx, func(s *scene) (err error) {
		set = s.set
		if cursors, err = s.tx.Cursors(ctx); err != nil {
			return err
		}
		if due, err = s.tx.DueMeetings(ctx, s.now); err != nil {
			return err
		}
		if drafts, err = s.tx.Drafts(ctx); err != nil {
			return err
		}
		rounds, err = s.tx.DirtyRounds(ctx)
		return err
	})
	if err != nil {
		return err
	}
	errs := []error{b.finishNetworks(ctx)}
	if set != b.told.Load() {
		errs = append(errs, b.findRetired(ctx, set))
	}
	known := set.byID()
	for i := range due {
		if n := known[due[i].Network]; n != nil && due[i].State == meeting.StateOpen && !due[i].Closing && n.Rests(b.now()) {
			continue // until the morning, or the end of a pause of weeks
		}
		errs = append(errs, b.dueMeeting(ctx, &due[i]))
	}
	errs = append(errs, b.postAnonymous(ctx), b.passages(ctx), b.retention(ctx), b.proposals(ctx), b.evaluationsDue(ctx), b.followUps(ctx), b.remindSignOffs(ctx))
	for i := range set.Networks {
		errs = append(errs, b.schedule(ctx, &set.Networks[i], cursors[set.Networks[i].ID]))
	}
	for _, d := range drafts {
		errs = append(errs, b.draftDue(ctx, known[d.Network], d))
	}
	for _, r := range rounds {
		errs = append(errs, b.showRound(ctx, r))
	}
	errs = append(errs, b.rounds(ctx)) // late, so that an overview shows what the others changed
	if set != b.calendars.Load() {
		errs = append(errs, b.correctCalendars(ctx, set))
	}
	return errors.Join(errs...)
}

// dueMeeting opens, reminds of or closes a meeting whose time has come.
func (b *Bot) dueMeeting(ctx context.Context, stale *meeting.Meeting) error {
	return b.update(ctx, func(s *scene) error {
		m, err := s.tx.MeetingByID(ctx, stale.ID)
		if err != nil || m == nil {
			return err
		}
		net, err := s.network(ctx, m.Network)
		if err != nil || net == nil {
			return err
		}
		if net.Retired && m.State == meeting.StatePlanned {
			return nil
		}
		switch {
		case m.State == meeting.StatePlanned && !m.Due.After(s.now):
			if waits, err := b.giveWay(ctx, s, net); err != nil || waits {
				return err // the next tick sees to it
			}
			return b.arrive(ctx, s, net, meeting.Occurrence{Key: m.Occurrence, At: m.Due, Number: m.Number})
		case m.State != meeting.StateOpen:
			return nil
		case m.Closing:
			return b.closing(ctx, s, net, m)
		case net.Rests(s.now):
			return nil // it can wait until the morning, or the end of the pause
		case !m.ClosesAt.After(s.now):
			return b.close(ctx, s, net, m)
		case !m.RemindAt.IsZero() && !m.RemindAt.After(s.now):
			return b.remind(ctx, s, net, m, fmt.Sprintf("reminder/%s/%d", net.ID, m.Number))
		}
		return nil
	})
}

// giveWay closes a meeting that only the night or a pause still keeps open,
// because the next one is to open. It reports whether that takes time.
func (b *Bot) giveWay(ctx context.Context, s *scene, net *meeting.Network) (bool, error) {
	open, err := b.openMeeting(ctx, s, net)
	if err != nil || open == nil {
		return false, err
	}
	if number, err := b.nextNumber(ctx, s, net); err != nil || number == 0 {
		return false, err
	}
	if !open.Closing && !open.ClosesAt.After(s.now) {
		if err := b.close(ctx, s, net, open); err != nil {
			return false, err
		}
	}
	return open.Closing, nil
}

// keepCursor is how long a cursor that has nothing to show for may stand still.
const keepCursor = 6 * time.Hour

// schedule works off a network's occurrences in (since, now]. Only the newest
// one can open a meeting: a time without the bot must not end in a flood.
func (b *Bot) schedule(ctx context.Context, net *meeting.Network, since time.Time) error {
	now := b.now().UTC()
	if since.IsZero() && !dated(net) {
		// A network seen for the first time: nothing was due before.
		return b.update(ctx, func(s *scene) error { return s.tx.SetCursor(ctx, net.ID, now) })
	}
	if since.Sub(now) > keepCursor {
		return b.update(ctx, func(s *scene) error { return b.setBack(ctx, s, net) })
	}
	if !now.After(since) {
		return nil
	}
	found := net.Schedule.Between(since, now)
	if len(found) == 0 && now.Sub(since) < keepCursor {
		return nil
	}
	return b.update(ctx, func(s *scene) error {
		if len(found) > 0 {
			if waits, err := b.giveWay(ctx, s, net); err != nil || waits {
				return err // the next tick sees to it
			}
		}
		if err := s.tx.SetCursor(ctx, net.ID, now); err != nil {
			return err
		}
		if len(found) == 0 {
			return nil
		}
		if found[0].Number == 0 {
			found = found[len(found)-1:]
		}
		for _, o := range found {
			used, err := s.tx.OccurrenceUsed(ctx, net.ID, o.Key)
			if err != nil {
				return err
			}
			if used {
				continue
			}
			if err := b.arrive(ctx, s, net, o); err != nil {
				return err
			}
		}
		return nil
	})
}

// setBack begins anew at the present, after the clock was far ahead: what is due
// until then must not be missed, nor what was missed because of it.
func (b *Bot) setBack(ctx context.Context, s *scene, net *meeting.Network) error {
	if err := s.tx.SetCursor(ctx, net.ID, s.now); err != nil {
		return err
	}
	all, err := s.tx.Meetings(ctx, net.ID)
	if err != nil {
		return err
	}
	for i := range all {
		m := &all[i]
		if m.State != meeting.StateMissed || !m.Due.After(s.now) {
			continue
		}
		m.State = meeting.StatePlanned
		err := errors.Join(s.tx.StoreMeeting(ctx, m), b.touchRound(ctx, s, net, m.Number),
			b.correctCalendar(ctx, s, net, fmt.Sprintf("calendar/%s/planned/%d/%s", net.ID, m.Number, s.now.Format(time.RFC3339))))
		if err != nil {
			return err
		}
	}
	return nil
}

// dated reports whether the schedule names one date per meeting.
func dated(net *meeting.Network) bool {
	o, ok := net.Schedule.Next(time.Time{})
	return ok && o.Number > 0
}

// arrive opens the meeting that an occurrence is for, or says why it does not:
// another one is open, it is too late, or the programme is over.
func (b *Bot) arrive(ctx context.Context, s *scene, net *meeting.Network, o meeting.Occurrence) error {
	number := o.Number
	if number == 0 {
		var err error
		if number, err = b.nextNumber(ctx, s, net); err != nil || number == 0 {
			return err
		}
	}
	if number > len(net.Programme.Meetings) {
		return nil
	}
	m, err := s.tx.Meeting(ctx, net.ID, number)
	if err != nil {
		return err
	}
	switch {
	case m != nil && m.State.Held():
		return nil
	case m != nil && m.State == meeting.StatePlanned && m.Due.After(s.now):
		return nil // moved to a later time
	case s.now.Sub(o.At) > net.Grace:
		return b.miss(ctx, s, net, number, o)
	}
	open, err := b.openMeeting(ctx, s, net)
	if err != nil {
		return err
	}
	if open != nil {
		return b.overlap(ctx, s, net, m, open, o)
	}
	return b.open(ctx, s, net, number, o.Key, o.At)
}

// overlap says that a meeting waits because another is still open. A meeting
// that had been moved to this time is no longer planned.
func (b *Bot) overlap(ctx context.Context, s *scene, net *meeting.Network, m, open *meeting.Meeting, o meeting.Occurrence) error {
	if m != nil && m.State == meeting.StatePlanned {
		m.State = meeting.StateMissed
		if err := s.tx.StoreMeeting(ctx, m); err != nil {
			return err
		}
	}
	key := fmt.Sprintf("overlap/%s/%s", net.ID, o.At.Format(time.RFC3339))
	err := b.tell(ctx, s, net, meeting.Post{Key: key, Kind: meeting.PostText, Mentions: s.leaders(net)}, "overlap", render.Problem{Number: open.Number})
	if err != nil {
		return err
	}
	return b.correctCalendar(ctx, s, net, "calendar/"+key)
}

// miss notes that a meeting did not open in time, and tells those who can open
// it, once.
func (b *Bot) miss(ctx context.Context, s *scene, net *meeting.Network, number int, o meeting.Occurrence) error {
	from := net.Programme.Meetings[number-1]
	m := &meeting.Meeting{Network: net.ID, Programme: net.Programme.ID, Number: number, Of: len(net.Programme.Meetings),
		State: meeting.StateMissed, Occurrence: o.Key, Due: o.At, Title: from.Title, Kind: from.Kind}
	old, err := s.tx.Meeting(ctx, net.ID, number)
	if err != nil {
		return err
	}
	if err := s.tx.StoreMeeting(ctx, m); err != nil {
		return err
	}
	if err := b.touchRound(ctx, s, net, number); err != nil {
		return err
	}
	calendarKey := fmt.Sprintf("calendar/%s/missed/%d/%s", net.ID, number, o.At.Format(time.RFC3339))
	if old != nil && old.State == meeting.StateMissed {
		return b.correctCalendar(ctx, s, net, calendarKey)
	}
	view := render.Problem{Number: number, Title: from.Title, When: o.At.In(net.Location), Network: net.Name}
	key := fmt.Sprintf("missed/%s/%d/%s", net.ID, number, o.At.Format(time.RFC3339))
	if err := b.tell(ctx, s, net, meeting.Post{Key: key, Kind: meeting.PostText, Mentions: s.leaders(net)}, "missed", view); err != nil {
		return err
	}
	if err := b.tellStaff(ctx, s, meeting.Post{Key: key + "/staff", Kind: meeting.PostText}, "missed_staff", view); err != nil {
		return err
	}
	return b.correctCalendar(ctx, s, net, calendarKey)
}

// findRetired tells staff of networks that a new configuration has left out in
// the middle of a meeting.
func (b *Bot) findRetired(ctx context.Context, set *Settings) error {
	err := b.update(ctx, func(s *scene) error {
		open, err := s.tx.OpenMeetings(ctx)
		if err != nil {
			return err
		}
		for i := range open {
			net, err := s.network(ctx, open[i].Network)
			if err != nil {
				return err
			}
			if net == nil || !net.Retired {
				continue
			}
			if err := b.tellRetired(ctx, s, net, &open[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		b.told.Store(set)
	}
	return err
}

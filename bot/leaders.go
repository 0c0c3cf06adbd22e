package bot

import (
	"context"
	"fmt"
	"slices"
	"time"

	"blnbot/internal/calendar"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// The leaders' meetings with Nka.
const (
	leadersLast  = time.Hour      // how long one lasts, in the calendar
	listAfter    = 2 * time.Hour  // from its start until the open questions come
	listLate     = 48 * time.Hour // later the list would only surprise
	mostThemes   = 6              // in an agenda
	mostOpenings = 12             // networks in an agenda
)

// leadersPrefix begins the keys of all posts about a leaders' meeting.
func leadersPrefix(programme string, round int, after bool) string {
	return fmt.Sprintf("leaders/%s/%d/%s/", programme, round, beforeAfter(after))
}

func beforeAfter(after bool) string {
	if after {
		return "after"
	}
	return "before"
}

// leadersMeetings does what is due about the leaders' meetings: the agenda some
// days before, word of a meeting that was moved or dropped, and afterwards what
// remains open. Each comes once, and nothing comes too late to be of use.
func (b *Bot) leadersMeetings(ctx context.Context) error {
	return b.update(ctx, func(s *scene) error {
		known, err := s.tx.LeadersRecords(ctx)
		if err != nil || len(known)+len(s.set.Leaders.Meetings) == 0 || s.rests() {
			return err
		}
		lengths := s.programmes()
		for _, m := range s.set.Leaders.Meetings {
			if m.Round > lengths[m.Programme] {
				continue // no network has come so far as to have it
			}
			r := meeting.LeadersRecord{Programme: m.Programme, Round: m.Round, After: m.After, At: m.At}
			at := slices.IndexFunc(known, func(k meeting.LeadersRecord) bool { return isAbout(k, m) })
			if at >= 0 {
				r = known[at]
				known = slices.Delete(known, at, at+1)
			}
			if err := b.leadersMeeting(ctx, s, m, r); err != nil {
				return err
			}
		}
		for _, r := range known {
			if err := b.dropLeaders(ctx, s, r); err != nil {
				return err
			}
		}
		return nil
	})
}

func isAbout(r meeting.LeadersRecord, m meeting.LeadersMeeting) bool {
	return r.Programme == m.Programme && r.Round == m.Round && r.After == m.After
}

// leadersMeeting does what is due about one of them.
func (b *Bot) leadersMeeting(ctx context.Context, s *scene, m meeting.LeadersMeeting, r meeting.LeadersRecord) error {
	coming := s.now.Before(m.At)
	switch {
	case r.Agenda == 0 && coming && !s.now.Before(m.At.Add(-s.set.Leaders.Agenda)):
		r.At, r.Listed = m.At, false
		return b.postAgenda(ctx, s, m, r)
	case r.Agenda > 0 && coming && (r.Dropped || !r.At.Equal(m.At)):
		return b.moveLeaders(ctx, s, m, r)
	case r.Stale && coming:
		return b.postAgenda(ctx, s, m, r)
	case !r.Listed && !s.now.Before(m.At.Add(listAfter)) && s.now.Before(m.At.Add(listLate)):
		return b.postOpenQuestions(ctx, s, m, r)
	}
	return nil
}

// postAgenda posts the agenda with the meeting's calendar file in the round's
// thread; the first time it rings the leaders and staff.
func (b *Bot) postAgenda(ctx context.Context, s *scene, m meeting.LeadersMeeting, r meeting.LeadersRecord) error {
	again := r.Agenda > 0
	view, err := b.agenda(ctx, s, m)
	if err != nil {
		return err
	}
	view.Again = again
	r.Agenda, r.Stale, r.Themes = r.Agenda+1, false, 0
	if len(view.Themes) > 0 {
		r.Themes = view.ThemesOf
	}
	if err := s.tx.StoreLeadersRecord(ctx, r); err != nil {
		return err
	}
	post, err := b.leadersPost(ctx, s, m, fmt.Sprintf("agenda/%d", r.Agenda))
	if err != nil || post.Room == "" {
		return err
	}
	if again {
		post.Kind, post.Mentions = meeting.PostNotice, nil
	}
	if err := b.say(ctx, s, post, s.set.Language, "agenda", view); err != nil || again {
		return err
	}
	return b.leadersFile(ctx, s, post, m, false)
}

// leadersPost is a post in the thread of the meeting's round, which is begun if
// no network has reached it, ringing the leaders and staff.
func (b *Bot) leadersPost(ctx context.Context, s *scene, m meeting.LeadersMeeting, name string) (meeting.Post, error) {
	room, err := s.tx.BoundRoom(ctx, coordination)
	if err != nil || room == "" {
		return meeting.Post{}, err
	}
	begun, err := s.tx.Post(ctx, roundKey(m.Programme, m.Round))
	if err == nil && begun == nil {
		err = b.beginRound(ctx, s, m.Programme, m.Round, s.roundTitle(m.Programme, m.Round))
	}
	if err != nil {
		return meeting.Post{}, err
	}
	p := meeting.Post{Key: leadersPrefix(m.Programme, m.Round, m.After) + name, Room: room, Kind: meeting.PostText,
		Thread: meeting.Ref{Key: roundKey(m.Programme, m.Round)}, Fresh: true}
	for i := range s.set.Networks {
		if n := &s.set.Networks[i]; n.Programme.ID == m.Programme {
			p.Mentions = append(p.Mentions, s.leaders(n)...)
		}
	}
	p.Mentions = append(p.Mentions, s.set.Staff...)
	slices.Sort(p.Mentions)
	p.Mentions = slices.Compact(p.Mentions)
	return p, nil
}

// programmeMeeting is a meeting as the first network with the programme has it.
func (s *scene) programmeMeeting(programme string, number int) meeting.ProgrammeMeeting {
	for _, n := range s.set.Networks {
		if n.Programme.ID == programme && number <= len(n.Programme.Meetings) {
			return n.Programme.Meetings[number-1]
		}
	}
	return meeting.ProgrammeMeeting{}
}

func (s *scene) roundTitle(programme string, number int) string {
	return s.programmeMeeting(programme, number).Title
}

// moveLeaders tells of a new time, or that the meeting takes place after all.
func (b *Bot) moveLeaders(ctx context.Context, s *scene, m meeting.LeadersMeeting, r meeting.LeadersRecord) error {
	r.At, r.Dropped, r.Listed = m.At, false, false
	if err := s.tx.StoreLeadersRecord(ctx, r); err != nil {
		return err
	}
	post, err := b.leadersPost(ctx, s, m, "moved/"+s.now.Format(time.RFC3339))
	if err != nil || post.Room == "" {
		return err
	}
	if err := b.say(ctx, s, post, s.set.Language, "leaders_moved", s.leadersView(m, false)); err != nil {
		return err
	}
	return b.leadersFile(ctx, s, post, m, false)
}

// dropLeaders tells that a meeting which the configuration no longer has will
// not take place, if an agenda was posted and the time has not come.
func (b *Bot) dropLeaders(ctx context.Context, s *scene, r meeting.LeadersRecord) error {
	if r.Dropped || r.Agenda == 0 || !s.now.Before(r.At) {
		return nil
	}
	r.Dropped = true
	if err := s.tx.StoreLeadersRecord(ctx, r); err != nil {
		return err
	}
	m := meeting.LeadersMeeting{Programme: r.Programme, Round: r.Round, After: r.After, At: r.At}
	post, err := b.leadersPost(ctx, s, m, "dropped/"+s.now.Format(time.RFC3339))
	if err != nil || post.Room == "" {
		return err
	}
	if err := b.say(ctx, s, post, s.set.Language, "leaders_dropped", s.leadersView(m, true)); err != nil {
		return err
	}
	return b.leadersFile(ctx, s, post, m, true)
}

func (s *scene) leadersView(m meeting.LeadersMeeting, dropped bool) render.LeadersMeeting {
	return render.LeadersMeeting{Number: m.Round, After: m.After, When: m.At.In(s.set.Location), Link: m.Link, Dropped: dropped}
}

// leadersFile adds the meeting's calendar file to a post.
func (b *Bot) leadersFile(ctx context.Context, s *scene, post meeting.Post, m meeting.LeadersMeeting, dropped bool) error {
	view := s.leadersView(m, dropped)
	title, err := b.texts.Text(s.set.Language, "leaders_event", view)
	if err != nil {
		return err
	}
	e := calendarEntry{uid: fmt.Sprintf("leaders/%s/%d/%s", m.Programme, m.Round, beforeAfter(m.After)), number: m.Round,
		Event: calendar.Event{Start: m.At, End: m.At.Add(leadersLast), Title: title, Text: m.Link, Link: m.Link, Cancelled: dropped}}
	event, _, err := b.calendarEvent(ctx, s, e)
	if err != nil {
		return err
	}
	return b.calendarFile(ctx, s, post, s.set.Language, "leaders_file", view, event)
}

// postOpenQuestions posts what is not finished, after the meeting.
func (b *Bot) postOpenQuestions(ctx context.Context, s *scene, m meeting.LeadersMeeting, r meeting.LeadersRecord) error {
	r.At, r.Listed = m.At, true
	if err := s.tx.StoreLeadersRecord(ctx, r); err != nil {
		return err
	}
	post, err := b.leadersPost(ctx, s, m, "open/"+m.At.Format(time.RFC3339))
	if err != nil || post.Room == "" {
		return err
	}
	matters, err := b.matters(ctx, s, m)
	if err != nil {
		return err
	}
	return b.say(ctx, s, post, s.set.Language, "open_questions",
		render.OpenQuestions{Number: m.Round, Title: s.roundTitle(m.Programme, m.Round), After: m.After, Matters: matters})
}

// withdrawAgendas takes down the agendas that quote the round's themes; the next
// tick posts them anew if their meeting is still to come.
func (b *Bot) withdrawAgendas(ctx context.Context, s *scene, programme string, round int) error {
	known, err := s.tx.LeadersRecords(ctx)
	if err != nil {
		return err
	}
	for _, r := range known {
		if r.Programme != programme || r.Themes != round {
			continue
		}
		posted, err := s.tx.PostsWithPrefix(ctx, leadersPrefix(programme, r.Round, r.After)+"agenda/")
		if err != nil {
			return err
		}
		for _, p := range posted {
			if p.Kind == meeting.PostFile {
				continue // a calendar file quotes nobody
			}
			if err := b.removePost(ctx, s, p); err != nil {
				return err
			}
		}
		r.Stale = true
		if err := s.tx.StoreLeadersRecord(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

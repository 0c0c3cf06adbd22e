package bot_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"blnbot/bot"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// waiting has events wait in the inbox as one sync answer, and returns them with
// their places.
func (s *stage) waiting(events ...meeting.Event) []meeting.Event {
	s.t.Helper()
	batch := meeting.RoomBatch{Room: s.room}
	for _, ev := range events {
		batch.Events = append(batch.Events, meeting.RawEvent{ID: ev.Meta().ID, Room: s.room, JSON: []byte("{}")})
	}
	s.must(s.db.StoreSync(s.ctx, meeting.SyncBatch{Next: "together", At: s.now.UTC(), Rooms: []meeting.RoomBatch{batch}}))
	rows, err := s.db.NextInbox(s.ctx, s.now.UTC(), nil, len(events)+1)
	s.must(err)
	if len(rows) != len(events) {
		s.t.Fatalf("%d rows wait, want %d", len(rows), len(events))
	}
	for i := range rows {
		events[i] = withOrder(events[i], &rows[i])
	}
	return events
}

func openedStage(t *testing.T) *stage {
	s := newStage(t)
	for _, step := range []string{"network vasteras Västerås prompts=1", "join bot", "join lena Lena", "join anna Anna", "lena: !nästa"} {
		s.step(step)
		s.settle()
	}
	return s
}

func (s *stage) bodies() []string {
	s.t.Helper()
	m, err := s.bot.MinutesJSON(s.ctx, "vasteras", 1)
	s.must(err)
	var out []string
	for _, e := range m.Prompts[0].Entries {
		out = append(out, e.Body)
	}
	return out
}

// TestTogether: events that waited are handled in one transaction, in order, as
// if each had been handled alone; one that another of them removes is not
// brought back.
func TestTogether(t *testing.T) {
	s := openedStage(t)
	reply := func(label, text string) meeting.Message {
		return meeting.Message{EventMeta: s.meta(label, user("anna")), Kind: meeting.MessageText, Body: text, Thread: "$prompt/vasteras/1/1"}
	}
	edit := reply("edit", "* bättre")
	edit.Thread, edit.Replaces, edit.Body = "", "$second", "bättre"
	events := s.waiting(
		meeting.Redaction{EventMeta: s.meta("early", user("anna")), Target: "$gone"},
		reply("first", "ett"), reply("second", "två"), reply("gone", "hemligt"), edit,
		meeting.Redaction{EventMeta: s.meta("late", user("anna")), Target: "$first"},
		reply("third", "tre"))
	s.must(s.bot.HandleAll(s.ctx, events))
	if got, want := fmt.Sprint(s.bodies()), "[bättre tre]"; got != want {
		t.Errorf("the minutes hold %s, want %s", got, want)
	}
	rows, err := s.db.NextInbox(s.ctx, s.now.UTC(), nil, 10)
	s.must(err)
	if len(rows) != 0 {
		t.Errorf("%d rows are left", len(rows))
	}
}

// TestTogetherOrNotAtAll: if one of the events fails, none of them is handled,
// and each can be handled alone afterwards.
func TestTogetherOrNotAtAll(t *testing.T) {
	s := openedStage(t)
	var events []meeting.Event
	for i := range 3 {
		events = append(events, meeting.Message{EventMeta: s.meta(fmt.Sprintf("m%d", i), user("anna")), Kind: meeting.MessageText,
			Body: fmt.Sprint(i), Thread: "$prompt/vasteras/1/1"})
	}
	events = s.waiting(events...)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("an event that is none was handled")
			}
		}()
		_ = s.bot.HandleAll(s.ctx, []meeting.Event{events[0], events[1], nil})
	}()
	if got := s.bodies(); len(got) != 0 {
		t.Errorf("the minutes hold %q after a failure", got)
	}
	for _, ev := range events {
		s.must(s.bot.Handle(s.ctx, ev))
	}
	if got, want := fmt.Sprint(s.bodies()), "[0 1 2]"; got != want {
		t.Errorf("the minutes hold %s, want %s", got, want)
	}
}

// failing is a store that undoes what is asked of it.
type failing struct{ botStore }

func (f failing) Update(ctx context.Context, fn func(bot.Tx) error) error {
	return f.botStore.Update(ctx, func(tx bot.Tx) error { return errors.Join(fn(tx), errors.New("no")) })
}

// TestQuotaOfWhatFailed: what a transaction that failed took of the anonymous
// replies that a person can send is theirs again.
func TestQuotaOfWhatFailed(t *testing.T) {
	s := openedStage(t)
	store := &struct{ bot.Store }{failing{botStore{s.db}}}
	s.bot = bot.New(bot.Options{Store: store, Texts: render.New(), Self: self, Settings: s.set, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return s.now }})
	s.must(s.db.SetDirectRoom(s.ctx, user("anna"), "!dm"))
	m := meeting.Message{EventMeta: s.meta("secret", user("anna")), Kind: meeting.MessageText, Body: "!anonymt Det är tungt"}
	m.Room = "!dm"
	for range 10 {
		if err := s.bot.Handle(s.ctx, m); err == nil {
			t.Fatal("it was handled")
		}
	}
	store.Store = botStore{s.db}
	s.must(s.bot.Handle(s.ctx, m))
	s.must(botStore{s.db}.Update(s.ctx, func(tx bot.Tx) error {
		due, err := tx.DueAnonymous(s.ctx, s.now.Add(2*time.Hour))
		if len(due) != 1 {
			t.Errorf("%d anonymous replies were taken in, want 1", len(due))
		}
		return err
	}))
}

// TestUnreadableWasNothing: a reply that could not be read, and had nothing in
// it when it could, is neither in the minutes nor counted as unreadable, and ⚠️
// is taken down.
func TestUnreadableWasNothing(t *testing.T) {
	s := openedStage(t)
	meta := s.meta("odd", user("anna"))
	unreadable := func() int {
		t.Helper()
		m, err := s.bot.MinutesJSON(s.ctx, "vasteras", 1)
		s.must(err)
		return m.Unreadable
	}
	s.waiting(meeting.Ignored{EventMeta: meta})
	s.must(s.bot.Handle(s.ctx, meeting.Unreadable{EventMeta: meta, Thread: "$prompt/vasteras/1/1"}))
	if n := unreadable(); n != 1 {
		t.Fatalf("%d unreadable", n)
	}
	s.must(s.bot.Handle(s.ctx, meeting.Ignored{EventMeta: meta}))
	if n := unreadable(); n != 0 || len(s.bodies()) != 0 {
		t.Errorf("%d unreadable, minutes %q", n, s.bodies())
	}
	s.must(botStore{s.db}.Update(s.ctx, func(tx bot.Tx) error {
		p, err := tx.Post(s.ctx, "unreadable/"+string(meta.ID))
		if err == nil && (p == nil || p.State != meeting.PostCancelled) {
			t.Errorf("⚠️ is %+v", p)
		}
		return err
	}))
}

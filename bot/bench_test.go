package bot_test

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"blnbot/bot"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
	"blnbot/internal/schedule"
	"blnbot/internal/sqlite"
)

// rig is a bot with a real database, for measuring.
type rig struct {
	b   *testing.B
	db  *sqlite.DB
	bot *bot.Bot
	now time.Time
	n   int
}

func newRig(b *testing.B, networks int) *rig {
	b.Helper()
	db, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "blnbot.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	r := &rig{b: b, db: db, now: time.Date(2026, 9, 7, 12, 0, 0, 0, time.UTC)}
	set := &bot.Settings{Staff: []meeting.UserID{"@nka:example.se"}, Language: "sv", Location: time.UTC}
	rule, err := schedule.Cron("0 17 * * TUE", time.UTC, schedule.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for i := range networks {
		set.Networks = append(set.Networks, meeting.Network{ID: fmt.Sprintf("n%d", i), Name: fmt.Sprintf("Nätverk %d", i), Language: "sv",
			Location: time.UTC, OpenFor: 120 * time.Hour, Grace: 24 * time.Hour, Approval: meeting.ApprovalLeader, ObjectionsFor: 48 * time.Hour,
			Leaders: []meeting.UserID{user("lena")}, Schedule: rule, Programme: testProgramme("sv")})
	}
	r.bot = bot.New(bot.Options{Store: botStore{db}, Texts: render.New(), Self: self, Settings: set, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return r.now }})
	r.must(r.bot.Bind(b.Context(), bot.CoordinationBinding, coordRoom))
	for _, n := range set.Networks {
		r.must(r.bot.Bind(b.Context(), bot.NetworkBinding(n.ID), meeting.RoomID("!"+n.ID)))
	}
	r.must(r.bot.Tick(b.Context()))
	return r
}

func (r *rig) must(err error) {
	r.b.Helper()
	if err != nil {
		r.b.Fatal(err)
	}
}

// message makes one; the bot has not seen it yet.
func (r *rig) message(sender, thread, text string) meeting.Message {
	r.n++
	m := meeting.Message{EventMeta: meeting.EventMeta{ID: meeting.EventID(fmt.Sprintf("$m%d", r.n)), Room: "!n0", Sender: user(sender), SentAt: r.now,
		Received: r.now, Order: meeting.Order{Batch: int64(r.n)}}, Kind: meeting.MessageText, Body: text}
	if thread != "" {
		m.Thread = meeting.EventID("$" + thread)
	}
	return m
}

// receive stores messages as one sync answer.
func (r *rig) receive(messages []meeting.Message) {
	r.b.Helper()
	batch := meeting.RoomBatch{Room: "!n0"}
	for _, m := range messages {
		batch.Events = append(batch.Events, meeting.RawEvent{ID: m.ID, Room: m.Room, JSON: []byte(`{"type":"m.room.encrypted","content":{}}`)})
	}
	r.must(r.db.StoreSync(r.b.Context(), meeting.SyncBatch{Next: "n", At: r.now, Rooms: []meeting.RoomBatch{batch}}))
}

// handle has the bot handle the message that the inbox has next.
func (r *rig) handle(m meeting.Message) {
	rows, err := r.db.NextInbox(r.b.Context(), r.now, nil, 1)
	r.must(err)
	if rows[0].ID != m.ID {
		r.b.Fatalf("the inbox has %s instead of %s", rows[0].ID, m.ID)
	}
	m.Order = rows[0].Order
	r.must(r.bot.Handle(r.b.Context(), m))
}

func (r *rig) say(sender, text string) {
	m := r.message(sender, "", text)
	r.receive([]meeting.Message{m})
	r.handle(m)
}

// deliver sends what is queued, and lets it come back.
func (r *rig) deliver() {
	r.b.Helper()
	for {
		posts, err := r.db.NextPosts(r.b.Context(), r.now, nil, 100)
		r.must(err)
		if len(posts) == 0 {
			return
		}
		for _, d := range posts {
			r.must(r.db.MarkSent(r.b.Context(), d.Key, d.Room, meeting.EventID("$"+d.Key), r.now))
			r.must(r.bot.Handle(r.b.Context(), meeting.Echo{EventMeta: meeting.EventMeta{ID: meeting.EventID("$" + d.Key), Room: d.Room, Sender: self}, Key: d.Key}))
		}
	}
}

// cpu is the processor time that the process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func reply(i int) string {
	topics := []string{"avlastning på kvällar och helger", "en kontaktperson som svarar", "tid för samtal med andra", "samordning mellan kommun och region", "information på ett ställe"}
	return fmt.Sprintf("Det som betyder mest för oss är %s, särskilt när det är svårt hemma. Svar nummer %d.", topics[i%len(topics)], i)
}

// BenchmarkReply is one reply from the inbox row to the stored entry and the
// queued 📝. Wanted: below 1 ms of processor time.
func BenchmarkReply(b *testing.B) {
	r := newRig(b, 1)
	r.say("lena", "!nästa")
	r.deliver()
	var messages []meeting.Message
	for i := range b.N {
		messages = append(messages, r.message(fmt.Sprintf("p%d", i%20), "prompt/n0/1/1", reply(i)))
	}
	r.receive(messages)
	b.ResetTimer()
	before := cpu(b)
	for _, m := range messages {
		r.handle(m)
	}
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// BenchmarkRepliesTogether is BenchmarkReply for replies that waited, a hundred
// in a transaction.
func BenchmarkRepliesTogether(b *testing.B) {
	r := newRig(b, 1)
	r.say("lena", "!nästa")
	r.deliver()
	var messages []meeting.Message
	for i := range b.N {
		messages = append(messages, r.message(fmt.Sprintf("p%d", i%20), "prompt/n0/1/1", reply(i)))
	}
	r.receive(messages)
	b.ResetTimer()
	before := cpu(b)
	for done := 0; done < len(messages); {
		rows, err := r.db.NextInbox(b.Context(), r.now, nil, 100)
		r.must(err)
		var evs []meeting.Event
		for i := range rows {
			m := messages[done+i]
			m.Order = rows[i].Order
			evs = append(evs, m)
		}
		r.must(r.bot.HandleAll(b.Context(), evs))
		done += len(rows)
	}
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// BenchmarkSummary is !summary on a thousand entries. Wanted: below 50 ms.
func BenchmarkSummary(b *testing.B) {
	r := newRig(b, 1)
	r.say("lena", "!nästa")
	r.deliver()
	var messages []meeting.Message
	for i := range 1000 {
		messages = append(messages, r.message(fmt.Sprintf("p%d", i%40), fmt.Sprintf("prompt/n0/1/%d", 1+i%2), reply(i)))
	}
	r.receive(messages)
	for _, m := range messages {
		r.handle(m)
	}
	r.deliver()
	before := time.Now()
	r.say("lena", "!avsluta")
	closing := time.Since(before)
	r.deliver()
	r.say("lena", "!godkänn")
	r.deliver()
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		m := r.message("anna", "", "!sammanfattning")
		r.receive([]meeting.Message{m})
		b.StartTimer()
		r.handle(m)
	}
	b.ReportMetric(float64(closing.Milliseconds()), "ms-to-close")
}

// BenchmarkOpen is the opening of a thousand networks in one tick, until
// everything is queued. Wanted: below 1 s.
func BenchmarkOpen(b *testing.B) {
	for range b.N {
		b.StopTimer()
		r := newRig(b, 1000)
		r.now = time.Date(2026, 9, 8, 17, 0, 0, 0, time.UTC)
		before := cpu(b)
		b.StartTimer()
		r.must(r.bot.Tick(b.Context()))
		b.StopTimer()
		b.ReportMetric(float64((cpu(b) - before).Milliseconds()), "cpu-ms")
		// An idle tick with a thousand networks.
		before = cpu(b)
		r.must(r.bot.Tick(b.Context()))
		r.must(r.bot.Tick(b.Context()))
		b.ReportMetric(float64((cpu(b)-before).Microseconds())/2, "cpu-µs/idle-tick")
		b.StartTimer()
	}
}

// BenchmarkIdleTick is a tick in which nothing is due, with a thousand networks
// in a meeting that is there to choose areas, each with an open poll, questions
// about the programme that some have not answered, a deletion that lies ahead,
// and a draft of the meeting before that its leader has left alone. Wanted: below 20 ms of processor time.
func BenchmarkIdleTick(b *testing.B) {
	r := newRig(b, 1000)
	r.now = time.Date(2026, 9, 8, 17, 0, 0, 0, time.UTC)
	r.must(r.bot.Tick(b.Context()))
	r.must(botStore{r.db}.Update(b.Context(), func(tx bot.Tx) error {
		open, err := tx.OpenMeetings(b.Context())
		if err != nil {
			return err
		}
		for i := range open {
			m := &open[i]
			m.Kind = meeting.KindPriorities
			m.ClosesAt = r.now.Add(100 * time.Hour)
			m.RemindAt = time.Time{}
			before := &meeting.Meeting{Network: m.Network, Programme: m.Programme, Number: 2, Of: m.Of, State: meeting.StateClosed, Title: "Möte", ClosedAt: r.now}
			err := errors.Join(tx.StoreMeeting(b.Context(), m),
				tx.StorePoll(b.Context(), &meeting.Poll{Network: m.Network, Meeting: m.ID, State: meeting.PollOpen, Salt: []byte("salt"), Opened: r.now}),
				tx.StoreEvaluation(b.Context(), &meeting.Evaluation{Network: m.Network, Asked: 6, Since: r.now, Until: r.now.Add(200 * time.Hour), Salt: []byte("salt"), Reminded: true}),
				tx.StoreMeeting(b.Context(), before),
				tx.StoreDeletion(b.Context(), &meeting.Deletion{Network: m.Network, Due: r.now.AddDate(0, 2, 0), Published: true, Announced: r.now}))
			if err != nil {
				return err
			}
			err = tx.StoreSummary(b.Context(), &meeting.Summary{Meeting: before.ID, State: meeting.SummaryDraft, Drafted: r.now, ObjectBy: r.now, Revision: 1})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	r.now = r.now.Add(60 * time.Hour)
	r.must(r.bot.Tick(b.Context()))
	r.must(r.bot.Tick(b.Context()))
	b.ResetTimer()
	before := cpu(b)
	for range b.N {
		r.now = r.now.Add(time.Second)
		r.must(r.bot.Tick(b.Context()))
	}
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

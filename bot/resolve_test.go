package bot_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"blnbot/bot"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
	"blnbot/internal/sqlite"
)

// FuzzResolve has the real bot, with its real database, make out contradictory
// chains of threads, replies, edits, reactions and removals in two networks.
// Each input is a list of events, four bytes each; see chain.next.
func FuzzResolve(f *testing.F) {
	s := newResolveStage(f)
	for _, in := range resolveSeeds() {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		c := &chain{t: t, s: s, sent: map[int]meeting.Event{}, redacted: map[meeting.EventID]bool{}}
		err := s.db.Update(t.Context(), func(tx *sqlite.Tx) error {
			c.tx = tx
			c.bot = bot.New(bot.Options{Store: within{tx}, Texts: s.texts, Self: self, Settings: s.set,
				Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: func() time.Time { return s.now }})
			for ; len(in) >= 4 && len(c.order) < 2*slots; in = in[4:] {
				c.next(in[0], in[1], in[2], in[3])
			}
			c.honest()
			c.check()
			return errUndo
		})
		if !errors.Is(err, errUndo) {
			t.Fatal(err)
		}
	})
}

// resolveSeeds are chains as people with clients of their own could send them:
// slot and sender, kind, and two targets.
func resolveSeeds() []string {
	return []string{
		"\x00\x00\x20\x00",                                                 // a reply in a thread
		"\x00\x00\x20\x00\x01\x03\x00\x00",                                 // an edit
		"\x00\x00\x20\x00\x11\x03\x00\x00",                                 // an edit of another's reply
		"\x00\x00\x20\x00\x01\x03\x00\x00\x02\x03\x01\x00",                 // an edit of an edit
		"\x00\x03\x00\x00",                                                 // an edit of itself
		"\x00\x01\x01\x00\x01\x01\x00\x00",                                 // two that answer each other
		"\x00\x00\x00\x00",                                                 // a thread that begins with itself
		"\x00\x00\x20\x00\x01\x00\x00\x00\x02\x00\x01\x00",                 // a thread on a thread on a thread
		"\x00\x00\x22\x00\x0a\x00\x20\x00\x0a\x05\x00\x01",                 // into another network, and out of it
		"\x00\x00\x20\x00\x01\x04\x00\x00\x02\x04\x01\x00\x00\x0c\x00\x00", // a removal of a removal
		"\x00\x00\x20\x00\x01\x04\x00\x00\x02\x04\x00\x00\x03\x04\x03\x00", // twice, and of itself
		"\x00\x00\x20\x00\x21\x05\x00\x01\x01\x04\x01\x00\x00\x0c\x00\x00", // out, and back
		"\x20\x09\x00\x00\x21\x05\x00\x04\x22\x05\x00\x05\x00\x0c\x00\x00", // taken in by a leader
		"\x00\x08\x20\x00\x00\x0c\x00\x00\x01\x03\x00\x00",                 // unreadable at first
		"\x00\x00\x20\x00\x21\x0a\x00\x01\x22\x0a\x00\x02\x23\x0a\x00\x03",
		"\x01\x04\x00\x00\x00\x00\x20\x00", // removed before it comes
		"\x4a\x00\x22\x00\x0a\x03\x0a\x00\x3a\x05\x0a\x01\x00\x05\x0a\x00",
	}
}

// slots is how many events a chain can have: the first in Västerås, the last
// four in Arvika.
const slots = 16

const (
	firstArvika = slots - 4
	arvikaRoom  = meeting.RoomID("!arvika")
	homeRoom    = meeting.RoomID("!vasteras")
)

func slotID(n int) meeting.EventID { return meeting.EventID(fmt.Sprintf("$slot%d", n)) }

func slotRoom(n int) meeting.RoomID {
	if n >= firstArvika {
		return arvikaRoom
	}
	return homeRoom
}

// errUndo ends a chain's transaction without a trace.
var errUndo = errors.New("undo")

// within has the bot work in a transaction that is under way.
type within struct{ tx *sqlite.Tx }

func (w within) Update(_ context.Context, fn func(bot.Tx) error) error { return fn(w.tx) }

// resolveStage is two networks with an open meeting each, and an inbox with
// what chains are made of.
type resolveStage struct {
	*stage
	texts    *render.Texts
	meetings map[meeting.RoomID]int64
}

func newResolveStage(f *testing.F) *resolveStage {
	s := &resolveStage{stage: newStage(f), meetings: map[meeting.RoomID]int64{}}
	for _, step := range []string{
		"network vasteras Västerås prompts=2", "join bot", "join lena Lena", "join anna Anna", "join bo Bo", "join mallory Mallory",
		"network arvika Arvika prompts=2 leader=lars", "join bot", "join lars Lars", "join carl Carl", "join anna Anna",
		"lars: !nästa", "room vasteras", "lena: !nästa",
	} {
		s.step(step)
		s.settle()
	}
	s.texts = render.New()
	batches := map[meeting.RoomID]*meeting.RoomBatch{}
	for n := range slots + 2 {
		room := slotRoom(n % slots)
		if batches[room] == nil {
			batches[room] = &meeting.RoomBatch{Room: room}
		}
		batches[room].Events = append(batches[room].Events, meeting.RawEvent{ID: slotID(n), Room: room, JSON: []byte("{}")})
	}
	batches[arvikaRoom].Events = append(batches[arvikaRoom].Events, meeting.RawEvent{ID: slotID(slots + 2), Room: arvikaRoom, JSON: []byte("{}")})
	s.must(s.db.StoreSync(s.ctx, meeting.SyncBatch{Next: "slots", At: s.now.UTC(), Rooms: []meeting.RoomBatch{*batches[homeRoom], *batches[arvikaRoom]}}))
	s.must(botStore{s.db}.Update(s.ctx, func(tx bot.Tx) error {
		for room, id := range map[meeting.RoomID]string{homeRoom: "vasteras", arvikaRoom: "arvika"} {
			all, err := tx.Meetings(s.ctx, id)
			if err != nil {
				return err
			}
			s.meetings[room] = all[0].ID
		}
		return nil
	}))
	return s
}

// chain is one input under way.
type chain struct {
	t        *testing.T
	s        *resolveStage
	tx       *sqlite.Tx
	bot      *bot.Bot
	sent     map[int]meeting.Event
	order    []int
	redacted map[meeting.EventID]bool
}

// target is what a byte stands for: an event of the chain, one of the bot's, or
// nothing that exists.
func target(b byte) meeting.EventID {
	switch b {
	case 0x20:
		return "$prompt/vasteras/1/1"
	case 0x21:
		return "$prompt/vasteras/1/2"
	case 0x22:
		return "$prompt/arvika/1/1"
	case 0x23:
		return "$opening/vasteras/1"
	case 0x24:
		return ""
	case 0x25:
		return "$nothing"
	}
	return slotID(int(b) % slots)
}

// marker is in the text of a slot, and in no other.
func marker(n int) string { return fmt.Sprintf("märke-%d.", n) }

// next handles an event. The first byte is its slot (low half) and its sender,
// the second its kind, the others what it is about.
func (c *chain) next(who, kind, one, two byte) {
	n := int(who) % slots
	if old, ok := c.sent[n]; ok {
		c.again(n, old, kind%16 == 12)
		return
	}
	people := []meeting.UserID{user("anna"), user("bo"), user("lena"), user("lars"), user("carl"), user("mallory"), user("nka")}
	meta := meeting.EventMeta{ID: slotID(n), Room: slotRoom(n), Sender: people[int(who>>4)%len(people)],
		SentAt: c.s.now.Add(time.Duration(two) * time.Second).UTC(), Received: c.s.now.UTC(), Order: meeting.Order{Batch: 1000, Pos: int64(n)}}
	ev := chainEvent(meta, n, kind%16, target(one), target(two), two)
	if r, ok := ev.(meeting.Redaction); ok && !c.mayRemove(r) {
		return // no server carries it out, and the Matrix adapter asks
	}
	c.sent[n] = ev
	c.handle(n, ev)
}

var (
	chainEmoji    = []string{"👍", "🚫", "📌", "✅", "📝", "2️⃣", "❗", "💡", strings.Repeat("👍", 50), "\u202e"}
	chainCommands = []string{"!uteslut", "!ta tillbaka", "!viktigt", "!håller med", "!ta med 2", "!stryk 1.1", "!godkänn", "!nästan", "!anteckna 1 möte", "!glöm mig"}
)

func chainEvent(meta meeting.EventMeta, n int, kind byte, one, two meeting.EventID, pick byte) meeting.Event {
	text := meeting.Message{EventMeta: meta, Kind: meeting.MessageText, Body: "Det vi behöver är " + marker(n)}
	switch kind {
	case 0:
		text.Thread = one
	case 1:
		text.ReplyTo = one
	case 2:
		text.Thread, text.ReplyTo = one, two
	case 3:
		text.Replaces = one
	case 4:
		return meeting.Redaction{EventMeta: meta, Target: one}
	case 5:
		return meeting.Reaction{EventMeta: meta, Target: one, Key: chainEmoji[int(pick)%len(chainEmoji)]}
	case 6:
		return meeting.PollResponse{EventMeta: meta, Target: one, Answers: []string{"a1", string(two)}}
	case 7:
		return meeting.PollEnd{EventMeta: meta, Target: one}
	case 8:
		return meeting.Unreadable{EventMeta: meta, Thread: one}
	case 10:
		text.ReplyTo, text.Body = one, chainCommands[int(pick)%len(chainCommands)]
	case 11:
		text.Thread, text.Kind, text.FileName = one, meeting.MessageFile, "fil"
	}
	return text
}

// mayRemove reports whether a server carries out a removal: of one's own, or by
// the one who made the room. It may come before what it removes.
func (c *chain) mayRemove(r meeting.Redaction) bool {
	for _, ev := range c.sent {
		if m := ev.Meta(); m.ID == r.Target {
			return m.Room == r.Room && (m.Sender == r.Sender || r.Sender == user("lena") && r.Room == homeRoom)
		}
	}
	for n := range slots {
		if slotID(n) == r.Target {
			return slotRoom(n) == r.Room
		}
	}
	return false
}

// again handles an event that has been handled once more, or one that the bot
// had asked for. A message whose key has come can be read.
func (c *chain) again(n int, ev meeting.Event, fetched bool) {
	if u, ok := ev.(meeting.Unreadable); ok && fetched {
		m := chainEvent(u.EventMeta, n, 0, u.Thread, "", 0).(meeting.Message)
		c.sent[n] = m
		c.handle(n, m)
		return
	}
	if m, ok := ev.(meeting.Message); ok {
		m.Fetched = fetched && !c.redacted[m.ID]
		ev = m
	}
	c.handle(n, ev)
}

func (c *chain) handle(n int, ev meeting.Event) {
	c.t.Helper()
	c.order = append(c.order, n)
	if err := c.bot.Handle(c.t.Context(), ev); err != nil {
		c.t.Fatalf("%+v: %v", ev, err)
	}
	if r, ok := ev.(meeting.Redaction); ok {
		c.redacted[r.Target] = true
	}
}

// honest: whatever has happened, the next reply is taken in, in both networks.
func (c *chain) honest() {
	for n, prompt := range map[int]meeting.EventID{slots: "$prompt/vasteras/1/1", slots + 2: "$prompt/arvika/1/1"} {
		meta := meeting.EventMeta{ID: slotID(n), Room: homeRoom, Sender: user("anna"), SentAt: c.s.now.UTC(), Received: c.s.now.UTC(), Order: meeting.Order{Batch: 2000}}
		if n > slots {
			meta.Room = arvikaRoom
		}
		m := chainEvent(meta, n, 0, prompt, "", 0)
		c.sent[n] = m
		c.handle(n, m)
		e := c.entry(slotID(n))
		if e == nil || e.State != meeting.EntryActive || e.Author != user("anna") || !strings.Contains(e.Body, marker(n)) || e.Prompt != 1 {
			c.t.Errorf("the honest reply became %+v", e)
		}
		if p, err := c.tx.Post(c.t.Context(), "receipt/"+string(slotID(n))+"/1"); err != nil || p == nil {
			c.t.Errorf("the honest reply has no receipt: %v", err)
		}
	}
}

func (c *chain) entry(id meeting.EventID) *meeting.Entry {
	c.t.Helper()
	e, err := c.tx.Entry(c.t.Context(), id, func(meeting.UserID) bool { return false })
	if err != nil {
		c.t.Fatal(err)
	}
	return e
}

// check compares the minutes of both networks with what was sent.
func (c *chain) check() {
	taken := map[meeting.EventID]bool{}
	for room, id := range c.s.meetings {
		entries, err := c.tx.Entries(c.t.Context(), id, func(meeting.UserID) bool { return false })
		if err != nil {
			c.t.Fatal(err)
		}
		for i := range entries {
			if taken[entries[i].ID] {
				c.t.Errorf("%s is in the minutes twice", entries[i].ID)
			}
			taken[entries[i].ID] = true
			c.checkEntry(room, &entries[i])
		}
	}
	for _, ev := range c.sent {
		m, ok := ev.(meeting.Message)
		answers := ok && m.Replaces == "" && m.Body[0] != '!' && (m.Room == homeRoom) == strings.Contains(string(m.Thread), "vasteras") && strings.HasPrefix(string(m.Thread), "$prompt/")
		if answers && !taken[m.ID] && !c.redacted[m.ID] {
			c.t.Errorf("%+v is lost", m)
		}
	}
}

// checkEntry: an entry is somebody's own message in the network's own room, in
// words that they wrote, and that nobody has removed.
func (c *chain) checkEntry(room meeting.RoomID, e *meeting.Entry) {
	c.t.Helper()
	if e.Source == meeting.SourceNote {
		return
	}
	var own meeting.Event
	for _, ev := range c.sent {
		if ev.Meta().ID == e.ID {
			own = ev
		}
	}
	switch {
	case own == nil:
		c.t.Errorf("nobody wrote %+v", e)
		return
	case own.Meta().Sender != e.Author || own.Meta().Room != room || e.Prompt < 1 || e.Prompt > 2:
		c.t.Errorf("%+v became %+v", own, e)
	case e.State == meeting.EntryActive && c.redacted[e.ID]:
		c.t.Errorf("%+v was removed", e)
	}
	texts, err := c.tx.Versions(c.t.Context(), e.ID)
	if err != nil {
		c.t.Fatal(err)
	}
	texts["current"] = e.Body
	for version, text := range texts {
		for n, ev := range c.sent {
			m, _ := ev.(meeting.Message)
			mine := m.Sender == e.Author && (m.ID == e.ID || m.Replaces == e.ID) && !c.redacted[m.ID]
			if strings.Contains(text, marker(n)) && e.Author == m.Sender && !mine || version == "current" && strings.Contains(text, marker(n)) && !mine {
				c.t.Errorf("%s says %q", e.ID, text)
			}
		}
	}
}

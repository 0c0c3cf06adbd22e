//go:build faults

package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"blnbot/bot"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// oracle compares, after a run, what people did with what came of it.
type oracle struct {
	*world
	posts    map[meeting.EventID]post // the bot's own record of what it sent
	kept     map[string]bool          // marks of texts that count
	gone     map[string]string        // marks of texts that were removed, and what they were
	taken    map[meeting.EventID]bool // the bot's posts that the server has redacted
	arrived  map[meeting.EventID]arrival
	faults   []string
	repeated int // redactions that were sent twice
	doubled  int // posts that were taken down because they were there twice
	late     int // entries that the server brought later than they were written
	intact   int // messages that the server has not redacted though somebody asked for it
}

type post struct {
	key, kind string
	room      meeting.RoomID
}

// judge finds every fault of a run whose bot has been stopped.
func (w *world) judge() *oracle {
	w.t.Helper()
	o := &oracle{world: w, posts: map[meeting.EventID]post{}, kept: map[string]bool{}, gone: map[string]string{}, taken: map[meeting.EventID]bool{}}
	w.must(o.readPosts())
	w.must(o.readArrivals())
	o.sortMarks()
	o.bytes() // before anybody opens the files again
	for _, n := range w.nets {
		o.minutes(n)
		o.room(n.leader, n.room)
		o.receipts(n)
		for _, who := range append([]*person.Person{n.leader}, n.members...) {
			o.readable(who, n.room)
		}
	}
	o.room(w.nka, w.coord)
	o.readable(w.nka, w.coord)
	o.direct()
	w.t.Logf("%d redactions were sent again, %d doubled posts taken down, %d entries brought late by the server, %d redactions forgotten by it",
		o.repeated, o.doubled, o.late, o.intact)
	if len(o.faults) > 0 {
		shown := o.faults[:min(len(o.faults), 400)]
		w.t.Errorf("seed %d: %d faults:\n\t%s", w.seed, len(o.faults), strings.Join(shown, "\n\t"))
		// Once more behind everything else, where a report that shows the end of the output has them.
		w.last = fmt.Sprintf("seed %d: %d faults, the first of them:\n\t%s", w.seed, len(o.faults), strings.Join(shown[:min(len(shown), 10)], "\n\t"))
	}
	return o
}

func (o *oracle) fault(format string, args ...any) {
	o.faults = append(o.faults, fmt.Sprintf(format, args...))
}

// readPosts reads the bot's record, which must be finished.
func (o *oracle) readPosts() error {
	db, err := o.database()
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.QueryContext(o.ctx, `SELECT key, kind, room_id, state, coalesce(event_id, '') FROM posts`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p post
		var state string
		var id meeting.EventID
		if err := rows.Scan(&p.key, &p.kind, &p.room, &state, &id); err != nil {
			return err
		}
		switch {
		case state == "sent" && id != "":
			o.posts[id] = p
		case state == "failed", state == "pending":
			o.fault("post %s is %s", p.key, state)
		}
	}
	var dead, lost, checks, waiting int
	err = db.QueryRowContext(o.ctx, `SELECT (SELECT count(*) FROM inbox WHERE state = 'dead'), (SELECT count(*) FROM gaps WHERE state = 'lost'),
		(SELECT count(*) FROM checks WHERE state = 'lost'), (SELECT count(*) FROM unplaced
			WHERE target IN (SELECT event_id FROM entries UNION ALL SELECT event_id FROM posts WHERE event_id IS NOT NULL))`).Scan(&dead, &lost, &checks, &waiting)
	if dead+lost+checks > 0 {
		o.fault("%d events given up, %d gaps lost, %d comparisons not made", dead, lost, checks)
	}
	if waiting > 0 {
		o.fault("%d messages wait for what they answer although it is known", waiting)
	}
	return err
}

// sortMarks tells texts that must be found from texts that must not.
func (o *oracle) sortMarks() {
	for _, n := range o.nets {
		for _, e := range n.entries {
			for i, v := range e.versions {
				what := fmt.Sprintf("text %d of %s", i+1, e.id())
				switch {
				case e.prompt == 0 && !v.foreign:
					o.gone[v.mark] = "loose " + what
				case e.gone && !v.foreign:
					o.gone[v.mark] = "deleted " + what
				case n.excluded(e) && !v.foreign:
					o.gone[v.mark] = "left out " + what
				case v.gone:
					o.gone[v.mark] = "taken back " + what
				case v == e.newest():
					o.kept[v.mark] = true
				}
			}
		}
	}
}

// excluded reports whether 🚫 of the author or the leader is on the entry.
func (n *network) excluded(e *entry) bool {
	return e.left[e.author] != "" || e.left[n.leader] != ""
}

func (n *network) expected(number, prompt int) map[meeting.EventID]*entry {
	out := map[meeting.EventID]*entry{}
	for _, e := range n.entries {
		if e.number == number && e.prompt == prompt && !e.gone && !n.excluded(e) {
			out[e.id()] = e
		}
	}
	return out
}

// minutes compares the exported minutes with what people wrote.
func (o *oracle) minutes(n *network) {
	last := 0
	for _, e := range n.entries {
		last = max(last, e.number)
	}
	for number := 1; number <= last; number++ {
		text, err := o.stage.Run(o.ctx, "export", "minutes", "--network", n.id, "--meeting", fmt.Sprint(number), "--format", "json")
		if err != nil {
			o.fault("%s, meeting %d: %v", n.id, number, err)
			continue
		}
		var m bot.MinutesExport
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			o.fault("%s, meeting %d: %v", n.id, number, err)
			continue
		}
		if m.Unreadable != 0 || m.Gaps != 0 {
			o.fault("%s, meeting %d: %d unreadable, %d gaps", n.id, number, m.Unreadable, m.Gaps)
		}
		for _, p := range m.Prompts {
			o.prompt(n, number, p)
		}
	}
}

func (o *oracle) prompt(n *network, number int, p bot.PromptExport) {
	where := fmt.Sprintf("%s %d.%d", n.id, number, p.Number)
	want := n.expected(number, p.Number)
	seen := map[meeting.EventID]bool{}
	for _, got := range p.Entries {
		e := want[got.ID]
		switch {
		case seen[got.ID]:
			o.fault("%s: %s is there twice", where, got.ID)
			continue
		case e == nil:
			o.fault("%s: %s does not belong there (%s)", where, got.ID, n.describe(got.ID))
			continue
		}
		seen[got.ID] = true
		o.entry(n, where, e, got)
	}
	o.order(where, p.Entries, want)
	for id, e := range want {
		if !seen[id] {
			o.fault("%s: %s of %s is missing (%s)", where, id, e.author.ID(), n.describe(id))
		}
	}
}

func (o *oracle) entry(n *network, where string, e *entry, got bot.EntryExport) {
	author, likes := e.author.ID(), 0
	if e.source == meeting.SourceNote {
		author = ""
	}
	for who := range e.likes {
		if who.ID() != author {
			likes++
		}
	}
	wrong := func(what string, want, got any) {
		o.fault("%s: %s of %s (%s): want %v, got %v", where, what, e.id(), n.describe(e.id()), want, got)
	}
	if got.Body != e.newest().text {
		wrong("text", e.newest().text, got.Body)
	}
	if got.Author != author || got.Source != e.source {
		wrong("author and source", fmt.Sprint(author, e.source), fmt.Sprint(got.Author, got.Source))
	}
	if got.Edited != e.edited() && !e.foreign() {
		wrong("edited", e.edited(), got.Edited)
	}
	if got.Late != e.late && (e.late || !o.behind(n.closing[e.number], e.id())) {
		wrong("late", e.late, got.Late)
	}
	if got.Support != likes {
		wrong("support", likes, got.Support)
	}
	if marked := len(got.Marks) == 1 && got.Marks[0] == meeting.MarkKey; marked != (e.marked != "") {
		wrong("marks", e.marked, got.Marks)
	}
}

func (e *entry) foreign() bool {
	for _, v := range e.versions {
		if v.foreign {
			return true
		}
	}
	return false
}

// describe says what happened to an entry, for messages.
func (n *network) describe(id meeting.EventID) string {
	for _, e := range n.entries {
		if e.id() == id {
			var left []string
			for who := range e.left {
				left = append(left, string(who.ID()))
			}
			return fmt.Sprintf("%s by %s in %d.%d, %d texts, gone %t, 🚫 %v, late %t, sent %s", e.source, e.author.ID(), e.number, e.prompt,
				len(e.versions), e.gone, left, e.late, e.done.UTC().Format("15:04:05.000"))
		}
	}
	return "nobody wrote it"
}

// room checks that each of the bot's events in a room is a post of its record,
// and each post is there once and can be read.
func (o *oracle) room(who *person.Person, room meeting.RoomID) {
	rooms, err := o.read(who, room)
	if err != nil {
		o.fault("read %s: %v", room, err)
		return
	}
	there := map[meeting.EventID]bool{}
	removed := map[meeting.EventID]bool{} // by redactions of the record
	for _, e := range rooms[room] {
		if o.posts[e.ID].kind == "redact" {
			removed[e.target()] = true
		}
	}
	for _, e := range rooms[room] {
		if e.Sender != o.stage.Bot() {
			continue
		}
		there[e.ID], o.taken[e.ID] = true, e.redacted()
		if p, ok := o.posts[e.ID]; !ok && e.redacted() && removed[e.ID] {
			// The server acted on an attempt after the next one had been made;
			// the bot has taken the second event down.
			o.doubled++
		} else if !ok && removed[e.target()] {
			// Dendrite shows neither key nor transaction of a redaction, so that
			// one whose answer was lost is sent again. People see no difference.
			o.repeated++
		} else if !ok {
			o.fault("%s: the bot's %s %s (key %q, target %s, redacted %t) is none of its posts: sent twice?", room, e.Type, e.ID,
				e.Content.Key, e.Content.Relates.Event, e.redacted())
		} else if e.Content.Key != "" && e.Content.Key != p.key {
			o.fault("%s: %s has key %q, the record says %q", room, e.ID, e.Content.Key, p.key)
		}
	}
	for id, p := range o.posts {
		if p.room == room && !there[id] {
			o.fault("%s: post %s (%s) is not in the room", room, p.key, id)
		}
	}
	keys := map[string]meeting.EventID{}
	for _, s := range who.Timeline(room) {
		key, _ := s.Content[keyField].(string)
		if s.Sender != o.stage.Bot() || key == "" || o.taken[s.ID] {
			continue
		}
		if first, twice := keys[key]; twice {
			o.fault("%s: post %s is there twice: %s and %s", room, key, first, s.ID)
		}
		keys[key] = s.ID
		if p := o.posts[s.ID]; p.key != key && p.key != "" {
			o.fault("%s: people see key %q on %s, the record says %q", room, key, s.ID, p.key)
		}
	}
}

// readable checks that a person can read what the bot wrote, all of it
// encrypted, and that nothing in it was removed.
func (o *oracle) readable(who *person.Person, room meeting.RoomID) {
	ctx, cancel := context.WithTimeout(o.ctx, 20*time.Second)
	defer cancel()
	seen, err := who.WaitUntil(ctx, room, "all posts", func(seen []person.Seen) bool { return o.allThere(room, seen) })
	if err != nil { // Dendrite's sync has passed over one long ago
		if err := who.Reread(o.ctx, room); err != nil {
			o.fault("%s reads %s again: %v", who.ID(), room, err)
		}
		seen = who.Timeline(room)
	}
	there := map[meeting.EventID]bool{}
	for _, s := range seen {
		there[s.ID] = true
		if s.Sender != o.stage.Bot() || s.Redacted {
			continue
		}
		if s.Kind == person.KindUnreadable || !s.Encrypted {
			o.fault("%s: %s sees the bot's %s (%s) as %s, encrypted %t", room, who.ID(), s.ID, o.posts[s.ID].key, s.Kind, s.Encrypted)
		}
		for _, mark := range marks.FindAllString(s.Body, -1) {
			// Dendrite's sync passes over an event now and then: a removal, too.
			if what, removed := o.gone[mark]; removed && !o.taken[s.ID] {
				o.fault("%s: %s still sees in %s: %s", room, who.ID(), o.posts[s.ID].key, what)
			}
		}
	}
	for id, p := range o.posts {
		if p.room == room && message(p) && !there[id] {
			o.fault("%s: %s does not see %s (%s)", room, who.ID(), p.key, id)
		}
	}
}

func message(p post) bool { return p.kind == "text" || p.kind == "notice" || p.kind == "file" }

func (o *oracle) allThere(room meeting.RoomID, seen []person.Seen) bool {
	there := 0
	for _, s := range seen {
		if p, ok := o.posts[s.ID]; ok && message(p) {
			there++
		}
	}
	want := 0
	for _, p := range o.posts {
		if p.room == room && message(p) {
			want++
		}
	}
	return there >= want
}

// receipts checks 📝: once on every reply that is in the minutes, on no other.
// It also checks that the server agrees with what people did.
func (o *oracle) receipts(n *network) {
	rooms, err := o.read(n.leader, n.room)
	if err != nil {
		o.fault("read %s: %v", n.id, err)
		return
	}
	count, there := map[meeting.EventID]int{}, map[meeting.EventID]wire{}
	for _, e := range rooms[n.room] {
		there[e.ID] = e
		if e.Sender == o.stage.Bot() && e.Type == "m.reaction" && !e.redacted() && e.Content.Relates.Key == receipt {
			count[e.Content.Relates.Event]++
		}
	}
	for _, e := range n.entries {
		want := 0
		if e.prompt > 0 && !e.gone && !n.excluded(e) {
			want = 1
		}
		if count[e.id()] != want {
			o.fault("%s: %d × 📝 on %s, want %d (%s)", n.id, count[e.id()], e.id(), want, n.describe(e.id()))
		}
		switch got, ok := there[e.id()]; {
		case ok && e.gone && !got.redacted():
			o.intact++ // Dendrite forgets redactions of what it hands out late
		case !ok || got.redacted() != e.gone:
			o.fault("%s: not the bot's fault: the server has %s: %t, redacted: %t", n.id, e.id(), ok, got.redacted())
		}
		delete(count, e.id())
	}
	for id := range count {
		o.fault("%s: 📝 on %s, which nobody wrote", n.id, id)
	}
}

// direct checks the direct conversations.
func (o *oracle) direct() {
	for _, who := range o.people {
		rooms := map[meeting.RoomID]bool{}
		for _, inv := range who.Invites() {
			if inv.Inviter == o.stage.Bot() && !rooms[inv.Room] {
				rooms[inv.Room] = true
				o.room(who, inv.Room)
				o.readable(who, inv.Room)
			}
		}
		if len(rooms) > 1 {
			o.fault("%s has %d direct rooms with the bot", who.ID(), len(rooms))
		}
	}
}

var marks = regexp.MustCompile(`zq[a-z]{14}`)

// bytes looks for removed texts in every byte of what the bot has stored.
func (o *oracle) bytes() {
	found := map[string]bool{}
	err := filepath.WalkDir(o.stage.DataDir(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, mark := range marks.FindAll(data, -1) {
			found[string(mark)] = true
			if what, removed := o.gone[string(mark)]; removed {
				o.fault("%s still holds %s, %s", d.Name(), mark, what)
			}
		}
		return err
	})
	if err != nil {
		o.fault("read the data folder: %v", err)
	}
	for mark := range o.kept {
		if !found[mark] {
			o.fault("no file of the bot holds %s", mark)
		}
	}
}

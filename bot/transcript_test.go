package bot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/bot"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
	"blnbot/internal/render/docx"
	"blnbot/internal/sqlite"
)

var update = flag.Bool("update", false, "rewrite the bot's lines in the transcripts")

// TestTranscripts plays the chats in testdata and compares what the bot says.
// README.md in that folder explains the format.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			script, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(script))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(strings.Split(string(script), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("the bot says something else (-transcript +bot):\n%s", diff)
			}
		})
	}
}

const (
	self      = meeting.UserID("@bln:example.se")
	coordRoom = meeting.RoomID("!samordning")
)

// stage is one chat under way.
type stage struct {
	t    testing.TB
	ctx  context.Context
	out  strings.Builder
	path string
	db   *sqlite.DB
	bot  *bot.Bot
	now  time.Time
	set  *bot.Settings
	// room is where people write now; events remembers what they wrote.
	room   meeting.RoomID
	events map[meeting.EventID]meeting.Event
	// reactions finds a reaction's event by sender, target and emoji.
	reactions map[string]meeting.EventID
	serial    int
	anonymous meeting.EventID // the newest anonymous entry
	poll      string          // key of the newest poll
	hold      bool            // posts are sent, but do not come back yet
	held      []meeting.Echo
	missing   bool // the next message comes without its key
	soon      bool // … for a minute, in which nobody is told
	keyless   meeting.EventID
	lost      bool // the next message that is fetched cannot be, for a minute
	redacted  map[meeting.EventID]meeting.UserID
	refused   meeting.RoomID // the server takes nothing for this room,
	// or if there are any, nothing of these kinds
	refusedKinds []string
	roles        meeting.RoleNames
	file         string // the last file that was sent
	offline      bool   // nothing can be sent
	uncompared   bool   // nothing can be compared with the server
	unanswered   string // the server takes the post with this key, and its answer is lost
	brief        bool   // only the first line of what the bot says is written down
}

type botStore struct{ *sqlite.DB }

func (s botStore) Update(ctx context.Context, fn func(bot.Tx) error) error {
	return s.DB.Update(ctx, func(tx *sqlite.Tx) error { return fn(tx) })
}

func newStage(t testing.TB) *stage {
	s := &stage{t: t, ctx: t.Context(), path: filepath.Join(t.TempDir(), "blnbot.db"),
		events: map[meeting.EventID]meeting.Event{}, reactions: map[string]meeting.EventID{}, redacted: map[meeting.EventID]meeting.UserID{}}
	stockholm, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	s.now = time.Date(2026, 9, 1, 12, 0, 0, 0, stockholm)
	s.set = &bot.Settings{Programmes: []meeting.Programme{testProgramme("sv"), testProgramme("en")},
		Defaults: meeting.Network{OpenFor: 5 * 24 * time.Hour, Grace: 24 * time.Hour, Approval: meeting.ApprovalLeader, ObjectionsFor: 48 * time.Hour}, Staff: []meeting.UserID{"@nka:example.se"}, Language: "sv", Location: stockholm}
	s.start()
	t.Cleanup(func() {
		if err := s.db.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *stage) start() {
	db, err := sqlite.Open(s.ctx, s.path)
	s.must(err)
	s.db = db
	s.bot = bot.New(bot.Options{Store: botStore{db}, Texts: render.NewWith(s.roles), Self: self, Settings: s.set,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Now: func() time.Time { return s.now }})
	s.must(s.bot.Bind(s.ctx, bot.CoordinationBinding, coordRoom))
	for _, n := range s.set.Networks {
		s.must(s.bot.Bind(s.ctx, bot.NetworkBinding(n.ID), meeting.RoomID("!"+n.ID)))
	}
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func play(t *testing.T, script string) string {
	s := newStage(t)
	lines := strings.Split(script, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if strings.HasPrefix(line, "bot ") || strings.HasPrefix(line, "  |") || strings.HasPrefix(line, "state> ") {
			continue
		}
		text := line
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "    ") && line != "" {
			i++
			text += "\n" + strings.TrimPrefix(lines[i], "    ")
			line += "\n" + lines[i]
		}
		if i == len(lines)-1 && line == "" {
			break
		}
		s.out.WriteString(line + "\n")
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		s.step(text)
		s.settle()
	}
	return s.out.String()
}

// step carries out one line.
func (s *stage) step(line string) {
	first, rest, _ := strings.Cut(line, " ")
	switch first {
	case "network":
		s.network(rest)
	case "join":
		s.join(rest)
	case "room":
		s.room = meeting.RoomID("!" + rest)
	case "at":
		s.clock(rest)
	case "after":
		d, err := time.ParseDuration(rest)
		s.must(err)
		s.now = s.now.Add(d)
		s.must(s.bot.Tick(s.ctx))
		s.work()
	case "restart":
		s.must(s.db.Close())
		s.start()
	case "hold":
		s.hold = true
	case "release":
		s.hold = false
		for _, e := range s.held {
			s.must(s.bot.Handle(s.ctx, e))
		}
		s.held = nil
	case "nokey":
		s.missing, s.soon = true, rest == "soon"
	case "nofetch":
		s.lost = true
	case "key":
		s.keyArrives(rest)
	case "minutes":
		s.minutes(rest)
	case "search":
		s.search(rest)
	case "twice":
		s.deliverAgain(rest)
	case "gap":
		s.gap(rest)
	default:
		if !s.more(first, rest) {
			s.person(line)
		}
	}
}

// clock sets the time, to the second if given, and ticks.
func (s *stage) clock(text string) {
	for _, form := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if at, err := time.ParseInLocation(form, text, s.set.Location); err == nil {
			s.now = at
			s.must(s.bot.Tick(s.ctx))
			return
		}
	}
	s.t.Fatalf("not a time: %s", text)
}

// join has somebody come into the current room: "anna Anna Svensson".
func (s *stage) join(text string) {
	name, display, _ := strings.Cut(text, " ")
	m := meeting.Membership{EventMeta: s.meta("", user(name)), User: user(name), DisplayName: display, Membership: "join"}
	if name == "bot" {
		m.User, m.Sender, m.Self = self, self, true
	}
	s.deliver(m)
}

func user(name string) meeting.UserID { return meeting.UserID("@" + name + ":example.se") }

// meta makes the metadata of a new event in the current room.
func (s *stage) meta(label string, sender meeting.UserID) meeting.EventMeta {
	s.serial++
	if label == "" {
		label = fmt.Sprintf("e%d", s.serial)
	}
	return meeting.EventMeta{ID: meeting.EventID("$" + label), Room: s.room, Sender: sender, SentAt: s.now.UTC(), Received: s.now.UTC()}
}

// deliver stores an event as a sync answer would, and has the bot handle it.
func (s *stage) deliver(ev meeting.Event) {
	m := ev.Meta()
	s.events[m.ID] = ev
	s.must(s.db.StoreSync(s.ctx, meeting.SyncBatch{Next: string(m.ID), At: s.now.UTC(), Rooms: []meeting.RoomBatch{{Room: m.Room,
		Events: []meeting.RawEvent{{ID: m.ID, Room: m.Room, Session: string(m.ID), JSON: []byte("{}")}}}}}))
	s.work()
	s.once(ev)
}

// once has an event that was handled come once more: that must change nothing.
func (s *stage) once(ev meeting.Event) {
	var awaited bool
	s.must(botStore{s.db}.Update(s.ctx, func(tx bot.Tx) (err error) {
		awaited, err = tx.Awaited(s.ctx, ev.Meta().ID)
		return err
	}))
	if !awaited {
		s.must(s.bot.Handle(s.ctx, ev))
	}
}

// work handles what the inbox has, as the Matrix adapter would.
func (s *stage) work() {
	for {
		rows, err := s.db.NextInbox(s.ctx, s.now.UTC(), nil, 1)
		s.must(err)
		if len(rows) == 0 {
			return
		}
		row := &rows[0]
		ev := withOrder(s.events[row.ID], row)
		if by, gone := s.redacted[row.ID]; gone && row.State == meeting.InboxFetch {
			meta := ev.Meta()
			meta.Sender, meta.Fetched = by, true
			ev = meeting.Redaction{EventMeta: meta, Target: row.ID}
		}
		if _, ok := ev.(meeting.Message); ok && s.missing && row.State == meeting.InboxNew {
			s.missing = false
			if s.soon {
				s.soon, s.keyless = false, row.ID
				s.must(s.db.WaitForKey(s.ctx, row.ID, s.now.Add(time.Minute)))
				continue
			}
			s.keyless = row.ID
		}
		if msg, ok := ev.(meeting.Message); ok && s.keyless == row.ID {
			s.must(s.db.WaitForKey(s.ctx, row.ID, s.now.Add(14*24*time.Hour)))
			u := meeting.Unreadable{EventMeta: msg.EventMeta, Thread: msg.Thread, ReplyTo: msg.ReplyTo}
			s.must(s.bot.Handle(s.ctx, u))
			continue
		}
		if row.State == meeting.InboxFetch && s.lost {
			s.lost = false
			s.must(s.db.RetryInbox(s.ctx, row.ID, s.now.Add(time.Minute)))
			continue
		}
		s.must(s.bot.Handle(s.ctx, ev))
	}
}

func withOrder(ev meeting.Event, row *meeting.InboxRow) meeting.Event {
	fetched := row.State == meeting.InboxFetch
	switch v := ev.(type) {
	case meeting.Message:
		v.Order, v.Fetched = row.Order, fetched
		return v
	case meeting.Reaction:
		v.Order, v.Fetched = row.Order, fetched
		return v
	case meeting.Redaction:
		v.Order = row.Order
		return v
	case meeting.PollResponse:
		v.Order, v.Fetched = row.Order, fetched
		return v
	case meeting.PollEnd:
		v.Order, v.Fetched = row.Order, fetched
		return v
	}
	return ev
}

func (s *stage) keyArrives(label string) {
	if _, ok := s.events[meeting.EventID("$"+label)]; !ok {
		s.t.Fatalf("nothing is called %s", label)
	}
	s.keyless = ""
	s.must(s.db.KeyArrived(s.ctx, "$"+label))
	s.work()
}

// repeated is "{å*1000}", a long text written short.
var repeated = regexp.MustCompile(`\{([^{}]+)\*(\d+)\}`)

// person has somebody do something: "anna in 1 #a: text", "anna edit a: text",
// "anna react a 👍", "anna: text" …
func (s *stage) person(line string) {
	head, text, said := strings.Cut(line, ": ")
	if !said {
		head, text, said = strings.Cut(line, ":")
	}
	words := strings.Fields(head)
	if len(words) > 1 && (words[1] == "vote" || words[1] == "endpoll") {
		s.ballot(strings.Fields(line))
		return
	}
	if len(words) > 1 && (words[1] == "react" || words[1] == "unreact" || words[1] == "delete") {
		s.gesture(strings.Fields(line))
		return
	}
	if !said || len(words) == 0 {
		s.t.Fatalf("neither a step nor something said: %q", line)
	}
	label := ""
	if n := len(words); n > 0 && strings.HasPrefix(words[n-1], "#") {
		label, words = words[n-1][1:], words[:n-1]
	}
	text = repeated.ReplaceAllStringFunc(text, func(s string) string {
		found := repeated.FindStringSubmatch(s)
		n, _ := strconv.Atoi(found[2])
		return strings.Repeat(found[1], n)
	})
	m := meeting.Message{EventMeta: s.meta(label, user(words[0])), Kind: meeting.MessageText, Body: strings.TrimSpace(text)}
	for i := 1; i < len(words); i++ {
		switch words[i] {
		case "in":
			m.Thread = s.target(words[i+1])
		case "reply":
			m.ReplyTo = s.target(words[i+1])
		case "edit":
			m.Replaces = s.target(words[i+1])
		case "on":
			m.Room = meeting.RoomID("!" + words[i+1])
			if words[i+1] == "dm" {
				m.Room = meeting.RoomID("!dm" + string(m.Sender))
				s.must(s.db.SetDirectRoom(s.ctx, m.Sender, m.Room))
			}
		case "image":
			m.Kind, m.FileName = meeting.MessageImage, words[i+1]
		case "voice":
			m.Kind, m.FileName = meeting.MessageAudio, words[i+1]
		case "pill":
			m.Mentions = append(m.Mentions, user(words[i+1]))
		case "poll":
			m.Kind = meeting.MessageOther
			continue
		case "mentions":
			m.Mentions = []meeting.UserID{self}
			continue
		case "notice":
			m.Kind = meeting.MessageNotice
			continue
		case "ago":
			d, err := time.ParseDuration(words[i+1])
			s.must(err)
			m.SentAt = m.SentAt.Add(-d)
		default:
			s.t.Fatalf("unknown word %q in %q", words[i], line)
		}
		i++
	}
	s.deliver(m)
}

// ballot is an answer to the newest poll, "anna vote #v1 1 3", with areas'
// numbers or an option's whole id, or the end of it, "lena endpoll". "post:KEY" is another poll.
func (s *stage) ballot(words []string) {
	poll := meeting.EventID("$" + s.poll)
	label, answers := "", words[2:]
	if len(answers) > 0 && strings.HasPrefix(answers[0], "#") {
		label, answers = answers[0][1:], answers[1:]
	}
	meta := s.meta(label, user(words[0]))
	if len(answers) > 0 && strings.HasPrefix(answers[0], "post:") {
		poll, answers = s.target(answers[0]), answers[1:]
	}
	if words[1] == "endpoll" {
		s.deliver(meeting.PollEnd{EventMeta: meta, Target: poll})
		return
	}
	r := meeting.PollResponse{EventMeta: meta, Target: poll}
	for _, a := range answers {
		if _, err := strconv.Atoi(a); err == nil {
			a = "a" + a
		}
		r.Answers = append(r.Answers, a)
	}
	s.deliver(r)
}

// gesture is a reaction, its removal, or the deletion of a message.
func (s *stage) gesture(words []string) {
	who, target := user(words[0]), s.target(words[2])
	switch words[1] {
	case "react":
		r := meeting.Reaction{EventMeta: s.meta("", who), Target: target, Key: words[3]}
		s.reactions[words[0]+string(target)+words[3]] = r.ID
		s.deliver(r)
	case "unreact":
		reaction, ok := s.reactions[words[0]+string(target)+words[3]]
		if !ok {
			s.t.Fatalf("%s has not reacted with %s", words[0], words[3])
		}
		s.deliver(meeting.Redaction{EventMeta: s.meta("", who), Target: reaction})
	case "delete":
		s.redacted[target] = who
		meta := s.meta("", who)
		if ev, ok := s.events[target]; ok {
			meta.Room = ev.Meta().Room // a direct room, perhaps
		}
		if len(words) == 5 { // "eva delete a1 from arvika", where the message is not
			meta.Room = meeting.RoomID("!" + words[4])
			delete(s.redacted, target)
		}
		s.deliver(meeting.Redaction{EventMeta: meta, Target: target})
	}
}

// target finds an event: a prompt of the newest meeting by its number, a post by
// its key, or what a person wrote by its label.
func (s *stage) target(word string) meeting.EventID {
	if word == "answer" { // to the last thing that was said
		return meeting.EventID(fmt.Sprintf("$answer/$e%d", s.serial))
	}
	if word == "anonymous" {
		return s.anonymous
	}
	if key, ok := strings.CutPrefix(word, "post:"); ok {
		if start, ok := strings.CutSuffix(key, "*"); ok {
			s.must(s.db.Update(s.ctx, func(tx *sqlite.Tx) error {
				found, err := tx.PostsWithPrefix(s.ctx, start)
				if len(found) > 0 {
					key = found[0].Key
				}
				return err
			}))
		}
		return meeting.EventID("$" + key)
	}
	if _, err := strconv.Atoi(word); err == nil {
		id := strings.TrimPrefix(string(s.room), "!")
		last, err := s.bot.LastHeld(s.ctx, id)
		s.must(err)
		return meeting.EventID(fmt.Sprintf("$prompt/%s/%d/%s", id, last, word))
	}
	return meeting.EventID("$" + word)
}

// settle sends what is queued, writes it down, and lets it come back.
func (s *stage) settle() {
	for !s.offline {
		posts, err := s.db.NextPosts(s.ctx, s.now.UTC(), nil, 1)
		s.must(err)
		if len(posts) == 0 {
			if !s.compare() {
				return
			}
			continue
		}
		d := posts[0]
		room := d.Room
		if d.To != "" {
			room = meeting.RoomID("!dm" + d.To)
			s.must(s.db.SetDirectRoom(s.ctx, d.To, room))
		}
		id := meeting.EventID("$" + d.Key)
		if d.Kind == meeting.PostRoom {
			id = meeting.EventID("!" + strings.Split(d.Key, "/")[1])
		}
		if strings.HasPrefix(d.Key, "anonymous/") {
			s.anonymous = id
		}
		if d.Kind == meeting.PostPoll {
			s.poll = d.Key
		}
		pending, err := s.db.AttemptPost(s.ctx, d.Key)
		s.must(err)
		if !pending {
			s.t.Fatalf("post %s was taken back", d.Key)
		}
		if d.Key == s.unanswered {
			s.unanswered = ""
			s.must(s.db.RetryPost(s.ctx, d.Key, s.now.UTC().Add(time.Minute)))
			continue
		}
		if room != "" && room == s.refused && (len(s.refusedKinds) == 0 || slices.Contains(s.refusedKinds, string(d.Kind))) {
			s.must(s.bot.GiveUp(s.ctx, d, meeting.ErrForbidden))
			continue
		}
		s.must(s.db.MarkSent(s.ctx, d.Key, room, id, s.now.UTC()))
		s.write(d)
		s.work() // what was done to it before the bot knew its event
		echo := meeting.Echo{EventMeta: meeting.EventMeta{ID: id, Room: room, Sender: self}, Key: d.Key}
		if s.hold {
			s.held = append(s.held, echo)
			continue
		}
		s.must(s.bot.Handle(s.ctx, echo))
	}
}

// compare finds every room and thread that is to be compared with the server
// complete, and lets the clock go on with closing. It reports whether there was any.
func (s *stage) compare() bool {
	for n := 0; ; n++ {
		checks, err := s.db.OpenChecks(s.ctx, s.now.UTC())
		s.must(err)
		if len(checks) == 0 {
			if n > 0 {
				s.must(s.bot.Tick(s.ctx))
			}
			return n > 0
		}
		for _, c := range checks {
			if s.uncompared {
				s.must(s.db.LoseCheck(s.ctx, c))
			} else {
				s.must(s.db.FinishCheck(s.ctx, c, nil, s.now.UTC()))
			}
		}
	}
}

// write puts one of the bot's posts into the transcript.
func (s *stage) write(d meeting.Delivery) {
	where := strings.TrimPrefix(string(d.Room), "!")
	if d.To != "" {
		where = "to " + strings.TrimSuffix(strings.TrimPrefix(string(d.To), "@"), ":example.se")
	}
	head := fmt.Sprintf("bot %s %s", where, d.Kind)
	if d.ThreadID != "" {
		head += " in " + short(d.ThreadID)
	}
	if len(d.Mentions) > 0 {
		var names []string
		for _, m := range d.Mentions {
			names = append(names, strings.TrimSuffix(strings.TrimPrefix(string(m), "@"), ":example.se"))
		}
		head += " rings " + strings.Join(names, ",")
	}
	switch d.Kind {
	case meeting.PostReaction:
		s.out.WriteString(fmt.Sprintf("%s: %s on %s\n", head, d.Emoji, short(d.TargetID)))
		return
	case meeting.PostRoom:
		s.out.WriteString(fmt.Sprintf("%s: %s in %s, seen by %v\n", head, d.Make.Name, d.Make.SpaceName, d.Make.SpaceMembers))
		return
	case meeting.PostPin:
		s.out.WriteString(fmt.Sprintf("%s: %s\n", head, short(d.TargetID)))
		return
	case meeting.PostInvite, meeting.PostLevel:
		s.out.WriteString(fmt.Sprintf("%s: %s %d\n", head, d.User, d.Level))
		return
	case meeting.PostPollEnd:
		head += " of " + short(d.TargetID)
	case meeting.PostPoll:
		s.out.WriteString(fmt.Sprintf("%s: %s (at most %d)\n", head, d.Form.Question, d.Form.Max))
		for _, o := range d.Form.Options {
			s.out.WriteString(fmt.Sprintf("  | %s %s\n", o.ID, o.Text))
		}
		return
	case meeting.PostRedact:
		s.out.WriteString(fmt.Sprintf("%s: %s\n", head, short(d.TargetID)))
		return
	case meeting.PostFile:
		s.file = readable(s.t, d.File)
		s.out.WriteString(fmt.Sprintf("%s: %s (%s)\n", head, d.File.Name, d.File.Type))
		if d.Markdown != "" {
			s.out.WriteString("  | " + d.Markdown + "\n")
		}
		return
	case meeting.PostEdit:
		head += " of " + short(d.TargetID)
	}
	lines := strings.Split(d.Markdown, "\n")
	if s.brief && len(lines) > 1 {
		lines = []string{lines[0] + " […]"}
	}
	s.out.WriteString(head + ": " + lines[0] + "\n")
	for _, l := range lines[1:] {
		s.out.WriteString(strings.TrimRight("  | "+l, " ") + "\n")
	}
}

// readable is the text of a file, of Word files what is packed into it.
func readable(t testing.TB, f *meeting.File) string {
	t.Helper()
	if !strings.HasSuffix(f.Name, ".docx") {
		return string(f.Data)
	}
	text, err := docx.Text(f.Data)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func short(id meeting.EventID) string {
	if strings.HasPrefix(string(id), "$anonymous/") {
		return "anonymous" // the rest is random
	}
	return strings.TrimPrefix(string(id), "$")
}

// minutes writes down the stored minutes: "vasteras 1".
func (s *stage) minutes(text string) {
	id, number, _ := strings.Cut(text, " ")
	n, err := strconv.Atoi(number)
	s.must(err)
	m, err := s.bot.MinutesJSON(s.ctx, id, n)
	s.must(err)
	fmt.Fprintf(&s.out, "state> %s, %d removed, %d unreadable, %d gaps\n", m.State, m.Removed, m.Unreadable, m.Gaps)
	for _, p := range m.Prompts {
		for _, e := range p.Entries {
			flags := ""
			if e.Edited {
				flags += " edited"
			}
			if e.Late {
				flags += " late"
			}
			if e.Support > 0 {
				flags += fmt.Sprintf(" +%d", e.Support)
			}
			for _, m := range e.Marks {
				flags += " " + string(m)
			}
			body, err := json.Marshal(e.Body)
			s.must(err)
			fmt.Fprintf(&s.out, "state> %d %s %s [%s%s] %s\n", p.Number, short(e.ID), strings.TrimSuffix(strings.TrimPrefix(string(e.Author), "@"), ":example.se"), e.Source, flags, body)
		}
	}
}

// search looks for a text in every byte of the database's files.
func (s *stage) search(text string) {
	s.must(s.db.Close())
	files, err := filepath.Glob(s.path + "*")
	s.must(err)
	found := "not found"
	for _, f := range files {
		data, err := os.ReadFile(f)
		s.must(err)
		if bytes.Contains(data, []byte(text)) {
			found = "FOUND in " + filepath.Base(f)
		}
	}
	fmt.Fprintf(&s.out, "state> %s\n", found)
	s.start()
}

// deliverAgain has the bot handle an event a second time.
func (s *stage) deliverAgain(label string) {
	ev, ok := s.events[meeting.EventID("$"+label)]
	if !ok {
		s.t.Fatalf("nothing is called %s", label)
	}
	s.must(s.bot.Handle(s.ctx, ev))
}

// gap has something of the current room be lost: what a gap had, an event that
// cannot be handled, or the next comparisons with the server.
func (s *stage) gap(what string) {
	s.serial++
	batch := meeting.RoomBatch{Room: s.room, Limited: true, PrevBatch: "p"}
	lost := meeting.EventID(fmt.Sprintf("$lost%d", s.serial))
	switch what {
	case "check":
		s.uncompared = true
		return
	case "event":
		batch = meeting.RoomBatch{Room: s.room, Events: []meeting.RawEvent{{ID: lost, Room: s.room, JSON: []byte("{}")}}}
	}
	s.must(s.db.StoreSync(s.ctx, meeting.SyncBatch{Next: string(lost), At: s.now.UTC(), Rooms: []meeting.RoomBatch{batch}}))
	s.must(s.db.BuryInbox(s.ctx, lost))
	gaps, err := s.db.OpenGaps(s.ctx, s.now.UTC())
	s.must(err)
	for _, g := range gaps {
		s.must(s.db.LoseGap(s.ctx, g, s.now.UTC()))
	}
}

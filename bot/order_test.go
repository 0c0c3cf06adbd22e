package bot_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"blnbot/bot"
	"blnbot/internal/meeting"
)

// TestEveryOrder: what happens to a reply can arrive in any order, and the reply
// itself can be unreadable for a while or come when it is removed already. In
// every order nothing that was removed stays in the database, and otherwise the
// minutes hold the newest text.
func TestEveryOrder(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps string // see stage.happens
		want  string // which text is in the minutes; empty if none
	}{
		{"edited", "reply edit", "edit"},
		{"edited twice", "reply edit edit2", "edit2"},
		{"by somebody else", "reply foreign", "reply"},
		{"removed", "reply edit -reply", ""},
		{"edited twice, removed", "reply edit edit2 -reply", ""},
		{"removed, comes removed", "stub edit edit2 -reply", ""},
		{"nothing in it", "nothing edit", ""},
		{"failed", "failed edit", ""},
		{"edit removed", "reply edit -edit", "reply"},
		{"older edit removed", "reply edit edit2 -edit", "edit2"},
		{"newest edit removed", "reply edit edit2 -edit2", "edit"},
		{"all removed", "reply edit -edit -reply", ""},
		{"left out by the author", "reply edit 🚫anna", ""},
		{"left out by the leader", "reply edit 🚫lena", ""},
		{"left out by another", "reply edit 🚫bo", "edit"},
		{"left out and back", "reply edit 🚫anna -🚫anna", "edit"},
		{"left out, comes removed", "stub edit 🚫anna", ""},
		{"left out and removed", "reply edit 🚫anna -reply", ""},
		{"loose", "loose edit", ""},
		{"loose and removed", "loose edit -reply", ""},
		{"taken in", "loose edit edit2 📝", "edit2"},
		{"taken in and removed", "loose edit 📝 -reply", ""},
		{"a note", "note", "note"},
		{"a note edited", "note noted", "noted"},
		{"a note edited and removed", "note noted -reply", ""},
		{"a note whose edit is removed", "note noted -noted", "note"},
		{"a note left out and back", "note noted 🚫lena -🚫lena", "noted"},
		{"a suggestion", "suggestion suggested -reply", ""},
		{"a direct suggestion", "direct redirected -direct", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			words := strings.Fields(c.steps)
			inEveryOrder(t, "", words, c.want)
			if slices.Contains([]string{"stub", "nothing", "failed"}, words[0]) || len(words) > 3 && !strings.Contains(c.steps, "🚫") {
				return // it needs no key, or the orders are too many
			}
			for _, key := range []string{"soon", "told"} {
				inEveryOrder(t, key, append(words, "key"), c.want)
			}
		})
	}
}

// inEveryOrder has things happen to replies, each in one order, and looks at
// what is left. key says for how long the replies' keys are missing: not at all,
// "soon" to come, or so long that their author is "told".
func inEveryOrder(t *testing.T, key string, words []string, want string) {
	t.Helper()
	s := openedStage(t)
	s.step("join bo Bo")
	var orders [][]string
	for order := range permutations(words) {
		if at := slices.Index(order, "key"); at < 0 || at > slices.Index(order, words[0]) {
			orders = append(orders, order)
		}
	}
	for n, order := range orders {
		s.inOrder(fmt.Sprint(n), key, order, want)
	}
	stored := s.stored()
	for n, order := range orders {
		for _, text := range []string{"reply", "edit", "edit2", "foreign", "note", "noted", "suggestion", "suggested"} {
			if !kept(order, text, want != "") && bytes.Contains(stored, []byte(said(fmt.Sprint(n), text))) {
				t.Errorf("%s %v: the database has %q", key, order, said(fmt.Sprint(n), text))
			}
		}
	}
}

// inOrder has things happen to a reply of its own, and looks at what the minutes
// hold of it.
func (s *stage) inOrder(id, key string, order []string, want string) {
	s.t.Helper()
	for _, step := range order {
		s.happens(id, key, step)
		s.settle()
	}
	var got string
	s.must(botStore{s.db}.Update(s.ctx, func(tx bot.Tx) error {
		e, err := tx.Entry(s.ctx, meeting.EventID("$"+id), func(meeting.UserID) bool { return false })
		if e != nil {
			got = e.Body
		}
		return err
	}))
	if want != "" {
		want = said(id, want)
	}
	if got != want {
		s.t.Errorf("%s %v: the minutes hold %q, want %q", key, order, got, want)
	}
}

// kept reports whether a text may be stored in the end: not if it was removed,
// or if the reply is not in the minutes.
func kept(order []string, text string, inMinutes bool) bool {
	return inMinutes && text != "foreign" && !slices.Contains(order, "-"+text)
}

func said(id, what string) string { return what + " ord i svar " + id + "." }

// stored is everything in the files of the database.
func (s *stage) stored() []byte {
	s.t.Helper()
	var all []byte
	for _, end := range []string{"", "-wal"} {
		part, err := os.ReadFile(s.path + end)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.t.Fatal(err)
		}
		all = append(all, part...)
	}
	return all
}

// happens has one thing happen to the reply with the id. Edits are as old as
// their names say, whenever they come.
func (s *stage) happens(id, key, step string) {
	s.t.Helper()
	event := func(name string) meeting.EventID { return meeting.EventID("$" + id + name) }
	by := func(name, sender string) meeting.EventMeta {
		meta := s.meta(id+name, user(sender))
		meta.SentAt = meta.SentAt.Add(time.Duration(len(name)) * time.Second)
		return meta
	}
	edit := func(name, sender, before string) meeting.Message {
		return meeting.Message{EventMeta: by(name, sender), Kind: meeting.MessageText, Body: before + said(id, name), Replaces: event("")}
	}
	first := func(sender, body string) meeting.Message {
		s.missing, s.soon = key != "", key == "soon"
		return meeting.Message{EventMeta: by("", sender), Kind: meeting.MessageText, Body: body}
	}
	direct := func(m meeting.Message) meeting.Message {
		m.Room = "!dm" + meeting.RoomID(m.Sender)
		s.must(s.db.SetDirectRoom(s.ctx, m.Sender, m.Room))
		return m
	}
	switch step {
	case "reply":
		m := first("anna", said(id, "reply"))
		m.Thread = "$prompt/vasteras/1/1"
		s.deliver(m)
	case "loose":
		s.deliver(first("anna", said(id, "reply")))
	case "note":
		s.deliver(first("lena", "!anteckna 1 "+said(id, "note")))
	case "suggestion":
		s.deliver(first("anna", "!plan förslag "+said(id, "suggestion")))
	case "direct":
		s.deliver(direct(first("anna", "!plan förslag "+said(id, "suggestion"))))
	case "stub", "nothing": // what a removed message, or one without content, comes as
		s.deliver(meeting.Ignored{EventMeta: by("", "anna")})
	case "failed":
		s.deliver(meeting.Failed{EventMeta: by("", "anna"), Type: "m.room.message"})
	case "edit", "edit2":
		s.deliver(edit(step, "anna", ""))
	case "foreign":
		s.deliver(edit(step, "bo", ""))
	case "noted":
		s.deliver(edit(step, "lena", "!anteckna 1 "))
	case "suggested":
		s.deliver(edit(step, "anna", "!plan förslag "))
	case "redirected":
		m := direct(edit(step, "anna", "!plan förslag "))
		m.Body = "!plan förslag " + said(id, "suggested")
		s.deliver(m)
	case "key":
		s.keyArrives(id)
	case "🚫anna", "🚫bo", "🚫lena":
		name := strings.TrimPrefix(step, "🚫")
		s.deliver(meeting.Reaction{EventMeta: by(step, name), Target: event(""), Key: meeting.EmojiLeaveOut})
	case "📝":
		s.deliver(meeting.Reaction{EventMeta: by(step, "lena"), Target: event(""), Key: meeting.EmojiReceipt})
	default:
		s.removed(id, strings.TrimPrefix(step, "-"), by(step, "anna"))
	}
}

// removed has the reply with the id removed, or an edit of it or a reaction on it.
func (s *stage) removed(id, what string, meta meeting.EventMeta) {
	s.t.Helper()
	switch what {
	case "reply":
		what = ""
	case "direct":
		what, meta.Room = "", "!dm@anna:example.se"
	}
	target := meeting.EventID("$" + id + what)
	s.redacted[target] = meta.Sender
	s.deliver(meeting.Redaction{EventMeta: meta, Target: target})
}

// permutations are all orders of the words.
func permutations(words []string) func(yield func([]string) bool) {
	return func(yield func([]string) bool) { permute(nil, words, yield) }
}

func permute(head, rest []string, yield func([]string) bool) bool {
	if len(rest) == 0 {
		return yield(head)
	}
	for i := range rest {
		left := slices.Concat(rest[:i], rest[i+1:])
		if !permute(append(slices.Clone(head), rest[i]), left, yield) {
			return false
		}
	}
	return true
}

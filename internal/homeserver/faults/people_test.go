//go:build faults

package faults_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// Emoji that people use.
const (
	leaveOut = "🚫"
	support  = "👍"
	key      = "📌"
	receipt  = "📝"
	approve  = "✅"
)

// version is one text of an entry: the message itself, or an edit.
type version struct {
	id      meeting.EventID
	text    string
	mark    string // a word that occurs nowhere else
	gone    bool
	foreign bool // somebody else's edit, which changes nothing
}

// entry is a reply, or another message that might be taken for one.
type entry struct {
	author   *person.Person
	number   int // of the meeting
	prompt   int // 0: belongs into no minutes
	source   meeting.Source
	begun    time.Time // before it was sent
	done     time.Time // after the server had it
	late     bool
	versions []*version
	gone     bool
	left     map[*person.Person]meeting.EventID // 🚫
	likes    map[*person.Person]meeting.EventID // 👍
	marked   meeting.EventID                    // the leader's 📌
	answered bool                               // somebody replied to it, so that it stays
	busy     bool                               // somebody does something with it
}

func (e *entry) id() meeting.EventID { return e.versions[0].id }

// newest is the text that counts.
func (e *entry) newest() *version {
	for i := len(e.versions) - 1; i >= 0; i-- {
		if v := e.versions[i]; !v.gone && !v.foreign {
			return v
		}
	}
	return e.versions[0]
}

func (e *entry) edited() bool { return e.newest() != e.versions[0] }

// actor is somebody doing things in a network.
type actor struct {
	*network
	who    *person.Person
	name   string // of their chance
	rng    *rand.Rand
	leads  bool
	number int
	late   bool
}

// step does one thing by chance, and reports whether it was a reply. What it is
// follows from the seed and the step's number, however long others take.
func (a *actor) step(number int) (bool, error) {
	a.rng = a.w.rng(fmt.Sprintf("%s/%d", a.name, number))
	n := a.rng.IntN(100)
	switch {
	case n < 46:
		return true, a.reply(meeting.SourceThread)
	case n < 56:
		return true, a.reply(meeting.SourceReply)
	case n < 60:
		return true, a.replyToReply()
	case n < 62:
		return false, a.chat()
	case n < 63:
		return false, a.tooLate()
	case n < 72:
		return false, a.edit()
	case n < 74:
		return false, a.takeBackEdit()
	case n < 75:
		return false, a.editForeign()
	case n < 81:
		return false, a.remove()
	case n < 86:
		return false, a.leaveOut()
	case n < 90:
		return false, a.bringBack()
	case n < 95:
		return false, a.like()
	case n < 97:
		return false, a.unlike()
	case a.leads && n < 98:
		return false, a.mark()
	case a.leads && n < 99:
		return true, a.note()
	}
	return true, a.reply(meeting.SourceThread)
}

// words are what texts are made of.
var words = strings.Fields("stöd anhörig samtal kväll kommun kontakt svarar ringer tid hjälp personal grupp möte avlastning " +
	"vardag vård besked oro trygg snabbt lugnt ofta ibland saknas fungerar behövs räcker hemma någon alltid tillsammans")

// text makes a text with a mark in it, at both ends.
func (a *actor) text() (text, mark string) {
	var b strings.Builder
	b.WriteString("zq")
	for range 14 {
		b.WriteByte(byte('a' + a.rng.IntN(26)))
	}
	mark = b.String()
	var list []string
	for range 4 + a.rng.IntN(30) {
		list = append(list, words[a.rng.IntN(len(words))])
	}
	return "Vi i " + mark + " ser att " + strings.Join(list, " ") + " för " + mark + ".", mark
}

// send sends a message with a relation; nil for none.
func (a *actor) send(text string, relates map[string]any, more map[string]any) (meeting.EventID, error) {
	content := map[string]any{"msgtype": "m.text", "body": text, "m.mentions": map[string]any{}}
	if relates != nil {
		content["m.relates_to"] = relates
	}
	for k, v := range more {
		content[k] = v
	}
	var id meeting.EventID
	err := a.w.act(func() (err error) {
		id, err = a.who.SendRaw(a.w.ctx, a.room, "m.room.message", content)
		return err
	})
	return id, err
}

func thread(root meeting.EventID) map[string]any {
	return map[string]any{"rel_type": "m.thread", "event_id": root, "is_falling_back": true,
		"m.in_reply_to": map[string]any{"event_id": root}}
}

func answer(to meeting.EventID) map[string]any {
	return map[string]any{"m.in_reply_to": map[string]any{"event_id": to}}
}

// add sends an entry and notes it.
func (a *actor) add(e *entry, text, mark string, relates map[string]any) error {
	e.author, e.number, e.late = a.who, a.number, a.late
	e.left, e.likes = map[*person.Person]meeting.EventID{}, map[*person.Person]meeting.EventID{}
	e.begun = time.Now()
	id, err := a.send(text, relates, nil)
	if err != nil {
		return err
	}
	e.done = time.Now()
	if e.source == meeting.SourceNote {
		text = strings.SplitN(text, " ", 3)[2]
	}
	e.versions = []*version{{id: id, text: text, mark: mark}}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.entries = append(a.entries, e)
	return nil
}

func (a *actor) prompt() int { return 1 + a.rng.IntN(prompts) }

func (a *actor) reply(source meeting.Source) error {
	p := a.prompt()
	text, mark := a.text()
	relates := thread(a.root(a.number, p))
	if source == meeting.SourceReply {
		relates = answer(a.root(a.number, p))
	}
	return a.add(&entry{prompt: p, source: source}, text, mark, relates)
}

func (a *actor) replyToReply() error {
	text, mark := a.text()
	target := a.pick(func(e *entry) bool {
		return e.prompt > 0 && e.number == a.number && !e.gone && e.source != meeting.SourceNote
	})
	if target == nil {
		return a.reply(meeting.SourceThread)
	}
	a.mu.Lock()
	target.answered, target.busy = true, false
	a.mu.Unlock()
	return a.add(&entry{prompt: target.prompt, source: meeting.SourceReply}, text, mark, answer(target.id()))
}

// note writes down what was said elsewhere.
func (a *actor) note() error {
	p := a.prompt()
	text, mark := a.text()
	return a.add(&entry{prompt: p, source: meeting.SourceNote}, fmt.Sprintf("!anteckna %d %s", p, text), mark, nil)
}

// chat writes something that belongs to no prompt.
func (a *actor) chat() error {
	text, mark := a.text()
	return a.add(&entry{}, text, mark, nil)
}

// tooLate replies to a meeting whose summary has been shared.
func (a *actor) tooLate() error {
	a.mu.Lock()
	shared := a.shared
	a.mu.Unlock()
	if shared == 0 {
		return a.chat()
	}
	text, mark := a.text()
	return a.add(&entry{}, text, mark, thread(a.root(shared, a.prompt())))
}

// pick takes an entry by chance, so that nobody else does something with it at
// the same time; nil if there is none. Newer ones are preferred.
func (a *actor) pick(fit func(*entry) bool) *entry {
	a.mu.Lock()
	defer a.mu.Unlock()
	for range 20 {
		if len(a.entries) == 0 {
			return nil
		}
		at := a.rng.IntN(len(a.entries))
		if a.rng.IntN(2) == 0 {
			at = max(0, len(a.entries)-1-a.rng.IntN(30))
		}
		if e := a.entries[at]; !e.busy && fit(e) {
			e.busy = true
			return e
		}
	}
	return nil
}

// done gives an entry back, after change.
func (a *actor) done(e *entry, change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e.busy = false
	if change != nil {
		change()
	}
}

// with picks an entry and does something with it.
func (a *actor) with(fit func(*entry) bool, do func(*entry) (change func(), err error)) error {
	e := a.pick(fit)
	if e == nil {
		return nil
	}
	change, err := do(e)
	a.done(e, change)
	return err
}

func (a *actor) own(e *entry) bool { return e.author == a.who && !e.gone }

func (a *actor) edit() error {
	text, mark := a.text()
	return a.with(a.own, func(e *entry) (func(), error) { return a.replace(e, text, mark, false) })
}

// editForeign edits what somebody else wrote, as no client lets one do.
func (a *actor) editForeign() error {
	text, mark := a.text()
	return a.with(func(e *entry) bool { return e.author != a.who && !e.gone }, func(e *entry) (func(), error) {
		return a.replace(e, text, mark, true)
	})
}

func (a *actor) replace(e *entry, text, mark string, foreign bool) (func(), error) {
	full := text
	if e.source == meeting.SourceNote {
		full = fmt.Sprintf("!anteckna %d %s", e.prompt, text)
	}
	id, err := a.send("* "+full, map[string]any{"rel_type": "m.replace", "event_id": e.id()},
		map[string]any{"m.new_content": map[string]any{"msgtype": "m.text", "body": full, "m.mentions": map[string]any{}}})
	return func() {
		if err == nil {
			e.versions = append(e.versions, &version{id: id, text: text, mark: mark, foreign: foreign})
		}
	}, err
}

func (a *actor) takeBackEdit() error {
	return a.with(func(e *entry) bool { return a.own(e) && e.edited() }, func(e *entry) (func(), error) {
		v := e.newest()
		err := a.redact(v.id)
		return func() { v.gone = err == nil }, err
	})
}

// remove deletes an own message or, as the leader, anybody's.
func (a *actor) remove() error {
	fit := func(e *entry) bool { return !e.gone && !e.answered && (a.leads || e.author == a.who) }
	return a.with(fit, func(e *entry) (func(), error) {
		err := a.redact(e.id())
		return func() { e.gone = err == nil }, err
	})
}

// leaveOut reacts with 🚫: the author's and the leader's counts.
func (a *actor) leaveOut() error {
	return a.react(leaveOut, func(e *entry) map[*person.Person]meeting.EventID { return e.left }, func(e *entry) bool {
		return e.author == a.who || a.leads || a.rng.IntN(8) == 0
	})
}

func (a *actor) bringBack() error {
	return a.unreact(func(e *entry) map[*person.Person]meeting.EventID { return e.left })
}

func (a *actor) like() error {
	return a.react(support, func(e *entry) map[*person.Person]meeting.EventID { return e.likes }, func(*entry) bool { return true })
}

func (a *actor) unlike() error {
	return a.unreact(func(e *entry) map[*person.Person]meeting.EventID { return e.likes })
}

func (a *actor) react(emoji string, of func(*entry) map[*person.Person]meeting.EventID, fit func(*entry) bool) error {
	return a.with(func(e *entry) bool { return e.prompt > 0 && !e.gone && of(e)[a.who] == "" && fit(e) }, func(e *entry) (func(), error) {
		id, err := a.emoji(e.id(), emoji)
		return func() { of(e)[a.who] = id }, err
	})
}

func (a *actor) unreact(of func(*entry) map[*person.Person]meeting.EventID) error {
	return a.with(func(e *entry) bool { return !e.gone && of(e)[a.who] != "" }, func(e *entry) (func(), error) {
		err := a.redact(of(e)[a.who])
		return func() { delete(of(e), a.who) }, err
	})
}

// mark marks a reply as a key point.
func (a *actor) mark() error {
	return a.with(func(e *entry) bool { return e.prompt > 0 && !e.gone && e.marked == "" }, func(e *entry) (func(), error) {
		id, err := a.emoji(e.id(), key)
		return func() { e.marked = id }, err
	})
}

func (a *actor) emoji(target meeting.EventID, emoji string) (id meeting.EventID, err error) {
	err = a.w.act(func() (err error) {
		id, err = a.who.React(a.w.ctx, a.room, target, emoji)
		return err
	})
	return id, err
}

func (a *actor) redact(target meeting.EventID) error {
	return a.w.act(func() error { return a.who.Redact(a.w.ctx, a.room, target) })
}

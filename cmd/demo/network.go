package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// network is a network whose script is being played, with what its minutes must
// say in the end.
type network struct {
	*cast
	play   *play
	room   meeting.RoomID
	people map[string]*person.Person
	watch  *watcher
	direct map[string]*watcher // direct rooms, by localpart

	labels    map[string]*item
	reactions map[string]meeting.EventID // by who, target and emoji
	matched   map[meeting.EventID]bool   // messages of the bot that were waited for

	meeting int // the one that was opened last
	state   meeting.State
	entries []*entry
	gone    []string // sentences that may be nowhere any more
	edits   []string // points as the leader wrote them
	plans   []planned
}

// item is a message that the script has a label for.
type item struct {
	id     meeting.EventID
	by     meeting.UserID
	text   string
	prompt int    // of which meeting it is the prompt; 0 for other messages
	entry  *entry // nil for what is no entry
}

// entry is what the minutes must have.
type entry struct {
	id         meeting.EventID
	meeting    int
	author     meeting.UserID // empty for notes
	source     meeting.Source
	body       string
	late       bool
	edited     bool
	out        bool // deleted, or 🚫
	supporters []meeting.UserID
	marks      []meeting.Mark
}

// planned is what an item of the plan must say: its area and what is to be done.
type planned struct {
	texts []string
	gone  bool
}

// run plays the script.
func (n *network) run(ctx context.Context, steps []step) error {
	for _, s := range steps {
		if err := n.do(ctx, s); err != nil {
			return fmt.Errorf("%s:%d: %w", n.script, s.line, err)
		}
	}
	return nil
}

func (n *network) do(ctx context.Context, s step) error {
	switch s.verb {
	case "heading":
		n.watch.view.channel.heading(s.text)
		return nil
	case "bot":
		return n.botWrites(ctx, s)
	case "direct":
		return n.botWritesTo(ctx, s)
	case "coord":
		_, err := n.play.coord.message(ctx, "”"+s.text+"” in the coordination room", func(m person.Seen) bool {
			return m.Sender == n.play.bot && !m.Redacted && !n.matched[m.ID] && strings.Contains(m.Body, s.text)
		})
		return err
	case "say", "in", "reply":
		return n.write(ctx, s)
	case "edit":
		return n.edit(ctx, s)
	case "redact":
		return n.redact(ctx, s)
	case "react":
		return n.react(ctx, s)
	case "unreact":
		return n.unreact(ctx, s)
	}
	return fmt.Errorf("unknown step %q", s.verb)
}

func (n *network) botWrites(ctx context.Context, s step) error {
	m, err := n.watch.message(ctx, "the bot's ”"+s.text+"”", func(m person.Seen) bool {
		return m.Sender == n.play.bot && !m.Redacted && !n.matched[m.ID] && strings.Contains(m.Body, s.text)
	})
	if err != nil {
		return err
	}
	n.matched[m.ID] = true
	it := &item{id: m.ID, by: n.play.bot, text: m.Body}
	if strings.HasPrefix(m.Body, "Fråga") {
		it.prompt = n.meeting
	}
	n.labels[s.label] = it
	return nil
}

// botWritesTo waits for a direct message.
func (n *network) botWritesTo(ctx context.Context, s step) error {
	w := n.direct[s.who]
	if w == nil {
		to := n.people[s.who]
		wait, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		invite, err := to.WaitForInvite(wait, n.play.bot)
		if err != nil {
			return err
		}
		v := *n.watch.view
		v.only = v.names[to.ID()]
		w = watch(ctx, to, invite.Room, &v)
		n.direct[s.who] = w
	}
	m, err := w.message(ctx, "the bot's ”"+s.text+"” to "+s.who, func(m person.Seen) bool {
		return m.Sender == n.play.bot && !n.matched[m.ID] && strings.Contains(m.Body, s.text)
	})
	n.matched[m.ID] = true
	return err
}

// write sends a message and waits for what the bot makes of it.
func (n *network) write(ctx context.Context, s step) error {
	p := n.people[s.who]
	m := person.Message{Body: s.text}
	to := n.labels[s.target]
	switch s.verb {
	case "in":
		m.Thread = to.id
	case "reply":
		m.ReplyTo = to.id
	}
	id, err := p.Post(ctx, n.room, m)
	if err != nil {
		return err
	}
	it := &item{id: id, by: p.ID(), text: s.text}
	if s.label != "" {
		n.labels[s.label] = it
	}
	_, err = n.watch.message(ctx, "the message by "+s.who, func(m person.Seen) bool { return m.ID == id && m.Body != "" })
	switch {
	case err != nil:
		return err
	case strings.HasPrefix(s.text, "!"):
		return n.command(ctx, it, s)
	case to == nil || to.prompt == 0 && to.entry == nil || n.state == meeting.StateShared:
		return nil
	}
	source := meeting.SourceReply
	if s.verb == "in" {
		source = meeting.SourceThread
	}
	return n.enter(ctx, it, source)
}

// enter notes that a message must be in the minutes, and waits for 📝.
func (n *network) enter(ctx context.Context, it *item, source meeting.Source) error {
	it.entry = &entry{id: it.id, meeting: n.meeting, author: it.by, source: source, body: it.text, late: n.state == meeting.StateClosed}
	n.entries = append(n.entries, it.entry)
	return n.noted(ctx, it, true)
}

// noted waits until the bot shows that a message is in the minutes, or is not.
func (n *network) noted(ctx context.Context, it *item, in bool) error {
	_, err := n.watch.message(ctx, fmt.Sprintf("📝 %v on ”%s”", in, clip(it.text, 40)), func(m person.Seen) bool {
		return m.ID == it.id && slices.Contains(m.Reactions[receipt], n.play.bot) == in
	})
	return err
}

// command waits for the answer to a command.
func (n *network) command(ctx context.Context, it *item, s step) error {
	name, args, _ := strings.Cut(s.text, " ")
	switch name {
	case "!nästa":
		n.meeting, n.state = n.meeting+1, meeting.StateOpen
		return nil
	case "!avsluta":
		n.state = meeting.StateClosed
		return nil
	case "!godkänn":
		n.state = meeting.StateShared
		return nil
	case "!anteckna":
		it.by, it.text = "", args
		return n.enter(ctx, it, meeting.SourceNote)
	case "!ändra":
		_, text, _ := strings.Cut(args, " ")
		n.edits = append(n.edits, text)
	case "!plan":
		n.plan(args)
	}
	m, err := n.watch.message(ctx, "an answer to "+name, func(m person.Seen) bool { return m.Sender == n.play.bot && m.ReplyTo == it.id })
	n.matched[m.ID] = true
	return err
}

// plan notes what the plan must say.
func (n *network) plan(args string) {
	if item, ok := strings.CutPrefix(args, "ny"); ok {
		var p planned
		for _, part := range strings.FieldsFunc(item, func(r rune) bool { return r == '|' || r == '\n' })[:2] {
			if _, value, ok := strings.Cut(part, ": "); ok {
				part = value
			}
			p.texts = append(p.texts, strings.TrimSpace(part))
		}
		n.plans = append(n.plans, p)
	}
	if gone, ok := strings.CutPrefix(args, "ta bort "); ok {
		number, _ := strconv.Atoi(gone) // of the demo's own script
		n.plans[number-1].gone = true
	}
}

// edit changes a message, or waits until the bot has changed one of its own.
func (n *network) edit(ctx context.Context, s step) error {
	it := n.labels[s.target]
	if s.who == "" {
		_, err := n.watch.message(ctx, "the bot's change to ”"+s.text+"”", func(m person.Seen) bool {
			return m.ID == it.id && strings.Contains(m.Body, s.text)
		})
		return err
	}
	if _, err := n.people[s.who].Edit(ctx, n.room, it.id, s.text); err != nil {
		return err
	}
	if it.entry != nil {
		n.forget(it.entry.body, s.text)
		it.entry.body, it.entry.edited = s.text, true
	}
	it.text = s.text
	_, err := n.watch.message(ctx, "the change by "+s.who, func(m person.Seen) bool { return m.ID == it.id && m.Body == s.text })
	return err
}

// forget notes the sentences of a text that another does not say.
func (n *network) forget(text, other string) {
	for _, sentence := range sentences(text) {
		if !strings.Contains(other, sentence) {
			n.gone = append(n.gone, sentence)
		}
	}
}

// sentences are those that are long enough to be somebody's own.
func sentences(text string) []string {
	var out []string
	for s := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(".?!\n", r) }) {
		if s = strings.TrimSpace(s); len(s) >= 15 {
			out = append(out, s)
		}
	}
	return out
}

func (n *network) redact(ctx context.Context, s step) error {
	it := n.labels[s.target]
	if err := n.people[s.who].Redact(ctx, n.room, it.id); err != nil {
		return err
	}
	n.forget(it.text, "")
	if it.entry != nil {
		it.entry.out = true
	}
	_, err := n.watch.message(ctx, "the deletion by "+s.who, func(m person.Seen) bool { return m.ID == it.id && m.Redacted })
	return err
}

// react reacts and waits for what the bot makes of it.
func (n *network) react(ctx context.Context, s step) error {
	it, p := n.labels[s.target], n.people[s.who]
	id, err := p.React(ctx, n.room, it.id, s.text)
	if err != nil {
		return err
	}
	n.reactions[s.who+s.target+s.text] = id
	_, err = n.watch.message(ctx, s.text+" by "+s.who, func(m person.Seen) bool {
		return m.ID == it.id && slices.Contains(m.Reactions[s.text], p.ID())
	})
	if err != nil {
		return err
	}
	e, leads := it.entry, s.who == n.leader.user
	mark, marks := meeting.MarkOf(s.text)
	switch {
	case s.text == meeting.EmojiApprove && leads:
		n.state = meeting.StateShared
	case s.text == receipt && leads && e == nil:
		return n.enter(ctx, it, meeting.SourceMarked)
	case e == nil:
	case s.text == meeting.EmojiSupport && e.author != p.ID():
		e.supporters = append(e.supporters, p.ID())
	case marks && leads:
		e.marks = append(e.marks, mark)
	case s.text == meeting.EmojiLeaveOut && (leads || e.author == p.ID()):
		e.out = true
		return n.noted(ctx, it, false)
	}
	return nil
}

func (n *network) unreact(ctx context.Context, s step) error {
	it := n.labels[s.target]
	if err := n.people[s.who].Redact(ctx, n.room, n.reactions[s.who+s.target+s.text]); err != nil {
		return err
	}
	if it.entry == nil || s.text != meeting.EmojiLeaveOut {
		return nil
	}
	it.entry.out = false
	return n.noted(ctx, it, true)
}

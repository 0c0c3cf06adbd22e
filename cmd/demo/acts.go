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
	case to == nil || to.prompt == 0 && to.entry == nil || n.states[n.meeting] == meeting.StateShared:
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
	it.entry = &entry{id: it.id, meeting: n.meeting, author: it.by, source: source, body: it.text, late: n.states[n.meeting] == meeting.StateClosed}
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

// command waits for the answer to a command, but for those whose outcome the
// script waits for.
func (n *network) command(ctx context.Context, it *item, s step) error {
	name, args, _ := strings.Cut(s.text, " ")
	switch name {
	case "!nästa":
		n.meeting++
		if number, err := strconv.Atoi(args); err == nil {
			n.meeting = number
		}
		n.states[n.meeting] = meeting.StateOpen
		return nil
	case "!avsluta":
		n.states[n.meeting] = meeting.StateClosed
		return nil
	case "!godkänn":
		n.states[n.meeting] = meeting.StateShared
		return nil
	case "!anteckna":
		it.by, it.text = "", args
		return n.enter(ctx, it, meeting.SourceNote)
	case "!stryk":
		n.drop(args)
	case "!ändra":
		_, text, _ := strings.Cut(args, " ")
		n.edits = append(n.edits, text)
	case "!plan":
		n.planCommand(args)
	case "!rapport":
		n.reported = n.reported || args == "publicera"
	}
	if awaited(s.text) {
		return nil
	}
	m, err := n.watch.message(ctx, "an answer to "+name, func(m person.Seen) bool { return m.Sender == n.play.bot && m.ReplyTo == it.id })
	n.matched[m.ID] = true
	return err
}

// awaited reports whether the script waits for what a command does.
func awaited(command string) bool {
	return slices.Contains([]string{"!prioritera", "!prioritera starta", "!prioritera avsluta", "!prioritera dela", "!plan godkänn",
		"!rapport", "!rapport godkänn", "!rapport publicera"}, command) || strings.HasPrefix(command, "!plan beslut")
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
		n.states[n.meeting] = meeting.StateShared
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

// drop notes the words of a point that the leader strikes out of the draft.
func (n *network) drop(number string) {
	for _, s := range n.watch.now() {
		if s.Sender != n.play.bot || s.Redacted || !strings.HasPrefix(s.Body, fmt.Sprintf("Förslag till sammanfattning, möte %d", n.meeting)) {
			continue
		}
		for line := range strings.SplitSeq(s.Body, "\n") {
			if point, ok := strings.CutPrefix(line, "- "+number+" "); ok {
				if at := strings.LastIndex(point, " ("); at > 0 {
					point = point[:at] // without whose it is
				}
				n.struck = append(n.struck, struck{meeting: n.meeting, sentences: sentences(point)})
			}
		}
	}
}

// whisper writes to the bot alone.
func (n *network) whisper(ctx context.Context, s step) error {
	p := n.people[s.who]
	if n.direct[s.who] == nil {
		room, err := n.directRoom(ctx, p)
		if err != nil {
			return err
		}
		n.watchDirect(ctx, s.who, room)
	}
	w := n.direct[s.who]
	if numbers, ok := strings.CutPrefix(s.text, "!rösta "); ok {
		if _, err := n.ballot(s.who, numbers); err != nil {
			return err
		}
	}
	if text, ok := strings.CutPrefix(s.text, "!anonymt "); ok {
		// Posted within the hour, so that nobody can guess whose it is.
		n.unposted = append(n.unposted, sentences(text)...)
	}
	if !strings.HasPrefix(s.text, "!") && s.text != "nej" { // an answer to the self-evaluation
		n.think(s.who, s.text)
	}
	id, err := p.Send(ctx, w.room, s.text)
	if err != nil {
		return err
	}
	_, err = w.message(ctx, "the message by "+s.who, func(m person.Seen) bool { return m.ID == id && m.Body != "" })
	return err
}

// directRoom is the room where the person and the bot talk; the person makes
// one if the bot has not.
func (n *network) directRoom(ctx context.Context, p *person.Person) (meeting.RoomID, error) {
	for _, invite := range p.Invites() {
		if invite.Inviter == n.play.bot && invite.Direct {
			return invite.Room, nil
		}
	}
	room, err := p.DirectRoomWith(ctx, n.play.bot)
	if err != nil {
		return "", err
	}
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return room, p.WaitForMember(wait, room, n.play.bot, "join")
}

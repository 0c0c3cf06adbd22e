package main

import (
	"context"
	"fmt"
	"strings"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// network is a network whose script is being played, with what its minutes must
// say in the end. The coordination room is played in the same way.
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

	meeting int                   // the one that was opened last
	states  map[int]meeting.State // by meeting
	entries []*entry
	gone    []string // sentences that may be nowhere any more
	// unposted are sentences of anonymous entries, which wait for a random time.
	unposted []string
	struck   []struck
	edits    []string            // points as the leader wrote them
	ballots  map[string][]string // the areas that people voted for, by localpart
	plan     []planned
	thoughts map[string]thought // by localpart
	reported bool               // in the coordination room: the final report is published
	items    int                // of the plan, that the script added
	version  int                // of the plan that is approved
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

// struck is what the leader struck out of the draft of a meeting.
type struck struct {
	meeting   int
	sentences []string
}

// planned is a field that an item of the plan must have.
type planned struct {
	number, field string
	text          string
	gone          bool // the item is removed
}

// run plays the script.
func (n *network) run(ctx context.Context, steps []step) error {
	for _, s := range steps {
		if err := n.do(ctx, s); err != nil {
			return fmt.Errorf("%s:%d: %w", s.file, s.line, err)
		}
	}
	return nil
}

func (n *network) do(ctx context.Context, s step) (err error) {
	if s.text, err = n.resolve(s.text); err != nil {
		return err
	}
	switch s.verb {
	case "heading":
		n.watch.view.channel.heading(s.text)
		return nil
	case "bot":
		return n.botWrites(ctx, s)
	case "direct":
		return n.botWritesTo(ctx, s)
	case "coord":
		_, err := n.play.coord.watch.message(ctx, "”"+s.text+"” in the coordination room", func(m person.Seen) bool {
			return m.Sender == n.play.bot && !m.Redacted && !n.matched[m.ID] && strings.Contains(textOf(m), s.text)
		})
		return err
	case "say", "in", "reply":
		return n.write(ctx, s)
	case "whisper":
		return n.whisper(ctx, s)
	case "votes", "votes stably":
		return n.vote(ctx, s)
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
		return m.Sender == n.play.bot && !m.Redacted && !n.matched[m.ID] && strings.Contains(textOf(m), s.text)
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
	if err := n.meetDirectly(ctx, s.who); err != nil {
		return err
	}
	m, err := n.direct[s.who].message(ctx, "the bot's ”"+s.text+"” to "+s.who, func(m person.Seen) bool {
		return m.Sender == n.play.bot && !n.matched[m.ID] && strings.Contains(textOf(m), s.text)
	})
	n.matched[m.ID] = true
	return err
}

// meetDirectly waits for the bot's invitation to a direct room, and watches that.
func (n *network) meetDirectly(ctx context.Context, who string) error {
	if n.direct[who] != nil {
		return nil
	}
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	invite, err := n.people[who].WaitForInvite(wait, n.play.bot)
	if err != nil {
		return err
	}
	n.watchDirect(ctx, who, invite.Room)
	return nil
}

func (n *network) watchDirect(ctx context.Context, who string, room meeting.RoomID) {
	v := *n.watch.view
	v.only = v.names[n.people[who].ID()]
	n.direct[who] = watch(ctx, n.people[who], room, &v)
}

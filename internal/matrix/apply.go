package matrix

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/matrix/wire"
	"blnbot/internal/meeting"
)

// slack is how far clocks of servers may be apart when the bot decides what
// was written before it began.
const slack = 5 * time.Minute

// applyAnswer updates the state store, and returns what the bot's own
// database is to store. State first and events after: whoever handles an
// event finds the room as it is.
func (c *Client) applyAnswer(ctx context.Context, since string, a *answer) (meeting.SyncBatch, error) {
	c.stateMu.Lock()
	defer c.stateMu.Unlock()
	batch := meeting.SyncBatch{Next: a.Next, At: c.now().UTC()}
	kind := following
	var began time.Time
	if since == "" {
		var err error
		if began, err = c.store.Began(ctx); err != nil {
			return batch, fmt.Errorf("apply sync: %w", err)
		}
		if kind = again; began.IsZero() {
			kind = first
		}
	}
	apply := func(ctx context.Context) (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("apply sync: %w: %T", errPanic, r)
			}
		}()
		for _, part := range []map[id.RoomID]section{a.Rooms.Join, a.Rooms.Leave} {
			for _, name := range slices.Sorted(maps.Keys(part)) {
				rb, err := c.applyRoom(ctx, name, part[name], kind)
				if err != nil {
					return err
				}
				if kind == again {
					if err := c.dropHistory(ctx, &rb, began); err != nil {
						return err
					}
				}
				batch.Rooms = append(batch.Rooms, rb)
			}
		}
		batch.Rooms, err = c.missedRemovals(ctx, batch.Rooms, a)
		return err
	}
	var err error
	if a.mayHaveState() {
		err = c.db.DoTxn(ctx, nil, apply)
	} else {
		err = apply(ctx) // most answers: there is nothing to write
	}
	if err != nil {
		return batch, err
	}
	for _, name := range slices.Sorted(maps.Keys(a.Rooms.Invite)) {
		batch.Invites = append(batch.Invites, c.invitation(name, a.Rooms.Invite[name]))
	}
	return batch, nil
}

// answerKind says what came before a sync answer.
type answerKind int

const (
	following answerKind = iota // the answer before it
	first                       // nothing: the bot is new
	again                       // others, but the server has forgotten its token
)

// dropHistory leaves out of a room's newest events, which the server gives without
// being asked from where, those from before the bot began. What it left out
// between the rest and those that are known is a gap like any other.
func (c *Client) dropHistory(ctx context.Context, rb *meeting.RoomBatch, began time.Time) error {
	raws := make([]json.RawMessage, len(rb.Events))
	for i, e := range rb.Events {
		raws[i] = e.JSON
	}
	r := reader{c: c, room: id.RoomID(rb.Room), began: began.Add(-slack), known: map[string]bool{}}
	events := parseAll(raws)
	if err := r.lookUp(ctx, events); err != nil {
		return err
	}
	rb.Events = nil
	for _, p := range r.withoutHistory(events) {
		rb.Events = append(rb.Events, p.row(rb.Room))
	}
	return nil
}

// mayHaveState reports whether an answer may change the state store. It may say
// so in vain.
func (a *answer) mayHaveState() bool {
	for _, part := range []map[id.RoomID]section{a.Rooms.Join, a.Rooms.Leave} {
		for _, s := range part {
			if len(s.State.Events) > 0 || slices.ContainsFunc(s.Timeline.Events, mayBeState) {
				return true
			}
		}
	}
	return false
}

// mayBeState reports whether an event may be a state event. Others have the word
// in a text at most. JSON may write its letters as numbers.
func mayBeState(raw json.RawMessage) bool {
	return bytes.Contains(raw, []byte("state_key")) || bytes.Contains(raw, []byte(`\u`))
}

// missedRemovals adds a gap for every room that invites the bot although it was
// there at the last answer: it was removed in between. Servers then show the
// invitation only, and what was said before the removal can be read when the
// bot has come back.
func (c *Client) missedRemovals(ctx context.Context, rooms []meeting.RoomBatch, a *answer) ([]meeting.RoomBatch, error) {
	for _, name := range slices.Sorted(maps.Keys(a.Rooms.Invite)) {
		was, err := c.state.GetMembership(ctx, name, c.self)
		if err != nil {
			return nil, fmt.Errorf("get own membership: %w", err)
		}
		if was == event.MembershipJoin {
			rooms = append(rooms, meeting.RoomBatch{Room: meeting.RoomID(name), Limited: true})
		}
	}
	return rooms, nil
}

// applyRoom handles one room's part of an answer.
func (c *Client) applyRoom(ctx context.Context, name id.RoomID, s section, kind answerKind) (meeting.RoomBatch, error) {
	rb := meeting.RoomBatch{Room: meeting.RoomID(name)}
	state, timeline := parseAll(s.State.Events), parseAll(s.Timeline.Events)
	changed := false
	for _, p := range slices.Concat(state, timeline) {
		if p.ev.IsState(event.StateEncryption.Type, "") {
			rb.Encrypted = true
		}
		moved, err := c.applyState(ctx, name, p.ev)
		if err != nil {
			return rb, err
		}
		changed = changed || moved
	}
	r := c.rooms.get(name)
	if changed {
		r.members.Add(1)
		if err := c.keys.RemoveOutboundGroupSession(ctx, name); err != nil {
			return rb, fmt.Errorf("rotate key: %w", err)
		}
	}
	keep, within := visible(timeline, string(c.self), true)
	rb.Limited, rb.PrevBatch = s.Timeline.Limited && within, s.Timeline.PrevBatch
	if rb.Limited || !within {
		r.outdated()
	}
	if kind == first && !c.joinedNow(slices.Concat(state, timeline)) {
		keep, rb.Limited = onlyState(timeline), false
	}
	for _, p := range append(c.stateRows(state), keep...) {
		rb.Events = append(rb.Events, p.row(rb.Room))
	}
	return rb, nil
}

// parsed is an event as it came and taken apart.
type parsed struct {
	raw json.RawMessage
	ev  *wire.Event
}

// parseAll leaves out what is no event: without an id it could not be stored.
func parseAll(raws []json.RawMessage) []parsed {
	out := make([]parsed, 0, len(raws))
	for _, raw := range raws {
		if ev, err := wire.Parse(raw); err == nil {
			out = append(out, parsed{raw, ev})
		}
	}
	return out
}

func (p parsed) row(room meeting.RoomID) meeting.RawEvent {
	return meeting.RawEvent{ID: meeting.EventID(p.ev.ID), Room: room, Session: p.ev.Session(), JSON: p.raw}
}

// applyState writes a state event to the state store and reports whether
// somebody has come or gone. Other events are left alone; so are state events
// whose content makes no sense.
func (c *Client) applyState(ctx context.Context, name id.RoomID, ev *wire.Event) (bool, error) {
	if ev.StateKey == nil {
		return false, nil
	}
	var err error
	switch {
	case ev.Type == event.StateMember.Type:
		if ev.Membership() == "" || *ev.StateKey == "" {
			return false, nil
		}
		err = c.state.SetMember(ctx, name, ev.UserID(), memberContent(ev))
		return ev.PrevMembership != ev.Membership(), wrapState(err)
	case *ev.StateKey != "":
	case ev.Type == event.StateEncryption.Type:
		err = c.state.SetEncryptionEvent(ctx, name, &event.EncryptionEventContent{
			Algorithm:              id.Algorithm(ev.Content.String("algorithm")),
			RotationPeriodMillis:   ev.Content.Int("rotation_period_ms"),
			RotationPeriodMessages: int(ev.Content.Int("rotation_period_msgs")),
		})
	case ev.Type == event.StatePowerLevels.Type:
		var levels event.PowerLevelsEventContent
		if json.Unmarshal(ev.Raw, &levels) == nil {
			err = c.state.SetPowerLevels(ctx, name, &levels)
		}
	case ev.Type == event.StateCreate.Type:
		content, perr := ev.EventContent()
		if perr == nil && content.ParseRaw(event.StateCreate) == nil {
			err = c.state.SetCreate(ctx, &event.Event{
				ID: id.EventID(ev.ID), RoomID: name, Type: event.StateCreate, StateKey: ev.StateKey,
				Sender: id.UserID(ev.Sender), Content: content,
			})
		}
	case ev.Type == event.StateHistoryVisibility.Type:
		c.rooms.get(name).joinedOnly.Store(ev.Content.String("history_visibility") == string(event.HistoryVisibilityJoined))
	}
	return false, wrapState(err)
}

func wrapState(err error) error {
	if err != nil {
		return fmt.Errorf("store room state: %w", err)
	}
	return nil
}

func memberContent(ev *wire.Event) *event.MemberEventContent {
	return &event.MemberEventContent{
		Membership: event.Membership(ev.Membership()), Displayname: ev.Content.String("displayname"),
	}
}

// visible leaves out the messages of times when the bot was not in the room:
// servers show some history to those who join. What somebody writes to the bot
// alone after inviting it is meant for it, though: apps send it at once. State
// events stay. Before says whether the bot was there before the first event if
// its own member events do not tell; the second result is what turned out.
func visible(events []parsed, self string, before bool) ([]parsed, bool) {
	for _, p := range events {
		if p.ev.Membership() != "" && *p.ev.StateKey == self {
			before = wasIn(p.ev)
			break
		}
	}
	in := before
	out := make([]parsed, 0, len(events))
	for _, p := range events {
		if p.ev.Membership() != "" && *p.ev.StateKey == self {
			in = p.ev.Membership() == string(event.MembershipJoin) || invitedAlone(p.ev)
		} else if !in && p.ev.StateKey == nil {
			continue
		}
		out = append(out, p)
	}
	return out, before
}

// invitedAlone reports whether a member event invites to a conversation of two.
func invitedAlone(ev *wire.Event) bool {
	return ev.Membership() == string(event.MembershipInvite) && ev.Content.Bool("is_direct")
}

// wasIn reports whether a user was in the room before a member event.
func wasIn(ev *wire.Event) bool {
	switch event.Membership(ev.PrevMembership) {
	case event.MembershipJoin:
		return true
	case "":
		// Without word from the server: who leaves was there.
		m := event.Membership(ev.Membership())
		return m == event.MembershipLeave || m == event.MembershipBan
	}
	return false
}

// joinedNow reports whether the bot has come into a room since it started.
// Only then is the first sync answer ever more than a description.
func (c *Client) joinedNow(events []parsed) bool {
	for _, p := range slices.Backward(events) {
		if p.ev.Joins(string(c.self)) {
			return !p.ev.SentAt.Before(c.opened.Add(-slack))
		}
	}
	return false
}

func onlyState(events []parsed) []parsed {
	return slices.DeleteFunc(slices.Clone(events), func(p parsed) bool { return p.ev.StateKey == nil })
}

// stateRows picks the state events that the bot decodes, its own member event
// last: whoever comes before it was there when the bot came.
func (c *Client) stateRows(state []parsed) []parsed {
	var others, own []parsed
	for _, p := range state {
		switch {
		case p.ev.Membership() != "" && *p.ev.StateKey == string(c.self):
			own = append(own, p)
		case p.ev.Membership() != "", p.ev.IsState(event.StateTombstone.Type, ""), p.ev.IsState(event.StateCreate.Type, ""):
			others = append(others, p)
		}
	}
	return append(others, own...)
}

// invitation reads who invites the bot from an invitation's stripped state.
// That state proves nothing and goes nowhere else.
func (c *Client) invitation(name id.RoomID, s invitedSection) meeting.Invite {
	inv := meeting.Invite{Room: meeting.RoomID(name), At: c.now().UTC()}
	for _, raw := range s.State.Events {
		var top wire.Object
		if json.Unmarshal(raw, &top) != nil || top.String("type") != event.StateMember.Type ||
			top.String("state_key") != string(c.self) {
			continue
		}
		content := top.Object("content")
		if content.String("membership") == string(event.MembershipInvite) {
			inv.Inviter = meeting.UserID(top.String("sender"))
			inv.Direct = content.Bool("is_direct")
		}
	}
	return inv
}

package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/meeting"
)

// Marks in the creation content of rooms that the bot made, so that a room
// whose creation was interrupted is found again.
const (
	roomField  = "se.nka.blnbot.room"  // the post's key
	spaceField = "se.nka.blnbot.space" // the programme
)

// making is a room that the bot asks the server for.
type making struct {
	field, mark string         // in its creation content
	user        meeting.UserID // invited with it, if anybody
	request     map[string]any // further parameters of POST createRoom
	encrypted   bool
}

// makePatience is how long a server may go on making a room that nobody waits for
// any more. For that long no second one is asked for.
const makePatience = 10 * time.Second

// makings remembers rooms that the server may still be making. Used under directMu.
type makings struct {
	asked map[string]time.Time    // by mark: when the answer was lost; zero if it was not
	seen  map[id.RoomID]time.Time // when a room was first found unfinished
}

// stillMade is what a post meets whose room may be in the making since then; nil
// if it has been long enough.
func stillMade(since, now time.Time) error {
	if wait := makePatience - now.Sub(since); wait > 0 && wait <= makePatience {
		return &meeting.RetryError{After: wait, Err: errors.New("the room may be in the making")}
	}
	return nil
}

// makeRoom makes the room that a post asks for, once, puts it into the
// programme's space, and returns its id in place of an event's.
func (c *Client) makeRoom(ctx context.Context, d meeting.Delivery) (meeting.EventID, error) {
	if d.Make == nil {
		return "", fmt.Errorf("%w: no room to make", meeting.ErrRejected)
	}
	c.directMu.Lock()
	defer c.directMu.Unlock()
	m := wantedRoom(d)
	var name id.RoomID
	var err error
	if d.Attempts > 0 {
		name, err = c.findMade(ctx, m)
	}
	if err == nil && name == "" {
		name, err = c.create(ctx, m, d.Attempts)
	}
	if err != nil {
		return "", err
	}
	// Nothing depends on the space: what the server refuses is left alone.
	if err := c.unlessRefused(c.intoSpace(ctx, name, d)); err != nil {
		return "", err
	}
	return meeting.EventID(name), nil
}

// wantedRoom is an encrypted room. The levels of users are the preset's, for
// they differ between room versions: since version 12 the creator stands above
// all levels and must not be listed.
func wantedRoom(d meeting.Delivery) making {
	return making{field: roomField, mark: d.Key, encrypted: true, request: map[string]any{
		"preset": "private_chat", "name": d.Make.Name,
		"creation_content":             map[string]any{roomField: d.Key},
		"power_level_content_override": map[string]any{"invite": 50},
		"initial_state": []any{
			stateOf(event.StateEncryption, map[string]any{"algorithm": id.AlgorithmMegolmV1}),
			stateOf(event.StateHistoryVisibility, map[string]any{"history_visibility": event.HistoryVisibilityInvited}),
			stateOf(event.StateGuestAccess, map[string]any{"guest_access": event.GuestAccessForbidden}),
		},
	}}
}

func wantedSpace(m *meeting.NewRoom) making {
	return making{field: spaceField, mark: m.Space, request: map[string]any{
		"preset": "private_chat", "name": m.SpaceName,
		"creation_content":             map[string]any{"type": event.RoomTypeSpace, spaceField: m.Space},
		"power_level_content_override": map[string]any{"events_default": 50, "invite": 50},
	}}
}

func stateOf(typ event.Type, content any) map[string]any {
	return map[string]any{"type": typ.Type, "state_key": "", "content": content}
}

// create asks the server for a room that findMade has not found. A server that was
// asked before may make that room yet, whatever became of its answer: the bot, or
// an earlier process of it if the post has been attempted, then waits first.
func (c *Client) create(ctx context.Context, m making, attempts int) (id.RoomID, error) {
	asked, ok := c.makings.asked[m.mark]
	if !ok && attempts > 0 {
		asked = c.opened
	}
	if err := stillMade(asked, c.now()); err != nil {
		return "", err
	}
	var resp mautrix.RespCreateRoom
	err := c.call(ctx, "create room", http.MethodPost, []any{"v3", "createRoom"}, nil, m.request, &resp)
	c.makings.asked[m.mark] = time.Time{}
	if unclear(err) {
		c.makings.asked[m.mark] = c.now()
	}
	if err != nil {
		return "", err
	}
	if m.encrypted {
		if err := c.store.SetEncrypted(ctx, meeting.RoomID(resp.RoomID)); err != nil {
			return "", fmt.Errorf("remember encryption: %w", err)
		}
	}
	return resp.RoomID, nil
}

// findMade looks for a room that the bot made and marked, and that is of use. A
// room whose making was interrupted is left, so that whatever the server does with
// it later, it can invite nobody there.
func (c *Client) findMade(ctx context.Context, m making) (id.RoomID, error) {
	joined, err := c.joinedRooms(ctx)
	if err != nil {
		return "", err
	}
	var unfinished []id.RoomID
	for _, name := range joined {
		marked, err := c.marked(ctx, name, m)
		if err != nil {
			return "", err
		}
		if !marked {
			continue
		}
		finished, err := c.finished(ctx, name, m)
		if err != nil {
			return "", err
		}
		if !finished {
			unfinished = append(unfinished, name)
			continue
		}
		c.rooms.get(name).outdated() // it may have been looked at while it was made
		usable := true
		if m.user != "" {
			usable, err = c.directUsable(ctx, name, m.user)
		}
		if err != nil || usable {
			return name, err
		}
	}
	for _, name := range unfinished {
		if _, ok := c.makings.seen[name]; !ok {
			c.makings.seen[name] = c.now()
		}
		if err := stillMade(c.makings.seen[name], c.now()); err != nil {
			return "", err
		}
		if err := c.unlessRefused(c.leave(ctx, name)); err != nil {
			return "", err
		}
		delete(c.makings.seen, name)
	}
	return "", nil
}

// marked reports whether the bot made a room, and with the mark. Anybody can make
// one with the mark in it.
func (c *Client) marked(ctx context.Context, name id.RoomID, m making) (bool, error) {
	raw, err := c.roomState(ctx, name, event.StateCreate, "")
	if err != nil {
		return false, c.unlessRefused(err)
	}
	var create map[string]json.RawMessage
	var found string
	if json.Unmarshal(raw, &create) != nil || json.Unmarshal(create[m.field], &found) != nil || found != m.mark {
		return false, nil
	}
	if err := c.prepare(ctx, name); err != nil {
		return false, err
	}
	made, err := c.state.GetCreate(ctx, name)
	if err != nil {
		return false, fmt.Errorf("get creator: %w", err)
	}
	return made != nil && made.Sender == c.self, nil
}

// finished reports whether a room has what the server was asked for: one that sends
// an event after the other can be stopped in the middle.
func (c *Client) finished(ctx context.Context, name id.RoomID, m making) (bool, error) {
	type part struct {
		typ event.Type
		key string
	}
	parts := []part{{event.StatePowerLevels, ""}}
	if m.encrypted {
		parts = append(parts, part{event.StateEncryption, ""})
	}
	if name, _ := m.request["name"].(string); name != "" {
		parts = append(parts, part{event.StateRoomName, ""})
	}
	if m.user != "" {
		parts = append(parts, part{event.StateMember, string(m.user)})
	}
	for _, p := range parts {
		_, err := c.roomState(ctx, name, p.typ, p.key)
		if statusIs(err, http.StatusNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// intoSpace puts a room into the space of its programme, which is made on first
// need. Staff and leaders are invited there.
func (c *Client) intoSpace(ctx context.Context, name id.RoomID, d meeting.Delivery) error {
	m := d.Make
	if m.Space == "" {
		return nil
	}
	wanted := wantedSpace(m)
	space, err := c.findMade(ctx, wanted)
	if err == nil && space == "" {
		space, err = c.create(ctx, wanted, d.Attempts)
	}
	if err != nil {
		return err
	}
	for _, child := range []struct {
		in   id.RoomID
		typ  event.Type
		what id.RoomID
	}{{space, event.StateSpaceChild, name}, {name, event.StateSpaceParent, space}} {
		path := []any{"v3", "rooms", child.in, "state", child.typ.Type, child.what}
		content := map[string]any{"via": server(meeting.UserID(c.self))}
		if err := c.call(ctx, "set "+child.typ.Type, http.MethodPut, path, nil, content, nil); err != nil {
			return err
		}
	}
	for _, user := range m.SpaceMembers {
		if err := c.unlessRefused(c.invite(ctx, space, user)); err != nil {
			return err
		}
	}
	return nil
}

// invite invites a user, unless they are in the room or invited already.
func (c *Client) invite(ctx context.Context, name id.RoomID, user meeting.UserID) error {
	raw, err := c.roomState(ctx, name, event.StateMember, string(user))
	if err != nil && !statusIs(err, http.StatusNotFound) {
		return err
	}
	var member struct{ Membership event.Membership }
	if err == nil && json.Unmarshal(raw, &member) == nil &&
		(member.Membership == event.MembershipJoin || member.Membership == event.MembershipInvite) {
		return nil
	}
	path := []any{"v3", "rooms", name, "invite"}
	if err := c.call(ctx, "invite", http.MethodPost, path, nil, map[string]any{"user_id": user}, nil); err != nil {
		return err
	}
	c.rooms.get(name).outdated() // the next message is for them too
	return nil
}

// inviteAgain invites a user who may be invited already, so that their app tells
// them once more. A server that refuses that has told them before.
func (c *Client) inviteAgain(ctx context.Context, name id.RoomID, d meeting.Delivery) error {
	raw, err := c.roomState(ctx, name, event.StateMember, string(d.User))
	if err != nil && !statusIs(err, http.StatusNotFound) {
		return err
	}
	var member struct{ Membership event.Membership }
	if err == nil && json.Unmarshal(raw, &member) == nil && member.Membership == event.MembershipJoin {
		return nil
	}
	path := []any{"v3", "rooms", name, "invite"}
	err = c.call(ctx, "invite", http.MethodPost, path, nil, map[string]any{"user_id": d.User, "reason": d.Markdown}, nil)
	if err != nil && member.Membership == event.MembershipInvite {
		return c.unlessRefused(err)
	}
	if err == nil {
		c.rooms.get(name).outdated() // the next message is for them too
	}
	return err
}

// pin pins an event beside those that are pinned already.
func (c *Client) pin(ctx context.Context, name id.RoomID, d meeting.Delivery) (meeting.EventID, error) {
	raw, err := c.roomState(ctx, name, event.StatePinnedEvents, "")
	if err != nil && !statusIs(err, http.StatusNotFound) {
		return "", err
	}
	content := map[string]json.RawMessage{}
	var pinned []id.EventID
	if err == nil {
		// What cannot be read is left alone rather than overwritten.
		if json.Unmarshal(raw, &content) != nil || len(content["pinned"]) > 0 && json.Unmarshal(content["pinned"], &pinned) != nil {
			return "", fmt.Errorf("%w: pinned events make no sense", meeting.ErrRejected)
		}
	}
	if slices.Contains(pinned, id.EventID(d.TargetID)) {
		return "", nil
	}
	if content["pinned"], err = json.Marshal(append(pinned, id.EventID(d.TargetID))); err != nil {
		return "", errors.Join(meeting.ErrRejected, err)
	}
	var resp mautrix.RespSendEvent
	path := []any{"v3", "rooms", name, "state", event.StatePinnedEvents.Type, ""}
	err = c.call(ctx, "pin", http.MethodPut, path, nil, content, &resp)
	return meeting.EventID(resp.EventID), err
}

// setLevel gives a user a power level; 0 takes their own away.
func (c *Client) setLevel(ctx context.Context, name id.RoomID, user meeting.UserID, level int) (meeting.EventID, error) {
	raw, err := c.roomState(ctx, name, event.StatePowerLevels, "")
	if err != nil {
		return "", err
	}
	var levels map[string]json.RawMessage
	users := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &levels); err != nil || levels == nil {
		return "", fmt.Errorf("%w: power levels make no sense", meeting.ErrRejected)
	}
	if len(levels["users"]) > 0 && json.Unmarshal(levels["users"], &users) != nil {
		return "", fmt.Errorf("%w: power levels make no sense", meeting.ErrRejected)
	}
	want := json.RawMessage(fmt.Sprint(level))
	if string(users[string(user)]) == string(want) {
		return "", nil
	}
	if level == 0 {
		delete(users, string(user))
	} else {
		users[string(user)] = want
	}
	if levels["users"], err = json.Marshal(users); err != nil {
		return "", errors.Join(meeting.ErrRejected, err)
	}
	var resp mautrix.RespSendEvent
	path := []any{"v3", "rooms", name, "state", event.StatePowerLevels.Type, ""}
	err = c.call(ctx, "set power levels", http.MethodPut, path, nil, levels, &resp)
	return meeting.EventID(resp.EventID), err
}

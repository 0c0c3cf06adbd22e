package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

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

// makeRoom makes the room that a post asks for, once, puts it into the
// programme's space, and returns its id in place of an event's.
func (c *Client) makeRoom(ctx context.Context, d meeting.Delivery) (meeting.EventID, error) {
	if d.Make == nil {
		return "", fmt.Errorf("%w: no room to make", meeting.ErrRejected)
	}
	c.directMu.Lock()
	defer c.directMu.Unlock()
	var name id.RoomID
	var err error
	if d.Attempts > 0 {
		name, err = c.findMade(ctx, roomField, d.Key)
	}
	if err == nil && name == "" {
		name, err = c.createRoom(ctx, d)
	}
	if err != nil {
		return "", err
	}
	// Nothing depends on the space: what the server refuses is left alone.
	if err := c.unlessRefused(c.intoSpace(ctx, name, d.Make)); err != nil {
		return "", err
	}
	return meeting.EventID(name), nil
}

// createRoom makes an encrypted room. The levels of users are the preset's, for
// they differ between room versions: since version 12 the creator stands above
// all levels and must not be listed.
func (c *Client) createRoom(ctx context.Context, d meeting.Delivery) (id.RoomID, error) {
	return c.create(ctx, "create room", map[string]any{
		"preset": "private_chat", "name": d.Make.Name,
		"creation_content":             map[string]any{roomField: d.Key},
		"power_level_content_override": map[string]any{"invite": 50},
		"initial_state": []any{
			stateOf(event.StateEncryption, map[string]any{"algorithm": id.AlgorithmMegolmV1}),
			stateOf(event.StateHistoryVisibility, map[string]any{"history_visibility": event.HistoryVisibilityInvited}),
			stateOf(event.StateGuestAccess, map[string]any{"guest_access": event.GuestAccessForbidden}),
		},
	}, true)
}

func stateOf(typ event.Type, content any) map[string]any {
	return map[string]any{"type": typ.Type, "state_key": "", "content": content}
}

func (c *Client) create(ctx context.Context, op string, req map[string]any, encrypted bool) (id.RoomID, error) {
	var resp mautrix.RespCreateRoom
	if err := c.call(ctx, op, http.MethodPost, []any{"v3", "createRoom"}, nil, req, &resp); err != nil {
		return "", err
	}
	if encrypted {
		if err := c.store.SetEncrypted(ctx, meeting.RoomID(resp.RoomID)); err != nil {
			return "", fmt.Errorf("remember encryption: %w", err)
		}
	}
	return resp.RoomID, nil
}

// findMade looks for a room that the bot made and marked.
func (c *Client) findMade(ctx context.Context, field, mark string) (id.RoomID, error) {
	joined, err := c.joinedRooms(ctx)
	if err != nil {
		return "", err
	}
	for _, name := range joined {
		raw, err := c.roomState(ctx, name, event.StateCreate, "")
		if err != nil {
			if err := c.unlessRefused(err); err != nil {
				return "", err
			}
			continue
		}
		var create map[string]json.RawMessage
		var found string
		if json.Unmarshal(raw, &create) != nil || json.Unmarshal(create[field], &found) != nil || found != mark {
			continue
		}
		if err := c.prepare(ctx, name); err != nil {
			return "", err
		}
		// Anybody can make a room with the mark in it.
		made, err := c.state.GetCreate(ctx, name)
		if err != nil {
			return "", fmt.Errorf("get creator: %w", err)
		}
		if made != nil && made.Sender == c.self {
			return name, nil
		}
	}
	return "", nil
}

// intoSpace puts a room into the space of its programme, which is made on first
// need. Staff and leaders are invited there.
func (c *Client) intoSpace(ctx context.Context, name id.RoomID, m *meeting.NewRoom) error {
	if m.Space == "" {
		return nil
	}
	space, err := c.findMade(ctx, spaceField, m.Space)
	if err == nil && space == "" {
		space, err = c.create(ctx, "create space", map[string]any{
			"preset": "private_chat", "name": m.SpaceName,
			"creation_content":             map[string]any{"type": event.RoomTypeSpace, spaceField: m.Space},
			"power_level_content_override": map[string]any{"events_default": 50, "invite": 50},
		}, false)
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

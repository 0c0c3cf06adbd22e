package matrix

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/meeting"
)

// directField in the creation content of a room says for whom the bot made
// it, so that a room whose creation was interrupted is found again.
const directField = "se.nka.blnbot.direct"

// target is the room that a post goes to.
func (c *Client) target(ctx context.Context, d meeting.Delivery) (id.RoomID, error) {
	if d.To == "" {
		if d.Room == "" {
			return "", fmt.Errorf("%w: no room", meeting.ErrRejected)
		}
		return id.RoomID(d.Room), nil
	}
	c.directMu.Lock()
	defer c.directMu.Unlock()
	known, err := c.store.DirectRoom(ctx, d.To)
	if err != nil {
		return "", fmt.Errorf("get direct room: %w", err)
	}
	if known != "" {
		usable, err := c.directUsable(ctx, id.RoomID(known), d.To)
		if err != nil || usable {
			return id.RoomID(known), err
		}
	}
	wanted := wantedDirect(d.To)
	name, err := c.findMade(ctx, wanted)
	if err == nil && name == "" {
		name, err = c.create(ctx, wanted, d.Attempts)
		if statusIs(err, http.StatusForbidden) && d.Attempts < settleAttempts {
			// Seen from Dendrite in trouble: the room was made, and the invitation
			// to it was checked against nothing.
			err = &meeting.RetryError{Err: err}
		}
	}
	if err != nil {
		return "", err
	}
	if err := c.store.SetDirectRoom(ctx, d.To, meeting.RoomID(name)); err != nil {
		return "", fmt.Errorf("set direct room: %w", err)
	}
	c.noteDirect(ctx, d.To, name)
	return name, nil
}

// directUsable reports whether a room still is a conversation between the bot
// and the user alone.
func (c *Client) directUsable(ctx context.Context, name id.RoomID, user meeting.UserID) (bool, error) {
	if err := c.prepare(ctx, name); err != nil {
		if statusIs(err, http.StatusForbidden) || statusIs(err, http.StatusNotFound) {
			return false, nil
		}
		return false, err
	}
	members, err := c.state.GetRoomMembers(ctx, name, event.MembershipJoin, event.MembershipInvite)
	if err != nil {
		return false, fmt.Errorf("list members: %w", err)
	}
	self := members[c.self]
	return len(members) == 2 && members[id.UserID(user)] != nil && self != nil &&
		self.Membership == event.MembershipJoin, nil
}

// wantedDirect is an encrypted room for the bot and one user.
func wantedDirect(user meeting.UserID) making {
	return making{field: directField, mark: string(user), user: user, encrypted: true, request: map[string]any{
		"preset": "private_chat", "is_direct": true, "invite": []string{string(user)},
		"creation_content": map[string]any{directField: string(user)},
		"initial_state":    []any{stateOf(event.StateEncryption, map[string]any{"algorithm": id.AlgorithmMegolmV1})},
	}}
}

// noteDirect tells other clients of the account that the room is a direct
// conversation (m.direct). Nothing of the bot's depends on it.
func (c *Client) noteDirect(ctx context.Context, user meeting.UserID, name id.RoomID) {
	chats := map[string]json.RawMessage{}
	path := []any{"v3", "user", c.self, "account_data", event.AccountDataDirectChats.Type}
	err := c.call(ctx, "get m.direct", http.MethodGet, path, nil, nil, &chats)
	if err != nil && !statusIs(err, http.StatusNotFound) {
		c.log.Debug("cannot read m.direct", "error", err)
		return
	}
	var list []string
	_ = json.Unmarshal(chats[string(user)], &list)
	if slices.Contains(list, string(name)) {
		return
	}
	raw, err := json.Marshal(append(list, string(name)))
	if err != nil {
		return
	}
	if chats == nil {
		chats = map[string]json.RawMessage{}
	}
	chats[string(user)] = raw
	if err := c.call(ctx, "set m.direct", http.MethodPut, path, nil, chats, nil); err != nil {
		c.log.Debug("cannot write m.direct", "error", err)
	}
}

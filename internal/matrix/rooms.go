package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/matrix/wire"
	"blnbot/internal/meeting"
)

// ResolveRoom finds the room behind an alias or id, and joins it if the bot is
// not in it and may. The room is returned also with ErrNotInRoom: an
// invitation may come later. ErrNoRoom: there is no such alias.
func (c *Client) ResolveRoom(ctx context.Context, aliasOrID string) (meeting.RoomID, error) {
	room, via, err := c.resolve(ctx, aliasOrID)
	if err != nil {
		return "", err
	}
	joined, err := c.joinedRooms(ctx)
	if err != nil {
		return meeting.RoomID(room), err
	}
	if slices.Contains(joined, room) {
		return meeting.RoomID(room), nil
	}
	if err := c.join(ctx, room, via); err != nil {
		if errors.Is(err, ErrUnreachable) || errors.Is(err, ErrLoggedOut) {
			return meeting.RoomID(room), err
		}
		return meeting.RoomID(room), fmt.Errorf("%w: %w", ErrNotInRoom, err)
	}
	return meeting.RoomID(room), nil
}

// FindRoom finds the room behind an alias or id. ErrNoRoom: there is no such
// alias.
func (c *Client) FindRoom(ctx context.Context, aliasOrID string) (meeting.RoomID, error) {
	room, _, err := c.resolve(ctx, aliasOrID)
	return meeting.RoomID(room), err
}

// Joined is the set of rooms that the bot is in, as the server says.
func (c *Client) Joined(ctx context.Context) (map[meeting.RoomID]bool, error) {
	joined, err := c.joinedRooms(ctx)
	if err != nil {
		return nil, err
	}
	in := make(map[meeting.RoomID]bool, len(joined))
	for _, room := range joined {
		in[meeting.RoomID(room)] = true
	}
	return in, nil
}

func (c *Client) resolve(ctx context.Context, aliasOrID string) (id.RoomID, []string, error) {
	if strings.HasPrefix(aliasOrID, "!") {
		return id.RoomID(aliasOrID), nil, nil
	}
	if !strings.HasPrefix(aliasOrID, "#") {
		return "", nil, fmt.Errorf("%w: neither alias nor id", ErrNoRoom)
	}
	var resp mautrix.RespAliasResolve
	path := []any{"v3", "directory", "room", aliasOrID}
	err := c.call(ctx, "resolve alias", http.MethodGet, path, nil, nil, &resp)
	if statusIs(err, http.StatusNotFound) || statusIs(err, http.StatusBadRequest) {
		return "", nil, fmt.Errorf("%w: %w", ErrNoRoom, err)
	} else if err != nil {
		return "", nil, err
	}
	return resp.RoomID, resp.Servers, nil
}

func (c *Client) joinedRooms(ctx context.Context) ([]id.RoomID, error) {
	var resp mautrix.RespJoinedRooms
	err := c.call(ctx, "list joined rooms", http.MethodGet, []any{"v3", "joined_rooms"}, nil, nil, &resp)
	return resp.JoinedRooms, err
}

// maxVia is how many servers are named for a join; more make the URL too long.
const maxVia = 3

func (c *Client) join(ctx context.Context, room id.RoomID, via []string) error {
	query := url.Values{}
	if via = via[:min(len(via), maxVia)]; len(via) > 0 {
		query["via"] = via
		query["server_name"] = via // what "via" was called before Matrix 1.12
	}
	err := c.call(ctx, "join room", http.MethodPost, []any{"v3", "join", room}, query, struct{}{}, nil)
	if err != nil {
		return err
	}
	c.rooms.get(room).outdated()
	return nil
}

func (c *Client) leave(ctx context.Context, room id.RoomID) error {
	return c.call(ctx, "leave room", http.MethodPost, []any{"v3", "rooms", room, "leave"}, nil, struct{}{}, nil)
}

// server is the server of a user id.
func server(user meeting.UserID) []string {
	if _, host, ok := strings.Cut(string(user), ":"); ok {
		return []string{host}
	}
	return nil
}

// prepare makes sure that state and members of a room are known, by asking
// the server for all of them once per start and after each gap. What sync
// tells is added to that.
func (c *Client) prepare(ctx context.Context, name id.RoomID) error {
	r := c.rooms.get(name)
	for range 5 {
		epoch := r.epoch.Load()
		if r.known.Load() == epoch {
			return nil
		}
		members := r.members.Load()
		var raws []json.RawMessage
		path := []any{"v3", "rooms", name, "state"}
		if err := c.call(ctx, "get room state", http.MethodGet, path, nil, nil, &raws); err != nil {
			return err
		}
		ok, err := c.replaceState(context.WithoutCancel(ctx), name, parseAll(raws), members)
		if err != nil {
			return err
		}
		if ok {
			r.known.Store(epoch)
		}
	}
	return &meeting.RetryError{Err: errors.New("room state keeps changing")}
}

// replaceState stores a room's full state, unless members have come or gone
// since it was asked for: sync's news must not be overwritten by older news.
func (c *Client) replaceState(ctx context.Context, name id.RoomID, state []parsed, members int64) (bool, error) {
	r := c.rooms.get(name)
	c.stateMu.Lock()
	defer c.stateMu.Unlock()
	if r.members.Load() != members {
		return false, nil
	}
	for _, p := range state {
		if p.ev.IsState(event.StateEncryption.Type, "") {
			// Before anything else: whatever happens next, nothing is sent in clear.
			if err := c.store.SetEncrypted(ctx, meeting.RoomID(name)); err != nil {
				return false, fmt.Errorf("remember encryption: %w", err)
			}
		}
	}
	err := c.db.DoTxn(ctx, nil, func(ctx context.Context) error {
		if err := c.state.ClearCachedMembers(ctx, name); err != nil {
			return fmt.Errorf("clear members: %w", err)
		}
		for _, p := range state {
			if _, err := c.applyState(ctx, name, p.ev); err != nil {
				return err
			}
		}
		return c.state.MarkMembersFetched(ctx, name)
	})
	if err != nil {
		return false, fmt.Errorf("store room state: %w", err)
	}
	return true, nil
}

// upgradePatience is how long after a tombstone a refused join is tried again:
// clients invite the members after they have replaced the room.
const upgradePatience = time.Minute

// followUpgrade goes where a tombstone points, and reports whether the new
// room says that it continues the old one. An error means: try again.
func (c *Client) followUpgrade(ctx context.Context, t meeting.RoomReplaced) (bool, error) {
	joined, err := c.joinedRooms(ctx)
	if err != nil {
		return false, err
	}
	next := id.RoomID(t.Replacement)
	was := slices.Contains(joined, next)
	if !was {
		if err := c.join(ctx, next, server(t.Sender)); err != nil {
			if c.now().Sub(t.Received) < upgradePatience {
				return false, err
			}
			return false, c.unlessRefused(err)
		}
	}
	raw, err := c.roomState(ctx, next, event.StateCreate, "")
	if err != nil {
		return false, c.unlessRefused(err)
	}
	var create wire.Object
	if json.Unmarshal(raw, &create) == nil && create.Object("predecessor").String("room_id") == string(t.Room) {
		return true, nil
	}
	if !was {
		if err := c.leave(ctx, next); err != nil {
			return false, c.unlessRefused(err)
		}
	}
	return false, nil
}

// unlessRefused drops errors that the server will not think better of.
func (c *Client) unlessRefused(err error) error {
	if refusal(err) {
		c.log.Warn("the server refuses", "error", err)
		return nil
	}
	return err
}

// How long the bot tries to accept an invitation.
const (
	invitePatience = 24 * time.Hour
	refusalsMatter = 10 * time.Minute // a join may be refused while servers catch up
)

// inviteLoop answers invitations.
func (c *Client) inviteLoop(ctx context.Context) error {
	for ctx.Err() == nil {
		invites, err := c.store.Invites(ctx, c.now())
		if err != nil && ctx.Err() == nil {
			c.log.Error("cannot list invitations", "error", err)
		}
		for _, inv := range invites {
			if !c.answering.Load() {
				break // nor would its refusal come through
			}
			if err := c.answerInvite(ctx, inv); err != nil && ctx.Err() == nil {
				age := c.now().Sub(inv.At)
				c.log.Debug("cannot answer an invitation, trying again", "room", inv.Room, "error", err)
				next := c.now().Add(max(c.pace.poll, min(age, 10*time.Minute)))
				if err := c.store.RetryInvite(ctx, inv.Room, next); err != nil {
					c.log.Error("cannot park an invitation", "room", inv.Room, "error", err)
				}
			}
		}
		pause(ctx, c.pace.poll, c.wakeInvites)
	}
	return nil
}

// answerInvite joins where the handler wants it, and declines otherwise,
// without a word. An error means: try again.
func (c *Client) answerInvite(ctx context.Context, inv meeting.Invite) error {
	welcome, err := c.handler.Welcome(ctx, inv)
	if err != nil {
		return fmt.Errorf("ask about invitation: %w", err)
	}
	room, age := id.RoomID(inv.Room), c.now().Sub(inv.At)
	if welcome {
		err := c.join(ctx, room, server(inv.Inviter))
		if err == nil {
			return c.joinedByInvite(ctx, inv)
		}
		f := asFault(err)
		if f == nil || errors.Is(err, ErrLoggedOut) || (f.transient() && age < invitePatience) || age < refusalsMatter {
			return err
		}
		c.log.Warn("cannot join a room, declining", "room", inv.Room, "error", err)
	}
	if err := c.leave(ctx, room); err != nil && age < invitePatience && errors.Is(err, ErrUnreachable) {
		return err
	}
	return c.store.DeleteInvite(ctx, inv.Room)
}

func (c *Client) joinedByInvite(ctx context.Context, inv meeting.Invite) error {
	if inv.Direct && inv.Inviter != "" {
		known, err := c.store.DirectRoom(ctx, inv.Inviter)
		if err != nil {
			return fmt.Errorf("get direct room: %w", err)
		}
		if known == "" {
			if err := c.store.SetDirectRoom(ctx, inv.Inviter, inv.Room); err != nil {
				return fmt.Errorf("set direct room: %w", err)
			}
			c.noteDirect(ctx, inv.Inviter, id.RoomID(inv.Room))
		}
	}
	if err := c.prepare(ctx, id.RoomID(inv.Room)); err != nil {
		c.log.Debug("cannot fetch the state of a new room yet", "room", inv.Room, "error", err)
	}
	return c.store.DeleteInvite(ctx, inv.Room)
}

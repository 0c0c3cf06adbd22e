package person

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/meeting"
)

// Room says what a new room is to be like. It is private: people come by
// invitation.
type Room struct {
	Name      string
	Alias     string // localpart, or empty
	Encrypted bool
	Invite    []meeting.UserID
	Direct    bool // for a direct conversation
	// PowerLevels are those of users other than the creator, who has 100.
	PowerLevels map[meeting.UserID]int
	// Version is the room version; empty for the server's default.
	Version string
}

// CreateRoom makes a room.
func (p *Person) CreateRoom(ctx context.Context, r Room) (meeting.RoomID, error) {
	req := &mautrix.ReqCreateRoom{
		Preset:        "private_chat",
		Name:          r.Name,
		RoomAliasName: r.Alias,
		IsDirect:      r.Direct,
		RoomVersion:   id.RoomVersion(r.Version),
	}
	for _, u := range r.Invite {
		req.Invite = append(req.Invite, id.UserID(u))
	}
	if r.Encrypted {
		req.InitialState = append(req.InitialState, &event.Event{
			Type:    event.StateEncryption,
			Content: event.Content{Parsed: &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}},
		})
	}
	if len(r.PowerLevels) > 0 {
		levels := map[id.UserID]int{}
		if r.Version != "12" { // where creators stand above all levels
			levels[p.client.UserID] = 100
		}
		for u, level := range r.PowerLevels {
			levels[id.UserID(u)] = level
		}
		req.PowerLevelOverride = &event.PowerLevelsEventContent{Users: levels}
	}
	resp, err := p.client.CreateRoom(ctx, req)
	if err != nil {
		return "", fmt.Errorf("%s creates room %q: %w", p.ID(), r.Name, err)
	}
	return meeting.RoomID(resp.RoomID), nil
}

// Join joins a room by its id or alias.
func (p *Person) Join(ctx context.Context, roomOrAlias string) (meeting.RoomID, error) {
	resp, err := p.client.JoinRoom(ctx, roomOrAlias, nil)
	if err != nil {
		return "", fmt.Errorf("%s joins %s: %w", p.ID(), roomOrAlias, err)
	}
	return meeting.RoomID(resp.RoomID), nil
}

// Leave leaves a room, or declines an invitation to it.
func (p *Person) Leave(ctx context.Context, roomID meeting.RoomID) error {
	if _, err := p.client.LeaveRoom(ctx, id.RoomID(roomID)); err != nil {
		return fmt.Errorf("%s leaves %s: %w", p.ID(), roomID, err)
	}
	return nil
}

// Invite invites a user.
func (p *Person) Invite(ctx context.Context, roomID meeting.RoomID, user meeting.UserID) error {
	if _, err := p.client.InviteUser(ctx, id.RoomID(roomID), &mautrix.ReqInviteUser{UserID: id.UserID(user)}); err != nil {
		return fmt.Errorf("%s invites %s: %w", p.ID(), user, err)
	}
	return nil
}

// Kick removes a user from a room.
func (p *Person) Kick(ctx context.Context, roomID meeting.RoomID, user meeting.UserID) error {
	if _, err := p.client.KickUser(ctx, id.RoomID(roomID), &mautrix.ReqKickUser{UserID: id.UserID(user)}); err != nil {
		return fmt.Errorf("%s kicks %s: %w", p.ID(), user, err)
	}
	return nil
}

// EnableEncryption makes a room encrypted, for good.
func (p *Person) EnableEncryption(ctx context.Context, roomID meeting.RoomID) error {
	_, err := p.SendState(ctx, roomID, event.StateEncryption.Type, "", map[string]any{"algorithm": string(id.AlgorithmMegolmV1)})
	return err
}

// DirectRoomWith finds or makes an encrypted room for talking with one user,
// and notes it in the account data m.direct as other clients do.
func (p *Person) DirectRoomWith(ctx context.Context, user meeting.UserID) (meeting.RoomID, error) {
	p.direct.Lock()
	defer p.direct.Unlock()
	if roomID := p.directs[id.UserID(user)]; roomID != "" {
		return roomID, nil
	}
	direct := map[id.UserID][]id.RoomID{}
	err := p.client.GetAccountData(ctx, event.AccountDataDirectChats.Type, &direct)
	if err != nil && !errors.Is(err, mautrix.MNotFound) {
		return "", fmt.Errorf("%s reads the list of direct rooms: %w", p.ID(), err)
	}
	if rooms := direct[id.UserID(user)]; len(rooms) > 0 {
		return meeting.RoomID(rooms[len(rooms)-1]), nil
	}
	roomID, err := p.CreateRoom(ctx, Room{Direct: true, Encrypted: true, Invite: []meeting.UserID{user}})
	if err != nil {
		return "", err
	}
	p.directs[id.UserID(user)] = roomID
	direct[id.UserID(user)] = slices.Concat(direct[id.UserID(user)], []id.RoomID{id.RoomID(roomID)})
	if err := p.client.SetAccountData(ctx, event.AccountDataDirectChats.Type, direct); err != nil {
		return "", fmt.Errorf("%s stores the list of direct rooms: %w", p.ID(), err)
	}
	return roomID, nil
}

// Ban removes a user from a room and keeps them out until Unban.
func (p *Person) Ban(ctx context.Context, roomID meeting.RoomID, user meeting.UserID) error {
	if _, err := p.client.BanUser(ctx, id.RoomID(roomID), &mautrix.ReqBanUser{UserID: id.UserID(user)}); err != nil {
		return fmt.Errorf("%s bans %s: %w", p.ID(), user, err)
	}
	return nil
}

// Unban lets a user be invited again.
func (p *Person) Unban(ctx context.Context, roomID meeting.RoomID, user meeting.UserID) error {
	if _, err := p.client.UnbanUser(ctx, id.RoomID(roomID), &mautrix.ReqUnbanUser{UserID: id.UserID(user)}); err != nil {
		return fmt.Errorf("%s unbans %s: %w", p.ID(), user, err)
	}
	return nil
}

// Upgrade replaces a room by one of another version. Nobody else is in that
// until invited.
func (p *Person) Upgrade(ctx context.Context, roomID meeting.RoomID, version string) (meeting.RoomID, error) {
	var resp struct {
		Replacement meeting.RoomID `json:"replacement_room"`
	}
	address := p.client.BuildClientURL("v3", "rooms", id.RoomID(roomID), "upgrade")
	if _, err := p.client.MakeRequest(ctx, "POST", address, map[string]string{"new_version": version}, &resp); err != nil {
		return "", fmt.Errorf("%s upgrades %s: %w", p.ID(), roomID, err)
	}
	return resp.Replacement, nil
}

// SetAlias has an alias lead to the room, whatever it led to before.
func (p *Person) SetAlias(ctx context.Context, alias string, roomID meeting.RoomID) error {
	if _, err := p.client.DeleteAlias(ctx, id.RoomAlias(alias)); err != nil && !errors.Is(err, mautrix.MNotFound) {
		return fmt.Errorf("%s removes %s: %w", p.ID(), alias, err)
	}
	if _, err := p.client.CreateAlias(ctx, id.RoomAlias(alias), id.RoomID(roomID)); err != nil {
		return fmt.Errorf("%s sets %s: %w", p.ID(), alias, err)
	}
	return nil
}

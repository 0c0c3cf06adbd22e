package sqlite

import (
	"context"

	"blnbot/internal/meeting"
)

// Bind notes which room a name ("coordination" or "network:<id>") stands for.
func (t *Tx) Bind(ctx context.Context, name string, room meeting.RoomID) error {
	if _, err := t.exec(ctx, "unbind", "DELETE FROM bindings WHERE name = ? OR room_id = ?", name, room); err != nil {
		return err
	}
	_, err := t.exec(ctx, "bind", "INSERT INTO bindings (name, room_id) VALUES (?, ?)", name, room)
	return err
}

// BoundRoom returns the room that a name stands for, or empty.
func (t *Tx) BoundRoom(ctx context.Context, name string) (meeting.RoomID, error) {
	return value[meeting.RoomID](ctx, t, "read binding", "SELECT room_id FROM bindings WHERE name = ?", name)
}

// BoundName returns what a room stands for, or empty.
func (t *Tx) BoundName(ctx context.Context, room meeting.RoomID) (string, error) {
	return value[string](ctx, t, "read binding", "SELECT name FROM bindings WHERE room_id = ?", room)
}

// StoreNetwork keeps a description of the network.
func (t *Tx) StoreNetwork(ctx context.Context, id string, description []byte) error {
	_, err := t.exec(ctx, "store network", `INSERT INTO networks (id, json) VALUES (?, ?)
		ON CONFLICT (id) DO UPDATE SET json = excluded.json`, id, string(description))
	return err
}

// StoredNetwork returns the kept description of the network, or nil.
func (t *Tx) StoredNetwork(ctx context.Context, id string) ([]byte, error) {
	text, err := value[string](ctx, t, "read network", "SELECT json FROM networks WHERE id = ?", id)
	if err != nil || text == "" {
		return nil, err
	}
	return []byte(text), nil
}

// SetGone notes that the bot was removed from the room, or that it is back.
func (t *Tx) SetGone(ctx context.Context, room meeting.RoomID, gone bool) error {
	_, err := t.exec(ctx, "set gone", `INSERT INTO rooms (room_id, gone) VALUES (?, ?)
		ON CONFLICT (room_id) DO UPDATE SET gone = excluded.gone`, room, gone)
	return err
}

// Gone reports whether the bot was removed from the room.
func (t *Tx) Gone(ctx context.Context, room meeting.RoomID) (bool, error) {
	return value[bool](ctx, t, "read gone", "SELECT gone FROM rooms WHERE room_id = ?", room)
}

// DirectUser returns whose direct room it is, or empty.
func (t *Tx) DirectUser(ctx context.Context, room meeting.RoomID) (meeting.UserID, error) {
	return value[meeting.UserID](ctx, t, "read direct room", "SELECT user_id FROM direct_rooms WHERE room_id = ?", room)
}

// A room that is something else already, another user's or a network's, does not
// become a direct room because somebody calls it so.
const bindDirect = `INSERT INTO direct_rooms (user_id, room_id) SELECT ?1, ?2
WHERE NOT EXISTS (SELECT 1 FROM direct_rooms WHERE room_id = ?2 AND user_id != ?1)
AND NOT EXISTS (SELECT 1 FROM bindings WHERE room_id = ?2)
ON CONFLICT (user_id) DO UPDATE SET room_id = excluded.room_id`

// BindDirect notes a room as the one for direct messages with the user, unless
// it is another's.
func (t *Tx) BindDirect(ctx context.Context, user meeting.UserID, room meeting.RoomID) error {
	_, err := t.exec(ctx, "set direct room", bindDirect, user, room)
	return err
}

// StoreMember notes a membership. An empty display name keeps the known one, so
// that people who left are still recognised by name.
func (t *Tx) StoreMember(ctx context.Context, m meeting.Membership) error {
	_, err := t.exec(ctx, "store member", `INSERT INTO members (room_id, user_id, membership, display_name) VALUES (?, ?, ?, ?)
		ON CONFLICT (room_id, user_id) DO UPDATE SET membership = excluded.membership,
		display_name = CASE WHEN excluded.display_name = '' THEN display_name ELSE excluded.display_name END`,
		m.Room, m.User, m.Membership, m.DisplayName)
	return err
}

// Member returns somebody's membership in the room; only the user is filled in
// where nothing is known.
func (t *Tx) Member(ctx context.Context, room meeting.RoomID, user meeting.UserID) (meeting.Member, error) {
	found, err := get(ctx, t, "read member", "SELECT user_id, membership, display_name FROM members WHERE room_id = ? AND user_id = ?",
		[]any{room, user}, scanMember)
	if err != nil || found == nil {
		return meeting.Member{User: user}, err
	}
	return *found, nil
}

func scanMember(r row) (meeting.Member, error) {
	var m meeting.Member
	err := r.Scan(&m.User, &m.Membership, &m.Name)
	return m, err
}

// Members lists everyone who is or was in the room.
func (t *Tx) Members(ctx context.Context, room meeting.RoomID) ([]meeting.Member, error) {
	return list(ctx, t, "list members", "SELECT user_id, membership, display_name FROM members WHERE room_id = ? ORDER BY user_id",
		[]any{room}, scanMember)
}

// MemberRooms lists the rooms that the user has joined.
func (t *Tx) MemberRooms(ctx context.Context, user meeting.UserID) ([]meeting.RoomID, error) {
	return list(ctx, t, "list rooms", "SELECT room_id FROM members WHERE user_id = ? AND membership = 'join' ORDER BY room_id",
		[]any{user}, scanOne[meeting.RoomID])
}

// SetRole notes a member's role in the network.
func (t *Tx) SetRole(ctx context.Context, network string, user meeting.UserID, r meeting.Role) error {
	_, err := t.exec(ctx, "set role", `INSERT INTO roles (network, user_id, role) VALUES (?, ?, ?)
		ON CONFLICT (network, user_id) DO UPDATE SET role = excluded.role`, network, user, r)
	return err
}

// RolesOf returns the roles of the network's members, also of those who left.
func (t *Tx) RolesOf(ctx context.Context, network string) (map[meeting.UserID]meeting.Role, error) {
	out := map[meeting.UserID]meeting.Role{}
	_, err := list(ctx, t, "list roles", "SELECT user_id, role FROM roles WHERE network = ?", []any{network}, func(r row) (struct{}, error) {
		var u meeting.UserID
		var role meeting.Role
		err := r.Scan(&u, &role)
		out[u] = role
		return struct{}{}, err
	})
	return out, err
}

package matrix

import (
	"context"
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

// Status is what `blnbot check --online` shows.
type Status struct {
	User        meeting.UserID
	Device      string
	Fingerprint string // of the device's signing key, for comparing by hand
	// CrossSigned is what the server says now; Identity is why it could not
	// be asked.
	CrossSigned bool
	Identity    error
	// Clock is how far the server's clock is ahead; ±1 s of it is rounding.
	// It is zero if the server does not tell the time.
	Clock time.Duration
	Rooms []RoomStatus
}

// Right is something the bot must be allowed to do in a room.
type Right string

// The rights.
const (
	RightSend   Right = "send messages"
	RightReact  Right = "react"
	RightRedact Right = "redact own messages"
	RightRemove Right = "redact others' messages"
	RightInvite Right = "invite"
)

// RoomStatus is a configured room as the bot finds it.
type RoomStatus struct {
	Name      string // as configured
	Room      meeting.RoomID
	Joined    bool
	Encrypted bool
	Missing   []Right
	Err       error // why the rest is not known
}

// Status asks the server how things stand. Rooms are aliases or ids.
func (c *Client) Status(ctx context.Context, rooms []string) (Status, error) {
	s := Status{User: c.User(), Device: string(c.session.device), Fingerprint: c.Fingerprint()}
	_, resp, err := c.api.MakeFullRequestWithResp(ctx, mautrix.FullRequest{
		Method: http.MethodGet, URL: c.api.BuildClientURL("v3", "account", "whoami"), MaxAttempts: 1,
	})
	if err != nil {
		return s, newFault("check session", err)
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		s.Clock = date.Sub(c.now())
		if s.Clock.Abs() < 2*time.Second {
			s.Clock = 0
		}
	}
	found, err := c.queryIdentity(ctx)
	s.CrossSigned, s.Identity = found.signed, err
	joined, err := c.joinedRooms(ctx)
	if err != nil {
		return s, err
	}
	for _, name := range rooms {
		s.Rooms = append(s.Rooms, c.roomStatus(ctx, name, joined))
	}
	return s, nil
}

func (c *Client) roomStatus(ctx context.Context, name string, joined []id.RoomID) RoomStatus {
	s := RoomStatus{Name: name}
	room, _, err := c.resolve(ctx, name)
	s.Room, s.Joined = meeting.RoomID(room), slices.Contains(joined, room)
	if err != nil {
		s.Err = err
		return s
	}
	if !s.Joined {
		s.Err = ErrNotInRoom
		return s
	}
	s.Encrypted, s.Missing, s.Err = c.rights(ctx, room)
	return s
}

// MissingRights is what the bot is not allowed to do in a room that it is in.
func (c *Client) MissingRights(ctx context.Context, room meeting.RoomID) ([]Right, error) {
	_, missing, err := c.rights(ctx, id.RoomID(room))
	return missing, err
}

func (c *Client) rights(ctx context.Context, room id.RoomID) (encrypted bool, missing []Right, err error) {
	if encrypted, err = c.encrypted(ctx, room); err == nil {
		missing, err = c.missingRights(ctx, room, encrypted)
	}
	return encrypted, missing, err
}

// missingRights compares the bot's power with what it needs. In room version
// 12 creators stand above all levels and are not listed (Matrix 1.16).
func (c *Client) missingRights(ctx context.Context, room id.RoomID, encrypted bool) ([]Right, error) {
	levels, err := c.state.GetPowerLevels(ctx, room)
	if err != nil {
		return nil, fmt.Errorf("get power levels: %w", err)
	}
	create, err := c.state.GetCreate(ctx, room)
	if err != nil {
		return nil, fmt.Errorf("get creator: %w", err)
	}
	if create == nil {
		return nil, errors.New("room has no create event")
	}
	if levels == nil {
		// Without power levels only the creator may do what needs any.
		levels = &event.PowerLevelsEventContent{}
		levels.SetUserLevel(create.Sender, 100)
	}
	levels.CreateEvent = create
	own := levels.GetUserLevel(c.self)
	message := event.EventMessage
	if encrypted {
		message = event.EventEncrypted
	}
	var missing []Right
	for _, need := range []struct {
		right Right
		level int
	}{
		{RightSend, levels.GetEventLevel(message)},
		{RightReact, levels.GetEventLevel(event.EventReaction)},
		{RightRedact, levels.GetEventLevel(event.EventRedaction)},
		{RightRemove, max(levels.Redact(), levels.GetEventLevel(event.EventRedaction))},
		{RightInvite, levels.Invite()},
	} {
		if own < need.level {
			missing = append(missing, need.right)
		}
	}
	return missing, nil
}

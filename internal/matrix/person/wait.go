package person

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/meeting"
)

// errLoggedOut: the server no longer knows the device.
var errLoggedOut = errors.New("the device is logged out, or the person closed")

// WaitFor waits until a message in the room is what is waited for, and returns
// the first that is. The error shows what the person saw instead.
func (p *Person) WaitFor(ctx context.Context, roomID meeting.RoomID, what string, match func(Seen) bool) (Seen, error) {
	var found Seen
	_, err := p.WaitUntil(ctx, roomID, what, func(seen []Seen) bool {
		for _, s := range seen {
			if match(s) {
				found = s
				return true
			}
		}
		return false
	})
	return found, err
}

// readEvery is how long sync may fail to bring what is waited for before the room
// is read. It doubles.
const readEvery = 10 * time.Second

// WaitUntil waits until the room's timeline is as it is wanted, and returns it.
// The error shows what the person saw instead. Dendrite's sync passes over an event
// now and then (docs/homeservers.md), so that the room itself is read, too.
func (p *Person) WaitUntil(ctx context.Context, roomID meeting.RoomID, what string, done func([]Seen) bool) ([]Seen, error) {
	var seen []Seen
	var err error
	for every := readEvery; ; every *= 2 {
		short, cancel := context.WithTimeout(ctx, every)
		err = p.wait(short, func() bool {
			seen = p.room(id.RoomID(roomID)).timeline()
			return done(seen)
		})
		cancel()
		if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			break
		}
		_ = p.reread(ctx, id.RoomID(roomID), false) // a server that is away is waited for
	}
	if err == nil {
		return seen, nil
	}
	var b strings.Builder
	for _, s := range seen {
		fmt.Fprintf(&b, "\n\t%s", s)
	}
	if len(seen) == 0 {
		b.WriteString(" nothing")
	}
	return nil, fmt.Errorf("%s waited in %s for %s: %w; saw:%s", p.ID(), roomID, what, err, b.String())
}

// WaitForEvent waits until the person can read the message with that id; its
// key may arrive after it.
func (p *Person) WaitForEvent(ctx context.Context, roomID meeting.RoomID, ev meeting.EventID) (Seen, error) {
	return p.WaitFor(ctx, roomID, "event "+string(ev), func(s Seen) bool { return s.ID == ev && s.Kind != KindUnreadable })
}

// askEvery is how long a membership that is waited for may fail to come by sync
// before the server is asked for it.
const askEvery = 5 * time.Second

// WaitForMember waits until the person sees that the user's membership
// (join, invite, leave, ban) is what is waited for. Dendrite's sync passes over an
// event now and then (docs/homeservers.md), so that the room's state is asked for,
// too.
func (p *Person) WaitForMember(ctx context.Context, roomID meeting.RoomID, user meeting.UserID, membership string) error {
	var members map[id.UserID]event.Membership
	err := context.DeadlineExceeded
	for ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		short, cancel := context.WithTimeout(ctx, askEvery)
		err = p.wait(short, func() bool {
			members = p.room(id.RoomID(roomID)).members
			return members[id.UserID(user)] == event.Membership(membership)
		})
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			state, asked := p.State(ctx, roomID, event.StateMember.Type, string(user))
			if asked == nil && state["membership"] == membership {
				return nil
			}
		}
	}
	if err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		return fmt.Errorf("%s waited in %s for the %s of %s: %w; saw: %v", p.ID(), roomID, membership, user, err, members)
	}
	return nil
}

// WaitForInvite waits for an invitation by the user.
func (p *Person) WaitForInvite(ctx context.Context, by meeting.UserID) (meeting.Invite, error) {
	var found meeting.Invite
	err := p.wait(ctx, func() bool {
		for _, inv := range p.invites {
			if inv.Inviter == by {
				found = inv
				return true
			}
		}
		return false
	})
	if err != nil {
		return found, fmt.Errorf("%s waited for an invitation by %s: %w; saw: %v", p.ID(), by, err, p.Invites())
	}
	return found, nil
}

// wait calls done, with p.mu held, at each change until it returns true.
func (p *Person) wait(ctx context.Context, done func() bool) error {
	for {
		p.mu.Lock()
		ok, changed, trouble := done(), p.changed, p.trouble
		p.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-p.stopped:
			return errors.Join(errLoggedOut, trouble)
		case <-ctx.Done():
			return errors.Join(ctx.Err(), trouble)
		}
	}
}

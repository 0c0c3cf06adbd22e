package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/meeting"
)

// encrypted decides whether a post to the room is encrypted. A room that was
// ever encrypted and whose state now says otherwise gets nothing at all.
func (c *Client) encrypted(ctx context.Context, name id.RoomID) (bool, error) {
	if err := c.prepare(ctx, name); err != nil {
		return false, err
	}
	sticky, err := c.store.Encrypted(ctx, meeting.RoomID(name))
	if err != nil {
		return false, fmt.Errorf("get encryption flag: %w", err)
	}
	now, err := c.state.IsEncrypted(ctx, name)
	if err != nil {
		return false, fmt.Errorf("get room encryption: %w", err)
	}
	if sticky && !now {
		return false, fmt.Errorf("%s: %w", name, meeting.ErrUnsafe)
	}
	if now && !sticky {
		if err := c.store.SetEncrypted(ctx, meeting.RoomID(name)); err != nil {
			return false, fmt.Errorf("remember encryption: %w", err)
		}
	}
	return now, nil
}

// receivers are the users whose devices get the key: those who have joined,
// and those invited where history is open to them. The second result is for
// unchangedSince.
func (c *Client) receivers(ctx context.Context, name id.RoomID) ([]id.UserID, int64, error) {
	memberships := []event.Membership{event.MembershipJoin}
	if !c.rooms.get(name).joinedOnly.Load() {
		memberships = append(memberships, event.MembershipInvite)
	}
	c.stateMu.Lock()
	defer c.stateMu.Unlock()
	members, err := c.state.GetRoomMembers(ctx, name, memberships...)
	if err != nil {
		return nil, 0, fmt.Errorf("list members: %w", err)
	}
	users := make([]id.UserID, 0, len(members))
	for user := range members {
		users = append(users, user)
	}
	return users, c.changesFor(name), nil
}

// changesFor counts what changes to whom a room's key goes: its members, and
// anybody's devices.
func (c *Client) changesFor(name id.RoomID) int64 {
	return c.changes.Load() + c.rooms.get(name).members.Load()
}

// unchangedSince reports whether the room's members and the devices are still what
// they were when receivers was called. A sync answer that is being stored is waited
// for: it may remove somebody and the key with them.
func (c *Client) unchangedSince(name id.RoomID, changes int64) bool {
	c.stateMu.Lock()
	defer c.stateMu.Unlock()
	return c.changesFor(name) == changes
}

// encryptAttempts is how often a content is encrypted anew because members or
// devices changed meanwhile.
const encryptAttempts = 5

// encrypt encrypts a content for those who are in the room now. If since is not
// zero it uses a new key, and asks the server for the devices of everybody for
// whom it has not done so since then; all of that also happens once per start,
// for lists that went stale unnoticed.
//
// It is not interrupted when ctx ends: an Olm session that has been used must
// be stored.
func (c *Client) encrypt(ctx context.Context, name id.RoomID, typ event.Type, content json.RawMessage, since time.Time) (*event.EncryptedEventContent, error) {
	ctx = context.WithoutCancel(ctx)
	r := c.rooms.get(name)
	for range encryptAttempts {
		epoch := r.epoch.Load()
		users, changes, err := c.receivers(ctx, name)
		if err != nil {
			return nil, err
		}
		switch {
		case r.renewed.Load() != epoch:
			err = c.renew(ctx, name, users, c.now())
		case !since.IsZero():
			err = c.renew(ctx, name, users, since)
		default:
			err = c.catchUp(ctx, users)
		}
		if err != nil {
			return nil, err
		}
		out, err := c.seal(ctx, name, typ, content, users)
		if err != nil {
			return nil, err
		}
		r.renewed.Store(epoch)
		if c.unchangedSince(name, changes) {
			return out, nil
		}
		// Somebody came or went, perhaps here: whoever went must not read this.
		if err := c.keys.RemoveOutboundGroupSession(ctx, name); err != nil {
			return nil, fmt.Errorf("rotate key: %w", err)
		}
	}
	return nil, &meeting.RetryError{Err: errors.New("members keep changing")}
}

// renew fetches the devices of those users whose lists were not fetched since
// the time, and drops the room's key. So people who are in many rooms are looked
// up once when meetings open in all of them. What a look finds new in a list
// drops the keys of all rooms, and what sync says of a list makes it old.
func (c *Client) renew(ctx context.Context, name id.RoomID, users []id.UserID, since time.Time) error {
	now, changes := c.now(), c.changes.Load()
	if old := c.fetched.before(users, since, now); len(old) > 0 {
		got, err := c.mach.FetchKeys(ctx, old, true)
		if err != nil {
			return newFault("query keys", err)
		}
		if c.changes.Load() == changes {
			c.fetched.note(slices.Collect(maps.Keys(got)), now)
		}
	}
	if err := c.keys.RemoveOutboundGroupSession(ctx, name); err != nil {
		return fmt.Errorf("rotate key: %w", err)
	}
	return nil
}

// deviceRetry is how often a server that is down is asked for its users'
// devices when something is sent to them.
const deviceRetry = 5 * time.Minute

// catchUp fetches those device lists that could not be fetched when sync said
// that they had changed. A server that is down does not hold up the room: its
// users get the key when their lists come.
func (c *Client) catchUp(ctx context.Context, users []id.UserID) error {
	outdated, err := c.keys.GetOutdatedTrackedUsers(ctx)
	if err != nil {
		return fmt.Errorf("list outdated devices: %w", err)
	}
	here := map[id.UserID]bool{}
	for _, user := range users {
		here[user] = true
	}
	var fetch []id.UserID
	for _, user := range outdated {
		if here[user] {
			fetch = append(fetch, user)
		}
	}
	fetch = c.retried.due(fetch, c.now(), deviceRetry)
	if len(fetch) == 0 {
		return nil
	}
	if _, err := c.mach.FetchKeys(ctx, fetch, true); err != nil {
		c.retried.forget(fetch)
		return newFault("query keys", err)
	}
	return nil
}

// seal encrypts with the room's key, sharing a new one first if need be.
func (c *Client) seal(ctx context.Context, name id.RoomID, typ event.Type, content json.RawMessage, users []id.UserID) (*event.EncryptedEventContent, error) {
	c.cryptoMu.Lock()
	defer c.cryptoMu.Unlock()
	out, err := c.mach.EncryptMegolmEvent(ctx, name, typ, content)
	if errors.Is(err, crypto.ErrSessionExpired) || errors.Is(err, crypto.ErrNoGroupSession) ||
		errors.Is(err, crypto.ErrSessionNotShared) {
		if err := c.share(ctx, name, users); err != nil {
			return nil, err
		}
		out, err = c.mach.EncryptMegolmEvent(ctx, name, typ, content)
	}
	if err != nil {
		return nil, newFault("encrypt", err)
	}
	return out, c.keys.err()
}

// share gives the users' devices a new key to the room. To whom it went is
// written down in one transaction, instead of one for each device, afterwards: a
// key that was shared in a process that ended is not used by the next.
func (c *Client) share(ctx context.Context, name id.RoomID, users []id.UserID) error {
	var marks shareMarks
	outages := c.handouts.begin()
	if err := c.mach.ShareGroupSession(context.WithValue(ctx, sharing{}, &marks), name, users); err != nil {
		return newFault("share key", err)
	}
	one, err := c.handed(ctx, name, marks, outages)
	if err != nil {
		return newFault("read shared key", err)
	}
	err = c.db.DoTxn(ctx, nil, func(ctx context.Context) error {
		for _, m := range marks {
			if err := c.keys.MarkOutboundGroupSessionShared(ctx, m.user, m.device, m.session); err != nil {
				return err
			}
		}
		if one == nil {
			return nil
		}
		over, again := c.handouts.note(*one)
		if again {
			poke(c.wakeKeys)
		}
		return c.keys.keepHandout(ctx, *one, over)
	})
	if err != nil {
		return fmt.Errorf("note who has the key: %w", err)
	}
	return nil
}

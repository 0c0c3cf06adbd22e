package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/matrix/wire"
	"blnbot/internal/meeting"
)

// missingKey says that an event may become readable later.
type missingKey struct {
	event    *wire.Event
	session  id.SessionID
	sender   id.SenderKey
	withheld string // code of the refusal, if there was one
	cause    error
}

func (m *missingKey) Error() string { return fmt.Sprintf("no key: %v", m.cause) }

// decrypt makes an encrypted room event readable. The error is *missingKey if
// the key may still come; what can never be read comes back as an event
// without content.
func (c *Client) decrypt(ctx context.Context, room id.RoomID, ev *wire.Event) (*wire.Event, error) {
	c.decryptMu.Lock()
	defer c.decryptMu.Unlock()
	return c.decryptHeld(ctx, room, ev)
}

// decryptHeld is decrypt for those who hold decryptMu.
func (c *Client) decryptHeld(ctx context.Context, room id.RoomID, ev *wire.Event) (out *wire.Event, err error) {
	nothing := ev.Decrypted("", nil)
	content, err := ev.EventContent()
	if err != nil || content.ParseRaw(event.EventEncrypted) != nil {
		return nothing, nil
	}
	encrypted := content.AsEncrypted()
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, &missingKey{event: ev, session: encrypted.SessionID, cause: errPanic}
		}
	}()
	if c.isCopied(ctx, ev, encrypted.SessionID) {
		c.log.Warn("dropped a copy of another's event", "event", ev.ID, "room", room)
		return nothing, nil
	}
	plain, err := c.mach.DecryptMegolmEvent(ctx, &event.Event{
		ID: id.EventID(ev.ID), RoomID: room, Sender: id.UserID(ev.Sender), Timestamp: ev.SentAt.UnixMilli(),
		Type: event.EventEncrypted, Content: content,
	})
	if err == nil {
		return ev.Decrypted(plain.Type.Type, plain.Content.VeryRaw), nil
	}
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.Is(err, crypto.ErrDuplicateMessageIndex), errors.Is(err, crypto.ErrWrongRoom):
		c.log.Warn("dropped a replayed event", "event", ev.ID, "room", room)
		return nothing, nil
	case errors.As(err, &syntax), errors.As(err, &wrongType):
		return nothing, nil
	}
	missing := &missingKey{event: ev, session: encrypted.SessionID, sender: encrypted.SenderKey, cause: err}
	var withheld *event.RoomKeyWithheldEventContent
	if errors.As(err, &withheld) {
		missing.withheld = string(withheld.Code)
	}
	return nil, missing
}

// isCopied reports whether an event is sealed with a key that another user has
// made. mautrix takes the first event with a message index for the true one:
// somebody else's server could bring a copy before what it is a copy of.
func (c *Client) isCopied(ctx context.Context, ev *wire.Event, session id.SessionID) bool {
	name := string(session) + " " + ev.Sender
	if c.owned.has(name) {
		return false
	}
	own, others, err := c.keys.makers(ctx, session, id.UserID(ev.Sender))
	if err != nil {
		c.log.Warn("cannot look up whose a key is", "event", ev.ID, "error", err)
		return false // what ails the database the reading itself will say
	}
	if own {
		c.owned.add(name)
	}
	return others && !own
}

// waitForKey decides what becomes of a message without a key: it waits, the
// sender's devices are asked, the handler is told, and in the end it is given
// up.
func (c *Client) waitForKey(ctx context.Context, row *meeting.InboxRow, m *missingKey) error {
	now := c.now().UTC()
	age := now.Sub(row.Received)
	switch {
	case age < c.pace.request:
		return c.park(ctx, row, m, row.Received.Add(c.pace.request))
	case age >= c.pace.giveUp && row.Told:
		c.log.Warn("gave up an unreadable message", "event", row.ID, "room", row.Room)
		return c.store.BuryInbox(ctx, row.ID)
	}
	if m.session != "" && c.requested.add(string(m.session)) {
		go c.guard("request key", func() { c.requestKey(ctx, id.RoomID(row.Room), m) })
	}
	if age < c.pace.tell {
		return c.park(ctx, row, m, row.Received.Add(c.pace.tell))
	}
	if !row.Told {
		unreadable := wire.Undecryptable(m.event, c.meta(row, m.event), m.withheld)
		if err := c.handle(ctx, unreadable); err != nil {
			return err
		}
		c.log.Warn("a message is unreadable", "event", row.ID, "room", row.Room, "withheld", m.withheld)
	}
	return c.park(ctx, row, m, now.Add(nextLook(age)))
}

// park has a row wait until next, or until its key arrives. If that was between
// the attempt to read the message and the note that it waits, the news of it
// found no row that waited, and is given again.
func (c *Client) park(ctx context.Context, row *meeting.InboxRow, m *missingKey, next time.Time) error {
	if err := c.store.WaitForKey(ctx, row.ID, next); err != nil {
		return err
	}
	if !errors.Is(m.cause, crypto.ErrNoSessionFound) && m.withheld == "" {
		return nil // the key is there, and does not open the message
	}
	if s, err := c.keys.GetGroupSession(ctx, id.RoomID(row.Room), m.session); err != nil || s == nil {
		return nil // what ails the database the next look will say
	}
	return c.store.KeyArrived(ctx, string(m.session))
}

// nextLook is when to look again for a key whose arrival was not noticed.
func nextLook(age time.Duration) time.Duration {
	switch {
	case age < 10*time.Minute:
		return time.Minute
	case age < time.Hour:
		return 5 * time.Minute
	}
	return 30 * time.Minute
}

// maxAsking is how many keys are asked for at the same time. Whoever sends
// nonsense by the thousand must not hold up what the bot has to send.
const maxAsking = 2

// requestKey asks the sender's devices, and the bot's own, for a key.
func (c *Client) requestKey(ctx context.Context, room id.RoomID, m *missingKey) {
	c.asking <- struct{}{}
	defer func() { <-c.asking }()
	err := c.mach.SendRoomKeyRequest(ctx, room, m.sender, m.session, "", map[id.UserID][]id.DeviceID{
		id.UserID(m.event.Sender): {"*"}, c.self: {"*"},
	})
	if err != nil {
		c.log.Debug("cannot request a key", "room", room, "error", newFault("request key", err))
	}
}

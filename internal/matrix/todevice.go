package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.mau.fi/util/dbutil"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/matrix/wire"
)

// takeDevices notes that users' device lists have changed, and fetches them.
// The note is kept until the lists have come: without it one failed request
// would leave a new device without keys for ever.
func (c *Client) takeDevices(ctx context.Context, users []id.UserID) error {
	if len(users) == 0 {
		return nil
	}
	if err := c.keys.MarkTrackedUsersOutdated(ctx, users); err != nil {
		return c.keys.note(err)
	}
	c.retried.forget(users)
	c.fetchDevices(ctx, users, false)
	c.changes.Add(1)
	c.fetched.forget(users) // after that, see renew
	return nil
}

// fetchDevices fetches device lists. A failure is only logged here.
func (c *Client) fetchDevices(ctx context.Context, users []id.UserID, all bool) {
	c.guard("fetch devices", func() {
		if _, err := c.mach.FetchKeys(ctx, users, all); err != nil {
			c.log.Warn("cannot fetch device lists, trying again before sending", "users", len(users),
				"error", newFault("query keys", err))
		}
	})
}

// guard runs f and reports a panic instead of passing it on.
func (c *Client) guard(what string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			c.log.Error("panic", "in", what)
		}
	}()
	f()
}

// errPanic stands for a panic in a transaction that was rolled back.
var errPanic = errors.New("panic")

// toDeviceLimit bounds the work on one to-device event.
const toDeviceLimit = 30 * time.Second

// openToDevice handles one to-device event. What strangers can send here is
// never allowed to stop the sync; an error means that the database could not
// take the event now, and that it must be tried again.
func (c *Client) openToDevice(ctx context.Context, raw json.RawMessage) (err error) {
	var top wire.Object
	if json.Unmarshal(raw, &top) != nil {
		return nil
	}
	evt := &event.Event{
		Type:   event.Type{Type: top.String("type"), Class: event.ToDeviceEventType},
		Sender: id.UserID(top.String("sender")),
	}
	switch evt.Type {
	case event.ToDeviceEncrypted, event.ToDeviceRoomKeyRequest, event.ToDeviceRoomKeyWithheld,
		event.ToDeviceOrgMatrixRoomKeyWithheld:
	default:
		return nil // the bot verifies nobody and gives its secrets to nobody
	}
	if json.Unmarshal(top["content"], &evt.Content) != nil || evt.Content.ParseRaw(evt.Type) != nil {
		return nil
	}
	c.guard("to-device event", func() {
		switch content := evt.Content.Parsed.(type) {
		case *event.EncryptedEventContent:
			err = c.openOlm(ctx, evt, content)
		case *event.RoomKeyRequestEventContent:
			select {
			case c.keyRequests <- keyRequest{evt.Sender, content}:
			default: // too many; the device will ask again
			}
		default:
			c.mach.HandleToDeviceEvent(context.WithoutCancel(ctx), evt)
		}
	})
	return err
}

// openOlm decrypts a to-device event in one transaction: the message is
// marked as seen together with the key that was in it, or not at all.
func (c *Client) openOlm(ctx context.Context, evt *event.Event, content *event.EncryptedEventContent) error {
	c.lookUpSender(ctx, evt.Sender, content.SenderKey)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), toDeviceLimit)
	defer cancel()
	c.cryptoMu.Lock()
	defer c.cryptoMu.Unlock()
	err := c.db.DoTxn(ctx, nil, func(ctx context.Context) (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = errPanic
			}
		}()
		c.mach.HandleToDeviceEvent(ctx, evt)
		return c.keys.err()
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errPanic):
		c.log.Error("panic", "in", "to-device event")
		return nil
	case errors.Is(err, dbutil.ErrTxnBegin):
		return fmt.Errorf("store key: %w", err)
	}
	// Olm sessions in memory may be ahead of those on disk now.
	return c.keys.fail(fmt.Errorf("store key: %w", err))
}

// lookUpSender fetches the devices of a sender whose key is new, once.
func (c *Client) lookUpSender(ctx context.Context, sender id.UserID, key id.SenderKey) {
	if known, err := c.keys.FindDeviceByKey(ctx, sender, key); err != nil || known != nil {
		return
	}
	if c.looked.add(string(sender) + " " + string(key)) {
		c.fetchDevices(ctx, []id.UserID{sender}, true)
	}
}

type keyRequest struct {
	sender  id.UserID
	content *event.RoomKeyRequestEventContent
}

// keyRequestLoop gives keys again to devices that had them: to those that ask for
// them, and after an outage those that the server may have lost. It runs beside
// the sync, for it may have to fetch and claim keys.
func (c *Client) keyRequestLoop(ctx context.Context) error {
	var again <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.wakeKeys:
			again = c.handAgain(ctx)
		case <-again:
			again = c.handAgain(ctx)
		case req := <-c.keyRequests:
			c.guard("key request", func() {
				c.cryptoMu.Lock()
				defer c.cryptoMu.Unlock()
				c.mach.HandleRoomKeyRequest(context.WithoutCancel(ctx), req.sender, req.content)
			})
		}
	}
}

// countInterval is how often the bot asks for the number of its one-time keys
// when sync does not say it.
const countInterval = 10 * time.Minute

// countOneTimeKeys lets the machine upload more keys when few are left.
// Without them new devices cannot send the bot the keys to their messages.
func (c *Client) countOneTimeKeys(ctx context.Context, counts map[string]int) {
	left, ok := counts[string(id.KeyAlgorithmSignedCurve25519)]
	if !ok {
		// By the specification this means none, but some servers leave it out.
		if c.now().Sub(c.counted) < countInterval {
			return
		}
		resp, err := c.api.UploadKeys(ctx, &mautrix.ReqUploadKeys{})
		if err != nil {
			return
		}
		left = resp.OneTimeKeyCounts.SignedCurve25519
	}
	c.counted = c.now()
	c.guard("one-time keys", func() {
		c.cryptoMu.Lock()
		defer c.cryptoMu.Unlock()
		c.mach.HandleOTKCounts(context.WithoutCancel(ctx), &mautrix.OTKCount{SignedCurve25519: left})
	})
}

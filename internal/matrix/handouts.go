package matrix

import (
	"context"
	"errors"
	"sync"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// doubtful is how long before an outage a server may have lost the keys that it said
// it had taken. Dendrite loses them when it is stopped in the same moment
// (docs/homeservers.md), and then people could never read what was written with them.
const doubtful = 5 * time.Second

// handout is a room's new key as devices were given it: good for all that is
// written with it.
type handout struct {
	key event.Content // m.room_key
	to  []shareMark
	at  time.Time
}

// handouts remembers the keys that a server may lose, and those that it may have
// lost in an outage.
type handouts struct {
	mu          sync.Mutex
	newest, old []handout
}

// note remembers a key for as long as it can be lost.
func (h *handouts) note(one handout) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.newest = append(since(h.newest, one.at.Add(-doubtful)), one)
}

// doubt is called when the server does not answer any more.
func (h *handouts) doubt(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.old = append(h.old, since(h.newest, now.Add(-doubtful))...)
	h.newest = nil
}

// take returns the keys that are to be given again, and forgets them.
func (h *handouts) take() []handout {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.old
	h.old = nil
	return out
}

// keep has keys be given again later.
func (h *handouts) keep(keys []handout) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.old = append(keys, h.old...)
}

func since(all []handout, from time.Time) []handout {
	for len(all) > 0 && all[0].at.Before(from) {
		all = all[1:]
	}
	return all
}

// handAgain gives devices the keys again that an outage may have cost them. They had
// been given them, so nobody gets to read more than before; a device that has the
// key takes no notice. What the server does not take is tried again when the result says.
func (c *Client) handAgain(ctx context.Context) (again <-chan time.Time) {
	left := c.handouts.take()
	c.guard("keys given again", func() {
		for i, h := range left {
			for _, to := range h.to {
				if ctx.Err() != nil {
					return
				}
				err := c.handTo(context.WithoutCancel(ctx), h.key, to)
				if errors.Is(err, ErrUnreachable) {
					c.log.Info("the server does not take a key now that it may have lost; trying again", "error", err)
					c.handouts.keep(left[i:])
					again = time.After(c.pace.longest)
					return
				}
				if err != nil {
					c.log.Warn("cannot give a device a key again that the server may have lost", "error", err)
				}
			}
		}
	})
	return again
}

func (c *Client) handTo(ctx context.Context, key event.Content, to shareMark) error {
	c.cryptoMu.Lock()
	defer c.cryptoMu.Unlock()
	devices, err := c.keys.GetDevices(ctx, to.user)
	if err != nil {
		return newFault("list devices", err)
	}
	for _, d := range devices {
		if d.IdentityKey != to.device || d.Trust == id.TrustStateBlacklisted {
			continue
		}
		if err := c.mach.SendEncryptedToDevice(ctx, d, event.ToDeviceRoomKey, key); err != nil {
			return newFault("share key again", err)
		}
	}
	return c.keys.err()
}

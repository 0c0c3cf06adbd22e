package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	key     *event.RoomKeyEventContent
	to      []shareMark
	at      time.Time
	outages int // how many there had been when it began
}

// handouts remembers the keys that a server may lose, and those that it may have
// lost. The crypto database has them too (cryptoStore.keepHandout), for the bot may
// end at the same time as the server.
type handouts struct {
	mu          sync.Mutex
	newest, old []handout
	over        []handout // can no longer be lost; the database still has them
	outages     int
}

// begin is called before a key is given; the result belongs into the handout.
func (h *handouts) begin() (outages int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.outages
}

// note remembers a key for as long as it can be lost, and returns those that can no
// longer. It is to be given again at once if the server went away meanwhile.
func (h *handouts) note(one handout) (over []handout, again bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.settle(one.at)
	if again = one.outages != h.outages; again {
		h.old = append(h.old, one)
	} else {
		h.newest = append(h.newest, one)
	}
	over, h.over = h.over, nil
	return over, again
}

// settle takes out the keys that the server has kept.
func (h *handouts) settle(now time.Time) {
	for len(h.newest) > 0 && h.newest[0].at.Before(now.Add(-doubtful)) {
		h.over, h.newest = append(h.over, h.newest[0]), h.newest[1:]
	}
}

// doubt is called when the server does not answer any more.
func (h *handouts) doubt(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.settle(now)
	h.outages++
	h.old, h.newest = append(h.old, h.newest...), nil
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

// given notes that a key was given again: that can be lost, too.
func (h *handouts) given(one handout, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one.at = now
	h.newest = append(h.newest, one)
}

const (
	createHandoutsSQL = `CREATE TABLE IF NOT EXISTS blnbot_handouts (
		session TEXT PRIMARY KEY,
		key     TEXT NOT NULL -- m.room_key; to whom it went is in crypto_megolm_outbound_session_shared
	) STRICT`
	keepHandoutSQL  = `INSERT INTO blnbot_handouts (session, key) VALUES ($1, $2) ON CONFLICT (session) DO UPDATE SET key = excluded.key`
	dropHandoutSQL  = `DELETE FROM blnbot_handouts WHERE session = $1`
	listHandoutsSQL = `SELECT h.key, s.user_id, s.identity_key
		FROM blnbot_handouts h JOIN crypto_megolm_outbound_session_shared s ON s.session_id = h.session ORDER BY h.session`
)

// keepHandout stores a key that may be lost, and drops those that can no longer be.
func (s *cryptoStore) keepHandout(ctx context.Context, one handout, over []handout) error {
	key, err := json.Marshal(one.key)
	if err != nil {
		return err
	}
	if _, err := s.DB.Exec(ctx, keepHandoutSQL, one.key.SessionID, string(key)); err != nil {
		return err
	}
	for _, h := range over {
		if _, err := s.DB.Exec(ctx, dropHandoutSQL, h.key.SessionID); err != nil {
			return err
		}
	}
	return nil
}

// listHandouts returns the keys that could be lost when the bot ended.
func (s *cryptoStore) listHandouts(ctx context.Context) (out []handout, err error) {
	if _, err := s.DB.Exec(ctx, createHandoutsSQL); err != nil {
		return nil, fmt.Errorf("create table of keys: %w", err)
	}
	rows, err := s.DB.Query(ctx, listHandoutsSQL)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		var to shareMark
		if err := rows.Scan(&text, &to.user, &to.device); err != nil {
			return nil, fmt.Errorf("list keys: %w", err)
		}
		key := &event.RoomKeyEventContent{}
		if err := json.Unmarshal([]byte(text), key); err != nil {
			return nil, fmt.Errorf("read key: %w", err)
		}
		to.session = key.SessionID
		if len(out) == 0 || out[len(out)-1].key.SessionID != key.SessionID {
			out = append(out, handout{key: key})
		}
		last := &out[len(out)-1]
		last.to = append(last.to, to)
	}
	return out, rows.Err()
}

// handed is the room's key that devices were just given: nil if there were none, or if
// somebody has left meanwhile and the key is not used.
func (c *Client) handed(ctx context.Context, name id.RoomID, to shareMarks, outages int) (*handout, error) {
	g, err := c.keys.GetOutboundGroupSession(ctx, name)
	if err != nil || g == nil || len(to) == 0 {
		return nil, err
	}
	key, ok := g.ShareContent().Parsed.(*event.RoomKeyEventContent)
	if !ok {
		return nil, fmt.Errorf("unknown content of a key: %T", g.ShareContent().Parsed)
	}
	return &handout{key: key, to: to, at: c.now(), outages: outages}, nil
}

// handAgain gives devices the keys again that an outage, or the bot's own end, may have
// cost them. They had been given them, so nobody gets to read more than before; a device
// that has the key takes no notice. What the server does not take is tried again when the
// result says.
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
			c.handouts.given(h, c.now())
		}
	})
	return again
}

func (c *Client) handTo(ctx context.Context, key *event.RoomKeyEventContent, to shareMark) error {
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
		if err := c.mach.SendEncryptedToDevice(ctx, d, event.ToDeviceRoomKey, event.Content{Parsed: key}); err != nil {
			return newFault("share key again", err)
		}
	}
	return c.keys.err()
}

package matrix

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"maunium.net/go/mautrix/id"

	"blnbot/internal/meeting"
)

// Limits of comparing a thread with the server.
const (
	checkPages    = 400
	checkLooks    = 3  // looks before a reply that sync has not brought counts as missing
	checkAttempts = 80 // before a check counts as lost: an hour
	checkRefusals = 4  // refused attempts before it does
)

// Wake has the client look at once for threads to compare.
func (c *Client) Wake() { poke(c.wakeChecks) }

// checkLoop compares threads with the server's own lists of replies
// (/relations) before their meeting closes.
func (c *Client) checkLoop(ctx context.Context) error {
	failing := false
	for ctx.Err() == nil {
		checks, err := c.store.OpenChecks(ctx, c.now())
		if err != nil && !failing && ctx.Err() == nil {
			c.log.Error("cannot list checks", "error", err)
		}
		failing = err != nil
		for _, k := range checks {
			if c.answering.Load() {
				c.workCheck(ctx, k)
			}
		}
		pause(ctx, c.pace.poll, c.wakeChecks)
	}
	return nil
}

func (c *Client) workCheck(ctx context.Context, k meeting.Check) {
	missing, err := c.readThread(ctx, k)
	if ctx.Err() != nil {
		return
	}
	now := c.now().UTC()
	f := asFault(err)
	refused := f != nil && !f.transient()
	switch {
	case err == nil && len(missing) > 0 && k.Attempts+1 < checkLooks:
		// Sync may be about to bring them, into their own place.
		err = c.store.RetryCheck(ctx, k, now.Add(c.pace.poll))
	case err == nil:
		if len(missing) > 0 {
			c.log.Warn("found replies that sync did not bring", "room", k.Room, "events", len(missing))
		}
		err = c.store.FinishCheck(ctx, k, missing, now)
		poke(c.wakeInbox)
	case refused && k.Attempts+1 >= checkRefusals, err != nil && k.Attempts+1 >= checkAttempts:
		c.log.Error("cannot compare a thread with the server", "room", k.Room, "error", err)
		err = c.store.LoseCheck(ctx, k)
	default:
		err = c.store.RetryCheck(ctx, k, now.Add(backoff(err, k.Attempts+1, time.Minute)))
	}
	if err != nil && ctx.Err() == nil {
		c.log.Error("cannot store a check's state", "room", k.Room, "error", err)
	}
}

// readThread returns the replies in a thread that the inbox does not have,
// oldest first.
func (c *Client) readThread(ctx context.Context, k meeting.Check) ([]meeting.RawEvent, error) {
	r := reader{c: c, room: id.RoomID(k.Room), known: map[string]bool{}}
	var out []meeting.RawEvent
	from := ""
	for range checkPages {
		var resp struct {
			Chunk []json.RawMessage `json:"chunk"`
			Next  string            `json:"next_batch"`
		}
		query := url.Values{"dir": {"b"}, "limit": {"50"}}
		if from != "" {
			query.Set("from", from)
		}
		path := []any{"v1", "rooms", k.Room, "relations", k.Root, "m.thread"}
		err := c.patiently(ctx, func() error {
			return c.call(ctx, "read thread", http.MethodGet, path, query, nil, &resp)
		})
		if err != nil {
			return nil, err
		}
		events := parseAll(resp.Chunk)
		if err := r.lookUp(ctx, events); err != nil {
			return nil, fmt.Errorf("compare thread: %w", err)
		}
		for _, p := range events {
			if !r.known[p.ev.ID] {
				out = append(out, p.row(k.Room))
			}
		}
		if resp.Next == "" || resp.Next == from || len(resp.Chunk) == 0 {
			break
		}
		from = resp.Next
	}
	slices.Reverse(out)
	return out, nil
}

package matrix

import (
	"context"
	"encoding/json"
	"errors"
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
	checkPages    = 1000
	checkLooks    = 3  // looks before a reply that sync has not brought counts as missing
	checkAttempts = 80 // before a check counts as lost: an hour
	checkRefusals = 4  // refused attempts in a row before it does
	// lookPage is how many events a room is compared in at first after an outage:
	// seldom has more been written since.
	lookPage = 100
)

// What a comparison ends with that has not compared everything. Reading once more
// seldom changes that, so they count as refusals do.
var (
	errNoRoot = errors.New("the room is to be compared from an event on that the server does not show")
	errNoEnd  = errors.New("the thread has more pages than are read")
)

// Wake has the client look at once for threads to compare.
func (c *Client) Wake() { poke(c.wakeChecks) }

// checkLoop compares threads with the server's own lists of replies
// (/relations) and rooms with what it has of them (/messages): before their
// meeting closes, and rooms after every outage, for a server that is being
// stopped passes over events (docs/homeservers.md).
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
		if len(checks) > 1 && c.answering.Load() {
			continue // there may be more
		}
		pause(ctx, c.pace.poll, c.wakeChecks)
	}
	return nil
}

func (c *Client) workCheck(ctx context.Context, k meeting.Check) {
	read := c.readThread
	if k.Whole {
		read = c.readSince
	}
	events, missing, err := read(ctx, k)
	if ctx.Err() != nil {
		return
	}
	now := c.now().UTC()
	k.Refusals = inRow(k.Refusals, err)
	switch {
	case err == nil && missing > 0 && k.Attempts+1 < checkLooks:
		// Sync may be about to bring them, into their own place.
		err = c.store.RetryCheck(ctx, k, now.Add(c.pace.poll))
	case err == nil:
		if missing > 0 {
			c.log.Warn("found events that sync did not bring", "room", k.Room, "events", missing)
			c.rooms.get(id.RoomID(k.Room)).outdated() // somebody's coming or going may be among them
		}
		err = c.store.FinishCheck(ctx, k, events, now)
		poke(c.wakeInbox)
		poke(c.wakeChecks) // threads wait for their room
	case k.Refusals >= checkRefusals, err != nil && k.Attempts+1 >= checkAttempts:
		c.log.Error("cannot compare a room with the server", "room", k.Room, "error", err)
		err = c.store.LoseCheck(ctx, k)
	default:
		err = c.store.RetryCheck(ctx, k, now.Add(backoff(err, k.Attempts+1, time.Minute)))
	}
	if err != nil && ctx.Err() == nil {
		c.log.Error("cannot store a check's state", "room", k.Room, "error", err)
		pause(ctx, c.pace.poll, nil)
	}
}

// readThread returns the replies in a thread that the inbox does not have,
// oldest first, and how many there are.
func (c *Client) readThread(ctx context.Context, k meeting.Check) (out []meeting.RawEvent, missing int, err error) {
	r := reader{c: c, room: id.RoomID(k.Room), known: map[string]bool{}}
	from := ""
	for range checkPages {
		var resp struct {
			Chunk []json.RawMessage `json:"chunk"`
			Next  string            `json:"next_batch"`
		}
		// Dendrite on SQLite gives the 20 oldest replies of a page only, however large that is.
		query := url.Values{"dir": {"b"}, "limit": {"20"}}
		if from != "" {
			query.Set("from", from)
		}
		path := []any{"v1", "rooms", k.Room, "relations", k.Root, "m.thread"}
		err := c.patiently(ctx, func() error {
			return c.call(ctx, "read thread", http.MethodGet, path, query, nil, &resp)
		})
		if err != nil {
			return nil, 0, err
		}
		events := parseAll(resp.Chunk)
		if err := r.lookUp(ctx, events); err != nil {
			return nil, 0, fmt.Errorf("compare thread: %w", err)
		}
		for _, p := range events {
			if !r.known[p.ev.ID] {
				out = append(out, p.row(k.Room))
			}
		}
		if resp.Next == "" || resp.Next == from || len(resp.Chunk) == 0 {
			slices.Reverse(out)
			return out, len(out), nil
		}
		from = resp.Next
	}
	return nil, 0, errNoEnd
}

// readSince returns what is in a room after the check's root, oldest first and
// with what the inbox has, and how much of it the inbox does not have. Where the root
// is not found it is nothing, as what came before is not to be acted on; for a meeting
// that is errNoRoot, for its minutes must not say that the room was compared.
func (c *Client) readSince(ctx context.Context, k meeting.Check) (out []meeting.RawEvent, missing int, err error) {
	r := reader{c: c, room: id.RoomID(k.Room), known: map[string]bool{}}
	// Dendrite leaves events out where pages meet, and that could be the root.
	ways := []struct{ size, pages int }{{lookPage, 1}, {gapOtherPage, gapPages}, {gapPage, gapPages}}
	if k.Meeting != 0 {
		ways = ways[1:]
	}
	for _, way := range ways {
		events, err := r.until(ctx, append([]meeting.EventID{k.Root}, k.Older...), way.size, way.pages)
		if err != nil {
			return nil, 0, fmt.Errorf("compare room: %w", err)
		}
		if len(events) == 0 {
			continue
		}
		events, _ = visible(events, string(c.self), true)
		for _, p := range events {
			if !r.known[p.ev.ID] {
				missing++
			}
			out = append(out, p.row(k.Room))
		}
		if missing == 0 {
			return nil, 0, nil
		}
		return out, missing, nil
	}
	if k.Meeting != 0 {
		return nil, 0, errNoRoot
	}
	c.log.Warn("cannot find from where on a room is to be compared", "room", k.Room)
	return nil, 0, nil
}

// until reads a room from its newest event back to the first of the roots that it
// meets, oldest first in the result; nothing if none is found.
func (r *reader) until(ctx context.Context, roots []meeting.EventID, size, pages int) ([]parsed, error) {
	var all []parsed
	from := ""
	for range pages {
		at, err := r.page(ctx, from, size)
		if err != nil {
			return nil, err
		}
		for i, p := range at.events {
			if slices.Contains(roots, meeting.EventID(p.ev.ID)) {
				return oldestFirst(append(all, at.events[:i+1]...)), nil
			}
		}
		if at.last() {
			break
		}
		all = append(all, at.events...)
		from = at.end
	}
	return nil, nil
}

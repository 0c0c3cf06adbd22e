package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/matrix/wire"
	"blnbot/internal/meeting"
)

// longWaits returns how long a failed event waits after the short attempts,
// while its room goes on; false when it has been tried often enough.
func longWait(attempts int) (time.Duration, bool) {
	waits := [...]time.Duration{
		time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	}
	if i := attempts - meeting.HeldAttempts; i < len(waits) {
		return waits[i], true
	}
	return 0, false
}

// together is how many events are handled in one transaction when many wait.
const together = 100

// inboxLoop hands stored events on, per room in the server's order: as many in
// one transaction as wait, and one at a time those that were in one that failed.
func (c *Client) inboxLoop(ctx context.Context) error {
	held := map[meeting.RoomID]time.Time{}
	failing, alone := false, 0
	for ctx.Err() == nil {
		settled := c.firstSync.Load() && c.gapsDone.Load()
		now := c.now() // not in UTC: that would wait for a clock that is set back
		var skip []meeting.RoomID
		for name, until := range held {
			if now.Before(until) {
				skip = append(skip, name)
			} else {
				delete(held, name)
			}
		}
		limit := together
		if alone > 0 {
			limit, alone = 1, alone-1
		}
		rows, err := c.store.NextInbox(ctx, now, skip, limit)
		if err != nil && !failing && ctx.Err() == nil {
			c.log.Error("cannot read the inbox", "error", err)
		}
		failing = err != nil
		if len(rows) == 0 {
			if err == nil && settled && len(skip) == 0 {
				c.drained.Store(true)
				c.noteReady()
			}
			wait := c.pace.poll
			if len(skip) > 0 {
				wait = min(wait, c.pace.short)
			}
			pause(ctx, wait, c.wakeInbox)
			continue
		}
		if len(rows) > 1 {
			if !c.handleTogether(context.WithoutCancel(ctx), rows) {
				alone = len(rows)
			}
			continue
		}
		if wait := c.handleRow(context.WithoutCancel(ctx), &rows[0]); wait > 0 {
			held[rows[0].Room] = c.now().Add(wait)
		}
	}
	return nil
}

// handleTogether handles the events of several rooms in one transaction, and
// reports whether it did: if anything is out of the ordinary with one of them,
// but for a missing key, they are to be handled one by one.
func (c *Client) handleTogether(ctx context.Context, rows []meeting.InboxRow) bool {
	events, missing, err := c.readTogether(ctx, rows)
	if err != nil {
		return false
	}
	var decoded []meeting.Event
	for i, ev := range events {
		if ev == nil {
			continue
		}
		d := c.decode(&rows[i], ev)
		if _, ok := d.(meeting.RoomReplaced); ok {
			return false // asks the server
		}
		if d, err = c.confirmed(ctx, &rows[i], d); err != nil {
			return false
		}
		decoded = append(decoded, d)
	}
	if err := c.guarded(func() error { return c.handler.HandleAll(ctx, decoded) }); err != nil {
		return false
	}
	for i, ev := range events {
		if ev != nil {
			c.handled(&rows[i], ev)
		} else if err := c.waitForKey(ctx, &rows[i], missing[i]); err != nil {
			c.failed(ctx, &rows[i], nil, err)
		}
	}
	return true
}

// readTogether reads several rows, in one transaction of the crypto database. A
// row without a key has no event, but says what is missing.
func (c *Client) readTogether(ctx context.Context, rows []meeting.InboxRow) ([]*wire.Event, []*missingKey, error) {
	events, missing := make([]*wire.Event, len(rows)), make([]*missingKey, len(rows))
	c.decryptMu.Lock()
	defer c.decryptMu.Unlock()
	err := c.db.DoTxn(ctx, nil, func(ctx context.Context) error {
		for i := range rows {
			ev, err := c.parseRow(ctx, &rows[i], rows[i].JSON, c.decryptHeld)
			if errors.As(err, &missing[i]) {
				continue
			} else if err != nil {
				return err
			}
			events[i] = ev
		}
		return nil
	})
	return events, missing, err
}

// handleRow handles one event. The result is how long its room must wait.
func (c *Client) handleRow(ctx context.Context, row *meeting.InboxRow) time.Duration {
	ev, err := c.readRow(ctx, row)
	if err == nil {
		err = c.passOn(ctx, row, ev)
	}
	var missing *missingKey
	switch {
	case err == nil:
		return 0
	case errors.As(err, &missing):
		if err = c.waitForKey(ctx, row, missing); err == nil {
			return 0
		}
	}
	return c.failed(ctx, row, ev, err)
}

// readRow returns the row's event, readable. A missing key is *missingKey.
// The event is returned together with an error, as far as it is known.
func (c *Client) readRow(ctx context.Context, row *meeting.InboxRow) (*wire.Event, error) {
	raw := json.RawMessage(row.JSON)
	if row.State == meeting.InboxFetch {
		raw = nil
		path := []any{"v3", "rooms", id.RoomID(row.Room), "event", id.EventID(row.ID)}
		if err := c.call(ctx, "fetch event", http.MethodGet, path, nil, nil, &raw); err != nil {
			return nil, err
		}
	}
	return c.parseRow(ctx, row, raw, c.decrypt)
}

// parseRow takes an event apart and decrypts it.
func (c *Client) parseRow(ctx context.Context, row *meeting.InboxRow, raw json.RawMessage,
	decrypt func(context.Context, id.RoomID, *wire.Event) (*wire.Event, error)) (*wire.Event, error) {
	ev, err := wire.Parse(raw)
	if err != nil || ev.ID != string(row.ID) {
		return &wire.Event{ID: string(row.ID), Content: wire.Object{}}, nil
	}
	if ev.Type != event.EventEncrypted.Type || ev.StateKey != nil || ev.Redacted || len(ev.Content) == 0 {
		return ev, nil
	}
	readable, err := decrypt(ctx, id.RoomID(row.Room), ev)
	if err == nil {
		return readable, nil
	}
	if ev.Sender == string(c.self) {
		return ev, nil // an echo is known by its transaction, too
	}
	if row.State == meeting.InboxFetch && errors.As(err, new(*missingKey)) {
		return ev, fmt.Errorf("decrypt fetched event: %v", err) // no content is stored that could wait
	}
	return ev, err
}

// passOn decodes an event and gives it to the handler.
func (c *Client) passOn(ctx context.Context, row *meeting.InboxRow, ev *wire.Event) error {
	decoded, err := c.confirmed(ctx, row, c.decode(row, ev))
	if err != nil {
		return err
	}
	if replaced, ok := decoded.(meeting.RoomReplaced); ok {
		checked, err := c.followUpgrade(ctx, replaced)
		if err != nil {
			return err
		}
		replaced.Checked = checked
		decoded = replaced
	}
	if err := c.handle(ctx, decoded); err != nil {
		return err
	}
	c.handled(row, ev)
	return nil
}

func (c *Client) decode(row *meeting.InboxRow, ev *wire.Event) meeting.Event {
	meta := c.meta(row, ev)
	if meta.Fetched && ev.Redacted {
		meta.Sender = meeting.UserID(ev.RedactedBy)
		return meeting.Redaction{EventMeta: meta, Target: row.ID}
	}
	return c.decoder.Decode(ev, meta)
}

// handled remembers what later posts need to know of an event.
func (c *Client) handled(row *meeting.InboxRow, ev *wire.Event) {
	c.threads.set(meeting.EventID(wire.Relation(ev.Content).GetThreadParent()), row.ID)
	if ev.StateKey == nil && ev.Sender != string(c.self) && row.State != meeting.InboxFetch {
		c.receipts.set(row.Room, row.ID)
	}
}

func (c *Client) meta(row *meeting.InboxRow, ev *wire.Event) meeting.EventMeta {
	meta := wire.Meta(ev, row.Room)
	meta.ID, meta.Order, meta.Received = row.ID, row.Order, row.Received
	meta.Fetched = row.State == meeting.InboxFetch
	if meta.SentAt.Before(earliest()) || meta.SentAt.After(row.Received.Add(aheadMost)) {
		meta.SentAt = row.Received // whatever that server's clock says
	}
	return meta
}

// earliest is the year in which Matrix began: nothing was sent before.
func earliest() time.Time { return time.Date(2014, time.January, 1, 0, 0, 0, 0, time.UTC) }

// aheadMost is how far the clock of a sender's server may be ahead.
const aheadMost = 24 * time.Hour

// handle calls the handler for one event.
func (c *Client) handle(ctx context.Context, ev meeting.Event) error {
	return c.guarded(func() error { return c.handler.Handle(ctx, ev) })
}

// guarded makes an error of a panic.
func (c *Client) guarded(fn func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("handle event: %w: %T", errPanic, r)
		}
	}()
	return fn()
}

// failed parks a row whose handling failed, or gives it up. The result is how
// long its room must wait.
func (c *Client) failed(ctx context.Context, row *meeting.InboxRow, ev *wire.Event, cause error) time.Duration {
	if errors.Is(cause, ErrUnreachable) && !c.answering.Load() {
		return c.pace.poll // nor does anything else come in meanwhile
	}
	now := c.now().UTC()
	wait, hold := c.pace.short<<min(row.Attempts, meeting.HeldAttempts), time.Duration(0)
	if row.Attempts < meeting.HeldAttempts {
		hold = wait
	} else if long, more := longWait(row.Attempts); more {
		wait = long
	} else if err := c.bury(ctx, row, ev); err == nil {
		c.log.Error("gave up an event", "event", row.ID, "room", row.Room, "error", cause)
		return 0
	} else {
		cause, wait = err, 6*time.Hour
	}
	if row.Attempts == 0 || row.Attempts >= meeting.HeldAttempts {
		c.log.Warn("cannot handle an event, trying again", "event", row.ID, "room", row.Room,
			"attempts", row.Attempts+1, "error", cause)
	}
	if err := c.store.RetryInbox(ctx, row.ID, now.Add(wait)); err != nil {
		c.log.Error("cannot park an event", "event", row.ID, "error", err)
		return max(hold, c.pace.poll)
	}
	return hold
}

// bury tells the handler that an event could not be handled, and deletes it.
func (c *Client) bury(ctx context.Context, row *meeting.InboxRow, ev *wire.Event) error {
	failed := meeting.Failed{EventMeta: meeting.EventMeta{
		ID: row.ID, Room: row.Room, Order: row.Order, Received: row.Received,
	}}
	if ev != nil {
		failed.EventMeta, failed.Type = c.meta(row, ev), ev.Type
	}
	if err := c.handle(ctx, failed); err != nil {
		return fmt.Errorf("report failed event: %w", err)
	}
	return c.store.BuryInbox(ctx, row.ID)
}

// receiptLoop marks rooms as read, one request for all that was handled in
// the meantime. Nothing depends on it.
func (c *Client) receiptLoop(ctx context.Context) error {
	for ctx.Err() == nil {
		pause(ctx, c.pace.receipts, nil)
		for name, ev := range c.receipts.take() {
			path := []any{"v3", "rooms", id.RoomID(name), "receipt", event.ReceiptTypeRead, id.EventID(ev)}
			if err := c.call(ctx, "mark as read", http.MethodPost, path, nil, struct{}{}, nil); err != nil && ctx.Err() == nil {
				c.log.Debug("cannot mark a room as read", "room", name, "error", err)
			}
		}
	}
	return nil
}

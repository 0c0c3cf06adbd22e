package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/meeting"
)

// Limits of filling a gap.
const (
	gapPage      = 700  // events in a page; more than a sync answer holds (syncFilter)
	gapOtherPage = 1999 // of the second reading, so that pages end elsewhere
	gapPages     = 200
	gapRooms     = 4                // rooms that are read at the same time
	gapWait      = 10 * time.Minute // at most between attempts
	gapAttempts  = 200              // before a gap counts as lost: a good day
	gapRefusals  = 4                // refused attempts in a row before it does
)

// gapLoop fills the gaps that limited timelines have left.
func (c *Client) gapLoop(ctx context.Context) error {
	failing := false
	for ctx.Err() == nil {
		if c.firstSync.Load() && c.answering.Load() {
			gaps, err := c.store.OpenGaps(ctx, c.now())
			if err != nil && !failing && ctx.Err() == nil {
				c.log.Error("cannot list gaps", "error", err)
			}
			failing = err != nil
			c.fillGaps(ctx, gaps)
			if err == nil && len(gaps) == 0 && !c.gapsDone.Swap(true) {
				poke(c.wakeInbox)
			}
			if len(gaps) > 0 {
				continue
			}
		}
		pause(ctx, c.pace.poll, c.wakeGaps)
	}
	return nil
}

// fillGaps works on gaps, each of a room of its own, several at the same time.
func (c *Client) fillGaps(ctx context.Context, gaps []meeting.Gap) {
	free := make(chan struct{}, gapRooms)
	var group sync.WaitGroup
	for _, g := range gaps {
		free <- struct{}{}
		group.Go(func() {
			defer func() { <-free }()
			c.workGap(ctx, g)
		})
	}
	group.Wait()
}

func (c *Client) workGap(ctx context.Context, g meeting.Gap) {
	events, err := c.readGap(ctx, g)
	if ctx.Err() != nil {
		return
	}
	now := c.now().UTC()
	if err == nil {
		err = c.store.FillGap(ctx, g, events, now)
	}
	if err == nil {
		c.rooms.get(id.RoomID(g.Room)).outdated()
		c.log.Info("filled a gap", "room", g.Room, "events", len(events))
		poke(c.wakeInbox)
		return
	}
	g.Refusals = inRow(g.Refusals, err)
	if g.Refusals >= gapRefusals || g.Attempts+1 >= gapAttempts {
		c.log.Error("gap is lost", "room", g.Room, "attempts", g.Attempts+1, "error", err)
		err = c.store.LoseGap(ctx, g, now)
		poke(c.wakeInbox)
	} else {
		if g.Attempts == 0 {
			c.log.Warn("cannot fill a gap, trying again", "room", g.Room, "error", err)
		}
		err = c.store.RetryGap(ctx, g, now.Add(backoff(err, g.Attempts+1, gapWait)))
	}
	if err != nil && ctx.Err() == nil {
		c.log.Error("cannot store a gap's state", "room", g.Room, "error", err)
		pause(ctx, c.pace.poll, nil)
	}
}

// readGap reads what a limited timeline left out, oldest first.
//
// Servers order /messages by depth, and Dendrite's page tokens skip events of
// equal depth where pages meet (research/matrix.md §8). So a room that does not
// go into one page is read twice, from the gap and from its newest event, in pages
// of different sizes and past events that are known, and the readings are joined.
func (c *Client) readGap(ctx context.Context, g meeting.Gap) ([]meeting.RawEvent, error) {
	began, err := c.store.Began(ctx)
	if err != nil {
		return nil, fmt.Errorf("fill gap: %w", err)
	}
	r := reader{c: c, room: id.RoomID(g.Room), began: began.Add(-slack), known: map[string]bool{}}
	newest, err := r.page(ctx, "", gapOtherPage)
	if err != nil {
		return nil, err
	}
	var read []parsed
	if newest.whole() {
		read = oldestFirst(newest.events)
	} else if read, err = r.twice(ctx, g, newest); err != nil {
		return nil, err
	}
	events, _ := visible(r.withoutHistory(read), string(c.self), true)
	if err := r.settle(ctx, events); err != nil {
		return nil, err
	}
	out := make([]meeting.RawEvent, 0, len(events))
	for _, p := range events {
		out = append(out, p.row(g.Room)) // known ones too: they show where the others belong
	}
	return out, nil
}

// twice reads a room from the gap, and on from its newest page, and joins what it
// finds, oldest first.
func (r *reader) twice(ctx context.Context, g meeting.Gap, newest page) ([]parsed, error) {
	var fromGap []parsed
	if g.PrevBatch != "" {
		first, err := r.page(ctx, g.PrevBatch, gapPage)
		if err == nil {
			fromGap, err = r.back(ctx, first, gapPage, nil)
		}
		if err != nil && !statusIs(err, http.StatusBadRequest) {
			return nil, err
		}
	}
	need := map[string]bool{}
	for _, p := range fromGap {
		need[p.ev.ID] = true
	}
	fromEnd, err := r.back(ctx, newest, gapOtherPage, need)
	if err != nil {
		return nil, err
	}
	return join(fromEnd, fromGap), nil
}

// reader reads a room backwards.
type reader struct {
	c     *Client
	room  id.RoomID
	began time.Time
	known map[string]bool // events that the inbox has
}

// page is a part of a room, newest event first.
type page struct {
	events    []parsed
	from, end string // the tokens of this page and of the next
}

// whole reports whether the page that begins with the newest event is all there is.
func (p page) whole() bool {
	return slices.ContainsFunc(p.events, func(e parsed) bool { return e.ev.IsState(event.StateCreate.Type, "") })
}

// oldestFirst turns a reading round. Where an event comes twice the newer place counts.
func oldestFirst(events []parsed) []parsed {
	seen := make(map[string]bool, len(events))
	out := make([]parsed, 0, len(events))
	for _, p := range events {
		if !seen[p.ev.ID] {
			seen[p.ev.ID] = true
			out = append(out, p)
		}
	}
	slices.Reverse(out)
	return out
}

// back reads on from a page, oldest event first in the result, until a page holds
// nothing new: everything in it is known, and the reading has met the events in
// need. It also ends with the page after the one where the bot came into the room,
// and where the bot began.
func (r *reader) back(ctx context.Context, at page, size int, need map[string]bool) (all []parsed, err error) {
	met, joined := len(need) == 0, false
	for n := 1; ; n++ {
		fresh, older, wasJoined := 0, true, joined
		for _, p := range at.events {
			met = met || need[p.ev.ID]
			older = older && p.ev.SentAt.Before(r.began)
			joined = joined || p.ev.Joins(string(r.c.self))
			if !r.known[p.ev.ID] {
				fresh++
			}
		}
		all = append(all, at.events...)
		if older || at.last() || wasJoined || (fresh == 0 && met) || n == gapPages {
			return oldestFirst(all), nil
		}
		if at, err = r.page(ctx, at.end, size); err != nil {
			return nil, err
		}
	}
}

// last reports whether no page comes after this one.
func (p page) last() bool { return len(p.events) == 0 || p.end == "" || p.end == p.from }

// page reads one page, from a token or the room's newest event, and looks up what
// is known of it.
func (r *reader) page(ctx context.Context, from string, size int) (page, error) {
	var resp struct {
		Chunk []json.RawMessage `json:"chunk"`
		End   string            `json:"end"`
	}
	// Dendrite takes the size from the filter only, others from the parameter.
	query := url.Values{
		"dir": {"b"}, "limit": {strconv.Itoa(size)}, "filter": {fmt.Sprintf(`{"limit":%d}`, size)},
	}
	if from != "" {
		query.Set("from", from)
	}
	err := r.c.patiently(ctx, func() error {
		return r.c.call(ctx, "read messages", http.MethodGet, []any{"v3", "rooms", r.room, "messages"}, query, nil, &resp)
	})
	if err != nil {
		return page{}, err
	}
	p := page{events: parseAll(resp.Chunk), from: from, end: resp.End}
	return p, r.lookUp(ctx, p.events)
}

func (r *reader) lookUp(ctx context.Context, events []parsed) error {
	ids := make([]meeting.EventID, len(events))
	for i, p := range events {
		ids[i] = meeting.EventID(p.ev.ID)
	}
	known, err := r.c.store.KnownEvents(ctx, ids)
	if err != nil {
		return fmt.Errorf("look up events: %w", err)
	}
	for ev, yes := range known {
		r.known[string(ev)] = yes
	}
	return nil
}

// withoutHistory cuts off the oldest events up to the first that is known or
// was written after the bot began.
func (r *reader) withoutHistory(events []parsed) []parsed {
	i := slices.IndexFunc(events, func(p parsed) bool {
		return r.known[p.ev.ID] || !p.ev.SentAt.Before(r.began)
	})
	if i < 0 {
		return nil
	}
	return events[i:]
}

// settlePatience is how long events newer than all known ones are left to
// the sync that should bring them.
const (
	settlePatience = 15 * time.Second
	settleLook     = 100 * time.Millisecond
)

// settle waits for the sync to bring events that are newer than the newest
// known one. They are after the gap and belong into their own place. What
// sync does not bring was in the gap after all.
func (r *reader) settle(ctx context.Context, events []parsed) error {
	newest := -1
	for i, p := range events {
		if r.known[p.ev.ID] {
			newest = i
		}
	}
	if newest < 0 || newest == len(events)-1 {
		return nil
	}
	target := r.c.synced.Load() + 2
	waiting, cancel := context.WithTimeout(ctx, settlePatience)
	defer cancel()
	for r.c.synced.Load() < target && waiting.Err() == nil {
		pause(waiting, settleLook, nil)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return r.lookUp(ctx, events[newest+1:])
}

// join adds to the events of one reading those that only the other has: between
// the events that they stand between there, and among what the first reading has
// in that place by the server's time. Both are oldest first.
func join(base, other []parsed) []parsed {
	index := make(map[string]int, len(base))
	for i, p := range base {
		index[p.ev.ID] = i
	}
	after := map[int][]parsed{}
	var run []parsed
	at := -1
	place := func(before int) {
		for _, p := range run {
			for at+1 < before && base[at+1].ev.SentAt.Before(p.ev.SentAt) {
				at++
			}
			after[at] = append(after[at], p)
		}
		run = nil
	}
	for _, p := range other {
		if i, ok := index[p.ev.ID]; ok {
			place(i)
			at = i
		} else {
			run = append(run, p)
		}
	}
	place(len(base))
	out := slices.Clone(after[-1])
	for i, p := range base {
		out = append(append(out, p), after[i]...)
	}
	return out
}

// refusal reports whether the server has refused a request, and will again. That
// the bot is logged out says nothing of the request: it comes again with the next
// login.
func refusal(err error) bool {
	f := asFault(err)
	return f != nil && !f.transient() && !errors.Is(err, ErrLoggedOut)
}

// inRow counts refusals in a row, and comparisons that could not be made of what the
// server shows: what failed otherwise says nothing of what the server will refuse.
func inRow(refusals int, err error) int {
	if refusal(err) || errors.Is(err, errNoRoot) || errors.Is(err, errNoEnd) {
		return refusals + 1
	}
	return 0
}

// limitAttempts is how often a rate-limited request is repeated.
const limitAttempts = 8

// patiently repeats a request while the server says that it is too fast.
func (c *Client) patiently(ctx context.Context, request func() error) error {
	for attempt := 1; ; attempt++ {
		err := request()
		f := asFault(err)
		if f == nil || !f.limited() || attempt == limitAttempts {
			return err
		}
		pause(ctx, min(backoff(err, attempt, c.pace.longest), time.Minute), nil)
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
	}
}

package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/meeting"
)

// answer is what /sync says. Events stay as they came: one that is malformed
// must not make the others unreadable.
type answer struct {
	Next     string `json:"next_batch"`
	ToDevice struct {
		Events []json.RawMessage `json:"events"`
	} `json:"to_device"`
	DeviceLists mautrix.DeviceLists `json:"device_lists"`
	OneTimeKeys map[string]int      `json:"device_one_time_keys_count"`
	Rooms       struct {
		Join   map[id.RoomID]section        `json:"join"`
		Leave  map[id.RoomID]section        `json:"leave"`
		Invite map[id.RoomID]invitedSection `json:"invite"`
	} `json:"rooms"`
}

type section struct {
	State struct {
		Events []json.RawMessage `json:"events"`
	} `json:"state"`
	Timeline struct {
		Events    []json.RawMessage `json:"events"`
		Limited   bool              `json:"limited"`
		PrevBatch string            `json:"prev_batch"`
	} `json:"timeline"`
}

type invitedSection struct {
	State struct {
		Events []json.RawMessage `json:"events"`
	} `json:"invite_state"`
}

// syncFilter asks for all that happens in rooms and nothing else. Members are
// not loaded lazily: a member the bot does not know gets no keys.
const syncFilter = `{"presence":{"not_types":["*"]},"account_data":{"not_types":["*"]},` +
	`"room":{"timeline":{"limit":100},"ephemeral":{"not_types":["*"]},"account_data":{"not_types":["*"]}}}`

// longPoll is how long the server may wait for news.
const longPoll = 30 * time.Second

// Run receives and hands on until ctx ends, and then returns nil. Any other
// end is an error: ErrLoggedOut, or ErrCryptoStore.
func (c *Client) Run(parent context.Context) error {
	ctx, stop := context.WithCancelCause(parent)
	defer stop(nil)
	var wg sync.WaitGroup
	for name, worker := range map[string]func(context.Context) error{
		"sync": c.syncLoop, "gaps": c.gapLoop, "inbox": c.inboxLoop, "invites": c.inviteLoop, "checks": c.checkLoop,
		"receipts": c.receiptLoop, "identity": c.identityLoop, "key requests": c.keyRequestLoop,
	} {
		wg.Go(func() {
			if err := worker(ctx); err != nil && ctx.Err() == nil {
				stop(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	wg.Wait()
	if parent.Err() != nil {
		return nil
	}
	return context.Cause(ctx)
}

func (c *Client) syncLoop(ctx context.Context) error {
	since, err := c.store.SyncToken(ctx)
	if err != nil {
		return fmt.Errorf("get sync token: %w", err)
	}
	failures, refusals := 0, 0
	for ctx.Err() == nil {
		wait := longPoll
		if failures > 0 || c.synced.Load() == 0 {
			wait = 0
		}
		asked := c.now()
		next, err := c.syncOnce(ctx, since, wait)
		if err == nil {
			if failures > 0 {
				c.log.Info("syncing again", "failures", failures)
			}
			if next == since && wait > 0 && c.now().Sub(asked) < hasty {
				pause(ctx, c.pace.poll, nil)
			}
			since, failures, refusals = next, 0, 0
			continue
		}
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, ErrLoggedOut) || errors.Is(err, ErrCryptoStore) {
			return err
		}
		if failures == 0 {
			c.log.Warn("cannot sync, trying again", "error", err)
		}
		failures++
		if statusIs(err, http.StatusBadRequest) && since != "" {
			refusals++
		}
		if refusals == tokenRefusals {
			c.log.Error("the homeserver does not know how far the bot has read; reading all rooms anew", "error", err)
			since = ""
		}
		pause(ctx, backoff(err, failures, c.pace.longest), nil)
	}
	return nil
}

const (
	// hasty is an answer that did not wait for news. One without progress, over
	// and over, would keep the bot and the server busy with nothing.
	hasty = time.Second
	// tokenRefusals is how often the server may call the request that it has
	// always answered a bad one, before its token is given up: servers forget
	// tokens when their database is lost or they are replaced by others.
	tokenRefusals = 3
)

// backoff is how long to wait after a number of failures: a second and then
// longer, never the same for everybody, and not before the server allows it.
func backoff(err error, failures int, longest time.Duration) time.Duration {
	d := min(time.Second<<min(failures-1, 10), longest)
	d = d/2 + rand.N(d/2+1)
	if f := asFault(err); f != nil {
		d = max(d, f.after)
	}
	return d
}

func (c *Client) syncOnce(ctx context.Context, since string, wait time.Duration) (string, error) {
	query := url.Values{
		"filter": {syncFilter}, "set_presence": {"offline"},
		"timeout": {strconv.FormatInt(wait.Milliseconds(), 10)},
	}
	if since != "" {
		query.Set("since", since)
	}
	address := c.api.BuildURLWithFullQuery(mautrix.ClientURLPath{"v3", "sync"}, func(q url.Values) {
		for k, v := range query {
			q[k] = v
		}
	})
	a, err := c.ask(ctx, address, wait, since == "")
	if err != nil {
		if errors.Is(err, ErrUnreachable) {
			c.cutOff()
		}
		return "", err
	}
	if a.Next == "" {
		return "", &fault{op: "sync", status: http.StatusOK, cause: errors.New("no token in the answer")}
	}
	if !c.noted { // a server that is stopped passes over events
		if err := c.store.LookBack(context.WithoutCancel(ctx), c.now()); err != nil {
			return "", fmt.Errorf("look back: %w", err)
		}
		c.noted = true
	}
	err = c.takeIn(ctx, since, a)
	if !c.answering.Swap(true) { // not before the gaps that the outage has left are known
		for _, ch := range []chan struct{}{c.wakeGaps, c.wakeInvites, c.wakeChecks, c.wakeKeys} {
			poke(ch)
		}
	}
	return a.Next, err
}

// cutOff notes that the server does not answer, and that there will be something
// to catch up with.
func (c *Client) cutOff() {
	c.handouts.doubt(c.now())
	c.answering.Store(false)
	c.gapsDone.Store(false)
	c.drained.Store(false)
	c.noted = false
}

// How much longer than it should a sync answer may take. A connection that
// died without a word is noticed by it.
const (
	answerDelay      = time.Minute
	firstAnswerDelay = 5 * time.Minute // everything the bot is in
)

func (c *Client) ask(ctx context.Context, address string, wait time.Duration, first bool) (*answer, error) {
	delay := answerDelay
	if first {
		delay = firstAnswerDelay
	}
	ctx, cancel := context.WithTimeout(ctx, wait+delay)
	defer cancel()
	var a answer
	_, err := c.api.MakeFullRequest(ctx, mautrix.FullRequest{
		Method: http.MethodGet, URL: address, ResponseJSON: &a, Client: c.polling, MaxAttempts: 1, Handler: readAnswer,
	})
	if err != nil {
		return nil, newFault("sync", err)
	}
	return &a, nil
}

// takeIn makes an answer durable: keys first, then members and room state,
// then the events together with the token. Doing it twice does no harm, for
// that is what happens after a crash. It goes on when ctx ends, because a
// half-written ratchet is worse than a late exit.
func (c *Client) takeIn(ctx context.Context, since string, a *answer) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic while storing a sync answer: %T", r)
		}
	}()
	if err := c.takeDevices(ctx, a.DeviceLists.Changed); err != nil {
		return err
	}
	for _, raw := range a.ToDevice.Events {
		if err := c.openToDevice(ctx, raw); err != nil {
			return err
		}
	}
	c.countOneTimeKeys(ctx, a.OneTimeKeys)
	ctx = context.WithoutCancel(ctx)
	if err := c.keys.err(); err != nil {
		return err
	}
	keys, err := c.reportKeys(ctx)
	if err != nil {
		return err
	}
	batch, err := c.applyAnswer(ctx, since, a)
	if err != nil {
		return err
	}
	if err := c.keys.err(); err != nil {
		return err
	}
	if err := c.store.StoreSync(ctx, batch); err != nil {
		return fmt.Errorf("store sync: %w", err)
	}
	c.mach.MarkOlmHashSavePoint(ctx)
	c.synced.Add(1)
	first := !c.firstSync.Swap(true)
	c.wakeFor(batch, first || keys)
	return nil
}

// wakeFor wakes those who have something to do after a stored answer; all of
// them if asked to.
func (c *Client) wakeFor(batch meeting.SyncBatch, all bool) {
	gaps, events := all, all
	for _, r := range batch.Rooms {
		gaps, events = gaps || r.Limited, events || len(r.Events) > 0
	}
	if gaps {
		poke(c.wakeGaps)
	}
	if gaps || events {
		poke(c.wakeInbox)
	}
	if all || len(batch.Invites) > 0 {
		poke(c.wakeInvites)
	}
}

// reportKeys tells the store which Megolm sessions have come, and reports
// whether any have. What cannot be told is kept for the next time.
func (c *Client) reportKeys(ctx context.Context) (bool, error) {
	sessions := c.arrived.list()
	for _, session := range sessions {
		if err := c.store.KeyArrived(ctx, session); err != nil {
			return true, fmt.Errorf("report key: %w", err)
		}
		c.arrived.remove(session)
	}
	return len(sessions) > 0, nil
}

// identityCheck is how often the bot looks whether it still is cross-signed.
const identityCheck = 24 * time.Hour

func (c *Client) identityLoop(ctx context.Context) error {
	for {
		pause(ctx, identityCheck, nil)
		if ctx.Err() != nil {
			return nil
		}
		if found, err := c.queryIdentity(ctx); err == nil && !found.signed {
			c.log.Error("device is no longer cross-signed", "error", ErrIdentityExists)
		}
	}
}

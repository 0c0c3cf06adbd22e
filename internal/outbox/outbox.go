// Package outbox delivers posts: oldest first and one at a time per lane (a
// room, or the receiver of direct messages), lanes in parallel, all of them
// through one pacer. It knows nothing of what posts say and decides nothing:
// what cannot be delivered it reports.
package outbox

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"blnbot/internal/failpoint"
	"blnbot/internal/meeting"
)

// Store is where the posts wait. Every method is durable when it returns.
type Store interface {
	// NextPosts returns the oldest pending post of each lane that is due and
	// not busy, oldest first.
	NextPosts(ctx context.Context, now time.Time, busy []string, limit int) ([]meeting.Delivery, error)
	// NextPostTime is when the next parked post is due; zero if none is.
	NextPostTime(ctx context.Context) (time.Time, error)
	// AttemptPost is false if the post has been taken back meanwhile.
	AttemptPost(ctx context.Context, key string) (bool, error)
	MarkSent(ctx context.Context, key string, room meeting.RoomID, id meeting.EventID, now time.Time) error
	RetryPost(ctx context.Context, key string, next time.Time) error
}

// Sender hands a post to the server. Errors that a later attempt may cure are
// *meeting.RetryError; all others are lasting.
type Sender interface {
	Send(ctx context.Context, d meeting.Delivery) (meeting.EventID, error)
}

// Reporter gives up a post that cannot be delivered, or parks it until the bot
// may send it, and tells those who can mend that, in one transaction.
type Reporter interface {
	GiveUp(ctx context.Context, d meeting.Delivery, cause error) error
}

// Limits of delivery.
const (
	lanes     = 8                // posts under way at once
	firstWait = 2 * time.Second  // after the first failed attempt; doubles
	longWait  = 10 * time.Minute // at most between attempts
	slowest   = 2 * time.Minute  // for one attempt: large files go to slow servers, too
	drain     = 7 * time.Second  // for posts under way when the program stops, which has 8 seconds for it all
	idle      = time.Minute      // look again at the latest
	glance    = time.Second      // look again for what is due, and cannot be begun
)

// Outbox delivers posts until its context ends.
type Outbox struct {
	Store    Store
	Sender   Sender
	Reporter Reporter
	Log      *slog.Logger
	Now      func() time.Time // time.Now
	// Connected says whether the server answers. While it does not nothing is
	// tried, so that no lane backs off for long, and all go on at once when it is
	// back. Always, if nil.
	Connected func() bool

	wake chan struct{}
	once sync.Once

	mu     sync.Mutex
	failed map[string]int // attempts in a row, by lane and since the start
}

// Wake has the outbox look for new posts.
func (o *Outbox) Wake() {
	o.init()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *Outbox) init() {
	o.once.Do(func() {
		o.wake = make(chan struct{}, 1)
		if o.Now == nil {
			o.Now = time.Now
		}
	})
}

// Run delivers until ctx ends, then waits for the posts under way.
func (o *Outbox) Run(ctx context.Context) error {
	o.init()
	p := &pacer{now: o.Now}
	done := make(chan string, lanes)
	busy := map[string]bool{}
	for {
		var err error
		wait := glance
		if o.Connected == nil || o.Connected() {
			err = o.start(ctx, p, busy, done)
			wait = o.wait(ctx, err)
		}
		if err != nil && ctx.Err() == nil {
			o.Log.Error("read posts", "err", err)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			for len(busy) > 0 {
				delete(busy, <-done)
			}
			return nil
		case lane := <-done:
			delete(busy, lane)
		case <-o.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// wait is how long nothing will be due.
func (o *Outbox) wait(ctx context.Context, failed error) time.Duration {
	if failed != nil {
		return firstWait
	}
	next, err := o.Store.NextPostTime(ctx)
	if err != nil || next.IsZero() {
		return idle
	}
	if wait := next.Sub(o.Now()); wait > 0 {
		return min(max(wait, 10*time.Millisecond), idle)
	}
	return glance // it is on its way, or waits for the pacer
}

// start begins the delivery of the posts that are due, one per free lane.
func (o *Outbox) start(ctx context.Context, p *pacer, busy map[string]bool, done chan<- string) error {
	free := lanes - len(busy)
	if free == 0 {
		return nil
	}
	taken := make([]string, 0, len(busy))
	for lane := range busy {
		taken = append(taken, lane)
	}
	posts, err := o.Store.NextPosts(ctx, o.Now(), taken, free)
	if err != nil {
		return err
	}
	for _, d := range posts {
		lane := laneOf(d)
		busy[lane] = true
		go func() {
			o.deliver(ctx, p, d)
			done <- lane
		}()
	}
	return nil
}

func laneOf(d meeting.Delivery) string {
	if d.Lane != "" {
		return d.Lane
	}
	if d.To != "" {
		return string(d.To)
	}
	return string(d.Room)
}

// deliver makes one attempt. The post is finished with a context of its own, so
// that stopping does not tear an answer away from its row.
func (o *Outbox) deliver(ctx context.Context, p *pacer, d meeting.Delivery) {
	began, ok := p.wait(ctx)
	if !ok {
		return
	}
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), slowest)
	defer cancel()
	defer context.AfterFunc(ctx, func() { cancelAfter(sending, cancel, drain) })()
	cause, err := o.attempt(sending, p, d, began)
	if cause != nil || err != nil {
		o.Log.Error("deliver post", "key", d.Key, "attempt", d.Attempts+1, "err", errors.Join(cause, err))
	}
	if err != nil {
		// Nothing was noted, so the post is due as before: not at once again.
		pause(ctx, firstWait)
	}
}

// cancelAfter calls cancel after d, unless ctx has ended by then.
func cancelAfter(ctx context.Context, cancel func(), d time.Duration) {
	pause(ctx, d)
	cancel()
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// attempt tries once, and notes how that went. The first error is what kept the
// post from being sent, the second what kept that from being noted.
func (o *Outbox) attempt(ctx context.Context, p *pacer, d meeting.Delivery, began time.Time) (cause, err error) {
	if pointless(d) {
		return nil, o.Store.MarkSent(ctx, d.Key, d.Room, "", o.Now())
	}
	if pending, err := o.Store.AttemptPost(ctx, d.Key); err != nil || !pending {
		return nil, err
	}
	failpoint.At("attempted")
	id, err := o.Sender.Send(ctx, d)
	failpoint.At("sent")
	var again *meeting.RetryError
	switch {
	case err == nil:
		p.success()
		o.forget(d)
		return nil, o.Store.MarkSent(ctx, d.Key, d.Room, id, o.Now())
	case errors.As(err, &again):
		wait := max(again.After, backoff(o.failures(d)))
		if again.Limit {
			wait = p.limited(again.After, began)
		} else {
			o.count(d)
		}
		return quiet(again), o.Store.RetryPost(context.WithoutCancel(ctx), d.Key, o.Now().Add(wait))
	case ctx.Err() != nil:
		return ctx.Err(), o.Store.RetryPost(context.WithoutCancel(ctx), d.Key, o.Now().Add(backoff(o.failures(d))))
	default:
		return err, o.Reporter.GiveUp(ctx, d, err)
	}
}

// quiet leaves rate limits out of the log: they are the server's normal way of
// asking for patience.
func quiet(e *meeting.RetryError) error {
	if e.Limit {
		return nil
	}
	return e
}

// pointless reports posts that act on an event which never came to be.
func pointless(d meeting.Delivery) bool {
	switch d.Kind {
	case meeting.PostEdit, meeting.PostReaction, meeting.PostRedact, meeting.PostPin:
		return d.TargetID == ""
	}
	return false
}

// failures is how many attempts in a row have failed on a post's lane. It is not
// the post's number of attempts: those that a crash or a rate limit ended say
// nothing of how long it will take until the next one is of use.
func (o *Outbox) failures(d meeting.Delivery) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failed[laneOf(d)]
}

func (o *Outbox) count(d meeting.Delivery) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed == nil {
		o.failed = map[string]int{}
	}
	o.failed[laneOf(d)]++
}

func (o *Outbox) forget(d meeting.Delivery) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.failed, laneOf(d))
}

func backoff(attempts int) time.Duration {
	return min(firstWait<<min(attempts, 16), longWait)
}

// pacer spaces the sending of all lanes: at full speed until the server limits
// the rate, then as fast as it allows.
type pacer struct {
	now     func() time.Time
	mu      sync.Mutex
	gap     time.Duration // between two posts
	until   time.Time     // nothing before
	good    int           // posts since the last limit
	last    time.Time     // when the last post was let through
	widened time.Time     // when the gap was last widened
}

const (
	firstGap = 250 * time.Millisecond
	longGap  = 10 * time.Second
	goodRun  = 10 // posts after which the gap is halved
	noAdvice = 2 * time.Second
	calm     = time.Minute // without a post, after which the server has forgotten
)

// wait blocks until a post may be sent, and returns when that was; false if ctx
// ends first.
func (p *pacer) wait(ctx context.Context) (time.Time, bool) {
	p.mu.Lock()
	now := p.now()
	at := now
	if p.until.After(now) {
		at = p.until
	}
	if at.Sub(p.last) > calm {
		p.gap, p.good = 0, 0
	}
	p.last = at
	if p.gap > 0 {
		p.until = at.Add(p.gap)
	}
	p.mu.Unlock()
	if at.Equal(now) {
		return at, ctx.Err() == nil
	}
	timer := time.NewTimer(at.Sub(now))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return at, false
	case <-timer.C:
		return at, true
	}
}

// limited notes a 429 to a post that began then, and returns how long to wait.
// The gap is widened once for all posts that were under way together, and not
// beyond what the server asks for: it would hold every room up for minutes.
func (p *pacer) limited(after time.Duration, began time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if after <= 0 {
		after = noAdvice
	}
	p.good = 0
	if began.After(p.widened) {
		p.gap = min(max(p.gap*2, firstGap), max(after, firstGap), longGap)
		p.widened = p.now()
	}
	if at := p.now().Add(after); at.After(p.until) {
		p.until = at
	}
	return after
}

func (p *pacer) success() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.good++
	if p.gap > 0 && p.good%goodRun == 0 {
		p.gap /= 2
		if p.gap < firstGap {
			p.gap = 0
		}
	}
}

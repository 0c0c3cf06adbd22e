package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/meeting"
	"blnbot/internal/outbox"
)

// world is a store, a server and a reporter in memory.
type world struct {
	mu      sync.Mutex
	posts   []*post
	started time.Time
	// says what the server answers to an attempt, after how long.
	answer func(d meeting.Delivery) (time.Duration, error)
	// storeFails makes the notes of attempts fail.
	storeFails func() error
	// takenBack is a post that is cancelled after it was read for delivery.
	takenBack string
	tries     int
	looks     int // for posts that are due
	log       []string
	reported  []string
	busy      map[string]int
	most      int // sends at once, of all lanes
}

type post struct {
	meeting.Delivery
	next        time.Time
	sent, given bool
	event       meeting.EventID
}

func newWorld(posts ...meeting.Delivery) *world {
	w := &world{started: time.Now(), busy: map[string]int{}, answer: func(meeting.Delivery) (time.Duration, error) { return 0, nil }}
	for _, d := range posts {
		w.posts = append(w.posts, &post{Delivery: d})
	}
	return w
}

func lane(d meeting.Delivery) string {
	if d.To != "" {
		return string(d.To)
	}
	return string(d.Room)
}

func to(room, key string) meeting.Delivery {
	return meeting.Delivery{Post: meeting.Post{Key: key, Room: meeting.RoomID(room), Kind: meeting.PostText}}
}

func (w *world) find(key string) *post {
	for _, p := range w.posts {
		if p.Key == key {
			return p
		}
	}
	return nil
}

func (w *world) NextPosts(_ context.Context, now time.Time, busy []string, limit int) ([]meeting.Delivery, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looks++
	var out []meeting.Delivery
	seen := map[string]bool{}
	for _, p := range w.posts {
		l := lane(p.Delivery)
		if p.sent || p.given || seen[l] || slices.Contains(busy, l) {
			continue
		}
		seen[l] = true
		if !p.next.After(now) && len(out) < limit {
			out = append(out, p.Delivery)
		}
	}
	return out, nil
}

func (w *world) NextPostTime(context.Context) (time.Time, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var first time.Time
	for _, p := range w.posts {
		if !p.sent && !p.given && !p.next.IsZero() && (first.IsZero() || p.next.Before(first)) {
			first = p.next
		}
	}
	return first, nil
}

func (w *world) AttemptPost(_ context.Context, key string) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tries++
	if w.storeFails != nil {
		if err := w.storeFails(); err != nil {
			return false, err
		}
	}
	if key == w.takenBack {
		w.find(key).given = true
		return false, nil
	}
	w.find(key).Attempts++
	w.find(key).next = time.Time{}
	return true, nil
}

func (w *world) MarkSent(_ context.Context, key string, _ meeting.RoomID, id meeting.EventID, _ time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.find(key).sent, w.find(key).event = true, id
	return nil
}

func (w *world) RetryPost(_ context.Context, key string, next time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.find(key).next = next
	return nil
}

func (w *world) GiveUp(_ context.Context, d meeting.Delivery, cause error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.find(d.Key).given = true
	w.reported = append(w.reported, d.Key+": "+cause.Error())
	return nil
}

// Send notes when what was sent, to the millisecond.
func (w *world) Send(ctx context.Context, d meeting.Delivery) (meeting.EventID, error) {
	w.mu.Lock()
	w.log = append(w.log, fmt.Sprintf("%s %s", time.Since(w.started).Round(time.Millisecond), d.Key))
	l := lane(d)
	w.busy[l]++
	if w.busy[l] > 1 {
		w.log = append(w.log, "TWO AT ONCE in "+l)
	}
	now := 0
	for _, n := range w.busy {
		now += n
	}
	w.most = max(w.most, now)
	wait, err := w.answer(d)
	w.mu.Unlock()
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy[l]--
	return meeting.EventID("$" + d.Key), err
}

// run runs an outbox on the world for a time, and stops it.
func (w *world) run(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	o := &outbox.Outbox{Store: w, Sender: w, Reporter: w, Log: slog.New(slog.DiscardHandler)}
	if err := o.Run(ctx); err != nil {
		t.Error(err)
	}
}

func (w *world) sent() []string {
	var out []string
	for _, p := range w.posts {
		if p.sent {
			out = append(out, p.Key)
		}
	}
	return out
}

func TestOrderInALane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(to("!a", "1"), to("!a", "2"), to("!b", "3"), to("!a", "4"))
		w.answer = func(meeting.Delivery) (time.Duration, error) { return time.Second, nil }
		w.run(t, time.Minute)
		var a []string
		for _, line := range w.log {
			if !strings.HasSuffix(line, " 3") {
				a = append(a, line)
			}
		}
		if diff := cmp.Diff([]string{"0s 1", "1s 2", "2s 4"}, a); diff != "" {
			t.Error(diff)
		}
		if !slices.Contains(w.log, "0s 3") {
			t.Errorf("another room had to wait: %v", w.log)
		}
	})
}

func TestTakenBackAtTheLastMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(to("!a", "1"), to("!a", "2"))
		w.takenBack = "1"
		w.run(t, time.Minute)
		if diff := cmp.Diff([]string{"0s 2"}, w.log); diff != "" {
			t.Error(diff)
		}
	})
}

// A crash or the server's rate limit says nothing of how long to wait after the
// first real failure.
func TestEarlierAttemptsDoNotLengthenTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(to("!a", "1"))
		w.posts[0].Attempts = 12
		fails := 1
		w.answer = func(meeting.Delivery) (time.Duration, error) {
			if fails--; fails >= 0 {
				return 0, &meeting.RetryError{Err: errors.New("broken pipe")}
			}
			return 0, nil
		}
		w.run(t, time.Minute)
		if diff := cmp.Diff([]string{"0s 1", "2s 1"}, w.log); diff != "" {
			t.Error(diff)
		}
	})
}

func TestDirectMessagesHaveLanesOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		anna := meeting.Delivery{Post: meeting.Post{Key: "dm1", To: "@anna:x", Kind: meeting.PostText}}
		bo := meeting.Delivery{Post: meeting.Post{Key: "dm2", To: "@bo:x", Kind: meeting.PostText}}
		w := newWorld(anna, bo)
		w.answer = func(meeting.Delivery) (time.Duration, error) { return time.Second, nil }
		w.run(t, time.Minute)
		slices.Sort(w.log)
		if diff := cmp.Diff([]string{"0s dm1", "0s dm2"}, w.log); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLanesAreParallelAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var posts []meeting.Delivery
		for i := range 40 {
			posts = append(posts, to(fmt.Sprintf("!r%d", i), fmt.Sprint(i)))
		}
		w := newWorld(posts...)
		w.answer = func(meeting.Delivery) (time.Duration, error) { return time.Second, nil }
		w.run(t, time.Minute)
		if w.most < 2 || w.most > 8 || len(w.sent()) != 40 {
			t.Errorf("%d at once, %d sent", w.most, len(w.sent()))
		}
	})
}

func TestOneRoomsTroubleIsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(to("!a", "bad"), to("!a", "behind"), to("!b", "good"))
		w.answer = func(d meeting.Delivery) (time.Duration, error) {
			if d.Key == "bad" {
				return 0, &meeting.RetryError{Err: errors.New("broken pipe")}
			}
			return 0, nil
		}
		w.run(t, time.Minute)
		if diff := cmp.Diff([]string{"good"}, w.sent()); diff != "" {
			t.Errorf("what came after the failing post must wait for it: %s", diff)
		}
	})
}

func TestRetryBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(to("!a", "1"))
		w.answer = func(d meeting.Delivery) (time.Duration, error) {
			return 0, &meeting.RetryError{Err: errors.New("502")}
		}
		w.run(t, time.Hour)
		want := []string{"0s 1", "2s 1", "6s 1", "14s 1", "30s 1", "1m2s 1", "2m6s 1", "4m14s 1", "8m30s 1", "17m2s 1", "27m2s 1", "37m2s 1", "47m2s 1", "57m2s 1"}
		if diff := cmp.Diff(want, w.log); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRetryWaitsAsLongAsTheServerAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(to("!a", "1"))
		w.answer = func(d meeting.Delivery) (time.Duration, error) {
			if len(w.log) == 1 {
				return 0, &meeting.RetryError{After: 40 * time.Second, Err: errors.New("503")}
			}
			return 0, nil
		}
		w.run(t, time.Hour)
		if diff := cmp.Diff([]string{"0s 1", "40s 1"}, w.log); diff != "" {
			t.Error(diff)
		}
	})
}

// A 429 in one room slows all rooms: the limit is the account's.
func TestLimitSlowsAllLanes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after time.Duration // 0: the server gives no time
		least time.Duration
	}{{"with advice", 5 * time.Second, 5 * time.Second}, {"without advice", 0, 2 * time.Second}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(to("!a", "a"))
				limited := false
				w.answer = func(d meeting.Delivery) (time.Duration, error) {
					if d.Key == "a" && !limited {
						limited = true
						// What is queued from now on must wait too.
						w.posts = append(w.posts, &post{Delivery: to("!b", "b")}, &post{Delivery: to("!c", "c")})
						return 0, &meeting.RetryError{After: tt.after, Limit: true, Err: errors.New("429")}
					}
					return 0, nil
				}
				w.run(t, time.Minute)
				if len(w.sent()) != 3 {
					t.Fatalf("sent %v", w.sent())
				}
				var last time.Duration
				for i, line := range w.log[1:] {
					at, err := time.ParseDuration(strings.Fields(line)[0])
					if err != nil {
						t.Fatal(err)
					}
					if at < tt.least {
						t.Errorf("%s: sent although the server had asked for %s", line, tt.least)
					}
					if i > 0 && at-last < 250*time.Millisecond {
						t.Errorf("%s: %s after the one before; %v", line, at-last, w.log)
					}
					last = at
				}
			})
		})
	}
}

// TestWaitingIsQuiet: a post that is due and has to wait for the pacer is not
// looked for all the time.
func TestWaitingIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(to("!a", "1"), to("!b", "2"))
		w.answer = func(d meeting.Delivery) (time.Duration, error) {
			if d.Attempts == 0 && d.Key == "1" {
				return 0, &meeting.RetryError{Limit: true, After: 10 * time.Minute, Err: errors.New("limit")}
			}
			return 0, nil
		}
		w.posts[1].next = time.Now().Add(time.Second) // and then waits for the pacer
		w.run(t, 9*time.Minute)
		if w.looks > 9*60+10 {
			t.Errorf("looked %d times in nine minutes", w.looks)
		}
	})
}

// TestServerAway: nothing is tried while the server is away, and all that waits
// goes out as soon as it is back.
func TestServerAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(to("!a", "1"), to("!a", "2"), to("!b", "3"))
		back := time.Now().Add(50 * time.Hour)
		ctx, cancel := context.WithDeadline(t.Context(), back.Add(2*time.Second))
		defer cancel()
		o := &outbox.Outbox{Store: w, Sender: w, Reporter: w, Log: slog.New(slog.DiscardHandler),
			Connected: func() bool { return !time.Now().Before(back) }}
		if err := o.Run(ctx); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"1", "2", "3"}, w.sent()); diff != "" || w.tries != 3 {
			t.Errorf("%d attempts; sent (-want +got):\n%s", w.tries, diff)
		}
	})
}

func TestFullSpeedComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var posts []meeting.Delivery
		for i := range 200 {
			posts = append(posts, to("!a", fmt.Sprint(i)))
		}
		w := newWorld(posts...)
		w.answer = func(d meeting.Delivery) (time.Duration, error) {
			if len(w.log) == 1 {
				return 0, &meeting.RetryError{After: time.Second, Limit: true, Err: errors.New("429")}
			}
			return 0, nil
		}
		w.run(t, time.Hour)
		at, err := time.ParseDuration(strings.Fields(w.log[len(w.log)-1])[0])
		if err != nil || len(w.sent()) != 200 || at > 10*time.Second {
			t.Errorf("200 posts took %s after one limit (%v)", at, err)
		}
	})
}

// The server refuses all that is under way at the same moment: that is one sign
// that the bot is too fast, not eight.
func TestLimitsAtTheSameMomentCountAsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var posts []meeting.Delivery
		for i := range 240 {
			posts = append(posts, to(fmt.Sprintf("!%d", i%8), fmt.Sprint(i)))
		}
		w := newWorld(posts...)
		refused := 0
		w.answer = func(d meeting.Delivery) (time.Duration, error) {
			if refused++; refused <= 8 {
				return time.Second, &meeting.RetryError{After: time.Second, Limit: true, Err: errors.New("429")}
			}
			return 0, nil
		}
		w.run(t, time.Hour)
		at, err := time.ParseDuration(strings.Fields(w.log[len(w.log)-1])[0])
		if err != nil || len(w.sent()) != 240 || at > 8*time.Second {
			t.Errorf("%d posts took %s after a second of limits (%v)", len(w.sent()), at, err)
		}
	})
}

// What the server asked for once does not slow what is said much later.
func TestLimitIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(to("!a", "a"))
		w.answer = func(d meeting.Delivery) (time.Duration, error) {
			switch {
			case len(w.log) <= 4: // the gap is 2 s then
				return 0, &meeting.RetryError{After: 5 * time.Second, Limit: true, Err: errors.New("429")}
			case d.Key == "a":
				for i := range 20 {
					p := &post{Delivery: to(fmt.Sprintf("!%d", i), fmt.Sprintf("late%d", i)), next: time.Now().Add(10 * time.Minute)}
					w.posts = append(w.posts, p)
				}
			}
			return 0, nil
		}
		w.run(t, time.Hour)
		first, err := time.ParseDuration(strings.Fields(w.log[5])[0])
		last, lastErr := time.ParseDuration(strings.Fields(w.log[len(w.log)-1])[0])
		if err := errors.Join(err, lastErr); err != nil || len(w.sent()) != 21 || last-first > time.Second {
			t.Errorf("%d posts, the last 20 took %s (%v)\n%v", len(w.sent()), last-first, err, w.log)
		}
	})
}

func TestLastingErrorIsReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(to("!a", "1"), to("!a", "2"), to("!b", "3"))
		w.answer = func(d meeting.Delivery) (time.Duration, error) {
			if d.Key == "1" {
				return 0, fmt.Errorf("%w: power level", meeting.ErrForbidden)
			}
			return 0, nil
		}
		w.run(t, time.Hour)
		if diff := cmp.Diff([]string{"1: forbidden: power level"}, w.reported); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"2", "3"}, w.sent()); diff != "" {
			t.Errorf("the lane must go on: %s", diff)
		}
	})
}

// Edits, reactions and redactions of what never came to be are not sent.
func TestPointlessPosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for _, kind := range []meeting.PostKind{meeting.PostEdit, meeting.PostReaction, meeting.PostRedact} {
			d := to("!a", string(kind))
			d.Kind = kind
			w.posts = append(w.posts, &post{Delivery: d})
		}
		d := to("!a", "real")
		d.Kind, d.TargetID = meeting.PostEdit, "$x"
		w.posts = append(w.posts, &post{Delivery: d})
		w.run(t, time.Minute)
		if diff := cmp.Diff([]string{"0s real"}, w.log); diff != "" {
			t.Error(diff)
		}
		if len(w.sent()) != 4 || w.posts[0].event != "" {
			t.Errorf("pointless posts must be done with, without an event: %v", w.sent())
		}
	})
}

func TestWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		ctx, cancel := context.WithCancel(t.Context())
		o := &outbox.Outbox{Store: w, Sender: w, Reporter: w, Log: slog.New(slog.DiscardHandler)}
		done := make(chan error)
		go func() { done <- o.Run(ctx) }()
		synctest.Wait()
		w.mu.Lock()
		w.posts = append(w.posts, &post{Delivery: to("!a", "1")})
		w.mu.Unlock()
		o.Wake()
		synctest.Wait()
		if diff := cmp.Diff([]string{"0s 1"}, w.log); diff != "" {
			t.Error(diff)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// Stopping waits for the post under way, and notes that it was sent: otherwise
// it would be sent again after the start.
func TestStopDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(to("!a", "1"), to("!a", "2"))
		w.answer = func(meeting.Delivery) (time.Duration, error) { return 5 * time.Second, nil }
		w.run(t, time.Second)
		if diff := cmp.Diff([]string{"1"}, w.sent()); diff != "" {
			t.Error(diff)
		}
		if took := time.Since(w.started); took != 5*time.Second {
			t.Errorf("stopping took %s", took)
		}
	})
}

// TestSlowServer: an attempt that takes long is not broken off and made again, for
// ever.
func TestSlowServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(to("!a", "1"))
		w.answer = func(meeting.Delivery) (time.Duration, error) { return time.Minute, nil }
		w.run(t, 5*time.Minute)
		if !w.find("1").sent || w.tries != 1 {
			t.Errorf("sent: %v, in %d attempts", w.find("1").sent, w.tries)
		}
	})
}

// A server that does not answer cannot keep the program from stopping.
func TestStopDoesNotHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(to("!a", "1"))
		w.answer = func(meeting.Delivery) (time.Duration, error) { return time.Hour, nil }
		w.run(t, time.Second)
		if took := time.Since(w.started); took > 10*time.Second {
			t.Errorf("stopping took %s", took)
		}
		if len(w.sent()) != 0 || w.posts[0].next.IsZero() {
			t.Error("the post must be tried again later")
		}
	})
}

// A database that takes nothing (a full disk) does not make the outbox spin,
// and nothing is sent that could not be noted before.
func TestStoreTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(to("!a", "1"))
		full := true
		w.storeFails = func() error {
			if full {
				return errors.New("disk is full")
			}
			return nil
		}
		time.AfterFunc(time.Minute, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			full = false
		})
		w.run(t, 2*time.Minute)
		if w.tries > 60 {
			t.Errorf("%d attempts in a minute", w.tries)
		}
		if len(w.log) != 1 || len(w.sent()) != 1 {
			t.Errorf("sent %v: %v", w.sent(), w.log)
		}
	})
}

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// How long anything may take on a slow machine, and what Nka waits for, until
// all networks have come so far.
const (
	patience     = time.Minute
	longPatience = 5 * time.Minute
)

// watcher follows a room as one person sees it. Whoever waits for something in
// the room waits here, so that the transcript shows it before the play goes on.
type watcher struct {
	person *person.Person
	room   meeting.RoomID
	view   *view
	// patience is how long to wait for anything in the room.
	patience time.Duration

	mu     sync.Mutex
	seen   []person.Seen
	change chan struct{}
	failed error
}

func watch(ctx context.Context, p *person.Person, room meeting.RoomID, v *view) *watcher {
	w := &watcher{person: p, room: room, view: v, patience: patience, change: make(chan struct{})}
	go w.follow(ctx)
	return w
}

func (w *watcher) follow(ctx context.Context) {
	for {
		before := w.now()
		after, err := w.person.WaitUntil(ctx, w.room, "something new", func(s []person.Seen) bool { return !same(before, s) })
		if err == nil {
			w.view.show(before, after)
		}
		w.mu.Lock()
		if err == nil {
			w.seen = after
		}
		w.failed = err
		close(w.change)
		w.change = make(chan struct{})
		w.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// now is what has been shown of the room so far.
func (w *watcher) now() []person.Seen {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

// until waits until the room is as it is wanted.
func (w *watcher) until(ctx context.Context, what string, done func([]person.Seen) bool) error {
	ctx, cancel := context.WithTimeout(ctx, w.patience)
	defer cancel()
	for {
		w.mu.Lock()
		seen, change, failed := w.seen, w.change, w.failed
		w.mu.Unlock()
		if done(seen) {
			return nil
		}
		if failed != nil {
			return fmt.Errorf("waiting for %s: %w", what, failed)
		}
		select {
		case <-change:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w; the last that was written:%s", what, ctx.Err(), tail(seen))
		}
	}
}

// message waits for a message that matches and returns it.
func (w *watcher) message(ctx context.Context, what string, match func(person.Seen) bool) (found person.Seen, err error) {
	err = w.until(ctx, what, func(seen []person.Seen) bool {
		i := slices.IndexFunc(seen, match)
		if i >= 0 {
			found = seen[i]
		}
		return i >= 0
	})
	return found, err
}

// tail shows the last messages, for errors.
func tail(seen []person.Seen) string {
	var b strings.Builder
	for _, s := range seen[max(0, len(seen)-8):] {
		fmt.Fprintf(&b, "\n\t%s", s)
	}
	return b.String()
}

// same reports whether two views of a room look the same.
func same(a, b []person.Seen) bool {
	return slices.EqualFunc(a, b, func(a, b person.Seen) bool {
		if a.ID != b.ID || a.Kind != b.Kind || a.Body != b.Body || a.Redacted != b.Redacted || len(a.Reactions) != len(b.Reactions) {
			return false
		}
		for emoji, by := range a.Reactions {
			if !slices.Equal(by, b.Reactions[emoji]) {
				return false
			}
		}
		return true
	})
}

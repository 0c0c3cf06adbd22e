//go:build faults

package faults_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// network is a room with a leader and members, and what they did there.
type network struct {
	w       *world
	id      string
	room    meeting.RoomID
	leader  *person.Person
	members []*person.Person

	scenes int // how often everybody came together

	mu      sync.Mutex
	entries []*entry
	roots   map[int][]meeting.EventID // the prompts' messages, by meeting
	shared  int                       // the last meeting whose summary is shared
	closing map[int]meeting.EventID   // the command that closed a meeting
	sharing map[int]meeting.EventID   // the last ✅ on its draft
}

func (n *network) root(number, prompt int) meeting.EventID {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.roots[number][prompt-1]
}

// everybody is who acts in the network.
func (n *network) everybody(number int, late bool) []*actor {
	n.scenes++
	var out []*actor
	for i, who := range append([]*person.Person{n.leader}, n.members...) {
		name := fmt.Sprintf("%s/%d/%d", n.id, n.scenes, i)
		out = append(out, &actor{network: n, who: who, name: name, rng: n.w.rng(name), leads: i == 0, number: number, late: late})
	}
	return out
}

func (n *network) says(text string) (id meeting.EventID, err error) {
	err = n.w.act(func() error {
		id, err = n.leader.Send(n.w.ctx, n.room, text)
		return err
	})
	return id, err
}

// script is how a network's meetings go.
type script struct {
	meetings, replies int // replies in each meeting
	gate              *gate
	// before is called when a meeting is about to open, close or be shared.
	before func(point string, rng *rand.Rand) error
}

func (n *network) play(s script) error {
	rng := n.w.rng(n.id)
	for number := 1; number <= s.meetings; number++ {
		if err := n.hold(s, number, rng); err != nil {
			return fmt.Errorf("%s, meeting %d: %w", n.id, number, err)
		}
	}
	return nil
}

// hold plays one meeting.
func (n *network) hold(s script, number int, rng *rand.Rand) error {
	if err := s.before("opening", rng); err != nil {
		return err
	}
	if err := n.open(number); err != nil {
		return err
	}
	if err := n.talk(s, n.everybody(number, false), s.replies); err != nil {
		return err
	}
	if err := s.before("closing", rng); err != nil {
		return err
	}
	closing, err := n.says("!avsluta")
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.closing[number] = closing
	n.mu.Unlock()
	if _, _, err := n.draft(number); err != nil {
		return err
	}
	if err := n.talk(s, n.everybody(number, true), 3); err != nil {
		return err
	}
	if err := s.before("sharing", rng); err != nil {
		return err
	}
	if err := n.share(number); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.shared = number
	return nil
}

// open has the leader open a meeting and waits for the prompts.
func (n *network) open(number int) error {
	if _, err := n.says("!nästa"); err != nil {
		return err
	}
	var roots []meeting.EventID
	for p := range prompts {
		key := fmt.Sprintf("prompt/%s/%d/%d", n.id, number, p+1)
		seen, err := n.leader.WaitFor(n.w.ctx, n.room, key, n.w.has(key))
		if err != nil {
			return clipped(err)
		}
		roots = append(roots, seen.ID)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.roots[number] = roots
	return nil
}

// clipped shortens an error that shows a whole room.
func clipped(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if len(text) > 1500 {
		return errors.New(text[:500] + " … " + text[len(text)-1000:])
	}
	return err
}

// talk has everybody do things until there are so many more replies.
func (n *network) talk(s script, all []*actor, replies int) error {
	ctx, stop := context.WithCancel(n.w.ctx)
	defer stop()
	var left atomic.Int64
	left.Store(int64(replies))
	errs := make([]error, len(all))
	var group sync.WaitGroup
	for i, a := range all {
		group.Go(func() {
			for step := 1; ctx.Err() == nil && left.Load() > 0; step++ {
				reply, err := a.step(step)
				if err != nil {
					errs[i] = fmt.Errorf("%s: %w", a.who.ID(), err)
					stop()
					return
				}
				if reply {
					left.Add(-1)
					s.gate.pass(ctx)
				}
			}
		})
	}
	group.Wait()
	return errors.Join(append(errs, n.w.ctx.Err())...)
}

const draftOf = `SELECT s.state, coalesce(p.event_id, '') FROM summaries s JOIN meetings m ON m.id = s.meeting_id LEFT JOIN posts p ON p.key = s.post
	WHERE m.network = ? AND m.number = ?`

// draft waits until the meeting's draft is in the room, or shared. Its message
// is looked up in the database, since an edited message no longer shows its key.
func (n *network) draft(number int) (id meeting.EventID, shared bool, err error) {
	db, err := n.w.database()
	if err != nil {
		return "", false, err
	}
	defer db.Close()
	err = n.w.poll("the draft", 200*time.Millisecond, func() (bool, error) {
		var state meeting.SummaryState
		err := db.QueryRowContext(n.w.ctx, draftOf, n.id, number).Scan(&state, &id)
		if errors.Is(err, sql.ErrNoRows) {
			return false, nil
		}
		shared = state == meeting.SummaryShared
		return shared || id != "", err
	})
	return id, shared, err
}

// insist is how long the leader waits before approving the draft once more.
const insist = 15 * time.Second

// share has the leader approve the draft, again if it has changed meanwhile.
func (n *network) share(number int) error {
	a := &actor{network: n, who: n.leader}
	prefix := fmt.Sprintf("shared/%s/%d/", n.id, number)
	says := func(prefix string) func(person.Seen) bool {
		return func(s person.Seen) bool {
			key, _ := s.Content[keyField].(string)
			return s.Sender == n.w.stage.Bot() && strings.HasPrefix(key, prefix)
		}
	}
	told := says(prefix)
	for {
		target, shared, err := n.draft(number)
		if err != nil {
			return err
		}
		if shared {
			_, err := n.leader.WaitFor(n.w.ctx, n.room, prefix, told)
			return err
		}
		reaction, err := a.emoji(target, approve)
		if err != nil {
			return err
		}
		n.mu.Lock()
		n.sharing[number] = reaction
		n.mu.Unlock()
		ctx, cancel := context.WithTimeout(n.w.ctx, insist)
		again := says("again/" + string(reaction) + "/")
		seen, err := n.leader.WaitFor(ctx, n.room, prefix, func(s person.Seen) bool { return told(s) || again(s) })
		cancel()
		if n.w.ctx.Err() != nil || err == nil && told(seen) {
			return n.w.ctx.Err()
		}
		if err := a.redact(reaction); err != nil {
			return err
		}
	}
}

// gate keeps replies and kills in step, so that both last the whole run.
type gate struct {
	replies, kills int

	mu      sync.Mutex
	passed  int
	killed  int
	changed chan struct{}
}

func newGate(replies, kills int) *gate {
	return &gate{replies: replies, kills: kills, changed: make(chan struct{})}
}

// lead is by how many kills either side may be ahead.
const lead = 2

// pass counts a reply and waits until the next one is due.
func (g *gate) pass(ctx context.Context) {
	g.count(&g.passed)
	g.wait(ctx, nil, func() bool {
		return g.killed >= g.kills || g.passed*g.kills <= g.replies*(g.killed+lead)
	})
}

// kill counts a kill.
func (g *gate) kill() { g.count(&g.killed) }

// dueKill waits until the next kill is due; false if over is closed first.
func (g *gate) dueKill(ctx context.Context, over <-chan struct{}) bool {
	return g.wait(ctx, over, func() bool { return g.killed*g.replies <= g.kills*g.passed+lead*g.replies })
}

func (g *gate) count(what *int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	*what++
	close(g.changed)
	g.changed = make(chan struct{})
}

// wait waits until due says so; false if over is closed or ctx ends first.
func (g *gate) wait(ctx context.Context, over <-chan struct{}, due func() bool) bool {
	for {
		g.mu.Lock()
		ok, changed := due(), g.changed
		g.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-changed:
		case <-over:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

func (g *gate) counts() (passed, killed int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.passed, g.killed
}

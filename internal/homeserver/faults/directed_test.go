//go:build faults

package faults_test

import (
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

var away = flag.Int("away", 2500, "how many replies are written while the bot is away")

// small is a world of one network whose first meeting is open, in good weather.
func small(t *testing.T, members int, patience time.Duration) (*world, *network) {
	t.Helper()
	w := newWorld(t, max(*seed, 1), 1, members, 1, patience)
	w.begin()
	n := w.nets[0]
	w.must(n.open(1))
	return w, n
}

// undisturbed is a script without kills.
func undisturbed() script {
	return script{gate: newGate(0, 0), before: func(string, *rand.Rand) error { return nil }}
}

// noted waits until 📝 is on an entry.
func (n *network) noted(e *entry) error {
	_, err := n.leader.WaitFor(n.w.ctx, n.room, "📝 on "+string(e.id()), func(s person.Seen) bool {
		return s.ID == e.id() && len(s.Reactions[receipt]) == 1
	})
	return err
}

// onePage is the most events of a room that the bot reads in one page
// (docs/homeservers.md).
const onePage = 1999

// absence is how far the bot's clock has gone on when it comes back. After a whole
// day the grace would be over within which commands count, and a note is one.
const absence = 23 * time.Hour

var gapFilled = regexp.MustCompile(`msg="filled a gap".* events=(\d+)`)

// TestAway: the bot is away for most of a day while people write, edit and delete
// far more than a sync answer can hold, and more than goes into one page if there
// are so many replies. The meeting is open when it comes back.
func TestAway(t *testing.T) {
	t.Parallel()
	w, n := small(t, 4, 20*time.Minute)
	w.must(n.talk(undisturbed(), n.everybody(1, false), 20))
	w.bot.kill()
	began := time.Now()
	w.must(n.talk(undisturbed(), n.everybody(1, false), *away))
	t.Logf("%d replies written in %s", *away, time.Since(began).Round(time.Second))
	began = time.Now()
	w.must(w.bot.setClock(absence))
	w.must(w.bot.start())
	if !w.bot.ready(w.ctx) {
		t.Fatal("the bot is not ready")
	}
	t.Logf("caught up after %s", time.Since(began).Round(time.Second))
	w.must(w.settle(10 * time.Minute))
	t.Logf("all receipts given after %s", time.Since(began).Round(time.Second))
	state, err := w.lookUp("SELECT state FROM meetings WHERE network = ? AND number = 1", n.id)
	w.must(err)
	if state != "open" {
		t.Errorf("the meeting is %q", state)
	}
	w.must(w.bot.stop(20 * time.Second))
	largest := 0
	for _, m := range gapFilled.FindAllStringSubmatch(w.bot.text(), -1) {
		events, err := strconv.Atoi(m[1])
		w.must(err)
		largest = max(largest, events)
	}
	t.Logf("the largest gap has been read with %d events", largest)
	if largest == 0 || *away > onePage && largest <= onePage {
		t.Errorf("the largest gap has been read with %d events: not in several pages", largest)
	}
	w.judge()
}

// TestPoison: an event that cannot be handled holds up its room for the first
// attempts only, and takes its own place when it can be handled at last.
func TestPoison(t *testing.T) {
	t.Parallel()
	w, n := small(t, 2, 6*time.Minute)
	w.bot.kill()
	a := n.everybody(1, false)[1]
	for range 3 {
		w.must(a.reply(meeting.SourceThread))
	}
	bad, last := n.entries[1], n.entries[2]
	poison := filepath.Join(w.bot.points, "handled-"+string(bad.id()))
	w.must(os.WriteFile(poison, []byte("panic"), 0o600))
	began := time.Now()
	w.must(w.bot.start())
	w.must(n.noted(last))
	t.Logf("the room went on after %s", time.Since(began).Round(time.Second))
	if seen, _ := n.leader.Find(n.room, bad.id()); len(seen.Reactions[receipt]) != 0 {
		t.Error("the event was handled after all")
	}
	w.must(os.Remove(poison))
	w.must(n.noted(bad))
	t.Logf("the event was handled after %s", time.Since(began).Round(time.Second))
	w.must(w.settle(time.Minute))
	w.must(w.bot.stop(20 * time.Second))
	w.judge()
}

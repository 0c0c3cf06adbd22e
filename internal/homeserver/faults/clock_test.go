//go:build faults

package faults_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The two clock changes in Sweden: an hour that the clock shows twice, and one
// that it does not show.
const (
	autumn = "2026-10-25"
	spring = "2026-03-29"
)

// slot is when the meetings of these tests open, by the clock on the wall: in
// the repeated hour, or in the missing one.
const slot = "30 2 %d %d *"

// TestClockChange: a meeting that is due in the hour of a clock change opens
// once, closes once, and people are reminded once, while the bot is killed
// before, in and after the opening and its clock is set back over it.
func TestClockChange(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, day string
		opens     string // the first moment at which the meeting is to open
		again     string // when the clock shows the slot again or later
	}{
		{"autumn", autumn, "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"},
		{"spring", spring, "2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			day, err := time.Parse(time.DateOnly, tt.day)
			opens, err2 := time.Parse(time.RFC3339, tt.opens)
			again, err3 := time.Parse(time.RFC3339, tt.again)
			if err != nil || err2 != nil || err3 != nil {
				t.Fatal(err, err2, err3)
			}
			w := newWorldWith(t, worldOptions{seed: max(*seed, 1), networks: 1, members: 1, meetings: 3, patience: 6 * time.Minute,
				lines: fmt.Sprintf("  schedule: %q\n  holidays: ignore\n  open_for: 100m", fmt.Sprintf(slot, day.Day(), day.Month()))})
			n := w.nets[0]
			w.must(w.bot.show(opens.Add(-6 * time.Hour)))
			w.begin()
			opening := w.kinds("opening", "prompt", "reminder", "closed", "draft")

			w.tickAt(opens.Add(-10 * time.Minute))
			opening("")
			// The clock reaches the slot by itself, and the bot dies in the opening.
			w.must(w.bot.arm("opening"))
			w.must(w.bot.show(opens.Add(-3 * time.Second)))
			w.awaitDeath("opening")
			opening("")
			w.must(w.bot.start())
			_, err = n.leader.WaitFor(w.ctx, n.room, "the last question", w.has(fmt.Sprintf("prompt/%s/1/%d", n.id, prompts)))
			w.must(clipped(err))
			w.tickAt(opens.Add(time.Minute))
			opening("opening 1, prompt 3")
			// Back before the slot, over it once more, and to where the clock shows it again.
			w.tickAt(opens.Add(-20 * time.Minute))
			w.tickAt(opens.Add(2 * time.Minute))
			w.tickAt(again.Add(-time.Second))
			w.tickAt(again.Add(time.Minute))
			opening("opening 1, prompt 3")
			// The reminder, and the same with it.
			w.tickAt(opens.Add(81 * time.Minute))
			w.tickAt(opens.Add(70 * time.Minute))
			w.tickAt(opens.Add(82 * time.Minute))
			opening("opening 1, prompt 3, reminder 1")
			// The end, and then far back before the beginning.
			w.must(w.bot.show(opens.Add(102 * time.Minute)))
			_, _, err = n.draft(1)
			w.must(err)
			w.tickAt(opens.Add(-30 * time.Minute))
			w.tickAt(opens.Add(103 * time.Minute))
			opening("opening 1, prompt 3, reminder 1, closed 1, draft 1")
			w.must(w.settle(30 * time.Second))
			w.must(w.bot.stop(20 * time.Second))
			w.judge()
		})
	}
}

// TestClockAhead: a meeting for which it would be too late, were the clock not
// ahead by days, opens when its time really comes.
func TestClockAhead(t *testing.T) {
	t.Parallel()
	opens := time.Date(2026, 9, 8, 15, 0, 0, 0, time.UTC) // 17:00 in Sweden
	w := newWorldWith(t, worldOptions{seed: max(*seed, 1), networks: 1, members: 1, meetings: 3, patience: 4 * time.Minute, lines: "  schedule: \"0 17 8 9 *\"\n  open_for: 100m"})
	n := w.nets[0]
	w.must(w.bot.show(opens.Add(-2 * time.Hour)))
	w.begin()
	kinds := w.kinds("opening", "missed")
	w.tickAt(opens.Add(72 * time.Hour))
	kinds("missed 1")
	w.tickAt(opens.Add(-time.Hour))
	w.must(w.bot.show(opens.Add(time.Second)))
	_, err := n.leader.WaitFor(w.ctx, n.room, "the last question", w.has(fmt.Sprintf("prompt/%s/1/%d", n.id, prompts)))
	w.must(clipped(err))
	w.tickAt(opens.Add(time.Minute))
	kinds("opening 1, missed 1")
	w.must(w.settle(30 * time.Second))
	w.must(w.bot.stop(20 * time.Second))
	w.judge()
}

// show sets the bot's clock to a time.
func (p *process) show(at time.Time) error { return p.setClock(time.Until(at)) }

// tickAt has the bot do all that is due at a time, whatever its clock shows
// before: while it runs, and after a kill.
func (w *world) tickAt(at time.Time) {
	w.t.Helper()
	w.must(w.bot.show(at))
	for range 2 { // the first of them may have begun before
		w.must(w.bot.arm("ticked"))
		w.awaitDeath("ticked")
		w.must(w.bot.start())
	}
}

// kinds returns a function that compares how many posts of each kind the bot has
// stored, written as "opening 1, prompt 3".
func (w *world) kinds(names ...string) func(want string) {
	return func(want string) {
		w.t.Helper()
		db, err := w.database()
		w.must(err)
		defer db.Close()
		var found []string
		for _, name := range names {
			var count int
			// Drafts are changed, and rooms are told of each once.
			w.must(db.QueryRowContext(w.ctx, `SELECT count(*) FROM posts WHERE key LIKE ? || '/' || ? || '/%' AND key NOT LIKE '%/staff'`,
				name, w.nets[0].id).Scan(&count))
			if count > 0 {
				found = append(found, fmt.Sprintf("%s %d", name, count))
			}
		}
		if got := strings.Join(found, ", "); got != want {
			w.t.Errorf("the bot has posted %q, want %q", got, want)
		}
	}
}

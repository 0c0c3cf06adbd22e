//go:build faults

package faults_test

import (
	"testing"
	"time"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// TestPollBegins: the bot is killed while it begins a poll, and again while it
// sends what belongs to it. The list and the poll are in the room once.
func TestPollBegins(t *testing.T) {
	t.Parallel()
	w, n := small(t, 3, 4*time.Minute)
	for _, a := range n.everybody(1, false)[1:] {
		w.must(a.reply(meeting.SourceThread))
	}
	for _, text := range []string{"!prioritera", "!prioritera lägg till Avlastning på helger", "!prioritera lägg till En kontaktperson"} {
		w.must(w.settle(time.Minute))
		_, err := n.says(text)
		w.must(err)
	}
	w.must(w.settle(time.Minute))
	points := []string{"polling", "sent"}
	for _, point := range points {
		w.must(w.bot.arm(point))
	}
	_, err := n.says("!prioritera starta")
	w.must(err)
	for _, point := range points {
		w.awaitDeath(point)
		w.must(w.bot.start())
	}
	const poll = "org.matrix.msc3381.poll.start"
	_, err = n.leader.WaitFor(w.ctx, n.room, "the poll", func(s person.Seen) bool { return s.Kind == poll })
	w.must(err)
	w.must(w.settle(time.Minute))
	w.must(w.bot.stop(20 * time.Second))
	w.judge()
	polls := 0
	for _, s := range n.leader.Timeline(n.room) {
		if s.Kind == poll {
			polls++
		}
	}
	if polls != 1 {
		t.Errorf("there are %d polls", polls)
	}
}

package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"blnbot/internal/meeting"
)

// TestFetchAnswers: answers to what was not known are fetched again when it is, in
// its room only, and a meeting of the room waits for them. Answers to what is known
// are not noted, and others not for ever. What answers a message that turns out to be
// nothing is forgotten, with what answers that.
func TestFetchAnswers(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	ctx := t.Context()
	store(t, d, raw("!a", "$known", "$answer", "$chained", "$other", "$old"))
	store(t, d, raw("!b", "$foreign"))
	want(t, drain(t, d, noon), "$known", "$answer", "$chained", "$other", "$old", "$foreign")
	note := func(room meeting.RoomID, id, target meeting.EventID, at time.Time) {
		must(t, d.Update(ctx, func(tx *Tx) error {
			return tx.StoreUnplaced(ctx, meeting.EventMeta{ID: id, Room: room, Sender: "@anna:x"}, target, at)
		}))
	}
	note("!a", "$old", "$late", noon.Add(-unplacedMemory-time.Hour))
	note("!a", "$answer", "$late", noon)
	note("!a", "$chained", "$answer", noon)
	note("!a", "$other", "$known", noon)
	note("!b", "$foreign", "$late", noon)
	fetch := func(target meeting.EventID) {
		must(t, d.Update(ctx, func(tx *Tx) error { return tx.FetchAnswers(ctx, "!a", target, noon) }))
	}
	unchecked := func(want bool) {
		t.Helper()
		must(t, d.Update(ctx, func(tx *Tx) error {
			got, err := tx.Unchecked(ctx, 1, "!a")
			if got != want {
				t.Errorf("unchecked: %t", got)
			}
			return err
		}))
	}
	must(t, d.Update(ctx, func(tx *Tx) error { return tx.DropAnswers(ctx, "$known", noon) }))
	fetch("$known")
	fetch("$never")
	unchecked(false)
	fetch("$late")
	unchecked(true)
	want(t, drain(t, d, noon), "$answer")
	unchecked(false)
	fetch("$answer")
	must(t, d.RetryInbox(ctx, "$chained", noon.Add(time.Minute)))
	unchecked(false) // it may never be fetched
	want(t, drain(t, d, noon.Add(time.Minute)), "$chained")

	for _, id := range []meeting.EventID{"$answer", "$chained"} {
		must(t, d.Update(ctx, func(tx *Tx) error { return tx.DeleteUnplaced(ctx, id) }))
	}
	note("!a", "$answer", "$nothing", noon)
	note("!a", "$chained", "$answer", noon)
	note("!a", "$other", "$elsewhere", noon)
	drop := func(id meeting.EventID, want int) {
		t.Helper()
		must(t, d.Update(ctx, func(tx *Tx) error {
			must(t, tx.DropAnswers(ctx, id, noon))
			n, err := value[int](ctx, tx, "count", "SELECT count(*) FROM unplaced WHERE room_id = '!a'")
			if n != want {
				t.Errorf("%d answers wait, want %d", n, want)
			}
			return err
		}))
	}
	drop("$answer", 3) // it waits itself
	drop("$nothing", 1)
}

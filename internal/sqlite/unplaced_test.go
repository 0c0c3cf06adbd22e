package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"blnbot/internal/meeting"
)

// TestFetchAnswers: answers to what was not known are fetched again when it is, in
// its room only, and a meeting of the room waits for them. Answers to what is known
// are not noted, and others not for ever.
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
}

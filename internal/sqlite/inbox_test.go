package sqlite

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/meeting"
)

func raw(room string, ids ...string) meeting.RoomBatch {
	b := meeting.RoomBatch{Room: meeting.RoomID(room)}
	for _, id := range ids {
		b.Events = append(b.Events, meeting.RawEvent{ID: meeting.EventID(id), Room: b.Room, Session: "session of " + id, JSON: []byte("{}")})
	}
	return b
}

// sync stores an answer.
func store(t *testing.T, d *DB, rooms ...meeting.RoomBatch) {
	t.Helper()
	must(t, d.StoreSync(t.Context(), meeting.SyncBatch{Next: "n", At: noon, Rooms: rooms}))
}

// drain handles everything that can be handled now, and tells in which order.
func drain(t *testing.T, d *DB, at time.Time, skip ...meeting.RoomID) []string {
	t.Helper()
	var out []string
	for {
		rows, err := d.NextInbox(t.Context(), at, skip, 1)
		must(t, err)
		if len(rows) == 0 {
			return out
		}
		out = append(out, string(rows[0].ID))
		must(t, d.Update(t.Context(), func(tx *Tx) error { return tx.FinishEvent(t.Context(), rows[0].ID) }))
	}
}

func want(t *testing.T, got []string, ids ...string) {
	t.Helper()
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestEventsComeInOrderAndOnce(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	store(t, d, raw("!b", "$3"), raw("!a", "$1", "$2"))
	store(t, d, raw("!a", "$2", "$4", "$1"))
	want(t, drain(t, d, noon), "$3", "$1", "$2", "$4")
	// Even after they were handled, and their content is gone.
	store(t, d, raw("!a", "$1", "$4", "$5"))
	want(t, drain(t, d, noon), "$5")
	var content int
	must(t, d.db.QueryRow("SELECT count(*) FROM inbox WHERE raw IS NOT NULL").Scan(&content))
	if content != 0 {
		t.Errorf("%d handled events still have their content", content)
	}
}

func TestGapHoldsUpItsRoomOnly(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	store(t, d, raw("!a", "$before"))
	limited := raw("!a", "$after")
	limited.Limited, limited.PrevBatch = true, "p"
	store(t, d, limited, raw("!b", "$other"))
	store(t, d, raw("!a", "$last"))
	gaps, err := d.OpenGaps(t.Context(), noon)
	must(t, err)
	if len(gaps) != 1 || gaps[0].Room != "!a" || gaps[0].PrevBatch != "p" {
		t.Fatalf("gaps: %+v", gaps)
	}
	// What came before the gap waits too: it can be told apart only when the gap is filled.
	got := drain(t, d, noon)
	want(t, got, "$other")
	must(t, d.RetryGap(t.Context(), gaps[0], noon.Add(time.Minute)))
	if again, err := d.OpenGaps(t.Context(), noon); err != nil || len(again) != 0 {
		t.Errorf("a parked gap is due: %+v, %v", again, err)
	}
	want(t, drain(t, d, noon))
	fill := raw("!a", "$before", "$g1", "$g2", "$g3").Events
	must(t, d.FillGap(t.Context(), gaps[0], fill, noon))
	want(t, drain(t, d, noon), "$before", "$g1", "$g2", "$g3", "$after", "$last")
}

// An event that fails again and again holds up its room for its first attempts,
// also across a restart, and then no longer.
func TestFailingEventLetsItsRoomGoOn(t *testing.T) {
	if heldAttempts != strconv.Itoa(meeting.HeldAttempts) {
		t.Fatalf("SQL says %s", heldAttempts)
	}
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	store(t, d, raw("!a", "$bad", "$good"))
	for n := range meeting.HeldAttempts + 1 {
		if n > 0 {
			want(t, drain(t, d, noon))
		}
		must(t, d.RetryInbox(t.Context(), "$bad", noon.Add(time.Hour)))
	}
	want(t, drain(t, d, noon), "$good")
	want(t, drain(t, d, noon.Add(time.Hour)), "$bad")
}

// A meeting waits, before it closes, for an event that has failed a few times. One
// that has failed for longer, or that was given up, counts as missing in minutes of
// the time when it came, until it could be handled.
func TestLostEvents(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	store(t, d, raw("!a", "$bad"))
	is := func(wantWaits bool, wantLost int) {
		t.Helper()
		must(t, d.Update(t.Context(), func(tx *Tx) error {
			waits, err := tx.Unchecked(t.Context(), 1, "!a")
			must(t, err)
			lost, err := tx.LostEvents(t.Context(), "!a", noon, time.Time{})
			must(t, err)
			before, err := tx.LostEvents(t.Context(), "!a", noon.Add(-2*time.Hour), noon.Add(-time.Hour))
			must(t, err)
			elsewhere, err := tx.LostEvents(t.Context(), "!b", noon, time.Time{})
			if waits != wantWaits || lost != wantLost || before != 0 || elsewhere != 0 {
				t.Errorf("waits: %v, lost: %d, before: %d, in another room: %d; want %v, %d, 0, 0", waits, lost, before, elsewhere, wantWaits, wantLost)
			}
			return err
		}))
	}
	is(true, 0)
	for range meeting.HeldAttempts {
		must(t, d.RetryInbox(t.Context(), "$bad", noon.Add(time.Hour)))
		is(true, 0)
	}
	must(t, d.RetryInbox(t.Context(), "$bad", noon.Add(time.Hour)))
	is(false, 1)
	must(t, d.BuryInbox(t.Context(), "$bad"))
	store(t, d, raw("!a", "$unreadable"))
	must(t, d.Update(t.Context(), func(tx *Tx) error { return tx.ToldUnreadable(t.Context(), "$unreadable") }))
	must(t, d.BuryInbox(t.Context(), "$unreadable"))
	is(false, 1)
	must(t, d.Update(t.Context(), func(tx *Tx) error { return tx.FinishEvent(t.Context(), "$bad") }))
	is(false, 0)
}

// Two gaps in a room are filled by one reading: what lies in the second one
// keeps its place between the answers that reported them. The second waits while
// the first is parked after a failure.
func TestGapsOfOneRoomKeepTheirOrder(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	store(t, d, raw("!a", "$1"))
	for _, events := range [][]string{{"$4", "$5"}, {"$8", "$9"}} {
		limited := raw("!a", events...)
		limited.Limited, limited.PrevBatch = true, "p"
		store(t, d, limited)
	}
	all := raw("!a", "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10").Events
	failed := false
	for now := noon; ; now = now.Add(time.Minute) {
		gaps, err := d.OpenGaps(t.Context(), now)
		must(t, err)
		if len(gaps) == 0 && now.After(noon.Add(time.Hour)) {
			break
		}
		for _, gap := range gaps {
			if !failed {
				failed = true
				must(t, d.RetryGap(t.Context(), gap, now.Add(10*time.Minute)))
				continue
			}
			must(t, d.FillGap(t.Context(), gap, all, now))
		}
	}
	want(t, drain(t, d, noon), "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10")
}

// TestGapPlacesWhatSyncPassedOver: the reading of a gap also finds what an earlier
// answer passed over. That has its place after what precedes it, though an event
// that came late stands among them; the gap's own stays before its answer.
func TestGapPlacesWhatSyncPassedOver(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	store(t, d, raw("!a", "$1"))
	store(t, d, raw("!a", "$4", "$5"))
	limited := raw("!a", "$8")
	limited.Limited, limited.PrevBatch = true, "p"
	store(t, d, limited)
	store(t, d, raw("!a", "$late", "$9"))
	gaps, err := d.OpenGaps(t.Context(), noon)
	must(t, err)
	read := raw("!a", "$1", "$2", "$late", "$3", "$4", "$5", "$6", "$7", "$8", "$9").Events
	must(t, d.FillGap(t.Context(), gaps[0], read, noon))
	want(t, drain(t, d, noon), "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$late", "$9")
}

func TestLostGapLetsTheRoomGoOnAndIsCounted(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	limited := raw("!a", "$after")
	limited.Limited, limited.PrevBatch = true, "p"
	store(t, d, limited)
	gaps, err := d.OpenGaps(t.Context(), noon)
	must(t, err)
	must(t, d.LoseGap(t.Context(), gaps[0], noon.Add(time.Hour)))
	want(t, drain(t, d, noon), "$after")
	for _, tt := range []struct {
		from, to time.Time
		want     int
	}{
		{noon, time.Time{}, 1},
		{noon.Add(-time.Hour), noon.Add(time.Minute), 1},
		{noon.Add(time.Millisecond), time.Time{}, 0},
		{noon.Add(-time.Hour), noon.Add(-time.Minute), 0},
	} {
		must(t, d.Update(t.Context(), func(tx *Tx) error {
			n, err := tx.LostGaps(t.Context(), "!a", tt.from, tt.to)
			if n != tt.want {
				t.Errorf("%s to %s: %d gaps, want %d", tt.from, tt.to, n, tt.want)
			}
			return err
		}))
	}
}

func TestParkedEventHoldsUpItsRoom(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	store(t, d, raw("!a", "$1", "$2", "$3"), raw("!b", "$4"))
	must(t, d.RetryInbox(t.Context(), "$2", noon.Add(time.Minute)))
	want(t, drain(t, d, noon), "$1", "$4")
	want(t, drain(t, d, noon.Add(time.Minute)), "$2", "$3")
}

func TestSkippedRooms(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	store(t, d, raw("!a", "$1"), raw("!b", "$2"))
	want(t, drain(t, d, noon, "!a"), "$2")
	want(t, drain(t, d, noon), "$1")
}

func TestBuriedEventsDoNotBlock(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	store(t, d, raw("!a", "$1", "$2"))
	must(t, d.BuryInbox(t.Context(), "$1"))
	want(t, drain(t, d, noon), "$2")
	store(t, d, raw("!a", "$1"))
	want(t, drain(t, d, noon))
}

// What waits for a key lets its room go on; the key brings all of its session,
// in order, and nothing of another one.
func TestKeysBringWhatWaited(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	b := raw("!a", "$1", "$2", "$3", "$4")
	b.Events[0].Session, b.Events[2].Session = "s", "s"
	store(t, d, b)
	for _, id := range []meeting.EventID{"$1", "$2", "$3"} {
		must(t, d.WaitForKey(t.Context(), id, noon.Add(time.Hour)))
	}
	want(t, drain(t, d, noon), "$4")
	must(t, d.KeyArrived(t.Context(), "another"))
	want(t, drain(t, d, noon))
	must(t, d.KeyArrived(t.Context(), "s"))
	want(t, drain(t, d, noon), "$1", "$3")
	// Without its key a row is looked at again when its time comes.
	want(t, drain(t, d, noon.Add(time.Hour)), "$2")
	// A key for what is done already changes nothing.
	must(t, d.KeyArrived(t.Context(), "s"))
	must(t, d.WaitForKey(t.Context(), "$1", noon))
	want(t, drain(t, d, noon.Add(time.Hour)))
}

func TestFetchAgain(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	store(t, d, raw("!a", "$1", "$2"))
	want(t, drain(t, d, noon), "$1", "$2")
	for _, tt := range []struct {
		room meeting.RoomID
		id   meeting.EventID
		want bool
	}{{"!a", "$1", true}, {"!b", "$2", false}, {"!a", "$never", false}} {
		must(t, d.Update(t.Context(), func(tx *Tx) error {
			ok, err := tx.FetchEvent(t.Context(), tt.room, tt.id, noon)
			if ok != tt.want {
				t.Errorf("fetch %s in %s: %t", tt.id, tt.room, ok)
			}
			return err
		}))
	}
	rows, err := d.NextInbox(t.Context(), noon, nil, 10)
	must(t, err)
	if len(rows) != 1 || rows[0].ID != "$1" || rows[0].State != meeting.InboxFetch || len(rows[0].JSON) != 0 {
		t.Errorf("got %+v", rows)
	}
}

// The answer to a sync and its token are one: a token is never stored without
// its events.
func TestTokenComesWithItsEvents(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	store(t, d, raw("!a", "$1"))
	_, err := d.db.Exec("CREATE TRIGGER t BEFORE INSERT ON inbox BEGIN SELECT raise(ABORT, 'disk'); END")
	must(t, err)
	err = d.StoreSync(t.Context(), meeting.SyncBatch{Next: "later", At: noon, Rooms: []meeting.RoomBatch{raw("!a", "$2")}})
	if err == nil {
		t.Fatal("the answer was stored")
	}
	if token, err := d.SyncToken(t.Context()); err != nil || token != "n" {
		t.Errorf("token %q, %v", token, err)
	}
}

func TestEncryptionIsSticky(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	b := raw("!a", "$1")
	b.Encrypted = true
	store(t, d, b)
	store(t, d, raw("!a", "$2"))
	must(t, d.Update(t.Context(), func(tx *Tx) error { return tx.SetGone(t.Context(), "!a", true) }))
	must(t, d.Update(t.Context(), func(tx *Tx) error { return tx.SetGone(t.Context(), "!a", false) }))
	if is, err := d.Encrypted(t.Context(), "!a"); err != nil || !is {
		t.Errorf("encrypted: %t, %v", is, err)
	}
}

func TestNextRowIsFoundByIndexes(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	b := raw("!a")
	for i := range 5000 {
		b.Events = append(b.Events, meeting.RawEvent{ID: meeting.EventID(fmt.Sprintf("$%d", i)), Room: "!a", JSON: []byte("{}")})
	}
	store(t, d, b)
	must(t, d.RetryInbox(t.Context(), "$0", noon.Add(time.Hour)))
	plan := planOf(t, d, nextNew, stamp(noon), "[]", 100)
	if !contains(plan, "inbox_new") || !contains(plan, "inbox_parked") || contains(plan, "TEMP B-TREE") {
		t.Errorf("the next row is not found by the indexes:\n%s", plan)
	}
}

// planOf is how SQLite runs a query.
func planOf(t *testing.T, d *DB, query string, args ...any) (plan string) {
	t.Helper()
	rows, err := d.db.Query("EXPLAIN QUERY PLAN "+query, args...)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		must(t, rows.Scan(&id, &parent, &unused, &detail))
		plan += detail + "\n"
	}
	must(t, rows.Err())
	return plan
}

func TestNextPostIsFoundByIndexes(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	plan := planOf(t, d, nextPosts, stamp(noon), "[]", 8)
	if !contains(plan, "posts_next (next_at=?)") || !contains(plan, "posts_next (next_at<?)") || contains(plan, "SCAN p") || contains(plan, "TEMP B-TREE") {
		t.Errorf("the next post is not found by the indexes:\n%s", plan)
	}
}

// TestLimitIsNotPlannedAnew: SQLite makes use of the value of LIMIT ?, and parses
// the query anew each time it is run.
func TestLimitIsNotPlannedAnew(t *testing.T) {
	for _, query := range []string{nextNew, nextWaiting, nextPosts} {
		if regexp.MustCompile(`LIMIT \?\d*\s*(\)|$|OFFSET)`).MatchString(query) {
			t.Errorf("a limit that is only a variable:\n%s", query)
		}
	}
}

// TestDirectRoomIsOneUsers: a room becomes nobody's direct room that is another
// user's or a network's, whoever says so; a user can have another one.
func TestDirectRoomIsOneUsers(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	ctx := t.Context()
	must(t, d.Update(ctx, func(tx *Tx) error { return tx.Bind(ctx, "network:vasteras", "!network") }))
	for _, step := range []struct{ user, room, anna, mallory meeting.RoomID }{
		{"@anna:x", "!one", "!one", ""},
		{"@mallory:x", "!one", "!one", ""},
		{"@mallory:x", "!two", "!one", "!two"},
		{"@mallory:x", "!one", "!one", "!two"},
		{"@mallory:x", "!network", "!one", "!two"},
		{"@anna:x", "!three", "!three", "!two"},
	} {
		must(t, d.SetDirectRoom(ctx, meeting.UserID(step.user), step.room))
		for user, want := range map[meeting.UserID]meeting.RoomID{"@anna:x": step.anna, "@mallory:x": step.mallory} {
			if got, err := d.DirectRoom(ctx, user); err != nil || got != want {
				t.Errorf("%v: %s has %q, %v", step, user, got, err)
			}
		}
	}
}

// TestVanishedEventsAreKnown: what must leave no trace, such as a vote, is not
// missed when a room is compared with the server.
func TestVanishedEventsAreKnown(t *testing.T) {
	ctx := t.Context()
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	store(t, d, raw("!a", "$vote", "$reply"))
	must(t, d.Update(ctx, func(tx *Tx) error { return tx.VanishEvent(ctx, "$vote") }))
	known, err := d.KnownEvents(ctx, []meeting.EventID{"$vote", "$reply", "$new"})
	must(t, err)
	if !known["$vote"] || !known["$reply"] || known["$new"] {
		t.Errorf("known: %v", known)
	}
}

// A meeting waits, before it closes, for what is to be fetched, but not for a
// server that does not give it.
func TestUncheckedWhileFetching(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	must(t, receive(t.Context(), d, "one", "{}"))
	unchecked := func(want bool) {
		t.Helper()
		must(t, d.Update(t.Context(), func(tx *Tx) error {
			got, err := tx.Unchecked(t.Context(), 1, "!room")
			if got != want {
				t.Errorf("the meeting waits: %v, want %v", got, want)
			}
			return err
		}))
	}
	unchecked(true)
	must(t, d.Update(t.Context(), func(tx *Tx) error { return tx.FinishEvent(t.Context(), "$one") }))
	unchecked(false)
	must(t, d.Update(t.Context(), func(tx *Tx) error {
		_, err := tx.FetchEvent(t.Context(), "!room", "$one", noon)
		return err
	}))
	unchecked(true)
	must(t, d.RetryInbox(t.Context(), "$one", noon.Add(time.Minute)))
	unchecked(false)
}

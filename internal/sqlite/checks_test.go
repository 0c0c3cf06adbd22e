package sqlite

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/meeting"
)

// TestCheckPlacesWhatItFinds: what a check of a room finds has its place after
// what comes before it there.
func TestCheckPlacesWhatItFinds(t *testing.T) {
	ctx := t.Context()
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	store(t, d, raw("!a", "$root", "$1", "$3"))
	store(t, d, raw("!a", "$4"))
	read := raw("!a", "$root", "$1", "$2", "$3", "$4", "$5").Events
	must(t, d.FinishCheck(ctx, meeting.Check{ID: 1, Room: "!a", Root: "$root", Whole: true}, read, noon))
	store(t, d, raw("!a", "$6", "$2"))
	want(t, drain(t, d, noon), "$root", "$1", "$2", "$3", "$4", "$5", "$6")
}

// TestThreadsWaitForTheirRoom: a thread is compared when its room has been, or
// cannot be: only the room's reading shows where what sync passed over belongs.
func TestThreadsWaitForTheirRoom(t *testing.T) {
	ctx := t.Context()
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	var id int64
	must(t, d.Update(ctx, func(tx *Tx) error {
		m := &meeting.Meeting{Network: "vasteras", Programme: "p", Number: 1, Of: 1, State: meeting.StateOpen, Closing: true}
		err := tx.StoreMeeting(ctx, m)
		id = m.ID
		return err
	}))
	ask := func(room meeting.RoomID, root meeting.EventID, whole bool) {
		must(t, d.Update(ctx, func(tx *Tx) error {
			return tx.StoreCheck(ctx, meeting.Check{Meeting: id, Room: room, Root: root, Whole: whole, Since: noon})
		}))
	}
	expect := func(now time.Time, want ...string) []meeting.Check {
		t.Helper()
		checks, err := d.OpenChecks(ctx, now)
		must(t, err)
		var got []string
		for _, c := range checks {
			got = append(got, fmt.Sprintf("%s %s %d %t", c.Room, c.Root, c.Meeting, c.Whole))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("checks (-want +got):\n%s", diff)
		}
		return checks
	}
	store(t, d, raw("!z", "$z"), raw("!a", "$root", "$y"), raw("!b", "$other"))
	must(t, d.LookBack(ctx, noon))
	ask("!a", "$root", false)
	ask("!a", "$root", true)
	ask("!a", "$second", false)
	ask("!b", "$third", false)

	first := expect(noon, "!a $root 1 true", "!a $root 0 true", "!b $other 0 true", "!z $z 0 true")
	must(t, d.RetryCheck(ctx, first[0], noon.Add(time.Minute))) // parked, it still comes first
	must(t, d.FinishCheck(ctx, first[2], nil, noon))
	expect(noon, "!b $third 1 false", "!a $root 0 true", "!z $z 0 true")
	must(t, d.FinishCheck(ctx, first[1], nil, noon))
	expect(noon, "!b $third 1 false", "!z $z 0 true")
	must(t, d.FinishCheck(ctx, first[0], raw("!a", "$root", "$u", "$y").Events, noon))
	expect(noon, "!a $root 1 false", "!a $second 1 false", "!b $third 1 false", "!z $z 0 true")
	want(t, drain(t, d, noon, "!z", "!b"), "$root", "$u", "$y")

	// What cannot be compared holds up nothing.
	store(t, d, raw("!c", "$c"))
	ask("!c", "$c", false)
	ask("!c", "$c", true)
	lost := expect(noon, "!a $root 1 false", "!a $second 1 false", "!b $third 1 false", "!c $c 1 true", "!z $z 0 true")
	must(t, d.LoseCheck(ctx, lost[3]))
	expect(noon, "!a $root 1 false", "!a $second 1 false", "!b $third 1 false", "!c $c 1 false", "!z $z 0 true")
}

// TestLookBack: after an outage each room is compared from an event on that came
// ten minutes before the last answer; one with a gap by whoever fills the gap.
func TestLookBack(t *testing.T) {
	ctx := t.Context()
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	must(t, d.LookBack(ctx, noon)) // nothing is known yet
	answer := func(after time.Duration, rooms ...meeting.RoomBatch) {
		must(t, d.StoreSync(ctx, meeting.SyncBatch{Next: "n", At: noon.Add(after), Rooms: rooms}))
	}
	var later time.Duration
	asked := func() map[meeting.RoomID]meeting.EventID {
		later += time.Second
		must(t, d.LookBack(ctx, noon.Add(time.Hour+later)))
		checks, err := d.OpenChecks(ctx, noon.Add(2*time.Hour))
		must(t, err)
		roots := map[meeting.RoomID]meeting.EventID{}
		for _, c := range checks {
			if !c.Whole || c.Meeting != 0 || c.Attempts != 0 {
				t.Errorf("a strange check: %+v", c)
			}
			roots[c.Room] = c.Root
		}
		return roots
	}
	expect := func(want map[meeting.RoomID]meeting.EventID) {
		t.Helper()
		if diff := cmp.Diff(want, asked()); diff != "" {
			t.Errorf("checks (-want +got):\n%s", diff)
		}
	}
	answer(0, raw("!a", "$a1"), raw("!b", "$b1"))
	answer(time.Minute, raw("!a", "$a2"))
	answer(8*time.Minute, raw("!a", "$a3"), raw("!c", "$c1", "$c2"))
	answer(12*time.Minute, raw("!c", "$c3"))
	expect(map[meeting.RoomID]meeting.EventID{"!a": "$a2", "!b": "$b1", "!c": "$c1"})

	// What is asked for again before it is done begins where it began.
	answer(30*time.Minute, raw("!a", "$a4"))
	checks, err := d.OpenChecks(ctx, noon.Add(2*time.Hour))
	must(t, err)
	expect(map[meeting.RoomID]meeting.EventID{"!a": "$a2", "!b": "$b1", "!c": "$c1"})
	for _, c := range checks { // as they were before
		must(t, d.FinishCheck(ctx, c, nil, noon))
	}
	again, err := d.OpenChecks(ctx, noon.Add(2*time.Hour))
	must(t, err)
	if len(again) != 3 {
		t.Errorf("what was asked for meanwhile is done: %+v", again)
	}
	for _, c := range again {
		must(t, d.FinishCheck(ctx, c, nil, noon))
	}
	limited := raw("!b", "$b9")
	limited.Limited = true
	answer(40*time.Minute, limited)
	expect(map[meeting.RoomID]meeting.EventID{"!a": "$a4", "!c": "$c3"})
	gaps, err := d.OpenGaps(ctx, noon)
	must(t, err)
	must(t, d.FillGap(ctx, gaps[0], nil, noon))
	after, err := d.OpenChecks(ctx, noon.Add(2*time.Hour))
	must(t, err)
	if len(after) != 2 {
		t.Errorf("the room with the gap is compared once more: %+v", after)
	}
}

// TestLookBackFromOlderEvents: the last five events that came before the time will do.
func TestLookBackFromOlderEvents(t *testing.T) {
	ctx := t.Context()
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	must(t, d.StoreSync(ctx, meeting.SyncBatch{Next: "n", At: noon, Rooms: []meeting.RoomBatch{raw("!a", "$1", "$2", "$3"), raw("!b", "$b")}}))
	must(t, d.StoreSync(ctx, meeting.SyncBatch{Next: "n", At: noon.Add(time.Minute), Rooms: []meeting.RoomBatch{raw("!a", "$4", "$5", "$6")}}))
	must(t, d.StoreSync(ctx, meeting.SyncBatch{Next: "n", At: noon.Add(time.Hour), Rooms: []meeting.RoomBatch{raw("!a", "$7")}}))
	must(t, d.LookBack(ctx, noon.Add(2*time.Hour)))
	checks, err := d.OpenChecks(ctx, noon.Add(2*time.Hour))
	must(t, err)
	got := map[meeting.RoomID][]meeting.EventID{}
	for _, c := range checks {
		got[c.Room] = append([]meeting.EventID{c.Root}, c.Older...)
	}
	if diff := cmp.Diff(map[meeting.RoomID][]meeting.EventID{"!a": {"$6", "$5", "$4", "$3", "$2"}, "!b": {"$b"}}, got); diff != "" {
		t.Errorf("roots (-want +got):\n%s", diff)
	}
}

// TestLookBackInQuietRooms: where nothing came for months a room is compared from
// the last that came before them, however busy the others were.
func TestLookBackInQuietRooms(t *testing.T) {
	ctx := t.Context()
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	const day = 24 * time.Hour
	answer := func(after time.Duration, rooms ...meeting.RoomBatch) {
		must(t, d.StoreSync(ctx, meeting.SyncBatch{Next: "n", At: noon.Add(after), Rooms: rooms}))
	}
	answer(0, raw("!quiet", "$q1", "$q2"), raw("!busy", "$b"))
	answer(time.Hour, raw("!quiet", "$q3"))
	for n := range 200 {
		answer(time.Duration(n+1)*day, raw("!busy", fmt.Sprint("$b", n)))
	}
	must(t, d.LookBack(ctx, noon.Add(201*day)))
	checks, err := d.OpenChecks(ctx, noon.Add(201*day))
	must(t, err)
	roots := map[meeting.RoomID]meeting.EventID{}
	for _, c := range checks {
		roots[c.Room] = c.Root
		if c.Room == "!quiet" { // what is found there comes after what is known
			must(t, d.FinishCheck(ctx, c, raw("!quiet", "$q3", "$q4", "$q5").Events, noon.Add(201*day)))
		}
	}
	if diff := cmp.Diff(map[meeting.RoomID]meeting.EventID{"!quiet": "$q3", "!busy": "$b198"}, roots); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	want(t, drain(t, d, noon.Add(201*day), "!busy"), "$q1", "$q2", "$q3", "$q4", "$q5")
}

// TestLookBackWhileOneIsAnswered: what reads a room before it is to be compared
// once more, at the same time by a clock that was set back, does not end that.
func TestLookBackWhileOneIsAnswered(t *testing.T) {
	ctx := t.Context()
	limited := raw("!a", "$2")
	limited.Limited, limited.PrevBatch = true, "p"
	check := func(t *testing.T, d *DB) meeting.Check {
		checks, err := d.OpenChecks(ctx, noon)
		must(t, err)
		if len(checks) != 1 {
			t.Fatalf("checks: %+v", checks)
		}
		return checks[0]
	}
	gap := func(t *testing.T, d *DB) meeting.Gap {
		store(t, d, limited)
		gaps, err := d.OpenGaps(ctx, noon)
		must(t, err)
		return gaps[0]
	}
	tests := map[string]func(t *testing.T, d *DB) (answer func() error){
		"a gap is filled, nothing was asked before": func(t *testing.T, d *DB) func() error {
			g := gap(t, d)
			return func() error { return d.FillGap(ctx, g, events("$1 $2"), noon) }
		},
		"a gap is filled": func(t *testing.T, d *DB) func() error {
			must(t, d.LookBack(ctx, noon))
			g := gap(t, d)
			return func() error { return d.FillGap(ctx, g, events("$1 $2"), noon) }
		},
		"a gap is filled, what was asked before is done": func(t *testing.T, d *DB) func() error {
			must(t, d.LookBack(ctx, noon))
			must(t, d.FinishCheck(ctx, check(t, d), nil, noon))
			g := gap(t, d)
			return func() error { return d.FillGap(ctx, g, events("$1 $2"), noon) }
		},
		"a check is done": func(t *testing.T, d *DB) func() error {
			must(t, d.LookBack(ctx, noon))
			c := check(t, d)
			return func() error { return d.FinishCheck(ctx, c, nil, noon) }
		},
		"a check has failed": func(t *testing.T, d *DB) func() error {
			must(t, d.LookBack(ctx, noon))
			c := check(t, d)
			return func() error { return d.RetryCheck(ctx, c, noon.Add(time.Hour)) }
		},
		"a check is lost": func(t *testing.T, d *DB) func() error {
			must(t, d.LookBack(ctx, noon))
			c := check(t, d)
			return func() error { return d.LoseCheck(ctx, c) }
		},
	}
	for name, begin := range tests {
		t.Run(name, func(t *testing.T) {
			d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
			store(t, d, raw("!a", "$1"))
			answer := begin(t, d)
			must(t, d.LookBack(ctx, noon))
			must(t, answer())
			if c := check(t, d); c.Attempts != 0 {
				t.Errorf("the new one is %+v", c)
			}
		})
	}
}

func TestRefusalsInARow(t *testing.T) {
	ctx := t.Context()
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	limited := raw("!a", "$1")
	limited.Limited = true
	store(t, d, raw("!b", "$2"), limited)
	must(t, d.LookBack(ctx, noon))
	for n, refused := range []bool{false, true, true, false, true} {
		now := noon.Add(time.Duration(n) * time.Minute)
		gaps, err := d.OpenGaps(ctx, now)
		must(t, err)
		checks, err := d.OpenChecks(ctx, now)
		must(t, err)
		g, c := gaps[0], checks[0]
		if want := []int{0, 0, 1, 2, 0}[n]; g.Refusals != want || c.Refusals != want || g.Attempts != n || c.Attempts != n {
			t.Errorf("after %d attempts: %+v, %+v", n, g, c)
		}
		if g.Refusals++; !refused {
			g.Refusals = 0
		}
		c.Refusals = g.Refusals
		must(t, d.RetryGap(ctx, g, now.Add(time.Minute)))
		must(t, d.RetryCheck(ctx, c, now.Add(time.Minute)))
	}
	must(t, d.LookBack(ctx, noon))
	checks, err := d.OpenChecks(ctx, noon)
	must(t, err)
	if c := checks[0]; c.Refusals != 0 || c.Attempts != 0 {
		t.Errorf("asked anew: %+v", c)
	}
}

// TestChecksWaitForGaps: what is missing from a thread may be in a gap, which alone
// shows its place.
func TestChecksWaitForGaps(t *testing.T) {
	ctx := t.Context()
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	limited := raw("!a", "$2")
	limited.Limited, limited.PrevBatch = true, "p"
	store(t, d, raw("!a", "$1"))
	store(t, d, limited)
	must(t, d.Update(ctx, func(tx *Tx) error {
		m := &meeting.Meeting{Network: "vasteras", Number: 1, State: meeting.StateOpen}
		must(t, tx.StoreMeeting(ctx, m))
		return tx.StoreCheck(ctx, meeting.Check{Meeting: m.ID, Room: "!a", Root: "$1", Since: noon})
	}))
	listed := func(want int) {
		t.Helper()
		checks, err := d.OpenChecks(ctx, noon)
		must(t, err)
		if len(checks) != want {
			t.Errorf("checks: %+v", checks)
		}
	}
	listed(0)
	gaps, err := d.OpenGaps(ctx, noon)
	must(t, err)
	must(t, d.LoseGap(ctx, gaps[0], noon))
	listed(1)
}

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/meeting"
)

func TestHealth(t *testing.T) {
	ctx := t.Context()
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	h, err := d.Health(ctx, noon)
	must(t, err)
	if h.Size <= 0 {
		t.Errorf("size %d", h.Size)
	}
	h.Size = 0
	empty := Health{Inbox: map[meeting.InboxState]int{}, Posts: map[meeting.PostState]int{}, Meetings: map[meeting.State]int{}, Entries: map[meeting.EntryState]int{}}
	if diff := cmp.Diff(empty, h); diff != "" {
		t.Errorf("empty (-want +got):\n%s", diff)
	}
	for _, token := range []string{"a", "b", "c", "d", "e"} {
		must(t, receive(ctx, d, token, "text"))
	}
	must(t, d.WaitForKey(ctx, "$a", noon.Add(time.Hour)))
	must(t, d.BuryInbox(ctx, "$b"))
	must(t, d.StoreSync(ctx, meeting.SyncBatch{Next: "f", At: noon.Add(time.Second), Rooms: []meeting.RoomBatch{
		{Room: "!gap", Limited: true, Events: []meeting.RawEvent{{ID: "$g", Room: "!gap", JSON: []byte("text")}}}, {Room: "!lost", Limited: true},
	}}))
	gaps, err := d.OpenGaps(ctx, noon)
	must(t, err)
	must(t, d.LoseGap(ctx, gaps[1], noon))
	must(t, d.Update(ctx, func(tx *Tx) error {
		must(t, tx.FinishEvent(ctx, "$c"))
		for i, key := range []string{"sent", "older", "newer", "failed"} {
			_, err := tx.StorePost(ctx, meeting.Post{Key: key, Room: "!room", Kind: meeting.PostText}, noon.Add(time.Duration(i)*time.Minute))
			must(t, err)
		}
		must(t, tx.FailPost(ctx, "failed"))
		for n, state := range []meeting.State{meeting.StateShared, meeting.StateOpen} {
			m := meeting.Meeting{Network: "n", Number: n + 1, State: state}
			must(t, tx.StoreMeeting(ctx, &m))
			must(t, tx.StoreEntry(ctx, meeting.Entry{ID: meeting.EventID(fmt.Sprint("$", n)), Meeting: m.ID, State: meeting.EntryActive, Body: "text", SentAt: noon}))
		}
		return nil
	}))
	must(t, d.MarkSent(ctx, "sent", "!room", "$sent", noon))
	h, err = d.Health(ctx, noon)
	must(t, err)
	h.Size = 0
	want := Health{Synced: noon.Add(time.Second), Next: "$d", Oldest: noon.Add(time.Minute), OpenGaps: 1, LostGaps: 1,
		Inbox:    map[meeting.InboxState]int{"new": 3, "wait_key": 1, "dead": 1},
		Posts:    map[meeting.PostState]int{"pending": 2, "failed": 1},
		Meetings: map[meeting.State]int{"shared": 1, "open": 1}, Entries: map[meeting.EntryState]int{"active": 2}}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	must(t, d.Probe(ctx))
	must(t, d.Close())
	again := open(t, d.path)
	var version int
	must(t, again.db.QueryRow("PRAGMA user_version").Scan(&version))
	if version == 0 {
		t.Error("the probe changed the version")
	}
}

// TestFileFaults: whatever is wrong with the file, nothing is stored by half,
// and what was refused is stored once the fault is gone.
func TestFileFaults(t *testing.T) {
	pragma := func(text string) func(*testing.T, *DB) func() {
		return func(t *testing.T, d *DB) func() {
			t.Helper()
			parts := strings.Split(text, ";")
			_, err := d.db.Exec("PRAGMA " + parts[0])
			must(t, err)
			return func() {
				_, err := d.db.Exec("PRAGMA " + parts[1])
				must(t, err)
			}
		}
	}
	tests := []struct {
		name string
		want error
		set  func(*testing.T, *DB) (mend func())
	}{
		{"full", ErrFull, pragma("max_page_count = 1; max_page_count = 1000000")},
		{"read-only", ErrReadOnly, pragma("query_only = 1; query_only = 0")},
		{"locked", ErrLocked, func(t *testing.T, d *DB) func() {
			t.Helper()
			_, err := d.db.Exec("PRAGMA busy_timeout = 1")
			must(t, err)
			other, err := Connect(context.Background(), d.path)
			must(t, err)
			tx, err := other.Begin()
			must(t, err)
			return func() {
				must(t, tx.Rollback())
				must(t, other.Close())
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx := t.Context()
			d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
			must(t, receive(ctx, d, "before", "text"))
			mend := tt.set(t, d)
			big := strings.Repeat("x", 1<<20)
			if err := receive(ctx, d, "during", big); Fault(err) != tt.want {
				t.Errorf("got %v", err)
			}
			if err := d.Probe(ctx); tt.want != ErrFull && Fault(err) != tt.want {
				t.Errorf("the probe says %v", err)
			}
			mend()
			must(t, d.Probe(ctx))
			if token, err := d.SyncToken(ctx); token != "before" || err != nil {
				t.Errorf("the token moved: %q, %v", token, err)
			}
			must(t, receive(ctx, d, "during", big))
			h, err := d.Health(ctx, noon)
			must(t, err)
			if h.Inbox[meeting.InboxNew] != 2 {
				t.Errorf("%d events", h.Inbox[meeting.InboxNew])
			}
		})
	}
}

func TestFault(t *testing.T) {
	for err, want := range map[error]error{
		nil:                       nil,
		errors.New("else"):        nil,
		context.Canceled:          nil,
		syscall.ENOSPC:            ErrFull,
		syscall.EDQUOT:            ErrFull,
		ErrDamaged:                ErrDamaged,
		errors.Join(ErrNewer):     nil,
		fmt.Errorf("%w", ErrFull): ErrFull,
	} {
		if got := Fault(err); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}

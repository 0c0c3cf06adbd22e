package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"blnbot/internal/meeting"
)

// TestClockSetBack: what waits for a time that the clock has been set back from
// is tried at once; what waits for a time that is near goes on waiting.
func TestClockSetBack(t *testing.T) {
	for name, back := range map[string]time.Duration{"set back": 5 * time.Hour, "as it was": 0} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
			limited := raw("!gap")
			limited.Limited = true
			store(t, d, raw("!a", "$held", "$behind"), raw("!b", "$key"), limited)
			must(t, d.StoreSync(ctx, meeting.SyncBatch{Next: "n", At: noon, Invites: []meeting.Invite{{Room: "!new", Inviter: "@lena:x", At: noon}}}))
			must(t, d.Update(ctx, func(tx *Tx) error {
				_, err := tx.StorePost(ctx, meeting.Post{Key: "post", Room: "!a", Kind: meeting.PostText}, noon)
				return err
			}))
			soon := noon.Add(10 * time.Minute)
			gaps, err := d.OpenGaps(ctx, noon)
			must(t, err)
			must(t, d.RetryInbox(ctx, "$held", soon))
			must(t, d.WaitForKey(ctx, "$key", soon))
			must(t, d.RetryGap(ctx, gaps[0], soon))
			must(t, d.RetryInvite(ctx, "!new", soon))
			must(t, d.RetryPost(ctx, "post", soon))

			now := noon.Add(time.Minute - back)
			must(t, d.StoreSync(ctx, meeting.SyncBatch{Next: "m", At: now}))
			rows, err := d.NextInbox(ctx, now, nil, 10)
			must(t, err)
			waiting, err := d.NextInbox(ctx, now, []meeting.RoomID{"!a"}, 10)
			must(t, err)
			gaps, err = d.OpenGaps(ctx, now)
			must(t, err)
			invites, err := d.Invites(ctx, now)
			must(t, err)
			posts, err := d.NextPosts(ctx, now, nil, 10)
			must(t, err)
			got := []int{len(rows), len(waiting), len(gaps), len(invites), len(posts)}
			expected := []int{2, 1, 1, 1, 1}
			if back == 0 {
				expected = []int{0, 0, 0, 0, 0}
			}
			for i := range got {
				if got[i] != expected[i] {
					t.Fatalf("events, waiting for keys, gaps, invitations, posts: %v, want %v", got, expected)
				}
			}
		})
	}
}

// TestClockSetBackWhileClosing: a meeting that is being closed does not wait for
// the time at which that was begun to come again.
func TestClockSetBackWhileClosing(t *testing.T) {
	ctx := t.Context()
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	now := noon.Add(-3 * time.Hour)
	var due []meeting.Meeting
	must(t, d.Update(ctx, func(tx *Tx) (err error) {
		for _, m := range []meeting.Meeting{{Network: "a", Closing: true}, {Network: "b"}} {
			m.Programme, m.Number, m.State, m.OpenedAt, m.ClosesAt = "p", 1, meeting.StateOpen, noon, noon
			m.Occurrence = m.Network
			if err := tx.StoreMeeting(ctx, &m); err != nil {
				return err
			}
		}
		due, err = tx.DueMeetings(ctx, now)
		return err
	}))
	if len(due) != 1 || due[0].Network != "a" {
		t.Errorf("due: %+v", due)
	}
}

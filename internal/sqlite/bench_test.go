package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"blnbot/internal/meeting"
)

// BenchmarkNextPosts looks for what to send while much waits: receipts after a
// long absence, and a meeting that opens everywhere. Eight lanes are busy at the
// most, as in the outbox.
func BenchmarkNextPosts(b *testing.B) {
	for _, load := range []struct{ lanes, each int }{{10, 1}, {10, 1000}, {1000, 2}} {
		b.Run(fmt.Sprintf("%d-lanes-%d-each", load.lanes, load.each), func(b *testing.B) {
			ctx := context.Background()
			d, err := Open(ctx, filepath.Join(b.TempDir(), "blnbot.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			err = d.Update(ctx, func(tx *Tx) error {
				for n := range load.each {
					for lane := range load.lanes {
						room := meeting.RoomID(fmt.Sprintf("!%d:x", lane))
						p := meeting.Post{Key: fmt.Sprintf("%d/%d", lane, n), Room: room, Kind: meeting.PostReaction, Emoji: "📝"}
						if _, err := tx.StorePost(ctx, p, time.Unix(0, 0)); err != nil {
							return err
						}
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			var busy []string
			for lane := range 7 {
				busy = append(busy, fmt.Sprintf("!%d:x", lane))
			}
			for b.Loop() {
				posts, err := d.NextPosts(ctx, time.Unix(9, 0), busy, 1)
				if err != nil || len(posts) != 1 {
					b.Fatal(len(posts), err)
				}
				if _, err := d.NextPostTime(ctx); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLookBack chooses from where on 1,000 rooms are to be compared after an
// outage, with 100,000 events in the inbox.
func BenchmarkLookBack(b *testing.B) {
	ctx := context.Background()
	d, err := Open(ctx, filepath.Join(b.TempDir(), "blnbot.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	start := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	for n := range 100 {
		batch := meeting.SyncBatch{Next: "n", At: start.Add(time.Duration(n) * time.Minute)}
		for room := range 1000 {
			name := meeting.RoomID(fmt.Sprintf("!%d:x", room))
			ev := meeting.RawEvent{Room: name, ID: meeting.EventID(fmt.Sprintf("$%d-%d", room, n)), JSON: []byte("{}")}
			batch.Rooms = append(batch.Rooms, meeting.RoomBatch{Room: name, Events: []meeting.RawEvent{ev}})
		}
		if err := d.StoreSync(ctx, batch); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if err := d.LookBack(ctx, start.Add(2*time.Hour)); err != nil {
			b.Fatal(err)
		}
	}
}

package sqlite

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/meeting"
)

// marker is in everything that is to be deleted.
const marker = "lavendel"

// TestDeleteRaw: nothing that people wrote is left in any file, whatever it
// was waiting for; another network's is.
func TestDeleteRaw(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "blnbot.db")
	d := open(t, path)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	ctx := t.Context()
	batch := meeting.SyncBatch{Next: "1", At: now}
	for _, room := range []meeting.RoomID{"!old", "!vasteras", "!arvika"} {
		id := meeting.EventID("$wait" + room)
		batch.Rooms = append(batch.Rooms, meeting.RoomBatch{Room: room, Events: []meeting.RawEvent{{ID: id, Room: room, JSON: []byte(marker + string(room))}}})
	}
	must(t, d.StoreSync(ctx, batch))
	for _, room := range []string{"!old", "!vasteras", "!arvika"} {
		must(t, d.WaitForKey(ctx, meeting.EventID("$wait"+room), now.Add(time.Hour)))
	}
	must(t, d.Update(ctx, func(tx *Tx) error { return fillRaw(t, tx, now) }))
	must(t, os.WriteFile(path+".v3", []byte(marker), 0o600))
	must(t, os.WriteFile(path+".verse", []byte("not a copy"), 0o600))
	n := 0
	must(t, d.Update(ctx, func(tx *Tx) (err error) {
		n, err = tx.DeleteRaw(ctx, "vasteras")
		return err
	}))
	if n != 1 {
		t.Errorf("%d entries had text, want 1", n)
	}
	for _, text := range []string{marker + "!old", marker + "!vasteras", "vasteras " + marker} {
		for _, f := range filesHaving(t, dir, text) {
			t.Errorf("%q is still in %s", text, f)
		}
	}
	if got := filesHaving(t, dir, "arvika "+marker); len(got) == 0 {
		t.Error("another network's replies are gone, too")
	}
	if diff := cmp.Diff([]string{"blnbot.db", "blnbot.db-shm", "blnbot.db-wal", "blnbot.db.verse"}, fileNames(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	must(t, d.Update(ctx, func(tx *Tx) error {
		items, err := tx.PlanItems(ctx, "vasteras", 1)
		if err != nil || len(items) != 1 || len(items[0].Sources) != 1 || items[0].What != "Godkänt" {
			t.Errorf("the approved plan is now %+v, %v", items, err)
		}
		sum, err := tx.Summary(ctx, 1)
		if err != nil || len(sum.Points) != 1 || sum.Points[0].Text != "Godkänt" || len(sum.Points[0].Entries) != 0 {
			t.Errorf("the approved summary is now %+v, %v", sum, err)
		}
		return nil
	}))
}

// TestCopiesAreOutdated: copies from before an upgrade go when the bot starts
// after it was killed between the deletion and theirs.
func TestCopiesAreOutdated(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "blnbot.db")
	d := open(t, path)
	done := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	must(t, d.Update(t.Context(), func(tx *Tx) error {
		v := &meeting.Deletion{Network: "vasteras", Due: done}
		if err := tx.StoreDeletion(t.Context(), v); err != nil {
			return err
		}
		v.Done = done
		return tx.StoreDeletion(t.Context(), v)
	}))
	must(t, d.Close())
	for name, at := range map[string]time.Time{".v3": done.Add(-time.Hour), ".v4": done.Add(time.Hour)} {
		must(t, os.WriteFile(path+name, nil, 0o600))
		must(t, os.Chtimes(path+name, at, at))
	}
	open(t, path)
	if diff := cmp.Diff([]string{"blnbot.db", "blnbot.db-shm", "blnbot.db-wal", "blnbot.db.v4"}, fileNames(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// fillRaw puts the marker wherever people's words are kept, for two networks.
func fillRaw(t *testing.T, tx *Tx, now time.Time) error {
	ctx := t.Context()
	must(t, tx.StoreReplaced(ctx, "!old", "!vasteras", true))
	for i, network := range []string{"vasteras", "arvika"} {
		room, text, id := meeting.RoomID("!"+network), network+" "+marker, meeting.EventID("$reply-"+network)
		must(t, tx.Bind(ctx, "network:"+network, room))
		for number := 1; number <= 2; number++ {
			must(t, tx.StoreMeeting(ctx, &meeting.Meeting{Network: network, Programme: "p", Number: number, Of: 2, State: meeting.StateShared, ClosedAt: now,
				Prompts: []string{"?"}}))
		}
		first := int64(2*i + 1)
		must(t, tx.StoreEntry(ctx, meeting.Entry{ID: id, Meeting: first, Prompt: 1, Author: "@anna:x", Source: meeting.SourceThread,
			State: meeting.EntryActive, Body: text, SentAt: now}))
		must(t, tx.StoreVersion(ctx, id+"-edit", id, "@anna:x", text, now))
		must(t, tx.StoreReaction(ctx, meeting.Reaction{EventMeta: meeting.EventMeta{ID: "$r" + id, Room: room, Sender: "@bo:x"}, Target: id, Key: "👍"}))
		must(t, tx.StoreAnonymous(ctx, meeting.Anonymous{ID: network, Meeting: first, Prompt: 1, Body: text, Due: now}))
		must(t, tx.StoreSummary(ctx, &meeting.Summary{Meeting: first, State: meeting.SummaryShared, Version: 1, Drafted: now, ObjectBy: now, Points: []meeting.Point{
			{Prompt: 1, Number: 1, Text: "Godkänt", Entries: []meeting.EventID{id}}, {Prompt: 1, Number: 2, Text: text, Dropped: true}}}))
		must(t, tx.StoreSummary(ctx, &meeting.Summary{Meeting: first + 1, State: meeting.SummaryDraft, Drafted: now, ObjectBy: now, Points: []meeting.Point{
			{Prompt: 1, Number: 1, Text: text}}}))
		must(t, tx.StorePlan(ctx, &meeting.Plan{Network: network, Version: 1}))
		must(t, tx.StorePlanItems(ctx, network, 1, []meeting.PlanItem{{Number: 1, Area: "Område", What: "Godkänt", Sources: []meeting.EventID{id}, Suggestion: id}}))
		must(t, tx.StoreSuggestion(ctx, &meeting.Suggestion{Network: network, Event: id, Author: "@anna:x", State: meeting.SuggestionOpen, Item: meeting.PlanItem{What: text}}))
		_, err := tx.StorePost(ctx, meeting.Post{Key: "draft/" + network, Room: room, Kind: meeting.PostText, Markdown: text, Quotes: first}, now)
		must(t, err)
	}
	return nil
}

func filesHaving(t *testing.T, dir, text string) []string {
	t.Helper()
	var out []string
	for _, name := range fileNames(t, dir) {
		data, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		if bytes.Contains(data, []byte(text)) {
			out = append(out, name)
		}
	}
	return out
}

func fileNames(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	must(t, err)
	var out []string
	for _, f := range list {
		out = append(out, f.Name())
	}
	return out
}

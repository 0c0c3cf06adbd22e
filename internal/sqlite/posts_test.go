package sqlite

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/meeting"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

func queue(t *testing.T, d *DB, posts ...meeting.Post) {
	t.Helper()
	must(t, d.Update(t.Context(), func(tx *Tx) error {
		for _, p := range posts {
			if _, err := tx.StorePost(t.Context(), p, noon); err != nil {
				return err
			}
		}
		return nil
	}))
}

func due(t *testing.T, d *DB, at time.Time, busy ...string) []string {
	t.Helper()
	posts, err := d.NextPosts(t.Context(), at, busy, 9)
	must(t, err)
	var out []string
	for _, p := range posts {
		out = append(out, p.Key)
	}
	return out
}

func send(t *testing.T, d *DB, key, event string) {
	t.Helper()
	attempt(t, d, key)
	must(t, d.MarkSent(t.Context(), key, "", meeting.EventID(event), noon))
}

func TestPostsAreKeptOnceAndInOrderPerLane(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	queue(t, d,
		meeting.Post{Key: "a1", Room: "!a", Kind: meeting.PostText, Markdown: "ett"},
		meeting.Post{Key: "b1", Room: "!b", Kind: meeting.PostText},
		meeting.Post{Key: "a2", Room: "!a", Kind: meeting.PostText},
		meeting.Post{Key: "a1", Room: "!a", Kind: meeting.PostText, Markdown: "något annat"},
		meeting.Post{Key: "d1", To: "@anna:x", Kind: meeting.PostText},
		meeting.Post{Key: "d2", To: "@bo:x", Kind: meeting.PostText},
	)
	want(t, due(t, d, noon), "a1", "b1", "d1", "d2")
	want(t, due(t, d, noon, "!a", "@bo:x"), "b1", "d1")
	posts, err := d.NextPosts(t.Context(), noon, nil, 1)
	must(t, err)
	if len(posts) != 1 || posts[0].Markdown != "ett" {
		t.Errorf("the first post under a key counts: %+v", posts)
	}
	// A parked post keeps its lane waiting: order counts.
	must(t, d.RetryPost(t.Context(), "a1", noon.Add(time.Minute)))
	want(t, due(t, d, noon), "b1", "d1", "d2")
	if at, err := d.NextPostTime(t.Context()); err != nil || !at.Equal(noon.Add(time.Minute)) {
		t.Errorf("next at %s, %v", at, err)
	}
	want(t, due(t, d, noon.Add(time.Minute)), "a1", "b1", "d1", "d2")
	// Under way it is not parked any more.
	attempt(t, d, "a1")
	if at, err := d.NextPostTime(t.Context()); err != nil || !at.IsZero() {
		t.Errorf("next at %s, %v", at, err)
	}
	send(t, d, "a1", "$a1")
	want(t, due(t, d, noon, "!b", "@anna:x", "@bo:x"), "a2")
	// A key is used up for ever.
	queue(t, d, meeting.Post{Key: "a1", Room: "!a", Kind: meeting.PostText})
	want(t, due(t, d, noon, "!b", "@anna:x", "@bo:x"), "a2")
}

// TestPostThatMakesNoSense: it does not keep the others from being sent, and
// comes by itself to be given up.
func TestPostThatMakesNoSense(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	queue(t, d, meeting.Post{Key: "a", Room: "!a", Kind: meeting.PostText}, meeting.Post{Key: "b", Room: "!b", Kind: meeting.PostText})
	_, err := d.db.Exec(`UPDATE posts SET content = CAST('{"Key":"a","Kind":7}' AS BLOB) WHERE key = 'a'`)
	must(t, err)
	want(t, due(t, d, noon), "a", "b")
	posts, err := d.NextPosts(t.Context(), noon, nil, 1)
	must(t, err)
	if posts[0].Kind != "" || posts[0].Room != "!a" || posts[0].Lane != "!a" {
		t.Errorf("got %+v", posts[0])
	}
}

func TestReferencesAreResolvedWhenSent(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	queue(t, d,
		meeting.Post{Key: "root", Room: "!a", Kind: meeting.PostText},
		meeting.Post{Key: "edit", Room: "!a", Kind: meeting.PostEdit, Target: meeting.Ref{Key: "root"}, Thread: meeting.Ref{Event: "$t"}, ReplyTo: meeting.Ref{Key: "never"}},
	)
	send(t, d, "root", "$root")
	posts, err := d.NextPosts(t.Context(), noon, nil, 9)
	must(t, err)
	if len(posts) != 1 || posts[0].TargetID != "$root" || posts[0].ThreadID != "$t" || posts[0].ReplyToID != "" {
		t.Errorf("got %+v", posts)
	}
}

// The echo in sync tells that a post arrived, also when the answer to sending
// it was lost, and after the answer.
func TestEcho(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	queue(t, d, meeting.Post{Key: "lost", Room: "!a", Kind: meeting.PostText}, meeting.Post{Key: "fine", Room: "!b", Kind: meeting.PostText})
	attempt(t, d, "lost")
	send(t, d, "fine", "$fine")
	must(t, d.Update(t.Context(), func(tx *Tx) error {
		for _, key := range []string{"lost", "fine", "unknown"} {
			if err := tx.MarkEcho(t.Context(), key, "!a", meeting.EventID("$"+key), noon); err != nil {
				return err
			}
		}
		return nil
	}))
	want(t, due(t, d, noon))
	must(t, d.Update(t.Context(), func(tx *Tx) error {
		for _, key := range []string{"lost", "fine"} {
			p, err := tx.Post(t.Context(), key)
			if err != nil {
				return err
			}
			if p.State != meeting.PostSent || !p.Echoed || p.Event != meeting.EventID("$"+key) {
				t.Errorf("%s: %+v", key, p)
			}
		}
		return nil
	}))
	// An answer that comes after the echo changes nothing.
	must(t, d.MarkSent(t.Context(), "lost", "!a", "$other", noon))
	must(t, d.Update(t.Context(), func(tx *Tx) error {
		p, err := tx.PostByEvent(t.Context(), "$lost")
		if p == nil || p.Key != "lost" {
			t.Errorf("got %+v", p)
		}
		return err
	}))
}

func TestCancel(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	queue(t, d, meeting.Post{Key: "new", Room: "!a", Kind: meeting.PostText}, meeting.Post{Key: "tried", Room: "!b", Kind: meeting.PostText})
	attempt(t, d, "tried")
	for key, can := range map[string]bool{"new": true, "tried": false, "unknown": false} {
		must(t, d.Update(t.Context(), func(tx *Tx) error {
			ok, err := tx.CancelPost(t.Context(), key)
			if ok != can {
				t.Errorf("cancel %s: %t", key, ok)
			}
			return err
		}))
	}
	want(t, due(t, d, noon), "tried")
}

// Sent, failed and cancelled posts keep no text.
func TestDonePostsKeepNoText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "blnbot.db")
	d := open(t, path)
	for _, key := range []string{"sent", "failed", "cancelled"} {
		queue(t, d, meeting.Post{Key: key, Room: meeting.RoomID("!" + key), Kind: meeting.PostText, Markdown: strings.Repeat("Hemlig text. ", 2000)})
	}
	send(t, d, "sent", "$sent")
	must(t, d.Update(t.Context(), func(tx *Tx) error {
		if err := tx.FailPost(t.Context(), "failed"); err != nil {
			return err
		}
		_, err := tx.CancelPost(t.Context(), "cancelled")
		return err
	}))
	nowhere(t, d, path, "Hemlig")
}

// nowhere closes the database and looks for the text in all of its bytes.
func nowhere(t *testing.T, d *DB, path, text string) {
	t.Helper()
	must(t, d.Close())
	files, err := filepath.Glob(path + "*")
	must(t, err)
	for _, f := range files {
		data, err := os.ReadFile(f)
		must(t, err)
		if bytes.Contains(data, []byte(text)) {
			t.Errorf("%s still holds the text", filepath.Base(f))
		}
	}
}

func held(t *testing.T, d *DB) *meeting.Meeting {
	t.Helper()
	m := &meeting.Meeting{Network: "vasteras", Programme: "p", Number: 1, Of: 6, State: meeting.StateOpen, Occurrence: "2026-11-22T12:00",
		Title: "Titel", Prompts: []string{"Fråga"}, OpenedAt: noon, ClosesAt: noon.Add(time.Hour)}
	must(t, d.Update(t.Context(), func(tx *Tx) error { return tx.StoreMeeting(t.Context(), m) }))
	return m
}

// Removed text is gone from every byte of the file, free pages included: short
// texts, and long ones that filled pages of their own, stored and rewritten
// many times.
func TestRemovedTextIsGoneFromTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "blnbot.db")
	d := open(t, path)
	m := held(t, d)
	long := strings.Repeat("Hemlig text om grannen. ", 2500)
	for i, body := range []string{"Hemlig text.", long, long} {
		id := meeting.EventID("$" + string(rune('a'+i)))
		store(t, d, meeting.RoomBatch{Room: "!a", Events: []meeting.RawEvent{{ID: id, Room: "!a", JSON: []byte(`{"body":"` + body + `"}`)}}})
		must(t, d.Update(t.Context(), func(tx *Tx) error {
			if err := tx.FinishEvent(t.Context(), id); err != nil {
				return err
			}
			if err := tx.StoreEntry(t.Context(), meeting.Entry{ID: id, Meeting: m.ID, Prompt: 1, Author: "@anna:x", Source: meeting.SourceThread,
				State: meeting.EntryActive, Body: body, SentAt: noon}); err != nil {
				return err
			}
			return tx.StoreVersion(t.Context(), id+"edit", id, "@anna:x", body+" Igen.", noon.Add(time.Second))
		}))
		sum := &meeting.Summary{Meeting: m.ID, State: meeting.SummaryDraft, Drafted: noon, ObjectBy: noon, Points: []meeting.Point{{Prompt: 1, Number: 1, Text: body, Entries: []meeting.EventID{id}}}}
		must(t, d.Update(t.Context(), func(tx *Tx) error { return tx.StoreSummary(t.Context(), sum) }))
	}
	must(t, d.Update(t.Context(), func(tx *Tx) error {
		for id, state := range map[meeting.EventID]meeting.EntryState{"$a": meeting.EntryRemoved, "$b": meeting.EntryWithheld, "$c": meeting.EntryRemoved} {
			if err := tx.StripEntry(t.Context(), id, state); err != nil {
				return err
			}
		}
		return tx.StoreSummary(t.Context(), &meeting.Summary{Meeting: m.ID, State: meeting.SummaryDraft, Drafted: noon, ObjectBy: noon})
	}))
	must(t, d.Update(t.Context(), func(tx *Tx) error {
		left, err := tx.Versions(t.Context(), "$b")
		if diff := cmp.Diff(map[meeting.EventID]string{"$b": "", "$bedit": ""}, left); diff != "" {
			t.Errorf("of what is left out the ids are kept: %s", diff)
		}
		return err
	}))
	nowhere(t, d, path, "Hemlig")
}

// What was redacted before it was handled is gone as well, whatever it waited for.
func TestForgetRaw(t *testing.T) {
	path := filepath.Join(t.TempDir(), "blnbot.db")
	d := open(t, path)
	for _, id := range []string{"new", "parked", "keyless"} {
		must(t, receive(t.Context(), d, id, strings.Repeat("Hemlig text. ", 1000)))
	}
	must(t, d.RetryInbox(t.Context(), "$parked", noon.Add(time.Hour)))
	must(t, d.WaitForKey(t.Context(), "$keyless", noon.Add(time.Hour)))
	must(t, d.Update(t.Context(), func(tx *Tx) error {
		for _, id := range []meeting.EventID{"$new", "$parked", "$keyless"} {
			if err := tx.ForgetRaw(t.Context(), id); err != nil {
				return err
			}
		}
		return nil
	}))
	want(t, drain(t, d, noon.Add(2*time.Hour)))
	nowhere(t, d, path, "Hemlig")
}

func TestMeetingsAreUnique(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	m := held(t, d)
	// The same occurrence cannot be for two meetings.
	err := d.Update(t.Context(), func(tx *Tx) error {
		return tx.StoreMeeting(t.Context(), &meeting.Meeting{Network: "vasteras", Number: 2, State: meeting.StateOpen, Occurrence: m.Occurrence})
	})
	if err == nil {
		t.Error("two meetings answer to one occurrence")
	}
	// Prompts stay as they were when the meeting opened.
	m.Prompts, m.State = []string{"En annan fråga"}, meeting.StateClosed
	must(t, d.Update(t.Context(), func(tx *Tx) error { return tx.StoreMeeting(t.Context(), m) }))
	must(t, d.Update(t.Context(), func(tx *Tx) error {
		again, err := tx.Meeting(t.Context(), "vasteras", 1)
		if err == nil && (again.ID != m.ID || again.Prompts[0] != "Fråga" || again.State != meeting.StateClosed) {
			t.Errorf("got %+v", again)
		}
		return err
	}))
}

// attempt begins to send a post that has not been taken back.
func attempt(t *testing.T, d *DB, key string) {
	t.Helper()
	if pending, err := d.AttemptPost(t.Context(), key); err != nil || !pending {
		t.Fatalf("attempt %s: pending %t, %v", key, pending, err)
	}
}

// A post can be taken back between its being read for delivery and the attempt.
func TestTakenBackPostIsNotAttempted(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	must(t, d.Update(t.Context(), func(tx *Tx) error {
		_, err := tx.StorePost(t.Context(), meeting.Post{Key: "k", Room: "!a", Kind: meeting.PostText, Markdown: "x"}, noon)
		return err
	}))
	posts, err := d.NextPosts(t.Context(), noon, nil, 1)
	if err != nil || len(posts) != 1 {
		t.Fatalf("%d posts, %v", len(posts), err)
	}
	must(t, d.Update(t.Context(), func(tx *Tx) error {
		cancelled, err := tx.CancelPost(t.Context(), "k")
		if !cancelled {
			t.Error("the post could not be taken back")
		}
		return err
	}))
	if pending, err := d.AttemptPost(t.Context(), "k"); err != nil || pending {
		t.Errorf("pending %t, %v", pending, err)
	}
}

package sqlite

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/meeting"
)

// schema is how SQLite describes the tables and indexes.
func schema(t *testing.T, d *sql.DB) map[string]string {
	t.Helper()
	rows, err := d.QueryContext(t.Context(), "SELECT name, coalesce(sql, '') FROM sqlite_schema")
	must(t, err)
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var name, text string
		must(t, rows.Scan(&name, &text))
		out[name] = text
	}
	must(t, rows.Err())
	return out
}

// first makes a database as the first version of blnbot did, from a copy of its
// schema that never changes.
func first(t *testing.T, path string) {
	t.Helper()
	script, err := os.ReadFile("testdata/schema-1.sql")
	must(t, err)
	conn, err := Connect(t.Context(), path)
	must(t, err)
	_, err = conn.ExecContext(t.Context(), string(script)+`
		INSERT INTO sync_state VALUES (1, 'token', 7, '2026-11-22T12:00:00.000Z', '2026-11-01T12:00:00.000Z');
		INSERT INTO meetings (id, network, programme, number, of, state, title, intro, kind) VALUES (1, 'vasteras', 'p', 1, 6, 'open', 'Titel', '', 'discussion');
		INSERT INTO entries VALUES ('$a', 1, 1, '@anna:x', 'thread', 'active', '2026-11-22T12:00:00.000Z', 1, 0, 0);
		INSERT INTO versions VALUES ('$a', '$a', '@anna:x', 'Ett gammalt svar', '2026-11-22T12:00:00.000Z');
		INSERT INTO versions VALUES ('$edit', '$loose', '@anna:x', 'Borttaget', '2026-11-22T12:00:00.000Z');
		PRAGMA user_version = 1`)
	must(t, err)
	must(t, conn.Close())
}

// TestMigrationsAreNumbered: a migration's number is the version that it makes.
func TestMigrationsAreNumbered(t *testing.T) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	must(t, err)
	for i, name := range names {
		if want := fmt.Sprintf("migrations/%04d_", i+1); !strings.HasPrefix(name, want) {
			t.Errorf("%s does not begin with %s", name, want)
		}
	}
}

// TestMigrationsAreFrozen: databases have been written with these files, so that
// they must stay as they are, to the byte. testdata/frozen.sha256 is what sha256sum
// prints; the commit that brings a new migration adds its line.
func TestMigrationsAreFrozen(t *testing.T) {
	list, err := os.ReadFile("testdata/frozen.sha256")
	must(t, err)
	frozen := map[string]string{}
	for line := range strings.Lines(string(list)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		frozen[name] = sum
	}
	files, err := filepath.Glob("migrations/*.sql")
	must(t, err)
	for _, name := range append(files, "testdata/schema-1.sql") {
		text, err := os.ReadFile(name)
		must(t, err)
		sum := fmt.Sprintf("%x", sha256.Sum256(text))
		switch frozen[name] {
		case sum:
		case "":
			t.Errorf("testdata/frozen.sha256 lacks the line %q", sum+"  "+name)
		default:
			t.Errorf("%s has been changed after its release: put it back, and make the change in a new migration", name)
		}
		delete(frozen, name)
	}
	for name := range frozen {
		t.Errorf("%s is gone", name)
	}
}

func TestUpgradeFromTheFirstSchema(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "blnbot.db")
	first(t, path)
	d := open(t, path)
	fresh := open(t, filepath.Join(dir, "fresh.db"))
	if diff := cmp.Diff(schema(t, fresh.db), schema(t, d.db)); diff != "" {
		t.Errorf("an upgraded database differs from a new one (-new +upgraded); released migrations must not change:\n%s", diff)
	}
	must(t, d.Update(t.Context(), func(tx *Tx) error {
		e, err := tx.Entry(t.Context(), "$a", func(meeting.UserID) bool { return false })
		if err == nil && (e == nil || e.Body != "Ett gammalt svar") {
			t.Errorf("the entry is now %+v", e)
		}
		if texts, err := tx.Versions(t.Context(), "$loose"); err != nil || texts["$edit"] != "" || len(texts) != 1 {
			t.Errorf("of an edit of a message that is no entry %q is kept, %v", texts, err)
		}
		return err
	}))
	for _, name := range []string{path, path + "-wal"} {
		data, err := os.ReadFile(name)
		must(t, err)
		if bytes.Contains(data, []byte("Borttaget")) {
			t.Errorf("%s still holds a text that the upgrade removed", filepath.Base(name))
		}
	}
	copied := path + ".v1"
	info, err := os.Stat(copied)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the copy has mode %v", info.Mode())
	}
	old, err := Connect(t.Context(), copied)
	must(t, err)
	defer old.Close()
	var version int
	var body string
	must(t, old.QueryRow("PRAGMA user_version").Scan(&version))
	must(t, old.QueryRow("SELECT body FROM versions WHERE event_id = '$a'").Scan(&body))
	if version != 1 || body != "Ett gammalt svar" {
		t.Errorf("the copy has version %d and %q", version, body)
	}
	// The next start copies nothing more.
	must(t, d.Close())
	must(t, os.Remove(copied))
	open(t, path)
	if _, err := os.Stat(copied); err == nil {
		t.Error("a database that needs no upgrade was copied")
	}
}

func TestNewerDatabaseIsRefusedUntouched(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "blnbot.db")
	d := open(t, path)
	newer := 0
	must(t, d.db.QueryRow("PRAGMA user_version").Scan(&newer))
	newer++
	_, err := d.db.Exec(fmt.Sprintf("PRAGMA user_version = %d", newer))
	must(t, err)
	must(t, d.Close())
	before, err := os.ReadFile(path)
	must(t, err)
	if _, err := Open(t.Context(), path); !errors.Is(err, ErrNewer) {
		t.Fatalf("got %v", err)
	}
	after, err := os.ReadFile(path)
	must(t, err)
	if string(before) != string(after) {
		t.Error("the newer database was changed")
	}
}

// A process that dies leaves what it committed, and nothing else.
func TestCrashKeepsWhatWasCommitted(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "blnbot.db")
	d := open(t, path)
	must(t, receive(t.Context(), d, "one", "{}"))
	crashed := filepath.Join(dir, "crashed.db")
	must(t, d.Update(t.Context(), func(tx *Tx) error {
		must(t, tx.SetRole(t.Context(), "vasteras", "@anna:x", meeting.RoleCarer))
		// What is on disk in the middle of a transaction.
		for _, end := range []string{"", "-wal"} {
			data, err := os.ReadFile(path + end)
			must(t, err)
			must(t, os.WriteFile(crashed+end, data, 0o600))
		}
		return nil
	}))
	after := open(t, crashed)
	token, err := after.SyncToken(t.Context())
	must(t, err)
	rows, err := after.NextInbox(t.Context(), noon, nil, 1)
	must(t, err)
	if token != "one" || len(rows) == 0 || rows[0].ID != "$one" {
		t.Errorf("token %q, rows %+v", token, rows)
	}
	must(t, after.Update(t.Context(), func(tx *Tx) error {
		roles, err := tx.RolesOf(t.Context(), "vasteras")
		if len(roles) != 0 {
			t.Errorf("half a transaction was kept: %v", roles)
		}
		return err
	}))
}

// A handler that fails or panics changes nothing, and the database goes on.
func TestRollback(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	woken := 0
	d.OnPosts(func() { woken++ })
	broken := errors.New("broken")
	change := func(tx *Tx) {
		_, err := tx.StorePost(t.Context(), meeting.Post{Key: "k", Room: "!r", Kind: meeting.PostText}, noon)
		must(t, err)
	}
	if err := d.Update(t.Context(), func(tx *Tx) error { change(tx); return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = d.Update(t.Context(), func(tx *Tx) error { change(tx); panic("broken") })
	}()
	posts, err := d.NextPosts(t.Context(), noon, nil, 9)
	must(t, err)
	if len(posts) != 0 || woken != 0 {
		t.Errorf("%d posts, woken %d times", len(posts), woken)
	}
	must(t, d.Update(t.Context(), func(tx *Tx) error { change(tx); return nil }))
	must(t, d.Update(t.Context(), func(tx *Tx) error { change(tx); return nil }))
	if posts, err = d.NextPosts(t.Context(), noon, nil, 9); err != nil || len(posts) != 1 || woken != 1 {
		t.Errorf("%d posts, woken %d times, %v", len(posts), woken, err)
	}
}

package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/meeting"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, path string) *DB {
	t.Helper()
	d, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() }) // some tests close it themselves
	return d
}

// receive stores a sync answer with one event that holds the text.
func receive(ctx context.Context, d *DB, token, text string) error {
	return d.StoreSync(ctx, meeting.SyncBatch{Next: token, At: noon, Rooms: []meeting.RoomBatch{{
		Room: "!room", Events: []meeting.RawEvent{{ID: meeting.EventID("$" + token), Room: "!room", JSON: []byte(text)}},
	}}})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// names lists a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	must(t, err)
	var out []string
	for _, f := range list {
		out = append(out, f.Name())
	}
	return out
}

func TestBackup(t *testing.T) {
	ctx, dir, to := t.Context(), t.TempDir(), t.TempDir()
	d := open(t, filepath.Join(dir, "blnbot.db"))
	must(t, receive(ctx, d, "one", "kept-marker"))
	must(t, receive(ctx, d, "two", strings.Repeat("removed-marker ", 1000)))
	must(t, d.BuryInbox(ctx, "$two"))
	// The bot goes on while the copy is made: a transaction is under way, and
	// what it wrote is not in the copy.
	file := filepath.Join(to, "copy.db")
	err := d.Update(ctx, func(tx *Tx) error {
		if _, err := tx.exec(ctx, "write", "UPDATE sync_state SET token = 'unfinished-marker'"); err != nil {
			return err
		}
		size, err := Backup(ctx, d.path, file)
		if info, serr := os.Stat(file); serr != nil || info.Size() != size || info.Mode().Perm() != 0o600 {
			t.Errorf("the copy: %v, %v, size said to be %d", info, serr, size)
		}
		return err
	})
	must(t, err)
	if diff := cmp.Diff([]string{"copy.db"}, names(t, to)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	raw, err := os.ReadFile(file)
	must(t, err)
	for marker, want := range map[string]bool{"kept-marker": true, "removed-marker": false, "unfinished-marker": false} {
		if got := bytes.Contains(raw, []byte(marker)); got != want {
			t.Errorf("%s in the copy: %v", marker, got)
		}
	}
	c := open(t, file)
	if token, err := c.SyncToken(ctx); token != "two" || err != nil {
		t.Errorf("the copy's token: %q, %v", token, err)
	}
	if token, err := d.SyncToken(ctx); token != "unfinished-marker" || err != nil {
		t.Errorf("the database's token: %q, %v", token, err)
	}
}

// TestBackupKeepsVersion: a backup with a newer program must not upgrade the
// database under the older one that is running.
func TestBackupKeepsVersion(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	d := open(t, filepath.Join(dir, "blnbot.db"))
	for _, version := range []int{99, 1} {
		_, err := d.db.Exec(fmt.Sprintf("PRAGMA user_version = %d", version))
		must(t, err)
		file := filepath.Join(dir, fmt.Sprintf("v%d.db", version))
		_, err = Backup(ctx, d.path, file)
		must(t, err)
		for _, path := range []string{d.path, file} {
			c, err := Connect(ctx, path)
			must(t, err)
			var got int
			must(t, c.QueryRow("PRAGMA user_version").Scan(&got))
			must(t, c.Close())
			if got != version {
				t.Errorf("%s has version %d, want %d", filepath.Base(path), got, version)
			}
		}
	}
}

func TestBackupFaults(t *testing.T) {
	ctx, dir, to := t.Context(), t.TempDir(), t.TempDir()
	path := filepath.Join(dir, "blnbot.db")
	d := open(t, path)
	for i := range 50 {
		must(t, receive(ctx, d, fmt.Sprint(i), strings.Repeat("x", 3000)))
	}
	must(t, d.Close())
	there := filepath.Join(dir, "there.db")
	must(t, os.WriteFile(there, []byte("mine"), 0o600))
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	broken := filepath.Join(dir, "broken.db")
	raw, err := os.ReadFile(path)
	must(t, err)
	copy(raw[len(raw)/2:], bytes.Repeat([]byte("garbage "), 2000))
	must(t, os.WriteFile(broken, raw, 0o600))
	text := filepath.Join(dir, "text.db")
	must(t, os.WriteFile(text, bytes.Repeat([]byte("this is not a database "), 500), 0o600))
	tests := []struct {
		name, from, to string
		ctx            context.Context
		want           error
	}{
		{"no database", filepath.Join(dir, "nosuch.db"), filepath.Join(to, "a.db"), ctx, fs.ErrNotExist},
		{"no folder", path, filepath.Join(to, "nosuch", "a.db"), ctx, fs.ErrNotExist},
		{"there already", path, there, ctx, fs.ErrExist},
		{"stopped", path, filepath.Join(to, "a.db"), cancelled, context.Canceled},
		{"damaged", broken, filepath.Join(to, "a.db"), ctx, ErrDamaged},
		{"not a database", text, filepath.Join(to, "a.db"), ctx, ErrDamaged},
	}
	for _, tt := range tests {
		if _, err := Backup(tt.ctx, tt.from, tt.to); !errors.Is(err, tt.want) && Fault(err) != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if left := names(t, to); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if got, err := os.ReadFile(there); string(got) != "mine" || err != nil {
		t.Errorf("a file was overwritten: %q, %v", got, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "nosuch.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a database was created")
	}
}

package sqlite

import (
	"bytes"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"blnbot/internal/meeting"
)

// TestScrubPlan: a reader that never ends is waited for once, and then costs few
// attempts; one that ends is noticed soon.
func TestScrubPlan(t *testing.T) {
	var p scrubPlan
	attempts, waited := 0, time.Duration(0)
	play := func(transactions int, removes func(n int) bool, emptied bool) (first int) {
		attempts, waited = 0, 0
		for n := range transactions {
			if try, patience := p.next(removes(n)); try {
				if attempts++; attempts == 1 {
					first = n
				}
				waited += patience
				p.tried(emptied)
			}
		}
		return first
	}
	never := func(int) bool { return false }
	if play(100, never, true); attempts != 0 {
		t.Errorf("%d attempts, though nothing was removed", attempts)
	}
	if play(1600, func(n int) bool { return n%10 == 0 }, false); waited != scrubPatience || attempts > 110 {
		t.Errorf("%d attempts and %s of waiting for a reader that never ends", attempts, waited)
	}
	if first := play(100, never, true); attempts != 1 || first >= scrubRest {
		t.Errorf("%d attempts when it has ended, the first after %d transactions", attempts, first)
	}
	p.next(true)
	p.tried(false)
	if first := play(1, never, true); attempts != 1 || first != 0 {
		t.Errorf("a short reader: %d attempts with the next transaction", attempts)
	}
}

// holds reports whether one of the database's files holds the text.
func holds(t *testing.T, path, text string) bool {
	t.Helper()
	for _, end := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + end)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte(text)) {
			return true
		}
	}
	return false
}

// reading is another process that reads the database until the test, or done,
// ends it.
func reading(t *testing.T, path string) (done func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	must(t, err)
	t.Cleanup(func() { db.Close() })
	tx, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	must(t, err)
	var n int
	must(t, tx.QueryRow("SELECT count(*) FROM versions").Scan(&n))
	return func() { must(t, tx.Rollback()) }
}

// TestRemovedTextLeavesTheLog: when those who read the database have ended, or
// the process was killed while they read, and is started again.
func TestRemovedTextLeavesTheLog(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	path, killed := filepath.Join(dir, "blnbot.db"), filepath.Join(dir, "killed.db")
	d := open(t, path)
	done := reading(t, path)
	must(t, d.Update(ctx, func(tx *Tx) error { return tx.StoreVersion(ctx, "$a", "$a", "@anna:x", "ångrade ord", noon) }))
	must(t, d.Update(ctx, func(tx *Tx) error {
		_, _, err := tx.DeleteVersion(ctx, "$a")
		return err
	}))
	write := func(d *DB) {
		must(t, d.Update(ctx, func(tx *Tx) error { return tx.SetRole(ctx, "vasteras", "@anna:x", meeting.RoleCarer) }))
	}
	for range 100 {
		write(d)
	}
	if !holds(t, path, "ångrade ord") {
		t.Fatal("nothing keeps the text in the log, so the test proves nothing")
	}
	for _, end := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + end)
		must(t, err)
		must(t, os.WriteFile(killed+end, data, 0o600))
	}
	again := open(t, killed)
	write(again)
	if holds(t, killed, "ångrade ord") {
		t.Error("the log holds the text when the bot has been killed and started again")
	}
	done()
	for range scrubRest {
		write(d)
	}
	if holds(t, path, "ångrade ord") {
		t.Error("the log still holds the text when the reader has ended")
	}
}

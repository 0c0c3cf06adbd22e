package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	sqlite3 "modernc.org/sqlite"
	sqlite3lib "modernc.org/sqlite/lib"

	"blnbot/internal/meeting"
)

// What can be wrong with the file that a database is in. See Fault.
var (
	ErrFull     = errors.New("the disk is full")
	ErrReadOnly = errors.New("the database cannot be opened for writing")
	ErrLocked   = errors.New("another program keeps the database locked")
	ErrDisk     = errors.New("the disk fails")
)

// Fault is what an error of this package says about the file beneath: ErrFull,
// ErrReadOnly, ErrLocked, ErrDamaged or ErrDisk; nil if it says nothing.
func Fault(err error) error {
	for _, known := range []error{ErrFull, ErrReadOnly, ErrLocked, ErrDamaged, ErrDisk} {
		if errors.Is(err, known) {
			return known
		}
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return ErrFull
	}
	if errors.Is(err, syscall.EROFS) {
		return ErrReadOnly
	}
	var e *sqlite3.Error
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Code() & 0xff { // the rest are details of the same kind
	case sqlite3lib.SQLITE_FULL:
		return ErrFull
	case sqlite3lib.SQLITE_READONLY, sqlite3lib.SQLITE_PERM, sqlite3lib.SQLITE_CANTOPEN:
		return ErrReadOnly
	case sqlite3lib.SQLITE_BUSY, sqlite3lib.SQLITE_LOCKED:
		return ErrLocked
	case sqlite3lib.SQLITE_CORRUPT, sqlite3lib.SQLITE_NOTADB:
		return ErrDamaged
	case sqlite3lib.SQLITE_IOERR:
		return ErrDisk
	}
	return nil
}

// Probe writes to the database and changes nothing. An error is what the next
// real change would meet; see Fault.
func (d *DB) Probe(ctx context.Context) error { return Probe(ctx, d.db) }

// Probe does the same with any database that Connect has opened.
func Probe(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("probe database: begin: %w", err)
	}
	defer tx.Rollback()
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("probe database: read version: %w", err)
	}
	// Written even if it is the same.
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version)); err != nil {
		return fmt.Errorf("probe database: write: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("probe database: commit: %w", err)
	}
	return nil
}

// Health is how much waits, and since when. It holds nothing that people wrote.
type Health struct {
	Synced   time.Time                  // when the last sync answer was stored; zero: never
	Inbox    map[meeting.InboxState]int // but InboxDone
	Next     meeting.EventID            // what can be handled now; empty if nothing can
	Posts    map[meeting.PostState]int  // pending and failed
	Oldest   time.Time                  // when the oldest pending post was queued; zero: none is
	OpenGaps int
	LostGaps int
	Meetings map[meeting.State]int
	Entries  map[meeting.EntryState]int
	Size     int64 // of the database and its log, in bytes
}

// Health counts. Now decides which events can be handled.
func (d *DB) Health(ctx context.Context, now time.Time) (Health, error) {
	var h Health
	next, err := d.NextInbox(ctx, now, nil, 1)
	if err != nil {
		return h, err
	}
	if len(next) > 0 {
		h.Next = next[0].ID
	}
	err = d.Update(ctx, func(t *Tx) (err error) {
		if h.Synced, err = t.SyncedAt(ctx); err != nil {
			return err
		}
		if h.Inbox, err = counts[meeting.InboxState](ctx, t, "SELECT state, count(*) FROM inbox WHERE state != 'done' GROUP BY state"); err != nil {
			return err
		}
		if h.Posts, err = counts[meeting.PostState](ctx, t, "SELECT state, count(*) FROM posts WHERE state IN ('pending', 'failed') GROUP BY state"); err != nil {
			return err
		}
		gaps, err := counts[string](ctx, t, "SELECT state, count(*) FROM gaps WHERE state IN ('open', 'lost') GROUP BY state")
		if err != nil {
			return err
		}
		h.OpenGaps, h.LostGaps = gaps["open"], gaps["lost"]
		if h.Meetings, err = counts[meeting.State](ctx, t, "SELECT state, count(*) FROM meetings GROUP BY state"); err != nil {
			return err
		}
		if h.Entries, err = counts[meeting.EntryState](ctx, t, "SELECT state, count(*) FROM entries GROUP BY state"); err != nil {
			return err
		}
		h.Oldest, err = t.oldestPost(ctx)
		return err
	})
	if err != nil {
		return h, err
	}
	h.Size, err = d.size()
	return h, err
}

func (t *Tx) oldestPost(ctx context.Context) (time.Time, error) {
	var at time.Time
	_, err := list(ctx, t, "oldest post", "SELECT min(created_at) FROM posts WHERE state = 'pending'", nil, func(r row) (struct{}, error) {
		return struct{}{}, r.Scan(timestamp{&at})
	})
	return at, err
}

// counts reads rows of a name and a number.
func counts[K ~string](ctx context.Context, t *Tx, query string) (map[K]int, error) {
	out := map[K]int{}
	_, err := list(ctx, t, "count", query, nil, func(r row) (struct{}, error) {
		var k K
		var n int
		err := r.Scan(&k, &n)
		out[k] = n
		return struct{}{}, err
	})
	return out, err
}

func (d *DB) size() (int64, error) {
	var sum int64
	for _, name := range []string{d.path, d.path + "-wal"} {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("measure database: %w", err)
		}
		sum += info.Size()
	}
	return sum, nil
}

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"blnbot/internal/meeting"
)

// erasureMemory is how long it is kept that something was erased; backups that
// are older are not cleaned.
const erasureMemory = 400 * 24 * time.Hour

// StoreErasure notes that something was erased. A second one with the same id
// changes nothing. What was noted long ago is forgotten.
func (t *Tx) StoreErasure(ctx context.Context, e meeting.Erasure) error {
	if _, err := t.exec(ctx, "forget erasures", "DELETE FROM erasures WHERE at < ?", stamp(e.At.Add(-erasureMemory))); err != nil {
		return err
	}
	_, err := t.exec(ctx, "store erasure", "INSERT INTO erasures (id, kind, subject, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
		e.ID, e.Kind, e.Subject, stamp(e.At))
	return err
}

// ErasedSince reports whether the person with the pseudonym was erased at the time or
// after it.
func (t *Tx) ErasedSince(ctx context.Context, pseudonym string, at time.Time) (bool, error) {
	return value[bool](ctx, t, "look up erasure", "SELECT EXISTS (SELECT 1 FROM erasures WHERE kind = ? AND subject = ? AND at >= ?)",
		meeting.ErasedPerson, pseudonym, stamp(at))
}

const listErasures = "SELECT id, kind, subject, at FROM erasures ORDER BY at, id"

func scanErasure(r row) (meeting.Erasure, error) {
	var e meeting.Erasure
	err := r.Scan(&e.ID, &e.Kind, &e.Subject, timestamp{&e.At})
	return e, err
}

// Erasures lists what was erased, oldest first.
func (d *DB) Erasures(ctx context.Context) (out []meeting.Erasure, err error) {
	err = d.Update(ctx, func(t *Tx) (err error) {
		out, err = list(ctx, t, "list erasures", listErasures, nil, scanErasure)
		return err
	})
	return out, err
}

// KnownUsers lists all user ids that anything is stored about.
func (t *Tx) KnownUsers(ctx context.Context) ([]meeting.UserID, error) {
	return list(ctx, t, "list users", `SELECT user_id FROM members UNION SELECT author FROM entries UNION SELECT author FROM versions
		UNION SELECT sender FROM reactions UNION SELECT author FROM unplaced UNION SELECT user_id FROM roles UNION SELECT user_id FROM consents
		UNION SELECT user_id FROM direct_rooms UNION SELECT user_id FROM passages UNION SELECT user_id FROM absences
		UNION SELECT inviter FROM invites UNION SELECT author FROM suggestions UNION SELECT author FROM follow_up_answers
		UNION SELECT recorded_by FROM decisions UNION SELECT shared_by FROM summaries UNION SELECT shared_by FROM plans
		UNION SELECT shared_by FROM polls UNION SELECT published_by FROM reports UNION SELECT user_id FROM signoffs ORDER BY 1`, nil, scanOne[meeting.UserID])
}

// Version returns the database version of the file and the newest one that this
// program knows; 0 if there is no file or nothing in it. It changes nothing.
func Version(ctx context.Context, path string) (have, known int, err error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return 0, 0, fmt.Errorf("list migrations: %w", err)
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return 0, len(names), nil
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		return 0, 0, fmt.Errorf("open database: %w", err)
	}
	err = db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have)
	if err = errors.Join(err, db.Close()); err != nil {
		return 0, 0, fmt.Errorf("read database version: %w", err)
	}
	return have, len(names), nil
}

// ErasuresIn lists what was erased before the backup was made. It changes
// nothing; a backup from before erasures were noted has none.
func ErasuresIn(ctx context.Context, path string) ([]meeting.Erasure, error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()+"?immutable=1")
	if err != nil {
		return nil, fmt.Errorf("open backup: %w", err)
	}
	out, err := erasuresOf(ctx, db)
	return out, errors.Join(err, db.Close())
}

func erasuresOf(ctx context.Context, db *sql.DB) ([]meeting.Erasure, error) {
	var there int
	err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'erasures'").Scan(&there)
	if err != nil || there == 0 {
		return nil, wrap("look into backup", err)
	}
	rows, err := db.QueryContext(ctx, listErasures)
	if err != nil {
		return nil, fmt.Errorf("look into backup: %w", err)
	}
	defer rows.Close()
	var out []meeting.Erasure
	for rows.Next() {
		e, err := scanErasure(rows)
		if err != nil {
			return nil, fmt.Errorf("look into backup: %w", err)
		}
		out = append(out, e)
	}
	return out, wrap("look into backup", rows.Err())
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Rewrite changes a backup: a copy is brought up to this program's version,
// changed, packed so that nothing deleted is left in it, and checked, and only
// then takes the backup's place. If that fails the backup stays as it was.
func Rewrite(ctx context.Context, path string, change func(context.Context, *DB) error) (err error) {
	dir, err := os.MkdirTemp(filepath.Dir(path), filepath.Base(path)+".*"+Partial)
	if err != nil {
		return fmt.Errorf("rewrite backup: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	work := filepath.Join(dir, "work.db")
	if err := copyFile(path, work); err != nil {
		return err
	}
	db, err := Open(ctx, work)
	if err != nil {
		return err
	}
	if err := errors.Join(change(ctx, db), db.Close()); err != nil {
		return err
	}
	packed := filepath.Join(dir, "packed.db")
	if _, err := Backup(ctx, work, packed); err != nil {
		return err
	}
	if err := os.Rename(packed, path); err != nil {
		return fmt.Errorf("replace backup: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// copyFile copies a database that nobody has open.
func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("read backup: %w", err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		return fmt.Errorf("copy backup: %w", err)
	}
	return nil
}

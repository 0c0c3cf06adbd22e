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
)

// ErrDamaged means that a file is no database, or not a sound one.
var ErrDamaged = errors.New("the database is damaged")

// Partial ends the name of a backup that is being written.
const Partial = ".partial"

// Backup writes a consistent copy of the database file from to the new file to
// (mode 0600), and returns its size in bytes. The copy has no free pages, so
// nothing that was deleted is in it. It works while another process runs the
// bot, whatever version that is, and changes nothing in from. The copy is
// checked before it gets its name. Errors match fs.ErrNotExist (no database,
// nothing in it, or no folder), fs.ErrExist (to is there already), ErrDamaged, or see Fault.
func Backup(ctx context.Context, from, to string) (size int64, err error) {
	if _, err := os.Stat(from); err != nil {
		return 0, fmt.Errorf("find database: %w", err)
	}
	// An empty file is a sound database, too. A copy of it would in time take the
	// place of those that hold something.
	if have, _, err := Version(ctx, from); err != nil {
		return 0, err
	} else if have == 0 {
		return 0, fmt.Errorf("find database: nothing in it: %w", fs.ErrNotExist)
	}
	if _, err := os.Lstat(to); err == nil {
		return 0, fmt.Errorf("create %s: %w", to, fs.ErrExist)
	}
	// A name of its own, and an empty file with the right mode, which VACUUM
	// INTO fills: the data is never open to others.
	f, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".*"+Partial)
	if err != nil {
		return 0, fmt.Errorf("create backup: %w", err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			err = errors.Join(err, removeIfThere(f.Name()))
		}
	}()
	if err := vacuumInto(ctx, from, f.Name()); err != nil {
		return 0, err
	}
	if err := check(ctx, f.Name()); err != nil {
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, fmt.Errorf("write backup to disk: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return 0, fmt.Errorf("measure backup: %w", err)
	}
	if err := os.Rename(f.Name(), to); err != nil {
		return 0, fmt.Errorf("name backup: %w", err)
	}
	return info.Size(), syncDir(filepath.Dir(to))
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove unfinished backup: %w", err)
	}
	return nil
}

func vacuumInto(ctx context.Context, from, to string) error {
	db, err := Connect(ctx, from)
	if err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		return errors.Join(fmt.Errorf("copy database: %w", err), db.Close())
	}
	return db.Close()
}

// Check reads all of a database file, also while a process uses it, and changes
// nothing. Errors match ErrDamaged, or see Fault.
func Check(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()+"?mode=ro&_pragma=busy_timeout(10000)&"+cache)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	return errors.Join(whole(ctx, db), db.Close())
}

// check reads the whole copy. It is opened as a file that nobody changes, so
// that no other files appear beside it.
func check(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()+"?immutable=1&"+cache)
	if err != nil {
		return fmt.Errorf("open backup: %w", err)
	}
	return errors.Join(sound(ctx, db), db.Close())
}

// whole returns ErrDamaged if the database's structure is broken.
func whole(ctx context.Context, db *sql.DB) error {
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	// What it says could quote the data, so it is not passed on.
	if verdict != "ok" {
		return fmt.Errorf("check database: %w", ErrDamaged)
	}
	return nil
}

// sound returns ErrDamaged if the database's structure or its references are
// broken.
func sound(ctx context.Context, db *sql.DB) error {
	if err := whole(ctx, db); err != nil {
		return err
	}
	var broken int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM pragma_foreign_key_check").Scan(&broken); err != nil {
		return fmt.Errorf("check references: %w", err)
	}
	if broken > 0 {
		return fmt.Errorf("check references: %w", ErrDamaged)
	}
	return nil
}

// syncDir makes a new name in a folder last through a power failure.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("write folder to disk: %w", err)
	}
	return nil
}

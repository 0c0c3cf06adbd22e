// Package sqlite keeps all of the bot's data in one SQLite file: what came in
// (sync token, inbox, gaps), what goes out (posts) and the domain. It holds all
// SQL. It knows nothing of Matrix, of languages or of the clock: every time is
// an argument.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNewer means that the database was written by a newer blnbot.
var ErrNewer = errors.New("the database was written by a newer version of blnbot")

// cache bounds what a connection keeps of its file, to 500 kB instead of SQLite's
// 2 MB: a page of 4 kB takes up 8 in the driver's allocator, which keeps what was
// once used. What the bot reads again and again is less, and the rest comes out of
// the system's cache of the file.
const cache = "_pragma=cache_size(-500)"

// busyTimeout is how long a lock of another process is waited for.
const busyTimeout = "busy_timeout(10000)"

// pragmas are set on every connection. FULL, because with WAL and NORMAL the
// last commits can be lost with the power, after the server was told that they
// are safe; secure_delete, because removed text must leave the free pages too.
const pragmas = cache + "&_pragma=journal_mode(WAL)&_pragma=foreign_keys(1)&_pragma=" + busyTimeout +
	"&_pragma=synchronous(FULL)&_pragma=secure_delete(1)&_txlock=immediate&_time_format=sqlite&_timezone=UTC"

// Connect opens an SQLite file with the settings that both of the bot's files
// need. The file is created with mode 0600.
func Connect(ctx context.Context, path string) (*sql.DB, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		err = f.Close()
	} else if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("create database: %w", err)
	}
	opener, err := sqlite.NewConnector("file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + pragmas)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db := sql.OpenDB(connector{opener})
	// One connection: SQLite has one writer anyway, and nothing in the process
	// ever waits for a lock that it holds itself.
	db.SetMaxOpenConns(1)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), db.Close())
	}
	return db, nil
}

// DB is blnbot.db. Its methods are what the adapters need, each one a
// transaction; the bot works on a Tx.
type DB struct {
	db    *sql.DB
	path  string
	kick  func() // called after a transaction that stored posts
	scrub scrubPlan
	// outdated says that there are copies of the database that hold text that was
	// removed.
	outdated bool
	mu       sync.Mutex // guards scrub and outdated
}

// Open opens blnbot.db in the folder, creates or upgrades it, and refuses a
// newer one with ErrNewer. Before an upgrade a copy is written beside it.
func Open(ctx context.Context, path string) (*DB, error) {
	conn, err := Connect(ctx, path)
	if err != nil {
		return nil, err
	}
	// Whoever had the database before may have been killed before the log was empty.
	d := &DB{db: conn, path: path, kick: func() {}, scrub: scrubPlan{due: true}}
	err = d.migrate(ctx)
	if err == nil {
		err = d.dropOutdated(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return d, nil
}

// OnPosts sets what is called after new posts were committed.
func (d *DB) OnPosts(fn func()) { d.kick = fn }

// Close writes the log back into the file and closes it. It does not wait for a
// reader that stays: a stop would take longer than the bot says.
func (d *DB) Close() error {
	_, err := d.emptyLog(context.Background(), scrubPatience)
	return errors.Join(err, d.db.Close())
}

func (d *DB) migrate(ctx context.Context) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return fmt.Errorf("list migrations: %w", err)
	}
	var version int
	if err := d.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("read database version: %w", err)
	}
	if version > len(names) {
		return fmt.Errorf("%w: it has version %d, this program knows %d", ErrNewer, version, len(names))
	}
	if version > 0 && version < len(names) {
		if err := d.copyTo(ctx, fmt.Sprintf("%s.v%d", d.path, version)); err != nil {
			return err
		}
	}
	for i := version; i < len(names); i++ {
		if err := d.apply(ctx, names[i], i+1); err != nil {
			return err
		}
	}
	return nil
}

// copyTo writes a consistent copy of the database; an older copy of the same
// version gives way.
func (d *DB) copyTo(ctx context.Context, path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove old copy: %w", err)
	}
	if _, err := d.db.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return fmt.Errorf("copy database before the upgrade: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return fmt.Errorf("protect the copy: %w", err)
	}
	return nil
}

func (d *DB) apply(ctx context.Context, name string, version int) error {
	script, err := migrations.ReadFile(name)
	if err != nil {
		return fmt.Errorf("read migration: %w", err)
	}
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin migration: %w", err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, string(script)); err != nil {
		return fmt.Errorf("migrate to %d: %w", version, err)
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version)); err != nil {
		return fmt.Errorf("set database version: %w", err)
	}
	return tx.Commit()
}

// Tx is a transaction. Its methods are the domain's storage.
type Tx struct {
	conn    *sql.Conn
	posted  bool // a post was stored
	removed bool // text was removed
	cleared bool // so was everything that people wrote in a network
}

// Update runs fn in a transaction and commits it, unless fn fails or panics. A
// context that ends before keeps it from beginning; what has begun is finished.
func (d *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	t, err := d.transact(ctx, "BEGIN IMMEDIATE", fn)
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if t.posted {
		d.kick()
	}
	d.scrubLog(ctx, t.removed)
	d.scrubCopies(t.cleared)
	return nil
}

// view runs fn in a transaction that must not write: it waits for no writer, and
// is cheaper.
func (d *DB) view(ctx context.Context, fn func(*Tx) error) error {
	_, err := d.transact(ctx, "BEGIN", fn)
	return err
}

// transact runs fn between begin and COMMIT. It does without sql.Tx, which
// starts a goroutine for each transaction and for each query in it.
func (d *DB) transact(ctx context.Context, begin string, fn func(*Tx) error) (t *Tx, err error) {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer conn.Close()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	bare := context.WithoutCancel(ctx)
	if _, err := conn.ExecContext(bare, begin); err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	committed := false
	defer func() {
		if !committed {
			_, _ = conn.ExecContext(bare, "ROLLBACK") // fails if SQLite did so itself
		}
	}()
	t = &Tx{conn: conn}
	if err := fn(t); err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(bare, "COMMIT"); err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	committed = true
	return t, nil
}

// scrubCopies deletes the copies of the database from before upgrades, all of
// which are older than what was just deleted from it. If it fails that is left
// to the next transaction.
func (d *DB) scrubCopies(cleared bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.outdated = d.outdated || cleared; d.outdated {
		d.outdated = d.dropCopies(time.Time{}) != nil
	}
}

// exec runs a statement and names it in the error.
func (t *Tx) exec(ctx context.Context, what, query string, args ...any) (int64, error) {
	res, err := t.conn.ExecContext(context.WithoutCancel(ctx), query, args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	return n, nil
}

// list collects the rows of a query.
func list[T any](ctx context.Context, t *Tx, what, query string, args []any, scan func(row) (T, error)) ([]T, error) {
	rows, err := t.conn.QueryContext(context.WithoutCancel(ctx), query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return out, nil
}

// get reads one row; nil if there is none.
func get[T any](ctx context.Context, t *Tx, what, query string, args []any, scan func(row) (T, error)) (*T, error) {
	found, err := list(ctx, t, what, query, args, scan)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// value reads one value; its zero value if there is no row.
func value[T any](ctx context.Context, t *Tx, what, query string, args ...any) (T, error) {
	var zero T
	found, err := get(ctx, t, what, query, args, scanOne[T])
	if err != nil || found == nil {
		return zero, err
	}
	return *found, nil
}

type row interface{ Scan(...any) error }

// scanOne scans a row with a single column.
func scanOne[T any](r row) (T, error) {
	var v T
	err := r.Scan(&v)
	return v, err
}

// layout is how times are stored: fixed width, so that text order is time
// order. The zero time is NULL.
const layout = "2006-01-02T15:04:05.000Z"

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(layout)
}

// timestamp scans a stored time.
type timestamp struct{ t *time.Time }

func (s timestamp) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*s.t = time.Time{}
		return nil
	case string:
		t, err := time.Parse(layout, v)
		*s.t = t
		return err
	}
	return fmt.Errorf("not a time: %T", v)
}

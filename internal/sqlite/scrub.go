package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// scrubPatience is how long an attempt to empty the log waits for readers: those
	// of the bot's commands are seldom longer in one transaction.
	scrubPatience = 200 * time.Millisecond
	// scrubRest is after how many transactions at the latest the next attempt comes.
	scrubRest = 16
)

// scrubPlan tells when to try to empty the write-ahead log. There may be a reader
// that never ends (Litestream is one): it must not hold up every transaction.
type scrubPlan struct {
	due  bool // the log may hold text that was removed
	busy int  // attempts in a row that failed
	rest int  // transactions to leave out before the next attempt
}

// next reports, after a transaction, whether to try, and for how long to wait for
// readers: not at all for one that was there already.
func (p *scrubPlan) next(removed bool) (try bool, patience time.Duration) {
	p.due = p.due || removed
	switch {
	case !p.due:
		return false, 0
	case p.rest > 0:
		p.rest--
		return false, 0
	case p.busy == 0:
		return true, scrubPatience
	}
	return true, 0
}

// tried notes how an attempt went. After the first that failed the next comes with
// the next transaction, then after 2, 4 and 8 of them, then after every scrubRest.
func (p *scrubPlan) tried(emptied bool) {
	if emptied {
		*p = scrubPlan{}
		return
	}
	p.rest = min(1<<p.busy, scrubRest) - 1
	p.busy = min(p.busy+1, scrubRest)
}

// scrubLog empties the write-ahead log after text was removed: secure_delete
// overwrites the pages of the database, but the log keeps their earlier form.
// While another process reads the database, or if it fails, that is left to a
// later transaction; what was committed stays committed either way.
func (d *DB) scrubLog(ctx context.Context, removed bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if try, patience := d.scrub.next(removed); try {
		emptied, err := d.emptyLog(ctx, patience)
		d.scrub.tried(emptied && err == nil)
	}
}

// emptyLog writes the log back into the file and cuts it to nothing, unless others
// still read from it when patience is over.
func (d *DB) emptyLog(ctx context.Context, patience time.Duration) (emptied bool, err error) {
	conn, err := d.db.Conn(ctx) // for itself alone, as long as its patience is another
	if err != nil {
		return false, fmt.Errorf("empty log: %w", err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout(%d)", patience.Milliseconds())); err != nil {
		return false, fmt.Errorf("empty log: %w", err)
	}
	var busy, frames, moved int
	err = conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved)
	_, err2 := conn.ExecContext(ctx, "PRAGMA "+busyTimeout)
	if err := errors.Join(err, err2); err != nil {
		return false, fmt.Errorf("empty log: %w", err)
	}
	return busy == 0, nil
}

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPrepared: a query gives the same answers before and after it is
// prepared, after a failed transaction, and to several callers at once.
func TestPrepared(t *testing.T) {
	ctx := context.Background()
	d, err := Open(ctx, filepath.Join(t.TempDir(), "blnbot.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	const store, count = "INSERT INTO redacted (event_id, at) VALUES (?, '')", "SELECT count(*) FROM redacted WHERE event_id >= ?"
	failed := errors.New("failed")
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for n := range 25 {
				for _, fail := range []error{failed, nil} {
					err := d.Update(ctx, func(tx *Tx) error {
						before, err1 := value[int](ctx, tx, "count", count, "")
						_, err2 := tx.exec(ctx, "store", store, string([]byte{byte('a' + worker), byte('a' + n)}))
						after, err3 := value[int](ctx, tx, "count", count, "")
						if after != before+1 {
							t.Errorf("%d rows after %d", after, before)
						}
						return errors.Join(err1, err2, err3, fail)
					})
					if !errors.Is(err, fail) {
						t.Errorf("update: %v, want %v", err, fail)
					}
				}
			}
		})
	}
	wg.Wait()
	err = d.raw(ctx, func(c *conn) error {
		if c.list[store] == nil || c.list[count] == nil {
			t.Error("the queries are not prepared")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var n int
	err = d.Update(ctx, func(tx *Tx) (err error) {
		n, err = value[int](ctx, tx, "count", count, "")
		return err
	})
	if err != nil || n != 100 {
		t.Errorf("%d rows, want 100 (%v)", n, err)
	}
}

// raw gives the test the connection.
func (d *DB) raw(ctx context.Context, fn func(*conn) error) error {
	pooled, err := d.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer pooled.Close()
	return pooled.Raw(func(c any) error { return fn(c.(*conn)) })
}

// TestPreparedNested: a query that comes again while its rows are being read
// gives all of its rows both times.
func TestPreparedNested(t *testing.T) {
	ctx := context.Background()
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	const numbers = "SELECT value FROM json_each(?) WHERE value > 0"
	for round := range 3 {
		err := d.view(ctx, func(tx *Tx) error {
			var got []int
			outer, err := list(ctx, tx, "outer", numbers, []any{"[1,2,3]"}, func(r row) (int, error) {
				inner, err := list(ctx, tx, "inner", numbers, []any{"[4,5]"}, scanOne[int])
				got = append(got, inner...)
				if err != nil {
					return 0, err
				}
				return scanOne[int](r)
			})
			if diff := cmp.Diff([]int{1, 2, 3}, outer); diff != "" {
				t.Errorf("round %d, outer: %s", round, diff)
			}
			if diff := cmp.Diff([]int{4, 5, 4, 5, 4, 5}, got); diff != "" {
				t.Errorf("round %d, inner: %s", round, diff)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestPreparedMany: more queries than a connection keeps are forgotten, all but
// the one that is being read.
func TestPreparedMany(t *testing.T) {
	ctx := context.Background()
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	const numbers = "SELECT value FROM json_each(?)"
	for range 2 {
		err := d.view(ctx, func(tx *Tx) error {
			outer, err := list(ctx, tx, "outer", numbers, []any{"[1,2,3]"}, func(r row) (int, error) {
				for n := range 2 * maxPrepared {
					query := fmt.Sprintf("SELECT %d", n/2)
					if got, err := value[int](ctx, tx, "inner", query); err != nil || got != n/2 {
						t.Fatalf("%s: %d, %v", query, got, err)
					}
				}
				return scanOne[int](r)
			})
			if diff := cmp.Diff([]int{1, 2, 3}, outer); diff != "" {
				t.Error(diff)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	err := d.raw(ctx, func(c *conn) error {
		if len(c.list) > maxPrepared {
			t.Errorf("%d queries, want at most %d", len(c.list), maxPrepared)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestUpdateEnds: a transaction whose function fails or panics leaves nothing
// behind, and the next one works; one whose context has ended does not begin,
// and one whose context ends is finished.
func TestUpdateEnds(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	store := func(ctx context.Context, id string, end func() error) (err error) {
		defer func() {
			if recover() != nil {
				err = errPanicked
			}
		}()
		return d.Update(ctx, func(tx *Tx) error {
			if _, err := tx.exec(ctx, "store", "INSERT INTO redacted (event_id, at) VALUES (?, '')", id); err != nil {
				return err
			}
			return end()
		})
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	ending, cancel := context.WithCancel(context.Background())
	failed := errors.New("failed")
	for _, tt := range []struct {
		id   string
		ctx  context.Context
		end  func() error
		want error
	}{
		{"a", context.Background(), func() error { return failed }, failed},
		{"b", context.Background(), func() error { panic("here") }, errPanicked},
		{"c", ended, func() error { return nil }, context.Canceled},
		{"d", ending, func() error { cancel(); return nil }, nil},
		{"e", context.Background(), func() error { return nil }, nil},
	} {
		if err := store(tt.ctx, tt.id, tt.end); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.id, err, tt.want)
		}
	}
	var got []string
	err := d.view(context.Background(), func(tx *Tx) (err error) {
		got, err = list(context.Background(), tx, "list", "SELECT event_id FROM redacted ORDER BY event_id", nil, scanOne[string])
		return err
	})
	if diff := cmp.Diff([]string{"d", "e"}, got); diff != "" || err != nil {
		t.Errorf("%s (%v)", diff, err)
	}
}

var errPanicked = errors.New("panicked")

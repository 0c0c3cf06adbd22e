package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
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
	if d.prepared.get(store) == nil || d.prepared.get(count) == nil {
		t.Error("the queries are not prepared")
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

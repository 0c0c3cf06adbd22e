package sqlite

import (
	"context"

	"blnbot/internal/meeting"
)

const compilationColumns = `programme, number, version, state, made_at`

func scanCompilation(r row) (meeting.Compilation, error) {
	c := meeting.Compilation{Parts: map[int64]int{}}
	err := r.Scan(&c.Programme, &c.Number, &c.Version, &c.State, timestamp{&c.Made})
	return c, err
}

// Compilation returns what was put together of a round, or nil.
func (t *Tx) Compilation(ctx context.Context, programme string, number int) (*meeting.Compilation, error) {
	c, err := get(ctx, t, "read compilation", "SELECT "+compilationColumns+" FROM compilations WHERE programme = ? AND number = ?",
		[]any{programme, number}, scanCompilation)
	if err != nil || c == nil {
		return c, err
	}
	_, err = list(ctx, t, "read compilation's parts", "SELECT meeting_id, version FROM compilation_parts WHERE programme = ? AND number = ?",
		[]any{programme, number}, func(r row) (struct{}, error) {
			var id int64
			var version int
			err := r.Scan(&id, &version)
			c.Parts[id] = version
			return struct{}{}, err
		})
	return c, err
}

// StaleCompilations lists those that are to be posted anew, without their parts.
func (t *Tx) StaleCompilations(ctx context.Context) ([]meeting.Compilation, error) {
	return list(ctx, t, "list compilations", "SELECT "+compilationColumns+" FROM compilations WHERE state = 'renew' ORDER BY programme, number",
		nil, scanCompilation)
}

const storeCompilation = `INSERT INTO compilations (` + compilationColumns + `) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (programme, number) DO UPDATE SET version = excluded.version, state = excluded.state, made_at = excluded.made_at`

// StoreCompilation inserts or replaces what was put together of a round.
func (t *Tx) StoreCompilation(ctx context.Context, c *meeting.Compilation) error {
	if _, err := t.exec(ctx, "store compilation", storeCompilation, c.Programme, c.Number, c.Version, c.State, stamp(c.Made)); err != nil {
		return err
	}
	if _, err := t.exec(ctx, "clear compilation's parts", "DELETE FROM compilation_parts WHERE programme = ? AND number = ?", c.Programme, c.Number); err != nil {
		return err
	}
	for id, version := range c.Parts {
		_, err := t.exec(ctx, "store compilation's part", "INSERT INTO compilation_parts (programme, number, meeting_id, version) VALUES (?, ?, ?, ?)",
			c.Programme, c.Number, id, version)
		if err != nil {
			return err
		}
	}
	return nil
}

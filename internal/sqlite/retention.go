package sqlite

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"blnbot/internal/meeting"
)

const deletionColumns = "id, network, due, published, announced_at, reminded_at, done_at, entries"

func scanDeletion(r row) (meeting.Deletion, error) {
	var v meeting.Deletion
	err := r.Scan(&v.ID, &v.Network, timestamp{&v.Due}, &v.Published, timestamp{&v.Announced}, timestamp{&v.Reminded}, timestamp{&v.Done}, &v.Entries)
	return v, err
}

// Deletions lists the deletions that lie ahead.
func (t *Tx) Deletions(ctx context.Context) ([]meeting.Deletion, error) {
	return list(ctx, t, "list deletions", "SELECT "+deletionColumns+" FROM deletions WHERE done_at IS NULL ORDER BY network", nil, scanDeletion)
}

// Deletion returns the network's deletion that lies ahead, or nil.
func (t *Tx) Deletion(ctx context.Context, network string) (*meeting.Deletion, error) {
	return get(ctx, t, "read deletion", "SELECT "+deletionColumns+" FROM deletions WHERE network = ? AND done_at IS NULL", []any{network}, scanDeletion)
}

// StoreDeletion inserts a deletion, whose ID is 0, or updates it.
func (t *Tx) StoreDeletion(ctx context.Context, v *meeting.Deletion) error {
	if v.ID != 0 {
		_, err := t.exec(ctx, "store deletion", `UPDATE deletions SET due = ?, published = ?, announced_at = ?, reminded_at = ?, done_at = ?,
			entries = ? WHERE id = ?`, stamp(v.Due), v.Published, stamp(v.Announced), stamp(v.Reminded), stamp(v.Done), v.Entries, v.ID)
		return err
	}
	found, err := get(ctx, t, "store deletion", `INSERT INTO deletions (network, due, published) VALUES (?, ?, ?) RETURNING id`,
		[]any{v.Network, stamp(v.Due), v.Published}, scanOne[int64])
	if err != nil {
		return err
	}
	v.ID = *found
	return nil
}

// CancelDeletion takes back a deletion that lies ahead.
func (t *Tx) CancelDeletion(ctx context.Context, id int64) error {
	_, err := t.exec(ctx, "cancel deletion", "DELETE FROM deletions WHERE id = ? AND done_at IS NULL", id)
	return err
}

// A network whose last meeting closed, whose entries have not all been deleted
// yet, for which no deletion lies ahead, and in which no meeting is open.
const idleNetworks = `SELECT m.network, max(m.closed_at) FROM meetings m WHERE m.state IN ('closed', 'shared')
AND NOT EXISTS (SELECT 1 FROM remembered r WHERE r.meeting_id = m.id)
AND NOT EXISTS (SELECT 1 FROM deletions d WHERE d.network = m.network AND d.done_at IS NULL)
AND NOT EXISTS (SELECT 1 FROM meetings o WHERE o.network = m.network AND o.state = 'open')
GROUP BY m.network`

// IdleNetworks returns when each network's last meeting closed, for networks
// without an open meeting that have entries and no date for their deletion.
func (t *Tx) IdleNetworks(ctx context.Context) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	_, err := list(ctx, t, "list idle networks", idleNetworks, nil, func(r row) (struct{}, error) {
		var id string
		var at time.Time
		err := r.Scan(&id, timestamp{&at})
		out[id] = at
		return struct{}{}, err
	})
	return out, err
}

// MetSince returns, for networks for which a deletion lies ahead, whether a
// meeting is open and when the last one closed.
func (t *Tx) MetSince(ctx context.Context) (map[string]meeting.Met, error) {
	out := map[string]meeting.Met{}
	_, err := list(ctx, t, "list meetings before deletions", `SELECT network, max(state = 'open'), max(closed_at) FROM meetings
		WHERE network IN (SELECT network FROM deletions WHERE done_at IS NULL) GROUP BY network`, nil, func(r row) (struct{}, error) {
		var id string
		var met meeting.Met
		err := r.Scan(&id, &met.Open, timestamp{&met.Closed})
		out[id] = met
		return struct{}{}, err
	})
	return out, err
}

// Remembered returns what is remembered of a meeting whose entries were
// deleted; nil if they were not.
func (t *Tx) Remembered(ctx context.Context, id int64) (*meeting.Remembered, error) {
	return get(ctx, t, "read remembered counts", "SELECT counts FROM remembered WHERE meeting_id = ?", []any{id}, func(r row) (meeting.Remembered, error) {
		var text string
		var v meeting.Remembered
		if err := r.Scan(&text); err != nil {
			return v, err
		}
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			return v, fmt.Errorf("decode remembered counts: %w", err)
		}
		return v, nil
	})
}

// StoreRemembered keeps the counts of a meeting whose entries are deleted.
func (t *Tx) StoreRemembered(ctx context.Context, id int64, v meeting.Remembered) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode remembered counts: %w", err)
	}
	_, err = t.exec(ctx, "store remembered counts", `INSERT INTO remembered (meeting_id, counts, at) VALUES (?, ?, ?)
		ON CONFLICT (meeting_id) DO UPDATE SET counts = excluded.counts, at = excluded.at`, id, string(text), stamp(v.At))
	return err
}

// The rooms that a network has or had.
const networkRooms = `(WITH RECURSIVE had (room_id) AS (SELECT room_id FROM bindings WHERE name = 'network:' || ?1
	UNION SELECT r.room_id FROM replaced r JOIN had ON r.next_id = had.room_id WHERE r.moved) SELECT room_id FROM had)`

const (
	networkMeetings = `(SELECT id FROM meetings WHERE network = ?1)`
	networkEntries  = `(SELECT event_id FROM entries WHERE meeting_id IN ` + networkMeetings + `)`
	approvedPlan    = `(SELECT version FROM plans WHERE network = ?1)`
)

// rawTables is what holds what people wrote, in the order in which it is
// deleted: the texts, who reacted to them, how they came in and on their way
// out, what was made of them without being approved, and which reply an
// approved text comes from.
func rawTables() []string {
	return []string{
		"DELETE FROM versions WHERE entry_id IN " + networkEntries + " OR event_id IN (SELECT event_id FROM inbox WHERE room_id IN " + networkRooms + ")",
		"DELETE FROM reactions WHERE room_id IN " + networkRooms + " OR target IN " + networkEntries,
		"DELETE FROM point_entries WHERE meeting_id IN " + networkMeetings,
		"DELETE FROM summaries WHERE state = 'draft' AND meeting_id IN " + networkMeetings,
		"DELETE FROM points WHERE dropped = 1 AND meeting_id IN " + networkMeetings,
		"DELETE FROM wanted WHERE meeting_id IN " + networkMeetings,
		"DELETE FROM unplaced WHERE room_id IN " + networkRooms,
		"DELETE FROM anonymous WHERE meeting_id IN " + networkMeetings,
		"DELETE FROM entries WHERE meeting_id IN " + networkMeetings,
		"UPDATE inbox SET raw = NULL, next_at = NULL, state = 'done' WHERE state IN ('wait_key', 'fetch') AND room_id IN " + networkRooms,
		`UPDATE posts SET state = 'cancelled', content = NULL WHERE state = 'pending' AND kind != 'redact'
			AND (quotes IN ` + networkMeetings + ` OR meeting_id IN ` + networkMeetings + `)`,
		"UPDATE posts SET about = '' WHERE about != '' AND room_id IN " + networkRooms,
		`UPDATE suggestions SET state = 'removed', author = '', area = '', what = '', how = '', who = '', due = '' WHERE network = ?1`,
		"DELETE FROM area_entries WHERE network = ?1",
		"DELETE FROM areas WHERE dropped = 1 AND network = ?1",
		"DELETE FROM polls WHERE shared_at IS NULL AND network = ?1",
		"DELETE FROM evaluation_texts WHERE network = ?1",
		"DELETE FROM evaluation_people WHERE network = ?1",
		"DELETE FROM plans WHERE version = 0 AND network = ?1",
		"DELETE FROM plan_items WHERE version = 0 AND network = ?1",
		`INSERT INTO plan_items (network, version, number, area, what, how, who, due, written)
			SELECT network, 0, number, area, what, how, who, due, written FROM plan_items WHERE network = ?1 AND version = ` + approvedPlan,
		`INSERT INTO plan_sources (network, version, number, event_id)
			SELECT network, 0, number, event_id FROM plan_sources WHERE network = ?1 AND version = ` + approvedPlan,
		"UPDATE plans SET changed = 0 WHERE network = ?1",
		"UPDATE plan_items SET suggestion = '' WHERE network = ?1",
	}
}

// DeleteRaw deletes what people wrote in a network, in all its meetings, and
// every link from approved texts to it; the approved texts stay. How many
// replies a measure of the plan comes from can still be told, not which ones.
// It returns how many entries with text there were.
func (t *Tx) DeleteRaw(ctx context.Context, network string) (int, error) {
	n, err := value[int](ctx, t, "count entries", "SELECT count(*) FROM entries WHERE state = 'active' AND meeting_id IN "+networkMeetings, network)
	if err != nil {
		return 0, err
	}
	t.removed, t.cleared = true, true
	for _, query := range rawTables() {
		if _, err := t.exec(ctx, "delete what people wrote", query, network); err != nil {
			return 0, err
		}
	}
	return n, t.unlinkPlan(ctx, network)
}

// unlinkPlan replaces the ids of replies that a plan comes from by random ones,
// the same in every version of the plan.
func (t *Tx) unlinkPlan(ctx context.Context, network string) error {
	ids, err := list(ctx, t, "list plan sources", "SELECT DISTINCT event_id FROM plan_sources WHERE network = ?", []any{network}, scanOne[meeting.EventID])
	if err != nil {
		return err
	}
	for _, id := range ids {
		_, err := t.exec(ctx, "unlink plan", "UPDATE plan_sources SET event_id = ? WHERE network = ? AND event_id = ?", "-"+rand.Text(), network, id)
		if err != nil {
			return err
		}
	}
	return nil
}

// upgradeCopy matches the names of the copies that are written beside the
// database before an upgrade.
var upgradeCopy = regexp.MustCompile(`\.v\d+$`)

// dropOutdated deletes copies from before the last deletion, which a bot that
// was killed may have left.
func (d *DB) dropOutdated(ctx context.Context) error {
	var last time.Time
	if err := d.db.QueryRowContext(ctx, "SELECT max(done_at) FROM deletions").Scan(timestamp{&last}); err != nil {
		return fmt.Errorf("read last deletion: %w", err)
	}
	if last.IsZero() {
		return nil
	}
	return d.dropCopies(last)
}

// dropCopies deletes the copies from before upgrades that are older than the
// time, or all of them if it is zero: they hold what was deleted then.
func (d *DB) dropCopies(before time.Time) error {
	found, err := filepath.Glob(d.path + ".v*")
	if err != nil {
		return fmt.Errorf("list copies: %w", err)
	}
	var errs []error
	for _, name := range found {
		if !upgradeCopy.MatchString(name) {
			continue
		}
		info, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !before.IsZero() && !info.ModTime().Before(before) {
			continue
		}
		if err := errors.Join(err, os.Remove(name)); err != nil {
			errs = append(errs, fmt.Errorf("delete an old copy: %w", err))
		}
	}
	return errors.Join(errs...)
}

package sqlite

import (
	"context"
	"time"

	"blnbot/internal/meeting"
)

const reportColumns = "programme, state, version, post, made_at, published_at, published_by, reason, corrected, body"

func scanReport(r row) (meeting.Report, error) {
	var v meeting.Report
	err := r.Scan(&v.Programme, &v.State, &v.Version, &v.Post, timestamp{&v.Made}, timestamp{&v.Published}, &v.By, &v.Reason, &v.Corrected, &v.Body)
	return v, err
}

// Report returns the programme's draft or published report, or nil.
func (t *Tx) Report(ctx context.Context, programme string, state meeting.ReportState) (*meeting.Report, error) {
	return get(ctx, t, "read report", "SELECT "+reportColumns+" FROM reports WHERE programme = ? AND state = ?", []any{programme, state}, scanReport)
}

// StoreReport inserts or replaces the programme's report in that state. What it
// said before is not kept.
func (t *Tx) StoreReport(ctx context.Context, r *meeting.Report) error {
	_, err := t.exec(ctx, "store report", `INSERT INTO reports (`+reportColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (programme, state) DO UPDATE SET version = excluded.version, post = excluded.post, made_at = excluded.made_at,
		published_at = excluded.published_at, published_by = excluded.published_by, reason = excluded.reason,
		corrected = excluded.corrected, body = excluded.body`,
		r.Programme, r.State, r.Version, r.Post, stamp(r.Made), stamp(r.Published), r.By, r.Reason, r.Corrected, r.Body)
	t.removed = true
	return err
}

// DeleteReport deletes the programme's report in that state.
func (t *Tx) DeleteReport(ctx context.Context, programme string, state meeting.ReportState) error {
	_, err := t.exec(ctx, "delete report", "DELETE FROM reports WHERE programme = ? AND state = ?", programme, state)
	t.removed = true
	return err
}

// ReportNetworks lists the networks that there are meetings of in the programme.
func (t *Tx) ReportNetworks(ctx context.Context, programme string) ([]string, error) {
	return list(ctx, t, "list networks of programme", "SELECT DISTINCT network FROM meetings WHERE programme = ? ORDER BY network",
		[]any{programme}, scanOne[string])
}

const signOffColumns = "programme, network, state, event_id, user_id, at, part, asked_at, nudges"

func scanSignOff(r row) (meeting.SignOff, error) {
	var v meeting.SignOff
	err := r.Scan(&v.Programme, &v.Network, &v.State, &v.Event, &v.By, timestamp{&v.At}, &v.Part, timestamp{&v.Asked}, &v.Nudges)
	return v, err
}

// SignOffs lists what the networks have said about the programme's report.
func (t *Tx) SignOffs(ctx context.Context, programme string) ([]meeting.SignOff, error) {
	return list(ctx, t, "list sign-offs", "SELECT "+signOffColumns+" FROM signoffs WHERE programme = ? ORDER BY network", []any{programme}, scanSignOff)
}

// SignOffByEvent returns the answer that the event gave, or nil.
func (t *Tx) SignOffByEvent(ctx context.Context, id meeting.EventID) ([]meeting.SignOff, error) {
	return list(ctx, t, "find sign-off", "SELECT "+signOffColumns+" FROM signoffs WHERE event_id = ?", []any{id}, scanSignOff)
}

// UnansweredSignOffs lists the networks that were asked before the time about a
// draft, and have not answered.
func (t *Tx) UnansweredSignOffs(ctx context.Context, before time.Time) ([]meeting.SignOff, error) {
	return list(ctx, t, "list unanswered sign-offs", "SELECT "+signOffColumns+` FROM signoffs s WHERE state = 'asked' AND asked_at <= ?
		AND EXISTS (SELECT 1 FROM reports r WHERE r.programme = s.programme AND r.state = 'draft') ORDER BY programme, network`,
		[]any{stamp(before)}, scanSignOff)
}

// StoreSignOff inserts or replaces a network's answer.
func (t *Tx) StoreSignOff(ctx context.Context, v meeting.SignOff) error {
	_, err := t.exec(ctx, "store sign-off", `INSERT INTO signoffs (`+signOffColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (programme, network) DO UPDATE SET state = excluded.state, event_id = excluded.event_id, user_id = excluded.user_id,
		at = excluded.at, part = excluded.part, asked_at = excluded.asked_at, nudges = excluded.nudges`,
		v.Programme, v.Network, v.State, v.Event, v.By, stamp(v.At), v.Part, stamp(v.Asked), v.Nudges)
	return err
}

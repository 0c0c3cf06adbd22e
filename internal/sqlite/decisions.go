package sqlite

import (
	"context"
	"time"

	"blnbot/internal/meeting"
)

const decisionColumns = "network, version, outcome, date, body, note, event_id, recorded_by, at, post"

func scanDecision(r row) (meeting.Decision, error) {
	var d meeting.Decision
	err := r.Scan(&d.Network, &d.Version, &d.Outcome, timestamp{&d.Date}, &d.Body, &d.Note, &d.Event, &d.By, timestamp{&d.At}, &d.Post)
	return d, err
}

// Decisions lists what was decided about the network's plan, by version.
func (t *Tx) Decisions(ctx context.Context, network string) ([]meeting.Decision, error) {
	return list(ctx, t, "list decisions", "SELECT "+decisionColumns+" FROM decisions WHERE network = ? ORDER BY version", []any{network}, scanDecision)
}

// DecisionOf returns the decision that a message recorded, or nil.
func (t *Tx) DecisionOf(ctx context.Context, id meeting.EventID) (*meeting.Decision, error) {
	return get(ctx, t, "read decision", "SELECT "+decisionColumns+" FROM decisions WHERE event_id = ?", []any{id}, scanDecision)
}

// DecisionsBy lists what a user recorded, in all networks.
func (t *Tx) DecisionsBy(ctx context.Context, user meeting.UserID) ([]meeting.Decision, error) {
	return list(ctx, t, "list decisions", "SELECT "+decisionColumns+" FROM decisions WHERE recorded_by = ? ORDER BY network, version", []any{user}, scanDecision)
}

// StoreDecision inserts the decision about a version, or replaces it.
func (t *Tx) StoreDecision(ctx context.Context, d meeting.Decision) error {
	t.removed = true
	_, err := t.exec(ctx, "store decision", "INSERT OR REPLACE INTO decisions ("+decisionColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		d.Network, d.Version, d.Outcome, stamp(d.Date), d.Body, d.Note, d.Event, d.By, stamp(d.At), d.Post)
	return err
}

// DeleteDecision deletes the decision about a version.
func (t *Tx) DeleteDecision(ctx context.Context, network string, version int) error {
	t.removed = true
	_, err := t.exec(ctx, "delete decision", "DELETE FROM decisions WHERE network = ? AND version = ?", network, version)
	return err
}

const followUpColumns = "network, version, months, due, state, asked, reminded"

func scanFollowUp(r row) (meeting.FollowUp, error) {
	var f meeting.FollowUp
	err := r.Scan(&f.Network, &f.Version, &f.Months, timestamp{&f.Due}, &f.State, timestamp{&f.Asked}, timestamp{&f.Reminded})
	return f, err
}

// FollowUps lists the network's follow-up questions with their answers, by the
// version of the plan and then by time.
func (t *Tx) FollowUps(ctx context.Context, network string) ([]meeting.FollowUp, error) {
	found, err := list(ctx, t, "list follow-ups", "SELECT "+followUpColumns+" FROM follow_ups WHERE network = ? ORDER BY version, months",
		[]any{network}, scanFollowUp)
	for i := range found {
		if err == nil {
			found[i].Answers, err = list(ctx, t, "list answers", `SELECT event_id, author, body, at FROM follow_up_answers
				WHERE network = ? AND version = ? AND months = ? ORDER BY at, event_id`, []any{network, found[i].Version, found[i].Months}, scanAnswer)
		}
	}
	return found, err
}

func scanAnswer(r row) (meeting.FollowUpAnswer, error) {
	var a meeting.FollowUpAnswer
	err := r.Scan(&a.Event, &a.By, &a.Body, timestamp{&a.At})
	return a, err
}

// FollowUpNetworks lists the networks with a question that is due at now, or
// that was asked before the given time and not brought to mind yet.
func (t *Tx) FollowUpNetworks(ctx context.Context, now, asked time.Time) ([]string, error) {
	return list(ctx, t, "list due follow-ups", `SELECT DISTINCT network FROM follow_ups f WHERE state = 'waiting' AND due <= ?
		OR state = 'asked' AND asked <= ? AND NOT EXISTS (SELECT 1 FROM follow_up_answers a
			WHERE a.network = f.network AND a.version = f.version AND a.months = f.months) ORDER BY network`,
		[]any{stamp(now), stamp(asked)}, scanOne[string])
}

// StoreFollowUp inserts a follow-up question, or replaces its times and state.
func (t *Tx) StoreFollowUp(ctx context.Context, f meeting.FollowUp) error {
	_, err := t.exec(ctx, "store follow-up", "INSERT INTO follow_ups ("+followUpColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (network, version, months) DO UPDATE SET due = excluded.due, state = excluded.state, asked = excluded.asked,
		reminded = excluded.reminded`, f.Network, f.Version, f.Months, stamp(f.Due), f.State, stamp(f.Asked), stamp(f.Reminded))
	return err
}

// DropFollowUps deletes the network's questions that have not been asked.
func (t *Tx) DropFollowUps(ctx context.Context, network string) error {
	_, err := t.exec(ctx, "drop follow-ups", "DELETE FROM follow_ups WHERE network = ? AND state IN ('waiting', 'passed')", network)
	return err
}

// StoreAnswer keeps an answer to a follow-up question; false if the message was
// taken in before.
func (t *Tx) StoreAnswer(ctx context.Context, f meeting.FollowUp, a meeting.FollowUpAnswer) (bool, error) {
	n, err := t.exec(ctx, "store answer", `INSERT INTO follow_up_answers (event_id, network, version, months, author, body, at)
		VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`, a.Event, f.Network, f.Version, f.Months, a.By, a.Body, stamp(a.At))
	return n > 0, err
}

// AnswersBy lists a user's answers, by the network.
func (t *Tx) AnswersBy(ctx context.Context, user meeting.UserID) (map[string][]meeting.FollowUpAnswer, error) {
	out := map[string][]meeting.FollowUpAnswer{}
	_, err := list(ctx, t, "list answers", "SELECT network, event_id, author, body, at FROM follow_up_answers WHERE author = ? ORDER BY network, at, event_id",
		[]any{user}, func(r row) (struct{}, error) {
			var network string
			var a meeting.FollowUpAnswer
			err := r.Scan(&network, &a.Event, &a.By, &a.Body, timestamp{&a.At})
			out[network] = append(out[network], a)
			return struct{}{}, err
		})
	return out, err
}

// AnswerOf returns whose answer a message is and which network it is about;
// empty if it is none.
func (t *Tx) AnswerOf(ctx context.Context, id meeting.EventID) (network string, author meeting.UserID, err error) {
	_, err = get(ctx, t, "find answer", "SELECT network, author FROM follow_up_answers WHERE event_id = ?", []any{id}, func(r row) (struct{}, error) {
		return struct{}{}, r.Scan(&network, &author)
	})
	return network, author, err
}

// DeleteAnswer deletes an answer.
func (t *Tx) DeleteAnswer(ctx context.Context, id meeting.EventID) error {
	t.removed = true
	_, err := t.exec(ctx, "delete answer", "DELETE FROM follow_up_answers WHERE event_id = ?", id)
	return err
}

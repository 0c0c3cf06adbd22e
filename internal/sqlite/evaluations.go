package sqlite

import (
	"context"
	"time"

	"blnbot/internal/meeting"
)

// Evaluation returns the network's self-evaluation, or nil. While it cannot be
// shown it holds no counts and no texts.
func (t *Tx) Evaluation(ctx context.Context, network string) (*meeting.Evaluation, error) {
	e, err := get(ctx, t, "read evaluation", `SELECT network, since, until, reminded, asked, answered, coalesce(salt, x''), shared_at
		FROM evaluations WHERE network = ?`, []any{network}, func(r row) (meeting.Evaluation, error) {
		var e meeting.Evaluation
		err := r.Scan(&e.Network, timestamp{&e.Since}, timestamp{&e.Until}, &e.Reminded, &e.Asked, &e.Answered, &e.Salt, timestamp{&e.Shared})
		return e, err
	})
	if err != nil || e == nil || !e.Shown() {
		return e, err
	}
	_, err = list(ctx, t, "read evaluation counts", "SELECT question, answer, count FROM evaluation_counts WHERE network = ?", []any{network},
		func(r row) (struct{}, error) {
			var question, answer, count int
			err := r.Scan(&question, &answer, &count)
			if err == nil && question >= 1 && question <= len(e.Counts) && answer >= 1 && answer <= meeting.EvaluationScale {
				e.Counts[question-1][answer-1] = count
			}
			return struct{}{}, err
		})
	if err != nil {
		return nil, err
	}
	e.Texts, err = list(ctx, t, "read evaluation texts", "SELECT text FROM evaluation_texts WHERE network = ? ORDER BY text, id", []any{network}, scanOne[string])
	return e, err
}

// Evaluations lists the networks whose self-evaluation takes answers.
func (t *Tx) Evaluations(ctx context.Context) ([]string, error) {
	return list(ctx, t, "list evaluations", "SELECT network FROM evaluations WHERE salt IS NOT NULL ORDER BY network", nil, scanOne[string])
}

// EvaluationsDue lists the networks whose self-evaluation takes answers no longer
// than until now, or began before asked without anybody having been reminded.
func (t *Tx) EvaluationsDue(ctx context.Context, now, asked time.Time) ([]string, error) {
	return list(ctx, t, "list due evaluations", `SELECT network FROM evaluations WHERE salt IS NOT NULL
		AND (until <= ? OR reminded = 0 AND since <= ?) ORDER BY network`, []any{stamp(now), stamp(asked)}, scanOne[string])
}

// StoreEvaluation inserts the evaluation, or changes until when it runs,
// whether people were reminded, how many were asked and have answered, and when
// it was shared.
func (t *Tx) StoreEvaluation(ctx context.Context, e *meeting.Evaluation) error {
	_, err := t.exec(ctx, "store evaluation", `INSERT INTO evaluations (network, since, until, reminded, asked, answered, salt, shared_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (network) DO UPDATE SET until = excluded.until, reminded = excluded.reminded, asked = excluded.asked, answered = excluded.answered,
		shared_at = excluded.shared_at`,
		e.Network, stamp(e.Since), stamp(e.Until), e.Reminded, e.Asked, e.Answered, e.Salt, stamp(e.Shared))
	return err
}

// EndEvaluation deletes who was asked; the answers stay.
func (t *Tx) EndEvaluation(ctx context.Context, network string) error {
	t.removed = true
	if _, err := t.exec(ctx, "end evaluation", "DELETE FROM evaluation_people WHERE network = ?", network); err != nil {
		return err
	}
	_, err := t.exec(ctx, "end evaluation", "UPDATE evaluations SET salt = NULL WHERE network = ?", network)
	return err
}

// Asked returns how far somebody has come with the evaluation; nil if they were
// not asked.
func (t *Tx) Asked(ctx context.Context, network string, person []byte) (*meeting.Asked, error) {
	return get(ctx, t, "read asked", "SELECT person, given, done FROM evaluation_people WHERE network = ? AND person = ?", []any{network, person},
		func(r row) (meeting.Asked, error) {
			var a meeting.Asked
			err := r.Scan(&a.Person, &a.Given, &a.Done)
			return a, err
		})
}

// StoreAsked stores how far somebody has come with the evaluation.
func (t *Tx) StoreAsked(ctx context.Context, network string, a meeting.Asked) error {
	_, err := t.exec(ctx, "store asked", `INSERT INTO evaluation_people (network, person, given, done) VALUES (?, ?, ?, ?)
		ON CONFLICT (network, person) DO UPDATE SET given = excluded.given, done = excluded.done`, network, a.Person, a.Given, a.Done)
	return err
}

// Unanswered counts those who were asked and have neither answered to the end nor
// said that they do not want to.
func (t *Tx) Unanswered(ctx context.Context, network string) (int, error) {
	return value[int](ctx, t, "count unanswered", "SELECT count(*) FROM evaluation_people WHERE network = ? AND done = 0", network)
}

// DeleteAsked forgets that somebody was asked.
func (t *Tx) DeleteAsked(ctx context.Context, network string, person []byte) error {
	n, err := t.exec(ctx, "delete asked", "DELETE FROM evaluation_people WHERE network = ? AND person = ?", network, person)
	t.removed = t.removed || n > 0
	return err
}

// CountAnswer adds one to those who gave the answer to the question, both
// counted from 1.
func (t *Tx) CountAnswer(ctx context.Context, network string, question, answer int) error {
	_, err := t.exec(ctx, "count answer", `INSERT INTO evaluation_counts (network, question, answer, count) VALUES (?, ?, ?, 1)
		ON CONFLICT (network, question, answer) DO UPDATE SET count = count + 1`, network, question, answer)
	t.removed = true // the log would keep the order of the answers
	return err
}

// StoreOpinion stores somebody's own words under a random id.
func (t *Tx) StoreOpinion(ctx context.Context, network, id, text string) error {
	_, err := t.exec(ctx, "store opinion", "INSERT INTO evaluation_texts (id, network, text) VALUES (?, ?, ?)", id, network, text)
	t.removed = true
	return err
}

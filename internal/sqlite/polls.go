package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"blnbot/internal/meeting"
)

const pollColumns = `network, meeting_id, state, voters, members, few, last, round, coalesce(salt, x''), opened_at, closed_at, shared_at, shared_by`

func scanPoll(r row) (meeting.Poll, error) {
	var p meeting.Poll
	err := r.Scan(&p.Network, &p.Meeting, &p.State, &p.Voters, &p.Members, &p.Few, &p.Last, &p.Round, &p.Salt, timestamp{&p.Opened},
		timestamp{&p.Closed}, timestamp{&p.Shared}, &p.By)
	return p, err
}

// Poll returns the network's poll over areas with its list, or nil.
func (t *Tx) Poll(ctx context.Context, network string) (*meeting.Poll, error) {
	p, err := get(ctx, t, "read poll", "SELECT "+pollColumns+" FROM polls WHERE network = ?", []any{network}, scanPoll)
	if err != nil || p == nil {
		return p, err
	}
	p.Areas, err = list(ctx, t, "read areas", "SELECT number, text, votes, edited, dropped, written FROM areas WHERE network = ? ORDER BY number",
		[]any{network}, func(r row) (meeting.Priority, error) {
			var a meeting.Priority
			err := r.Scan(&a.Number, &a.Text, &a.Votes, &a.Edited, &a.Dropped, timestamp{&a.Written})
			return a, err
		})
	for i := range p.Areas {
		if err == nil {
			p.Areas[i].Entries, err = list(ctx, t, "read area sources", "SELECT event_id FROM area_entries WHERE network = ? AND number = ? ORDER BY rank",
				[]any{network, p.Areas[i].Number}, scanOne[meeting.EventID])
		}
	}
	return p, err
}

// OpenPolls lists the networks whose poll is open.
func (t *Tx) OpenPolls(ctx context.Context) ([]string, error) {
	return list(ctx, t, "list open polls", "SELECT network FROM polls WHERE state = 'open' ORDER BY network", nil, scanOne[string])
}

// Unpolled lists the open meetings of the kind, not being closed, whose network
// has no poll. Of each only its id, network and times are read.
func (t *Tx) Unpolled(ctx context.Context, kind meeting.Kind) ([]meeting.Meeting, error) {
	return list(ctx, t, "list meetings without a poll", `SELECT m.id, m.network, m.opened_at, m.closes_at FROM meetings m
		WHERE m.state = 'open' AND m.kind = ? AND m.closing = 0 AND NOT EXISTS (SELECT 1 FROM polls p WHERE p.network = m.network) ORDER BY m.id`,
		[]any{kind}, func(r row) (meeting.Meeting, error) {
			var m meeting.Meeting
			err := r.Scan(&m.ID, &m.Network, timestamp{&m.OpenedAt}, timestamp{&m.ClosesAt})
			return m, err
		})
}

const storePoll = `INSERT INTO polls (network, meeting_id, state, voters, members, few, last, round, salt, opened_at, closed_at, shared_at, shared_by)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (network) DO UPDATE SET meeting_id = excluded.meeting_id, state = excluded.state,
	voters = excluded.voters, members = excluded.members, few = excluded.few, last = excluded.last, round = excluded.round, salt = excluded.salt,
	opened_at = excluded.opened_at, closed_at = excluded.closed_at, shared_at = excluded.shared_at, shared_by = excluded.shared_by`

// StorePoll inserts or replaces the network's poll and its list. Areas with new
// words are written now.
func (t *Tx) StorePoll(ctx context.Context, p *meeting.Poll) error {
	var salt any
	if len(p.Salt) > 0 {
		salt = p.Salt
	}
	_, err := t.exec(ctx, "store poll", storePoll, p.Network, p.Meeting, p.State, p.Voters, p.Members, p.Few, p.Last, p.Round, salt,
		stamp(p.Opened), stamp(p.Closed), stamp(p.Shared), p.By)
	if err != nil {
		return err
	}
	before, err := t.Poll(ctx, p.Network)
	if err != nil {
		return err
	}
	newest, err := t.newest(ctx)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, "clear areas", "DELETE FROM areas WHERE network = ?", p.Network); err != nil {
		return err
	}
	t.removed = true // the list may have lost a text
	for _, a := range p.Areas {
		if a.Text != "" && !slices.ContainsFunc(before.Areas, func(b meeting.Priority) bool { return b.Text == a.Text }) {
			a.Written = newest
		}
		_, err := t.exec(ctx, "store area", "INSERT INTO areas (network, number, text, votes, edited, dropped, written) VALUES (?, ?, ?, ?, ?, ?, ?)",
			p.Network, a.Number, a.Text, a.Votes, a.Edited, a.Dropped, stamp(a.Written))
		if err != nil {
			return err
		}
		for i, id := range a.Entries {
			_, err := t.exec(ctx, "store area source", "INSERT INTO area_entries (network, number, rank, event_id) VALUES (?, ?, ?, ?)",
				p.Network, a.Number, i, id)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

const storeVote = `INSERT INTO votes (network, voter, ballot, batch, pos, choices) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (network, voter) DO UPDATE SET ballot = excluded.ballot, batch = excluded.batch, pos = excluded.pos, choices = excluded.choices
WHERE (excluded.batch, excluded.pos) >= (batch, pos)`

// StoreVote stores a vote in place of the voter's earlier one. It reports false
// if a later one is stored already.
func (t *Tx) StoreVote(ctx context.Context, network string, v meeting.Vote) (bool, error) {
	choices, err := json.Marshal(v.Choices)
	if err != nil {
		return false, fmt.Errorf("encode vote: %w", err)
	}
	n, err := t.exec(ctx, "store vote", storeVote, network, v.Voter, v.Ballot, v.Order.Batch, v.Order.Pos, string(choices))
	t.removed = true
	return n > 0, err
}

// Votes lists the votes of an open poll, in no order that tells anything.
func (t *Tx) Votes(ctx context.Context, network string) ([]meeting.Vote, error) {
	return list(ctx, t, "list votes", "SELECT voter, ballot, batch, pos, choices FROM votes WHERE network = ? ORDER BY voter", []any{network},
		func(r row) (meeting.Vote, error) {
			var v meeting.Vote
			var choices string
			if err := r.Scan(&v.Voter, &v.Ballot, &v.Order.Batch, &v.Order.Pos, &choices); err != nil {
				return v, err
			}
			return v, json.Unmarshal([]byte(choices), &v.Choices)
		})
}

// DeleteVote deletes a person's vote, and reports whether there was one.
func (t *Tx) DeleteVote(ctx context.Context, network string, voter []byte) (bool, error) {
	n, err := t.exec(ctx, "delete vote", "DELETE FROM votes WHERE network = ? AND voter = ?", network, voter)
	t.removed = t.removed || n > 0
	return n > 0, err
}

// DeleteVotes deletes all votes of a poll.
func (t *Tx) DeleteVotes(ctx context.Context, network string) error {
	_, err := t.exec(ctx, "delete votes", "DELETE FROM votes WHERE network = ?", network)
	t.removed = true
	return err
}

// Vanished reports whether the event was handled and deleted without a trace.
func (t *Tx) Vanished(ctx context.Context, id meeting.EventID) (bool, error) {
	return value[bool](ctx, t, "look up vanished event", "SELECT count(*) > 0 FROM vanished WHERE hash = ?", hashOf(id))
}

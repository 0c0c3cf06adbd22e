package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
)

// maxPrepared bounds the prepared statements; the program has fewer queries.
const maxPrepared = 500

// statements keeps queries prepared between transactions: to parse and plan one
// takes longer than to run it. A query is prepared when it comes for the second
// time, after the transaction, because there is one connection only.
type statements struct {
	mu   sync.Mutex
	list map[string]*sql.Stmt // nil: seen once
}

// get returns the prepared query, or nil.
func (s *statements) get(query string) *sql.Stmt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list[query]
}

// learn prepares those of the queries that have been seen before. A query that
// cannot be prepared goes on as it did.
func (s *statements) learn(ctx context.Context, db *sql.DB, queries []string) {
	for _, query := range queries {
		s.mu.Lock()
		stmt, seen := s.list[query]
		if !seen && len(s.list) < maxPrepared && !strings.HasPrefix(query, "PRAGMA") {
			if s.list == nil {
				s.list = map[string]*sql.Stmt{}
			}
			s.list[query] = nil
		}
		s.mu.Unlock()
		if !seen || stmt != nil {
			continue
		}
		fresh, err := db.PrepareContext(context.WithoutCancel(ctx), query)
		if err != nil {
			continue
		}
		s.mu.Lock()
		old := s.list[query]
		s.list[query] = fresh
		s.mu.Unlock()
		if old != nil {
			_ = old.Close() // somebody else was as quick
		}
	}
}

func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for _, stmt := range s.list {
		if stmt != nil {
			err = errors.Join(err, stmt.Close())
		}
	}
	s.list = nil
	return err
}

// statement is the prepared query within the transaction, or nil.
func (t *Tx) statement(ctx context.Context, query string) *sql.Stmt {
	stmt := t.prepared.get(query)
	if stmt == nil {
		t.missed = append(t.missed, query)
		return nil
	}
	return t.tx.StmtContext(ctx, stmt)
}

func (t *Tx) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if stmt := t.statement(ctx, query); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return t.tx.QueryContext(ctx, query, args...)
}

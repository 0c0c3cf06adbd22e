package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
)

// maxPrepared bounds the statements that a connection knows. The program has
// fewer; mautrix makes some whose number of arguments varies.
const maxPrepared = 500

// connector opens connections that keep their statements prepared: to parse and
// plan one takes longer than to run it.
type connector struct{ driver.Connector }

// Connect opens a connection.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := opened.(inner)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the SQLite driver's connection is a %T", opened), opened.Close())
	}
	return &conn{inner: inner, list: map[string]*statement{}}, nil
}

// inner is what the driver's connections can do.
type inner interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// conn is a connection. A query is prepared when it comes for the second time.
// Only one goroutine at a time uses it (database/sql sees to that), but a query
// may come again while its rows are being read: then it runs unprepared.
//
// A statement that has begun is not interrupted when its context ends: that
// would cost a goroutine for each, none takes long, and an interrupted
// connection has to be opened anew.
type conn struct {
	inner
	list map[string]*statement // nil: seen once
}

// statement is a prepared query.
type statement struct {
	driver.Stmt
	busy bool // its rows are being read
}

// prepared returns the query prepared, or nil.
func (c *conn) prepared(ctx context.Context, query string) *statement {
	s, seen := c.list[query]
	switch {
	case s != nil && s.busy, strings.HasPrefix(query, "PRAGMA"):
		return nil
	case s != nil:
		return s
	case !seen:
		if len(c.list) >= maxPrepared {
			c.forget()
		}
		c.list[query] = nil
		return nil
	}
	stmt, err := c.inner.PrepareContext(ctx, query)
	if err != nil {
		return nil // whoever runs it sees why
	}
	s = &statement{Stmt: stmt}
	c.list[query] = s
	return s
}

// forget makes room for other queries.
func (c *conn) forget() error {
	var errs []error
	for query, s := range c.list {
		if s != nil && s.busy {
			continue
		}
		if s != nil {
			errs = append(errs, s.Close())
		}
		delete(c.list, query)
	}
	return errors.Join(errs...)
}

// ExecContext runs a statement.
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	if s := c.prepared(ctx, query); s != nil {
		return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	}
	return c.inner.ExecContext(ctx, query, args)
}

// QueryContext runs a query.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	s := c.prepared(ctx, query)
	if s == nil {
		return c.inner.QueryContext(ctx, query, args)
	}
	found, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	s.busy = true
	return &rows{found, s}, nil
}

// Close closes the connection and its statements.
func (c *conn) Close() error {
	return errors.Join(c.forget(), c.inner.Close())
}

// rows are those of a prepared query.
type rows struct {
	driver.Rows
	of *statement
}

// Close makes the query free for the next.
func (r *rows) Close() error {
	r.of.busy = false
	return r.Rows.Close()
}

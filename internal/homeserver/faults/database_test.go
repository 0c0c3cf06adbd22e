//go:build faults

package faults_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The bot's two databases.
const (
	ours   = "blnbot.db"
	crypto = "crypto.db"
)

// trouble is something that keeps the bot from storing.
type trouble struct {
	begin, end func() error
	// ends says that the bot may end because of it: what its encryption has in
	// memory is ahead of what is stored then.
	ends bool
	log  []string // what the operator finds in the log, any of them
	page string   // what /readyz says, if the bot does not end
}

// withHealth is a world of one network with the bot's pages about its health.
func withHealth(t *testing.T, members int) (w *world, address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	w = newWorldWith(t, worldOptions{seed: max(*seed, 1), networks: 1, members: members, meetings: 1, patience: 6 * time.Minute,
		also: "listen: " + address + "\n"})
	return w, "http://" + address + "/readyz"
}

// endure lets people write for the first time, so that their keys have to be
// stored too, while there is trouble, and afterwards demands that all is there
// once, and that the operator has been told.
func (w *world) endure(readyz string, tr trouble) {
	w.t.Helper()
	n := w.nets[0]
	w.must(n.open(1))
	w.must(w.settle(time.Minute))
	keep := w.keepAlive()
	w.must(tr.begin())
	w.must(n.talk(undisturbed(), n.everybody(1, false), 30))
	w.must(w.poll("word of the trouble", 200*time.Millisecond, func() (bool, error) {
		status, text := w.ask(readyz)
		told := tr.ends || status == http.StatusServiceUnavailable && strings.Contains(text, tr.page)
		log := w.bot.text()
		for _, line := range tr.log {
			if strings.Contains(log, line) {
				return told, nil
			}
		}
		return false, nil
	}))
	w.must(n.talk(undisturbed(), n.everybody(1, false), 10))
	w.must(tr.end())
	w.must(w.settle(3 * time.Minute))
	w.must(w.poll("a healthy bot", 200*time.Millisecond, func() (bool, error) {
		status, _ := w.ask(readyz)
		return status == http.StatusOK, nil
	}))
	ends := keep()
	w.t.Logf("the bot ended %d times", ends)
	if ends > 0 && !tr.ends {
		w.t.Errorf("the bot ended:\n%s", w.bot.text())
	}
	w.must(w.bot.stop(20 * time.Second))
	w.judge()
	w.t.Logf("the bot's complaints:%s", w.bot.complaints())
}

// ask asks one of the bot's pages; 0 if it does not answer.
func (w *world) ask(page string) (status int, text string) {
	req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, page, nil)
	w.must(err)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	return resp.StatusCode, string(body)
}

// keepAlive starts the bot anew when it ends, a second later, as a service
// manager does. What it returns ends that, and tells how often it happened.
func (w *world) keepAlive() (stop func() (ends int)) {
	ctx, cancel := context.WithCancel(w.ctx)
	var group sync.WaitGroup
	ends := 0
	group.Go(func() {
		for {
			select {
			case <-w.bot.over():
			case <-ctx.Done():
				return
			}
			ends++
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return
			}
			if err := w.bot.start(); err != nil {
				w.t.Error(err)
				return
			}
		}
	})
	return func() int {
		cancel()
		group.Wait()
		return ends
	}
}

// TestLockedDatabase: another program holds one of the databases for longer
// than the bot waits for a lock.
func TestLockedDatabase(t *testing.T) {
	t.Parallel()
	for _, name := range []string{ours, crypto} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, readyz := withHealth(t, 3)
			w.begin()
			var db *sql.DB
			var tx *sql.Tx
			tr := trouble{page: "another program keeps the database locked", ends: name == crypto, log: []string{"Another program has the database locked: end it"}}
			tr.begin = func() (err error) {
				path := filepath.Join(w.stage.DataDir(), name)
				db, err = sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()+"?_txlock=immediate&_pragma=busy_timeout(10000)")
				if err == nil {
					tx, err = db.BeginTx(w.ctx, nil)
				}
				if err != nil {
					return fmt.Errorf("lock %s: %w", name, err)
				}
				return nil
			}
			tr.end = func() error {
				if err := tx.Rollback(); err != nil {
					return err
				}
				return db.Close()
			}
			w.endure(readyz, tr)
		})
	}
}

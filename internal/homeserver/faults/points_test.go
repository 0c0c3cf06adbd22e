//go:build faults

package faults_test

import (
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/homeserver"
	"blnbot/internal/homeserver/stage"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// TestPoints kills the bot at each named point, one after the other, while what
// leads there is done, and afterwards all is there once. The storm comes to these
// points by chance.
func TestPoints(t *testing.T) {
	t.Parallel()
	w := newWorld(t, max(*seed, 1), 1, 2, 1, 6*time.Minute)
	w.begin()
	n := w.nets[0]
	reached := map[string]bool{}
	at := func(point string, do func() error) {
		t.Helper()
		w.diesAt(point, do)
		reached[point] = true
	}
	reply := func() error {
		a := n.everybody(1, false)[1]
		if err := a.reply(meeting.SourceThread); err != nil {
			return err
		}
		return n.noted(n.entries[len(n.entries)-1])
	}

	at("opening", func() error { return n.open(1) })
	for _, point := range []string{"answered", "stored", "handled", "attempted", "sent", "ticked"} {
		at(point, reply)
	}
	at("gap", n.gap)
	at("polling", n.poll)
	at("closing", func() error {
		if _, err := n.says("!avsluta"); err != nil {
			return err
		}
		_, _, err := n.draft(1)
		return err
	})
	at("sharing", func() error { return n.share(1) })
	w.must(w.settle(time.Minute))
	w.must(w.bot.stop(20 * time.Second))
	w.judge()
	if diff := cmp.Diff(marked(t), slices.Sorted(maps.Keys(reached))); diff != "" {
		t.Errorf("points in the program (-) and those that were reached (+):\n%s", diff)
	}
}

// diesAt has the bot die at a point while people do something, and starts it again.
// What they do ends when it has had its effect.
func (w *world) diesAt(point string, do func() error) {
	w.t.Helper()
	w.must(w.bot.arm(point))
	done := make(chan error, 1)
	go func() { done <- do() }()
	w.awaitDeath(point)
	w.must(w.bot.start())
	if err := <-done; err != nil {
		w.t.Fatalf("after the bot died at %q: %v", point, err)
	}
}

// gap has people write while the bot hears nothing, and the sync answers after that
// bring it one event of each room.
func (n *network) gap() error {
	w := n.w
	var deaf atomic.Bool
	deaf.Store(true)
	w.proxy.OnRequest(func(r *http.Request) homeserver.Fault {
		if !homeserver.IsSync(r) {
			return homeserver.Fault{}
		}
		if err := shorten(r.URL, 1); err != nil {
			w.t.Error(err)
		}
		return homeserver.Fault{Refuse: deaf.Load()}
	})
	defer w.proxy.OnRequest(w.weather.decide)
	w.proxy.CutAll()
	a := n.everybody(1, false)[1]
	for range 4 {
		if err := a.reply(meeting.SourceThread); err != nil {
			return err
		}
	}
	deaf.Store(false)
	return n.noted(n.entries[len(n.entries)-4])
}

// poll has the leader put two areas to the vote.
func (n *network) poll() error {
	const found, offered = "Förslag på områden", "org.matrix.msc3381.poll.start"
	if _, err := n.says("!prioritera"); err != nil {
		return err
	}
	_, err := n.leader.WaitFor(n.w.ctx, n.room, found, func(s person.Seen) bool {
		return s.Sender == n.w.stage.Bot() && strings.Contains(s.Body, found)
	})
	if err != nil {
		return clipped(err)
	}
	for _, text := range []string{"lägg till Avlastning på helger", "lägg till Mer utbildning för personalen", "starta"} {
		if _, err := n.says("!prioritera " + text); err != nil {
			return err
		}
	}
	_, err = n.leader.WaitFor(n.w.ctx, n.room, "the poll", func(s person.Seen) bool { return s.Kind == offered })
	return clipped(err)
}

var pointInSource = regexp.MustCompile(`failpoint\.At\("([a-z]+)"`)

// marked lists the points that the program has.
func marked(t *testing.T) []string {
	t.Helper()
	root, err := stage.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, folder := range []string{"bot", "cmd", "internal"} {
		err := fs.WalkDir(os.DirFS(root), folder, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
			for _, m := range pointInSource.FindAllStringSubmatch(string(text), -1) {
				found[m[1]] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(fmt.Errorf("look for points in %s: %w", folder, err))
		}
	}
	return slices.Sorted(maps.Keys(found))
}

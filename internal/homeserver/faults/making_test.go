//go:build faults

package faults_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"blnbot/internal/homeserver"
	"blnbot/internal/matrix/person"
)

// TestRoomInTheMaking: the connection is lost while the server is asked for somebody's
// direct room, and the server makes it later than the bot asks again: when the bot
// lives on, and when it is killed in that moment. There is one room for each.
func TestRoomInTheMaking(t *testing.T) {
	t.Parallel()
	w, n := small(t, 2, 6*time.Minute)
	for _, tt := range []struct {
		who  *person.Person
		dies bool
	}{{n.leader, false}, {n.members[0], true}} {
		w.must(w.quietBot())
		asked := make(chan struct{})
		var first atomic.Bool
		w.proxy.OnRequest(func(r *http.Request) homeserver.Fault {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/createRoom") || first.Swap(true) {
				return homeserver.Fault{}
			}
			close(asked)
			return homeserver.Fault{Late: 6 * time.Second}
		})
		_, err := tt.who.Send(w.ctx, n.room, "!mina")
		w.must(err)
		select {
		case <-asked:
		case <-w.ctx.Done():
			t.Fatal("no room was asked for")
		}
		if tt.dies {
			w.bot.kill()
			w.must(w.bot.start())
		}
		invite, err := tt.who.WaitForInvite(w.ctx, w.stage.Bot())
		w.must(err)
		_, err = tt.who.WaitFor(w.ctx, invite.Room, "the file", func(s person.Seen) bool { return s.Sender == w.stage.Bot() && s.FileName != "" })
		w.must(err)
	}
	w.proxy.WaitLate()
	w.must(w.settle(time.Minute))
	w.must(w.bot.stop(20 * time.Second))
	w.judge()
}

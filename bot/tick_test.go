package bot_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"blnbot/bot"
	"blnbot/internal/meeting"
)

// looks is a store that only counts how often the bot looks at it.
type looks int

func (l *looks) Update(context.Context, func(bot.Tx) error) error {
	*l++
	return errors.New("nothing to see")
}

// TestTimeStandsStillWhileCutOff: while the server is away nothing falls due, so
// that it does not find a heap of posts that nobody could read in time.
func TestTimeStandsStillWhileCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen looks
		b := bot.New(bot.Options{Store: &seen, Log: slog.New(slog.DiscardHandler), Self: meeting.UserID("@bln:example.se"), Settings: &bot.Settings{}})
		var connected atomic.Bool
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- b.Run(ctx, func() bool { return connected.Load() }) }()
		for _, now := range []bool{true, false, true} {
			connected.Store(now)
			before := seen
			<-time.After(time.Minute)
			synctest.Wait()
			if looked := seen > before; looked != now {
				t.Errorf("connected: %v, and the bot looked at the clock: %v", now, looked)
			}
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

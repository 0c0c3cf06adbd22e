//go:build failpoints

package failpoint_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"blnbot/internal/failpoint"
)

// TestClock: the clock that is set shows another time, and measures time as
// before.
func TestClock(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("BLNBOT_FAILPOINTS", dir)
	real := time.Now()
	now := failpoint.Clock(func() time.Time { return real })
	if !now().Equal(real) {
		t.Errorf("without a file it shows %s", now())
	}
	for _, off := range []time.Duration{90 * time.Minute, -26 * time.Hour, -250 * 24 * time.Hour, 250 * 24 * time.Hour, 0} {
		if err := os.WriteFile(filepath.Join(dir, failpoint.ClockFile), []byte(off.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, want := now().UTC(), real.Add(off).UTC(); !got.Equal(want) {
			t.Errorf("off by %s it shows %s, not %s", off, got, want)
		}
		if passed := now().Sub(real); passed != 0 {
			t.Errorf("off by %s it says that %s have passed", off, passed)
		}
	}
}

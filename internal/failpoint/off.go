//go:build !failpoints

package failpoint

import "time"

// At does nothing.
func At(string, ...string) {}

// Clock is the clock that it is given.
func Clock(now func() time.Time) func() time.Time { return now }

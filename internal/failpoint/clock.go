//go:build failpoints

package failpoint

import (
	"os"
	"path/filepath"
	"strings"
	"time"
	"unsafe"
)

// ClockFile is the file in the folder that says by how much the program's clock
// is wrong, as a Go duration; whole seconds count.
const ClockFile = "clock"

// Clock is a clock that goes as now does, and shows another time while the file
// is there: as if somebody had set the computer's clock. It panics if the file
// holds no duration.
func Clock(now func() time.Time) func() time.Time {
	return func() time.Time {
		text, err := os.ReadFile(filepath.Join(os.Getenv("BLNBOT_FAILPOINTS"), ClockFile))
		if err != nil {
			return now()
		}
		off, err := time.ParseDuration(strings.TrimSpace(string(text)))
		if err != nil {
			panic("failpoint: " + err.Error())
		}
		return set(now(), off)
	}
}

// set changes what a clock shows, and not how much time has passed: setting a
// computer's clock leaves the monotonic reading of time.Now alone, which no
// method of time.Time can do. Where there is such a reading, bits 30 to 62 of
// the first word are the seconds since 1885 (time.Time).
func set(t time.Time, off time.Duration) time.Time {
	seconds := int64(off / time.Second)
	want := t.Round(0).Add(time.Duration(seconds) * time.Second)
	*(*uint64)(unsafe.Pointer(&t)) += uint64(seconds) << 30
	if !t.Round(0).Equal(want) {
		panic("failpoint: time.Time is not what it was")
	}
	return t
}

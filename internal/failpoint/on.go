//go:build failpoints

package failpoint

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// At kills the process with SIGKILL if the folder has an empty file with the
// name; the file is removed first, so that this happens once. If the file says
// "panic", At panics instead, each time, until the file is gone. Details are
// part of the file's name, after dashes.
func At(name string, details ...string) {
	dir := os.Getenv("BLNBOT_FAILPOINTS")
	if dir == "" {
		return
	}
	path := filepath.Join(dir, strings.Join(append([]string{name}, details...), "-"))
	text, err := os.ReadFile(path)
	if err != nil {
		return
	}
	if string(text) == "panic" {
		panic("failpoint")
	}
	if os.Remove(path) == nil {
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
		select {} // until the signal has arrived
	}
}

//go:build unix

package homeserver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestStartAfterPanic: a server that panics while it starts is started again, one
// that does so each time is an error, and one that ends otherwise is one at once.
func TestStartAfterPanic(t *testing.T) {
	s, err := Start(t.Context(), Options{Dir: t.TempDir(), Progress: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Kill()
	for _, tt := range []struct {
		code, times int // how it ends, and how often
		starts      int
		ok          bool
	}{{panicked, 1, 2, true}, {panicked, startAttempts, startAttempts, false}, {1, 1, 1, false}} {
		starts := filepath.Join(t.TempDir(), "starts")
		wrapper := filepath.Join(t.TempDir(), "server")
		script := fmt.Sprintf("#!/bin/sh\necho >> %[1]s\n[ $(wc -l < %[1]s) -gt %[2]d ] || exit %[3]d\nexec %[4]s \"$@\"\n", starts, tt.times, tt.code, s.program)
		if err := os.WriteFile(wrapper, []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
		program := s.program
		s.program = wrapper
		err := s.Restart(t.Context())
		s.program = program
		if (err == nil) != tt.ok || err != nil && !errors.Is(err, errEnded) {
			t.Errorf("%+v: %v", tt, err)
		}
		text, err := os.ReadFile(starts)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "\n"); n != tt.starts {
			t.Errorf("%+v: %d starts", tt, n)
		}
	}
}

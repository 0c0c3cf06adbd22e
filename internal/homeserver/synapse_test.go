package homeserver_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"blnbot/internal/homeserver"
)

func TestSynapseAccounts(t *testing.T) {
	s := start(t, homeserver.Options{Kind: homeserver.Synapse, Dir: t.TempDir(), Name: "bln.example"})
	if got, want := s.UserID("anna"), "@anna:bln.example"; got != want {
		t.Errorf("user id %s, want %s", got, want)
	}
	register(t, s, "anna")
	if err := s.Register(t.Context(), "anna", password, false); !errors.Is(err, homeserver.ErrUserInUse) {
		t.Errorf("second registration: got %v, want ErrUserInUse", err)
	}
	for range 50 { // more often than Synapse's own limits allow
		if _, err := login(t, s.URL(), "anna"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := login(t, s.URL(), "nobody"); err == nil {
		t.Error("somebody without an account can log in")
	}
}

func TestSynapseKeepsAccountsAndAddress(t *testing.T) {
	dir := t.TempDir()
	s := start(t, homeserver.Options{Kind: homeserver.Synapse, Dir: dir})
	register(t, s, "anna")
	url := s.URL()
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := login(t, url, "anna"); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	s.Kill()
	if _, err := login(t, url, "anna"); err == nil {
		t.Error("a killed server answers")
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := login(t, url, "anna"); err != nil {
		t.Errorf("after being killed: %v", err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := homeserver.Start(t.Context(), homeserver.Options{Dir: dir, Progress: os.Stderr})
	if err == nil || !strings.Contains(err.Error(), "data of a synapse server, not of dendrite") {
		t.Errorf("Dendrite on Synapse's data: %v", err)
	}
}

func TestSynapseRateLimit(t *testing.T) {
	s := start(t, homeserver.Options{Kind: homeserver.Synapse, Dir: t.TempDir(), RateLimit: true})
	register(t, s, "anna")
	for range 10 {
		if _, err := login(t, s.URL(), "anna"); err != nil && strings.Contains(err.Error(), "M_LIMIT_EXCEEDED") {
			return
		}
	}
	t.Error("10 logins in a row were not limited")
}

func TestSynapseThatEndsShowsItsLog(t *testing.T) {
	dir := t.TempDir()
	s := start(t, homeserver.Options{Kind: homeserver.Synapse, Dir: dir})
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "matrix_key.pem"), []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := s.Restart(t.Context())
	if err == nil || !strings.Contains(err.Error(), "the server ended") || !strings.Contains(err.Error(), "signing_key") {
		t.Errorf("error does not tell what is wrong: %v", err)
	}
}

// TestSynapseMissing: what a machine lacks is named, with the way around it.
func TestSynapseMissing(t *testing.T) {
	python := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir()) // where macOS has its caches
	old := "#!/bin/sh\necho too old >&2\nexit 1\n"
	for _, c := range []struct{ name, python, want string }{
		{"no Python", "", "there is no python3"},
		{"old Python", old, "too old"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.python != "" {
				if err := os.WriteFile(filepath.Join(python, "python3"), []byte(c.python), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("PATH", python)
			_, err := homeserver.Start(t.Context(), homeserver.Options{Kind: homeserver.Synapse, Dir: t.TempDir()})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "-skip Synapse") {
				t.Errorf("error does not say what is missing: %v", err)
			}
		})
	}
}

func TestSynapseWithoutPyPI(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir()) // where macOS has its caches
	// A port where nobody listens stands for PyPI.
	t.Setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
	t.Setenv("PIP_EXTRA_INDEX_URL", "")
	t.Setenv("PIP_FIND_LINKS", "")
	t.Setenv("PIP_RETRIES", "0")
	_, err := homeserver.InstallSynapse(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), "may not reach PyPI") || !strings.Contains(err.Error(), "-skip Synapse") {
		t.Errorf("error does not say what is missing: %v", err)
	}
}

package homeserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"blnbot/internal/homeserver"
)

const password = "a password of some length"

// start starts a server that ends with the test.
func start(t *testing.T, o homeserver.Options) *homeserver.Server {
	t.Helper()
	o.Progress = os.Stderr
	began := time.Now()
	s, err := homeserver.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("started in %s", time.Since(began).Round(time.Millisecond))
	t.Cleanup(func() {
		began := time.Now()
		if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		t.Logf("stopped in %s", time.Since(began).Round(time.Millisecond))
	})
	return s
}

// login logs in by HTTP and returns the access token.
func login(t *testing.T, base, user string) (string, error) {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"type":       "m.login.password",
		"identifier": map[string]string{"type": "m.id.user", "user": user},
		"password":   password,
	})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/_matrix/client/v3/login", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
		Code  string `json:"errcode"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return "", err
	}
	if answer.Token == "" {
		return "", fmt.Errorf("login of %s: %s %s", user, resp.Status, answer.Code)
	}
	return answer.Token, nil
}

func register(t *testing.T, s *homeserver.Server, user string) {
	t.Helper()
	began := time.Now()
	if err := s.Register(t.Context(), user, password, false); err != nil {
		t.Fatalf("%v\n%s", err, s.LogTail())
	}
	t.Logf("registered in %s", time.Since(began).Round(time.Millisecond))
}

func TestAccounts(t *testing.T) {
	s := start(t, homeserver.Options{Dir: t.TempDir(), Name: "bln.example"})
	if got, want := s.UserID("anna"), "@anna:bln.example"; got != want {
		t.Errorf("user id %s, want %s", got, want)
	}
	register(t, s, "anna")
	register(t, s, "lena")
	if _, err := login(t, s.URL(), "anna"); err != nil {
		t.Error(err)
	}
	if _, err := login(t, s.URL(), "nobody"); err == nil {
		t.Error("somebody without an account can log in")
	}
	if err := s.Register(t.Context(), "anna", password, false); !errors.Is(err, homeserver.ErrUserInUse) {
		t.Errorf("second registration: got %v, want ErrUserInUse", err)
	}
	if err := s.Register(t.Context(), "kort", "kort", false); err == nil || !strings.Contains(err.Error(), "register kort: status 400") {
		t.Errorf("short password: got %v", err)
	}
}

func TestRestartKeepsAccountsAndAddress(t *testing.T) {
	s := start(t, homeserver.Options{Dir: t.TempDir()})
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
}

func TestFolderGoesOnWithAnotherServer(t *testing.T) {
	dir := t.TempDir()
	first := start(t, homeserver.Options{Dir: dir, Name: "bln.example"})
	register(t, first, "anna")
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}

	second := start(t, homeserver.Options{Dir: dir})
	if got, want := second.Name(), "bln.example"; got != want {
		t.Errorf("name %s, want %s", got, want)
	}
	if _, err := login(t, second.URL(), "anna"); err != nil {
		t.Error(err)
	}
	register(t, second, "lena")
}

func TestRateLimit(t *testing.T) {
	s := start(t, homeserver.Options{Dir: t.TempDir(), RateLimit: true})
	register(t, s, "anna")
	for range 50 {
		if _, err := login(t, s.URL(), "anna"); err != nil && strings.Contains(err.Error(), "M_LIMIT_EXCEEDED") {
			return
		}
	}
	t.Error("50 logins in a row were not limited")
}

func TestUnusableFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other")
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	identity := []byte(`{"name":"other.example","registration_shared_secret":"x"}`)
	if err := os.WriteFile(filepath.Join(other, "homeserver.json"), identity, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, dir, want string }{
		{"a file", file, "not a directory"},
		{"below a file", filepath.Join(file, "x"), "not a directory"},
		{"somebody's folder", dir, "neither empty nor a server's"},
		{"another server's", other, `data of server "other.example", not of "bln.example"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := homeserver.Start(t.Context(), homeserver.Options{Dir: c.dir, Name: "bln.example", Progress: os.Stderr})
			if err == nil {
				s.Kill()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.dir) {
				t.Errorf("error %q does not say %q and the folder", err, c.want)
			}
		})
	}
}

func TestServerThatEndsShowsItsLog(t *testing.T) {
	dir := t.TempDir()
	s := start(t, homeserver.Options{Dir: dir})
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "matrix_key.pem")); err != nil {
		t.Fatal(err)
	}
	err := s.Restart(t.Context())
	if err == nil || !strings.Contains(err.Error(), "the server ended") || !strings.Contains(err.Error(), "matrix_key.pem") {
		t.Errorf("error does not tell what is wrong: %v", err)
	}
}

package homeserver_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"blnbot/internal/homeserver"
)

const (
	syncPath = "/_matrix/client/v3/sync"
	sendPath = "/_matrix/client/v3/rooms/!r:x/send/m.room.message/1"
)

// proxied puts a proxy before a handler.
func proxied(t *testing.T, h http.HandlerFunc) *homeserver.Proxy {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return proxyTo(t, server.URL)
}

func proxyTo(t *testing.T, target string) *homeserver.Proxy {
	t.Helper()
	p, err := homeserver.NewProxy(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// do sends a request and reads the whole answer.
func do(t *testing.T, ctx context.Context, method, url, token string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

func always(f homeserver.Fault) func(*http.Request) homeserver.Fault {
	return func(*http.Request) homeserver.Fault { return f }
}

func TestProxyPassesToTheRealServer(t *testing.T) {
	s := start(t, homeserver.Options{Dir: t.TempDir()})
	register(t, s, "anna")
	p := proxyTo(t, s.URL())
	token, err := login(t, p.URL(), "anna")
	if err != nil {
		t.Fatal(err)
	}
	_, first, err := do(t, t.Context(), http.MethodGet, p.URL()+syncPath, token)
	if err != nil || !strings.Contains(first, "next_batch") {
		t.Fatalf("sync through the proxy: %s %v", first, err)
	}
	p.OnRequest(always(homeserver.Fault{Replay: true}))
	_, again, err := do(t, t.Context(), http.MethodGet, p.URL()+syncPath, token)
	if err != nil || again != first {
		t.Errorf("replayed sync: %s %v, want %s", again, err, first)
	}

	s.Kill()
	p.OnRequest(nil)
	if resp, _, err := do(t, t.Context(), http.MethodGet, p.URL()+syncPath, token); err == nil {
		t.Errorf("status %s while the server is down, want no answer", resp.Status)
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := do(t, t.Context(), http.MethodGet, p.URL()+syncPath, token); err != nil {
		t.Errorf("after the server came back: %v", err)
	}
}

func TestProxyCuts(t *testing.T) {
	var seen atomic.Int64
	p := proxied(t, func(w http.ResponseWriter, _ *http.Request) {
		seen.Add(1)
		_, _ = io.WriteString(w, "0123456789")
	})
	for _, c := range []struct {
		name  string
		fault homeserver.Fault
		body  string
		seen  int64
	}{
		{"refused", homeserver.Fault{Refuse: true}, "", 0},
		{"answer lost", homeserver.Fault{Cut: true}, "", 1},
		{"cut in the middle", homeserver.Fault{Cut: true, CutAfter: 4}, "0123", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen.Store(0)
			p.OnRequest(always(c.fault))
			// A POST, because Go's client sends others again by itself.
			_, body, err := do(t, t.Context(), http.MethodPost, p.URL(), "")
			if err == nil {
				t.Error("the answer is complete")
			}
			if body != c.body || seen.Load() != c.seen {
				t.Errorf("got %q, the server saw %d requests; want %q and %d", body, seen.Load(), c.body, c.seen)
			}
		})
	}
}

func TestProxyCutsAll(t *testing.T) {
	arrived := make(chan bool)
	p := proxied(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	failed := make(chan error)
	go func() {
		_, _, err := do(t, t.Context(), http.MethodPost, p.URL(), "")
		failed <- err
	}()
	<-arrived
	p.CutAll()
	if err := <-failed; err == nil {
		t.Error("the waiting request was answered")
	}
}

func TestProxyAnswersInTheServersPlace(t *testing.T) {
	p := proxied(t, func(http.ResponseWriter, *http.Request) { t.Error("the server was asked") })
	for _, c := range []struct {
		name    string
		fault   homeserver.Fault
		status  int
		header  string
		code    string
		retryMS float64
	}{
		{"limited, by header", homeserver.Fault{Status: 429, RetryHeader: 1500 * time.Millisecond}, 429, "2", "M_LIMIT_EXCEEDED", 0},
		{"limited, by body", homeserver.Fault{Status: 429, RetryBody: 1500 * time.Millisecond}, 429, "", "M_LIMIT_EXCEEDED", 1500},
		{"broken", homeserver.Fault{Status: 502}, 502, "", "M_UNKNOWN", 0},
		{"own body", homeserver.Fault{Status: 403, Body: []byte(`{"errcode":"M_FORBIDDEN"}`)}, 403, "", "M_FORBIDDEN", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.OnRequest(func(r *http.Request) homeserver.Fault {
				if !homeserver.IsSend(r) || homeserver.IsSync(r) {
					t.Errorf("%s %s is not taken for a send", r.Method, r.URL)
				}
				return c.fault
			})
			resp, body, err := do(t, t.Context(), http.MethodPut, p.URL()+sendPath, "")
			if err != nil {
				t.Fatal(err)
			}
			var answer struct {
				Code  string  `json:"errcode"`
				Retry float64 `json:"retry_after_ms"`
			}
			if err := json.Unmarshal([]byte(body), &answer); err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			if resp.StatusCode != c.status || resp.Header.Get("Retry-After") != c.header || answer.Code != c.code || answer.Retry != c.retryMS {
				t.Errorf("got %d, Retry-After %q, %s", resp.StatusCode, resp.Header.Get("Retry-After"), body)
			}
		})
	}
}

func TestProxyReplaysByTokenAndRewrites(t *testing.T) {
	var n atomic.Int64
	p := proxied(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("Authorization")+" "+strconv.FormatInt(n.Add(1), 10))
	})
	get := func(token string) string {
		_, body, err := do(t, t.Context(), http.MethodGet, p.URL()+syncPath, token)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	get("anna")
	p.OnRequest(always(homeserver.Fault{Replay: true}))
	for _, c := range []struct{ token, want string }{
		{"anna", "Bearer anna 1"},
		{"lena", "Bearer lena 2"}, // nothing to replay yet
		{"lena", "Bearer lena 2"},
		{"anna", "Bearer anna 1"},
	} {
		if got := get(c.token); got != c.want {
			t.Errorf("replay for %s: %q, want %q", c.token, got, c.want)
		}
	}
	p.OnRequest(always(homeserver.Fault{Rewrite: func(b []byte) []byte { return append(b, " and more than before"...) }}))
	if got, want := get("anna"), "Bearer anna 3 and more than before"; got != want {
		t.Errorf("rewritten: %q, want %q", got, want)
	}
}

func TestProxyHandsOverLate(t *testing.T) {
	came := make(chan string, 1)
	p := proxied(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		came <- r.Method + " " + r.URL.RequestURI() + " " + r.Header.Get("Authorization") + " " + string(body)
	})
	p.OnRequest(always(homeserver.Fault{Late: time.Millisecond}))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL()+"/a%2Fb?c=d", strings.NewReader("wanted"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer anna")
	if resp, err := http.DefaultClient.Do(req); err == nil {
		t.Errorf("answered %s", resp.Status)
		_ = resp.Body.Close()
	}
	if got, want := <-came, "POST /a%2Fb?c=d Bearer anna wanted"; got != want {
		t.Errorf("the server got %q, want %q", got, want)
	}
	// What is not due yet when the proxy is closed, is dropped: Close does not wait for it.
	p.OnRequest(always(homeserver.Fault{Late: time.Hour}))
	if _, _, err := do(t, t.Context(), http.MethodPost, p.URL(), ""); err == nil {
		t.Error("answered")
	}
}

func TestProxyDelayEndsWithTheRequest(t *testing.T) {
	p := proxied(t, func(http.ResponseWriter, *http.Request) { t.Error("the server was asked") })
	ctx, cancel := context.WithCancel(t.Context())
	p.OnRequest(func(*http.Request) homeserver.Fault {
		cancel()
		return homeserver.Fault{Delay: time.Hour}
	})
	if _, _, err := do(t, ctx, http.MethodPost, p.URL(), ""); err == nil {
		t.Error("a request was answered that should have been held back")
	}
}

package metrics_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/metrics"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// working is the state of a bot that does all of its work.
func working() metrics.State {
	return metrics.State{At: noon, Ready: true, Synced: noon.Add(-20 * time.Second), CrossSigned: true,
		Inbox: map[string]int{"wait_key": 2, "dead": 1}, Posts: map[string]int{"pending": 3, "failed": 4},
		Oldest: noon.Add(-time.Minute), Gaps: map[string]int{"open": 1, "lost": 5},
		Meetings: map[string]int{"open": 6}, Entries: map[string]int{"active": 7}, Size: 4096}
}

func TestState(t *testing.T) {
	tests := []struct {
		name             string
		change           func(*metrics.State)
		stalled, unready string
	}{
		{"working", func(*metrics.State) {}, "", ""},
		{"starting", func(s *metrics.State) { *s = metrics.State{At: noon} }, "nothing comes in from the homeserver",
			"catching up; nothing comes in from the homeserver; the device is not cross-signed"},
		{"catching up", func(s *metrics.State) { s.Ready = false }, "", "catching up"},
		{"sync at the limit", func(s *metrics.State) { s.Synced = noon.Add(-2 * time.Minute) }, "", ""},
		{"sync too old", func(s *metrics.State) { s.Synced = noon.Add(-2*time.Minute - 1) }, "nothing comes in from the homeserver", "nothing comes in from the homeserver"},
		{"clock set back", func(s *metrics.State) { s.Synced = noon.Add(time.Hour) }, "nothing comes in from the homeserver", "nothing comes in from the homeserver"},
		{"hanging", func(s *metrics.State) { s.At = noon.Add(-61 * time.Second) }, "the bot hangs", "the bot hangs"},
		{"full", func(s *metrics.State) { s.Trouble = "the disk is full" }, "the disk is full", "the disk is full"},
		{"held up", func(s *metrics.State) { s.Held = 121 * time.Second }, "an event cannot be handled", "an event cannot be handled"},
		{"not signed", func(s *metrics.State) { s.CrossSigned = false }, "", "the device is not cross-signed"},
		{"old post", func(s *metrics.State) { s.Oldest = noon.Add(-21 * time.Minute) }, "", "a post cannot be delivered"},
		{"no post", func(s *metrics.State) { s.Oldest = time.Time{} }, "", ""},
	}
	for _, tt := range tests {
		s := working()
		tt.change(&s)
		if got := s.Stalled(noon); got != tt.stalled {
			t.Errorf("%s: stalled %q, want %q", tt.name, got, tt.stalled)
		}
		if got := s.Unready(noon); got != tt.unready {
			t.Errorf("%s: unready %q, want %q", tt.name, got, tt.unready)
		}
	}
	if got, want := working().Words(noon), "working; without a key: 2, to post: 3, gaps: 1"; got != want {
		t.Errorf("words %q, want %q", got, want)
	}
}

func TestPages(t *testing.T) {
	s := working()
	h := metrics.Handler(metrics.Options{State: func() metrics.State { return s }, Now: func() time.Time { return noon },
		Version: "1.2.3", Revision: "0123456789ab"})
	page := func(path string) (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Code, w.Body.String()
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, text := page(path); code != 200 || text != "ok\n" {
			t.Errorf("%s: %d %q", path, code, text)
		}
	}
	code, text := page("/metrics")
	if code != 200 {
		t.Fatalf("/metrics: %d %s", code, text)
	}
	var got []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "blnbot_") && !strings.HasPrefix(line, "blnbot_build_info") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	want := []string{
		`blnbot_cross_signed 1`, `blnbot_database_size_bytes 4096`, `blnbot_database_writable 1`,
		`blnbot_entries{state="active"} 7`, `blnbot_entries{state="excluded"} 0`, `blnbot_entries{state="removed"} 0`,
		`blnbot_entries{state="unreadable"} 0`, `blnbot_entries{state="withheld"} 0`,
		`blnbot_gaps{state="lost"} 5`, `blnbot_gaps{state="open"} 1`,
		`blnbot_inbox_events{state="dead"} 1`, `blnbot_inbox_events{state="fetch"} 0`,
		`blnbot_inbox_events{state="new"} 0`, `blnbot_inbox_events{state="wait_key"} 2`,
		`blnbot_last_look_age_seconds 0`, `blnbot_last_sync_age_seconds 20`,
		`blnbot_meetings{state="closed"} 0`, `blnbot_meetings{state="missed"} 0`, `blnbot_meetings{state="open"} 6`,
		`blnbot_meetings{state="planned"} 0`, `blnbot_meetings{state="shared"} 0`,
		`blnbot_oldest_pending_post_age_seconds 60`,
		`blnbot_posts{state="failed"} 4`, `blnbot_posts{state="pending"} 3`, `blnbot_ready 1`, `blnbot_stalled 0`,
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	if !strings.Contains(text, `revision="0123456789ab",version="1.2.3"} 1`) {
		t.Error("the build is not named")
	}
	// A state that is too old: the process is stuck.
	s.At = noon.Add(-2 * time.Minute)
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, text := page(path); code != 503 || text != "the bot hangs\n" {
			t.Errorf("%s: %d %q", path, code, text)
		}
	}
	// Before the first sync answer an alert on the age must go off.
	s = metrics.State{At: noon}
	if _, text := page("/metrics"); !strings.Contains(text, "blnbot_last_sync_age_seconds +Inf\n") {
		t.Error("the age before the first sync is not infinite")
	}
	if code, _ := page("/"); code != 404 {
		t.Errorf("/: %d", code)
	}
}

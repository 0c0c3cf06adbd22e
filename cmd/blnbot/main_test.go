package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// play runs a command line on 22 November 2026 and gives all that it says.
func play(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	env := &environment{
		stdin: strings.NewReader(stdin), stdout: &out, stderr: &errs,
		now: func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) },
	}
	code = execute(context.Background(), env, args)
	return out.String(), errs.String(), code
}

func TestGolden(t *testing.T) {
	t.Setenv("BLNBOT_PASSWORD", "x")
	tests := []struct {
		name string
		args []string
	}{
		{"check", []string{"check", "--config", "testdata/config.yaml"}},
		{"check-good", []string{"check", "--config", "testdata/good.yaml"}},
		{"check-faulty", []string{"check", "--config", "testdata/faulty.yaml"}},
		{"check-missing", []string{"check", "--config", "testdata/nosuch.yaml"}},
		{"schedule", []string{"schedule", "--config", "testdata/config.yaml"}},
		{"schedule-one", []string{"schedule", "--config", "testdata/config.yaml", "--network", "kalmar"}},
		{"schedule-unknown", []string{"schedule", "--config", "testdata/config.yaml", "--network", "lund"}},
		{"schedule-faulty", []string{"schedule", "--config", "testdata/faulty.yaml"}},
		{"digest", []string{"digest", "testdata/minutes.json"}},
		{"help", []string{"--help"}},
		{"unknown", []string{"chek"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stdout, stderr, code := play(t, "", tt.args...)
			got := fmt.Sprintf("$ blnbot %s\n%s", strings.Join(tt.args, " "), stdout)
			if stderr != "" {
				got += "--- standard error\n" + stderr
			}
			got += fmt.Sprintf("--- exit code %d\n", code)
			golden(t, filepath.Join("testdata", tt.name+".golden"), got)
		})
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestConfigFromEnvironment(t *testing.T) {
	t.Setenv("BLNBOT_PASSWORD", "x")
	t.Setenv("BLNBOT_CONFIG", "testdata/good.yaml")
	if out, errs, code := play(t, "", "check"); code != exitGood || !strings.Contains(out, "testdata/good.yaml") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

func TestDigestFaults(t *testing.T) {
	entry := func(s string) string { return `{"prompts":[{"number":1,"entries":[` + s + `]}]}` }
	tests := []struct{ stdin, want string }{
		{"", "standard input: there is nothing in it; minutes in JSON were expected"},
		{"{\"prompts\": [\n  {,", "line 2, column 4: this is not JSON"},
		{`[1]`, `line 1, column 1: array found where an object with "prompts" should be`},
		{`{}`, `there are no "prompts" in it`},
		{`{"prompts":[{"entries":[]}]}`, `prompt 1 in the list: "number" is missing`},
		{`{"prompts":[{"number":"1"}]}`, `string found where "prompts.number" has a whole number`},
		{entry(`{"body":"a"}`), `prompt 1, entry 1: "id" is missing`},
		{entry(`{"id":"$a"},{"id":"$a"}`), `prompt 1, entry 2: the id "$a" stands there twice`},
		{entry(`{"id":"$a","role":"boss"}`), `role "boss" is not one of [carer`},
		{entry(`{"id":"$a","source":"letter"}`), `source "letter" is not one of [thread`},
		{entry(`{"id":"$a","marks":["star"]}`), `mark "star" is not one of [key`},
		{entry(`{"id":"$a","sent_at":"yesterday"}`), `sent_at "yesterday" is not a time`},
		{entry(`{"id":"$a","support":-1}`), "support is less than 0"},
	}
	for _, tt := range tests {
		_, stderr, code := play(t, tt.stdin, "digest", "-")
		if code != exitFault || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s\n got (%d) %s\nwant %s", tt.stdin, code, stderr, tt.want)
		}
	}
	if _, stderr, code := play(t, "", "digest", "nosuch.json"); code != exitFault || stderr != "blnbot: there is no file nosuch.json\n" {
		t.Errorf("missing file: %d %s", code, stderr)
	}
}

func TestDescribe(t *testing.T) {
	info := &debug.BuildInfo{Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.time", Value: "2026-11-22T12:00:00Z"}, {Key: "vcs.modified", Value: "true"},
	}}
	info.Main.Version = "v0.1.0"
	tests := []struct {
		version string
		info    *debug.BuildInfo
		want    string
	}{
		{"", info, "blnbot v0.1.0 (0123456789ab of 2026-11-22T12:00:00Z, changed since), go"},
		{"1.2.3", info, "blnbot 1.2.3 (0123456789ab of"},
		{"", nil, "blnbot (unknown version), go"},
	}
	for _, tt := range tests {
		if got := describe(tt.version, tt.info); !strings.HasPrefix(got, tt.want) {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
	if out, _, code := play(t, "", "version"); code != exitGood || !strings.HasPrefix(out, "blnbot ") {
		t.Errorf("version: %d %q", code, out)
	}
}

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// installed is where the units expect the program.
const installed = "/usr/local/bin/blnbot"

// TestUnits: systemd understands every line of the units, and finds that the
// services may do little; what they start is a command line of the program. It
// needs systemd-analyze, which in turn needs no running systemd.
func TestUnits(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Fatalf("%v: install systemd, or leave this test out with go test -skip Units", err)
	}
	names := []string{"blnbot.service", "blnbot-backup.service", "blnbot-backup.timer"}
	dir := t.TempDir()
	start := regexp.MustCompile(`(?m)^ExecStart=` + installed + ` (.*)$`)
	for i, name := range names {
		text, err := os.ReadFile(filepath.Join("../../deploy", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range start.FindAllStringSubmatch(string(text), -1) {
			args := strings.Fields(strings.ReplaceAll(line[1], "/etc/blnbot", dir)) // where nothing is
			if _, said, code := play(t, "", args...); code != exitFault || !strings.Contains(said, "there is no configuration file") {
				t.Errorf("%s starts %s, which says (%d): %s", name, line[0], code, said)
			}
		}
		// Some program has to be there.
		names[i] = filepath.Join(dir, name)
		if err := os.WriteFile(names[i], []byte(strings.ReplaceAll(string(text), installed, os.Args[0])), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// What systemd does not understand it passes over, with a warning and no error.
	out, err := exec.Command("systemd-analyze", append([]string{"verify", "--man=no"}, names...)...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	for _, service := range names[:2] {
		// In tenths of what docs/operation.md tells, and some more for other versions of systemd.
		out, err := exec.Command("systemd-analyze", "security", "--offline=yes", "--threshold=15", "--no-pager", service).CombinedOutput()
		if err != nil {
			t.Errorf("systemd-analyze security: %v\n%s", err, out)
		}
	}
}

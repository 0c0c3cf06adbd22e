package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/sqlite"
)

// site is a folder with a configuration, without the secrets that it names.
func site(t *testing.T) (dir, cfg string) {
	t.Helper()
	dir = t.TempDir()
	text, err := os.ReadFile("testdata/good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cfg = filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(cfg, append(text, "\npassword_file: root-only/password\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, cfg
}

// database makes the database that the configuration leads to.
func database(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "data", databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func listing(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range list {
		out = append(out, f.Name())
	}
	return out
}

func TestBackup(t *testing.T) {
	dir, cfg := site(t)
	to := filepath.Join(dir, "backups")
	run := func(args ...string) string {
		stdout, stderr, code := play(t, "", append([]string{"backup", "--config", cfg}, args...)...)
		text := regexp.MustCompile(`\d+ kB`).ReplaceAllString(stdout+stderr, "N kB")
		return strings.ReplaceAll(text, dir, "DIR") + "exit code " + string(rune('0'+code))
	}
	expect := func(want string, args ...string) {
		t.Helper()
		if got := run(args...); got != want {
			t.Errorf("backup %s:\n got %s\nwant %s", strings.Join(args, " "), got, want)
		}
	}
	file := filepath.Join(dir, "copy.db")
	expect("blnbot: there is no database DIR/data/blnbot.db to back up; has the bot run with this configuration?\nexit code 1", file)
	database(t, dir)
	expect("DIR/copy.db, N kB, checked\nexit code 0", file)
	expect("blnbot: DIR/copy.db is there already, and backups are never overwritten; name another file\nexit code 1", file)
	expect("blnbot: there is no folder DIR/nosuch; make it first\nexit code 1", filepath.Join(dir, "nosuch", "copy.db"))
	expect("blnbot: there is no folder DIR/backups/; make it first\nexit code 1", to+"/")
	expect("blnbot: --keep is for backups in a folder, and DIR/other.db is none\nexit code 2", filepath.Join(dir, "other.db"), "--keep", "2")
	expect("blnbot: --keep takes a number of backups, 1 or more\nexit code 2", dir, "--keep=-1")
	if err := os.Mkdir(to, 0o700); err != nil {
		t.Fatal(err)
	}
	expect("DIR/backups/blnbot-20261122T120000Z.db, N kB, checked\nexit code 0", to)
	expect("blnbot: DIR/backups/blnbot-20261122T120000Z.db is there already, and backups are never overwritten; name another file\nexit code 1", to)
}

// TestBackupKeep: the oldest backups go, and nothing that is not one.
func TestBackupKeep(t *testing.T) {
	dir, cfg := site(t)
	database(t, dir)
	to := filepath.Join(dir, "backups")
	if err := os.MkdirAll(filepath.Join(to, "blnbot-20200101T000000Z.db"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{
		"blnbot-20261119T000000Z.db": 0, "blnbot-20261120T000000Z.db": 0, "blnbot-20261121T000000Z.db": 0,
		"blnbot-20261118T000000Z.db.old": 0, "blnbot-before-the-move.db": 0, "notes.txt": 0,
		"blnbot-20261120T000000Z.db.123.partial": 48 * time.Hour, "blnbot-20261122T110000Z.db.456.partial": time.Hour,
		"other.123.partial": 48 * time.Hour,
	} {
		path := filepath.Join(to, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).Add(-age)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	stdout, stderr, code := play(t, "", "backup", "--config", cfg, to, "--keep", "2")
	if code != exitGood || strings.Count(stdout, "deleted\n") != 2 {
		t.Errorf("%d %s%s", code, stdout, stderr)
	}
	want := []string{
		"blnbot-20200101T000000Z.db", "blnbot-20261118T000000Z.db.old", "blnbot-20261121T000000Z.db", "blnbot-20261122T110000Z.db.456.partial",
		"blnbot-20261122T120000Z.db", "blnbot-before-the-move.db", "notes.txt", "other.123.partial",
	}
	if diff := cmp.Diff(want, listing(t, to)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

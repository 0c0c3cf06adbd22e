package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"blnbot/internal/sqlite"
)

// usedData is a configuration with a data_dir as the bot leaves it.
func usedData(t *testing.T) (config, data string) {
	t.Helper()
	t.Setenv("BLNBOT_PASSWORD", "x")
	dir := t.TempDir()
	config, data = filepath.Join(dir, "config.yaml"), filepath.Join(dir, "data")
	text := `homeserver: http://127.0.0.1:1
user: "@bln:localhost"
data_dir: data
coordination: {room: "#bln:localhost", staff: ["@nka:localhost"]}
networks: [{id: a, name: A, programme: samsjuklighet, room: "#a:localhost", leaders: ["@lena:localhost"], schedule: "0 17 * * TUE"}]
`
	if err := errors.Join(os.WriteFile(config, []byte(text), 0o600), os.Mkdir(data, 0o700)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{databaseFile, cryptoFile} {
		db, err := sqlite.Open(t.Context(), filepath.Join(data, name)) // both are databases; what is in them does not matter here
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return config, data
}

// spoilt overwrites a part of a database that is looked at only now and then.
func spoilt(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(text[len(text)/2/4096*4096:], bytes.Repeat([]byte{0xa5}, 4096))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDataIsExamined: the bot does not start on data that is damaged or gone, check
// says so, and no backup is made of it.
func TestDataIsExamined(t *testing.T) {
	tests := []struct {
		name   string
		spoil  func(t *testing.T, data string)
		want   string
		backup string // what backup says; empty: it is made
	}{
		{"damaged in the middle", func(t *testing.T, data string) { spoilt(t, filepath.Join(data, databaseFile)) },
			"blnbot.db: check database: the database is damaged. Keep the file, and restore the newest backup", "no backup was written"},
		{"encryption damaged", func(t *testing.T, data string) { spoilt(t, filepath.Join(data, cryptoFile)) },
			"crypto.db: it is damaged; stop the bot, delete it and start again", ""},
		{"gone", func(t *testing.T, data string) {
			if err := os.Remove(filepath.Join(data, databaseFile)); err != nil {
				t.Fatal(err)
			}
		}, "blnbot.db: it is missing or empty, although the bot has run here", "there is no database"},
		{"empty", func(t *testing.T, data string) {
			if err := os.Truncate(filepath.Join(data, databaseFile), 0); err != nil {
				t.Fatal(err)
			}
		}, "blnbot.db: it is missing or empty, although the bot has run here", "there is no database"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			config, data := usedData(t)
			tt.spoil(t, data)
			for _, command := range []string{"check", "run"} {
				_, said, code := play(t, "", command, "--config", config)
				if code != 1 || !strings.Contains(said, tt.want) {
					t.Errorf("%s: %d, %s", command, code, said)
				}
			}
			copied := filepath.Join(t.TempDir(), "copy.db")
			_, said, code := play(t, "", "backup", copied, "--config", config)
			if tt.backup == "" && code != 0 || !strings.Contains(said, tt.backup) {
				t.Errorf("backup: %d, %s", code, said)
			}
		})
	}
}

// TestCheckLooksAtData: check says that the data is sound, and whether others can
// read it.
func TestCheckLooksAtData(t *testing.T) {
	config, data := usedData(t)
	for _, tt := range []struct {
		folder, file os.FileMode
		want         string
		code         int
	}{
		{0o700, 0o600, "good  data_dir", 0},
		{0o755, 0o600, "good  data_dir", 0},
		{0o700, 0o644, "good  data_dir", 0},
		{0o755, 0o644, "FAULT  data_dir       other users of the machine can read what people wrote: chmod 700 " + data, 1},
	} {
		if err := errors.Join(os.Chmod(data, tt.folder), os.Chmod(filepath.Join(data, databaseFile), tt.file)); err != nil {
			t.Fatal(err)
		}
		out, said, code := play(t, "", "check", "--config", config)
		if code != tt.code || !strings.Contains(out, tt.want) {
			t.Errorf("%s: %d, %s%s", fmt.Sprint(tt.folder, tt.file), code, out, said)
		}
	}
}

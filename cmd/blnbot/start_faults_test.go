package main_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"blnbot/internal/sqlite"
)

// nobody is a user without rights, for tests that run as root.
const nobody = 65534

// TestStartFaults: what keeps the bot from starting is said in words, with what
// to do about it, before anything is asked of the homeserver.
func TestStartFaults(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	pragma := func(text string) func(*testing.T, string) func() {
		return func(t *testing.T, data string) func() {
			t.Helper()
			db, err := sqlite.Connect(t.Context(), filepath.Join(data, "blnbot.db"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = db.Exec(text)
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
			return nil
		}
	}
	mode := func(name string, mode os.FileMode) func(*testing.T, string) func() {
		return func(t *testing.T, data string) func() {
			t.Helper()
			path := filepath.Join(data, name)
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			return func() { _ = os.Chmod(path, 0o700) } // so that the folder can be removed
		}
	}
	tests := []struct {
		name, lines string
		spoil       func(t *testing.T, data string) (mend func())
		want        []string
	}{
		{"newer", "", pragma("PRAGMA user_version = 1000"),
			[]string{"written by a newer version of blnbot: it has version 1000", "Install at least that version, or restore a backup"}},
		{"read-only file", "", mode("blnbot.db", 0o400), []string{"readonly database", "check their owner and mode"}},
		{"read-only folder", "", mode(".", 0o500), []string{"blnbot.lock: permission denied; blnbot must be able to write in data_dir"}},
		{"damaged", "", func(t *testing.T, data string) func() {
			t.Helper()
			if err := os.WriteFile(filepath.Join(data, "blnbot.db"), bytes.Repeat([]byte("garbage "), 1000), 0o600); err != nil {
				t.Fatal(err)
			}
			return nil
		}, []string{"file is not a database", "restore the newest backup"}},
		{"locked", "", func(t *testing.T, data string) func() {
			t.Helper()
			db, err := sqlite.Connect(t.Context(), filepath.Join(data, "blnbot.db"))
			if err != nil {
				t.Fatal(err)
			}
			tx, err := db.Begin()
			if err != nil {
				t.Fatal(err)
			}
			return func() {
				if err := errors.Join(tx.Rollback(), db.Close()); err != nil {
					t.Error(err)
				}
			}
		}, []string{"database is locked", "end it, or wait for it"}},
		{"second bot", "", func(t *testing.T, data string) func() {
			t.Helper()
			f, err := os.OpenFile(filepath.Join(data, "blnbot.lock"), os.O_CREATE|os.O_RDWR, 0o666)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(f.Chmod(0o666), syscall.Flock(int(f.Fd()), syscall.LOCK_EX)); err != nil {
				t.Fatal(err)
			}
			return func() { _ = f.Close() }
		}, []string{"another blnbot is running on", "stop it first"}},
		{"port taken", "listen: " + taken.Addr().String() + "\n", nil, []string{"address already in use", "choose another port with listen"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // one of them waits for a lock
			dir, command := offline(t, tt.lines)
			if tt.spoil != nil {
				if mend := tt.spoil(t, filepath.Join(dir, "data")); mend != nil {
					defer mend()
				}
			}
			var faults bytes.Buffer
			command.Stderr = &faults
			err := command.Run()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Errorf("ended with %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(faults.String(), want) {
					t.Errorf("%q is not in %s", want, &faults)
				}
			}
			if strings.Contains(faults.String(), "homeserver does not answer") {
				t.Errorf("the homeserver was asked: %s", &faults)
			}
		})
	}
}

// TestHangUpWhileWaiting: a bot that waits for its homeserver is not ended by the
// signal to read its configuration.
func TestHangUpWhileWaiting(t *testing.T) {
	_, command := offline(t, "")
	command.Env = append(os.Environ(), "BLNBOT_PASSWORD=x")
	said, err := command.StderrPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	log := bufio.NewScanner(said)
	waits := false
	for !waits && log.Scan() {
		waits = strings.Contains(log.Text(), "does not answer; waiting for it")
	}
	if !waits {
		t.Fatalf("it does not wait: %v", command.Wait())
	}
	err = errors.Join(command.Process.Signal(syscall.SIGHUP), command.Process.Signal(syscall.SIGTERM))
	if _, err2 := io.Copy(io.Discard, said); err2 != nil {
		t.Error(err2)
	}
	if err := errors.Join(err, command.Wait()); err != nil {
		t.Errorf("ended with %v", err)
	}
}

// offline is a folder with a configuration and a database, and a command that
// runs the bot there as a user without special rights.
func offline(t *testing.T, lines string) (dir string, command *exec.Cmd) {
	t.Helper()
	binary, err := bin()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	text := lines + `homeserver: http://127.0.0.1:1
user: "@bln:localhost"
data_dir: data
coordination: {room: "#bln:localhost", staff: ["@nka:localhost"]}
networks: [{id: a, name: A, programme: samsjuklighet, room: "#a:localhost", leaders: ["@lena:localhost"], schedule: "0 17 * * TUE"}]
`
	data := filepath.Join(dir, "data")
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(text), 0o644), os.Mkdir(data, 0o700)); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), filepath.Join(data, "blnbot.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	command = exec.CommandContext(t.Context(), binary, "run", "--config", filepath.Join(dir, "config.yaml"))
	if os.Getuid() == 0 { // whom no file mode stops
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		err := errors.Join(os.Chmod(filepath.Dir(binary), 0o755), os.Chmod(filepath.Dir(dir), 0o755), os.Chown(data, nobody, nobody), os.Chown(filepath.Join(data, "blnbot.db"), nobody, nobody))
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir, command
}

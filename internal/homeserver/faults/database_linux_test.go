//go:build faults

package faults_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFullDiskWhileRunning: the disk of one of the databases is full while the
// bot is connected.
func TestFullDiskWhileRunning(t *testing.T) {
	t.Parallel()
	for _, name := range []string{ours, crypto} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, readyz := withHealth(t, 3)
			d := newDisk(w, name)
			w.begin()
			tr := trouble{begin: d.full, end: d.free, ends: name == crypto,
				log: []string{"The disk or the quota is full: make room"}, page: "the disk is full"}
			if !d.apart {
				tr.ends, tr.log = true, append(tr.log, "The disk answers with errors")
			}
			w.endure(readyz, tr)
		})
	}
}

// TestReadOnlyDisk: the file system turns read-only under the running bot, as
// Linux makes it when the disk fails; the operator stops the bot, repairs the
// file system and starts it.
func TestReadOnlyDisk(t *testing.T) {
	t.Parallel()
	w, readyz := withHealth(t, 3)
	d := failingDisk(w)
	w.begin()
	w.endure(readyz, trouble{begin: d.full, end: d.free, ends: true,
		log: []string{"The disk answers with errors", "whether the file system is mounted read-only"}})
}

// failingDisk is a file system that can fail; where none can be mounted it is
// a disk on which nothing can be written.
func failingDisk(w *world) disk {
	dir, image := w.stage.DataDir(), filepath.Join(w.dir, "disk")
	w.must(os.MkdirAll(dir, 0o700))
	w.must(os.WriteFile(image, nil, 0o600))
	w.must(os.Truncate(image, 64<<20))
	mount := func() error { return errors.Join(command("mount", "-o", "loop", image, dir), os.Chmod(dir, 0o700)) }
	if err := errors.Join(command("mkfs.ext4", "-q", "-F", image), mount()); err != nil {
		return w.limited("a file system that turns read-only", err)
	}
	w.t.Cleanup(func() {
		w.bot.kill()
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			w.t.Error(err)
		}
	})
	return disk{apart: true,
		full: func() error { return command("mount", "-o", "remount,abort", dir) },
		free: func() error {
			// The bot is started again by whoever keeps it alive, perhaps while
			// there is nothing mounted: not on an empty folder, then.
			w.bot.hold()
			defer w.bot.release()
			if err := syscall.Unmount(dir, 0); err != nil {
				return fmt.Errorf("unmount: %w", err)
			}
			err := command("e2fsck", "-p", image)
			if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 1 {
				err = nil // repaired
			}
			return errors.Join(err, mount())
		}}
}

func command(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// nobody is a user without rights.
const nobody = 65534

// TestReadOnlyFiles: somebody takes the right to write from the bot's files. The
// running bot has them open, but opens them again now and then; started anew it
// says what is wrong and ends.
func TestReadOnlyFiles(t *testing.T) {
	t.Parallel()
	w, readyz := withHealth(t, 3)
	w.must(w.unprivileged())
	w.begin()
	files := func(file, folder fs.FileMode) error {
		err := os.Chmod(w.stage.DataDir(), folder)
		for _, name := range []string{ours, crypto} {
			for _, part := range []string{"", "-wal", "-shm"} {
				if e := os.Chmod(filepath.Join(w.stage.DataDir(), name+part), file); !errors.Is(e, fs.ErrNotExist) {
					err = errors.Join(err, e)
				}
			}
		}
		return err
	}
	tr := trouble{ends: true, log: []string{"check their owner and mode", "blnbot.lock: permission denied"}}
	tr.begin = func() error {
		if err := files(0o400, 0o500); err != nil {
			return err
		}
		n := w.nets[0]
		if err := n.talk(undisturbed(), n.everybody(1, false), 5); err != nil {
			return err
		}
		w.bot.kill()
		return nil
	}
	tr.end = func() error { return files(0o600, 0o700) }
	w.endure(readyz, tr)
}

// unprivileged has the bot run as a user without special rights, whom the mode
// of files stops.
func (w *world) unprivileged() error {
	if os.Getuid() != 0 {
		return nil
	}
	w.bot.user = &syscall.Credential{Uid: nobody, Gid: nobody}
	err := errors.Join(os.MkdirAll(w.stage.DataDir(), 0o700), os.Chmod(filepath.Dir(w.bot.binary), 0o755))
	for _, dir := range []string{w.dir, filepath.Dir(w.dir)} {
		err = errors.Join(err, os.Chmod(dir, 0o755))
	}
	return errors.Join(err, filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == "server" {
			return filepath.SkipDir
		}
		return errors.Join(err, os.Lchown(path, nobody, nobody))
	}))
}

//go:build faults

package faults_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// disk is a disk for the bot's data that can fail.
type disk struct {
	full func() error
	free func() error
	// apart says that nothing but what the disk is for is on it.
	apart bool
}

// newDisk is a small file system for one of the bot's files, or for all of them
// if name is empty, where the test may mount one; elsewhere the files of the
// bot's process may not grow, which SQLite takes for a broken disk.
func newDisk(w *world, name string) disk {
	dir := w.stage.DataDir()
	w.must(os.MkdirAll(dir, 0o700))
	if name != "" {
		apart := filepath.Join(w.dir, "disk")
		w.must(os.Mkdir(apart, 0o700))
		w.must(os.Symlink(filepath.Join(apart, name), filepath.Join(dir, name)))
		dir = apart
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=32m,mode=700"); err != nil {
		return w.limited("a full disk", err)
	}
	w.t.Cleanup(func() {
		w.bot.kill()
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			w.t.Error(err)
		}
	})
	ballast := filepath.Join(dir, "ballast")
	return disk{apart: true, full: func() error { return fill(ballast) }, free: func() error { return os.Remove(ballast) }}
}

// limited is a disk on which no file may grow. It stands in for the trouble that
// err keeps the test from making, and is not the same: SQLite is told another fault.
func (w *world) limited(trouble string, err error) disk {
	untested.add(fmt.Sprintf("%s (files that cannot grow were, instead): no file system can be mounted: %v", trouble, err))
	return disk{
		full: func() error { return w.bot.limitFiles(1) },
		free: func() error { return w.bot.limitFiles(^uint64(0)) },
	}
}

// fill writes a file until there is no space left.
func fill(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4096} {
		for err == nil {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			return err
		}
		err = nil
	}
	return nil
}

// limitFiles limits how large the files of the running process may become.
func (p *process) limitFiles(size uint64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	limit := syscall.Rlimit{Cur: size, Max: ^uint64(0)}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(p.cmd.Process.Pid), syscall.RLIMIT_FSIZE,
		uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if errno != 0 && errno != syscall.ESRCH { // one that has ended has no limit any more
		return errno
	}
	return nil
}

// TestFullDisk: people write while the bot can store nothing. It may end, and
// is then started again, as a service manager does.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	w := newWorld(t, max(*seed, 1), 1, 2, 1, 6*time.Minute)
	d := newDisk(w, "")
	w.begin()
	n := w.nets[0]
	w.must(n.open(1))
	w.must(n.talk(undisturbed(), n.everybody(1, false), 5))
	w.must(w.settle(time.Minute))
	w.must(d.full())
	w.must(n.talk(undisturbed(), n.everybody(1, false), 40))
	ends, complaints := 0, ""
	for end := time.Now().Add(12 * time.Second); time.Now().Before(end); {
		select {
		case <-w.bot.over():
			ends++
			complaints += w.bot.text()
			w.must(w.bot.start())
		case <-time.After(time.Second):
		}
	}
	w.must(n.talk(undisturbed(), n.everybody(1, false), 10))
	complaints += w.bot.text()
	w.must(d.free())
	select {
	case <-w.bot.over():
		w.must(w.bot.start())
	default:
	}
	w.must(w.settle(2 * time.Minute))
	w.must(w.bot.stop(20 * time.Second))
	w.judge()
	t.Logf("the bot ended %d times", ends)
	if (d.apart || ends == 0) && !strings.Contains(complaints, "disk is full") {
		t.Error("the bot did not notice that the disk was full")
	}
}

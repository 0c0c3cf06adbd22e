package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"blnbot/internal/homeserver/stage"
)

// child is one of the two measured processes.
type child struct {
	cmd    *exec.Cmd
	log    *stage.Log // what it writes to both outputs
	exited chan error
	began  time.Time
}

// launch starts a program with the variables added to its environment.
func launch(program string, args, env []string) (*child, error) {
	c := &child{log: &stage.Log{}, exited: make(chan error, 1), cmd: exec.Command(program, args...)}
	c.cmd.Env = append(os.Environ(), env...)
	c.cmd.Stdout, c.cmd.Stderr = io.Writer(c.log), io.Writer(c.log)
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		// The child's life is tied to the thread that started it (go.dev/issue/27505).
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		c.began = time.Now()
		err := c.cmd.Start()
		started <- err
		if err == nil {
			c.exited <- c.cmd.Wait()
		}
	}()
	return c, <-started
}

// stop ends the process with SIGTERM and waits for it.
func (c *child) stop() error {
	if c == nil || c.cmd == nil {
		return nil
	}
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", c.cmd.Path, err)
	}
	err := <-c.exited
	c.cmd = nil
	if err != nil {
		return fmt.Errorf("%w\n%s", err, c.log.Text())
	}
	return nil
}

// usage is what a process has used.
type usage struct {
	cpu       time.Duration // user and system, since its start
	rss, peak float64       // MB
	memory    float64       // MB of rss that are not pages of a file
}

// ticks are those in which Linux counts processor time: 100 a second on all
// platforms that Go supports (proc(5), USER_HZ).
const tick = 10 * time.Millisecond

// use reads from /proc what the process has used so far.
func (c *child) use() (usage, error) {
	var u usage
	dir := fmt.Sprintf("/proc/%d/", c.cmd.Process.Pid)
	stat, err := os.ReadFile(dir + "stat")
	if err != nil {
		return u, fmt.Errorf("read usage: %w", err)
	}
	// The second field, the program's name in brackets, may have blanks.
	fields := strings.Fields(string(stat[strings.LastIndex(string(stat), ")")+1:]))
	for _, i := range []int{11, 12} { // utime and stime
		n, err := strconv.Atoi(fields[i])
		if err != nil {
			return u, fmt.Errorf("read usage: %w", err)
		}
		u.cpu += time.Duration(n) * tick
	}
	status, err := os.ReadFile(dir + "status")
	if err != nil {
		return u, fmt.Errorf("read usage: %w", err)
	}
	for _, line := range strings.Split(string(status), "\n") {
		name, value, _ := strings.Cut(line, ":")
		kb, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		switch name {
		case "VmRSS":
			u.rss = kb / 1024
		case "RssAnon":
			u.memory = kb / 1024
		case "VmHWM":
			u.peak = kb / 1024
		}
	}
	return u, nil
}

// poll is how often the harness looks.
const poll = 50 * time.Millisecond

// until looks again and again until done.
func until(ctx context.Context, c *child, what string, done func() (bool, error)) error {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		var exited chan error
		if c != nil {
			exited = c.exited
		}
		select {
		case <-ticker.C:
		case err := <-exited:
			exited <- err
			return fmt.Errorf("%s: the process ended: %w\n%s", what, err, c.log.Text())
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, ctx.Err())
		}
	}
}

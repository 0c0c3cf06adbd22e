//go:build faults

package faults_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"blnbot/internal/homeserver/stage"
)

// binary builds the bot with its failpoints, once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "blnbot-faults-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "blnbot")
	cmd := exec.Command("go", "build", "-tags", "goolm,timetzdata,failpoints", "-buildvcs=false", "-o", path, "blnbot/cmd/blnbot")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the bot: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	for _, what := range untested.all() {
		fmt.Println("soak: NOT TESTED:", what)
	}
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// process is the bot: one process after the other on the same data.
type process struct {
	binary, config, points string
	user                   *syscall.Credential // nil for this process's

	held     sync.Mutex // while the bot must not be started
	mu       sync.Mutex
	cmd      *exec.Cmd
	log      *stage.Log
	earlier  string // log of the process before
	done     chan struct{}
	trouble  map[string]int  // messages of level WARN and ERROR
	waiting  map[string]bool // points
	begun    int
	gapsSeen int
}

// start starts the bot and does not wait for it.
func (p *process) start() error {
	p.held.Lock()
	defer p.held.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	cmd := exec.Command(p.binary, "run", "--config", p.config)
	cmd.Env = append(os.Environ(), "BLNBOT_FAILPOINTS="+p.points)
	cmd.SysProcAttr = childAttributes(p.user)
	if p.log != nil {
		p.earlier = p.log.Text()
	}
	p.cmd, p.log, p.done = cmd, &stage.Log{}, make(chan struct{})
	cmd.Stderr = p.log
	p.begun++
	log, done, started := p.log, p.done, make(chan error)
	go func() {
		// Linux ties the child to the thread that started it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // cmd.ProcessState tells
			p.count(log)
			close(done)
		}
	}()
	return <-started
}

var logLine = regexp.MustCompile(`(?m)level=(WARN|ERROR) msg=("[^"]*"|\S+)(.*)$`)
var logError = regexp.MustCompile(`(?:err|error)=("(?:[^"\\]|\\.)*"|\S+)`)

// count adds up what a process complained of.
func (p *process) count(log *stage.Log) {
	text := log.Text()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range logLine.FindAllStringSubmatch(text, -1) {
		what := m[1] + " " + strings.Trim(m[2], `"`)
		if err := logError.FindStringSubmatch(m[3]); err != nil {
			what += ": " + strings.Trim(err[1], `"`)
		}
		p.trouble[clip(what)]++
	}
	p.gapsSeen += strings.Count(text, `msg="filled a gap"`)
}

func clip(s string) string {
	if len(s) > 160 {
		return s[:160] + "…"
	}
	return s
}

// over is closed when the present process has ended.
func (p *process) over() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done
}

// ready waits until the bot says that it has caught up; false if it ends first
// or ctx does.
func (p *process) ready(ctx context.Context) bool {
	p.mu.Lock()
	log, done := p.log, p.done
	p.mu.Unlock()
	exited := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-done:
			exited <- errors.New("ended")
		case <-ctx.Done():
		}
	}()
	return log.WaitFor(ctx, 0, "msg=ready", exited) == nil
}

// signal sends a signal to the present process; too late is not an error.
func (p *process) signal(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil && p.cmd.Process != nil {
		_ = p.cmd.Process.Signal(sig)
	}
}

// kill ends the process with SIGKILL.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	if done := p.over(); done != nil {
		<-done
	}
}

// hold kills the process and keeps it from being started until release.
func (p *process) hold() {
	p.held.Lock()
	p.kill()
}

func (p *process) release() { p.held.Unlock() }

// stop ends the process as an operator does.
func (p *process) stop(patience time.Duration) error {
	p.signal(syscall.SIGTERM)
	select {
	case <-p.over():
		return p.ending()
	case <-time.After(patience):
		p.kill()
		return fmt.Errorf("the bot did not stop within %s", patience)
	}
}

// ending says how the process ended: nil for exit status 0.
func (p *process) ending() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if state := p.cmd.ProcessState; !state.Success() {
		return fmt.Errorf("the bot ended with %s", state)
	}
	return nil
}

// killed reports whether the process was ended by SIGKILL.
func (p *process) killed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// arm makes the process end at the named point, once.
func (p *process) arm(point string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting[point] = true
	return os.WriteFile(filepath.Join(p.points, point), nil, 0o600)
}

// fired lists the points at which the process has ended since the last call.
func (p *process) fired() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, name := range slices.Sorted(maps.Keys(p.waiting)) {
		if _, err := os.Stat(filepath.Join(p.points, name)); err != nil {
			out = append(out, name)
			delete(p.waiting, name)
		}
	}
	return out
}

// disarm takes all points back, and sets the bot's clock right.
func (p *process) disarm() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.waiting)
	return errors.Join(os.RemoveAll(p.points), os.Mkdir(p.points, 0o700))
}

// setClock makes the bot's clock wrong by off, now and after restarts.
func (p *process) setClock(off time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Beside the folder first, so that the bot never reads half of it.
	draft := p.points + "-clock"
	return errors.Join(os.WriteFile(draft, []byte(off.String()), 0o600), os.Rename(draft, filepath.Join(p.points, "clock")))
}

// text is what this process and the one before wrote.
func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.log == nil {
		return ""
	}
	return p.earlier + "\n--- restart ---\n" + p.log.Text()
}

// complaints lists what all processes complained of, the most frequent first.
func (p *process) complaints() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	names := slices.SortedFunc(maps.Keys(p.trouble), func(a, b string) int { return p.trouble[b] - p.trouble[a] })
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "\n\t%5d × %s", p.trouble[name], name)
	}
	return b.String()
}

// awaitDeath waits until the bot has died at the point for which it was armed.
func (w *world) awaitDeath(point string) {
	w.t.Helper()
	select {
	case <-w.bot.over():
	case <-w.ctx.Done():
		w.t.Fatalf("the bot did not come to %q", point)
	}
	if !w.bot.killed() {
		w.t.Fatalf("the bot ended by itself: %v", w.bot.ending())
	}
	if fired := w.bot.fired(); !slices.Contains(fired, point) {
		w.t.Fatalf("the bot died at %v, not at %q", fired, point)
	}
}

package homeserver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

const (
	dendrite      = "github.com/element-hq/dendrite"
	progressEvery = 10 * time.Second
	lockEvery     = 200 * time.Millisecond
)

// Build returns the path of the pinned Dendrite. The first call on a machine
// compiles it into the user's cache folder, which takes one to three minutes
// and is reported to progress (nil for no reports); later calls find it there.
// Several processes may call Build at the same time: one of them compiles.
func Build(ctx context.Context, progress io.Writer) (string, error) {
	if progress == nil {
		progress = io.Discard
	}
	tools, err := toolsModule()
	if err != nil {
		return "", err
	}
	version, err := pinned(tools)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	dir := filepath.Join(cache, "blnbot", "dendrite-"+version)
	binary := filepath.Join(dir, "dendrite")
	if isFile(binary) {
		return binary, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the cache folder: %w", err)
	}
	unlock, err := lock(ctx, filepath.Join(dir, "lock"), "building Dendrite", progress)
	if err != nil {
		return "", err
	}
	defer unlock()
	if isFile(binary) { // built by the process that we waited for
		return binary, nil
	}
	fmt.Fprintf(progress, "homeserver: building Dendrite %s; the first use on a machine takes about two minutes\n", version)
	if err := compile(ctx, tools, binary, progress); err != nil {
		return "", fmt.Errorf("build Dendrite %s: %w", version, err)
	}
	return binary, nil
}

// compile builds Dendrite beside its final place and then moves it there, so
// that an interrupted build leaves nothing that looks finished.
func compile(ctx context.Context, tools, binary string, progress io.Writer) error {
	unfinished := binary + ".unfinished"
	defer os.Remove(unfinished)

	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", unfinished, dendrite+"/cmd/dendrite")
	cmd.Dir = tools
	cmd.Env = buildEnv(os.Environ())
	if err := runReporting(cmd, "building Dendrite", progress); err != nil {
		return errors.Join(ctx.Err(), err)
	}
	return os.Rename(unfinished, binary)
}

// runReporting runs a command that takes long, and reports now and then. The
// error has the end of what the command printed.
func runReporting(cmd *exec.Cmd, doing string, progress io.Writer) error {
	cmd.WaitDelay = 5 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run %s: %w", cmd.Path, err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			fmt.Fprintf(progress, "homeserver: still %s, %s so far\n", doing, time.Since(start).Round(time.Second))
		case err := <-done:
			if err != nil {
				return fmt.Errorf("%w\n%s", err, tail(output.Bytes(), 4000))
			}
			fmt.Fprintf(progress, "homeserver: done with %s, %s\n", doing, time.Since(start).Round(time.Second))
			return nil
		}
	}
}

// buildEnv leaves out CGO_ENABLED: blnbot is built without cgo, but Dendrite is
// better off with it where there is a C compiler, which is go's default.
func buildEnv(environ []string) []string {
	env := []string{"GOWORK=off"}
	for _, v := range environ {
		if !strings.HasPrefix(v, "CGO_ENABLED=") && !strings.HasPrefix(v, "GOWORK=") {
			env = append(env, v)
		}
	}
	return env
}

// toolsModule finds the folder tools of the blnbot module that the working
// directory is in.
func toolsModule() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the tools module: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("find the tools module: %w", err)
		}
		if bytes.Contains(append([]byte("\n"), mod...), []byte("\nmodule blnbot\n")) {
			return filepath.Join(dir, "tools"), nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("find the tools module: no go.mod of module blnbot in %s or above it", start)
		}
	}
}

// pinned names the Dendrite that the tools module builds: its version, and a
// few digits that change with any of its dependencies.
func pinned(tools string) (string, error) {
	mod, err := os.ReadFile(filepath.Join(tools, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("read the pinned version of Dendrite: %w", err)
	}
	found := regexp.MustCompile(regexp.QuoteMeta(dendrite) + `\s+(v\S+)`).FindSubmatch(mod)
	if found == nil {
		return "", fmt.Errorf("read the pinned version of Dendrite: tools/go.mod does not require %s", dendrite)
	}
	return fmt.Sprintf("%s-%x", found[1], sha256.Sum256(mod))[:len(found[1])+9], nil
}

// lock waits until no other process holds the lock file, and then holds it
// until the returned function is called or the process ends.
func lock(ctx context.Context, path, doing string, progress io.Writer) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	tick := time.NewTicker(lockEvery)
	defer tick.Stop()
	for told := false; ; told = true {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			_ = file.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if !told {
			fmt.Fprintf(progress, "homeserver: another process is %s; waiting for it\n", doing)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			_ = file.Close()
			return nil, fmt.Errorf("wait for another process that is %s: %w", doing, ctx.Err())
		}
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// tail is the end of b, at most max bytes.
func tail(b []byte, max int) []byte {
	return b[len(b)-min(len(b), max):]
}

package homeserver_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"blnbot/internal/homeserver"
)

// parentEnv turns the test binary into a process that starts a server and
// waits to be killed.
const parentEnv = "BLNBOT_TEST_HOMESERVER_DIR"

func TestMain(m *testing.M) {
	dir := os.Getenv(parentEnv)
	if dir == "" {
		os.Exit(m.Run())
	}
	s, err := homeserver.Start(context.Background(), homeserver.Options{Dir: dir})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(s.URL())
	select {}
}

func TestServerDiesWithItsParent(t *testing.T) {
	if _, err := homeserver.Build(t.Context(), os.Stderr); err != nil {
		t.Fatal(err)
	}
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), parentEnv+"="+t.TempDir())
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "http://")
	if err != nil || !ok {
		t.Fatalf("no server: %q %v", line, err)
	}
	// A connection that breaks tells that the server has ended.
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // killed
	if runtime.GOOS != "linux" {
		t.Log("only Linux ends the server with its parent")
		return
	}
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
		t.Errorf("the server outlives its parent: %v", err)
	}
}

func TestTwoBuildsAtOnce(t *testing.T) {
	// A cache folder of its own, but go's caches of compiled packages and modules.
	goenv, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	caches := strings.Fields(string(goenv))
	t.Setenv("GOCACHE", caches[0])
	t.Setenv("GOMODCACHE", caches[1])
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir()) // where macOS has its caches

	var group sync.WaitGroup
	var reports [2]bytes.Buffer
	var paths [2]string
	for i := range reports {
		group.Go(func() {
			var err error
			if paths[i], err = homeserver.Build(t.Context(), &reports[i]); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	all := reports[0].String() + reports[1].String()
	if strings.Count(all, "building Dendrite v") != 1 || strings.Count(all, "waiting for it") != 1 {
		t.Errorf("want one build and one that waits for it, got:\n%s", all)
	}
	if paths[0] != paths[1] {
		t.Errorf("different binaries: %s", paths)
	}
	if info, err := os.Stat(paths[0]); err != nil || info.Mode()&0o100 == 0 {
		t.Errorf("no program at %s: %v", paths[0], err)
	}
}

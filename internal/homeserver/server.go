package homeserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	startTimeout  = time.Minute
	startAttempts = 3
	stopTimeout   = 10 * time.Second
	pollEvery     = 10 * time.Millisecond
	portAttempts  = 5
)

// Options say how to start a server.
type Options struct {
	// Kind is the program; empty for Dendrite.
	Kind Kind
	// Dir holds the server's data. It is made if it is missing; if it has the
	// data of an earlier server, that server goes on.
	Dir string
	// Name is the server name, the part of Matrix ids after the colon. Empty
	// means the name in Dir, and "localhost" at first.
	Name string
	// RateLimit turns on the server's own rate limiting. Dendrite's: 5 logins,
	// joins and the like in a row, then one every 500 ms. Synapse's: 10 messages
	// in a row, then one every 5 s; and others. More in docs/homeservers.md.
	RateLimit bool
	// Progress is told when the server must be made first; nil for nobody.
	Progress io.Writer
}

// Server is a homeserver on the loopback interface. Its methods may be called by
// several goroutines.
type Server struct {
	dir     string
	soft    software
	program string
	addr    string
	id      identity

	mu   sync.Mutex // held while the process is started or stopped
	proc *process
}

// Start makes the server if needed, starts it on a free port and waits until it
// answers, for at most a minute. The server does not stop when ctx ends: stop
// it with Stop. On Linux it dies with this process.
func Start(ctx context.Context, o Options) (*Server, error) {
	soft, err := o.Kind.software()
	if err != nil {
		return nil, fmt.Errorf("start homeserver: %w", err)
	}
	program, err := soft.install(ctx, o.Progress)
	if err != nil {
		return nil, err
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, fmt.Errorf("start homeserver: %w", err)
	}
	id, err := prepare(o, soft)
	if err != nil {
		return nil, fmt.Errorf("start homeserver in %s: %w", o.Dir, err)
	}
	s := &Server{dir: o.Dir, soft: soft, program: program, id: id}
	for attempt := 1; ; attempt++ {
		if s.addr, err = freeAddress(ctx); err != nil {
			return nil, fmt.Errorf("start homeserver: %w", err)
		}
		if err := s.configure(o.RateLimit, s.addr); err != nil {
			return nil, fmt.Errorf("start homeserver in %s: %w", o.Dir, err)
		}
		s.mu.Lock()
		err = s.start(ctx)
		s.mu.Unlock()
		if err == nil {
			return s, nil
		}
		// Somebody else may have taken the port in between.
		if !errors.Is(err, errEnded) || attempt == portAttempts || canListen(ctx, s.addr) {
			return nil, err
		}
	}
}

// errEnded: the server process ended by itself.
var errEnded = errors.New("the server ended")

// panicked is the exit code of a Go program that has panicked.
const panicked = 2

// start starts the process and waits until it answers; s.mu is held. Dendrite can
// panic while it starts (docs/homeservers.md): it is started again then, as whatever
// keeps a server running does.
func (s *Server) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for attempt := 1; ; attempt++ {
		code, err := s.startOnce(ctx)
		if err == nil || code != panicked || attempt == startAttempts {
			return err
		}
	}
}

// startOnce also returns the exit code of a process that has ended.
func (s *Server) startOnce(ctx context.Context) (code int, err error) {
	proc, err := s.launch()
	if err != nil {
		return 0, fmt.Errorf("start homeserver: %w", err)
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if s.answers(ctx) && proc.running() {
			s.proc = proc
			return 0, nil
		}
		select {
		case <-tick.C:
		case <-proc.done:
			return proc.cmd.ProcessState.ExitCode(), fmt.Errorf("start homeserver: %w (%s); its log ends with:\n%s", errEnded, proc.cmd.ProcessState, s.LogTail())
		case <-ctx.Done():
			_ = proc.cmd.Process.Kill()
			<-proc.done
			return 0, fmt.Errorf("start homeserver: no answer: %w; its log ends with:\n%s", ctx.Err(), s.LogTail())
		}
	}
}

func (s *Server) answers(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+"/_matrix/client/versions", nil)
	if err != nil {
		return false
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// URL is the base URL for clients. It stays the same across Restart.
func (s *Server) URL() string { return "http://" + s.addr }

// Name is the server name, the part of Matrix ids after the colon.
func (s *Server) Name() string { return s.id.Name }

// UserID is the full Matrix id of a local user.
func (s *Server) UserID(localpart string) string { return "@" + localpart + ":" + s.id.Name }

// Alias is the full alias of a room on this server.
func (s *Server) Alias(localpart string) string { return "#" + localpart + ":" + s.id.Name }

// Stop asks the server to end and waits for it. When ctx ends first, or after
// ten seconds, the server is killed, and that is an error. Stopping a stopped
// server does nothing.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stop(ctx)
}

func (s *Server) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	proc := s.proc
	s.proc = nil
	if proc == nil || !proc.running() {
		return nil
	}
	if err := proc.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop homeserver: %w", err)
	}
	select {
	case <-proc.done:
		return nil
	case <-ctx.Done():
		_ = proc.cmd.Process.Kill()
		<-proc.done
		return fmt.Errorf("stop homeserver: had to be killed: %w", ctx.Err())
	}
}

// Kill ends the server at once, as a power cut would. Restart starts it again.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc != nil {
		_ = s.proc.cmd.Process.Kill()
		<-s.proc.done
		s.proc = nil
	}
}

// Restart stops the server if it runs, and starts it on the same port with the
// same data.
func (s *Server) Restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.stop(ctx); err != nil {
		return err
	}
	return s.start(ctx)
}

// LogTail is the end of the server's log, for error messages.
func (s *Server) LogTail() string {
	data, err := os.ReadFile(filepath.Join(s.dir, s.soft.logFile))
	if err != nil {
		return "(no log: " + err.Error() + ")"
	}
	return string(tail(data, 4000))
}

// freeAddress finds a loopback address to listen on. The port is below those
// that systems give to outgoing connections (from 32768, or 49152), which
// could otherwise take it while the server is being restarted.
func freeAddress(ctx context.Context) (string, error) {
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))
		if canListen(ctx, addr) {
			return addr, nil
		}
	}
	return "", errors.New("no free port found")
}

func canListen(ctx context.Context, addr string) bool {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	return l.Close() == nil
}

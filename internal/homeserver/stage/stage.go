// Package stage puts everything on stage that a test or the demo needs: a
// homeserver, people with clients of their own, rooms, a configuration, and the
// built bot as a process. It knows nothing of how the bot works inside.
package stage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"blnbot/internal/homeserver"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// Password is what everybody on stage logs in with.
const Password = "hemligt-nog"

// arrival is how long people may take to come into a room.
const arrival = time.Minute

// BuildBot builds the bot as the Makefile does and returns the binary. Further
// flags come from GOFLAGS, as for everything else that is built beside it.
func BuildBot(ctx context.Context, dir string) (string, error) {
	root, err := ModuleRoot()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "blnbot")
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", "goolm,timetzdata", "-buildvcs=false", "-o", binary, "./cmd/blnbot")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the bot: %w\n%s", err, out)
	}
	return binary, nil
}

// ModuleRoot is the folder of the bot's go.mod, at or above the working one.
func ModuleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find module: %w", err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(text, []byte("module blnbot\n")) {
			return dir, nil
		}
	}
	return "", errors.New("find module: the working directory is outside blnbot")
}

// Options say what to put on stage.
type Options struct {
	Dir      string // for the server's and the bot's data
	Binary   string // of the bot
	Progress io.Writer
	// Kind is the kind of homeserver; RateLimit leaves its own limits on.
	Kind      homeserver.Kind
	RateLimit bool
	// Through is the address at which the bot reaches the server; the server's
	// own if empty.
	Through string
}

// Stage is a homeserver with people and the bot. People and networks may be
// added by several goroutines.
type Stage struct {
	Server *homeserver.Server
	Dir    string
	Log    *Log

	o            Options
	language     string
	coordination []string // further lines of its part of the configuration

	mu       sync.Mutex // guards what follows up to the bot
	people   map[string]*person.Person
	networks []string // their parts of the configuration

	bot    *exec.Cmd
	exited chan error
}

// New starts a homeserver and makes the bot's account.
func New(ctx context.Context, o Options) (*Stage, error) {
	server, err := homeserver.Start(ctx, homeserver.Options{
		Dir: filepath.Join(o.Dir, "server"), Progress: o.Progress, Kind: o.Kind, RateLimit: o.RateLimit,
	})
	if err != nil {
		return nil, err
	}
	s := &Stage{Server: server, Dir: o.Dir, Log: &Log{}, o: o, people: map[string]*person.Person{}, language: "sv"}
	if err := server.Register(ctx, "bln", Password, false); err != nil {
		return nil, errors.Join(err, server.Stop(ctx))
	}
	return s, nil
}

// Bot is the bot's user id.
func (s *Stage) Bot() meeting.UserID { return meeting.UserID(s.Server.UserID("bln")) }

// Person is somebody with an account and a client; the first call makes both.
func (s *Stage) Person(ctx context.Context, name, display string) (*person.Person, error) {
	s.mu.Lock()
	p, ok := s.people[name]
	s.mu.Unlock()
	if ok {
		return p, nil
	}
	if err := s.Server.Register(ctx, name, Password, false); err != nil {
		return nil, err
	}
	var err error
	p, err = person.Login(ctx, person.Options{Homeserver: s.Server.URL(), User: name, Password: Password, Name: display})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.people[name] = p
	s.mu.Unlock()
	return p, nil
}

// Coordination makes the coordination room: staff makes it and invites.
func (s *Stage) Coordination(ctx context.Context, staff *person.Person, leaders ...*person.Person) (meeting.RoomID, error) {
	return s.room(ctx, staff, "Samordning", "bln-samordning", true, leaders)
}

// Network makes a network's room: the leader makes it and invites the members
// and the bot. More holds further lines of the network's configuration.
func (s *Stage) Network(ctx context.Context, id, name string, encrypted bool, leader *person.Person, members []*person.Person, more ...string) (meeting.RoomID, error) {
	lines := append([]string{"- id: " + id, "  name: " + name, fmt.Sprintf("  room: %q", s.Server.Alias("bln-"+id)),
		fmt.Sprintf("  leaders: [%q]", leader.ID())}, more...)
	given := strings.Join(more, "\n")
	if !strings.Contains(given, "programme:") {
		lines = append(lines, "  programme: samsjuklighet")
	}
	if !strings.Contains(given, "schedule:") && !strings.Contains(given, "dates:") {
		lines = append(lines, `  schedule: "0 4 1 1 *"`)
	}
	s.mu.Lock()
	s.networks = append(s.networks, strings.Join(lines, "\n"))
	s.mu.Unlock()
	return s.room(ctx, leader, name, "bln-"+id, encrypted, members)
}

func (s *Stage) room(ctx context.Context, owner *person.Person, name, alias string, encrypted bool, members []*person.Person) (meeting.RoomID, error) {
	invite := []meeting.UserID{s.Bot()}
	for _, m := range members {
		invite = append(invite, m.ID())
	}
	room, err := owner.CreateRoom(ctx, person.Room{Name: name, Alias: alias, Encrypted: encrypted, Invite: invite})
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, arrival)
	defer cancel()
	for _, m := range members {
		if err := owner.WaitForMember(ctx, room, m.ID(), "join"); err != nil {
			return "", err
		}
	}
	return room, nil
}

// Language sets the coordination room's language.
func (s *Stage) Language(lang string) { s.language = lang }

// Coordinate adds lines to the coordination room's part of the configuration.
func (s *Stage) Coordinate(lines ...string) { s.coordination = append(s.coordination, lines...) }

// Through sets the address at which the bot reaches the server, for a proxy
// that needs the server first. It counts from the next Configure.
func (s *Stage) Through(address string) { s.o.Through = address }

// ConfigFile is the bot's configuration.
func (s *Stage) ConfigFile() string { return filepath.Join(s.Dir, "config.yaml") }

// DataDir is where the bot keeps its data.
func (s *Stage) DataDir() string { return filepath.Join(s.Dir, "data") }

// Configure writes the bot's configuration.
func (s *Stage) Configure(staff ...meeting.UserID) error {
	address := s.Server.URL()
	if s.o.Through != "" {
		address = s.o.Through
	}
	var ids []string
	for _, u := range staff {
		ids = append(ids, fmt.Sprintf("%q", u))
	}
	more := ""
	for _, line := range s.coordination {
		more += "\n  " + line
	}
	text := fmt.Sprintf(`homeserver: %s
user: %q
password_file: password
recovery_key_file: recovery-key
data_dir: data
language: %s
quiet_hours: none
timezone: Europe/Stockholm
coordination:
  room: %q
  staff: [%s]%s
networks:
%s
`, address, s.Bot(), s.language, s.Server.Alias("bln-samordning"), strings.Join(ids, ", "), more, strings.Join(s.networks, "\n"))
	if err := os.WriteFile(filepath.Join(s.Dir, "password"), []byte(Password+"\n"), 0o600); err != nil {
		return fmt.Errorf("write password: %w", err)
	}
	if err := os.WriteFile(s.ConfigFile(), []byte(text), 0o600); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return nil
}

// StartBot starts the bot and waits until it is ready.
func (s *Stage) StartBot(ctx context.Context) error {
	s.bot = exec.Command(s.o.Binary, "run", "--config", s.ConfigFile())
	s.bot.Stderr = s.Log
	s.bot.SysProcAttr = childAttributes()
	mark := s.Log.Mark()
	exited, err := launch(s.bot)
	if err != nil {
		return fmt.Errorf("start the bot: %w", err)
	}
	s.exited = exited
	if err := s.Log.WaitFor(ctx, mark, "msg=ready", exited); err != nil {
		return fmt.Errorf("start the bot: %w\n%s", err, s.Log.Text())
	}
	return nil
}

// launch starts the process; the channel tells how it ended.
func launch(cmd *exec.Cmd) (exited chan error, err error) {
	exited = make(chan error, 1)
	started := make(chan error)
	go func() {
		// Linux ties the child to the thread that started it, so the thread
		// must live as long as the child (go.dev/issue/27505).
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			exited <- cmd.Wait()
		}
	}()
	return exited, <-started
}

// Signal sends the bot a signal.
func (s *Stage) Signal(sig syscall.Signal) error { return s.bot.Process.Signal(sig) }

// StopBot ends the bot with SIGTERM and waits for it.
func (s *Stage) StopBot() error {
	if s.bot == nil {
		return nil
	}
	if err := s.bot.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the bot: %w", err)
	}
	err := <-s.exited
	s.bot = nil
	if err != nil {
		return fmt.Errorf("the bot ended badly: %w\n%s", err, s.Log.Text())
	}
	return nil
}

// KillBot ends the bot with SIGKILL.
func (s *Stage) KillBot() error {
	if err := s.bot.Process.Kill(); err != nil {
		return fmt.Errorf("kill the bot: %w", err)
	}
	<-s.exited
	s.bot = nil
	return nil
}

// Run runs the bot's binary with a command and returns what it prints.
func (s *Stage) Run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.o.Binary, append(args, "--config", s.ConfigFile())...)
	var out, faults bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &faults
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("blnbot %s: %w\n%s", strings.Join(args, " "), err, faults.String())
	}
	return out.String(), nil
}

// Close ends everything.
func (s *Stage) Close(ctx context.Context) error {
	err := s.StopBot()
	for _, p := range s.people {
		p.Close()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	return errors.Join(err, s.Server.Stop(ctx))
}

// Log is what the bot writes to its standard error.
type Log struct {
	mu     sync.Mutex
	text   bytes.Buffer
	change chan struct{}
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.change != nil {
		close(l.change)
		l.change = nil
	}
	return l.text.Write(p)
}

// Text is all that was written so far.
func (l *Log) Text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Mark is how much was written so far.
func (l *Log) Mark() int { return len(l.Text()) }

// WaitFor waits until the text is written after the mark. It fails if the
// process ends first; what it ended with is put back for others to see.
func (l *Log) WaitFor(ctx context.Context, mark int, text string, exited chan error) error {
	for {
		l.mu.Lock()
		found := bytes.Contains(l.text.Bytes()[mark:], []byte(text))
		if l.change == nil {
			l.change = make(chan struct{})
		}
		change := l.change
		l.mu.Unlock()
		if found {
			return nil
		}
		select {
		case <-change:
		case err := <-exited:
			exited <- err
			return fmt.Errorf("the process ended: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("no %q in the log: %w", text, ctx.Err())
		}
	}
}

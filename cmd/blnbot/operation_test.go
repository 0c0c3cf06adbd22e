package main_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"blnbot/internal/homeserver"
	"blnbot/internal/homeserver/stage"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
	"blnbot/internal/sqlite"
)

// ear hears what bots tell systemd.
type ear struct {
	path  string
	heard chan string
}

// listen makes an ear.
func listen(t *testing.T) *ear {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	e := &ear{path: filepath.Join(dir, "s"), heard: make(chan string, 1000)}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: e.path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(e.heard)
		for buf := make([]byte, 4096); ; {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			e.heard <- string(buf[:n])
		}
	}()
	t.Cleanup(func() {
		if err := errors.Join(conn.Close(), os.RemoveAll(dir)); err != nil {
			t.Error(err)
		}
	})
	return e
}

// hears waits for a message with the text, and returns what came before it.
func (p *play) hears(e *ear, text string) (before []string) {
	p.Helper()
	for {
		select {
		case m := <-e.heard:
			if strings.Contains(m, text) {
				return before
			}
			before = append(before, m)
		case <-p.ctx.Done():
			p.Fatalf("systemd does not hear %q, but %q", text, before)
		}
	}
}

// process is a bot that a test runs itself.
type process struct {
	*play
	cmd    *exec.Cmd
	log    *stage.Log
	exited chan error
}

// run starts a bot in a folder with a configuration and waits until systemd
// hears that it is ready.
func (p *play) run(e *ear, dir string, args ...string) *process {
	p.Helper()
	binary, err := bin()
	p.must(err)
	b := &process{play: p, log: &stage.Log{}, exited: make(chan error, 1)}
	b.cmd = exec.CommandContext(p.ctx, binary, append([]string{"run", "--config", filepath.Join(dir, "config.yaml")}, args...)...)
	b.cmd.Stderr = b.log
	b.cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+e.path, "WATCHDOG_USEC=1500000")
	p.must(b.cmd.Start())
	go func() { b.exited <- b.cmd.Wait() }()
	p.Cleanup(func() {
		_ = b.cmd.Process.Kill() // most have ended
		if p.Failed() {
			p.Logf("a bot's log:\n%s", b.log.Text())
		}
	})
	for {
		select {
		case m := <-e.heard:
			if m == "READY=1" {
				return b
			}
		case err := <-b.exited:
			p.Fatalf("the bot ended: %v\n%s", err, b.log.Text())
		}
	}
}

// stop ends the bot with SIGTERM and returns how long that took.
func (b *process) stop() time.Duration {
	b.Helper()
	began := time.Now()
	b.must(b.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-b.exited:
		b.must(err)
	case <-b.ctx.Done():
		b.Fatal("the bot does not end")
	}
	return time.Since(began)
}

// prepare makes the coordination room and the configuration, with lines of its
// own, and starts nothing.
func (p *play) prepare(lines string, leaders ...*person.Person) {
	p.Helper()
	room, err := p.stage.Coordination(p.ctx, p.nka, leaders...)
	p.must(err)
	p.coord = room
	p.must(p.stage.Configure(p.nka.ID()))
	text, err := os.ReadFile(p.stage.ConfigFile())
	p.must(err)
	p.must(os.WriteFile(p.stage.ConfigFile(), append([]byte(lines), text...), 0o600))
}

// freeAddress is a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

func (p *play) page(url string) (int, string) {
	p.Helper()
	resp, err := http.Get(url)
	p.must(err)
	text, err := io.ReadAll(resp.Body)
	p.must(errors.Join(err, resp.Body.Close()))
	return resp.StatusCode, string(text)
}

// TestOperation looks after a bot as an operator does.
func TestOperation(t *testing.T) {
	e, address := listen(t), freeAddress(t)
	p := newPlay(t)
	lena, anna := p.person("lena", "Lena Ledare"), p.person("anna", "Anna Svensson")
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, []*person.Person{anna})
	p.must(err)
	p.prepare("listen: "+address+"\n", lena)
	b := p.run(e, p.stage.Dir)
	p.hears(e, "WATCHDOG=1")
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, text := p.page("http://" + address + path); code != 200 || text != "ok\n" {
			t.Errorf("%s: %d %s", path, code, text)
		}
	}
	p.says(lena, room, "!nästa")
	question := p.sees(anna, room, "Frågan.")
	p.answers(anna, room, question.ID, "Det bästa är när någon ringer.")
	// The numbers follow, and tell nothing but numbers.
	var numbers string
	for !strings.Contains(numbers, "blnbot_entries{state=\"active\"} 1\n") {
		p.hears(e, "STATUS=")
		_, numbers = p.page("http://" + address + "/metrics")
	}
	for _, want := range []string{"blnbot_ready 1\n", "blnbot_cross_signed 1\n", "blnbot_meetings{state=\"open\"} 1\n", "blnbot_database_writable 1\n"} {
		if !strings.Contains(numbers, want) {
			t.Errorf("no %q in the metrics", want)
		}
	}
	for _, name := range []string{"anna", "lena", "Väster", "vasteras", "ringer", "@", string(room)} {
		if strings.Contains(numbers, name) {
			t.Errorf("%q in the metrics", name)
		}
	}
	// A backup while the bot is running has all that was confirmed.
	copied := filepath.Join(t.TempDir(), "copy.db")
	_, err = p.stage.Run(p.ctx, "backup", copied)
	p.must(err)
	db, err := sqlite.Open(p.ctx, copied)
	p.must(err)
	h, err := db.Health(p.ctx, time.Now())
	p.must(errors.Join(err, db.Close()))
	if h.Entries[meeting.EntryActive] != 1 || h.Meetings[meeting.StateOpen] != 1 {
		t.Errorf("the backup has %+v", h)
	}
	// A good and a bad configuration.
	p.must(b.cmd.Process.Signal(syscall.SIGHUP))
	p.hears(e, "RELOADING=1")
	p.hears(e, "READY=1")
	text, err := os.ReadFile(p.stage.ConfigFile())
	p.must(err)
	p.must(os.WriteFile(p.stage.ConfigFile(), append(text, "    language: Hemligköping\n"...), 0o600))
	p.must(b.cmd.Process.Signal(syscall.SIGHUP))
	p.hears(e, "RELOADING=1")
	p.hears(e, "READY=1")
	p.must(b.log.WaitFor(p.ctx, 0, "the changed configuration has faults", b.exited))
	if strings.Contains(b.log.Text(), "Hemligköping") {
		t.Error("what the bad configuration says is in the log")
	}
	p.must(os.WriteFile(p.stage.ConfigFile(), text, 0o600))
	p.says(lena, room, "!status")
	p.sees(lena, room, "1 svar")
	if took := b.stop(); took > 10*time.Second {
		t.Errorf("stopping took %v", took)
	}
	p.hears(e, "STOPPING=1")
	if resp, err := http.Get("http://" + address + "/healthz"); err == nil {
		resp.Body.Close()
		t.Error("the stopped bot answers")
	}
}

// TestLocked: another program locks the database for a while. The operator is
// told, systemd hears nothing good, and no reply is lost.
func TestLocked(t *testing.T) {
	e, address := listen(t), freeAddress(t)
	p := newPlay(t)
	lena, anna := p.person("lena", "Lena Ledare"), p.person("anna", "Anna Svensson")
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, []*person.Person{anna})
	p.must(err)
	p.prepare("listen: "+address+"\n", lena)
	b := p.run(e, p.stage.Dir)
	p.says(lena, room, "!nästa")
	question := p.sees(anna, room, "Frågan.")
	p.hears(e, "WATCHDOG=1")
	db, err := sqlite.Connect(p.ctx, filepath.Join(p.stage.DataDir(), "blnbot.db"))
	p.must(err)
	tx, err := db.Begin()
	p.must(err)
	reply, err := anna.SendThread(p.ctx, room, question.ID, "Det här ska inte gå förlorat.")
	p.must(err)
	for ready := 200; ready == 200; {
		p.hears(e, "STATUS=")
		ready, _ = p.page("http://" + address + "/readyz")
	}
	if code, text := p.page("http://" + address + "/readyz"); !strings.Contains(text, "database") {
		t.Errorf("/readyz: %d %s", code, text)
	}
	if code, _ := p.page("http://" + address + "/healthz"); code != 200 {
		t.Errorf("/healthz: %d", code)
	}
	p.must(errors.Join(tx.Rollback(), db.Close()))
	p.noted(anna, room, reply)
	before := p.hears(e, "WATCHDOG=1")
	if len(before) > 0 && !strings.Contains(before[0], "database") {
		t.Errorf("systemd heard %q", before)
	}
	p.must(b.log.WaitFor(p.ctx, 0, "the database cannot be used", b.exited))
	p.must(b.log.WaitFor(p.ctx, 0, "the database can be used again", b.exited))
	if m := p.minutes("vasteras", 1); len(m.Prompts[0].Entries) != 1 {
		t.Errorf("the minutes: %+v", m.Prompts[0])
	}
	b.stop()
}

// TestStopInTime: a server that does not answer does not keep the bot from
// ending, and what was under way is done once after the next start.
func TestStopInTime(t *testing.T) {
	e := listen(t)
	p := newPlay(t)
	lena, anna := p.person("lena", "Lena Ledare"), p.person("anna", "Anna Svensson")
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, []*person.Person{anna})
	p.must(err)
	p.prepare("", lena)
	proxy := p.through()
	b := p.run(e, p.stage.Dir)
	p.says(lena, room, "!nästa")
	question := p.sees(anna, room, "Frågan.")
	p.answers(anna, room, question.ID, "Före.")
	held := make(chan struct{}, 100)
	proxy.OnRequest(func(r *http.Request) homeserver.Fault {
		if r.Method != http.MethodPut {
			return homeserver.Fault{}
		}
		held <- struct{}{}
		return homeserver.Fault{Delay: time.Minute}
	})
	reply, err := anna.SendThread(p.ctx, room, question.ID, "Medan servern står still.")
	p.must(err)
	select {
	case <-held:
	case <-p.ctx.Done():
		t.Fatal("nothing is sent")
	}
	if took := b.stop(); took > 10*time.Second {
		t.Errorf("stopping took %v", took)
	}
	proxy.OnRequest(nil)
	b = p.run(e, p.stage.Dir)
	p.noted(anna, room, reply)
	if m := p.minutes("vasteras", 1); len(m.Prompts[0].Entries) != 2 {
		t.Errorf("the minutes: %+v", m.Prompts[0])
	}
	b.stop()
}

// through puts a proxy between the bot and the server, from the next start on.
func (p *play) through() *homeserver.Proxy {
	p.Helper()
	proxy, err := homeserver.NewProxy(p.ctx, p.stage.Server.URL())
	p.must(err)
	p.Cleanup(func() {
		if err := proxy.Close(); err != nil {
			p.Error(err)
		}
	})
	text, err := os.ReadFile(p.stage.ConfigFile())
	p.must(err)
	p.must(os.WriteFile(p.stage.ConfigFile(), bytes.Replace(text, []byte(p.stage.Server.URL()), []byte(proxy.URL()), 1), 0o600))
	return proxy
}

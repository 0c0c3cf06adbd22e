package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"blnbot/internal/homeserver"
	"blnbot/internal/homeserver/stage"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// client installs tools/independent once for all tests, outside of the source
// tree.
var client = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "blnbot-independent-")
	if err != nil {
		return "", err
	}
	return dir, installIndependent(context.Background(), dir)
})

// installIndependent installs tools/independent into a folder.
func installIndependent(ctx context.Context, dir string) error {
	if err := fittingNode(ctx); err != nil {
		return err
	}
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "tools", "independent"))); err != nil {
		return fmt.Errorf("copy the client: %w", err)
	}
	install := exec.CommandContext(ctx, "npm", "ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w; %s\n%s", err, withoutNode, out)
	}
	return nil
}

// withoutNode ends the errors of a machine that cannot have the client.
const withoutNode = "where Node.js 20 or newer with npm cannot be had, leave the independent client out with go test -skip Independent, and say so"

func fittingNode(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "node", "--eval", "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)").CombinedOutput()
	if err != nil {
		return fmt.Errorf("there is no fitting node: %w; %s\n%s", err, withoutNode, out)
	}
	return nil
}

// told is what the independent client tells (tools/independent/participant.mjs).
type told struct {
	Event    string
	N        int // of the command that is done
	Outcome  string
	User     meeting.UserID
	Room     meeting.RoomID
	ID       meeting.EventID
	Sender   meeting.UserID
	Type     string
	Body     string
	Thread   meeting.EventID
	Reply    meeting.EventID
	Replaces meeting.EventID
	File     string
	Poll     []struct{ ID, Text string }
	Device   string
	Shield   string
	Reason   string
	Redacts  meeting.EventID
	line     string // as it was told
	Content  struct {
		Relation struct {
			Key    string
			Target meeting.EventID `json:"event_id"`
		} `json:"m.relates_to"`
	}
}

// order is what the independent client is told to do (tools/independent/main.mjs).
type order struct {
	N          int             `json:"n"`
	Do         string          `json:"do"`
	Homeserver string          `json:"homeserver,omitempty"`
	User       string          `json:"user,omitempty"`
	Password   string          `json:"password,omitempty"`
	Room       meeting.RoomID  `json:"room,omitempty"`
	Body       string          `json:"body,omitempty"`
	Thread     meeting.EventID `json:"thread,omitempty"`
	Reply      meeting.EventID `json:"reply,omitempty"`
	Replaces   meeting.EventID `json:"replaces,omitempty"`
	Target     meeting.EventID `json:"target,omitempty"`
}

// independent is a participant with a client of another make.
type independent struct {
	play    *play
	ID      meeting.UserID
	in      *json.Encoder
	orders  int
	mu      sync.Mutex
	told    []told
	changed chan struct{} // closed and replaced at each change; closed for good at the end
	ended   bool
}

// independent makes an account and logs in with the independent client.
func (p *play) independent(name string) *independent {
	p.Helper()
	dir, err := client()
	p.must(err)
	p.must(p.stage.Server.Register(p.ctx, name, stage.Password, false))
	cmd := exec.Command("node", "main.mjs")
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	p.must(err)
	out, err := cmd.StdoutPipe()
	p.must(err)
	p.must(cmd.Start())
	c := &independent{play: p, in: json.NewEncoder(in), changed: make(chan struct{})}
	listened := make(chan struct{})
	go func() {
		defer close(listened)
		c.listen(out)
	}()
	p.Cleanup(func() {
		_ = in.Close() // it may have ended
		<-listened
		if err := cmd.Wait(); err != nil {
			p.Errorf("the independent client ended: %v", err)
		}
		if p.Failed() {
			p.Logf("the independent client told:%s", c.report())
		}
	})
	c.do(order{Do: "login", Homeserver: p.stage.Server.URL(), User: name, Password: stage.Password})
	c.ID = c.waits("being logged in", func(e told) bool { return e.Event == "ready" }).User
	return c
}

// listen takes what the client tells until it ends.
func (c *independent) listen(out io.Reader) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e told
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			e = told{Event: "failed", Reason: "not understood: " + lines.Text()}
		}
		e.line = lines.Text()
		c.mu.Lock()
		c.told = append(c.told, e)
		close(c.changed)
		c.changed = make(chan struct{})
		c.mu.Unlock()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	close(c.changed)
}

// do has an order carried out and returns its outcome.
func (c *independent) do(o order) string {
	c.play.Helper()
	c.orders++
	o.N = c.orders
	c.play.must(c.in.Encode(o))
	return c.waits(o.Do+" "+o.Body, func(e told) bool { return e.Event == "done" && e.N == o.N }).Outcome
}

// all is what the client has told so far.
func (c *independent) all() []told {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.told)
}

func (c *independent) report() string {
	var b strings.Builder
	for _, e := range c.all() {
		fmt.Fprintf(&b, "\n\t%s", e.line)
	}
	return b.String()
}

// waits waits until the client tells what is waited for, or has told it.
func (c *independent) waits(what string, match func(told) bool) told {
	c.play.Helper()
	for {
		c.mu.Lock()
		seen, changed, ended := slices.Clone(c.told), c.changed, c.ended
		c.mu.Unlock()
		if i := slices.IndexFunc(seen, match); i >= 0 {
			return seen[i]
		}
		if ended {
			c.play.Fatalf("the independent client ended before %s:%s", what, c.report())
		}
		select {
		case <-changed:
		case <-c.play.ctx.Done():
			c.play.Fatalf("the independent client waited for %s; it told:%s", what, c.report())
		}
	}
}

// reads waits until the client could read a message with the text.
func (c *independent) reads(sender meeting.UserID, room meeting.RoomID, text string) told {
	c.play.Helper()
	return c.waits("”"+text+"”", func(e told) bool {
		return e.Event == "message" && e.Sender == sender && e.Room == room && strings.Contains(e.Body, text)
	})
}

// answers replies in a thread and waits for 📝.
func (c *independent) answers(room meeting.RoomID, root meeting.EventID, text string) meeting.EventID {
	c.play.Helper()
	id := c.says(room, root, text)
	c.noted(id)
	return id
}

// noted waits for 📝 on a message.
func (c *independent) noted(id meeting.EventID) {
	c.play.Helper()
	c.waits("📝 on "+string(id), func(e told) bool {
		return e.Event == "plain" && e.Type == "m.reaction" && e.Sender == c.play.stage.Bot() &&
			e.Content.Relation.Key == "📝" && e.Content.Relation.Target == id
	})
}

// says writes into a room, or with a root into its thread.
func (c *independent) says(room meeting.RoomID, root meeting.EventID, text string) meeting.EventID {
	c.play.Helper()
	return meeting.EventID(c.do(order{Do: "send", Room: room, Body: text, Thread: root}))
}

// TestIndependentClient: a participant whose client shares no code with the
// bot's and excludes devices that are not cross-signed takes part in a meeting,
// before and after the bot has lost its device.
func TestIndependentClient(t *testing.T) { independently(newPlay(t)) }

func TestIndependentClientOnSynapse(t *testing.T) {
	independently(newPlayOn(t, stage.Options{Kind: homeserver.Synapse}))
}

func independently(p *play) {
	lena, eva := p.person("lena", "Lena Ledare"), p.independent("eva")
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, nil)
	p.must(err)
	p.must(lena.Invite(p.ctx, room, eva.ID))
	p.must(lena.WaitForMember(p.ctx, room, eva.ID, "join"))
	p.begin(lena)
	p.sees(lena, room, "Jag heter BLN-boten")
	p.says(lena, room, "!nästa")
	opening := eva.reads(p.stage.Bot(), room, "Möte 1 av 6")
	prompt := eva.reads(p.stage.Bot(), room, "Frågan.")
	for _, e := range []told{opening, prompt} {
		if e.Shield != "" || e.Device == "" {
			p.Errorf("the client warns of the bot's message: %s", e.line)
		}
	}
	eva.answers(room, prompt.ID, "Någon att ringa när natten är lång.")

	p.excludesUnverified(lena, eva, room)

	p.must(p.stage.StopBot())
	for _, name := range []string{"crypto.db", "crypto.db-wal", "crypto.db-shm"} {
		if err := os.Remove(filepath.Join(p.stage.DataDir(), name)); err != nil && !os.IsNotExist(err) {
			p.Fatal(err)
		}
	}
	p.must(p.stage.StartBot(p.ctx))
	// What the new device writes makes sure that the client knows it: what is
	// sent before that, the device has no key for.
	p.says(lena, room, "!hjälp")
	help := eva.waits("an answer from the bot's new device", func(e told) bool {
		return e.Event == "message" && e.Sender == p.stage.Bot() && e.Device != prompt.Device
	})
	eva.answers(room, prompt.ID, "Ett nummer som alltid svarar.")
	if help.Shield != "" || help.Device == "" {
		p.Errorf("the client warns of the bot's new device: %s", help.line)
	}

	want := []string{"Någon att ringa när natten är lång.", "Ett nummer som alltid svarar."}
	if got := bodies(p.minutes("vasteras", 1), 1); !slices.Equal(got, want) {
		p.Errorf("the minutes have %q", got)
	}
	eva.trusts()
	p.allEncrypted(lena, room)
}

// excludesUnverified proves that the client does exclude devices: a second one
// of the leader, which is not cross-signed, can neither be read nor read.
func (p *play) excludesUnverified(lena *person.Person, eva *independent, room meeting.RoomID) {
	p.Helper()
	unsigned, err := person.Login(p.ctx, person.Options{Homeserver: p.stage.Server.URL(), User: "lena", Password: stage.Password})
	p.must(err)
	defer unsigned.Close()
	hidden := p.says(unsigned, room, "från en enhet utan signatur")
	eva.waits("a message that it does not read", func(e told) bool {
		return e.Event == "unreadable" && e.ID == hidden && e.Reason == "UnsignedSenderDevice"
	})
	secret := eva.says(room, "", "läses inte av enheten utan signatur")
	_, err = lena.WaitForEvent(p.ctx, room, secret)
	p.must(err)
	_, err = unsigned.WaitFor(p.ctx, room, "a message without key", func(m person.Seen) bool {
		return m.ID == secret && m.Kind == person.KindUnreadable
	})
	p.must(err)
	// What follows is read by both: were there a key it would have come before.
	marker := p.says(lena, room, "till båda enheterna")
	_, err = unsigned.WaitForEvent(p.ctx, room, marker)
	p.must(err)
	if m, _ := unsigned.Find(room, secret); m.Kind != person.KindUnreadable {
		p.Errorf("the unsigned device reads: %s", m)
	}
}

// TestIndependentMissing: the error names what is missing.
func TestIndependentMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if err := fittingNode(context.Background()); err == nil || !strings.Contains(err.Error(), "-skip Independent") {
		t.Errorf("error does not say what is missing: %v", err)
	}
}

//go:build faults

package faults_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to look into the bot's database

	"blnbot/internal/homeserver"
	"blnbot/internal/homeserver/stage"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// keyField holds the key of each of the bot's posts.
const keyField = "se.nka.blnbot.key"

// prompts is how many prompts each meeting has.
const prompts = 3

// world is everything that takes part in a run.
type world struct {
	t       *testing.T
	ctx     context.Context
	cancel  context.CancelFunc
	seed    uint64
	dir     string
	stage   *stage.Stage
	proxy   *homeserver.Proxy
	weather *weather
	bot     *process
	nka     *person.Person
	coord   meeting.RoomID
	nets    []*network
	people  map[meeting.UserID]*person.Person

	// quiet is held while the server is not to be spoken to by people: what
	// they do must have a certain outcome.
	quiet     sync.RWMutex
	restarted time.Time // when the server was restarted last

	last string // what a failed run ends its report with
}

// worldOptions say what takes part in a run.
type worldOptions struct {
	seed                        uint64
	networks, members, meetings int           // members of each network, its leader aside
	patience                    time.Duration // for the whole run
	lines                       string        // of each network's configuration
	also                        string        // further lines of the configuration
}

func newWorld(t *testing.T, seed uint64, networks, members, meetings int, patience time.Duration) *world {
	t.Helper()
	return newWorldWith(t, worldOptions{seed: seed, networks: networks, members: members, meetings: meetings, patience: patience})
}

// newWorldWith starts a server with networks of a leader and members each.
func newWorldWith(t *testing.T, o worldOptions) *world {
	t.Helper()
	t.Logf("seed %d, on %s", o.seed, *server)
	ctx, cancel := context.WithTimeout(t.Context(), o.patience)
	t.Cleanup(cancel)
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, ctx: ctx, cancel: cancel, seed: o.seed, dir: folder(t), people: map[meeting.UserID]*person.Person{}}
	w.stage, err = stage.New(ctx, stage.Options{Dir: w.dir, Binary: path, Progress: os.Stderr, Kind: homeserver.Kind(*server)})
	w.must(err)
	w.proxy, err = homeserver.NewProxy(ctx, w.stage.Server.URL())
	w.must(err)
	w.bot = &process{binary: path, config: w.stage.ConfigFile(), points: filepath.Join(w.dir, "points"),
		trouble: map[string]int{}, waiting: map[string]bool{}}
	w.weather = newWeather(w.rng, func() { w.bot.signal(9) })
	w.proxy.OnRequest(w.weather.decide)
	t.Cleanup(w.close)
	w.populate(o)
	w.configure(o)
	return w
}

// folder is where the run keeps its data: thrown away unless -keep says where.
func folder(t *testing.T) string {
	if *keep == "" {
		return t.TempDir()
	}
	dir, err := filepath.Abs(filepath.Join(*keep, t.Name()))
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func (w *world) close() {
	if w.bot.over() != nil {
		w.bot.kill()
	}
	if w.t.Failed() {
		log := w.bot.text()
		w.t.Logf("the bot's log ends with:\n%s", log[max(0, len(log)-6000):])
		if w.last != "" {
			w.t.Log(w.last)
		}
	}
	if err := w.stage.Close(context.Background()); err != nil {
		w.t.Log(err)
	}
	if err := w.proxy.Close(); err != nil {
		w.t.Log(err)
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) person(name, display string) *person.Person {
	w.t.Helper()
	who, err := w.stage.Person(w.ctx, name, display)
	w.must(err)
	w.people[who.ID()] = who
	return who
}

// populate makes the rooms. One member is in all networks.
func (w *world) populate(o worldOptions) {
	w.t.Helper()
	w.nka = w.person("nka", "Nina Nka")
	guest := w.person("gast", "Gun Gran")
	var leaders []*person.Person
	for i, name := range []string{"Arvika", "Borgholm", "Charlottenberg"}[:o.networks] {
		n := &network{w: w, id: strings.ToLower(name), roots: map[int][]meeting.EventID{},
			closing: map[int]meeting.EventID{}, sharing: map[int]meeting.EventID{}}
		n.leader = w.person("ledare"+n.id, "Lena "+name)
		for m := range o.members - 1 {
			n.members = append(n.members, w.person(fmt.Sprintf("%s%d", n.id, m), fmt.Sprintf("Person%d%d Lund", i, m)))
		}
		n.members = append(n.members, guest)
		room, err := w.stage.Network(w.ctx, n.id, name, true, n.leader, n.members, "  programme: prov", o.lines)
		w.must(err)
		n.room = room
		w.nets = append(w.nets, n)
		leaders = append(leaders, n.leader)
	}
	room, err := w.stage.Coordination(w.ctx, w.nka, leaders...)
	w.must(err)
	w.coord = room
}

// configure writes the configuration: through the proxy, and with a programme
// of as many meetings as the run needs.
func (w *world) configure(o worldOptions) {
	w.t.Helper()
	w.must(w.stage.Configure(w.nka.ID()))
	text, err := os.ReadFile(w.stage.ConfigFile())
	w.must(err)
	changed := strings.Replace(string(text), w.stage.Server.URL(), w.proxy.URL(), 1) + "programmes: [prov.yaml]\n" + o.also
	w.must(os.WriteFile(w.stage.ConfigFile(), []byte(changed), 0o600))
	var b strings.Builder
	b.WriteString("id: prov\nname: Prov\nlanguage: sv\npurpose: Att prova.\ngoal: Att hålla.\nmeetings:\n")
	for m := range o.meetings {
		fmt.Fprintf(&b, "  - title: Möte nummer %d\n    kind: discussion\n    intro: Vi börjar.\n    prompts:\n", m+1)
		for p := range prompts {
			fmt.Fprintf(&b, "      - Vad tycker ni om sak %d av möte %d?\n", p+1, m+1)
		}
	}
	w.must(os.WriteFile(filepath.Join(w.dir, "prov.yaml"), []byte(b.String()), 0o600))
	w.must(os.MkdirAll(w.bot.points, 0o700))
}

// begin starts the bot in calm weather and waits until it has greeted all
// networks.
func (w *world) begin() {
	w.t.Helper()
	w.must(w.bot.start())
	if !w.bot.ready(w.ctx) {
		w.t.Fatalf("the bot is not ready:\n%s", w.bot.text())
	}
	for _, n := range w.nets {
		_, err := n.leader.WaitFor(w.ctx, n.room, "the greeting", w.has("hello/"+string(n.room)))
		w.must(err)
	}
}

// has matches the bot's post with a key.
func (w *world) has(key string) func(person.Seen) bool {
	return func(s person.Seen) bool { return s.Sender == w.stage.Bot() && s.Content[keyField] == key }
}

// act has a person do something while the server runs.
func (w *world) act(do func() error) error {
	w.quiet.RLock()
	defer w.quiet.RUnlock()
	return do()
}

// down is how long a server is away at least when it is restarted. A test server is back
// within milliseconds, which can fall between two of the bot's requests; no real one is.
const down = 500 * time.Millisecond

// restartServer restarts the server, or kills it and starts it again, while nobody but
// the bot speaks to it. It forgets which transactions it has seen.
func (w *world) restartServer(kill bool) error {
	w.quiet.Lock()
	defer w.quiet.Unlock()
	defer func() { w.restarted = time.Now() }()
	if kill {
		w.stage.Server.Kill()
	} else if err := w.stage.Server.Stop(w.ctx); err != nil {
		return err
	}
	if err := w.rest(down); err != nil {
		return err
	}
	return w.stage.Server.Restart(w.ctx)
}

// handedOut is within what time Dendrite hands out what it had in hand when it was
// stopped: NATS delivers again after half a minute.
const handedOut = 35 * time.Second

// rest lets d pass.
func (w *world) rest(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-w.ctx.Done():
		return w.ctx.Err()
	}
}

// database opens the bot's database for reading.
func (w *world) database() (*sql.DB, error) {
	path := filepath.Join(w.stage.DataDir(), "blnbot.db")
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()+"?mode=ro&_pragma=busy_timeout(10000)")
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

// lookUp reads a text from the bot's database; empty if there is none.
func (w *world) lookUp(query string, args ...any) (text string, err error) {
	db, err := w.database()
	if err != nil {
		return "", err
	}
	defer db.Close()
	err = db.QueryRowContext(w.ctx, query, args...).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return text, err
}

// poll asks until the answer is yes: the bot's database has nothing that could
// be waited for.
func (w *world) poll(what string, every time.Duration, ask func() (bool, error)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if yes, err := ask(); err != nil || yes {
			return err
		}
		select {
		case <-tick.C:
		case <-w.ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, w.ctx.Err())
		}
	}
}

const backlog = `SELECT (SELECT count(*) FROM inbox WHERE state NOT IN ('done', 'dead')), (SELECT count(*) FROM gaps WHERE state = 'open'),
	(SELECT count(*) FROM posts WHERE state = 'pending'), (SELECT count(*) FROM posts WHERE state = 'sent' AND event_id IS NOT NULL AND echoed = 0 AND kind != 'redact'),
	(SELECT count(*) FROM rounds WHERE dirty != 0), (SELECT count(*) FROM checks WHERE state = 'open'),
	(SELECT count(*) FROM json_each(?) j WHERE NOT EXISTS (SELECT 1 FROM inbox i WHERE i.event_id = j.value))`

// settle waits until the bot has taken in all that people did, and everything
// that it has to say is said.
func (w *world) settle(patience time.Duration) error {
	if err := w.rest(handedOut - time.Since(w.restarted)); err != nil {
		return err
	}
	db, err := w.database()
	if err != nil {
		return err
	}
	defer db.Close()
	acts, err := w.acts()
	if err != nil {
		return err
	}
	end := time.Now().Add(patience)
	last, since := 0, time.Now() // posts without echo, and since when nothing has changed
	return w.poll("a settled bot", 250*time.Millisecond, func() (bool, error) {
		var inbox, gaps, pending, unseen, rounds, checks, missing int
		if err := db.QueryRowContext(w.ctx, backlog, acts).Scan(&inbox, &gaps, &pending, &unseen, &rounds, &checks, &missing); err != nil {
			return false, fmt.Errorf("look into the database: %w", err)
		}
		busy := inbox + gaps + pending + rounds + checks + missing
		if busy > 0 || unseen != last {
			last, since = unseen, time.Now()
		}
		// Dendrite shows a room's events later than it takes them, much later on a busy
		// machine, and its sync passes over one now and then, an echo too. The oracle
		// looks for each post in its room.
		if busy == 0 && (unseen == 0 || time.Since(since) > 15*time.Second) {
			return true, nil
		}
		if time.Now().After(end) {
			return false, fmt.Errorf("after %s: %d events to handle, %d gaps, %d posts to send, %d without echo, %d rounds to show, %d rooms to compare, %d acts of people unknown",
				patience, inbox, gaps, pending, unseen, rounds, checks, missing)
		}
		return false, nil
	})
}

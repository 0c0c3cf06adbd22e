package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"blnbot/internal/homeserver/stage"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// play is everything on stage.
type play struct {
	stage    *stage.Stage
	chat     *chat
	zone     *time.Location
	bot      meeting.UserID
	names    map[meeting.UserID]string
	networks []*network
	coord    *network                      // the coordination room
	schemas  map[string]*jsonschema.Schema // of exports, by what they are
}

// inPocket is how often somebody's client looks for news whose view is not
// shown. It spares the homeserver most of its work.
const inPocket = 400 * time.Millisecond

// loginsAtOnce bounds how many people log in at the same time.
const loginsAtOnce = 4

// setUp starts the homeserver, brings the people and makes the rooms.
func setUp(ctx context.Context, dir string, o options, chat *chat) (*play, error) {
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		return nil, fmt.Errorf("time zone: %w", err)
	}
	schemas, err := loadSchemas()
	if err != nil {
		return nil, err
	}
	s, err := stage.New(ctx, stage.Options{Dir: dir, Binary: o.binary, Progress: os.Stderr})
	if err != nil {
		return nil, err
	}
	p := &play{stage: s, schemas: schemas, chat: chat, zone: zone, bot: s.Bot(), names: map[meeting.UserID]string{s.Bot(): "BLN-boten"}}
	networks := casts(o.short)
	for _, c := range networks {
		p.networks = append(p.networks, p.network(c))
	}
	p.coord = p.network(coordination(networks, o.short))
	if err := errors.Join(p.people(ctx), ctx.Err()); err != nil {
		return p, err
	}
	return p, p.rooms(ctx)
}

func (p *play) network(c cast) *network {
	return &network{cast: &c, play: p, people: map[string]*person.Person{}, direct: map[string]*watcher{}, states: map[int]meeting.State{},
		ballots: map[string][]string{}, thoughts: map[string]thought{}, labels: map[string]*item{}, reactions: map[string]meeting.EventID{}, matched: map[meeting.EventID]bool{}}
}

// people logs everybody in.
func (p *play) people(ctx context.Context) error {
	var mu sync.Mutex
	var failed error
	var wg sync.WaitGroup
	slots := make(chan struct{}, loginsAtOnce)
	login := func(m member, take func(*person.Person)) {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			who, err := p.stage.Person(ctx, m.user, m.name)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = errors.Join(failed, err)
				return
			}
			p.names[who.ID()] = m.name
			take(who)
		})
	}
	login(nka(), func(who *person.Person) { p.coord.people[nka().user] = who })
	for _, n := range p.networks {
		for _, m := range n.everybody() {
			login(m, func(who *person.Person) {
				n.people[m.user] = who
				if m == n.leader {
					p.coord.people[m.user] = who
				}
			})
		}
	}
	wg.Wait()
	return failed
}

// rooms makes the rooms, all encrypted, and the bot's configuration.
func (p *play) rooms(ctx context.Context) error {
	var leaders []*person.Person
	for _, n := range p.networks {
		leaders = append(leaders, n.people[n.leader.user])
		var members []*person.Person
		for _, m := range n.members {
			members = append(members, n.people[m.user])
		}
		room, err := p.stage.Network(ctx, n.id, n.name, true, leaders[len(leaders)-1], members, dates(time.Now().In(p.zone))...)
		if err != nil {
			return err
		}
		n.room = room
		n.watch = watch(ctx, members[0], room, p.view(n.name, false))
	}
	staff := p.coord.people[nka().user]
	room, err := p.stage.Coordination(ctx, staff, leaders...)
	if err != nil {
		return err
	}
	p.coord.room = room
	p.coord.watch = watch(ctx, staff, room, p.view(p.coord.name, true))
	p.coord.watch.patience = longPatience
	for _, n := range p.networks {
		for _, who := range n.people {
			if who != n.watch.person { // the transcript is what that one sees
				who.Rest(inPocket)
			}
		}
	}
	p.stage.Coordinate(leadersMeetings(time.Now().In(p.zone))...)
	return p.stage.Configure(staff.ID())
}

func (p *play) view(name string, aside bool) *view {
	return &view{channel: p.chat.channel(name, aside), bot: p.bot, names: p.names, zone: p.zone}
}

// run plays all scripts at the same time, that of the coordination room too.
func (p *play) run(ctx context.Context) error {
	defer p.chat.close()
	if err := p.stage.StartBot(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var networks, all sync.WaitGroup
	var mu sync.Mutex
	var failed error
	perform := func(n *network) {
		err := n.perform(ctx)
		mu.Lock()
		defer mu.Unlock()
		if err != nil && failed == nil {
			failed = err
			cancel() // the others stop too
		}
	}
	for _, n := range p.networks {
		networks.Go(func() { perform(n) })
	}
	all.Go(func() { perform(p.coord) })
	networks.Wait()
	if ctx.Err() == nil {
		p.coord.watch.view.channel.take("")
	}
	all.Wait()
	return failed
}

func (n *network) perform(ctx context.Context) error {
	steps, err := n.steps(time.Now().In(n.play.zone))
	if err != nil {
		return err
	}
	err = n.run(ctx, steps)
	n.watch.view.channel.heading("") // the others have the floor
	return err
}

// invitation tells how to join the play.
func (p *play) invitation(out io.Writer) {
	s := p.stage.Server
	fmt.Fprintf(out, "\nThe homeserver and the bot stay up until you press Ctrl-C. To join:\n\n")
	fmt.Fprintf(out, "  Homeserver  %s   (on this machine only; server name %s)\n", s.URL(), s.Name())
	fmt.Fprintf(out, "  Password    %s   (everybody's)\n", stage.Password)
	fmt.Fprintf(out, "  Rooms       %s", s.Alias("bln-samordning"))
	for _, n := range p.networks {
		fmt.Fprintf(out, ", %s", s.Alias("bln-"+n.id))
	}
	fmt.Fprintf(out, "\n\n  %-10s %-20s %-50s %s\n", "User", "Name", "Who", "Recovery key")
	row := func(m member, who *person.Person) {
		fmt.Fprintf(out, "  %-10s %-20s %-50s %s\n", m.user, m.name, m.is, who.RecoveryKey())
	}
	row(nka(), p.coord.people[nka().user])
	for _, n := range p.networks {
		for _, m := range n.everybody() {
			row(m, n.people[m.user])
		}
	}
	fmt.Fprintf(out, `
Element (or another Matrix client that can encrypt): choose Sign in, Edit (the homeserver), "Other homeserver",
and enter the address above; then user and password. When it asks you to confirm your identity, choose the recovery
key. What was written before you logged in stays unreadable, because the messages are end-to-end encrypted and your
client is new. In a network's room its leader can write !nästa for meeting 3; !hjälp tells the rest, and
!sammanfattning 1, !anteckningar 1 and !plan show what has been. The bot's configuration is %s.
`, p.stage.ConfigFile())
}

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"syscall"
	"time"
)

// run plays all phases and prints what they cost.
func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "blnbot-load-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer os.RemoveAll(dir)
	began := time.Now()
	s, err := newSite(ctx, o, dir)
	if s != nil && s.server != nil {
		defer func() { err = errors.Join(err, s.close(context.WithoutCancel(ctx))) }()
	}
	if err == nil {
		err = s.gather(ctx)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "%d encrypted rooms, %d people in each, made in %s.\n", o.rooms, o.people, round(time.Since(began)))
	pair, err := s.open(ctx)
	if err == nil {
		err = s.talk(ctx, &pair)
	}
	if err = errors.Join(err, pair.bare.stop(), pair.bot.stop()); err != nil {
		return err
	}
	return s.catchUp(ctx)
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }

// both are the two measured processes.
type both struct{ bare, bot *child }

// open has the bare client and the bot join, and then the bot open the first
// meeting in all rooms at once.
func (s *site) open(ctx context.Context) (p both, err error) {
	if err := s.configure(time.Now().AddDate(0, 0, 1)); err != nil {
		return p, err
	}
	if p.bare, err = s.startBare(time.Now()); err != nil {
		return p, err
	}
	err = until(ctx, p.bare, "bare client joins", func() (bool, error) { return s.watch.joins(s.bareUser.User) >= len(s.rooms), nil })
	if err != nil {
		return p, err
	}
	if p.bot, err = s.startBot(); err != nil {
		return p, err
	}
	began := time.Now()
	err = until(ctx, p.bot, "bot joins", func() (bool, error) { return s.watch.joins(s.bot) >= len(s.rooms), nil })
	if err == nil {
		err = s.counted(ctx, p.bot, "bot finds its rooms", countBound, len(s.rooms)+1)
	}
	if err == nil {
		err = s.quiet(ctx, p.bot)
	}
	if err != nil {
		return p, err
	}
	fmt.Fprintf(s.out, "The bot came to the rooms and introduced itself in %s.\n", round(time.Since(began)))
	if err := s.learn(ctx); err != nil {
		return p, err
	}
	return p, s.openMeetings(ctx, p.bot)
}

// quiet waits until no post waits, and no room is to be compared.
func (s *site) quiet(ctx context.Context, c *child) error {
	return until(ctx, c, "bot sends and compares", func() (bool, error) {
		var n int
		err := s.ask(ctx, countWaiting, &n)
		return n == 0, err
	})
}

// openMeetings opens the first meeting everywhere at the same moment.
func (s *site) openMeetings(ctx context.Context, bot *child) error {
	if err := s.configure(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	if err := bot.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	const opened = "SELECT count(*) FROM meetings WHERE state = 'open'"
	if err := s.counted(ctx, bot, "bot opens meetings", opened, len(s.rooms)); err != nil {
		return err
	}
	if err := s.quiet(ctx, bot); err != nil {
		return err
	}
	var posts int
	var from, queued, until string
	err := s.ask(ctx, "SELECT count(*), min(created_at), max(created_at), max(sent_at) FROM posts WHERE meeting_id != 0",
		&posts, &from, &queued, &until)
	if err != nil {
		return err
	}
	toOutbox, toRooms := between(from, queued), between(from, until)
	if err := s.readRoots(ctx); err != nil {
		return err
	}
	speed, err := s.serverSpeed(ctx)
	if err != nil {
		return err
	}
	mine := float64(posts) / toRooms.Seconds()
	fmt.Fprintf(s.out, "Opening: %d posts in the outbox within %s, in the rooms after %s: %.0f a second; the server takes %.0f a second from %d senders.\n",
		posts, round(toOutbox), round(toRooms), mine, speed, senders)
	return nil
}

// between is the time between two times of the bot's database.
func between(from, until string) time.Duration {
	a, errA := time.Parse(time.RFC3339, from)
	b, errB := time.Parse(time.RFC3339, until)
	if errA != nil || errB != nil {
		return 0
	}
	return b.Sub(a)
}

// serverSpeed is how many encrypted replies a second the server takes from
// several senders at once, keys not counted.
func (s *site) serverSpeed(ctx context.Context) (float64, error) {
	n := 2 * senders * len(s.writers)
	for range 2 { // the first time the keys go out
		began := time.Now()
		err := parallel(ctx, n, senders, func(ctx context.Context, k int) error {
			room := s.rooms[k%min(senders, len(s.rooms))]
			_, _, err := s.writers[k%len(s.writers)].reply(ctx, room, s.roots[room], k)
			return err
		})
		if err != nil {
			return 0, err
		}
		s.speed = float64(n) / time.Since(began).Seconds()
		s.early += n
		n = max(n, 200)
	}
	return s.speed, nil
}

// measured is what one of the two did in one phase.
type measured struct {
	took, cpu    time.Duration
	peak         float64
	memory       float64 // of its own: without the program's file
	median, late float64 // ms
}

func (s *site) print(title string, bare, bot measured) {
	fmt.Fprintf(s.out, "\n%-34s %10s %10s %9s\n", title, "bare", "bot", "bot/bare")
	row := func(name, unit string, a, b float64) {
		if a > 0 && b > 0 {
			fmt.Fprintf(s.out, "  %-32s %10s %10s %9.2f\n", name, fmt.Sprintf("%.4g %s", a, unit), fmt.Sprintf("%.4g %s", b, unit), b/a)
		}
	}
	row("time", "s", bare.took.Seconds(), bot.took.Seconds())
	row("processor", "s", bare.cpu.Seconds(), bot.cpu.Seconds())
	row("peak memory", "MB", bare.peak, bot.peak)
	row("of that not the program, now", "MB", bare.memory, bot.memory)
	row("reply → read / 📝, median", "ms", bare.median, bot.median)
	row("reply → read / 📝, 95 %", "ms", bare.late, bot.late)
}

// talk starts both anew, so that both have been up for equally long, measures
// what they use while nothing happens, and then has people reply.
func (s *site) talk(ctx context.Context, p *both) error {
	if err := s.counted(ctx, p.bot, "bot stores", countEntries, s.early); err != nil {
		return err
	}
	if err := errors.Join(s.quiet(ctx, p.bot), s.nextProfile(p.bot), p.bare.stop(), p.bot.stop()); err != nil {
		return err
	}
	var err1, err2 error
	p.bare, err1 = s.startBare(time.Now())
	p.bot, err2 = s.startBot()
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	time.Sleep(s.idle / 4) // what they do at their start
	if err := s.quiet(ctx, p.bot); err != nil {
		return err
	}
	before, err1 := p.use()
	time.Sleep(s.idle)
	after, err2 := p.use()
	if err := errors.Join(err1, err2, s.nextProfile(p.bot)); err != nil {
		return err
	}
	s.print(fmt.Sprintf("%v without anything to do", s.idle), after[0].since(before[0]), after[1].since(before[1]))
	return s.converse(ctx, p)
}

// converse has people reply while both run.
func (s *site) converse(ctx context.Context, p *both) error {
	before, err := p.use()
	if err != nil {
		return err
	}
	sent, err := s.send(ctx, s.live, s.rate)
	if err != nil {
		return err
	}
	s.early += s.live
	if err := readBy(ctx, p.bare, s.live); err != nil {
		return err
	}
	var took []float64
	for ev, at := range sent {
		err := until(ctx, p.bot, "bot marks", func() (bool, error) { return !s.watch.markedAt(ev).IsZero(), nil })
		if err != nil {
			return err
		}
		took = append(took, float64(s.watch.markedAt(ev).Sub(at).Milliseconds()))
	}
	after, err := p.use()
	if err := errors.Join(err, p.bare.stop(), s.nextProfile(p.bot)); err != nil {
		return err
	}
	bare, bot := after[0].since(before[0]), after[1].since(before[1])
	bare.median, bare.late = p.bare.latency()
	bot.median, bot.late = quantiles(took)
	s.print(fmt.Sprintf("%d replies at %.3g a second", s.live, s.rate), bare, bot)
	return nil
}

// use is what both have used.
func (p *both) use() (u [2]usage, err error) {
	var err1, err2 error
	u[0], err1 = p.bare.use()
	u[1], err2 = p.bot.use()
	return u, errors.Join(err1, err2)
}

// since is what was used since an earlier time; the peak is that of the
// process's whole life.
func (u usage) since(before usage) measured {
	return measured{cpu: u.cpu - before.cpu, peak: u.peak, memory: u.memory}
}

// latency reads what the bare client said at its end.
func (c *child) latency() (median, late float64) {
	text := c.log.Text()
	for i := range text {
		if n, _ := fmt.Sscanf(text[i:], "latency %g %g", &median, &late); n == 2 {
			return median, late
		}
	}
	return 0, 0
}

func quantiles(v []float64) (median, late float64) {
	if len(v) == 0 {
		return 0, 0
	}
	slices.Sort(v)
	return v[len(v)/2], v[int(math.Ceil(float64(len(v))*0.95))-1]
}

// catchUp has people reply while both are stopped, and then starts one after
// the other.
func (s *site) catchUp(ctx context.Context) error {
	time.Sleep(time.Second)
	after := time.Now()
	sent, err := s.send(ctx, s.replies, 0)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "\n%d replies sent while both were stopped, in %s.\n", len(sent), round(time.Since(after)))
	bare, err := s.bareCatchUp(ctx, after)
	if err != nil {
		return err
	}
	return s.botCatchUp(ctx, bare, len(sent))
}

func (s *site) bareCatchUp(ctx context.Context, after time.Time) (m measured, err error) {
	c, err := s.startBare(after)
	if err != nil {
		return m, err
	}
	if err := readBy(ctx, c, s.replies); err != nil {
		return m, errors.Join(err, c.stop())
	}
	m, err = c.measure()
	return m, errors.Join(err, c.stop())
}

// measure is what a process has done since its start.
func (c *child) measure() (measured, error) {
	took := time.Since(c.began)
	u, err := c.use()
	return measured{took: took, cpu: u.cpu, peak: u.peak, memory: u.memory}, err
}

func (s *site) botCatchUp(ctx context.Context, bare measured, sent int) (err error) {
	c, err := s.startBot()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	if err := s.counted(ctx, c, "bot catches up", countEntries, s.early+s.replies); err != nil {
		return err
	}
	bot, err := c.measure()
	if err != nil {
		return err
	}
	s.print(fmt.Sprintf("catching up with %d replies", s.replies), bare, bot)
	if err := errors.Join(s.nextProfile(c), s.quiet(ctx, c)); err != nil {
		return err
	}
	all, err := c.measure()
	fmt.Fprintf(s.out, "All %d were marked with 📝 %s after the bot's start; until then it used %.3g s of the processor, %.0f MB at the peak.\n",
		sent, round(all.took), all.cpu.Seconds(), all.peak)
	return err
}

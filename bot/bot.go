// Package bot is what blnbot does: it turns events and the passing of time
// into changes of the stored networks, and into posts. It never sends: a
// handler's posts are stored in the transaction that changes the state, and
// somebody else delivers them. It knows nothing of Matrix or SQL.
package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"blnbot/internal/failpoint"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// Settings are what the configuration says. They are replaced as a whole.
type Settings struct {
	Networks []meeting.Network
	// Programmes are those that staff may choose from in chat, and Defaults the
	// settings of a network that is made there.
	Programmes []meeting.Programme
	Defaults   meeting.Network
	Staff      []meeting.UserID
	Leaders    meeting.Leaders
	// Language and Location are the coordination room's.
	Language string
	Location *time.Location
}

// Options are what a Bot is made from.
type Options struct {
	Store    Store
	Texts    *render.Texts
	Log      *slog.Logger
	Self     meeting.UserID
	Settings *Settings
	Now      func() time.Time // time.Now
}

// Bot handles events and clock ticks.
type Bot struct {
	store     Store
	texts     *render.Texts
	log       *slog.Logger
	self      meeting.UserID
	now       func() time.Time
	settings  atomic.Pointer[Settings] // as configured
	merged    atomic.Pointer[merged]   // with the networks made in chat; nil when they have changed
	anonymous quota
	told      atomic.Pointer[Settings] // the settings whose missing networks staff know of
	calendars atomic.Pointer[Settings] // the settings that calendar files were compared with
	// overviewed is the newest time of the week (Unix) that needs no overview any
	// more, so that the database is not asked every second.
	overviewed atomic.Int64
}

// New makes a Bot.
func New(o Options) *Bot {
	b := &Bot{store: o.Store, texts: o.Texts, log: o.Log, self: o.Self, now: o.Now}
	if b.now == nil {
		b.now = time.Now
	}
	b.settings.Store(o.Settings)
	return b
}

// Configure replaces the settings; meetings that are open go on as they are.
func (b *Bot) Configure(s *Settings) { b.settings.Store(s) }

// scene is what one transaction works with.
type scene struct {
	tx  Tx
	set *Settings
	now time.Time
	// away are the leaders who are away, by network.
	away map[string][]meeting.UserID
	// remade says that networks made in chat have changed.
	remade bool
	// changed are the programmes whose reports may say something else now; true
	// where text was taken out.
	changed map[string]bool
	// undo takes back what was changed in memory, if the transaction fails.
	undo []func()
}

func (b *Bot) update(ctx context.Context, fn func(*scene) error) error {
	s := &scene{now: b.now().UTC()}
	err := b.store.Update(ctx, func(tx Tx) (err error) {
		s.tx = tx
		if err := b.look(ctx, s); err != nil {
			return err
		}
		if err := fn(s); err != nil {
			return err
		}
		return b.refreshReports(ctx, s)
	})
	if s.remade {
		b.merged.Store(nil)
	}
	if err != nil {
		for _, undo := range s.undo {
			undo()
		}
	}
	return err
}

// look reads what every handler goes by.
func (b *Bot) look(ctx context.Context, s *scene) (err error) {
	if s.remade {
		b.merged.Store(nil)
	}
	if s.set, err = b.current(ctx, s.tx); err != nil {
		return err
	}
	s.away, err = s.tx.Absent(ctx, s.now)
	return err
}

func (s *scene) isStaff(u meeting.UserID) bool { return slices.Contains(s.set.Staff, u) }

// leadsAny reports whether the user leads any network.
func (s *scene) leadsAny(u meeting.UserID) bool {
	return slices.ContainsFunc(s.set.Networks, func(n meeting.Network) bool { return n.Leads(u) })
}

const (
	coordination  = "coordination"
	networkPrefix = "network:"
)

// NetworkBinding is the name under which a network's room is stored.
func NetworkBinding(id string) string { return networkPrefix + id }

// CoordinationBinding is the name under which the coordination room is stored.
const CoordinationBinding = coordination

// place is where something happens.
type place struct {
	room   meeting.RoomID
	net    *meeting.Network // in a network's room
	coord  bool             // in the coordination room
	direct meeting.UserID   // in a direct room: with whom
}

func (s *scene) place(ctx context.Context, room meeting.RoomID) (place, error) {
	p := place{room: room}
	name, err := s.tx.BoundName(ctx, room)
	if err != nil {
		return p, err
	}
	if id, ok := strings.CutPrefix(name, networkPrefix); ok {
		p.net, err = s.network(ctx, id)
		return p, err
	}
	if name == coordination {
		p.coord = true
		return p, nil
	}
	p.direct, err = s.tx.DirectUser(ctx, room)
	return p, err
}

func (s *scene) roomOf(ctx context.Context, net *meeting.Network) (meeting.RoomID, error) {
	return s.tx.BoundRoom(ctx, NetworkBinding(net.ID))
}

// Handle takes in one event. Everything it leads to is one transaction with
// the note that the event is handled. A message that was handled before does
// nothing: it may be a command.
func (b *Bot) Handle(ctx context.Context, ev meeting.Event) error {
	err := b.update(ctx, func(s *scene) error {
		if _, ok := ev.(meeting.Message); ok {
			if open, err := s.tx.Awaited(ctx, ev.Meta().ID); err != nil || !open {
				return err
			}
		}
		return b.take(ctx, s, ev)
	})
	if err != nil {
		return fmt.Errorf("handle %T: %w", ev, err)
	}
	return nil
}

// HandleAll takes in several events, in this order, in one transaction: all of
// them or, if one fails, none.
func (b *Bot) HandleAll(ctx context.Context, evs []meeting.Event) error {
	return b.update(ctx, func(s *scene) error {
		for _, ev := range evs {
			// One of those before may have removed it.
			if open, err := s.tx.Awaited(ctx, ev.Meta().ID); err != nil || !open {
				if err != nil {
					return err
				}
				continue
			}
			if err := b.take(ctx, s, ev); err != nil {
				return fmt.Errorf("handle %T: %w", ev, err)
			}
			if err := b.look(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// take handles an event and notes that it is handled, unless it has to wait for
// what it answers.
func (b *Bot) take(ctx context.Context, s *scene, ev meeting.Event) error {
	if waits, err := s.waitsForAnswered(ctx, ev); err != nil || waits {
		return err
	}
	if err := b.handle(ctx, s, ev); err != nil {
		return err
	}
	switch ev.(type) {
	case meeting.Message, meeting.Ignored:
		if err := s.tx.DropAnswers(ctx, ev.Meta().ID, s.now); err != nil {
			return err
		}
	}
	failpoint.At("handled", string(ev.Meta().ID))
	failpoint.At("handled")
	if _, waits := ev.(meeting.Unreadable); waits {
		return s.tx.ToldUnreadable(ctx, ev.Meta().ID)
	}
	return s.tx.FinishEvent(ctx, ev.Meta().ID)
}

func (b *Bot) handle(ctx context.Context, s *scene, ev meeting.Event) error {
	if echo, ok := ev.(meeting.Echo); ok {
		return b.echo(ctx, s, echo)
	}
	p, err := s.place(ctx, ev.Meta().Room)
	if err != nil {
		return err
	}
	if erased, err := s.erasedSince(ctx, ev); err != nil {
		return err
	} else if erased {
		return s.leaveOutErased(ctx, ev)
	}
	if ev, err = s.within(ctx, ev); err != nil {
		return err
	}
	switch ev := ev.(type) {
	case meeting.Message:
		return b.message(ctx, s, p, ev)
	case meeting.Reaction:
		return b.reaction(ctx, s, p, ev)
	case meeting.Redaction:
		return b.redaction(ctx, s, p, ev)
	case meeting.PollResponse:
		return b.pollResponse(ctx, s, p, ev)
	case meeting.PollEnd:
		return b.pollEnd(ctx, s, p, ev)
	case meeting.Membership:
		return b.membership(ctx, s, p, ev)
	case meeting.Unreadable:
		return b.unreadable(ctx, s, p, ev)
	case meeting.RoomReplaced:
		return b.roomReplaced(ctx, s, p, ev)
	case meeting.RoomContinues:
		return b.roomContinues(ctx, s, ev)
	case meeting.RightsChanged:
		return s.tx.UnparkPosts(ctx, ev.Room)
	case meeting.Failed:
		return b.failedEvent(ctx, s, p, ev)
	case meeting.Ignored:
		return b.nothingIn(ctx, s, ev.ID)
	}
	return nil
}

func (b *Bot) echo(ctx context.Context, s *scene, e meeting.Echo) error {
	if e.Key == "" && e.Fingerprint == "" {
		return nil
	}
	if e.Key == "" {
		var err error
		if e.Key, err = s.tx.KeyOf(ctx, e.Fingerprint); err != nil {
			return err
		}
		if e.Key == "" {
			return s.tx.StoreEcho(ctx, e.Fingerprint, e.Room, e.ID, s.now)
		}
	}
	p, err := s.tx.Post(ctx, e.Key)
	if err != nil {
		return err
	}
	if p == nil && !strings.HasPrefix(e.Key, vanishing) {
		return s.tx.StoreEcho(ctx, meeting.Fingerprint(e.Key), e.Room, e.ID, s.now)
	}
	if p != nil && (p.Event != "" && p.Event != e.ID || p.State == meeting.PostCancelled) {
		return b.removeDouble(ctx, s, e, p)
	}
	if err := s.tx.MarkEcho(ctx, e.Key, e.Room, e.ID, s.now); err != nil {
		return err
	}
	switch {
	case strings.HasPrefix(e.Key, anonymousPrefix):
		return b.anonymousPosted(ctx, s, e)
	case strings.HasPrefix(e.Key, vanishing):
		return errors.Join(s.tx.VanishPost(ctx, e.Key), s.tx.VanishEvent(ctx, e.ID))
	}
	return nil
}

// removeDouble takes down an event that is a post's second: the server acted on
// an attempt that it had no answer for, and did not know that the next one was
// the same. Replies to it count until it is gone, as if it were the first.
func (b *Bot) removeDouble(ctx context.Context, s *scene, e meeting.Echo, p *meeting.PostRecord) error {
	switch p.Kind {
	case meeting.PostText, meeting.PostNotice, meeting.PostEdit, meeting.PostFile, meeting.PostReaction, meeting.PostPoll, meeting.PostPollEnd:
	default:
		return nil
	}
	_, err := s.tx.StorePost(ctx, meeting.Post{Key: meeting.DoublePrefix + string(e.ID), Room: e.Room, Kind: meeting.PostRedact,
		Target: meeting.Ref{Event: e.ID}, Meeting: p.Meeting, Prompt: p.Prompt}, s.now)
	if err != nil {
		return err
	}
	return s.tx.FetchAnswers(ctx, e.Room, e.ID, s.now)
}

package bot

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"sync"
	"time"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

const (
	anonymousPrefix = "anonymous/"
	// vanishing is the start of keys of posts whose row is deleted when they
	// have been sent.
	vanishing = "vanish/"
	// mostAnonymous is how many anonymous entries a person can send in a
	// meeting; counted in memory only, since the database must not know.
	mostAnonymous = 5
	// An anonymous entry is posted after a random time, so that the moment does
	// not give its author away.
	soonest, latest = 10 * time.Minute, 60 * time.Minute
)

// quota counts, in memory, how many anonymous entries somebody has sent.
type quota struct {
	mu   sync.Mutex
	used map[string]int
}

// take uses up one and reports whether there was one left.
func (q *quota) take(user meeting.UserID, meetingID int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.used == nil {
		q.used = map[string]int{}
	}
	key := fmt.Sprintf("%d %s", meetingID, user)
	if q.used[key] >= mostAnonymous {
		return false
	}
	q.used[key]++
	return true
}

// giveBack undoes a take.
func (q *quota) giveBack(user meeting.UserID, meetingID int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.used[fmt.Sprintf("%d %s", meetingID, user)]--
}

// cmdAnonymous takes in an anonymous entry, "[network] [prompt] text", by direct
// message. Who wrote it is not stored, nor is the message that brought it.
func (b *Bot) cmdAnonymous(ctx context.Context, s *scene, c *call) error {
	m, net, args, err := b.anonymousMeeting(ctx, s, c)
	if err != nil || m == nil {
		return err
	}
	first, rest := cutWord(args)
	prompt, err := strconv.Atoi(strings.TrimRight(first, ".:"))
	switch {
	case err == nil:
		args = rest
	case len(m.Prompts) == 1:
		prompt = 1
	}
	switch {
	case prompt < 1 || prompt > len(m.Prompts) || strings.TrimSpace(args) == "":
		return b.answerVanishing(ctx, s, c, "anonymous_form", render.Problem{Max: len(m.Prompts)})
	case len([]rune(args)) > longestNote:
		return b.answerVanishing(ctx, s, c, "too_long", render.Problem{Max: longestNote})
	case !b.anonymous.take(c.msg.Sender, m.ID):
		return b.answerVanishing(ctx, s, c, "anonymous_enough", render.Problem{Max: mostAnonymous})
	}
	s.undo = append(s.undo, func() { b.anonymous.giveBack(c.msg.Sender, m.ID) })
	mask, err := b.masker(ctx, s, net)
	if err != nil {
		return err
	}
	wait, err := rand.Int(rand.Reader, big.NewInt(int64(latest-soonest)))
	if err != nil {
		return fmt.Errorf("choose a time: %w", err)
	}
	a := meeting.Anonymous{ID: rand.Text(), Meeting: m.ID, Prompt: prompt, Body: mask(strings.TrimSpace(args)),
		Due: s.now.Add(soonest + time.Duration(wait.Int64())).Truncate(time.Minute)}
	if err := s.tx.StoreAnonymous(ctx, a); err != nil {
		return err
	}
	return b.answerVanishing(ctx, s, c, "anonymous_taken", nil)
}

// answerVanishing answers a command of which no trace is to be kept.
func (b *Bot) answerVanishing(ctx context.Context, s *scene, c *call, name string, data any) error {
	if err := s.tx.VanishEvent(ctx, c.msg.ID); err != nil {
		return err
	}
	return b.say(ctx, s, meeting.Post{Key: vanishing + rand.Text(), To: c.msg.Sender}, c.lang, name, data)
}

// anonymousMeeting finds the open meeting that an anonymous entry is for. With
// several, the text must start with the network.
func (b *Bot) anonymousMeeting(ctx context.Context, s *scene, c *call) (*meeting.Meeting, *meeting.Network, string, error) {
	nets, err := b.networksOf(ctx, s, c.msg.Sender)
	if err != nil {
		return nil, nil, "", err
	}
	named, rest := s.findNetwork(c.args)
	var found *meeting.Meeting
	var in *meeting.Network
	var names []string
	for _, net := range nets {
		open, err := b.openMeeting(ctx, s, net)
		if err != nil {
			return nil, nil, "", err
		}
		if open == nil {
			continue
		}
		if named != nil && named.ID == net.ID {
			return open, net, rest, nil
		}
		found, in = open, net
		names = append(names, net.Name)
	}
	switch len(names) {
	case 0:
		return nil, nil, "", b.answerVanishing(ctx, s, c, "no_open_meeting", render.Problem{})
	case 1:
		return found, in, c.args, nil
	}
	return nil, nil, "", b.answerVanishing(ctx, s, c, "which_network", render.Problem{Names: names})
}

// postAnonymous posts the anonymous entries that are due. The text stays where
// it is until the post has come back and the entry can have its event id.
func (b *Bot) postAnonymous(ctx context.Context) error {
	return b.update(ctx, func(s *scene) error {
		due, err := s.tx.DueAnonymous(ctx, s.now)
		if err != nil {
			return err
		}
		for _, a := range due {
			m, err := s.tx.MeetingByID(ctx, a.Meeting)
			if err != nil {
				return err
			}
			if m == nil {
				continue
			}
			net, err := s.network(ctx, m.Network)
			if err != nil {
				return err
			}
			if net == nil {
				continue
			}
			p := meeting.Post{Key: anonymousPrefix + a.ID, Kind: meeting.PostText, Thread: meeting.Ref{Key: promptKey(net, m.Number, a.Prompt)},
				Meeting: m.ID, Prompt: a.Prompt}
			if err := b.tell(ctx, s, net, p, "anonymous", render.Problem{Word: a.Body}); err != nil {
				return err
			}
		}
		return nil
	})
}

// anonymousPosted makes an anonymous entry that has come back from the server
// an entry like any other, without an author.
func (b *Bot) anonymousPosted(ctx context.Context, s *scene, e meeting.Echo) error {
	id := strings.TrimPrefix(e.Key, anonymousPrefix)
	a, err := s.tx.Anonymous(ctx, id)
	if err != nil || a == nil {
		return err
	}
	m, err := s.tx.MeetingByID(ctx, a.Meeting)
	if err != nil || m == nil {
		return err
	}
	net, err := s.network(ctx, m.Network)
	if err != nil || net == nil {
		return err
	}
	entry := meeting.Entry{ID: e.ID, Meeting: m.ID, Prompt: a.Prompt, Source: meeting.SourceAnonymous, State: meeting.EntryActive, Body: a.Body,
		SentAt: s.now, Order: e.Order, Late: m.State != meeting.StateOpen}
	if m.State == meeting.StateShared {
		return s.tx.DeleteAnonymous(ctx, id) // too late; it stays in the thread
	}
	if err := s.storeEntry(ctx, e.Room, entry); err != nil {
		return err
	}
	if err := s.tx.DeleteAnonymous(ctx, id); err != nil {
		return err
	}
	return b.addLate(ctx, s, net, m, e.ID)
}

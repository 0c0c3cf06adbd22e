package bot

import (
	"context"
	"fmt"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// roomReplaced follows a room upgrade when the new room names the old one as
// its predecessor. Otherwise it waits for a room that does (roomContinues).
func (b *Bot) roomReplaced(ctx context.Context, s *scene, p place, r meeting.RoomReplaced) error {
	name, err := s.tx.BoundName(ctx, r.Room)
	if err != nil || name == "" {
		return err
	}
	if r.Checked {
		return b.follow(ctx, s, name, r.Room, r.Replacement)
	}
	if err := s.tx.StoreReplaced(ctx, r.Room, r.Replacement, false); err != nil || p.net == nil {
		return err
	}
	return b.tellStaff(ctx, s, meeting.Post{Key: "upgrade/" + string(r.ID), Kind: meeting.PostText, Mentions: s.set.Staff},
		"alert_upgrade", render.Problem{Network: p.net.Name})
}

// roomContinues follows a room upgrade when the bot comes into the new room
// only after the old one was closed, by an invitation. Each of the two rooms
// must name the other.
func (b *Bot) roomContinues(ctx context.Context, s *scene, r meeting.RoomContinues) error {
	name, err := s.tx.BoundName(ctx, r.Predecessor)
	if err != nil || name == "" {
		return err
	}
	next, err := s.tx.Replacement(ctx, r.Predecessor)
	if err != nil || next != r.Room {
		return err
	}
	return b.follow(ctx, s, name, r.Predecessor, r.Room)
}

// follow goes from a room to the one that replaces it, for good: from now on
// the old one stands for the new one, whatever the configuration says.
func (b *Bot) follow(ctx context.Context, s *scene, name string, from, to meeting.RoomID) error {
	if err := s.tx.StoreReplaced(ctx, from, to, true); err != nil {
		return err
	}
	return b.move(ctx, s, name, from, to)
}

// move binds a name to another room, and takes along what was to be said.
func (b *Bot) move(ctx context.Context, s *scene, name string, from, to meeting.RoomID) error {
	if err := s.tx.Bind(ctx, name, to); err != nil {
		return err
	}
	if err := s.tx.MovePosts(ctx, from, to); err != nil {
		return err
	}
	id, ok := strings.CutPrefix(name, networkPrefix)
	if !ok {
		return nil
	}
	net, err := s.network(ctx, id)
	if err != nil || net == nil {
		return err
	}
	if err := b.greet(ctx, s, net, to); err != nil {
		return err
	}
	if err := b.promptAnew(ctx, s, net, to); err != nil {
		return err
	}
	return b.pollAnew(ctx, s, net)
}

// promptAnew posts the prompts of an open meeting in the room that replaces the
// one they were posted in, because threads do not move along.
func (b *Bot) promptAnew(ctx context.Context, s *scene, net *meeting.Network, room meeting.RoomID) error {
	open, err := b.openMeeting(ctx, s, net)
	if err != nil || open == nil {
		return err
	}
	for i, text := range open.Prompts {
		p := meeting.Post{Key: fmt.Sprintf("prompt/%s/%d/%d/%s", net.ID, open.Number, i+1, room), Room: room, Kind: meeting.PostText,
			Meeting: open.ID, Prompt: i + 1, Fresh: i == 0}
		if err := b.say(ctx, s, p, net.Language, "prompt", render.Prompt{Number: i + 1, Text: text, Only: len(open.Prompts) == 1}); err != nil {
			return err
		}
	}
	return nil
}

// Bound returns the room that a name stands for now, and the one that the bot
// would be in today had it been told of found: rooms are replaced.
func (b *Bot) Bound(ctx context.Context, name string, found meeting.RoomID) (now, next meeting.RoomID, err error) {
	err = b.update(ctx, func(s *scene) error {
		if now, err = s.tx.BoundRoom(ctx, name); err != nil {
			return err
		}
		next, err = s.tx.Successor(ctx, found)
		return err
	})
	if err != nil {
		return "", "", fmt.Errorf("look up room of %s: %w", name, err)
	}
	return now, next, nil
}

// Bind notes which room the configuration means by a name, and greets a
// network's room that the bot is in already. If it is another room than before
// the network has moved: staff are told, and the open prompts are posted anew.
func (b *Bot) Bind(ctx context.Context, name string, room meeting.RoomID) error {
	return b.update(ctx, func(s *scene) error {
		room, err := s.tx.Successor(ctx, room)
		if err != nil {
			return err
		}
		old, err := s.tx.BoundRoom(ctx, name)
		if err != nil {
			return err
		}
		if old != "" && old != room {
			return b.moved(ctx, s, name, old, room)
		}
		if err := s.tx.Bind(ctx, name, room); err != nil {
			return err
		}
		id, ok := strings.CutPrefix(name, networkPrefix)
		if !ok {
			return nil
		}
		in, err := b.isIn(ctx, s, room)
		if err != nil || !in {
			return err
		}
		net, err := s.network(ctx, id)
		if err != nil || net == nil {
			return err
		}
		return b.greet(ctx, s, net, room)
	})
}

// moved goes to another room because the configuration, or the alias in it,
// says so.
func (b *Bot) moved(ctx context.Context, s *scene, name string, old, room meeting.RoomID) error {
	if err := b.move(ctx, s, name, old, room); err != nil {
		return err
	}
	view := render.Problem{}
	if id, ok := strings.CutPrefix(name, networkPrefix); ok {
		net, err := s.network(ctx, id)
		if err != nil || net == nil {
			return err
		}
		view.Network = net.Name
	}
	key := fmt.Sprintf("moved/%s/%s/%s", name, room, s.now.Format("2006-01-02T15:04"))
	return b.tellStaff(ctx, s, meeting.Post{Key: key, Kind: meeting.PostText, Mentions: s.set.Staff}, "alert_moved", view)
}

// isIn reports whether the bot is in the room.
func (b *Bot) isIn(ctx context.Context, s *scene, room meeting.RoomID) (bool, error) {
	members, err := s.tx.Members(ctx, room)
	if err != nil {
		return false, err
	}
	for _, m := range members {
		if m.User == b.self {
			return m.Joined(), nil
		}
	}
	return false, nil
}

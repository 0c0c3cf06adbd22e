package bot

import (
	"context"
	"fmt"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// membership takes in who comes and goes.
func (b *Bot) membership(ctx context.Context, s *scene, p place, m meeting.Membership) error {
	before, err := s.tx.Member(ctx, m.Room, m.User)
	if err != nil {
		return err
	}
	if err := s.tx.StoreMember(ctx, m); err != nil {
		return err
	}
	if !m.Self {
		return b.passed(ctx, s, p, before, m)
	}
	switch m.Membership {
	case "join":
		return b.arrived(ctx, s, p, m)
	case "leave", "ban":
		return b.removed(ctx, s, p, m)
	}
	return nil
}

// arrived greets a network's room, once.
func (b *Bot) arrived(ctx context.Context, s *scene, p place, m meeting.Membership) error {
	if err := s.tx.SetGone(ctx, m.Room, false); err != nil || p.net == nil {
		return err
	}
	return b.greet(ctx, s, p.net, m.Room)
}

func (b *Bot) greet(ctx context.Context, s *scene, net *meeting.Network, room meeting.RoomID) error {
	names, err := b.leaderNames(ctx, s, net)
	if err != nil {
		return err
	}
	return b.say(ctx, s, meeting.Post{Key: "hello/" + string(room), Room: room, Kind: meeting.PostText, Fresh: true},
		net.Language, "hello", render.Hello{Network: net.Name, Leaders: names})
}

// removed notes that the bot was removed from a room: what waited to be said
// there is given up when it is tried, the data stay, and staff are told.
func (b *Bot) removed(ctx context.Context, s *scene, p place, m meeting.Membership) error {
	if err := s.tx.SetGone(ctx, m.Room, true); err != nil || p.net == nil || m.Sender == b.self {
		return err
	}
	return b.tellStaff(ctx, s, meeting.Post{Key: "removed/" + string(m.ID), Kind: meeting.PostText, Mentions: s.set.Staff},
		"alert_removed", render.Problem{Network: p.net.Name})
}

// roomReplaced follows a room upgrade when the new room names the old one as
// its predecessor.
func (b *Bot) roomReplaced(ctx context.Context, s *scene, p place, r meeting.RoomReplaced) error {
	name, err := s.tx.BoundName(ctx, r.Room)
	if err != nil || name == "" {
		return err
	}
	if !r.Checked {
		if p.net == nil {
			return nil
		}
		return b.tellStaff(ctx, s, meeting.Post{Key: "upgrade/" + string(r.ID), Kind: meeting.PostText, Mentions: s.set.Staff},
			"alert_upgrade", render.Problem{Network: p.net.Name})
	}
	if err := s.tx.Bind(ctx, name, r.Replacement); err != nil || p.net == nil {
		return err
	}
	return b.promptAnew(ctx, s, p.net, r.Replacement)
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

// Bind notes which room the configuration means by a name, and greets a
// network's room that the bot is in already.
func (b *Bot) Bind(ctx context.Context, name string, room meeting.RoomID) error {
	return b.update(ctx, func(s *scene) error {
		if err := s.tx.Bind(ctx, name, room); err != nil {
			return err
		}
		id, ok := strings.CutPrefix(name, networkPrefix)
		if !ok {
			return nil
		}
		members, err := s.tx.Members(ctx, room)
		if err != nil {
			return err
		}
		for _, m := range members {
			if m.User == b.self && m.Joined() {
				net, err := s.network(ctx, id)
				if err != nil || net == nil {
					return err
				}
				return b.greet(ctx, s, net, room)
			}
		}
		return nil
	})
}

// Welcome accepts invitations from staff and leaders, and to direct
// conversations from members of a network.
func (b *Bot) Welcome(ctx context.Context, inv meeting.Invite) (bool, error) {
	welcome := false
	err := b.update(ctx, func(s *scene) error {
		nets, err := b.networksOf(ctx, s, inv.Inviter)
		if err != nil {
			return err
		}
		known := s.isStaff(inv.Inviter) || s.leadsAny(inv.Inviter)
		welcome = known || inv.Direct && len(nets) > 0
		if !welcome || !inv.Direct {
			return nil
		}
		return s.tx.BindDirect(ctx, inv.Inviter, inv.Room)
	})
	if err != nil {
		return false, fmt.Errorf("decide on invitation: %w", err)
	}
	return welcome, nil
}

// networksOf lists the networks whose room the user is in.
func (b *Bot) networksOf(ctx context.Context, s *scene, user meeting.UserID) ([]*meeting.Network, error) {
	rooms, err := s.tx.MemberRooms(ctx, user)
	if err != nil {
		return nil, err
	}
	var out []*meeting.Network
	for _, room := range rooms {
		name, err := s.tx.BoundName(ctx, room)
		if err != nil {
			return nil, err
		}
		if id, ok := strings.CutPrefix(name, networkPrefix); ok {
			net, err := s.network(ctx, id)
			if err != nil {
				return nil, err
			}
			if net != nil {
				out = append(out, net)
			}
		}
	}
	return out, nil
}

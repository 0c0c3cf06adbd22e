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
	if p.net != nil && m.Membership != "join" {
		if err := b.dropVote(ctx, s, p.net.ID, m.User); err != nil {
			return err
		}
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

// arrived greets a network's room, once, and sends what waited for the bot to
// come back.
func (b *Bot) arrived(ctx context.Context, s *scene, p place, m meeting.Membership) error {
	if err := s.tx.SetGone(ctx, m.Room, false); err != nil {
		return err
	}
	if err := s.tx.UnparkPosts(ctx, m.Room); err != nil || p.net == nil {
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
		net.Language, "hello", render.Hello{Network: net.Name, Leaders: names, HelpLines: net.HelpLines})
}

// removed notes that the bot was removed from a room: what was to be said there
// waits for a while, the data stay, and staff are told.
func (b *Bot) removed(ctx context.Context, s *scene, p place, m meeting.Membership) error {
	gone, err := s.tx.Gone(ctx, m.Room)
	if err != nil || gone { // lifting a ban is a leave, too
		return err
	}
	if err := s.tx.SetGone(ctx, m.Room, true); err != nil || p.net == nil || m.Sender == b.self {
		return err
	}
	return b.tellStaff(ctx, s, meeting.Post{Key: "removed/" + string(m.ID), Kind: meeting.PostText, Mentions: s.set.Staff},
		"alert_removed", render.Problem{Network: p.net.Name})
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

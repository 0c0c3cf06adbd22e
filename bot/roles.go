package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// cmdRole sets the sender's own role, or for a leader somebody else's.
func (b *Bot) cmdRole(ctx context.Context, s *scene, c *call) error {
	role, ok := b.texts.ParseRole(c.args)
	if !ok {
		user, role, err := b.roleFor(ctx, s, c)
		if err != nil {
			return err
		}
		if user != "" {
			return b.setRoleOf(ctx, s, c, user, role)
		}
		return b.answer(ctx, s, c, "bad_role", render.Problem{Word: clip(c.args)})
	}
	nets, err := b.networksHere(ctx, s, c)
	if err != nil {
		return err
	}
	if len(nets) == 0 {
		return b.answer(ctx, s, c, "no_network", nil)
	}
	for _, net := range nets {
		if err := s.tx.SetRole(ctx, net.ID, c.msg.Sender, role); err != nil {
			return err
		}
	}
	return b.answer(ctx, s, c, "role_set", render.Unheard{Role: role})
}

// roleFor reads whom a role is for, by full id or by a mention, and the role at
// the end. Names that people choose for themselves are no proof of anything.
func (b *Bot) roleFor(ctx context.Context, s *scene, c *call) (meeting.UserID, meeting.Role, error) {
	words := strings.Fields(c.args)
	var role meeting.Role
	rest := ""
	for n := min(3, len(words)-1); n > 0 && role == ""; n-- {
		if r, ok := b.texts.ParseRole(strings.Join(words[len(words)-n:], " ")); ok {
			role, rest = r, strings.Join(words[:len(words)-n], " ")
		}
	}
	if role == "" {
		return "", "", nil
	}
	if id := strings.TrimRight(rest, ":,"); strings.HasPrefix(id, "@") && strings.Contains(id, ":") && !strings.Contains(id, " ") {
		return meeting.UserID(id), role, nil
	}
	var others []meeting.UserID
	for _, u := range c.msg.Mentions {
		if u != b.self {
			others = append(others, u)
		}
	}
	if len(others) != 1 {
		return "", "", nil
	}
	if c.msg.ReplyTo != "" {
		// Whom a reply answers is mentioned, too: the text must mean the same.
		names, err := s.tx.NamesOf(ctx, others[0])
		if err != nil || !slices.ContainsFunc(append(names, string(others[0])), func(n string) bool {
			return strings.Contains(render.Fold(rest), render.Fold(n))
		}) {
			return "", "", err
		}
	}
	return others[0], role, nil
}

// ledBy are the networks that a leader's command is about: the room's, or in a
// direct room all that the sender leads.
func (s *scene) ledBy(c *call) []*meeting.Network {
	if c.net != nil {
		return []*meeting.Network{c.net}
	}
	var out []*meeting.Network
	for i := range s.set.Networks {
		if s.set.Networks[i].Leads(c.msg.Sender) {
			out = append(out, &s.set.Networks[i])
		}
	}
	return out
}

// setRoleOf has a leader set the role of a member, or of somebody invited.
func (b *Bot) setRoleOf(ctx context.Context, s *scene, c *call, user meeting.UserID, role meeting.Role) error {
	if !c.leader {
		return b.refuse(ctx, s, c)
	}
	name := ""
	for _, net := range s.ledBy(c) {
		room, err := s.roomOf(ctx, net)
		if err != nil {
			return err
		}
		m, err := s.tx.Member(ctx, room, user)
		if err != nil {
			return err
		}
		if !m.Joined() && m.Membership != "invite" || user == b.self {
			continue
		}
		name = nameOf(m)
		if err := s.tx.SetRole(ctx, net.ID, user, role); err != nil {
			return err
		}
	}
	if name == "" {
		return b.answer(ctx, s, c, "role_nobody", render.Problem{Word: clip(string(user))})
	}
	return b.answer(ctx, s, c, "role_set_for", render.Person{Name: name, Role: role})
}

// cmdMembers tells a leader, alone, who is in, who has been invited but has not
// come, and who has no role.
func (b *Bot) cmdMembers(ctx context.Context, s *scene, c *call) error {
	nets := s.ledBy(c)
	if len(nets) == 0 {
		return b.refuse(ctx, s, c)
	}
	for _, net := range nets {
		view, err := b.membersView(ctx, s, net)
		if err != nil {
			return err
		}
		key := fmt.Sprintf("members/%s/%s", c.msg.ID, net.ID)
		if err := b.say(ctx, s, meeting.Post{Key: key, To: c.msg.Sender}, net.Language, "members", view); err != nil {
			return err
		}
	}
	if c.direct != "" {
		return nil
	}
	return b.answer(ctx, s, c, "sent_directly", nil)
}

func (b *Bot) membersView(ctx context.Context, s *scene, net *meeting.Network) (render.Members, error) {
	view := render.Members{Network: net.Name}
	room, err := s.roomOf(ctx, net)
	if err != nil {
		return view, err
	}
	all, err := s.tx.Members(ctx, room)
	if err != nil {
		return view, err
	}
	roles, err := s.tx.RolesOf(ctx, net.ID)
	if err != nil {
		return view, err
	}
	for _, m := range all {
		if m.User == b.self || s.isStaff(m.User) {
			continue
		}
		p := render.Person{Name: nameOf(m), ID: string(m.User), Role: roles[m.User], Leader: net.Leads(m.User)}
		switch {
		case m.Joined():
			view.In = append(view.In, p)
			if view.NoRole == "" && p.Role == "" && !p.Leader {
				view.NoRole = p.ID
			}
		case m.Membership == "invite":
			view.Invited = append(view.Invited, p)
		}
	}
	return view, nil
}

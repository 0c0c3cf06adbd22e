package bot

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// welcomePrefix begins the keys of greetings: "welcome/<network>/<user>".
const welcomePrefix = "welcome/"

func welcomeKey(network string, user meeting.UserID) string {
	return welcomePrefix + network + "/" + string(user)
}

// passed takes in that somebody came into a network's room, or left it, while
// the bot was there. At night it is told in the morning.
func (b *Bot) passed(ctx context.Context, s *scene, p place, before meeting.Member, m meeting.Membership) error {
	joined := m.Membership == "join"
	if p.net == nil || p.net.Retired || s.isStaff(m.User) || joined == before.Joined() {
		return nil
	}
	self, err := s.tx.Member(ctx, m.Room, b.self)
	if err != nil || !self.Joined() {
		return err
	}
	pass := meeting.Passage{Event: m.ID, Network: p.net.ID, User: m.User, By: m.Sender, Left: !joined}
	until, quiet := p.net.Quiet.Until(s.now.In(p.net.Location))
	if !quiet {
		return b.tellPassage(ctx, s, p.net, pass)
	}
	pass.Due = until.UTC()
	return s.tx.StorePassage(ctx, pass)
}

// passages tells what was kept back in quiet hours.
func (b *Bot) passages(ctx context.Context) error {
	return b.update(ctx, func(s *scene) error {
		due, err := s.tx.DuePassages(ctx, s.now)
		if err != nil {
			return err
		}
		for _, pass := range due {
			net, err := s.network(ctx, pass.Network)
			if err != nil {
				return err
			}
			if net != nil {
				if err := b.tellPassage(ctx, s, net, pass); err != nil {
					return err
				}
			}
			if err := s.tx.DeletePassage(ctx, pass.Event); err != nil {
				return err
			}
		}
		return nil
	})
}

// tellPassage greets who came and tells the leader who left, if that is still
// how it is.
func (b *Bot) tellPassage(ctx context.Context, s *scene, net *meeting.Network, pass meeting.Passage) error {
	room, err := s.roomOf(ctx, net)
	if err != nil {
		return err
	}
	m, err := s.tx.Member(ctx, room, pass.User)
	if err != nil || m.Joined() == pass.Left {
		return err
	}
	if !pass.Left {
		return b.welcome(ctx, s, net, pass.User)
	}
	for _, l := range s.leaders(net) {
		if l == pass.User || l == pass.By {
			continue
		}
		key := fmt.Sprintf("left/%s/%s", pass.Event, l)
		if err := b.tellDirectly(ctx, s, l, key, net.Language, "left", render.Problem{Network: net.Name, Word: nameOf(m)}); err != nil {
			return err
		}
	}
	return nil
}

func nameOf(m meeting.Member) string {
	if m.Name != "" {
		return m.Name
	}
	return localpart(m.User)
}

// welcome greets a member who came after the room was greeted, once. Older
// messages in the room cannot be read by somebody new, so the greeting quotes
// the open prompts, and a message of its own what the group has agreed.
func (b *Bot) welcome(ctx context.Context, s *scene, net *meeting.Network, user meeting.UserID) error {
	key := welcomeKey(net.ID, user)
	if known, err := s.tx.Post(ctx, key); err != nil || known != nil {
		return err
	}
	names, err := b.leaderNames(ctx, s, net)
	if err != nil {
		return err
	}
	roles, err := s.tx.RolesOf(ctx, net.ID)
	if err != nil {
		return err
	}
	view := render.Welcome{Network: net.Name, Leaders: names, Role: roles[user], Leader: net.Leads(user), HelpLines: net.HelpLines}
	open, err := b.openMeeting(ctx, s, net)
	if err != nil {
		return err
	}
	if open != nil {
		view.Number, view.Title, view.Closes = open.Number, open.Title, open.ClosesAt.In(net.Location)
		for i, text := range open.Prompts {
			view.Prompts = append(view.Prompts, render.Prompt{Number: i + 1, Text: text, Only: len(open.Prompts) == 1})
		}
	}
	if err := b.tellDirectly(ctx, s, user, key, net.Language, "welcome", view); err != nil {
		return err
	}
	last, err := s.tx.LastShared(ctx, net.ID, math.MaxInt32)
	if err != nil || last == nil {
		return err
	}
	m, err := s.tx.MeetingByID(ctx, last.Meeting)
	points := recapOf(last)
	if err != nil || m == nil || len(points) == 0 {
		return err
	}
	return b.say(ctx, s, meeting.Post{Key: key + "/agreed", To: user, Quotes: last.Meeting}, net.Language, "welcome_agreed",
		render.Opening{Number: m.Number, Title: m.Title, Recap: points})
}

// answersGreeting takes in an answer to a greeting: the number of a role, or
// its name. It is about the network that the greeting was for, if it is given
// as a reply, and otherwise about all that the sender is in.
func (b *Bot) answersGreeting(ctx context.Context, s *scene, p place, m meeting.Message) error {
	first, _ := cutWord(m.Body)
	role, named := b.texts.ParseRole(strings.TrimRight(strings.TrimSpace(m.Body), ".!"))
	number, err := strconv.Atoi(strings.TrimRight(first, ".:)"))
	if !named && err != nil || b.stale(s, p, m) {
		return b.hintFollowUp(ctx, s, p, m)
	}
	nets, err := b.networksOf(ctx, s, m.Sender)
	if err != nil {
		return err
	}
	var greeted []*meeting.Network
	for _, net := range nets {
		post, err := s.tx.Post(ctx, welcomeKey(net.ID, m.Sender))
		if err != nil {
			return err
		}
		if post != nil && post.Event == m.ReplyTo {
			nets, greeted = []*meeting.Network{net}, []*meeting.Network{net}
			break
		}
		if post != nil {
			greeted = append(greeted, net)
		}
	}
	if len(greeted) == 0 {
		return nil
	}
	c := &call{place: p, msg: m, lang: greeted[0].Language}
	if !named {
		if number < 1 || number > len(meeting.Roles()) {
			return b.answer(ctx, s, c, "bad_role", render.Problem{Word: clip(first)})
		}
		role = meeting.Roles()[number-1]
	}
	for _, net := range nets {
		if err := s.tx.SetRole(ctx, net.ID, m.Sender, role); err != nil {
			return err
		}
	}
	return b.answer(ctx, s, c, "role_set", render.Unheard{Role: role})
}

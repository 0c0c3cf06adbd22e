package bot

import (
	"context"
	"slices"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// mostInvited is how many people one command invites.
const mostInvited = 20

// cmdInvite invites people into the network's room; without ids those again who
// are invited and have not come. Those are named to the leader alone.
func (b *Bot) cmdInvite(ctx context.Context, s *scene, c *call) error {
	if strings.TrimSpace(c.args) == "" {
		return b.inviteAll(ctx, s, c)
	}
	words := strings.FieldsFunc(c.args, func(r rune) bool { return strings.ContainsRune(" ,;\n\t", r) })
	for _, w := range words {
		if fault := badID(w, b.self); fault != "" {
			return b.answer(ctx, s, c, "invite_form", render.Problem{Word: clip(w), Code: fault})
		}
	}
	users := userIDs(words)
	if len(users) > mostInvited {
		return b.answer(ctx, s, c, "invite_form", render.Problem{Code: "many", Max: mostInvited})
	}
	var view render.Problem
	var banned []string
	for _, u := range users {
		m, err := s.tx.Member(ctx, c.room, u)
		if err != nil {
			return err
		}
		switch {
		case m.Membership == "ban":
			banned = append(banned, string(u))
		case m.Joined():
			view.Leaders = append(view.Leaders, string(u))
		default:
			view.Names = append(view.Names, string(u))
			if err := b.invite(ctx, s, c, u); err != nil {
				return err
			}
		}
	}
	view.Suggest = strings.Join(banned, ", ")
	return b.answer(ctx, s, c, "invite_sent", view)
}

// badID says what is wrong with a user id, or nothing.
func badID(word string, self meeting.UserID) string {
	switch {
	case word == string(self):
		return "self"
	case fullID.MatchString(word):
		return ""
	case strings.HasPrefix(word, "@") && !strings.Contains(word, ":"):
		return "server"
	case strings.Contains(strings.TrimPrefix(word, "@"), "@"):
		return "mail"
	}
	return "form"
}

// inviteAll invites those again who are invited and have not come.
func (b *Bot) inviteAll(ctx context.Context, s *scene, c *call) error {
	members, err := s.tx.Members(ctx, c.room)
	if err != nil {
		return err
	}
	waiting := slices.DeleteFunc(members, func(m meeting.Member) bool { return m.Membership != "invite" })
	if len(waiting) == 0 {
		return b.answer(ctx, s, c, "invite_none", nil)
	}
	view := render.Problem{Network: c.net.Name}
	for _, m := range waiting {
		view.Names = append(view.Names, string(m.User))
		if err := b.invite(ctx, s, c, m.User); err != nil {
			return err
		}
	}
	if err := b.tellDirectly(ctx, s, c.msg.Sender, "waiting/"+string(c.msg.ID), c.lang, "invite_again", view); err != nil {
		return err
	}
	return b.answer(ctx, s, c, "sent_directly", nil)
}

// invite queues an invitation. Its reason has the date in it: servers leave out
// an invitation that is the same as the one before.
func (b *Bot) invite(ctx context.Context, s *scene, c *call, user meeting.UserID) error {
	reason, err := b.texts.Text(c.lang, "invite_reason", render.Problem{Network: c.net.Name, When: s.now.In(c.net.Location)})
	if err != nil {
		return err
	}
	_, err = s.tx.StorePost(ctx, meeting.Post{Key: invitePrefix + string(c.msg.ID) + "/" + string(user), Room: c.room, Kind: meeting.PostInvite, User: user,
		Again: true, Markdown: reason, Mentions: []meeting.UserID{c.msg.Sender}}, s.now)
	return err
}

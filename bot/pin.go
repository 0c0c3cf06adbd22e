package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// helpPrefix begins the keys of messages that say where one can turn, pinPrefix
// those of their pinning, and invitePrefix those of invitations a leader asked
// for.
const (
	helpPrefix   = "where/"
	pinPrefix    = "pin/"
	invitePrefix = "invited/"
)

// cmdPin posts where one can turn, or brings the message that says so up to
// date, and pins it.
func (b *Bot) cmdPin(ctx context.Context, s *scene, c *call) error {
	if !slices.Contains([]string{"hjalp", "help", ""}, render.Fold(strings.TrimSpace(c.args))) {
		return b.answer(ctx, s, c, "pin_form", nil)
	}
	key, err := b.helpMessage(ctx, s, c)
	if err != nil {
		return err
	}
	_, err = s.tx.StorePost(ctx, meeting.Post{Key: pinPrefix + string(c.msg.ID), Room: c.room, Kind: meeting.PostPin, Target: meeting.Ref{Key: key},
		Mentions: []meeting.UserID{c.msg.Sender}}, s.now)
	return err
}

// helpMessage is the key of the message that says where one can turn. One that
// is there already, and was not removed, is edited.
func (b *Bot) helpMessage(ctx context.Context, s *scene, c *call) (string, error) {
	text, err := b.texts.Text(c.lang, "help_message", c.net.HelpLines)
	if err != nil {
		return "", err
	}
	for n := 1; ; n++ {
		key := fmt.Sprintf("%s%s/%d", helpPrefix, c.room, n)
		p, err := s.tx.Post(ctx, key)
		if err != nil {
			return "", err
		}
		if p == nil {
			_, err = s.tx.StorePost(ctx, meeting.Post{Key: key, Room: c.room, Kind: meeting.PostText, Markdown: text}, s.now)
			return key, err
		}
		removed, err := s.tx.Redacted(ctx, p.Event)
		if err != nil {
			return "", err
		}
		if !removed && (p.State == meeting.PostSent || p.State == meeting.PostPending) {
			_, err = s.tx.StorePost(ctx, meeting.Post{Key: key + "/edit/" + string(c.msg.ID), Room: c.room, Kind: meeting.PostEdit,
				Target: meeting.Ref{Key: key}, Markdown: text}, s.now)
			return key, err
		}
	}
}

// asked reports whether a leader asked for the post in a command and waits for
// what becomes of it.
func asked(d meeting.Delivery) bool {
	return strings.HasPrefix(d.Key, pinPrefix) || strings.HasPrefix(d.Key, invitePrefix)
}

// refuseAsked tells the leader who asked for it that something cannot be done,
// and what to do instead.
func (b *Bot) refuseAsked(ctx context.Context, s *scene, net *meeting.Network, d meeting.Delivery, cause error) error {
	if err := s.tx.FailPost(ctx, d.Key); err != nil {
		return err
	}
	name := "invite_failed"
	switch {
	case d.Kind == meeting.PostPin:
		name = "pin_forbidden"
	case errors.Is(cause, meeting.ErrForbidden):
		name = "invite_forbidden"
	}
	return b.tell(ctx, s, net, meeting.Post{Key: "refused/" + d.Key, Kind: meeting.PostText, Mentions: d.Mentions}, name, render.Problem{Word: string(d.User)})
}

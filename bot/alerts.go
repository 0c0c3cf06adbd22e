package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// GiveUp gives up a post that cannot be delivered and tells staff, in one
// transaction. Trouble in the coordination room itself can only be logged.
func (b *Bot) GiveUp(ctx context.Context, d meeting.Delivery, cause error) error {
	return b.update(ctx, func(s *scene) error {
		if err := s.tx.FailPost(ctx, d.Key); err != nil {
			return err
		}
		p, err := s.place(ctx, d.Room)
		if err != nil || p.coord || d.Kind == meeting.PostReaction && !errors.Is(cause, meeting.ErrForbidden) {
			return err
		}
		view := render.Problem{Code: faultOf(cause), Word: rightOf(d.Kind)}
		key := "fault/" + view.Code + "/" + view.Word + "/"
		switch {
		case p.net != nil:
			view.Network = p.net.Name
			key += p.net.ID
		case d.To != "":
			key += string(d.To)
		default:
			key += string(d.Room)
		}
		key += "/" + s.now.In(s.set.Location).Format("2006-01-02")
		return b.tellStaff(ctx, s, meeting.Post{Key: key, Kind: meeting.PostText, Mentions: s.set.Staff}, "alert_send", view)
	})
}

// faultOf names the kind of a delivery error, for texts.
func faultOf(err error) string {
	switch {
	case errors.Is(err, meeting.ErrForbidden):
		return "forbidden"
	case errors.Is(err, meeting.ErrTooLarge):
		return "large"
	case errors.Is(err, meeting.ErrUnsafe):
		return "unsafe"
	}
	return "rejected"
}

// rightOf names the right that a post of the kind needs, for texts.
func rightOf(k meeting.PostKind) string {
	switch k {
	case meeting.PostReaction:
		return "react"
	case meeting.PostRedact:
		return "redact"
	}
	return "send"
}

// failedEvent tells staff that something in a room could not be handled.
func (b *Bot) failedEvent(ctx context.Context, s *scene, p place, f meeting.Failed) error {
	if p.net == nil && !p.coord {
		return nil
	}
	view := render.Problem{}
	if p.net != nil {
		view.Network = p.net.Name
	}
	return b.tellStaff(ctx, s, meeting.Post{Key: "dead/" + string(f.ID), Kind: meeting.PostText, Mentions: s.set.Staff}, "alert_event", view)
}

// Alert tells staff about something outside the chat, once per key: a room that
// cannot be joined, a missing right. name is the text's name.
func (b *Bot) Alert(ctx context.Context, key, name string, network string, words ...string) error {
	return b.update(ctx, func(s *scene) error {
		view := render.Problem{Word: strings.Join(words, ", "), Names: words}
		net, err := s.network(ctx, network)
		if err != nil {
			return err
		}
		if net != nil {
			view.Network = net.Name
		}
		return b.tellStaff(ctx, s, meeting.Post{Key: fmt.Sprintf("alert/%s", key), Kind: meeting.PostText, Mentions: s.set.Staff}, name, view)
	})
}

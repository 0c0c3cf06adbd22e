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
		if err != nil || d.Kind == meeting.PostReaction && !errors.Is(cause, meeting.ErrForbidden) {
			return err
		}
		if p.coord {
			return b.coordinationFault(ctx, s, d, cause)
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

// coordinationFault tells staff directly, once a day, that something could not
// be said in the coordination room, and a network if it was its summary.
func (b *Bot) coordinationFault(ctx context.Context, s *scene, d meeting.Delivery, cause error) error {
	view := render.Problem{Code: faultOf(cause), Word: rightOf(d.Kind)}
	day := s.now.In(s.set.Location).Format("2006-01-02")
	for _, u := range s.set.Staff {
		key := "fault/coordination/" + view.Code + "/" + view.Word + "/" + string(u) + "/" + day
		if err := b.tellDirectly(ctx, s, u, key, s.set.Language, "alert_coordination", view); err != nil {
			return err
		}
	}
	if d.Quotes == 0 || !strings.HasPrefix(d.Key, summaryPrefix) {
		return nil
	}
	m, err := s.tx.MeetingByID(ctx, d.Quotes)
	if err != nil || m == nil {
		return err
	}
	net, err := s.network(ctx, m.Network)
	if err != nil || net == nil {
		return err
	}
	return b.tell(ctx, s, net, meeting.Post{Key: "unshared/" + d.Key, Kind: meeting.PostText, Mentions: net.Leaders}, "not_shared", render.Problem{Number: m.Number})
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

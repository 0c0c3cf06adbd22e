package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// How long a post waits for the right to send it, from its making. The prompts
// and the opening of a meeting wait as long as it is open, and other posts to a
// network's room for its grace.
const (
	answerPatience       = time.Hour          // answers to commands and reminders; later they only surprise
	coordinationPatience = 7 * 24 * time.Hour // shared summaries go there
	firstLook            = 10 * time.Second   // doubles; a changed right is looked at at once
	lastLook             = 10 * time.Minute
)

// GiveUp gives up a post that cannot be delivered, or parks it if the bot may
// not send it now, and tells staff, in one transaction. Trouble in the
// coordination room itself can only be logged.
func (b *Bot) GiveUp(ctx context.Context, d meeting.Delivery, cause error) error {
	return b.update(ctx, func(s *scene) error {
		if d.Kind == meeting.PostRoom {
			return s.tx.FailPost(ctx, d.Key) // the next tick tells it
		}
		p, err := s.inhabited(ctx, d.Room)
		if err != nil {
			return err
		}
		if p.net != nil && asked(d) {
			return b.refuseAsked(ctx, s, p.net, d, cause)
		}
		waits, err := b.waits(ctx, s, p, d, cause)
		if err != nil {
			return err
		}
		if waits {
			next := s.now.Add(min(firstLook<<min(d.Attempts, 10), lastLook))
			err = s.tx.ParkPost(ctx, d.Key, waitingLane(d), next)
		} else if strings.HasPrefix(d.Key, vanishing) {
			err = s.tx.VanishPost(ctx, d.Key)
		} else {
			err = s.tx.FailPost(ctx, d.Key)
		}
		if err != nil || d.Kind == meeting.PostReaction && !errors.Is(cause, meeting.ErrForbidden) {
			return err
		}
		if p.coord {
			return b.coordinationFault(ctx, s, d, cause, waits)
		}
		gone, err := s.tx.Gone(ctx, d.Room)
		if err != nil || gone && errors.Is(cause, meeting.ErrForbidden) {
			return err // staff know
		}
		return b.tellUnsent(ctx, s, p, d, cause)
	})
}

// coordinationFault tells staff directly, once a day, that something could not
// be said in the coordination room, and a network if it was its summary.
func (b *Bot) coordinationFault(ctx context.Context, s *scene, d meeting.Delivery, cause error, waits bool) error {
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
	code := ""
	if waits {
		code = "waits"
	}
	return b.tell(ctx, s, net, meeting.Post{Key: "unshared/" + d.Key, Kind: meeting.PostText, Mentions: net.Leaders}, "not_shared", render.Problem{Number: m.Number, Code: code})
}

func (b *Bot) tellUnsent(ctx context.Context, s *scene, p place, d meeting.Delivery, cause error) error {
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
}

// inhabited is the place of a room, or of the one that the bot followed to from
// there.
func (s *scene) inhabited(ctx context.Context, room meeting.RoomID) (place, error) {
	if room == "" {
		return place{}, nil
	}
	room, err := s.tx.Successor(ctx, room)
	if err != nil {
		return place{}, err
	}
	return s.place(ctx, room)
}

// waits reports whether a post is kept until the bot may send it.
func (b *Bot) waits(ctx context.Context, s *scene, p place, d meeting.Delivery, cause error) (bool, error) {
	age := s.now.Sub(d.Created)
	switch {
	case !errors.Is(cause, meeting.ErrForbidden), d.To != "":
		return false, nil
	case p.coord:
		return age < coordinationPatience, nil
	case p.net == nil:
		return false, nil
	case d.Kind == meeting.PostNotice, strings.HasPrefix(d.Key, "reminder/"):
		return age < answerPatience, nil
	}
	if age < p.net.Grace || d.Meeting == 0 {
		return age < p.net.Grace, nil
	}
	m, err := s.tx.MeetingByID(ctx, d.Meeting)
	return m != nil && m.State == meeting.StateOpen, err
}

// waitingLane is the queue in which a parked post waits. Rights differ by kind:
// a reaction that is not allowed must not hold up messages that are.
func waitingLane(d meeting.Delivery) string {
	switch d.Kind {
	case meeting.PostReaction, meeting.PostRedact, meeting.PostInvite, meeting.PostLevel:
		return string(d.Room) + " " + rightOf(d.Kind)
	}
	return string(d.Room)
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
	case meeting.PostInvite:
		return "invite"
	case meeting.PostLevel:
		return "level"
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

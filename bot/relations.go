package bot

import (
	"context"

	"blnbot/internal/meeting"
)

// within leaves out of an event what it says about events of other rooms: a
// relation is between events of one room (Matrix spec, "Forming relationships
// between events"), and not every server checks that. Whoever knows an event of
// another network must not be able to change anything there. An event that is
// about nothing else becomes Ignored.
func (s *scene) within(ctx context.Context, ev meeting.Event) (meeting.Event, error) {
	var target meeting.EventID
	switch v := ev.(type) {
	case meeting.Message:
		if v.Replaces == "" {
			err := s.dropForeign(ctx, v.Room, &v.Thread, &v.ReplyTo)
			return v, err
		}
		target = v.Replaces
	case meeting.Unreadable:
		err := s.dropForeign(ctx, v.Room, &v.Thread, &v.ReplyTo)
		return v, err
	case meeting.Reaction:
		target = v.Target
	case meeting.PollResponse:
		target = v.Target
	case meeting.PollEnd:
		target = v.Target
	default:
		return ev, nil
	}
	if err := s.dropForeign(ctx, ev.Meta().Room, &target); err != nil {
		return nil, err
	}
	if target == "" {
		return meeting.Ignored{EventMeta: ev.Meta()}, nil
	}
	return ev, nil
}

// dropForeign empties the ids of events that are known to be in other rooms.
func (s *scene) dropForeign(ctx context.Context, room meeting.RoomID, ids ...*meeting.EventID) error {
	for _, id := range ids {
		if *id == "" {
			continue
		}
		where, err := s.roomOfEvent(ctx, *id)
		if err != nil {
			return err
		}
		if where != "" && where != room {
			*id = ""
		}
	}
	return nil
}

// roomOfEvent is the room of an event that the bot has seen or sent; empty for
// one that it does not know.
func (s *scene) roomOfEvent(ctx context.Context, id meeting.EventID) (meeting.RoomID, error) {
	room, err := s.tx.RoomOf(ctx, id)
	if err != nil || room != "" {
		return room, err
	}
	post, err := s.tx.PostByEvent(ctx, id)
	if err != nil || post == nil {
		return "", err
	}
	return post.Room, nil
}

// postActedOn is the post that a reaction, a vote, the end of a poll or an answer is
// about; nil if it is about something else. People may see a post before the bot knows which event
// it became: what they do to an event that may still turn out to be a post is noted,
// to be fetched again then.
func (s *scene) postActedOn(ctx context.Context, act meeting.EventMeta, target meeting.EventID) (*meeting.PostRecord, error) {
	if act.Fetched {
		if err := s.tx.DeleteUnplaced(ctx, act.ID); err != nil {
			return nil, err
		}
	}
	post, err := s.tx.PostByEvent(ctx, target)
	if err != nil || post != nil {
		return post, err
	}
	return nil, s.tx.StoreUnplaced(ctx, act, target, s.now)
}

// waitsForAnswered has a message wait for the one that it answers, if that one's
// key has not come yet: where an answer to an answer belongs only the first one
// can tell. It waits at most until the first one's author is told that it cannot
// be read; from then on there is an entry for it.
func (s *scene) waitsForAnswered(ctx context.Context, ev meeting.Event) (bool, error) {
	m, ok := ev.(meeting.Message)
	if !ok || m.Thread == "" && m.ReplyTo == "" {
		return false, nil
	}
	return s.tx.WaitBehind(ctx, m.Room, m.ID, m.Thread, m.ReplyTo)
}

package person

import (
	"context"

	"blnbot/internal/meeting"
)

// Vote answers a poll in the form that clients send today (MSC3381, unstable).
// No ids take the answer back. Redact the id to remove it.
func (p *Person) Vote(ctx context.Context, roomID meeting.RoomID, poll meeting.EventID, ids ...string) (meeting.EventID, error) {
	return p.SendRaw(ctx, roomID, "org.matrix.msc3381.poll.response", map[string]any{
		"m.relates_to":                     reference(poll),
		"org.matrix.msc3381.poll.response": map[string]any{"answers": append([]string{}, ids...)},
	})
}

// VoteStable answers a poll in the stable form.
func (p *Person) VoteStable(ctx context.Context, roomID meeting.RoomID, poll meeting.EventID, ids ...string) (meeting.EventID, error) {
	return p.SendRaw(ctx, roomID, "m.poll.response", map[string]any{
		"m.relates_to": reference(poll), "m.selections": append([]string{}, ids...),
	})
}

// EndPoll ends a poll.
func (p *Person) EndPoll(ctx context.Context, roomID meeting.RoomID, poll meeting.EventID) (meeting.EventID, error) {
	return p.SendRaw(ctx, roomID, "org.matrix.msc3381.poll.end", map[string]any{
		"m.relates_to": reference(poll), "org.matrix.msc3381.poll.end": map[string]any{},
	})
}

func reference(to meeting.EventID) map[string]any {
	return map[string]any{"rel_type": "m.reference", "event_id": string(to)}
}

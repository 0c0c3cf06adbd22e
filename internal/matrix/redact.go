package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"maunium.net/go/mautrix/id"

	"blnbot/internal/matrix/wire"
	"blnbot/internal/meeting"
)

// redactionPatience is how long after a redaction has come the server may still
// show what it removes: servers hand the two on one after the other.
const redactionPatience = 10 * time.Second

// errIntact: the server still shows what a redaction removes.
var errIntact = errors.New("the server has not carried out a redaction yet")

// confirmed lets redactions pass that the server has carried out, and makes
// Ignored of the others. From room version 3 on anybody's server can send a
// redaction of anybody's event, and it is for those who receive it to look
// whether its sender may (Matrix spec, "Handling redactions"). A server that does
// not, or lets a client send redactions as any other event, must not make the
// bot lose a reply. An error means: try again.
func (c *Client) confirmed(ctx context.Context, row *meeting.InboxRow, ev meeting.Event) (meeting.Event, error) {
	r, ok := ev.(meeting.Redaction)
	if !ok || r.Fetched {
		return ev, nil
	}
	may, err := c.mayRedact(ctx, id.RoomID(r.Room), id.UserID(r.Sender))
	if err != nil || may {
		return ev, err
	}
	gone, err := c.isRedacted(ctx, r)
	switch {
	case err == nil && gone:
		return ev, nil
	case err == nil && c.now().Sub(row.Received) < redactionPatience:
		return nil, errIntact
	case err == nil:
		c.log.Warn("ignored a redaction that the server does not honour", "event", r.ID, "room", r.Room)
		return meeting.Ignored{EventMeta: r.EventMeta}, nil
	case row.Attempts < meeting.HeldAttempts && asFault(err) != nil && asFault(err).transient():
		return nil, err
	}
	// Nobody can say, so what somebody wants to be gone goes.
	return ev, nil
}

// mayRedact reports whether the user may remove what others have written, by
// the room's levels as they are now.
func (c *Client) mayRedact(ctx context.Context, room id.RoomID, user id.UserID) (bool, error) {
	levels, err := c.state.GetPowerLevels(ctx, room)
	if err != nil || levels == nil {
		return false, err
	}
	if levels.CreateEvent, err = c.state.GetCreate(ctx, room); err != nil {
		return false, fmt.Errorf("get creator: %w", err)
	}
	return levels.GetUserLevel(user) >= levels.Redact(), nil
}

// isRedacted asks the server for the event that a redaction removes, and reports
// whether it is removed, or is the sender's own: that everybody may remove, and
// Dendrite may go on showing it (it forgets a redaction that comes to its sync part
// before the event).
func (c *Client) isRedacted(ctx context.Context, r meeting.Redaction) (bool, error) {
	var raw json.RawMessage
	path := []any{"v3", "rooms", id.RoomID(r.Room), "event", id.EventID(r.Target)}
	if err := c.call(ctx, "fetch redacted event", http.MethodGet, path, nil, nil, &raw); err != nil {
		return false, err
	}
	ev, err := wire.Parse(raw)
	return err == nil && (ev.Redacted || len(ev.Content) == 0 || ev.Sender == string(r.Sender)), nil
}

package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto/attachment"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/matrix/wire"
	"blnbot/internal/meeting"
)

// maxContent is the largest content that is sent, in bytes of JSON. An event
// may have 65,536 in all, and servers add references, hashes and signatures.
const maxContent = 60_000

// Send delivers a post and returns the event's id. Sending the same post
// again is safe as long as the server remembers the transaction; for later
// the key inside the event lets Handler see its Echo. The id is empty for a
// reaction that was there already and could not be found.
//
// Errors are meeting.ErrForbidden, ErrTooLarge, ErrRejected, ErrUnsafe or
// *meeting.RetryError.
func (c *Client) Send(ctx context.Context, d meeting.Delivery) (ev meeting.EventID, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &meeting.RetryError{Err: fmt.Errorf("send: %w", errPanic)}
			if d.Attempts >= settleAttempts {
				err = fmt.Errorf("send: %w: %w", meeting.ErrRejected, errPanic)
			}
		}
		err = deliveryError(err, d.Attempts)
	}()
	if d.Kind == meeting.PostRoom {
		return c.makeRoom(ctx, d)
	}
	name, err := c.target(ctx, d)
	if err != nil {
		return "", err
	}
	r := c.rooms.get(name)
	r.sending.Lock()
	defer r.sending.Unlock()
	if err := c.echoPossible(ctx, d, name); err != nil {
		return "", err
	}
	if ev, err := c.sentBefore(ctx, d, name); err != nil || ev != "" {
		return ev, err
	}
	switch d.Kind {
	case meeting.PostReaction:
		return c.react(ctx, name, d)
	case meeting.PostRedact:
		return c.redact(ctx, name, d)
	case meeting.PostText, meeting.PostNotice, meeting.PostEdit:
		return c.write(ctx, name, d)
	case meeting.PostFile:
		return c.sendFile(ctx, name, d)
	case meeting.PostPoll, meeting.PostPollEnd:
		return c.sendPoll(ctx, name, d)
	case meeting.PostInvite:
		if d.Again {
			return "", c.inviteAgain(ctx, name, d)
		}
		return "", c.invite(ctx, name, d.User)
	case meeting.PostPin:
		return c.pin(ctx, name, d)
	case meeting.PostLevel:
		return c.setLevel(ctx, name, d.User, d.Level)
	}
	return "", fmt.Errorf("%w: unknown kind of post", meeting.ErrRejected)
}

// echoPossible holds back a post that may have been sent before, while the
// room has a gap in which its echo could be.
func (c *Client) echoPossible(ctx context.Context, d meeting.Delivery, name id.RoomID) error {
	if d.Attempts == 0 {
		return nil
	}
	gaps, err := c.store.OpenGaps(ctx, c.now().AddDate(100, 0, 0)) // however long they are parked
	if err != nil {
		return fmt.Errorf("list gaps: %w", err)
	}
	for _, g := range gaps {
		if g.Room == meeting.RoomID(name) {
			return &meeting.RetryError{After: 5 * time.Second, Err: errors.New("room has a gap")}
		}
	}
	return nil
}

// lookBack is how many of a room's newest events are searched for a post that
// was tried before. Older ones have come by sync.
const lookBack = 100

// sentBefore looks for a post that was tried before in its room: the server may
// have acted on an attempt whose answer was lost, and know nothing of the
// transaction. Dendrite forgets those when it is restarted and, while its
// answer waits for the event to be stored, when the connection is cut. Events
// that come in spite of it, after the next attempt, are the Handler's to find.
func (c *Client) sentBefore(ctx context.Context, d meeting.Delivery, name id.RoomID) (meeting.EventID, error) {
	switch d.Kind {
	case meeting.PostText, meeting.PostNotice, meeting.PostEdit, meeting.PostFile, meeting.PostReaction, meeting.PostPoll, meeting.PostPollEnd:
	default:
		return "", nil
	}
	if d.Attempts == 0 {
		return "", nil
	}
	var resp struct {
		Chunk []json.RawMessage `json:"chunk"`
	}
	query := url.Values{
		"dir": {"b"}, "limit": {strconv.Itoa(lookBack)}, "filter": {fmt.Sprintf(`{"limit":%d}`, lookBack)},
	}
	path := []any{"v3", "rooms", name, "messages"}
	if err := c.call(ctx, "look for a post", http.MethodGet, path, query, nil, &resp); err != nil {
		return "", err
	}
	for _, p := range parseAll(resp.Chunk) {
		if p.ev.Sender != string(c.self) || p.ev.StateKey != nil || p.ev.Redacted {
			continue
		}
		ev := p.ev
		if ev.Type == event.EventEncrypted.Type {
			if plain, err := c.decrypt(ctx, name, ev); err == nil {
				ev = plain
			}
		}
		meta := wire.Meta(ev, meeting.RoomID(name))
		if echo, ok := c.decoder.Decode(ev, meta).(meeting.Echo); ok && echo.Key == d.Key {
			return echo.ID, nil
		}
	}
	return "", nil
}

// write sends texts, notices and edits.
func (c *Client) write(ctx context.Context, name id.RoomID, d meeting.Delivery) (meeting.EventID, error) {
	if d.Kind == meeting.PostEdit && d.TargetID == "" {
		return "", fmt.Errorf("%w: edit of nothing", meeting.ErrRejected)
	}
	secret, err := c.encrypted(ctx, name)
	if err != nil {
		return "", err
	}
	latest := c.threads.get(d.ThreadID)
	content, err := wire.Message(d, latest, false)
	if err == nil && len(content) > plainLimit(secret) {
		content, err = wire.Message(d, latest, true) // better without bold than not at all
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", meeting.ErrRejected, err)
	}
	return c.put(ctx, name, d, event.EventMessage, content, secret)
}

// sendPoll sends the beginning or the end of a poll.
func (c *Client) sendPoll(ctx context.Context, name id.RoomID, d meeting.Delivery) (meeting.EventID, error) {
	secret, err := c.encrypted(ctx, name)
	if err != nil {
		return "", err
	}
	typ, content, err := wire.Poll(d)
	if err != nil {
		return "", fmt.Errorf("%w: %w", meeting.ErrRejected, err)
	}
	return c.put(ctx, name, d, typ, content, secret)
}

// plainLimit is the largest content before encryption. Megolm writes base64
// (4/3) and wraps the content in an event of its own.
func plainLimit(secret bool) int {
	if secret {
		return (maxContent - 1000) / 4 * 3
	}
	return maxContent
}

// put sends the content of a message or a poll, encrypted if secret.
func (c *Client) put(ctx context.Context, name id.RoomID, d meeting.Delivery, typ event.Type, content json.RawMessage, secret bool) (meeting.EventID, error) {
	if len(content) > plainLimit(secret) {
		return "", fmt.Errorf("%w: %d bytes", meeting.ErrTooLarge, len(content))
	}
	body := any(content)
	if !secret {
		// The last moment to notice that the room has become encrypted.
		if now, err := c.encrypted(ctx, name); err != nil {
			return "", err
		} else if now {
			return "", &meeting.RetryError{Err: errors.New("room has become encrypted")}
		}
	} else {
		sealed, err := c.encrypt(ctx, name, typ, content, c.renewal(d))
		if err != nil {
			return "", err
		}
		if body, err = wire.WithFingerprint(sealed, d.Key); err != nil {
			return "", err
		}
		typ = event.EventEncrypted
	}
	ev, err := c.putEvent(ctx, name, typ, d.Key, body)
	if err == nil && d.ThreadID != "" {
		c.threads.set(d.ThreadID, ev)
	}
	return ev, err
}

// renewal is since when the keys to a post must be new: since it was written if
// it asks for that, else zero.
func (c *Client) renewal(d meeting.Delivery) time.Time {
	switch {
	case !d.Fresh:
		return time.Time{}
	case d.Created.IsZero():
		return c.now()
	}
	return d.Created
}

func (c *Client) putEvent(ctx context.Context, name id.RoomID, typ event.Type, key string, content any) (meeting.EventID, error) {
	var resp mautrix.RespSendEvent
	path := []any{"v3", "rooms", name, "send", typ.Type, wire.Transaction(key)}
	if err := c.call(ctx, "send "+typ.Type, http.MethodPut, path, nil, content, &resp); err != nil {
		return "", err
	}
	if resp.EventID == "" {
		return "", &fault{op: "send " + typ.Type, status: http.StatusOK, cause: errors.New("no event id in the answer")}
	}
	return meeting.EventID(resp.EventID), nil
}

// sendFile uploads a file and posts it. The server learns neither name nor
// type of what goes to an encrypted room.
func (c *Client) sendFile(ctx context.Context, name id.RoomID, d meeting.Delivery) (meeting.EventID, error) {
	if d.File == nil {
		return "", fmt.Errorf("%w: no file", meeting.ErrRejected)
	}
	secret, err := c.encrypted(ctx, name)
	if err != nil {
		return "", err
	}
	data, typ, up := append([]byte{}, d.File.Data...), d.File.Type, wire.Upload{}
	var sealed *attachment.EncryptedFile
	if secret {
		sealed = attachment.NewEncryptedFile()
		sealed.EncryptInPlace(data)
		typ = "application/octet-stream"
	}
	resp, err := c.api.UploadMedia(ctx, mautrix.ReqUploadMedia{ContentBytes: data, ContentType: typ})
	if err != nil {
		return "", newFault("upload file", err)
	}
	if secret {
		up.File = &event.EncryptedFileInfo{EncryptedFile: *sealed, URL: resp.ContentURI.CUString()}
	} else {
		up.URL = resp.ContentURI.CUString()
	}
	content, err := wire.FileMessage(d, c.threads.get(d.ThreadID), up)
	if err != nil {
		return "", fmt.Errorf("%w: %w", meeting.ErrRejected, err)
	}
	return c.put(ctx, name, d, event.EventMessage, content, secret)
}

// react sends a reaction. Reactions are never encrypted (Matrix has no
// encrypted form of them that clients aggregate).
func (c *Client) react(ctx context.Context, name id.RoomID, d meeting.Delivery) (meeting.EventID, error) {
	content, err := wire.Reaction(d)
	if err != nil {
		return "", fmt.Errorf("%w: %w", meeting.ErrRejected, err)
	}
	ev, err := c.putEvent(ctx, name, event.EventReaction, d.Key, content)
	if codeIs(err, codeDuplicate) {
		return c.ownReaction(ctx, name, d), nil
	}
	return ev, err
}

// ownReaction finds a reaction that is there already; empty if it cannot.
func (c *Client) ownReaction(ctx context.Context, name id.RoomID, d meeting.Delivery) meeting.EventID {
	var resp struct {
		Chunk []json.RawMessage `json:"chunk"`
	}
	path := []any{"v1", "rooms", name, "relations", id.EventID(d.TargetID), event.RelAnnotation, event.EventReaction.Type}
	if err := c.call(ctx, "find reaction", http.MethodGet, path, url.Values{"limit": {"100"}}, nil, &resp); err != nil {
		c.log.Debug("cannot find a reaction", "room", name, "error", err)
		return ""
	}
	for _, p := range parseAll(resp.Chunk) {
		if p.ev.Sender == string(c.self) && !p.ev.Redacted && wire.Relation(p.ev.Content).GetAnnotationKey() == d.Emoji {
			return meeting.EventID(p.ev.ID)
		}
	}
	return ""
}

func (c *Client) redact(ctx context.Context, name id.RoomID, d meeting.Delivery) (meeting.EventID, error) {
	content, err := wire.Redaction(d)
	if err != nil {
		return "", fmt.Errorf("%w: %w", meeting.ErrRejected, err)
	}
	var resp mautrix.RespSendEvent
	path := []any{"v3", "rooms", name, "redact", id.EventID(d.TargetID), wire.Transaction(d.Key)}
	if err := c.call(ctx, "redact", http.MethodPut, path, nil, content, &resp); err != nil {
		return "", err
	}
	return meeting.EventID(resp.EventID), nil
}

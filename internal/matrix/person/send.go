package person

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/meeting"
)

// Message is what a person writes.
type Message struct {
	Body     string
	HTML     string // empty for plain text
	Notice   bool   // m.notice instead of m.text
	Thread   meeting.EventID
	ReplyTo  meeting.EventID
	Replaces meeting.EventID // makes the message an edit; Thread and ReplyTo are then left out
	Mentions []meeting.UserID
}

// Post sends a message, encrypted where the room is, to everybody who is a
// member of the room at this moment.
func (p *Person) Post(ctx context.Context, roomID meeting.RoomID, m Message) (meeting.EventID, error) {
	content := &event.MessageEventContent{MsgType: event.MsgText, Body: m.Body, Mentions: &event.Mentions{}}
	if m.Notice {
		content.MsgType = event.MsgNotice
	}
	if m.HTML != "" {
		content.Format, content.FormattedBody = event.FormatHTML, m.HTML
	}
	for _, u := range m.Mentions {
		content.Mentions.Add(id.UserID(u))
	}
	if m.Replaces != "" {
		content.SetEdit(id.EventID(m.Replaces))
	} else {
		content.RelatesTo = p.relation(roomID, m.Thread, m.ReplyTo)
	}
	return p.send(ctx, id.RoomID(roomID), event.EventMessage, content)
}

// relation is what makes a message part of a thread, or a reply. In threads it
// has the fallback for clients that know no threads: a reply to the thread's
// newest message (spec, "Fallback for unthreaded clients").
func (p *Person) relation(roomID meeting.RoomID, thread, replyTo meeting.EventID) *event.RelatesTo {
	rel := &event.RelatesTo{}
	if replyTo != "" {
		rel.SetReplyTo(id.EventID(replyTo))
	}
	if thread != "" {
		newest := thread
		for _, s := range p.Timeline(roomID) {
			if s.Thread == thread {
				newest = s.ID
			}
		}
		rel.SetThread(id.EventID(thread), id.EventID(newest))
	}
	if thread == "" && replyTo == "" {
		return nil
	}
	return rel
}

// Send sends a plain message.
func (p *Person) Send(ctx context.Context, roomID meeting.RoomID, text string) (meeting.EventID, error) {
	return p.Post(ctx, roomID, Message{Body: text})
}

// SendThread answers in the thread below root.
func (p *Person) SendThread(ctx context.Context, roomID meeting.RoomID, root meeting.EventID, text string) (meeting.EventID, error) {
	return p.Post(ctx, roomID, Message{Body: text, Thread: root})
}

// Reply answers a message outside of threads.
func (p *Person) Reply(ctx context.Context, roomID meeting.RoomID, target meeting.EventID, text string) (meeting.EventID, error) {
	return p.Post(ctx, roomID, Message{Body: text, ReplyTo: target})
}

// Edit replaces the text of a message, in a thread or not. The id is that of
// the edit; the message keeps its own.
func (p *Person) Edit(ctx context.Context, roomID meeting.RoomID, target meeting.EventID, text string) (meeting.EventID, error) {
	return p.Post(ctx, roomID, Message{Body: text, Replaces: target})
}

// React reacts with an emoji. Redact the id to take the reaction back.
func (p *Person) React(ctx context.Context, roomID meeting.RoomID, target meeting.EventID, emoji string) (meeting.EventID, error) {
	content := &event.ReactionEventContent{}
	content.RelatesTo.SetAnnotation(id.EventID(target), emoji)
	return p.send(ctx, id.RoomID(roomID), event.EventReaction, content)
}

// Redact removes a message, a reaction or an edit.
func (p *Person) Redact(ctx context.Context, roomID meeting.RoomID, target meeting.EventID) error {
	if _, err := p.client.RedactEvent(ctx, id.RoomID(roomID), id.EventID(target)); err != nil {
		return fmt.Errorf("%s redacts %s: %w", p.ID(), target, err)
	}
	return nil
}

// SendRaw sends an event of any type, encrypted where the room is.
func (p *Person) SendRaw(ctx context.Context, roomID meeting.RoomID, eventType string, content map[string]any) (meeting.EventID, error) {
	return p.send(ctx, id.RoomID(roomID), event.NewEventType(eventType), &event.Content{Raw: content})
}

// SendUnencrypted sends an event as it is, even where the room is encrypted.
func (p *Person) SendUnencrypted(ctx context.Context, roomID meeting.RoomID, eventType string, content map[string]any) (meeting.EventID, error) {
	resp, err := p.client.SendMessageEvent(ctx, id.RoomID(roomID), event.NewEventType(eventType), content)
	if err != nil {
		return "", fmt.Errorf("%s sends: %w", p.ID(), err)
	}
	return meeting.EventID(resp.EventID), nil
}

// send sends an event, encrypted where the room is. Reactions are never
// encrypted, as in other clients.
func (p *Person) send(ctx context.Context, roomID id.RoomID, eventType event.Type, content any) (meeting.EventID, error) {
	if eventType != event.EventReaction {
		encrypted, err := p.encrypt(ctx, roomID, eventType, content)
		if err != nil {
			return "", fmt.Errorf("%s encrypts: %w", p.ID(), err)
		}
		if encrypted != nil {
			eventType, content = event.EventEncrypted, encrypted
		}
	}
	resp, err := p.client.SendMessageEvent(ctx, roomID, eventType, content)
	if err != nil {
		return "", fmt.Errorf("%s sends: %w", p.ID(), err)
	}
	return meeting.EventID(resp.EventID), nil
}

// encrypt encrypts an event for the present members of the room; it returns
// nil where the room is not encrypted. The room's state is asked for each
// time: what sync has told so far may be older than a test expects.
func (p *Person) encrypt(ctx context.Context, roomID id.RoomID, eventType event.Type, content any) (sealed *event.EncryptedEventContent, err error) {
	p.crypto.Lock()
	defer p.crypto.Unlock()
	state, err := p.client.State(ctx, roomID)
	if err != nil {
		return nil, err
	}
	if state[event.StateEncryption][""] == nil {
		return nil, nil
	}
	var users []id.UserID
	var audience []string
	for _, user := range slices.Sorted(maps.Keys(state[event.StateMember])) {
		membership := state[event.StateMember][user].Content.AsMember().Membership
		if membership == event.MembershipJoin || membership == event.MembershipInvite {
			users = append(users, id.UserID(user))
			audience = append(audience, user+" "+string(membership))
		}
	}
	if !slices.Equal(p.audience[roomID], audience) {
		if err := p.mach.CryptoStore.RemoveOutboundGroupSession(ctx, roomID); err != nil {
			return nil, err
		}
		p.audience[roomID] = audience
	}
	encrypted, err := p.mach.EncryptMegolmEvent(ctx, roomID, eventType, content)
	if !errors.Is(err, crypto.ErrNoGroupSession) && !errors.Is(err, crypto.ErrSessionExpired) && !errors.Is(err, crypto.ErrSessionNotShared) {
		return encrypted, err
	}
	devices, err := p.mach.FetchKeys(ctx, users, true)
	if err != nil {
		return nil, err
	}
	if p.withheldFrom != "" {
		users = slices.DeleteFunc(users, func(u id.UserID) bool { return u == p.withheldFrom })
		defer func() { err = errors.Join(err, p.tellWithheld(ctx, roomID, devices[p.withheldFrom])) }()
	}
	if err := p.mach.ShareGroupSession(ctx, roomID, users); err != nil {
		return nil, err
	}
	return p.mach.EncryptMegolmEvent(ctx, roomID, eventType, content)
}

// Withhold has the device refuse somebody the keys of what it writes from now
// on, and tell them so with the code (spec, "m.room_key.withheld"). An empty code
// ends that.
func (p *Person) Withhold(ctx context.Context, from meeting.UserID, code string) error {
	p.crypto.Lock()
	defer p.crypto.Unlock()
	p.withheldFrom, p.withheldCode = id.UserID(from), code
	if code == "" {
		p.withheldFrom = ""
	}
	for room := range p.audience {
		if err := p.mach.CryptoStore.RemoveOutboundGroupSession(ctx, room); err != nil {
			return err
		}
	}
	return nil
}

func (p *Person) tellWithheld(ctx context.Context, roomID id.RoomID, devices map[id.DeviceID]*id.Device) error {
	session, err := p.mach.CryptoStore.GetOutboundGroupSession(ctx, roomID)
	if err != nil || session == nil {
		return err
	}
	messages := map[id.DeviceID]*event.Content{}
	for device := range devices {
		messages[device] = &event.Content{Parsed: &event.RoomKeyWithheldEventContent{
			RoomID: roomID, Algorithm: id.AlgorithmMegolmV1, SessionID: session.ID(), SenderKey: p.mach.OwnIdentity().IdentityKey,
			Code: event.RoomKeyWithheldCode(p.withheldCode), Reason: "a test",
		}}
	}
	_, err = p.client.SendToDevice(ctx, event.ToDeviceRoomKeyWithheld, &mautrix.ReqSendToDevice{
		Messages: map[id.UserID]map[id.DeviceID]*event.Content{p.withheldFrom: messages}})
	return err
}

// SendState sends a state event.
func (p *Person) SendState(ctx context.Context, roomID meeting.RoomID, eventType, key string, content map[string]any) (meeting.EventID, error) {
	resp, err := p.client.SendStateEvent(ctx, id.RoomID(roomID), event.Type{Type: eventType, Class: event.StateEventType}, key, content)
	if err != nil {
		return "", fmt.Errorf("%s sends state %s: %w", p.ID(), eventType, err)
	}
	return meeting.EventID(resp.EventID), nil
}

// State reads a state event's content. It is nil if there is none.
func (p *Person) State(ctx context.Context, roomID meeting.RoomID, eventType, key string) (map[string]any, error) {
	var content map[string]any
	err := p.client.StateEvent(ctx, id.RoomID(roomID), event.Type{Type: eventType, Class: event.StateEventType}, key, &content)
	if errors.Is(err, mautrix.MNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s reads state %s: %w", p.ID(), eventType, err)
	}
	return content, nil
}

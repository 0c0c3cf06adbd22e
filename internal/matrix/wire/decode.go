package wire

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/meeting"
)

// Decoder decodes readable events for one account.
type Decoder struct {
	Self meeting.UserID
}

// Meta is the part that all decoded events share. The caller adds the order
// and the time of receipt.
func Meta(ev *Event, room meeting.RoomID) meeting.EventMeta {
	return meeting.EventMeta{
		ID: meeting.EventID(ev.ID), Room: room, Sender: meeting.UserID(ev.Sender), SentAt: ev.SentAt,
	}
}

// Decode says what an event means. Encrypted events must be decrypted first;
// what the bot has no use for, or cannot make out, is meeting.Ignored. A
// RoomReplaced is not checked yet.
func (d Decoder) Decode(ev *Event, meta meeting.EventMeta) meeting.Event {
	if ev.StateKey != nil {
		return d.state(ev, meta)
	}
	own := ev.Sender == string(d.Self)
	switch {
	case own:
		return meeting.Echo{EventMeta: meta, Key: echoKey(ev), Fingerprint: ev.Content.String(FingerprintField)}
	case ev.Type == event.EventRedaction.Type && ev.Encrypted:
		// The server has not checked that the sender may do this.
		return meeting.Ignored{EventMeta: meta}
	case ev.Type == event.EventRedaction.Type:
		return redaction(ev, meta)
	case ev.Redacted || len(ev.Content) == 0:
		return meeting.Ignored{EventMeta: meta}
	}
	switch ev.Type {
	case event.EventReaction.Type:
		return reaction(ev, meta)
	case event.EventMessage.Type:
		return message(ev, meta)
	case event.EventSticker.Type:
		return related(ev, meeting.Message{EventMeta: meta, Kind: meeting.MessageOther, Body: ev.Content.String("body")})
	case event.EventUnstablePollStart.Type, stableStart:
		return related(ev, meeting.Message{EventMeta: meta, Kind: meeting.MessageOther, Body: pollQuestion(ev.Content)})
	}
	return poll(ev, meta)
}

func (d Decoder) state(ev *Event, meta meeting.EventMeta) meeting.Event {
	switch {
	case ev.Membership() != "" && *ev.StateKey != "":
		return meeting.Membership{
			EventMeta: meta, User: meeting.UserID(*ev.StateKey), Membership: ev.Membership(),
			DisplayName: name(ev.Content.String("displayname")), Self: *ev.StateKey == string(d.Self),
		}
	case ev.IsState(event.StateTombstone.Type, ""):
		if next := ev.Content.reference("replacement_room"); next != "" {
			return meeting.RoomReplaced{EventMeta: meta, Replacement: meeting.RoomID(next)}
		}
	case ev.IsState(event.StateCreate.Type, ""):
		if old := ev.Content.Object("predecessor").reference("room_id"); old != "" {
			return meeting.RoomContinues{EventMeta: meta, Predecessor: meeting.RoomID(old)}
		}
	case ev.IsState(event.StatePowerLevels.Type, ""):
		return meeting.RightsChanged{EventMeta: meta}
	}
	return meeting.Ignored{EventMeta: meta}
}

// maxName is how many characters of a display name are read. Servers allow as
// much in profiles, and whatever fits into an event in member events.
const maxName = 256

// name cuts a display name that is no name any more.
func name(s string) string {
	if r := []rune(s); len(r) > maxName {
		return string(r[:maxName])
	}
	return s
}

// echoKey finds the key of the post that an own event came from.
func echoKey(ev *Event) string {
	if key := ev.Content.String(KeyField); key != "" {
		return key
	}
	return TransactionKey(ev.Transaction)
}

func redaction(ev *Event, meta meeting.EventMeta) meeting.Event {
	// The server sets the top-level field; the one in the content belongs to
	// room version 11 and later, where servers copy it to the top.
	target := ev.Redacts
	if target == "" {
		target = ev.Content.reference("redacts")
	}
	if target == "" {
		return meeting.Ignored{EventMeta: meta}
	}
	return meeting.Redaction{EventMeta: meta, Target: meeting.EventID(target)}
}

func reaction(ev *Event, meta meeting.EventMeta) meeting.Event {
	rel := Relation(ev.Content)
	if rel.GetAnnotationID() == "" || rel.GetAnnotationKey() == "" {
		return meeting.Ignored{EventMeta: meta}
	}
	return meeting.Reaction{
		EventMeta: meta, Target: meeting.EventID(rel.GetAnnotationID()), Key: rel.GetAnnotationKey(),
	}
}

func message(ev *Event, meta meeting.EventMeta) meeting.Event {
	rel := Relation(ev.Content)
	content := ev.Content
	target := rel.GetReplaceID()
	if target != "" {
		if content = ev.Content.Object("m.new_content"); content == nil {
			return meeting.Ignored{EventMeta: meta}
		}
	} else if rel.Type == event.RelReplace {
		return meeting.Ignored{EventMeta: meta}
	}
	m, ok := body(content, rel.GetReplyTo() != "")
	if !ok {
		return meeting.Ignored{EventMeta: meta}
	}
	m.EventMeta, m.Replaces = meta, meeting.EventID(target)
	if target != "" {
		return m
	}
	return related(ev, m)
}

// related adds where a message stands in the conversation.
func related(ev *Event, m meeting.Message) meeting.Event {
	rel := Relation(ev.Content)
	m.Thread = meeting.EventID(rel.GetThreadParent())
	m.ReplyTo = meeting.EventID(rel.GetNonFallbackReplyTo())
	return m
}

// body reads kind, text, file name and mentions of a message content. It is
// false for contents that are no message to people, because nothing is in them.
func body(content Object, reply bool) (meeting.Message, bool) {
	var text *string
	if json.Unmarshal(content["body"], &text) != nil || text == nil {
		return meeting.Message{}, false
	}
	msg := event.MessageEventContent{
		MsgType: event.MessageType(content.String("msgtype")), Body: *text,
		Format: event.Format(content.String("format")), FormattedBody: content.String("formatted_body"),
	}
	out := meeting.Message{Mentions: mentions(content, msg.FormattedBody)}
	switch msg.MsgType {
	case event.MsgText, event.MsgEmote:
		out.Kind = meeting.MessageText
	case event.MsgNotice:
		out.Kind = meeting.MessageNotice
	case event.MsgImage:
		out.Kind = meeting.MessageImage
	case event.MsgFile:
		out.Kind = meeting.MessageFile
	case event.MsgAudio:
		out.Kind = meeting.MessageAudio
	case event.MsgVideo:
		out.Kind = meeting.MessageVideo
	case event.MsgVerificationRequest, "":
		return meeting.Message{}, false
	default:
		out.Kind = meeting.MessageOther
	}
	out.Body = *text
	if reply {
		out.Body = withoutFallback(msg)
	}
	if out.Kind == meeting.MessageText && strings.TrimSpace(out.Body) == "" {
		return meeting.Message{}, false
	}
	if msg.MsgType.IsMedia() {
		msg.FileName = content.String("filename")
		out.FileName, out.Body = msg.GetFileName(), msg.GetCaption()
	}
	return out, true
}

// replyFallback is how clients before Matrix 1.13 quote what they answer.
var replyFallback = regexp.MustCompile(`^> (\* )?<@[^>\s]+:[^>\s]+>`)

// withoutFallback takes the quoted message off a reply. The plain form is
// recognised even where a client sends no HTML.
func withoutFallback(msg event.MessageEventContent) string {
	msg.RelatesTo = &event.RelatesTo{InReplyTo: &event.InReplyTo{EventID: "$"}}
	before := msg.Body
	msg.RemoveReplyFallback()
	if msg.Body != before {
		return msg.Body
	}
	if replyFallback.MatchString(msg.Body) {
		return event.TrimReplyFallbackText(msg.Body)
	}
	return msg.Body
}

// pill is a link to a user in formatted_body.
var pill = regexp.MustCompile(`(?i)href\s*=\s*["']?(?:https?://matrix\.to/#/((?:@|%40)[^"'?/\s>]+)|matrix:u/([^"'?/\s>]+))`)

// maxMentions bounds how many mentioned users are read from one message.
const maxMentions = 100

func mentions(content Object, html string) []meeting.UserID {
	var out []meeting.UserID
	add := func(user string) {
		if u := meeting.UserID(user); strings.HasPrefix(user, "@") && strings.Contains(user, ":") &&
			len(out) < maxMentions && utf8.RuneCountInString(user) <= maxID && !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	for _, user := range content.Object("m.mentions").Strings("user_ids") {
		add(user)
	}
	if !strings.Contains(html, "matrix") {
		return out
	}
	for _, m := range pill.FindAllStringSubmatch(html, maxMentions) {
		user := m[1]
		if user == "" {
			user = "@" + m[2]
		}
		if plain, err := url.PathUnescape(user); err == nil {
			add(plain)
		}
	}
	return out
}

// Undecryptable is what can be said of an encrypted message without its key:
// clients leave the relation in the open.
func Undecryptable(ev *Event, meta meeting.EventMeta, withheld string) meeting.Unreadable {
	rel := Relation(ev.Content)
	return meeting.Unreadable{
		EventMeta: meta, Withheld: withheld,
		Thread:  meeting.EventID(rel.GetThreadParent()),
		ReplyTo: meeting.EventID(rel.GetNonFallbackReplyTo()),
	}
}

// Decrypted returns ev with the readable type and content.
func (e *Event) Decrypted(typ string, content json.RawMessage) *Event {
	out := *e
	out.Type, out.Raw, out.StateKey, out.Encrypted = typ, content, nil, true
	if json.Unmarshal(content, &out.Content) != nil || out.Content == nil {
		out.Content = Object{}
	}
	return &out
}

// Content is mautrix's form of the event's content, not yet parsed.
func (e *Event) EventContent() (event.Content, error) {
	var c event.Content
	err := json.Unmarshal(e.Raw, &c)
	return c, err
}

// UserID is the state key of a member event as a user id.
func (e *Event) UserID() id.UserID {
	return id.UserID(e.key())
}

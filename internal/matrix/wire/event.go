// Package wire translates between Matrix events and the bot's nouns: events
// as servers send them become meeting.Event, posts become event contents. It
// reads what strangers wrote, so it takes nothing for granted: a field of the
// wrong type counts as missing. It knows nothing of sending, keys or storage.
package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// ErrMalformed: the JSON is no Matrix event.
var ErrMalformed = errors.New("malformed event")

// Event is a Matrix event taken apart with exact key names. (Decoding into
// structs would also accept "Sender" for "sender", which servers let through.)
type Event struct {
	ID       string
	Type     string
	Sender   string
	StateKey *string
	SentAt   time.Time // origin_server_ts, UTC, from 1970 to 9999
	Redacts  string    // top-level, as servers write it up to room version 10
	Content  Object
	Raw      json.RawMessage // the content

	Encrypted      bool   // the content was readable only with a key
	Transaction    string // of the bot's own events
	Redacted       bool
	RedactedBy     string // sender of the redaction, if the server says
	PrevMembership string // of member events; empty if the server does not say
}

// Object is a JSON object whose values have not been looked at.
type Object map[string]json.RawMessage

// String is the string under key, or empty.
func (o Object) String(key string) string {
	var s string
	if json.Unmarshal(o[key], &s) != nil {
		return ""
	}
	return s
}

// Object is the object under key; nil if there is none.
func (o Object) Object(key string) Object {
	var v Object
	if json.Unmarshal(o[key], &v) != nil {
		return nil
	}
	return v
}

// Bool is the boolean under key, or false.
func (o Object) Bool(key string) bool {
	var b bool
	return json.Unmarshal(o[key], &b) == nil && b
}

// Strings are the strings in the array under key.
func (o Object) Strings(key string) []string {
	var raw []json.RawMessage
	if json.Unmarshal(o[key], &raw) != nil {
		return nil
	}
	var out []string
	for _, r := range raw {
		var s string
		if json.Unmarshal(r, &s) == nil && s != "" {
			out = append(out, s)
		}
	}
	return out
}

// Int is the whole number under key, or 0.
func (o Object) Int(key string) int64 {
	var n json.Number
	if json.Unmarshal(o[key], &n) != nil {
		return 0
	}
	if i, err := n.Int64(); err == nil {
		return i
	}
	f, err := n.Float64()
	if err != nil || f > 1<<53 || f < -(1<<53) {
		return 0
	}
	return int64(f)
}

// maxID is how long ids, types and state keys can be (Matrix spec, "Size
// limits"). Servers have counted bytes or characters; this counts characters,
// so that nothing is refused that a server lets through.
const maxID = 255

// reference is the id of another event, or empty if it cannot be one.
func (o Object) reference(key string) string {
	if s := o.String(key); utf8.RuneCountInString(s) <= maxID {
		return s
	}
	return ""
}

// latest is the end of the year 9999: later times have no form in RFC 3339.
const latest = 253402300799999

// sentAt reads a time in milliseconds since 1970. Servers pass on what another
// one claims, whatever it is; impossible times become the nearest possible one.
func sentAt(ms int64) time.Time { return time.UnixMilli(min(max(ms, 0), latest)).UTC() }

// Parse takes an event apart. The error is ErrMalformed if it is not an
// object with an id, a type and a sender, or if one of them is too long.
func Parse(raw json.RawMessage) (*Event, error) {
	var top Object
	if err := json.Unmarshal(raw, &top); err != nil {
		return nil, ErrMalformed
	}
	ev := &Event{
		ID:      top.String("event_id"),
		Type:    top.String("type"),
		Sender:  top.String("sender"),
		SentAt:  sentAt(top.Int("origin_server_ts")),
		Redacts: top.reference("redacts"),
		Content: top.Object("content"),
		Raw:     top["content"],
	}
	if key, ok := top["state_key"]; ok {
		var s string
		if json.Unmarshal(key, &s) != nil {
			return nil, fmt.Errorf("%w: state key", ErrMalformed)
		}
		ev.StateKey = &s
	}
	if ev.ID == "" || ev.Type == "" || ev.Sender == "" {
		return nil, fmt.Errorf("%w: id, type or sender missing", ErrMalformed)
	}
	for _, s := range []string{ev.ID, ev.Type, ev.Sender, ev.key()} {
		if utf8.RuneCountInString(s) > maxID {
			return nil, fmt.Errorf("%w: id, type, sender or state key too long", ErrMalformed)
		}
	}
	if ev.Content == nil {
		ev.Content, ev.Raw = Object{}, json.RawMessage("{}")
	}
	unsigned := top.Object("unsigned")
	ev.Transaction = unsigned.String("transaction_id")
	prev := unsigned.Object("prev_content")
	if prev == nil {
		prev = top.Object("prev_content")
	}
	ev.PrevMembership = prev.String("membership")
	if because, ok := unsigned["redacted_because"]; ok && string(because) != "null" {
		ev.Redacted = true
		ev.RedactedBy = unsigned.Object("redacted_because").String("sender")
	}
	return ev, nil
}

// key is the state key, or empty.
func (e *Event) key() string {
	if e.StateKey == nil {
		return ""
	}
	return *e.StateKey
}

// IsState reports whether ev is a state event of the type, with the key.
func (e *Event) IsState(typ, key string) bool {
	return e.Type == typ && e.StateKey != nil && *e.StateKey == key
}

// Membership is the membership that a member event gives its user, or empty.
func (e *Event) Membership() string {
	if e.Type != event.StateMember.Type || e.StateKey == nil {
		return ""
	}
	return e.Content.String("membership")
}

// Joins reports whether ev is the user's coming into the room, and not only a
// new name or picture of somebody who was there.
func (e *Event) Joins(user string) bool {
	return e.Type == event.StateMember.Type && e.StateKey != nil && *e.StateKey == user &&
		e.Membership() == string(event.MembershipJoin) && e.PrevMembership != string(event.MembershipJoin)
}

// Session is the Megolm session of an encrypted event, or empty.
func (e *Event) Session() string {
	if e.Type != event.EventEncrypted.Type {
		return ""
	}
	return e.Content.String("session_id")
}

// Relation is the relation of a content, with mautrix's helpers; never nil.
func Relation(content Object) *event.RelatesTo {
	raw := content.Object("m.relates_to")
	rel := &event.RelatesTo{
		Type:          event.RelationType(raw.String("rel_type")),
		EventID:       id.EventID(raw.reference("event_id")),
		Key:           raw.String("key"),
		IsFallingBack: raw.Bool("is_falling_back"),
	}
	if reply := raw.Object("m.in_reply_to").reference("event_id"); reply != "" {
		rel.InReplyTo = &event.InReplyTo{EventID: id.EventID(reply)}
	}
	return rel
}

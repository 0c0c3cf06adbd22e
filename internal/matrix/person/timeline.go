package person

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/meeting"
)

// KindUnreadable is the Seen.Kind of a message whose key is missing.
const KindUnreadable = "unreadable"

// Seen is a message as a person sees it: decrypted, with edits, redactions and
// reactions applied.
type Seen struct {
	ID     meeting.EventID
	Sender meeting.UserID
	At     time.Time // origin_server_ts, UTC
	// Kind is the msgtype ("m.text", "m.notice", "m.file" …) of messages,
	// KindUnreadable, or the event type of everything else, such as polls.
	Kind string
	Body string // without the fallback of replies
	HTML string
	// FileName is the name of an attachment.
	FileName string
	Thread   meeting.EventID // root of the thread, or empty
	ReplyTo  meeting.EventID // the message answered; not the fallback in threads
	Mentions []meeting.UserID
	Edited   bool
	Redacted bool // then there is no content left
	// Reactions are the people who reacted, by emoji, in the order in which
	// they did.
	Reactions map[string][]meeting.UserID
	// Encrypted says that the message was encrypted on its way.
	Encrypted bool
	// Verified says that it was encrypted by a device that its owner has
	// cross-signed.
	Verified bool
	// Content is the whole content, of the last edit if there is one.
	Content map[string]any

	message *event.MessageEventContent
}

// String shows the message on one line, for error messages.
func (s Seen) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s %q", s.ID, s.Sender, s.Kind, s.Body)
	for _, part := range []struct {
		show bool
		text string
	}{
		{s.FileName != "", " file=" + s.FileName},
		{s.Thread != "", " thread=" + string(s.Thread)},
		{s.ReplyTo != "", " reply-to=" + string(s.ReplyTo)},
		{s.Edited, " edited"},
		{s.Redacted, " redacted"},
		{!s.Encrypted, " plain"},
		{len(s.Mentions) > 0, fmt.Sprintf(" mentions=%v", s.Mentions)},
		{len(s.Reactions) > 0, fmt.Sprintf(" reactions=%v", s.Reactions)},
	} {
		if part.show {
			b.WriteString(part.text)
		}
	}
	return b.String()
}

// item is an event of a room; plain is what it says, nil while its key is
// missing.
type item struct {
	wire  *event.Event
	plain *event.Event
}

// room is what a person has seen of a room.
type room struct {
	items    []*item // in the order of arrival
	known    map[id.EventID]bool
	redacted map[id.EventID]bool
	members  map[id.UserID]event.Membership
}

// room finds or makes the view of a room. p.mu is held.
func (p *Person) room(roomID id.RoomID) *room {
	r := p.rooms[roomID]
	if r == nil {
		r = &room{known: map[id.EventID]bool{}, redacted: map[id.EventID]bool{}, members: map[id.UserID]event.Membership{}}
		p.rooms[roomID] = r
	}
	return r
}

func (p *Person) knows(roomID id.RoomID, ev id.EventID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rooms[roomID]
	return r != nil && r.known[ev]
}

// take adds an event that is not known yet.
func (r *room) take(it *item) {
	ev := it.wire
	if r.known[ev.ID] {
		return
	}
	r.known[ev.ID] = true
	r.takeMember(ev)
	if ev.Unsigned.RedactedBecause != nil {
		r.redacted[ev.ID] = true
	}
	switch redaction, ok := ev.Content.Parsed.(*event.RedactionEventContent); {
	case ev.StateKey != nil: // no message
	case ok && ev.Redacts != "":
		r.redacted[ev.Redacts] = true
	case ok: // since room version 11
		r.redacted[redaction.Redacts] = true
	default:
		r.items = append(r.items, it)
	}
}

func (r *room) takeMember(ev *event.Event) {
	if member, ok := ev.Content.Parsed.(*event.MemberEventContent); ok && ev.StateKey != nil {
		r.members[id.UserID(*ev.StateKey)] = member.Membership
	}
}

// Timeline is what the person sees in a room, in the order of arrival.
// Membership and other state is not part of it.
func (p *Person) Timeline(roomID meeting.RoomID) []Seen {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.room(id.RoomID(roomID)).timeline()
}

// Find returns a message of the timeline.
func (p *Person) Find(roomID meeting.RoomID, ev meeting.EventID) (Seen, bool) {
	seen := p.Timeline(roomID)
	i := slices.IndexFunc(seen, func(s Seen) bool { return s.ID == ev })
	if i < 0 {
		return Seen{}, false
	}
	return seen[i], true
}

// timeline folds the events: messages first, then what changes them.
func (r *room) timeline() []Seen {
	var seen []Seen
	place := map[meeting.EventID]int{}
	var changes []*item
	for _, it := range r.items {
		if it.changes() {
			changes = append(changes, it)
			continue
		}
		s := it.seen()
		if r.redacted[it.wire.ID] {
			s.redact()
		}
		place[s.ID] = len(seen)
		seen = append(seen, s)
	}
	// What was read later than sync should have brought it is the last item, and
	// not the last change.
	slices.SortStableFunc(changes, func(a, b *item) int { return cmp.Compare(a.wire.Timestamp, b.wire.Timestamp) })
	for _, it := range changes {
		if r.redacted[it.wire.ID] {
			continue
		}
		switch content := it.plain.Content.Parsed.(type) {
		case *event.ReactionEventContent:
			if i, ok := place[meeting.EventID(content.RelatesTo.EventID)]; ok {
				seen[i].react(content.RelatesTo.Key, meeting.UserID(it.wire.Sender))
			}
		case *event.MessageEventContent:
			i, ok := place[meeting.EventID(content.RelatesTo.EventID)]
			if ok && seen[i].Sender == meeting.UserID(it.wire.Sender) {
				seen[i].edit(it.plain)
			}
		}
	}
	return seen
}

// changes reports whether the event is a reaction or an edit.
func (it *item) changes() bool {
	if it.plain == nil {
		return false
	}
	switch content := it.plain.Content.Parsed.(type) {
	case *event.ReactionEventContent:
		return true
	case *event.MessageEventContent:
		return content.RelatesTo.GetReplaceID() != ""
	}
	return false
}

// seen shows the event by itself.
func (it *item) seen() Seen {
	s := Seen{
		ID:        meeting.EventID(it.wire.ID),
		Sender:    meeting.UserID(it.wire.Sender),
		At:        time.UnixMilli(it.wire.Timestamp).UTC(),
		Kind:      KindUnreadable,
		Encrypted: it.wire.Type == event.EventEncrypted,
	}
	relation := relationOf(it.wire)
	if it.plain != nil {
		relation = relationOf(it.plain)
		s.Kind = it.plain.Type.Type
		s.Verified = s.Encrypted && it.plain.Mautrix.TrustState >= id.TrustStateCrossSignedTOFU
		s.show(it.plain.Content.Raw, messageOf(it.plain))
	}
	s.Thread = meeting.EventID(relation.GetThreadParent())
	s.ReplyTo = meeting.EventID(relation.GetNonFallbackReplyTo())
	return s
}

// show sets what an edit changes.
func (s *Seen) show(raw map[string]any, m *event.MessageEventContent) {
	s.Content = raw
	if m == nil {
		return
	}
	stripped := *m
	stripped.RemoveReplyFallback()
	s.message = m
	s.Kind = string(m.MsgType)
	s.Body = stripped.Body
	s.HTML = ""
	if m.Format == event.FormatHTML {
		s.HTML = stripped.FormattedBody
	}
	s.FileName = ""
	if m.MsgType.IsMedia() {
		s.FileName = m.GetFileName()
	}
	s.Mentions = nil
	if m.Mentions != nil {
		for _, u := range m.Mentions.UserIDs {
			s.Mentions = append(s.Mentions, meeting.UserID(u))
		}
	}
}

func (s *Seen) edit(ev *event.Event) {
	m := messageOf(ev)
	if s.Redacted || m == nil || m.NewContent == nil {
		return
	}
	raw, _ := ev.Content.Raw["m.new_content"].(map[string]any)
	s.show(raw, m.NewContent)
	s.Edited = true
}

func (s *Seen) redact() {
	*s = Seen{ID: s.ID, Sender: s.Sender, At: s.At, Kind: s.Kind, Encrypted: s.Encrypted, Redacted: true}
}

func (s *Seen) react(key string, by meeting.UserID) {
	if s.Redacted || slices.Contains(s.Reactions[key], by) {
		return
	}
	if s.Reactions == nil {
		s.Reactions = map[string][]meeting.UserID{}
	}
	s.Reactions[key] = append(s.Reactions[key], by)
}

func messageOf(ev *event.Event) *event.MessageEventContent {
	m, _ := ev.Content.Parsed.(*event.MessageEventContent)
	return m
}

// relationOf is the event's m.relates_to, or nil, on which all methods work.
func relationOf(ev *event.Event) *event.RelatesTo {
	if c, ok := ev.Content.Parsed.(interface{ OptionalGetRelatesTo() *event.RelatesTo }); ok {
		return c.OptionalGetRelatesTo()
	}
	return nil
}

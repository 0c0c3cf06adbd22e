package meeting

import "time"

// SyncBatch is what one answer to /sync brings, ready to be stored in one
// transaction together with the token that asks for the following one.
type SyncBatch struct {
	Next    string // the new sync token
	At      time.Time
	Rooms   []RoomBatch
	Invites []Invite
}

// RoomBatch is one room's part of a SyncBatch.
type RoomBatch struct {
	Room RoomID
	// Limited says that the server left out events before Events. PrevBatch
	// is where to read them.
	Limited   bool
	PrevBatch string
	// Encrypted is true if the batch holds an m.room.encryption event.
	Encrypted bool
	Events    []RawEvent // in server order; state first, then timeline
}

// RawEvent is an event as the server sent it, still encrypted.
type RawEvent struct {
	ID      EventID
	Room    RoomID
	Session string // Megolm session id, for encrypted events
	JSON    []byte
}

// InboxState says what a row of the inbox waits for.
type InboxState string

// The states of an inbox row.
const (
	InboxNew     InboxState = "new"      // to be handled
	InboxWaitKey InboxState = "wait_key" // stored until its key arrives
	InboxFetch   InboxState = "fetch"    // to be fetched from the server again, then handled
	InboxDone    InboxState = "done"     // handled; only the event id is kept
	InboxDead    InboxState = "dead"     // given up and reported
)

// HeldAttempts is after how many failed attempts an event no longer holds up its
// room: what comes after it is handled, and the event goes on waiting.
const HeldAttempts = 5

// InboxRow is one stored event with its place in the server's order.
type InboxRow struct {
	RawEvent
	State    InboxState
	Order    Order
	Received time.Time // UTC
	Attempts int
	Told     bool // the sender has been told that the message is unreadable
}

// Order is an event's place in its room: the number of the sync answer, and
// the position in it (negative for events that filled the gap before it).
type Order struct {
	Batch int64
	Pos   int64
}

// Before reports whether o comes before p.
func (o Order) Before(p Order) bool {
	return o.Batch < p.Batch || o.Batch == p.Batch && o.Pos < p.Pos
}

// Gap is a hole in a room's timeline that is to be filled from /messages.
// While a room has an open gap its later events wait.
type Gap struct {
	ID        int64
	Room      RoomID
	PrevBatch string
	Attempts  int
	Refusals  int // refused attempts in a row
	// Asked is the open Check of the room after an outage that filling the gap
	// answers, by its Asked; 0 if there was none when the gap was listed.
	Asked int64
	Since time.Time
}

// Check is a prompt's thread that is to be compared with the server's own list
// of its replies, or a room with all that the server has in it: before the meeting
// closes, or after an outage.
type Check struct {
	ID      int64
	Meeting int64 // 0 after an outage
	Room    RoomID
	Root    EventID
	// Older are events from before Root that will do as well for a whole room: a
	// server that was killed may not show every event that it has handed out.
	Older []EventID
	// Whole asks for everything in the room after Root: an answer outside the
	// threads, an edit or a removal is in no list of the server's.
	Whole    bool
	Attempts int
	Refusals int   // refused attempts in a row
	Asked    int64 // how often a room was asked for; one asked for anew is another one
	Since    time.Time
}

// Invite is an invitation of the bot to a room.
type Invite struct {
	Room    RoomID
	Inviter UserID
	Direct  bool // the inviter meant a direct conversation
	At      time.Time
}

// Event is something that happened in a room, decoded and readable. The
// concrete types are Message, Redaction, Reaction, PollResponse, PollEnd,
// Membership, RoomReplaced, RoomContinues, RightsChanged, Failed,
// Echo, Unreadable and Ignored.
type Event interface{ Meta() EventMeta }

// EventMeta is what all events have.
type EventMeta struct {
	ID     EventID
	Room   RoomID
	Sender UserID
	SentAt time.Time // origin_server_ts: for showing, never for rights
	Order  Order
	// Received is when the bot stored the event, in UTC.
	Received time.Time
	// Fetched says that the bot asked for this event again.
	Fetched bool
}

// Meta returns the event's metadata.
func (m EventMeta) Meta() EventMeta { return m }

// MessageKind says what a message carries.
type MessageKind string

// The kinds of messages.
const (
	MessageText   MessageKind = "text" // m.text and m.emote
	MessageNotice MessageKind = "notice"
	MessageImage  MessageKind = "image"
	MessageFile   MessageKind = "file"
	MessageAudio  MessageKind = "audio"
	MessageVideo  MessageKind = "video"
	MessageOther  MessageKind = "other" // polls, locations, stickers …
)

// Message is a message or an edit of one.
type Message struct {
	EventMeta
	Kind MessageKind
	// Body is the text without reply fallback; for attachments the caption.
	Body string
	// FileName names an attachment.
	FileName string
	// Thread is the root of the thread that the message is in, or empty.
	Thread EventID
	// ReplyTo is the message that this one answers, or empty. The fallback
	// that threads carry for older clients does not count.
	ReplyTo EventID
	// Replaces is the event that this one is an edit of, or empty.
	Replaces EventID
	// Mentions are the users named by pills or by m.mentions.
	Mentions []UserID
}

// Redaction removes an event. One that the server does not honour is Ignored.
type Redaction struct {
	EventMeta
	Target EventID
}

// Reaction is an emoji on an event.
type Reaction struct {
	EventMeta
	Target EventID
	Key    string // as sent; see NormalEmoji
}

// PollResponse is somebody's answer to a poll: the ids of the options, none if
// the answer is taken back.
type PollResponse struct {
	EventMeta
	Target  EventID
	Answers []string
}

// PollEnd says that somebody ended a poll in their client.
type PollEnd struct {
	EventMeta
	Target EventID
}

// Membership is a change of somebody's membership in a room.
type Membership struct {
	EventMeta
	User        UserID
	Membership  string // join, invite, leave, ban, knock (Matrix spec, m.room.member)
	DisplayName string
	Self        bool // the user is the bot
}

// RoomReplaced says that the room was upgraded (m.room.tombstone); Checked
// means that the new room names the old one as its predecessor and that the
// bot has joined it.
type RoomReplaced struct {
	EventMeta
	Replacement RoomID
	Checked     bool
}

// RoomContinues says that the room was made to replace another one
// (m.room.create with a predecessor). It proves nothing unless the other room
// says so too.
type RoomContinues struct {
	EventMeta
	Predecessor RoomID
}

// RightsChanged says that somebody changed what users may do in the room.
type RightsChanged struct{ EventMeta }

// RoomNamed is a change of a room's name or alias; the bot needs neither.
// Ignored is any event that the bot has no use for.
type Ignored struct{ EventMeta }

// Echo is the bot's own event coming back from the server.
type Echo struct {
	EventMeta
	Key string // the post's key; empty if the event carries none that can be read
	// Fingerprint is the key's, of an event that cannot be read; it stands beside
	// the encrypted content.
	Fingerprint string
}

// Unreadable is a message whose key has not arrived within the retry window.
// The message stays stored; if the key comes later, a Message follows.
type Unreadable struct {
	EventMeta
	Thread  EventID
	ReplyTo EventID
	// Withheld is the code with which the sender's client refused the key
	// (m.unverified, m.blacklisted, m.no_olm, m.unavailable, m.unauthorised),
	// or empty.
	Withheld string
}

// Failed is an event that could not be handled in spite of several attempts.
type Failed struct {
	EventMeta
	Type string // the Matrix event type
}

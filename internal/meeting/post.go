package meeting

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

// PostKind says how a post appears.
type PostKind string

// The kinds of posts.
const (
	PostText     PostKind = "text"     // m.text: what people must notice
	PostNotice   PostKind = "notice"   // m.notice: receipts and answers, clients do not ring
	PostEdit     PostKind = "edit"     // m.replace of Target, with Markdown as the new content
	PostReaction PostKind = "reaction" // Emoji on Target
	PostRedact   PostKind = "redact"   // removal of Target
	PostFile     PostKind = "file"     // a file, encrypted where the room is
	PostPoll     PostKind = "poll"     // the poll Form, with Markdown for clients that know no polls
	PostPollEnd  PostKind = "poll_end" // ends the poll Target, with Markdown in the same way
	PostRoom     PostKind = "room"     // makes the room Make; its id stands in for the event's
	PostInvite   PostKind = "invite"   // invites User
	PostLevel    PostKind = "level"    // gives User the power level Level
	PostPin      PostKind = "pin"      // pins Target in the room, beside what is pinned there
)

// Ref points at an event: by its id, or by the key of the post that becomes
// it. A key is resolved when the post that has the Ref is sent.
type Ref struct {
	Event EventID
	Key   string
}

// IsZero reports whether the Ref points nowhere.
func (r Ref) IsZero() bool { return r.Event == "" && r.Key == "" }

// Post is one message on its way out. Handlers never send: they store posts in
// the transaction that changes the state, and the outbox delivers them, oldest
// first per room.
type Post struct {
	// Key is unique, identifies the post for ever, and is the Matrix
	// transaction id. Storing a second post with the same key does nothing.
	Key  string
	Room RoomID
	// To is the receiver of a direct message; then Room is empty.
	To       UserID
	Kind     PostKind
	Markdown string
	Emoji    string
	Thread   Ref // root of the thread to post in
	ReplyTo  Ref
	Target   Ref // of an edit, a reaction or a redaction
	// Mentions are the users to notify; nobody else is, whatever the text says.
	Mentions []UserID
	File     *File
	Form     *PollForm
	Make     *NewRoom
	User     UserID
	Level    int
	// Again has somebody invited once more who is invited already; Markdown is
	// then the reason that they see.
	Again bool
	// Fresh asks for new encryption keys for all current members first.
	Fresh bool
	// Meeting and Prompt say what the post is about, so that replies to it can
	// be placed; zero for none.
	Meeting int64
	Prompt  int
	// Quotes is the meeting whose entries the text quotes, so that it can be
	// taken down when one of them is removed; 0 for none.
	Quotes int64
	// About is the event that the post is about, such as the loose message
	// that a question to the leader concerns.
	About EventID
}

// NewRoom is a room to be made: encrypted, by invitation only, its history
// visible to members from their invitation on.
type NewRoom struct {
	Name string
	// Space is the mark of the space that the room goes into, SpaceName its
	// name, and SpaceMembers are those who are to see it.
	Space        string
	SpaceName    string
	SpaceMembers []UserID
}

// File is an attachment of a post. A picture has a width and a height, and the
// post's Markdown says what is in it.
type File struct {
	Name          string
	Type          string // MIME type
	Data          []byte
	Width, Height int `json:",omitempty"` // in pixels
}

// DoublePrefix begins the key of a post that takes down another post's second
// event; the event's id follows.
const DoublePrefix = "double/"

// Fingerprint is what tells a post's key to those who know it, and nothing to
// others.
func Fingerprint(key string) string {
	sum := sha256.Sum256([]byte(key))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Delivery is a post that is due, with its references resolved.
type Delivery struct {
	Post
	ThreadID  EventID
	ReplyToID EventID
	TargetID  EventID
	Attempts  int
	// Lane is the queue that the post is in: a room, a receiver of direct
	// messages, or one beside a room for what the room's other posts overtake.
	Lane    string
	Created time.Time
}

// Sentinel errors of delivery.
var (
	// ErrForbidden: the bot lacks the right, or is not in the room.
	ErrForbidden = errors.New("forbidden")
	// ErrTooLarge: the server refuses the size.
	ErrTooLarge = errors.New("too large")
	// ErrRejected: the server refuses for another lasting reason.
	ErrRejected = errors.New("rejected")
	// ErrUnsafe: the room was encrypted once and its state says it no longer
	// is, so nothing may be sent there.
	ErrUnsafe = errors.New("room is no longer encrypted")
)

// RetryError says that a later attempt may succeed.
type RetryError struct {
	After time.Duration // the server's wish; 0 for none
	Limit bool          // the server limits the rate (429)
	Err   error
}

func (e *RetryError) Error() string { return fmt.Sprintf("try again: %v", e.Err) }

// Unwrap returns the cause.
func (e *RetryError) Unwrap() error { return e.Err }

// PostRecord is what is known of a post after it was queued.
type PostRecord struct {
	Key     string
	Room    RoomID
	To      UserID // of a direct message whose room is not known yet
	Kind    PostKind
	State   PostState
	Event   EventID
	Echoed  bool // seen in the room's timeline
	Meeting int64
	Prompt  int
	About   EventID
}

// PostState is where a post stands.
type PostState string

// The states of a post.
const (
	PostPending   PostState = "pending"
	PostSent      PostState = "sent"
	PostFailed    PostState = "failed"
	PostCancelled PostState = "cancelled"
)

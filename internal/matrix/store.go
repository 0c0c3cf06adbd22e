package matrix

import (
	"context"
	"time"

	"blnbot/internal/meeting"
)

// Store is where the adapter keeps what must survive a crash. The database of
// the bot implements it; everything here is durable when the call returns.
type Store interface {
	// SyncToken is the token of the last stored sync answer, empty at first.
	SyncToken(ctx context.Context) (string, error)
	// StoreSync stores all of a sync answer and its token in one transaction.
	// Events that are known already are left as they are.
	StoreSync(ctx context.Context, b meeting.SyncBatch) error

	// Began is when the first sync answer ever was stored (SyncBatch.At); zero
	// before. Filling a gap never goes further back: what was said in a room
	// before the bot looked at it is history, not something to act on.
	Began(ctx context.Context) (time.Time, error)

	// NextInbox returns the oldest rows that can be handled at now, of any room
	// but those in skip, at most limit. Rows of a room with an open gap wait, as
	// do rows whose next attempt lies ahead. A row that waited for its key, or is
	// to be fetched, comes alone.
	NextInbox(ctx context.Context, now time.Time, skip []meeting.RoomID, limit int) ([]meeting.InboxRow, error)
	// WaitForKey parks a row until KeyArrived names its session, or until next
	// for another look.
	WaitForKey(ctx context.Context, id meeting.EventID, next time.Time) error
	// KeyArrived makes the rows that wait for the session ready.
	KeyArrived(ctx context.Context, session string) error
	// RetryInbox counts a failed attempt and parks the row until next.
	RetryInbox(ctx context.Context, id meeting.EventID, next time.Time) error
	// BuryInbox gives a row up: its content is deleted, its id is kept.
	BuryInbox(ctx context.Context, id meeting.EventID) error

	// OpenGaps lists the first open gap of each room, if it can be worked on at now.
	OpenGaps(ctx context.Context, now time.Time) ([]meeting.Gap, error)
	// KnownEvents returns which of the ids the inbox has.
	KnownEvents(ctx context.Context, ids []meeting.EventID) (map[meeting.EventID]bool, error)
	// FillGap stores the events of a gap and closes the gap. Events come oldest
	// first, those that the inbox has among them. What follows events of the sync
	// answer that reported the gap, or of later ones, has its place after them; what
	// has an event of an earlier answer behind it, after what precedes it; the
	// others, before the answer that reported the gap. Events that came late show
	// no places. The gap also ends the room's check after an outage, if it was asked
	// for before the gap was listed.
	FillGap(ctx context.Context, gap meeting.Gap, events []meeting.RawEvent, now time.Time) error
	// RetryGap counts a failed attempt, notes gap.Refusals and parks the gap until
	// next.
	RetryGap(ctx context.Context, gap meeting.Gap, next time.Time) error
	// LoseGap closes a gap that cannot be filled; minutes count it.
	LoseGap(ctx context.Context, gap meeting.Gap, now time.Time) error

	// LookBack asks for every room to be compared with the server: from an event
	// on that was known well before the last stored sync answer. A room with a
	// gap is compared by filling it.
	LookBack(ctx context.Context, now time.Time) error
	// OpenChecks lists some of the threads and rooms that are to be compared with
	// the server at now; threads when their room has been.
	OpenChecks(ctx context.Context, now time.Time) ([]meeting.Check, error)
	// FinishCheck stores what the inbox lacked and ends the check. Events come oldest
	// first; those among them that the inbox has, and that did not come late, show
	// the others their places. As RetryCheck and LoseCheck it leaves alone what was
	// asked for anew meanwhile.
	FinishCheck(ctx context.Context, c meeting.Check, events []meeting.RawEvent, now time.Time) error
	// RetryCheck counts an attempt, notes c.Refusals and parks the check until next.
	RetryCheck(ctx context.Context, c meeting.Check, next time.Time) error
	// LoseCheck ends a check that cannot be made; minutes count it as a gap.
	LoseCheck(ctx context.Context, c meeting.Check) error

	// Encrypted reports the sticky flag: whether the room was ever encrypted.
	Encrypted(ctx context.Context, room meeting.RoomID) (bool, error)
	// SetEncrypted sets the sticky flag; nothing takes it back.
	SetEncrypted(ctx context.Context, room meeting.RoomID) error

	// DirectRoom is the room for direct messages with the user, or empty.
	DirectRoom(ctx context.Context, user meeting.UserID) (meeting.RoomID, error)
	SetDirectRoom(ctx context.Context, user meeting.UserID, room meeting.RoomID) error

	// Invites lists the invitations that have not been answered and can be at now.
	Invites(ctx context.Context, now time.Time) ([]meeting.Invite, error)
	RetryInvite(ctx context.Context, room meeting.RoomID, next time.Time) error
	DeleteInvite(ctx context.Context, room meeting.RoomID) error
}

// Handler decides what events mean. It touches the database only; each call is
// one transaction that also marks the events' inbox rows as done (for
// meeting.Unreadable it marks it as told instead, and the row stays).
type Handler interface {
	Handle(ctx context.Context, ev meeting.Event) error
	// HandleAll handles several events, in this order, in one transaction: if one
	// of them fails none has been handled.
	HandleAll(ctx context.Context, evs []meeting.Event) error
	// Welcome reports whether an invitation is to be accepted.
	Welcome(ctx context.Context, inv meeting.Invite) (bool, error)
}

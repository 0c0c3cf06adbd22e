package matrix

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// cryptoStore is mautrix's store, which remembers that a write has failed.
// The machine only logs such failures, and goes on as if a key were kept that
// is not.
type cryptoStore struct {
	*crypto.SQLCryptoStore
	mu     sync.Mutex
	failed error
}

var _ crypto.Store = (*cryptoStore)(nil)

// err is ErrCryptoStore if a write has ever failed.
func (s *cryptoStore) err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// note remembers a failed write, unless it was called off: then the caller
// knows that it has not been made.
func (s *cryptoStore) note(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return s.fail(err)
}

// fail makes the store fail for the rest of the process's life.
func (s *cryptoStore) fail(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = fmt.Errorf("%w: %w", ErrCryptoStore, err)
	}
	return err
}

// repairing marks the context in which mautrix repairs broken Olm sessions by
// itself, beside everything else.
type repairing struct{}

// noteUnless leaves out failures of a repair: it may have had to give way to
// a transaction that holds the database, and is tried again with the next
// message that cannot be read.
func (s *cryptoStore) noteUnless(ctx context.Context, err error) error {
	if ctx.Value(repairing{}) != nil {
		return err
	}
	return s.note(err)
}

func (s *cryptoStore) PutAccount(ctx context.Context, a *crypto.OlmAccount) error {
	return s.note(s.SQLCryptoStore.PutAccount(ctx, a))
}

func (s *cryptoStore) AddSession(ctx context.Context, k id.SenderKey, o *crypto.OlmSession) error {
	return s.noteUnless(ctx, s.SQLCryptoStore.AddSession(ctx, k, o))
}

func (s *cryptoStore) UpdateSession(ctx context.Context, k id.SenderKey, o *crypto.OlmSession) error {
	return s.noteUnless(ctx, s.SQLCryptoStore.UpdateSession(ctx, k, o))
}

func (s *cryptoStore) PutOlmHash(ctx context.Context, hash [32]byte, at time.Time) error {
	return s.note(s.SQLCryptoStore.PutOlmHash(ctx, hash, at))
}

// PutGroupSession stores a Megolm session, unless there is one that must not be
// lost: every member of a room has the others' sessions, and could hand them to
// the bot once more as if they were for another room, or began later.
func (s *cryptoStore) PutGroupSession(ctx context.Context, g *crypto.InboundGroupSession) error {
	keep, err := s.keeps(ctx, g)
	if err != nil {
		return s.note(err)
	}
	if keep {
		return nil
	}
	return s.note(s.SQLCryptoStore.PutGroupSession(ctx, g))
}

const sessionOrigin = `SELECT room_id, sender_key, coalesce(key_source, '') FROM crypto_megolm_inbound_session
WHERE session_id = $1 AND account_id = $2 AND session IS NOT NULL`

// keeps reports whether the session that is there stays. What the sender's own
// device gave takes the place of what somebody passed on; besides, only the
// same session from an earlier message on is better.
func (s *cryptoStore) keeps(ctx context.Context, g *crypto.InboundGroupSession) (bool, error) {
	var room id.RoomID
	var sender id.SenderKey
	var source id.KeySource
	err := s.DB.QueryRow(ctx, sessionOrigin, g.ID(), s.AccountID).Scan(&room, &sender, &source)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look up session: %w", err)
	case source == id.KeySourceForward && g.KeySource == id.KeySourceDirect:
		return false, nil
	case room != g.RoomID || sender != g.SenderKey:
		return true, nil
	}
	old, err := s.GetGroupSession(ctx, room, g.ID())
	if err != nil || old == nil {
		return false, err
	}
	from := old.Internal.FirstKnownIndex()
	if g.Internal.FirstKnownIndex() >= from {
		return true, nil
	}
	was, err := old.Internal.Export(from)
	if err != nil {
		return false, fmt.Errorf("compare sessions: %w", err)
	}
	is, err := g.Internal.Export(from)
	return err != nil || !bytes.Equal(was, is), nil
}

const (
	sessionMakers = `SELECT sender_key, coalesce(signing_key, '') FROM crypto_megolm_inbound_session
WHERE session_id = $1 AND account_id = $2 AND session IS NOT NULL`
	deviceOwners = `SELECT count(CASE WHEN user_id = $3 THEN 1 END), count(CASE WHEN user_id <> $3 THEN 1 END) FROM crypto_device
WHERE identity_key = $1 AND signing_key = $2`
)

// makers tells whether a device of the user has made a Megolm session, and whether
// one of others has. A device's keys are signed by themselves together with the
// name of their user, so nobody can claim another's. Neither is true of sessions
// and devices that are not known.
func (s *cryptoStore) makers(ctx context.Context, session id.SessionID, user id.UserID) (own, others bool, err error) {
	var identity, signing string
	err = s.DB.QueryRow(ctx, sessionMakers, session, s.AccountID).Scan(&identity, &signing)
	if errors.Is(err, sql.ErrNoRows) {
		return false, false, nil
	}
	var mine, theirs int
	if err == nil {
		err = s.DB.QueryRow(ctx, deviceOwners, identity, signing, user).Scan(&mine, &theirs)
	}
	if err != nil {
		return false, false, fmt.Errorf("look up session's maker: %w", err)
	}
	return mine > 0, theirs > 0, nil
}

func (s *cryptoStore) PutWithheldGroupSession(ctx context.Context, c event.RoomKeyWithheldEventContent) error {
	return s.note(s.SQLCryptoStore.PutWithheldGroupSession(ctx, c))
}

func (s *cryptoStore) AddOutboundGroupSession(ctx context.Context, g *crypto.OutboundGroupSession) error {
	return s.note(s.SQLCryptoStore.AddOutboundGroupSession(ctx, g))
}

func (s *cryptoStore) UpdateOutboundGroupSession(ctx context.Context, g *crypto.OutboundGroupSession) error {
	return s.note(s.SQLCryptoStore.UpdateOutboundGroupSession(ctx, g))
}

func (s *cryptoStore) RemoveOutboundGroupSession(ctx context.Context, room id.RoomID) error {
	return s.note(s.SQLCryptoStore.RemoveOutboundGroupSession(ctx, room))
}

func (s *cryptoStore) PutDevices(ctx context.Context, u id.UserID, d map[id.DeviceID]*id.Device) error {
	return s.note(s.SQLCryptoStore.PutDevices(ctx, u, d))
}

// sharing marks the context in which a room's key is given to devices; its value
// is a *shareMarks.
type sharing struct{}

// shareMarks are the devices that a key was given to.
type shareMarks []shareMark

type shareMark struct {
	user    id.UserID
	device  id.IdentityKey
	session id.SessionID
}

// MarkOutboundGroupSessionShared notes that a device was given a key, or leaves
// that to whoever shares the key.
func (s *cryptoStore) MarkOutboundGroupSessionShared(ctx context.Context, u id.UserID, k id.IdentityKey, session id.SessionID) error {
	if marks, ok := ctx.Value(sharing{}).(*shareMarks); ok {
		*marks = append(*marks, shareMark{u, k, session})
		return nil
	}
	return s.SQLCryptoStore.MarkOutboundGroupSessionShared(ctx, u, k, session)
}

package matrix

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/meeting"
)

// session is the bot's login. It lives beside the keys that belong to it, so
// that a lost crypto database always means a new device.
type session struct {
	user   id.UserID
	device id.DeviceID
	token  string // empty between choosing a device and logging it in
	pickle []byte // encrypts what mautrix stores
	signed bool   // the server has once shown the device as cross-signed
}

const (
	createSessionSQL = `CREATE TABLE IF NOT EXISTS blnbot_session (
		id      INTEGER PRIMARY KEY CHECK (id = 1),
		user    TEXT NOT NULL,
		device  TEXT NOT NULL,
		token   TEXT NOT NULL,
		pickle  BLOB NOT NULL,
		signed  INTEGER NOT NULL DEFAULT 0
	) STRICT`
	getSessionSQL   = `SELECT user, device, token, pickle, signed FROM blnbot_session WHERE id = 1`
	storeSessionSQL = `INSERT INTO blnbot_session (id, user, device, token, pickle, signed) VALUES (1, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET device = excluded.device, token = excluded.token, signed = excluded.signed`
)

func getSession(ctx context.Context, db *sql.DB) (*session, error) {
	if _, err := db.ExecContext(ctx, createSessionSQL); err != nil {
		return nil, fmt.Errorf("create session table: %w", err)
	}
	s := &session{}
	err := db.QueryRowContext(ctx, getSessionSQL).Scan(&s.user, &s.device, &s.token, &s.pickle, &s.signed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("get session: %w", err)
	}
	return s, nil
}

func (s *session) store(ctx context.Context, db *sql.DB) error {
	signed := 0
	if s.signed {
		signed = 1
	}
	_, err := db.ExecContext(ctx, storeSessionSQL, string(s.user), string(s.device), s.token, s.pickle, signed)
	if err != nil {
		return fmt.Errorf("store session: %w", err)
	}
	return nil
}

// deviceAlphabet has no letters that are easily confused when read aloud.
const deviceAlphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

func newSession(user meeting.UserID) *session {
	s := &session{user: id.UserID(user), pickle: make([]byte, 32)}
	name := make([]byte, 10)
	_, _ = rand.Read(s.pickle) // never fails (crypto/rand)
	_, _ = rand.Read(name)
	for i, b := range name {
		name[i] = deviceAlphabet[int(b)%len(deviceAlphabet)]
	}
	s.device = id.DeviceID(name)
	return s
}

// login gives api a session: the stored one, or a new one that is stored
// before it is used for anything.
func login(ctx context.Context, api *mautrix.Client, o Options) (*session, error) {
	s, err := getSession(ctx, o.CryptoDB)
	if err != nil {
		return nil, err
	}
	if s != nil && s.user != id.UserID(o.User) {
		return nil, fmt.Errorf("%w: crypto database of %s", ErrOtherUser, s.user)
	}
	if s != nil && s.token != "" {
		return s, resume(ctx, api, s)
	}
	if s == nil {
		s = newSession(o.User)
	}
	switch {
	case o.AccessToken != "":
		err = adopt(ctx, api, s, strings.TrimSpace(o.AccessToken))
	case o.Password != "":
		// The device is on record before the server knows it: an answer that
		// gets lost leaves no second device behind.
		if err = s.store(ctx, o.CryptoDB); err == nil {
			err = loginWithPassword(ctx, api, s, o)
		}
	default:
		return nil, ErrNoCredentials
	}
	if err != nil {
		return nil, err
	}
	return s, s.store(ctx, o.CryptoDB)
}

// resume checks that the server still knows the stored session.
func resume(ctx context.Context, api *mautrix.Client, s *session) error {
	api.UserID, api.DeviceID, api.AccessToken = s.user, s.device, s.token
	who, err := api.Whoami(ctx)
	if err != nil {
		return newFault("check session", err)
	}
	if who.UserID != s.user || (who.DeviceID != "" && who.DeviceID != s.device) {
		return fmt.Errorf("check session: %w", ErrOtherUser)
	}
	return nil
}

// adopt takes over a configured access token.
func adopt(ctx context.Context, api *mautrix.Client, s *session, token string) error {
	api.UserID, api.AccessToken = s.user, token
	who, err := api.Whoami(ctx)
	if err = newFault("check access token", err); err != nil {
		if statusIs(err, http.StatusUnauthorized) || statusIs(err, http.StatusForbidden) {
			return fmt.Errorf("%w (%d)", ErrWrongToken, asFault(err).status)
		}
		return err
	}
	if who.UserID != s.user {
		return fmt.Errorf("check access token: %w: %s", ErrOtherUser, who.UserID)
	}
	if who.DeviceID == "" {
		return fmt.Errorf("check access token: %w", ErrNoDevice)
	}
	s.device, s.token = who.DeviceID, token
	api.DeviceID = s.device
	return nil
}

func loginWithPassword(ctx context.Context, api *mautrix.Client, s *session, o Options) error {
	resp, err := api.Login(ctx, &mautrix.ReqLogin{
		Type:       mautrix.AuthTypePassword,
		Identifier: mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: string(o.User)},
		Password:   o.Password, DeviceID: s.device, InitialDeviceDisplayName: o.DeviceName,
	})
	if err = newFault("log in", err); err != nil {
		if statusIs(err, http.StatusForbidden) || statusIs(err, http.StatusUnauthorized) {
			return fmt.Errorf("%w (%s)", ErrWrongPassword, asFault(err).code)
		}
		return err
	}
	if resp.UserID != s.user {
		return fmt.Errorf("log in: %w: %s", ErrOtherUser, resp.UserID)
	}
	s.device, s.token = resp.DeviceID, resp.AccessToken
	api.UserID, api.DeviceID, api.AccessToken = s.user, s.device, s.token
	return nil
}

package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"go.mau.fi/util/retryafter"
	"maunium.net/go/mautrix"

	"blnbot/internal/meeting"
)

// Errors of Open and Run. Those about accounts are for a person to solve;
// only ErrUnreachable goes away by waiting.
var (
	// ErrUnreachable: no usable answer from the server; try again later.
	ErrUnreachable = errors.New("homeserver unreachable")
	// ErrNoCredentials: there is no session yet, and neither password nor token.
	ErrNoCredentials = errors.New("first login needs a password or an access token")
	// ErrWrongPassword: the server refuses user and password.
	ErrWrongPassword = errors.New("wrong user or password")
	// ErrWrongToken: the server refuses the configured access token.
	ErrWrongToken = errors.New("access token refused")
	// ErrOtherUser: token or stored session belong to somebody else.
	ErrOtherUser = errors.New("session belongs to another user")
	// ErrNoDevice: the access token is not tied to a device.
	ErrNoDevice = errors.New("access token has no device")
	// ErrDeviceInUse: the token's device already has another client's keys.
	ErrDeviceInUse = errors.New("device is in use by another client")
	// ErrLoggedOut: the server no longer knows the bot's session or its keys.
	// The crypto database must be deleted and the bot logged in again.
	ErrLoggedOut = errors.New("logged out by the server")
	// ErrIdentityExists: the account has a cross-signing identity, and the
	// recovery key that would let the bot use it is missing or does not fit.
	ErrIdentityExists = errors.New("account has an identity that the recovery key does not open")
	// ErrNeedsApproval: the server wants the account's owner to approve the
	// new identity.
	ErrNeedsApproval = errors.New("server wants approval for a new identity")
	// ErrRecoveryKey: the recovery key file cannot be read, written or used.
	ErrRecoveryKey = errors.New("recovery key file")
	// ErrCryptoStore: the crypto database fails. The process should end, for
	// keys in memory may be ahead of those on disk; what is not stored will be
	// asked for again.
	ErrCryptoStore = errors.New("crypto database fails")
	// ErrDriver: the program was built without the goolm tag.
	ErrDriver = errors.New("built without goolm")
	// ErrNoRoom: no such room or alias.
	ErrNoRoom = errors.New("no such room")
	// ErrNotInRoom: the room exists, but the bot is not in it and cannot join.
	ErrNotInRoom = errors.New("not in the room")
)

// Matrix error codes that mautrix has no name for.
const (
	codeDuplicate     = "M_DUPLICATE_ANNOTATION"
	codeResourceLimit = "M_RESOURCE_LIMIT_EXCEEDED"
	codeLocked        = "M_USER_LOCKED" // by an administrator, until they unlock it
)

// longestRetry bounds what a server may ask for: a slip of its, or of a proxy's,
// must not silence the bot for longer.
const longestRetry = time.Hour

// fault is a request that failed. It carries no text of the server's and no
// address, for both may quote what people wrote or how rooms are called.
type fault struct {
	op     string
	status int // HTTP status; 0 without an answer
	code   string
	after  time.Duration
	cause  error
}

func (f *fault) Error() string {
	switch {
	case f.code != "":
		return fmt.Sprintf("%s: %s (%d)", f.op, f.code, f.status)
	case f.foreign(), f.status/100 == 2 && errors.As(f.cause, new(*json.SyntaxError)):
		return fmt.Sprintf("%s: status %d, and no Matrix server says it like this: is it a proxy's answer, or the address of something else?", f.op, f.status)
	case f.status != 0 && f.cause != nil:
		return fmt.Sprintf("%s: status %d: %v", f.op, f.status, f.cause)
	case f.status != 0:
		return fmt.Sprintf("%s: status %d", f.op, f.status)
	}
	return fmt.Sprintf("%s: %v", f.op, f.cause)
}

// Unwrap lets errors.Is find the cause and what it amounts to.
func (f *fault) Unwrap() []error {
	var out []error
	if f.cause != nil {
		out = append(out, f.cause)
	}
	switch {
	case f.code == mautrix.MUnknownToken.ErrCode:
		out = append(out, ErrLoggedOut)
	case f.transient():
		out = append(out, ErrUnreachable)
	}
	return out
}

func (f *fault) limited() bool {
	return f.status == http.StatusTooManyRequests || f.code == mautrix.MLimitExceeded.ErrCode
}

// foreign reports whether the refusal came from something before the homeserver,
// or instead of it: a Matrix server names a code (Client-Server API, Standard error
// response). A proxy whose server is away, or that has lost its way, answers 404
// or 403 of its own. That says nothing about what was asked for. But one that
// finds a request too large stays with that.
func (f *fault) foreign() bool {
	return f.code == "" && f.status/100 >= 3 && f.status < 500 &&
		f.status != http.StatusRequestEntityTooLarge && f.status != http.StatusTooManyRequests
}

// transient reports whether the same request may succeed later.
func (f *fault) transient() bool {
	return f.status == 0 || f.status >= 500 || f.status == http.StatusRequestTimeout ||
		f.status/100 == 2 || f.limited() || f.code == codeResourceLimit || f.code == codeLocked || f.foreign()
}

// newFault makes a fault of an error from mautrix. Other errors are wrapped
// as they are.
func newFault(op string, err error) error {
	if err == nil {
		return nil
	}
	var known *fault
	if errors.As(err, &known) {
		return err
	}
	var he mautrix.HTTPError
	if !errors.As(err, &he) {
		return fmt.Errorf("%s: %w", op, err)
	}
	f := &fault{op: op, cause: withoutURL(he.WrappedError)}
	if he.Response != nil {
		f.status = he.Response.StatusCode
		f.after = retryafter.Parse(he.Response.Header.Get("Retry-After"), 0)
	}
	if he.RespError != nil {
		f.code = he.RespError.ErrCode
		if ms, ok := he.RespError.ExtraData["retry_after_ms"].(float64); ok && ms > 0 && ms < 1e12 {
			f.after = max(f.after, time.Duration(ms)*time.Millisecond)
		}
	}
	f.after = min(f.after, longestRetry)
	return f
}

func withoutURL(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

func asFault(err error) *fault {
	var f *fault
	if errors.As(err, &f) {
		return f
	}
	return nil
}

func codeIs(err error, code string) bool {
	f := asFault(err)
	return f != nil && f.code == code
}

// statusIs reports whether the homeserver, and nothing before it, refused a
// request with the status.
func statusIs(err error, status int) bool {
	f := asFault(err)
	return f != nil && f.status == status && !f.foreign()
}

// unclear reports whether the homeserver may have done what it was asked for,
// or may do it yet, in spite of the error.
func unclear(err error) bool {
	f := asFault(err)
	return err != nil && (f == nil || f.status == 0 || f.status/100 == 2 || f.status >= 500 || f.foreign())
}

// settleAttempts is how often "not found" is taken for a server that has not
// caught up with a join yet.
const settleAttempts = 3

// deliveryError sorts an error by what the outbox can do about it.
func deliveryError(err error, attempts int) error {
	if err == nil {
		return nil
	}
	for _, known := range []error{meeting.ErrUnsafe, meeting.ErrForbidden, meeting.ErrTooLarge, meeting.ErrRejected} {
		if errors.Is(err, known) {
			return err
		}
	}
	var retry *meeting.RetryError
	if errors.As(err, &retry) {
		return err
	}
	f := asFault(err)
	if f == nil || errors.Is(err, context.Canceled) || errors.Is(err, ErrLoggedOut) || f.transient() {
		retry = &meeting.RetryError{Err: err}
		if f != nil {
			retry.After, retry.Limit = f.after, f.limited()
		}
		return retry
	}
	switch {
	case f.status == http.StatusRequestEntityTooLarge || f.code == mautrix.MTooLarge.ErrCode:
		return fmt.Errorf("%w: %w", meeting.ErrTooLarge, err)
	case f.status == http.StatusForbidden || f.status == http.StatusUnauthorized:
		return fmt.Errorf("%w: %w", meeting.ErrForbidden, err)
	case f.status == http.StatusNotFound && attempts < settleAttempts:
		return &meeting.RetryError{Err: err}
	}
	return fmt.Errorf("%w: %w", meeting.ErrRejected, err)
}

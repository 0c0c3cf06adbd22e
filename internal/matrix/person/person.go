// Package person is a participant with a Matrix client of their own: encrypted,
// cross-signed, and with a view of the rooms as a chat client would show them.
// It is for tests and the demo only, and it knows nothing of the bot, so that
// what it sees is what people see.
package person

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/meeting"
)

// Options say who logs in, and how their client behaves.
type Options struct {
	Homeserver string // base URL
	User       string // localpart or full Matrix id
	Password   string
	// Name is the display name; empty leaves it as it is.
	Name string
	// RecoveryKey is that of an earlier login of the same account; with it the
	// new device is cross-signed. Without it only the first device is.
	RecoveryKey string
	// ResetIdentity gives the account a new identity, whatever it had.
	ResetIdentity bool
	// OnlyVerified keeps room keys from devices that their owners have not
	// cross-signed, as clients do that follow MSC4153.
	OnlyVerified bool
	// IgnoreInvites leaves invitations unanswered. Otherwise they are accepted.
	IgnoreInvites bool
}

// Person is one logged-in device. Its methods may be called by several
// goroutines. Nothing is kept after Close: the next login is a new device.
type Person struct {
	opts        Options
	client      *mautrix.Client
	mach        *crypto.OlmMachine
	syncer      *mautrix.DefaultSyncer
	recoveryKey string
	stop        context.CancelFunc
	stopped     chan struct{}

	// crypto is held while mach works: with the memory store it cannot do two
	// things at the same time.
	crypto       sync.Mutex
	withheldFrom id.UserID // gets no keys; guarded by crypto
	withheldCode string
	audience     map[id.RoomID][]string // members when the room's keys were shared; guarded by crypto

	direct  sync.Mutex // held while a direct room is looked for
	directs map[id.UserID]meeting.RoomID

	rest atomic.Int64 // nanoseconds between two looks at the server

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each change of what follows
	rooms   map[id.RoomID]*room
	invites []meeting.Invite
	trouble error // of the last sync; nil if it went well
}

// Login logs in with a new device, cross-signs it and follows the account's
// rooms until Close. When it returns the rooms' present state is known.
func Login(ctx context.Context, o Options) (*Person, error) {
	p, err := login(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("log in %s: %w", o.User, err)
	}
	return p, nil
}

func login(ctx context.Context, o Options) (*Person, error) {
	client, err := mautrix.NewClient(o.Homeserver, "", "")
	if err != nil {
		return nil, err
	}
	client.Client = &http.Client{Transport: patient{http.DefaultTransport.(*http.Transport).Clone()}}
	client.StateStore = mautrix.NewMemoryStateStore()
	if _, err := client.Login(ctx, &mautrix.ReqLogin{
		Type:             mautrix.AuthTypePassword,
		Identifier:       mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: o.User},
		Password:         o.Password,
		StoreCredentials: true,
	}); err != nil {
		return nil, err
	}
	if o.Name != "" {
		if err := client.SetDisplayName(ctx, o.Name); err != nil {
			return nil, err
		}
	}
	p := &Person{
		opts:     o,
		client:   client,
		syncer:   mautrix.NewDefaultSyncer(),
		stopped:  make(chan struct{}),
		audience: map[id.RoomID][]string{},
		directs:  map[id.UserID]meeting.RoomID{},
		changed:  make(chan struct{}),
		rooms:    map[id.RoomID]*room{},
	}
	if err := p.setUpEncryption(ctx); err != nil {
		return nil, err
	}
	since, err := p.syncOnce(ctx, "", 0)
	if err != nil {
		return nil, err
	}
	syncing, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p.stop = cancel
	go p.follow(syncing, since)
	return p, nil
}

// setUpEncryption makes the device's keys and signs them.
func (p *Person) setUpEncryption(ctx context.Context) error {
	store, ok := p.client.StateStore.(crypto.StateStore)
	if !ok {
		return errors.New("the state store cannot serve encryption")
	}
	p.mach = crypto.NewOlmMachine(p.client, nil, crypto.NewMemoryStore(nil), store)
	if p.opts.OnlyVerified {
		p.mach.SendKeysMinTrust = id.TrustStateCrossSignedTOFU
	}
	p.syncer.OnSync(p.mach.ProcessSyncResponse)
	p.syncer.OnEvent(p.client.StateStoreSyncHandler)
	p.syncer.OnEventType(event.StateMember, p.mach.HandleMemberEvent)
	if err := p.mach.Load(ctx); err != nil {
		return fmt.Errorf("make encryption keys: %w", err)
	}
	if err := p.mach.ShareKeys(ctx, -1); err != nil {
		return fmt.Errorf("upload encryption keys: %w", err)
	}
	if err := p.crossSign(ctx); err != nil {
		return fmt.Errorf("cross-sign: %w", err)
	}
	return nil
}

// crossSign makes the account's identity if it has none, and otherwise uses
// the recovery key if one is given.
func (p *Person) crossSign(ctx context.Context) error {
	me := p.client.UserID
	keys, err := p.client.QueryKeys(ctx, &mautrix.ReqQueryKeys{
		DeviceKeys: mautrix.DeviceKeysRequest{me: mautrix.DeviceIDList{}},
	})
	if err != nil {
		return err
	}
	if _, exists := keys.MasterKeys[me]; !exists || p.opts.ResetIdentity {
		p.recoveryKey, err = p.newIdentity(ctx)
		return err
	}
	if p.opts.RecoveryKey == "" {
		return nil
	}
	p.recoveryKey = p.opts.RecoveryKey
	return p.mach.VerifyWithRecoveryKey(ctx, p.recoveryKey)
}

// newIdentity replaces the account's cross-signing keys and the key to its secret
// storage; the server asks for the password.
func (p *Person) newIdentity(ctx context.Context) (recoveryKey string, err error) {
	if !p.opts.ResetIdentity {
		return p.mach.GenerateAndVerifyWithRecoveryKey(ctx)
	}
	recoveryKey, seeds, err := p.mach.GenerateAndUploadCrossSigningKeys(ctx, func(ui *mautrix.RespUserInteractive) any {
		return &mautrix.ReqUIAuthLogin{BaseAuthData: mautrix.BaseAuthData{Type: mautrix.AuthTypePassword, Session: ui.Session},
			User: p.client.UserID.String(), Password: p.opts.Password}
	}, "")
	if err != nil {
		return "", err
	}
	p.mach.CrossSigningKeys = seeds
	return recoveryKey, errors.Join(p.mach.SignOwnDevice(ctx, p.mach.OwnIdentity()), p.mach.SignOwnMasterKey(ctx))
}

// UseUpKeys claims all one-time keys of somebody's devices, and returns how many
// there were.
func (p *Person) UseUpKeys(ctx context.Context, user meeting.UserID) (int, error) {
	p.crypto.Lock()
	defer p.crypto.Unlock()
	keys, err := p.client.QueryKeys(ctx, &mautrix.ReqQueryKeys{DeviceKeys: mautrix.DeviceKeysRequest{id.UserID(user): {}}})
	if err != nil {
		return 0, err
	}
	devices := map[id.DeviceID]id.KeyAlgorithm{}
	for device := range keys.DeviceKeys[id.UserID(user)] {
		devices[device] = id.KeyAlgorithmSignedCurve25519
	}
	for n := 0; ; n++ {
		got, err := p.client.ClaimKeys(ctx, &mautrix.ReqClaimKeys{OneTimeKeys: mautrix.OneTimeKeysRequest{id.UserID(user): devices}})
		if err != nil || len(got.OneTimeKeys[id.UserID(user)]) == 0 {
			return n, err
		}
	}
}

// Rest has the client look at the server only so often, as one in a pocket
// does. Otherwise it waits for news all the time.
func (p *Person) Rest(between time.Duration) { p.rest.Store(int64(between)) }

// Close stops following the rooms. The device stays logged in on the server,
// as one does that is switched off.
func (p *Person) Close() {
	p.stop()
	<-p.stopped
	p.client.Client.CloseIdleConnections()
}

// ID is the full Matrix id.
func (p *Person) ID() meeting.UserID { return meeting.UserID(p.client.UserID) }

// RecoveryKey lets another login of the account cross-sign its device. It is
// empty if this login neither made nor got one.
func (p *Person) RecoveryKey() string { return p.recoveryKey }

// notify wakes those who wait. p.mu is held.
func (p *Person) notify() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// Invites lists all invitations since the login, accepted or not.
func (p *Person) Invites() []meeting.Invite {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.invites)
}

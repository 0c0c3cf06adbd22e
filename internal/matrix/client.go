package matrix

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"go.mau.fi/util/dbutil"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/olm"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
	"maunium.net/go/mautrix/sqlstatestore"

	"blnbot/internal/matrix/wire"
	"blnbot/internal/meeting"
)

// Options say who the bot is and what it works with.
type Options struct {
	// Homeserver is a base URL, or a server name to look up (.well-known).
	Homeserver string
	User       meeting.UserID
	// Password or AccessToken are for the first login only. A token must
	// belong to a device that no other client uses. The password also answers
	// a server that asks for it before it accepts a new identity.
	Password    string
	AccessToken string
	// RecoveryKeyFile holds the key to the account's secret storage. It is
	// written (0600) when the account gets its identity, and never overwritten.
	RecoveryKeyFile string
	// DeviceName is what people see in the list of devices; "blnbot" if empty.
	DeviceName string

	CryptoDB *sql.DB // a database of its own, opened as DESIGN §5 says
	Store    Store
	Handler  Handler
	Log      *slog.Logger
	Now      func() time.Time // time.Now if nil

	pace pace // shortened by tests
}

// pace is how long things wait.
type pace struct {
	poll     time.Duration // between looks at the tables
	receipts time.Duration // between read receipts
	request  time.Duration // before asking the sender for a missing key
	tell     time.Duration // before a message counts as unreadable
	giveUp   time.Duration // before an unreadable message is given up
	longest  time.Duration // between attempts to reach the server
	short    time.Duration // before the first retry of a failed event
}

func (p pace) withDefaults() pace {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&p.poll, 2*time.Second)
	def(&p.receipts, 30*time.Second)
	def(&p.request, 5*time.Second)
	def(&p.tell, 30*time.Second)
	def(&p.giveUp, 14*24*time.Hour)
	def(&p.longest, time.Minute)
	def(&p.short, time.Second)
	return p
}

// Client is the bot's connection. Its methods may be called from several
// goroutines, Run once.
type Client struct {
	api     *mautrix.Client
	polling *http.Client
	mach    *crypto.OlmMachine
	keys    *cryptoStore
	state   *sqlstatestore.SQLStateStore
	db      *dbutil.Database
	raw     *sql.DB
	session *session

	store   Store
	handler Handler
	log     *slog.Logger
	now     func() time.Time
	pace    pace
	self    id.UserID
	decoder wire.Decoder
	opened  time.Time
	o       Options

	// cryptoMu orders those who use Olm sessions. mautrix locks them too, but
	// in the other order than the database.
	cryptoMu sync.Mutex
	// decryptMu orders those who decrypt events, before the database does: one of
	// them does so for many in one transaction.
	decryptMu sync.Mutex
	// stateMu orders writers of members and room state.
	stateMu sync.Mutex
	// directMu lets one direct room be looked for and made at a time.
	directMu sync.Mutex
	// changes counts changes of device lists; a room counts those of its members.
	// What was encrypted before a change must not be sent after it (changesFor).
	changes atomic.Int64
	synced  atomic.Int64 // stored sync answers since start
	// answering says that the last request for news was answered. While it is not,
	// what fails says nothing of what was asked for, and is not counted.
	answering atomic.Bool

	arrived   sessionSet // Megolm sessions that came and are to be reported
	looked    sessionSet // sender keys that have been looked up
	owned     sessionSet // Megolm sessions, each with the sender whose they are
	requested sessionSet // Megolm sessions that have been asked for
	asking    chan struct{}
	rooms     rooms
	retried   retried
	fetched   fetched
	counted   time.Time // when the number of one-time keys was last known; sync loop only
	noted     bool      // that rooms are to be compared since the last outage; sync loop only
	handouts  handouts
	threads   threads
	receipts  receipts
	makings   makings

	keyRequests                                  chan keyRequest
	wakeInbox, wakeGaps, wakeInvites, wakeChecks chan struct{}
	wakeKeys                                     chan struct{}
	ready                                        chan struct{}
	firstSync, gapsDone, drained                 atomic.Bool
	readyOnce                                    sync.Once
}

// keptConnections to the server, unless it speaks HTTP/2: for the posts that are
// under way at once, sync and what else there is. Go would keep two.
const keptConnections = 12

// Open logs in or takes up the stored session, and makes sure that the bot's
// device is known to the server and cross-signed. It returns ErrUnreachable
// if it makes sense to call it again later; other errors are for a person.
func Open(ctx context.Context, o Options) (*Client, error) {
	if olm.Driver != "goolm" {
		return nil, ErrDriver
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.DeviceName == "" {
		o.DeviceName = "blnbot"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	base, err := discover(ctx, o.Homeserver)
	if err != nil {
		return nil, err
	}
	api, err := mautrix.NewClient(base, "", "")
	if err != nil {
		return nil, fmt.Errorf("homeserver address: %w", err)
	}
	// mautrix logs request bodies, so it gets no logger, here or in contexts.
	api.Log = zerolog.Nop()
	api.UserAgent = "blnbot"
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = keptConnections
	api.Client = &http.Client{Transport: transport, Timeout: 90 * time.Second, CheckRedirect: sameMethod}
	api.DefaultHTTPRetries = 0
	s, err := login(ctx, api, o)
	if err != nil {
		return nil, err
	}
	c := newClient(api, s, o)
	if err := c.openStores(ctx); err != nil {
		return nil, err
	}
	if err := c.publishDevice(ctx); err != nil {
		return nil, err
	}
	if err := c.ensureIdentity(ctx); err != nil {
		return nil, err
	}
	c.o.Password, c.o.AccessToken = "", ""
	return c, nil
}

func newClient(api *mautrix.Client, s *session, o Options) *Client {
	return &Client{
		api: api, polling: &http.Client{Transport: api.Client.Transport}, // limited by ask
		raw: o.CryptoDB, session: s, store: o.Store, handler: o.Handler, log: o.Log, now: o.Now,
		pace: o.pace.withDefaults(), self: s.user, decoder: wire.Decoder{Self: meeting.UserID(s.user)},
		opened: o.Now(), o: o, makings: makings{asked: map[string]time.Time{}, seen: map[id.RoomID]time.Time{}},
		wakeInbox: make(chan struct{}, 1), wakeGaps: make(chan struct{}, 1),
		wakeInvites: make(chan struct{}, 1), wakeChecks: make(chan struct{}, 1), wakeKeys: make(chan struct{}, 1),
		ready: make(chan struct{}), keyRequests: make(chan keyRequest, 64), asking: make(chan struct{}, maxAsking),
	}
}

// discover turns the configured homeserver into a base URL.
func discover(ctx context.Context, server string) (string, error) {
	if strings.Contains(server, "://") {
		u, err := url.Parse(server)
		if err != nil || u.Host == "" {
			return "", errors.New("homeserver address: not a URL")
		}
		return strings.TrimRight(server, "/"), nil
	}
	found, err := mautrix.DiscoverClientAPI(ctx, server)
	if err != nil {
		return "", fmt.Errorf("look up %s: %w: %w", server, ErrUnreachable, withoutURL(err))
	}
	if found == nil || found.Homeserver.BaseURL == "" {
		return "https://" + server, nil
	}
	return strings.TrimRight(found.Homeserver.BaseURL, "/"), nil
}

// sameMethod lets the client go where it is sent, but not in another way: a PUT
// that is moved (301, 302) would arrive as a GET, and the refusal of that would
// be taken for the server's verdict on a post.
func sameMethod(req *http.Request, via []*http.Request) error {
	if req.Method != via[0].Method || len(via) >= redirects {
		return http.ErrUseLastResponse
	}
	return nil
}

const redirects = 5

// connections to the crypto database.
const connections = 4

// openStores opens mautrix's tables in the crypto database and loads the keys.
func (c *Client) openStores(ctx context.Context) error {
	// mautrix repairs Olm sessions in the background: with a single connection
	// that would wait for openOlm, and openOlm for it.
	c.raw.SetMaxOpenConns(connections)
	db, err := dbutil.NewWithDB(c.raw, "sqlite")
	if err != nil {
		return fmt.Errorf("open crypto database: %w", err)
	}
	c.db = db
	c.state = sqlstatestore.NewSQLStateStore(db, dbutil.NoopLogger, false)
	c.state.DisableNameDisambiguation = true
	if err := c.state.Upgrade(ctx); err != nil {
		return fmt.Errorf("upgrade state store: %w", err)
	}
	c.keys = &cryptoStore{SQLCryptoStore: crypto.NewSQLCryptoStore(
		db, dbutil.NoopLogger, "", c.session.device, c.session.pickle)}
	if err := c.keys.DB.Upgrade(ctx); err != nil {
		return fmt.Errorf("upgrade crypto store: %w", err)
	}
	left, err := c.keys.listHandouts(ctx)
	if err != nil {
		return err
	}
	c.handouts.keep(left)
	c.mach = crypto.NewOlmMachine(c.api, nil, c.keys, c.state)
	c.mach.SetBackgroundCtx(context.WithValue(context.Background(), repairing{}, true))
	c.mach.IgnorePostDecryptionParseErrors = true
	// Devices are looked up before an event is opened, not while the database
	// is locked for it (see openToDevice).
	c.mach.DisableDecryptKeyFetching = true
	// The bot does not ratchet keys forward. Tracking lists every index that was
	// skipped, of which a message can claim four thousand million, and
	// writes to the database for each message.
	c.mach.DisableRatchetTracking = true
	c.mach.SessionReceived = func(_ context.Context, _ id.RoomID, session id.SessionID, _ uint32) {
		c.arrived.add(string(session))
	}
	if err := c.mach.Load(ctx); err != nil {
		return fmt.Errorf("load olm account: %w", err)
	}
	return nil
}

// publishDevice makes sure that the server has this device's keys, and no
// others for it.
func (c *Client) publishDevice(ctx context.Context) error {
	resp, err := c.api.QueryKeys(ctx, &mautrix.ReqQueryKeys{
		DeviceKeys: mautrix.DeviceKeysRequest{c.self: {c.session.device}},
	})
	if err != nil {
		return newFault("query own device", err)
	}
	account := c.mach.GetAccount()
	device := resp.DeviceKeys[c.self][c.session.device]
	switch published := device.Keys.GetEd25519(c.session.device); {
	case published == "" && account.Shared:
		return fmt.Errorf("query own device: %w: its keys are gone", ErrLoggedOut)
	case published == "":
		return newFault("publish device", c.mach.ShareKeys(ctx, -1))
	case published == account.SigningKey() && !account.Shared:
		// The keys got there, but the bot ended before it could write that down.
		account.Shared = true
		return c.keys.PutAccount(ctx, account)
	case published != account.SigningKey() && account.Shared:
		return fmt.Errorf("query own device: %w: its keys have changed", ErrLoggedOut)
	case published != account.SigningKey():
		return fmt.Errorf("query own device: %w", ErrDeviceInUse)
	}
	return nil
}

// User is the bot's own account.
func (c *Client) User() meeting.UserID { return meeting.UserID(c.self) }

// Fingerprint is the device's signing key in groups of four, for comparing by
// hand.
func (c *Client) Fingerprint() string { return c.mach.Fingerprint() }

// Ready is closed when the first sync answer since the start is stored, no
// gap is left that can be filled now, and all that had arrived by then has
// been handled: from then on a post without an echo has not been sent.
func (c *Client) Ready() <-chan struct{} { return c.ready }

// Answering reports whether the server answered when it was last asked for news.
func (c *Client) Answering() bool { return c.answering.Load() }

// CaughtUp reports whether the server answered when it was last asked for news, and
// what came to pass while it did not has been handled. The passing of time means
// nothing while this is false: nobody could read what it leads to, and a message
// that changes it may be waiting.
func (c *Client) CaughtUp() bool {
	return c.answering.Load() && c.gapsDone.Load() && c.drained.Load()
}

func (c *Client) noteReady() {
	if c.firstSync.Load() && c.gapsDone.Load() && c.drained.Load() {
		c.readyOnce.Do(func() { close(c.ready) })
	}
}

// call makes a request with JSON in and out. The path begins after
// /_matrix/client.
func (c *Client) call(ctx context.Context, op, method string, path []any, query url.Values, in, out any) error {
	address := c.api.BuildURLWithFullQuery(mautrix.ClientURLPath(path), func(q url.Values) {
		for k, v := range query {
			q[k] = v
		}
	})
	if out == nil {
		out = &json.RawMessage{} // a page in HTML is no answer, whatever its status
	}
	_, err := c.api.MakeFullRequest(ctx, mautrix.FullRequest{
		Method: method, URL: address, RequestJSON: in, ResponseJSON: out, SensitiveContent: true, MaxAttempts: 1,
		Handler: readAnswer,
	})
	return newFault(op, err)
}

// roomState fetches the content of a state event.
func (c *Client) roomState(ctx context.Context, room id.RoomID, typ event.Type, key string) (json.RawMessage, error) {
	var out json.RawMessage
	err := c.call(ctx, "get "+typ.Type, http.MethodGet, []any{"v3", "rooms", room, "state", typ.Type, key}, nil, nil, &out)
	return out, err
}

// poke wakes whoever waits on ch, without waiting.
func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// pause waits for d, or until a poke or the end of ctx.
func pause(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-t.C:
	}
}

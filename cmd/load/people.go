package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/homeserver/stage"
)

// account is a logged-in device.
type account struct {
	*mautrix.Client
}

func logIn(ctx context.Context, url, name string) (*account, error) {
	client, err := mautrix.NewClient(url, "", "")
	if err != nil {
		return nil, err
	}
	client.Log = zerolog.Nop()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 16
	client.Client = &http.Client{Transport: transport}
	_, err = client.Login(ctx, &mautrix.ReqLogin{
		Type: mautrix.AuthTypePassword, Identifier: mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: name},
		Password: stage.Password, StoreCredentials: true,
	})
	if err != nil {
		return nil, fmt.Errorf("log in %s: %w", name, err)
	}
	return &account{client}, nil
}

// writer writes encrypted replies. It never syncs, and gives its keys only to
// those whose reading is measured.
type writer struct {
	*account
	mu      sync.Mutex
	mach    *crypto.OlmMachine
	readers []id.UserID
}

func newWriter(ctx context.Context, url, name string, rooms []id.RoomID, readers ...id.UserID) (*writer, error) {
	a, err := logIn(ctx, url, name)
	if err != nil {
		return nil, err
	}
	store := mautrix.NewMemoryStateStore()
	for _, room := range rooms {
		content := &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}
		if err := store.SetEncryptionEvent(ctx, room, content); err != nil {
			return nil, err
		}
	}
	a.StateStore = store
	w := &writer{account: a, readers: readers}
	w.mach = crypto.NewOlmMachine(a.Client, nil, crypto.NewMemoryStore(nil), store.(crypto.StateStore))
	if err := w.mach.Load(ctx); err != nil {
		return nil, err
	}
	return w, w.mach.ShareKeys(ctx, -1)
}

// A reply begins with the time at which it was sent, in ms.
const (
	replyPrefix = "Svar "
	replyFormat = "Svar %d:"
)

var words = strings.Fields(`Det svåraste är att ingen ringer tillbaka när min man blir sämre på natten och jag inte vet
	vem jag ska fråga om medicinerna eller hemtjänsten eftersom alla säger att någon annan har ansvaret`)

// reply answers in a thread and returns when it was sent and as what.
func (w *writer) reply(ctx context.Context, room id.RoomID, root id.EventID, n int) (id.EventID, time.Time, error) {
	now := time.Now()
	said := slices.Concat(words[n%len(words):], words[:n%len(words)])[:8+n%len(words)/2]
	content := &event.MessageEventContent{MsgType: event.MsgText, Mentions: &event.Mentions{},
		Body:      fmt.Sprintf(replyFormat+" %s nummer %d.", now.UnixMilli(), strings.Join(said, " "), n),
		RelatesTo: (&event.RelatesTo{}).SetThread(root, root)}
	sealed, err := w.seal(ctx, room, content)
	if err != nil {
		return "", now, fmt.Errorf("encrypt: %w", err)
	}
	resp, err := w.SendMessageEvent(ctx, room, event.EventEncrypted, sealed)
	if err != nil {
		return "", now, fmt.Errorf("send: %w", err)
	}
	return resp.EventID, now, nil
}

func (w *writer) seal(ctx context.Context, room id.RoomID, content any) (*event.EncryptedEventContent, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	sealed, err := w.mach.EncryptMegolmEvent(ctx, room, event.EventMessage, content)
	if !errors.Is(err, crypto.ErrNoGroupSession) && !errors.Is(err, crypto.ErrSessionExpired) && !errors.Is(err, crypto.ErrSessionNotShared) {
		return sealed, err
	}
	if err := w.mach.ShareGroupSession(ctx, room, w.readers); err != nil {
		return nil, err
	}
	return w.mach.EncryptMegolmEvent(ctx, room, event.EventMessage, content)
}

// watcher follows all rooms and notes who joined and what was marked when.
type watcher struct {
	*account
	bot id.UserID

	mu     sync.Mutex
	joined map[id.UserID]int
	marked map[id.EventID]time.Time
}

func (w *watcher) follow(ctx context.Context) {
	w.joined, w.marked = map[id.UserID]int{}, map[id.EventID]time.Time{}
	none := &mautrix.FilterPart{NotTypes: []event.Type{{Type: "*"}}}
	syncer := mautrix.NewDefaultSyncer()
	syncer.FilterJSON = &mautrix.Filter{Presence: none, AccountData: none, Room: &mautrix.RoomFilter{
		Timeline:  &mautrix.FilterPart{Limit: 1000, Types: []event.Type{event.StateMember, event.EventReaction}},
		Ephemeral: none, AccountData: none,
	}}
	syncer.OnEventType(event.StateMember, func(_ context.Context, ev *event.Event) {
		if ev.Content.AsMember().Membership == event.MembershipJoin {
			w.mu.Lock()
			w.joined[id.UserID(ev.GetStateKey())]++
			w.mu.Unlock()
		}
	})
	syncer.OnEventType(event.EventReaction, func(_ context.Context, ev *event.Event) {
		if rel := ev.Content.AsReaction().RelatesTo; ev.Sender == w.bot && rel.Key == "📝" {
			w.mu.Lock()
			w.marked[rel.EventID] = time.Now()
			w.mu.Unlock()
		}
	})
	w.Syncer = syncer
	go func() { _ = w.SyncWithContext(ctx) }()
}

// markedAt is when the message got its 📝; zero if it has none.
func (w *watcher) markedAt(ev id.EventID) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.marked[ev]
}

// joins is in how many rooms the user was seen to come.
func (w *watcher) joins(user id.UserID) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.joined[user]
}

package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"go.mau.fi/util/dbutil"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
	"maunium.net/go/mautrix/sqlstatestore"

	_ "blnbot/internal/sqlite" // the driver
)

// bareSettings go to the bare client in its environment, as JSON.
type bareSettings struct {
	Homeserver string
	User       id.UserID
	Device     id.DeviceID
	Token      string
	Dir        string
	After      int64 // ms: replies sent before this are not counted
}

const bareVariable = "BLNBOT_LOAD_BARE"

// bare is the client to compare with: mautrix as its documentation has it, with
// mautrix's own stores and nothing else. It accepts invitations, receives,
// decrypts and counts.
type bare struct {
	set     bareSettings
	client  *mautrix.Client
	mach    *crypto.OlmMachine
	seen    map[id.EventID]bool
	waiting []*event.Event // for keys
	took    []float64      // ms from sending to reading

	mu     sync.Mutex
	counts int
}

// receive is the bare client's process.
func receive(ctx context.Context) error {
	var set bareSettings
	if err := json.Unmarshal([]byte(os.Getenv(bareVariable)), &set); err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	client, err := mautrix.NewClient(set.Homeserver, set.User, set.Token)
	if err != nil {
		return err
	}
	client.DeviceID, client.Log = set.Device, zerolog.Nop()
	client.Client = &http.Client{}
	b := &bare{set: set, client: client, seen: map[id.EventID]bool{}}
	// The settings that mautrix has for its own database ("sqlite3-fk-wal").
	raw, err := sql.Open("sqlite", "file:"+filepath.Join(set.Dir, "bare.db")+
		"?_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=busy_timeout(5000)&_txlock=immediate")
	if err != nil {
		return err
	}
	defer raw.Close()
	if err := b.open(ctx, raw); err != nil {
		return err
	}
	go b.report(ctx)
	err = client.SyncWithContext(ctx)
	middle, high := quantiles(b.took)
	fmt.Printf("latency %.1f %.1f\n", middle, high)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (b *bare) open(ctx context.Context, raw *sql.DB) error {
	db, err := dbutil.NewWithDB(raw, "sqlite")
	if err != nil {
		return err
	}
	state := sqlstatestore.NewSQLStateStore(db, dbutil.NoopLogger, false)
	keys := crypto.NewSQLCryptoStore(db, dbutil.NoopLogger, "", b.set.Device, []byte("load"))
	if err := errors.Join(state.Upgrade(ctx), keys.DB.Upgrade(ctx)); err != nil {
		return err
	}
	b.client.StateStore, b.client.Store = state, keys
	b.mach = crypto.NewOlmMachine(b.client, nil, keys, state)
	if err := b.mach.Load(ctx); err != nil {
		return err
	}
	if !b.mach.GetAccount().Shared {
		if err := b.mach.ShareKeys(ctx, -1); err != nil {
			return err
		}
	}
	syncer := mautrix.NewDefaultSyncer()
	// The bot's filter.
	none := &mautrix.FilterPart{NotTypes: []event.Type{{Type: "*"}}}
	syncer.FilterJSON = &mautrix.Filter{Presence: none, AccountData: none, Room: &mautrix.RoomFilter{
		Timeline: &mautrix.FilterPart{Limit: timelineLimit}, Ephemeral: none, AccountData: none,
	}}
	syncer.OnSync(b.mach.ProcessSyncResponse)
	syncer.OnSync(b.fill)
	syncer.OnEvent(b.client.StateStoreSyncHandler)
	syncer.OnEventType(event.StateMember, b.mach.HandleMemberEvent)
	syncer.OnEventType(event.StateMember, b.join)
	syncer.OnEventType(event.EventEncrypted, b.read)
	b.client.Syncer = syncer
	return nil
}

const timelineLimit = 100

func (b *bare) join(ctx context.Context, ev *event.Event) {
	if ev.GetStateKey() == string(b.set.User) && ev.Content.AsMember().Membership == event.MembershipInvite {
		if _, err := b.client.JoinRoomByID(ctx, ev.RoomID); err != nil {
			fmt.Println("cannot join", ev.RoomID, err)
		}
	}
}

// fill reads what a limited answer left out. The pages begin at the room's end:
// from the middle Dendrite leaves out events of the same millisecond.
func (b *bare) fill(ctx context.Context, resp *mautrix.RespSync, since string) bool {
	waiting := b.waiting
	b.waiting = nil
	for _, ev := range waiting {
		b.read(ctx, ev)
	}
	if since == "" {
		return true
	}
	for name, room := range resp.Rooms.Join {
		if !room.Timeline.Limited {
			continue
		}
		for from := ""; ; {
			page, err := b.client.Messages(ctx, name, from, "", mautrix.DirectionBackward, &mautrix.FilterPart{Limit: 1000}, 0)
			if err != nil {
				fmt.Println("cannot fill", name, err)
				break
			}
			old := false
			for _, ev := range page.Chunk {
				old = old || ev.Timestamp < b.set.After
				if ev.Type == event.EventEncrypted && ev.Timestamp >= b.set.After && ev.Content.ParseRaw(ev.Type) == nil {
					ev.RoomID = name
					b.read(ctx, ev)
				}
			}
			if old || page.End == "" || page.End == from {
				break
			}
			from = page.End
		}
	}
	return true
}

func (b *bare) read(ctx context.Context, ev *event.Event) {
	if b.seen[ev.ID] {
		return
	}
	plain, err := b.mach.DecryptMegolmEvent(ctx, ev)
	if errors.Is(err, crypto.ErrNoSessionFound) {
		b.waiting = append(b.waiting, ev)
		return
	}
	if err != nil {
		return
	}
	b.seen[ev.ID] = true
	message, ok := plain.Content.Parsed.(*event.MessageEventContent)
	if !ok || !strings.HasPrefix(message.Body, replyPrefix) {
		return
	}
	var sent int64
	_, _ = fmt.Sscanf(message.Body, replyFormat, &sent)
	if sent < b.set.After {
		return
	}
	b.took = append(b.took, float64(time.Now().UnixMilli()-sent))
	b.mu.Lock()
	b.counts++
	b.mu.Unlock()
}

// report says how many replies were read.
func (b *bare) report(ctx context.Context) {
	last := -1
	for ctx.Err() == nil {
		b.mu.Lock()
		n := b.counts
		b.mu.Unlock()
		if n != last {
			fmt.Println("count", n)
			last = n
		}
		time.Sleep(poll)
	}
}

package person

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"blnbot/internal/meeting"
)

const (
	syncTimeout = 30 * time.Second
	pageSize    = 1000
	// joinAttempts is how often an invitation is accepted that is refused: a Dendrite
	// that is being stopped refuses it though it stands.
	joinAttempts = 10
	wholeRoom    = 1_000_000 // events; Dendrite gives as many, others go on with pages
)

// follow syncs until ctx ends or the login is no longer valid.
func (p *Person) follow(ctx context.Context, since string) {
	defer close(p.stopped)
	for ctx.Err() == nil {
		next, err := p.syncOnce(ctx, since, syncTimeout)
		p.mu.Lock()
		p.trouble = err
		p.notify()
		p.mu.Unlock()
		if errors.Is(err, mautrix.MUnknownToken) {
			return
		}
		rest := retryEvery
		if err == nil {
			since, rest = next, time.Duration(p.rest.Load())
		}
		if rest == 0 {
			continue
		}
		timer := time.NewTimer(rest)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// syncOnce asks for what is new, takes it in and returns the next token. After
// an error the same token may be used again.
func (p *Person) syncOnce(ctx context.Context, since string, timeout time.Duration) (string, error) {
	resp, err := p.client.FullSyncRequest(ctx, mautrix.ReqSync{Timeout: int(timeout.Milliseconds()), Since: since})
	if err != nil {
		return "", fmt.Errorf("sync: %w", err)
	}
	// Keys and the state of the rooms first.
	p.crypto.Lock()
	err = p.syncer.ProcessResponse(ctx, resp, since)
	p.crypto.Unlock()
	if err != nil {
		return "", fmt.Errorf("handle sync: %w", err)
	}
	for id, r := range resp.Rooms.Join {
		if err := p.takeRoom(ctx, id, r.State.Events, r.Timeline); err != nil {
			return "", err
		}
	}
	for id, r := range resp.Rooms.Leave {
		r.Timeline.Limited = false // nobody may read on there
		if err := p.takeRoom(ctx, id, r.State.Events, r.Timeline); err != nil {
			return "", err
		}
	}
	p.decryptPending(ctx)
	for id, r := range resp.Rooms.Invite {
		if err := p.takeInvite(ctx, id, r.State.Events); err != nil {
			return "", err
		}
	}
	return resp.NextBatch, nil
}

// takeRoom adds a room's part of a sync answer to the view.
func (p *Person) takeRoom(ctx context.Context, roomID id.RoomID, state []*event.Event, timeline mautrix.SyncTimeline) error {
	var missed []*event.Event
	if timeline.Limited {
		var err error
		if missed, err = p.missed(ctx, roomID, timeline.Events, false); err != nil {
			return fmt.Errorf("fill the gap in %s: %w", roomID, err)
		}
	}
	var items []*item
	for _, ev := range slices.Concat(missed, timeline.Events) {
		items = append(items, p.decrypt(ctx, roomID, ev))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.room(roomID)
	for _, ev := range state {
		r.takeMember(ev)
	}
	for _, it := range items {
		r.take(it)
	}
	return nil
}

// Reread reads a room from its newest event to its first and adds to the view what
// that has not: Dendrite's sync passes over an event now and then.
func (p *Person) Reread(ctx context.Context, roomID meeting.RoomID) error {
	return p.reread(ctx, id.RoomID(roomID), true)
}

// reread adds to the view what the room has and the view has not: all of it, or
// what is newer than a page that has nothing new.
func (p *Person) reread(ctx context.Context, roomID id.RoomID, all bool) error {
	missed, err := p.missed(ctx, roomID, nil, all)
	if err != nil {
		return fmt.Errorf("read %s again: %w", roomID, err)
	}
	var items []*item
	for _, ev := range missed {
		items = append(items, p.decrypt(ctx, roomID, ev))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, it := range items {
		p.room(roomID).take(it)
	}
	return nil
}

// missed returns the events before those of the timeline that are not known
// yet, oldest first. It reads from the newest event backwards until a page has
// nothing new, or all of the room, in large pages: where a page of Dendrite's begins, in the middle
// of a room (such as at prev_batch), events written at the same moment as its
// neighbours are left out.
func (p *Person) missed(ctx context.Context, roomID id.RoomID, timeline []*event.Event, all bool) ([]*event.Event, error) {
	size := pageSize
	if all {
		size = wholeRoom
	}
	known := map[id.EventID]bool{}
	for _, ev := range timeline {
		known[ev.ID] = true
	}
	var found []*event.Event
	for from := ""; ; {
		page, err := p.client.Messages(ctx, roomID, from, "", mautrix.DirectionBackward, &mautrix.FilterPart{Limit: size}, 0)
		if err != nil {
			return nil, err
		}
		news := false
		for _, ev := range page.Chunk {
			switch {
			case p.knows(roomID, ev.ID):
			case known[ev.ID]:
				news = true // known, but only just
			default:
				known[ev.ID], news = true, true
				found = append(found, ev)
			}
		}
		if !news && !all || page.End == "" || page.End == from {
			slices.Reverse(found)
			return found, nil
		}
		from = page.End
	}
}

// decrypt makes an event ready for the view.
func (p *Person) decrypt(ctx context.Context, roomID id.RoomID, ev *event.Event) *item {
	ev.RoomID = roomID
	ev.Type.Class = event.MessageEventType
	if ev.StateKey != nil {
		ev.Type.Class = event.StateEventType
	}
	if ev.Content.Parsed == nil {
		_ = ev.Content.ParseRaw(ev.Type) // unknown types stay raw
	}
	it := &item{wire: ev}
	if ev.Type != event.EventEncrypted {
		it.plain = ev
		return it
	}
	it.plain = p.read(ctx, ev)
	return it
}

// read decrypts a message; nil if its key is missing.
func (p *Person) read(ctx context.Context, ev *event.Event) *event.Event {
	p.crypto.Lock()
	defer p.crypto.Unlock()
	plain, err := p.mach.DecryptMegolmEvent(ctx, ev)
	if err != nil {
		return nil
	}
	return plain
}

// decryptPending tries messages again that could not be read before.
func (p *Person) decryptPending(ctx context.Context) {
	p.mu.Lock()
	var pending []*item
	for _, r := range p.rooms {
		for _, it := range r.items {
			if it.plain == nil {
				pending = append(pending, it)
			}
		}
	}
	p.mu.Unlock()
	for _, it := range pending {
		plain := p.read(ctx, it.wire)
		p.mu.Lock()
		it.plain = plain
		p.mu.Unlock()
	}
}

// takeInvite notes an invitation and accepts it unless told otherwise.
func (p *Person) takeInvite(ctx context.Context, roomID id.RoomID, state []*event.Event) error {
	inv := meeting.Invite{Room: meeting.RoomID(roomID)}
	for _, ev := range state {
		if member, ok := ev.Content.Parsed.(*event.MemberEventContent); ok && ev.GetStateKey() == string(p.client.UserID) {
			inv.Inviter = meeting.UserID(ev.Sender)
			inv.Direct = member.IsDirect
			inv.At = time.UnixMilli(ev.Timestamp).UTC()
		}
	}
	p.mu.Lock()
	if !slices.ContainsFunc(p.invites, func(i meeting.Invite) bool { return i.Room == inv.Room && i.At.Equal(inv.At) }) {
		p.invites = append(p.invites, inv)
	}
	p.mu.Unlock()
	if p.opts.IgnoreInvites {
		return nil
	}
	for range joinAttempts {
		_, err := p.client.JoinRoomByID(ctx, roomID)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, mautrix.MForbidden):
			return fmt.Errorf("accept the invitation to %s: %w", roomID, err)
		}
		timer := time.NewTimer(retryEvery)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
	return nil // it has been taken back
}

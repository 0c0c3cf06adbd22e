package bot

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"blnbot/internal/meeting"
)

// longest is the most Markdown that goes into one message; longer texts become
// several. In an encrypted room text and HTML together must stay below 45 kB.
const longest = 12000

// say queues a text. Where the post has no kind it is a notice. Texts that are
// too long for one message become several, with keys ending in ~2, ~3 …
func (b *Bot) say(ctx context.Context, s *scene, p meeting.Post, lang, name string, data any) error {
	text, err := b.texts.Text(lang, name, data)
	if err != nil {
		return err
	}
	if p.Kind == "" {
		p.Kind = meeting.PostNotice
	}
	key := p.Key
	for i, part := range split(text, longest) {
		p.Key, p.Markdown = partKey(key, i+1), part
		if i > 0 {
			p.Mentions = nil
		}
		if _, err := s.tx.StorePost(ctx, p, s.now); err != nil {
			return err
		}
	}
	return nil
}

func partKey(key string, n int) string {
	if n == 1 {
		return key
	}
	return fmt.Sprintf("%s~%d", key, n)
}

// split cuts Markdown between lines, or within a line that is too long.
func split(text string, limit int) []string {
	var parts []string
	for len(text) > limit {
		at := strings.LastIndex(text[:limit], "\n")
		if at < limit/4 {
			at = strings.LastIndex(text[:limit], " ")
		}
		if at < limit/4 {
			at = limit
			for at > limit-utf8.UTFMax && text[at]&0xc0 == 0x80 {
				at--
			}
		}
		parts = append(parts, strings.TrimRight(text[:at], "\n "))
		text = strings.TrimLeft(text[at:], "\n ")
	}
	return append(parts, text)
}

// tell queues a message to a network's room.
func (b *Bot) tell(ctx context.Context, s *scene, net *meeting.Network, p meeting.Post, name string, data any) error {
	room, err := s.roomOf(ctx, net)
	if err != nil || room == "" {
		return err
	}
	p.Room = room
	return b.say(ctx, s, p, net.Language, name, data)
}

// tellStaff queues a message to the coordination room.
func (b *Bot) tellStaff(ctx context.Context, s *scene, p meeting.Post, name string, data any) error {
	room, err := s.tx.BoundRoom(ctx, coordination)
	if err != nil || room == "" {
		return err
	}
	p.Room = room
	return b.say(ctx, s, p, s.set.Language, name, data)
}

// tellDirectly queues a direct message.
func (b *Bot) tellDirectly(ctx context.Context, s *scene, user meeting.UserID, key, lang, name string, data any) error {
	return b.say(ctx, s, meeting.Post{Key: key, To: user, Kind: meeting.PostText, Mentions: []meeting.UserID{user}}, lang, name, data)
}

// react queues an emoji on an event.
func (b *Bot) react(ctx context.Context, s *scene, room meeting.RoomID, target meeting.EventID, key, emoji string) error {
	_, err := s.tx.StorePost(ctx, meeting.Post{Key: key, Room: room, Kind: meeting.PostReaction, Emoji: emoji,
		Target: meeting.Ref{Event: target}}, s.now)
	return err
}

// takeDown removes a post, its parts and its files: before they were sent, or
// afterwards.
func (b *Bot) takeDown(ctx context.Context, s *scene, key string) error {
	for n := 1; ; n++ {
		p, err := s.tx.Post(ctx, partKey(key, n))
		if err != nil {
			return err
		}
		if p == nil {
			break
		}
		if err := b.removePost(ctx, s, *p); err != nil {
			return err
		}
	}
	files, err := s.tx.PostsWithPrefix(ctx, key+attached)
	if err != nil {
		return err
	}
	for _, p := range files {
		if err := b.removePost(ctx, s, p); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bot) removePost(ctx context.Context, s *scene, p meeting.PostRecord) error {
	if p.State != meeting.PostPending && p.State != meeting.PostSent {
		return nil
	}
	if err := s.tx.Unquote(ctx, p.Key); err != nil {
		return err
	}
	cancelled, err := s.tx.CancelPost(ctx, p.Key)
	if err != nil || cancelled {
		return err
	}
	_, err = s.tx.StorePost(ctx, meeting.Post{Key: "remove/" + p.Key, Room: p.Room, To: p.To, Kind: meeting.PostRedact,
		Target: meeting.Ref{Event: p.Event, Key: p.Key}}, s.now) // the event, if it is known: what is kept of the post may go first
	return err
}

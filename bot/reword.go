package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"blnbot/internal/digest"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// rewordPrefix begins the keys of offers to take a reply into the shared summary
// again whose author has changed its words: "reword/<entry>/<n>/<hash of
// the words that were shown>".
const rewordPrefix = "reword/"

// offerReworded shows the leader the new wording of a reply that went out of the
// shared summary because its author changed it. Nothing leaves the room before
// the leader says so.
func (b *Bot) offerReworded(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, e meeting.Entry) error {
	text, err := b.rewording(ctx, s, net, e)
	if err != nil || text == "" {
		return err
	}
	before, err := s.tx.CountPosts(ctx, rewordPrefix+string(e.ID)+"/")
	if err != nil {
		return err
	}
	names, err := b.leaderNames(ctx, s, net)
	if err != nil {
		return err
	}
	key := fmt.Sprintf("%s%s/%d/%s", rewordPrefix, e.ID, before+1, shownHash(text))
	return b.tell(ctx, s, net, meeting.Post{Key: key, Kind: meeting.PostText, Mentions: s.leaders(net), Meeting: m.ID, About: e.ID, ReplyTo: meeting.Ref{Event: e.ID}},
		"reworded", render.Problem{Number: m.Number, Word: text, Leaders: names})
}

// shownHash tells texts apart that were shown.
func shownHash(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:8])
}

// rewording is the best sentence of a changed reply as it may leave the room;
// empty if there is none.
func (b *Bot) rewording(ctx context.Context, s *scene, net *meeting.Network, e meeting.Entry) (string, error) {
	usable, err := b.quotable(ctx, s, net, []meeting.Entry{e})
	if err != nil || len(usable) == 0 || e.State != meeting.EntryActive {
		return "", err
	}
	text, ok := digest.Best(e, digest.Options{Language: net.Language})
	if !ok {
		return "", nil
	}
	mask, err := b.masker(ctx, s, net)
	if err != nil {
		return "", err
	}
	return render.UpperFirst(mask(text)), nil
}

// withdrawOffer takes down the offers about a reply, which quote an earlier text
// of it.
func (b *Bot) withdrawOffer(ctx context.Context, s *scene, id meeting.EventID) error {
	offers, err := s.tx.PostsWithPrefix(ctx, rewordPrefix+string(id)+"/")
	if err != nil {
		return err
	}
	for _, p := range offers {
		if err := b.removePost(ctx, s, p); err != nil {
			return err
		}
	}
	return nil
}

// offerAgain offers the newest wording of a reply that was offered before and
// not taken in.
func (b *Bot) offerAgain(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, sum *meeting.Summary, e meeting.Entry) error {
	if sum == nil || sum.State != meeting.SummaryShared || e.State != meeting.EntryActive {
		return nil
	}
	offers, err := s.tx.PostsWithPrefix(ctx, rewordPrefix+string(e.ID)+"/")
	if err != nil || len(offers) == 0 || quotes(sum, e.ID) {
		return err
	}
	return b.offerReworded(ctx, s, net, m, e)
}

// quotes reports whether a point of the summary quotes the entry.
func quotes(sum *meeting.Summary, id meeting.EventID) bool {
	for _, p := range sum.Points {
		if len(p.Entries) > 0 && p.Entries[0] == id && !p.Dropped {
			return true
		}
	}
	return false
}

// offerAt is the offer that a command answers, or nil.
func (b *Bot) offerAt(ctx context.Context, s *scene, c *call) (*meeting.PostRecord, error) {
	for _, target := range []meeting.EventID{c.msg.ReplyTo, c.msg.Thread} {
		if target == "" {
			continue
		}
		post, err := s.tx.PostByEvent(ctx, target)
		if err != nil {
			return nil, err
		}
		if post != nil && strings.HasPrefix(post.Key, rewordPrefix) {
			return post, nil
		}
	}
	return nil, nil
}

// takeReworded takes a reply's new wording into the shared summary, which is
// replaced. An offer that is out of date was taken down with its text.
func (b *Bot) takeReworded(ctx context.Context, s *scene, net *meeting.Network, offer *meeting.PostRecord) error {
	if removed, err := s.tx.Post(ctx, "remove/"+offer.Key); err != nil || removed != nil {
		return err
	}
	e, err := s.tx.Entry(ctx, offer.About, net.Leads)
	if err != nil || e == nil {
		return err
	}
	m, err := s.tx.MeetingByID(ctx, offer.Meeting)
	if err != nil || m == nil {
		return err
	}
	sum, err := s.tx.Summary(ctx, m.ID)
	if err != nil || sum == nil || sum.State != meeting.SummaryShared || quotes(sum, e.ID) {
		return err
	}
	text, err := b.rewording(ctx, s, net, *e)
	if err != nil || text == "" {
		return err
	}
	if !strings.HasSuffix(offer.Key, "/"+shownHash(text)) {
		// Not what the leader has seen.
		return errors.Join(b.withdrawOffer(ctx, s, e.ID), b.offerReworded(ctx, s, net, m, *e))
	}
	if err := b.appendPoint(ctx, s, net, sum, *e, text, nextPoint(sum, e.Prompt)); err != nil {
		return err
	}
	sum.Taken = max(0, sum.Taken-1)
	if err := b.takeDown(ctx, s, sum.Post); err != nil {
		return err
	}
	if err := b.postSummary(ctx, s, net, m, sum); err != nil {
		return err
	}
	return b.tell(ctx, s, net, meeting.Post{Key: "taken/" + offer.Key, Meeting: m.ID}, "reworded_taken", render.Problem{Number: m.Number, Version: sum.Version})
}

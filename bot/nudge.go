package bot

import (
	"context"
	"fmt"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// nudges is after how many days a draft that is left alone is brought to mind.
var nudges = []int{3, 7, 14}

// nudgePrefix begins the keys of reminders of a draft, which end in the draft's
// revision: ✅ counts on them as long as the draft is the same.
const nudgePrefix = "nudge/"

// draftDue shares a draft whose time for comments is over, where the network
// wants that, and otherwise reminds the leader of it. The network is nil unless
// it is configured.
func (b *Bot) draftDue(ctx context.Context, configured *meeting.Network, d meeting.Draft) error {
	now := b.now().UTC()
	if configured != nil && configured.Rests(now) {
		return nil
	}
	auto := !d.ObjectBy.After(now) && (configured == nil || configured.Approval == meeting.ApprovalAuto)
	nudge := d.Nudges < len(nudges) && !d.Drafted.AddDate(0, 0, nudges[d.Nudges]).After(now)
	if !auto && !nudge {
		return nil
	}
	return b.update(ctx, func(s *scene) error {
		sum, err := s.tx.Summary(ctx, d.Meeting)
		if err != nil || sum == nil || sum.State != meeting.SummaryDraft {
			return err
		}
		m, err := s.tx.MeetingByID(ctx, sum.Meeting)
		if err != nil || m == nil {
			return err
		}
		net, err := s.network(ctx, m.Network)
		if err != nil || net == nil || net.Rests(s.now) {
			return err
		}
		if auto && net.Approval == meeting.ApprovalAuto {
			if sum.Comments == 0 {
				return b.share(ctx, s, net, m, sum, "")
			}
			if err := b.commentsWait(ctx, s, net, m); err != nil {
				return err
			}
		}
		if !nudge {
			return nil
		}
		return b.nudge(ctx, s, net, m, sum)
	})
}

func (b *Bot) commentsWait(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting) error {
	names, err := b.leaderNames(ctx, s, net)
	if err != nil {
		return err
	}
	return b.tell(ctx, s, net, meeting.Post{Key: fmt.Sprintf("comments/%d", m.ID), Kind: meeting.PostText, Mentions: s.leaders(net)},
		"comments_wait", render.Problem{Number: m.Number, Leaders: names})
}

// nudge reminds the leader of a draft. After time without the bot only the
// newest reminder goes out.
func (b *Bot) nudge(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, sum *meeting.Summary) error {
	for sum.Nudges < len(nudges) && !sum.Drafted.AddDate(0, 0, nudges[sum.Nudges]).After(s.now) {
		sum.Nudges++
	}
	if err := s.tx.StoreSummary(ctx, sum); err != nil {
		return err
	}
	names, err := b.leaderNames(ctx, s, net)
	if err != nil {
		return err
	}
	return b.tell(ctx, s, net, meeting.Post{Key: fmt.Sprintf("%s%d/%d/%d", nudgePrefix, m.ID, sum.Nudges, sum.Revision), Kind: meeting.PostText,
		Mentions: s.leaders(net), Meeting: m.ID},
		"nudge", render.Problem{Number: m.Number, Leaders: names, When: sum.Drafted.In(net.Location)})
}

package bot

import (
	"bytes"
	"context"
	"regexp"
	"slices"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// longestReason is the most characters of a reason to publish without all
// sign-offs.
const longestReason = 1000

// without is "utan Arvika och Luleå: skälet".
var without = regexp.MustCompile(`(?is)^(?:utan|without)\s+([^:]+):\s*(.*)$`)

// reportPublish publishes the draft: with all sign-offs, or with a reason that
// names those that are missing.
func (b *Bot) reportPublish(ctx context.Context, s *scene, c *call, programme, args string) error {
	draft, published, err := b.reports(ctx, s, programme)
	switch {
	case err != nil:
		return err
	case draft == nil && published == nil:
		return b.answer(ctx, s, c, "report_none", nil)
	case draft == nil:
		return b.answer(ctx, s, c, "report_published_already", render.Problem{When: published.Published.In(s.set.Location)})
	}
	view, err := b.signOffView(ctx, s, draft)
	if err != nil {
		return err
	}
	missing := slices.Concat(view.Asked, view.Objected)
	reason := ""
	if args != "" || len(missing) > 0 {
		var ok bool
		if reason, ok = reasonFor(args, missing); !ok {
			return b.answer(ctx, s, c, "report_unsigned", view)
		}
	}
	if len([]rune(reason)) > longestReason {
		return b.answer(ctx, s, c, "too_long", render.Problem{Max: longestReason})
	}
	draft.Reason, draft.By, draft.Published = reason, c.msg.Sender, s.now
	return b.publish(ctx, s, draft)
}

// reasonFor reads why a report is published without the networks; false unless
// exactly these are named and there is a reason.
func reasonFor(args string, missing []string) (string, bool) {
	found := without.FindStringSubmatch(strings.TrimSpace(args))
	if found == nil || len(missing) == 0 {
		return "", false
	}
	named := " " + separators.ReplaceAllString(render.Fold(found[1]), " ") + " "
	// The longest first: a name may be part of another one.
	names := slices.Clone(missing)
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	for _, n := range names {
		folded := " " + separators.ReplaceAllString(render.Fold(n), " ") + " "
		if !strings.Contains(named, folded) {
			return "", false
		}
		named = strings.Replace(named, folded, "  ", 1)
	}
	left := strings.NewReplacer(" och ", " ", " and ", " ").Replace(named)
	reason := strings.TrimSpace(found[2])
	return reason, strings.TrimSpace(left) == "" && reason != ""
}

var separators = regexp.MustCompile(`[\s,;]+`)

// publish makes the draft the published report, sets when what people wrote is
// deleted, and posts the final documents.
func (b *Bot) publish(ctx context.Context, s *scene, draft *meeting.Report) error {
	final, err := b.nextVersion(ctx, s, draft.Programme, meeting.ReportPublished)
	if err != nil {
		return err
	}
	signed, err := b.signOffView(ctx, s, draft)
	if err != nil {
		return err
	}
	signed.SignedBy = signed.Given
	final.Reason, final.By, final.Published, final.Corrected = draft.Reason, draft.By, draft.Published, false
	if final.Body, err = freeze(signed.Report); err != nil {
		return err
	}
	if err := s.tx.StoreReport(ctx, final); err != nil {
		return err
	}
	if err := s.tx.DeleteReport(ctx, draft.Programme, meeting.ReportDraft); err != nil {
		return err
	}
	view, err := thaw(final)
	if err != nil {
		return err
	}
	for _, n := range view.Networks {
		if err := b.planDeletion(ctx, s, n.ID); err != nil {
			return err
		}
	}
	return b.postReport(ctx, s, final, "report_published", s.set.Staff)
}

// planDeletion sets when what people wrote in the network is deleted, now that
// the report is published; a date that was set before stays if it is earlier, or
// if people were told of it.
func (b *Bot) planDeletion(ctx context.Context, s *scene, network string) error {
	net, err := s.network(ctx, network)
	if err != nil || net == nil {
		return err
	}
	due := net.RawUntil(s.now)
	d, err := s.tx.Deletion(ctx, network)
	if err != nil {
		return err
	}
	if d == nil {
		d = &meeting.Deletion{Network: network, Due: due, Published: true}
		return s.tx.StoreDeletion(ctx, d)
	}
	if d.Published {
		return nil
	}
	if d.Announced.IsZero() && due.Before(d.Due) {
		d.Due = due
	}
	d.Published = true
	return s.tx.StoreDeletion(ctx, d)
}

// correctReport takes out of the published report what is no longer shared, and
// nothing else: what was added since, nobody has signed off. The documents are
// taken down and posted anew.
func (b *Bot) correctReport(ctx context.Context, s *scene, published *meeting.Report) error {
	old, err := thaw(published)
	if err != nil {
		return err
	}
	nets, err := b.reportNetworks(ctx, s, published.Programme)
	if err != nil {
		return err
	}
	mask, err := b.masksOf(ctx, s, nets)
	if err != nil {
		return err
	}
	for i := range old.Networks {
		if err := b.correctPart(ctx, s, &old.Networks[i], mask); err != nil {
			return err
		}
	}
	if err := b.reportRounds(ctx, s, &old); err != nil {
		return err
	}
	body, err := freeze(old)
	if err != nil || bytes.Equal(body, published.Body) {
		return err
	}
	if err := b.takeDownReports(ctx, s, published.Programme, meeting.ReportPublished); err != nil {
		return err
	}
	next, err := b.nextVersion(ctx, s, published.Programme, meeting.ReportPublished)
	if err != nil {
		return err
	}
	next.Body, next.Corrected = body, true
	if err := s.tx.StoreReport(ctx, next); err != nil {
		return err
	}
	return b.postReport(ctx, s, next, "report_corrected", s.set.Staff)
}

// correctPart takes out what is not there any more: points of summaries, areas
// of the poll, fields of the plan.
func (b *Bot) correctPart(ctx context.Context, s *scene, part *render.ReportNetwork, mask func(string) string) error {
	net, err := s.network(ctx, part.ID)
	if err != nil || net == nil {
		return err
	}
	now, err := b.reportPart(ctx, s, net, mask)
	if err != nil {
		return err
	}
	for i := range part.Meetings {
		m := &part.Meetings[i]
		switch {
		case m.Summary == nil:
		case i >= len(now.Meetings) || now.Meetings[i].Summary == nil:
			m.Summary = nil
		default:
			keepPoints(m.Summary, now.Meetings[i].Summary)
		}
	}
	if err := b.correctPoll(ctx, s, net, part, mask); err != nil {
		return err
	}
	correctDecisions(part, now, mask)
	if part.Plan == nil {
		return nil
	}
	items, err := s.tx.PlanItems(ctx, net.ID, part.Plan.Version)
	if err != nil {
		return err
	}
	for i := range part.Plan.Items {
		it := &part.Plan.Items[i].PlanItem
		at := slices.IndexFunc(items, func(n meeting.PlanItem) bool { return n.Number == it.Number })
		for _, f := range meeting.Fields() {
			if at < 0 || *items[at].Field(f) == "" {
				*it.Field(f) = ""
			}
		}
	}
	return nil
}

// correctPoll takes out areas whose text is gone, whether or not people are
// voting anew.
func (b *Bot) correctPoll(ctx context.Context, s *scene, net *meeting.Network, part *render.ReportNetwork, mask func(string) string) error {
	if part.Poll == nil {
		return nil
	}
	poll, err := s.tx.Poll(ctx, net.ID)
	if err != nil {
		return err
	}
	part.Poll.Votes.Areas = slices.DeleteFunc(part.Poll.Votes.Areas, func(a render.AreaVotes) bool {
		return poll == nil || !slices.ContainsFunc(poll.Areas, func(n meeting.Priority) bool {
			return !n.Dropped && (n.Text == a.Text || mask(n.Text) == mask(a.Text))
		})
	})
	return nil
}

// correctDecisions takes out decisions, notes and answers that were taken back.
// What is there now is masked; a name may have become known since the report.
func correctDecisions(part *render.ReportNetwork, now render.ReportNetwork, mask func(string) string) {
	part.Decisions = slices.DeleteFunc(part.Decisions, func(d meeting.Decision) bool {
		return !slices.ContainsFunc(now.Decisions, func(n meeting.Decision) bool { return n.Version == d.Version })
	})
	for i := range part.Decisions {
		d := &part.Decisions[i]
		at := slices.IndexFunc(now.Decisions, func(n meeting.Decision) bool { return n.Version == d.Version })
		if now.Decisions[at].Note != mask(d.Note) {
			d.Note = ""
		}
		if now.Decisions[at].Body != mask(d.Body) {
			d.Body = ""
		}
	}
	for i := range part.FollowUps {
		f := &part.FollowUps[i]
		at := slices.IndexFunc(now.FollowUps, func(n render.ReportFollowUp) bool { return n.Months == f.Months })
		f.Answers = slices.DeleteFunc(f.Answers, func(a string) bool { return at < 0 || !slices.Contains(now.FollowUps[at].Answers, mask(a)) })
	}
	part.FollowUps = slices.DeleteFunc(part.FollowUps, func(f render.ReportFollowUp) bool { return len(f.Answers) == 0 })
}

// keepPoints keeps the points of a summary that it still has, and its counts as
// they are now.
func keepPoints(was, now *render.Summary) {
	for i := range was.Prompts {
		p := &was.Prompts[i]
		p.Points = slices.DeleteFunc(p.Points, func(old meeting.Point) bool {
			at := slices.IndexFunc(now.Prompts, func(n render.PromptPoints) bool { return n.Number == p.Number })
			return at < 0 || !slices.ContainsFunc(now.Prompts[at].Points, func(n meeting.Point) bool { return n.Number == old.Number })
		})
		if len(p.Points) == 0 {
			p.Points = nil
		}
	}
	was.Taken, was.Removed, was.Entries = now.Taken, now.Removed, now.Entries
}

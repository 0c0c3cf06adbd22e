package bot

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// reportPrefix begins the keys of everything that shows a programme's report.
func reportPrefix(programme string) string { return "report/" + programme + "/" }

// reportKey is the key of the message that shows a version.
func reportKey(programme string, version int) string {
	return fmt.Sprintf("%sversion/%d", reportPrefix(programme), version)
}

// reportPost is the key of the message that a part or a file of it belongs to.
func reportPost(key string) string {
	key, _, _ = strings.Cut(key, attached)
	key, _, _ = strings.Cut(key, "~")
	return key
}

// reportFormats are the forms that the report comes in.
func reportFormats(published bool) []string {
	if published {
		return []string{"docx", "html", "md"}
	}
	return []string{"docx", "html"}
}

// cmdReport shows how far the report has come, or does what the first word says.
func (b *Bot) cmdReport(ctx context.Context, s *scene, c *call) error {
	programme, rest, err := b.reportAsked(ctx, s, c)
	if err != nil || programme == "" {
		return err
	}
	word, args := cutWord(rest)
	switch render.Fold(word) {
	case "":
		return b.reportState(ctx, s, c, programme)
	case "ny", "nytt", "new":
		return b.staffOnly(ctx, s, c, func() error { return b.reportAnew(ctx, s, c, programme) })
	case "godkann", "approve":
		return b.reportApprove(ctx, s, c, programme)
	case "publicera", "publish":
		return b.staffOnly(ctx, s, c, func() error { return b.reportPublish(ctx, s, c, programme, args) })
	}
	return b.answer(ctx, s, c, "report_form", render.Problem{Word: clip(word)})
}

func (b *Bot) staffOnly(ctx context.Context, s *scene, c *call, do func() error) error {
	if !c.staff {
		return b.answer(ctx, s, c, "not_staff", nil)
	}
	return do()
}

// reportAsked finds the programme that the arguments begin with, by id or name;
// with one programme it need not be named. It answers and returns nothing if
// that is unclear.
func (b *Bot) reportAsked(ctx context.Context, s *scene, c *call) (programme, rest string, err error) {
	var ids []string
	names := map[string]string{}
	for _, n := range s.set.Networks {
		if id := n.Programme.ID; names[id] == "" {
			ids, names[id] = append(ids, id), n.Programme.Name
		}
	}
	slices.Sort(ids)
	folded := render.Fold(strings.Join(strings.Fields(c.args), " "))
	for _, called := range []func(string) string{func(id string) string { return id }, func(id string) string { return names[id] }} {
		for _, id := range ids {
			name := called(id)
			if after, ok := strings.CutPrefix(folded, render.Fold(name)); ok && (after == "" || after[0] == ' ') {
				return id, strings.Join(strings.Fields(c.args)[len(strings.Fields(name)):], " "), nil
			}
		}
	}
	switch len(ids) {
	case 0:
		return "", "", b.answer(ctx, s, c, "no_programme", nil)
	case 1:
		return ids[0], c.args, nil
	}
	return "", "", b.answer(ctx, s, c, "report_which", render.Problem{Names: ids})
}

// reportState shows who has signed off and who is missing. Where there is no
// report yet, staff get the first draft.
func (b *Bot) reportState(ctx context.Context, s *scene, c *call, programme string) error {
	draft, published, err := b.reports(ctx, s, programme)
	switch {
	case err != nil:
		return err
	case draft == nil && published == nil && c.staff:
		return b.reportAnew(ctx, s, c, programme)
	case draft == nil && published == nil:
		return b.answer(ctx, s, c, "report_none", nil)
	}
	current := draft
	if draft == nil {
		current = published
	}
	view, err := b.signOffView(ctx, s, current)
	if err != nil {
		return err
	}
	view.Newer, view.Staff = draft != nil && published != nil, c.staff
	if view.Deletions, err = b.deletionsOf(ctx, s, programme); err != nil {
		return err
	}
	return b.answer(ctx, s, c, "report_state", view)
}

// reports are the programme's draft and published report; nil for none.
func (b *Bot) reports(ctx context.Context, s *scene, programme string) (draft, published *meeting.Report, err error) {
	if draft, err = s.tx.Report(ctx, programme, meeting.ReportDraft); err != nil {
		return nil, nil, err
	}
	published, err = s.tx.Report(ctx, programme, meeting.ReportPublished)
	return draft, published, err
}

// deletionsOf lists the deletions that lie ahead in the programme's networks.
func (b *Bot) deletionsOf(ctx context.Context, s *scene, programme string) ([]render.Deletion, error) {
	nets, err := b.reportNetworks(ctx, s, programme)
	if err != nil {
		return nil, err
	}
	var out []render.Deletion
	for _, net := range nets {
		d, err := s.tx.Deletion(ctx, net.ID)
		if err != nil {
			return nil, err
		}
		if d != nil {
			out = append(out, deletionView(deletion{d, net}))
		}
	}
	return out, nil
}

// reportAnew makes a draft, or a new version of it.
func (b *Bot) reportAnew(ctx context.Context, s *scene, c *call, programme string) error {
	if done, err := s.tx.Post(ctx, "answer/"+string(c.msg.ID)); err != nil || done != nil {
		return err // one version for each time it is asked for
	}
	view, err := b.compileReport(ctx, s, programme)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(view.Networks, func(n render.ReportNetwork) bool { return !n.Empty() }) {
		return b.answer(ctx, s, c, "report_nothing", nil)
	}
	r, err := b.draftReport(ctx, s, view, true)
	if err != nil {
		return err
	}
	return b.answer(ctx, s, c, "report_made", render.Problem{Version: r.Version})
}

// draftReport stores the view as the draft's next version and posts it. Answers
// stay with networks about which it says the same as before; the others are
// asked again. Their leaders' phones ring; with ringAll, those of all that have
// not signed off.
func (b *Bot) draftReport(ctx context.Context, s *scene, view render.Report, ringAll bool) (*meeting.Report, error) {
	r, err := b.nextVersion(ctx, s, view.ID, meeting.ReportDraft)
	if err != nil {
		return nil, err
	}
	if r.Body, err = freeze(view); err != nil {
		return nil, err
	}
	if err := s.tx.StoreReport(ctx, r); err != nil {
		return nil, err
	}
	asked, err := b.askNetworks(ctx, s, view)
	if err != nil {
		return nil, err
	}
	ring, err := b.unsignedLeaders(ctx, s, view.ID, func(network string) bool { return ringAll || slices.Contains(asked, network) })
	if err != nil {
		return nil, err
	}
	return r, b.postReport(ctx, s, r, "report_draft", ring)
}

// nextVersion is the report in that state, as it is, with the next version's
// number and key.
func (b *Bot) nextVersion(ctx context.Context, s *scene, programme string, state meeting.ReportState) (*meeting.Report, error) {
	draft, published, err := b.reports(ctx, s, programme)
	if err != nil {
		return nil, err
	}
	r, last := &meeting.Report{Programme: programme, State: state}, 0
	for _, known := range []*meeting.Report{draft, published} {
		if known == nil {
			continue
		}
		last = max(last, known.Version)
		if known.State == state {
			r = known
		}
	}
	r.Version, r.Made = last+1, s.now
	r.Post = reportKey(programme, r.Version)
	return r, nil
}

// postReport posts the report with its documents in the coordination room, and
// rings the users.
func (b *Bot) postReport(ctx context.Context, s *scene, r *meeting.Report, name string, ring []meeting.UserID) error {
	view, err := b.signOffView(ctx, s, r)
	if err != nil {
		return err
	}
	post := meeting.Post{Key: r.Post, Kind: meeting.PostText, Fresh: true, Mentions: ring}
	if err := b.tellStaff(ctx, s, post, name, view); err != nil {
		return err
	}
	room, err := s.tx.BoundRoom(ctx, coordination)
	if err != nil || room == "" {
		return err
	}
	post.Room, post.Thread = room, meeting.Ref{Key: r.Post}
	return b.attach(ctx, s, post, s.set.Language, "report", view.Report, reportFormats(!r.Published.IsZero())...)
}

// touch notes that something that reports are made of has changed; removed, that
// text was taken out. The reports are brought up to date at the end of the
// transaction.
func (s *scene) touch(net *meeting.Network, removed bool) {
	if s.changed == nil {
		s.changed = map[string]bool{}
	}
	s.changed[net.Programme.ID] = s.changed[net.Programme.ID] || removed
}

// refreshReports brings the reports up to date with what changed.
func (b *Bot) refreshReports(ctx context.Context, s *scene) error {
	for _, programme := range slices.Sorted(maps.Keys(s.changed)) {
		removed := s.changed[programme]
		draft, published, err := b.reports(ctx, s, programme)
		if err != nil {
			return err
		}
		if published != nil && removed {
			if err := b.correctReport(ctx, s, published); err != nil {
				return err
			}
		}
		if draft != nil {
			if err := b.refreshDraft(ctx, s, draft, removed); err != nil {
				return err
			}
		}
	}
	return nil
}

// refreshDraft makes a new version of a draft that says something else now.
func (b *Bot) refreshDraft(ctx context.Context, s *scene, draft *meeting.Report, removed bool) error {
	view, err := b.compileReport(ctx, s, draft.Programme)
	if err != nil {
		return err
	}
	body, err := freeze(view)
	if err != nil || bytes.Equal(body, draft.Body) {
		return err
	}
	if removed {
		if err := b.takeDownReports(ctx, s, draft.Programme, meeting.ReportDraft); err != nil {
			return err
		}
	}
	_, err = b.draftReport(ctx, s, view, false)
	return err
}

// takeDownReports removes every version of a report that was posted: each may
// have the text that was removed. The newest version in the other state is
// somebody else's business.
func (b *Bot) takeDownReports(ctx context.Context, s *scene, programme string, state meeting.ReportState) error {
	posted, err := s.tx.PostsWithPrefix(ctx, reportPrefix(programme)+"version/")
	if err != nil {
		return err
	}
	draft, published, err := b.reports(ctx, s, programme)
	if err != nil {
		return err
	}
	for _, p := range posted {
		base := reportPost(p.Key)
		if state == meeting.ReportDraft && published != nil && base == published.Post || state == meeting.ReportPublished && draft != nil && base == draft.Post {
			continue
		}
		if err := b.removePost(ctx, s, p); err != nil {
			return err
		}
	}
	return nil
}

package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"blnbot/internal/digest"
	"blnbot/internal/failpoint"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// draftPrefix begins the keys of drafts and of their edits.
const draftPrefix = "draft/"

// maxPoints is the most points a prompt can have in a draft.
const maxPoints = 12

// draft makes the digest of a closed meeting into a draft and posts it.
func (b *Bot) draft(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, entries []meeting.Entry) error {
	mask, err := b.masker(ctx, s, net)
	if err != nil {
		return err
	}
	_, members, err := b.people(ctx, s, net)
	if err != nil {
		return err
	}
	usable, err := b.quotable(ctx, s, net, entries)
	if err != nil {
		return err
	}
	sum := &meeting.Summary{Meeting: m.ID, State: meeting.SummaryDraft, Drafted: s.now, ObjectBy: s.now.Add(net.ObjectionsFor)}
	for prompt := range len(m.Prompts) {
		points := digest.Points(ofPrompt(usable, prompt+1), digest.Options{Language: net.Language})
		for i, p := range points {
			p.Prompt, p.Number, p.Text, p.Role = prompt+1, i+1, render.UpperFirst(mask(p.Text)), meeting.Shown(p.Role, members)
			sum.Points = append(sum.Points, p)
		}
	}
	return b.postDraft(ctx, s, net, m, sum, entries)
}

func ofPrompt(entries []meeting.Entry, prompt int) []meeting.Entry {
	var out []meeting.Entry
	for _, e := range entries {
		if e.Prompt == prompt && e.State == meeting.EntryActive {
			out = append(out, e)
		}
	}
	return out
}

// postDraft posts the draft as a message of its own, which ✅ is then for.
func (b *Bot) postDraft(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, sum *meeting.Summary, entries []meeting.Entry) error {
	sum.Revision++
	sum.Post = fmt.Sprintf("%s%s/%d/%d", draftPrefix, net.ID, m.Number, sum.Revision)
	if err := s.tx.StoreSummary(ctx, sum); err != nil {
		return err
	}
	view, err := b.draftView(ctx, s, net, m, sum, entries)
	if err != nil {
		return err
	}
	return b.tell(ctx, s, net, meeting.Post{Key: sum.Post, Kind: meeting.PostText, Mentions: s.leaders(net), Meeting: m.ID, Quotes: m.ID}, "draft", view)
}

// redraft takes the draft down and posts it anew, after removed text was taken
// out of it.
func (b *Bot) redraft(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, sum *meeting.Summary) error {
	if err := b.takeDown(ctx, s, sum.Post); err != nil {
		return err
	}
	entries, err := s.tx.Entries(ctx, m.ID, net.Leads)
	if err != nil {
		return err
	}
	return b.postDraft(ctx, s, net, m, sum, entries)
}

// changeDraft shows a changed draft in the same message; one that is too long
// for that is posted anew.
func (b *Bot) changeDraft(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, sum *meeting.Summary) error {
	entries, err := s.tx.Entries(ctx, m.ID, net.Leads)
	if err != nil {
		return err
	}
	view, err := b.draftView(ctx, s, net, m, sum, entries)
	if err != nil {
		return err
	}
	text, err := b.texts.Text(net.Language, "draft", view)
	if err != nil {
		return err
	}
	parts, err := s.tx.Post(ctx, partKey(sum.Post, 2))
	if err != nil {
		return err
	}
	if parts != nil || len(text) > longest {
		return b.redraft(ctx, s, net, m, sum)
	}
	sum.Revision++
	if err := s.tx.StoreSummary(ctx, sum); err != nil {
		return err
	}
	room, err := s.roomOf(ctx, net)
	if err != nil {
		return err
	}
	_, err = s.tx.StorePost(ctx, meeting.Post{Key: editKey(sum), Room: room, Kind: meeting.PostEdit, Target: meeting.Ref{Key: sum.Post},
		Markdown: text, Meeting: m.ID, Quotes: m.ID}, s.now)
	return err
}

// copyPrefix begins the keys of answers that show the draft as it is now, for
// which ✅ counts as well.
func copyPrefix(m *meeting.Meeting, sum *meeting.Summary) string {
	return fmt.Sprintf("%s%s/%d/copy/%d/", draftPrefix, m.Network, m.Number, sum.Revision)
}

func editKey(sum *meeting.Summary) string { return fmt.Sprintf("%s/edit/%d", sum.Post, sum.Revision) }

func (b *Bot) draftView(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, sum *meeting.Summary, entries []meeting.Entry) (render.Summary, error) {
	view, err := b.summaryView(ctx, s, net, m, sum, entries)
	if err != nil {
		return view, err
	}
	view.Leaders, err = b.leaderNames(ctx, s, net)
	view.Until, view.Auto, view.Taken = sum.ObjectBy.In(net.Location), net.Approval == meeting.ApprovalAuto, sum.Taken
	return view, err
}

// summaryView is what a summary shows: points that were not dropped, and how
// complete it is.
func (b *Bot) summaryView(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, sum *meeting.Summary, entries []meeting.Entry) (render.Summary, error) {
	t, err := b.counted(ctx, s, m, entries)
	if err != nil {
		return render.Summary{}, err
	}
	view := render.Summary{Network: net.Name, Number: m.Number, Title: m.Title, Version: sum.Version, Entries: t.active, Late: t.late,
		Removed: t.removed, LeftOut: t.leftOut, Unreadable: t.unreadable, Shared: sum.Shared.In(net.Location)}
	_, members, err := b.people(ctx, s, net)
	if err != nil {
		return view, err
	}
	view.Participants = t.shown(members)
	attendance, err := s.tx.Attendance(ctx, m.ID)
	if err != nil {
		return view, err
	}
	view.Attendance = meeting.ShownCount(attendance, attendance)
	if view.Gaps, err = b.lost(ctx, s, net, m); err != nil {
		return view, err
	}
	for i, text := range m.Prompts {
		p := render.PromptPoints{Number: i + 1, Text: text, Entries: t.byPrompt[i+1]}
		for _, point := range sum.Points {
			if point.Prompt == i+1 && !point.Dropped {
				point.Role = meeting.Shown(point.Role, members) // members may have left since the draft
				p.Points = append(p.Points, point)
			}
		}
		view.Prompts = append(view.Prompts, p)
	}
	return view, nil
}

// addLate adds a reply to the draft that came, or became readable, after closing.
func (b *Bot) addLate(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, id meeting.EventID) error {
	return b.addPoint(ctx, s, net, m, id, true)
}

// addMarked adds a reply that a leader marked after closing to the draft.
func (b *Bot) addMarked(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, id meeting.EventID) error {
	return b.addPoint(ctx, s, net, m, id, false)
}

// addPoint adds an entry's best sentence at the end of its prompt in the draft,
// so that the numbers that people see stay what they are.
func (b *Bot) addPoint(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, id meeting.EventID, late bool) error {
	sum, err := s.tx.Summary(ctx, m.ID)
	if err != nil || sum == nil || sum.State != meeting.SummaryDraft {
		return err
	}
	e, err := s.tx.Entry(ctx, id, net.Leads)
	if err != nil || e == nil || e.State != meeting.EntryActive {
		return err
	}
	number, shown := 0, 0
	for _, p := range sum.Points {
		if p.Prompt != e.Prompt {
			continue
		}
		number = max(number, p.Number)
		if !p.Dropped {
			shown++
			if len(p.Entries) > 0 && p.Entries[0] == id {
				return nil
			}
		}
	}
	usable, err := b.quotable(ctx, s, net, []meeting.Entry{*e})
	if err != nil {
		return err
	}
	text, ok := digest.Best(*e, digest.Options{Language: net.Language})
	if ok && len(usable) > 0 && (shown < maxPoints || !late) {
		if err := b.appendPoint(ctx, s, net, sum, *e, text, number+1); err != nil {
			return err
		}
	}
	return b.changeDraft(ctx, s, net, m, sum)
}

func (b *Bot) appendPoint(ctx context.Context, s *scene, net *meeting.Network, sum *meeting.Summary, e meeting.Entry, text string, number int) error {
	mask, err := b.masker(ctx, s, net)
	if err != nil {
		return err
	}
	_, members, err := b.people(ctx, s, net)
	if err != nil {
		return err
	}
	sum.Points = append(sum.Points, meeting.Point{Prompt: e.Prompt, Number: number, Text: render.UpperFirst(mask(text)), Entries: []meeting.EventID{e.ID},
		Support: 1 + e.Support, Role: meeting.Shown(e.Role, members), Late: e.Late})
	slices.SortStableFunc(sum.Points, func(a, b meeting.Point) int { return a.Prompt - b.Prompt })
	return nil
}

// approveByReaction takes in a leader's ✅. It counts on the draft as it is
// now; one that met a changing draft is asked for again.
func (b *Bot) approveByReaction(ctx context.Context, s *scene, p place, r meeting.Reaction) error {
	post, err := s.postActedOn(ctx, r.EventMeta, r.Target)
	if err != nil || post == nil {
		return err
	}
	if done, err := b.approveResult(ctx, s, p.net, post, r.Sender); err != nil || done || post.Meeting == 0 {
		return err
	}
	m, err := s.tx.MeetingByID(ctx, post.Meeting)
	if err != nil || m == nil {
		return err
	}
	sum, err := s.tx.Summary(ctx, m.ID)
	if err != nil || sum == nil {
		return err
	}
	if strings.HasPrefix(post.Key, rewordPrefix) {
		return b.takeReworded(ctx, s, p.net, post)
	}
	if sum.State != meeting.SummaryDraft {
		return nil
	}
	base, _, _ := strings.Cut(post.Key, "~")
	ago := r.Fetched
	if strings.HasPrefix(base, nudgePrefix) {
		if !strings.HasSuffix(base, fmt.Sprintf("/%d", sum.Revision)) {
			return b.tell(ctx, s, p.net, meeting.Post{Key: "again/" + string(r.ID), Kind: meeting.PostText, Mentions: []meeting.UserID{r.Sender}}, "nudge_changed", nil)
		}
		base, ago = sum.Post, false // a reminder tells which form it means
	}
	if strings.HasPrefix(base, copyPrefix(m, sum)) {
		return b.share(ctx, s, p.net, m, sum, r.Sender)
	}
	if base != sum.Post {
		return nil
	}
	shown, err := b.draftShown(ctx, s, p.net, m, sum, ago)
	if err != nil {
		return err
	}
	if !shown {
		key := fmt.Sprintf("again/%s/%d", r.ID, sum.Revision)
		return b.tell(ctx, s, p.net, meeting.Post{Key: key, Kind: meeting.PostText, Mentions: []meeting.UserID{r.Sender}}, "draft_changed", nil)
	}
	return b.share(ctx, s, p.net, m, sum, r.Sender)
}

// draftShown reports whether the newest form of the draft had come into the
// room before what is being handled now, which may be about a time long ago: then
// only the first form can have been meant. One that could not be delivered is
// posted anew.
func (b *Bot) draftShown(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, sum *meeting.Summary, ago bool) (bool, error) {
	newest, err := s.tx.Post(ctx, editKey(sum))
	if err != nil {
		return false, err
	}
	if ago {
		return newest == nil, nil
	}
	if newest == nil {
		if newest, err = s.tx.Post(ctx, sum.Post); err != nil || newest == nil {
			return false, err
		}
	}
	if newest.State == meeting.PostFailed {
		return false, b.redraft(ctx, s, net, m, sum)
	}
	return newest.Echoed, nil
}

// share shares the summary with the coordination room.
func (b *Bot) share(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, sum *meeting.Summary, by meeting.UserID) error {
	sum.By, sum.Shared = by, s.now
	m.State, m.SharedAt = meeting.StateShared, s.now
	if err := s.tx.StoreMeeting(ctx, m); err != nil {
		return err
	}
	if err := b.postSummary(ctx, s, net, m, sum); err != nil {
		return err
	}
	failpoint.At("sharing")
	err := b.tell(ctx, s, net, meeting.Post{Key: fmt.Sprintf("shared/%s/%d/%d", net.ID, m.Number, sum.Version), Meeting: m.ID},
		"shared", render.Problem{Number: m.Number, Version: sum.Version})
	if err != nil {
		return err
	}
	if err := b.touchRound(ctx, s, net, m.Number); err != nil {
		return err
	}
	return b.finishedLate(ctx, s, net, m)
}

// reshare takes the shared summary down and shares it anew.
func (b *Bot) reshare(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, sum *meeting.Summary) error {
	s.touch(net, true)
	if err := b.takeDown(ctx, s, sum.Post); err != nil {
		return err
	}
	if err := b.postSummary(ctx, s, net, m, sum); err != nil {
		return err
	}
	if err := b.withdrawRound(ctx, s, m.Programme, m.Number); err != nil {
		return err
	}
	return b.tell(ctx, s, net, meeting.Post{Key: fmt.Sprintf("shared/%s/%d/%d", net.ID, m.Number, sum.Version), Kind: meeting.PostText,
		Mentions: s.leaders(net), Meeting: m.ID}, "reshared", render.Problem{Number: m.Number, Version: sum.Version})
}

// postSummary posts the summary's next version in its round's thread. Names are
// hidden once more: somebody may have joined since the draft.
func (b *Bot) postSummary(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting, sum *meeting.Summary) error {
	s.touch(net, false)
	sum.State, sum.Version = meeting.SummaryShared, sum.Version+1
	sum.Post = fmt.Sprintf("%s%s/%d/%d", summaryPrefix, net.ID, m.Number, sum.Version)
	mask, err := b.masker(ctx, s, net)
	if err != nil {
		return err
	}
	for i := range sum.Points {
		sum.Points[i].Text = mask(sum.Points[i].Text)
	}
	if err := s.tx.StoreSummary(ctx, sum); err != nil {
		return err
	}
	entries, err := s.tx.Entries(ctx, m.ID, net.Leads)
	if err != nil {
		return err
	}
	view, err := b.summaryView(ctx, s, net, m, sum, entries)
	if err != nil {
		return err
	}
	room, err := s.tx.BoundRoom(ctx, coordination)
	if err != nil || room == "" {
		return err
	}
	return b.say(ctx, s, meeting.Post{Key: sum.Post, Room: room, Kind: meeting.PostText, Thread: meeting.Ref{Key: roundKey(m.Programme, m.Number)},
		Quotes: m.ID, Fresh: true}, net.Language, "summary", view)
}

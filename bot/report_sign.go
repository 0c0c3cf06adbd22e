package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// askNetworks asks the networks in use to sign the report off. An answer stays
// good while the report says the same about the network, and so does a question:
// it returns the networks that are asked now.
func (b *Bot) askNetworks(ctx context.Context, s *scene, view render.Report) ([]string, error) {
	known, err := b.signOffs(ctx, s, view.ID)
	if err != nil {
		return nil, err
	}
	var asked []string
	for _, n := range view.Networks {
		part, err := partOf(n)
		if err != nil {
			return nil, err
		}
		if n.Ended || known[n.ID].Part == part {
			continue
		}
		err = s.tx.StoreSignOff(ctx, meeting.SignOff{Programme: view.ID, Network: n.ID, State: meeting.SignAsked, Part: part, Asked: s.now})
		if err != nil {
			return nil, err
		}
		asked = append(asked, n.ID)
	}
	return asked, nil
}

func (b *Bot) signOffs(ctx context.Context, s *scene, programme string) (map[string]meeting.SignOff, error) {
	all, err := s.tx.SignOffs(ctx, programme)
	out := map[string]meeting.SignOff{}
	for _, v := range all {
		out[v.Network] = v
	}
	return out, err
}

// signOffView is how far the sign-off has come. A network that has come into
// use after the draft was made is asked with the next version.
func (b *Bot) signOffView(ctx context.Context, s *scene, r *meeting.Report) (render.SignOffs, error) {
	view := render.SignOffs{Reason: r.Reason}
	var err error
	if view.Report, err = thaw(r); err != nil {
		return view, err
	}
	view.Title = view.Programme
	view.Made = r.Made.In(s.set.Location)
	if !r.Published.IsZero() {
		view.Published = r.Published.In(s.set.Location)
	}
	known, err := b.signOffs(ctx, s, r.Programme)
	if err != nil {
		return view, err
	}
	for _, n := range view.Networks {
		if n.Ended {
			continue
		}
		v := known[n.ID]
		given := v.State == meeting.SignGiven
		if r.State == meeting.ReportPublished {
			// What was signed then stays signed, whatever is asked since.
			given = slices.Contains(view.SignedBy, n.Name) || given && !v.At.Before(r.Published)
		}
		switch {
		case v.State == meeting.SignObjected && (!given || !v.At.Before(r.Published)):
			view.Objected = append(view.Objected, n.Name)
		case given:
			view.Given = append(view.Given, n.Name)
		default:
			view.Asked = append(view.Asked, n.Name)
		}
	}
	if view.Signed = len(view.Given); r.State == meeting.ReportPublished {
		view.Signed = len(view.SignedBy)
	}
	return view, nil
}

// unsignedLeaders are the leaders of the networks that have not signed off and
// that match.
func (b *Bot) unsignedLeaders(ctx context.Context, s *scene, programme string, match func(network string) bool) ([]meeting.UserID, error) {
	known, err := b.signOffs(ctx, s, programme)
	var out []meeting.UserID
	for i := range s.set.Networks {
		n := &s.set.Networks[i]
		if n.Programme.ID != programme || known[n.ID].State == meeting.SignGiven || !match(n.ID) {
			continue
		}
		for _, l := range s.leaders(n) {
			if !slices.Contains(out, l) {
				out = append(out, l)
			}
		}
	}
	return out, err
}

// ledIn are the networks of the programme that the user leads.
func (s *scene) ledIn(programme string, user meeting.UserID) []*meeting.Network {
	var out []*meeting.Network
	for i := range s.set.Networks {
		if n := &s.set.Networks[i]; n.Programme.ID == programme && n.Leads(user) {
			out = append(out, n)
		}
	}
	return out
}

// reportOf finds the report that an event in the coordination room belongs to:
// its message, a part of it, or a file. The version may be an older one.
func (b *Bot) reportOf(ctx context.Context, s *scene, act meeting.EventMeta, id meeting.EventID) (draft, published *meeting.Report, key string, err error) {
	if id == "" {
		return nil, nil, "", nil
	}
	post, err := s.postActedOn(ctx, act, id)
	if err != nil || post == nil || !strings.HasPrefix(post.Key, "report/") {
		return nil, nil, "", err
	}
	programme, _, ok := strings.Cut(strings.TrimPrefix(post.Key, "report/"), "/")
	if !ok {
		return nil, nil, "", nil
	}
	draft, published, err = b.reports(ctx, s, programme)
	return draft, published, reportPost(post.Key), err
}

// signByReaction takes in a leader's ✅ on the report in the coordination room.
func (b *Bot) signByReaction(ctx context.Context, s *scene, r meeting.Reaction) error {
	if meeting.NormalEmoji(r.Key) != meeting.EmojiApprove {
		return nil
	}
	if gone, err := s.tx.Redacted(ctx, r.ID); err != nil || gone {
		return err
	}
	draft, published, key, err := b.reportOf(ctx, s, r.EventMeta, r.Target)
	if err != nil {
		return err
	}
	current := draft
	if published != nil && key == published.Post {
		current = published
	}
	if current == nil || len(s.ledIn(current.Programme, r.Sender)) == 0 {
		return nil
	}
	if key != current.Post {
		return b.tellStaff(ctx, s, meeting.Post{Key: "report-old/" + string(r.ID), Kind: meeting.PostText, ReplyTo: meeting.Ref{Event: r.Target},
			Mentions: []meeting.UserID{r.Sender}}, "report_old", render.Problem{Version: current.Version})
	}
	return b.sign(ctx, s, current, r.EventMeta, meeting.Post{Key: "report-signed/" + string(r.ID), Thread: meeting.Ref{Key: current.Post}})
}

// reportApprove takes in !report approve.
func (b *Bot) reportApprove(ctx context.Context, s *scene, c *call, programme string) error {
	draft, published, err := b.reports(ctx, s, programme)
	if err != nil {
		return err
	}
	current := draft
	if current == nil {
		current = published
	}
	switch {
	case current == nil:
		return b.answer(ctx, s, c, "report_none", nil)
	case len(s.ledIn(programme, c.msg.Sender)) == 0:
		return b.answer(ctx, s, c, "report_not_yours", nil)
	}
	return b.sign(ctx, s, current, c.msg.EventMeta, meeting.Post{Key: "answer/" + string(c.msg.ID), Thread: meeting.Ref{Event: c.msg.Thread},
		ReplyTo: meeting.Ref{Event: c.msg.ID}})
}

// answeredLater reports whether what the network has answered was written after an
// act that is handled only now, because the bot did not know the report's event.
func (s *scene) answeredLater(ctx context.Context, act meeting.EventMeta, v meeting.SignOff) (bool, error) {
	if !act.Fetched || v.Event == "" {
		return false, nil
	}
	place, err := s.tx.PlaceOf(ctx, v.Event)
	return place != nil && act.Order.Before(*place), err
}

// sign notes the sign-off of the networks that the user leads, and says so with
// the post. When nobody is missing, staff are told.
func (b *Bot) sign(ctx context.Context, s *scene, r *meeting.Report, act meeting.EventMeta, post meeting.Post) error {
	known, err := b.signOffs(ctx, s, r.Programme)
	if err != nil {
		return err
	}
	var names []string
	changed, outdated := false, false
	for _, n := range s.ledIn(r.Programme, act.Sender) {
		v, asked := known[n.ID]
		if !asked {
			continue // it has come into use after this version
		}
		if later, err := s.answeredLater(ctx, act, v); err != nil {
			return err
		} else if later {
			outdated = true
			continue
		}
		names = append(names, n.Name)
		if v.State == meeting.SignGiven {
			continue
		}
		v.State, v.Event, v.By, v.At, changed = meeting.SignGiven, act.ID, act.Sender, s.now, true
		if err := s.tx.StoreSignOff(ctx, v); err != nil {
			return err
		}
	}
	if len(names) == 0 && outdated {
		return nil
	}
	view, err := b.signOffView(ctx, s, r)
	if err != nil {
		return err
	}
	view.Word = strings.Join(names, ", ")
	name := "report_signed"
	switch {
	case len(names) == 0:
		name = "report_not_asked"
	case !changed:
		name = "report_signed_already"
	}
	if err := b.tellStaff(ctx, s, post, name, view); err != nil {
		return err
	}
	if !changed || len(view.Asked)+len(view.Objected) > 0 || r.State != meeting.ReportDraft {
		return nil
	}
	return b.tellStaff(ctx, s, meeting.Post{Key: fmt.Sprintf("report-all/%s/%d/%s", r.Programme, r.Version, act.ID), Kind: meeting.PostText, Mentions: s.set.Staff},
		"report_all_signed", view)
}

// object takes in what a leader writes in the thread of the report: an
// objection, until the leader signs off after all. What it says stays in the
// room and is not stored.
func (b *Bot) object(ctx context.Context, s *scene, m meeting.Message) error {
	root := m.Thread
	if root == "" {
		root = m.ReplyTo // from clients without threads
	}
	draft, published, key, err := b.reportOf(ctx, s, m.EventMeta, root)
	if err != nil {
		return err
	}
	current := draft
	if published != nil && key == published.Post || draft == nil {
		current = published
	}
	if current == nil {
		return nil
	}
	known, err := b.signOffs(ctx, s, current.Programme)
	if err != nil {
		return err
	}
	var names []string
	for _, n := range s.ledIn(current.Programme, m.Sender) {
		v, asked := known[n.ID]
		if !asked || v.State == meeting.SignObjected {
			continue
		}
		if later, err := s.answeredLater(ctx, m.EventMeta, v); err != nil {
			return err
		} else if later {
			continue
		}
		v.State, v.Event, v.By, v.At = meeting.SignObjected, m.ID, m.Sender, s.now
		if err := s.tx.StoreSignOff(ctx, v); err != nil {
			return err
		}
		names = append(names, n.Name)
	}
	if len(names) == 0 {
		return nil
	}
	view := render.SignOffs{Word: strings.Join(names, ", "), Report: render.Report{Version: current.Version, Published: current.Published}}
	return b.tellStaff(ctx, s, meeting.Post{Key: "report-objected/" + string(m.ID), Kind: meeting.PostText, Mentions: s.set.Staff,
		Thread: meeting.Ref{Event: m.Thread}, ReplyTo: meeting.Ref{Event: m.ID}}, "report_objected", view)
}

// unsign takes an answer back whose message or reaction was removed.
func (b *Bot) unsign(ctx context.Context, s *scene, id meeting.EventID) error {
	given, err := s.tx.SignOffByEvent(ctx, id)
	if err != nil {
		return err
	}
	for _, v := range given {
		draft, _, err := b.reports(ctx, s, v.Programme)
		if err != nil {
			return err
		}
		if draft == nil && v.State == meeting.SignGiven {
			continue // the report is published; that it was signed off stays true
		}
		v.State, v.Event, v.By, v.Asked, v.Nudges = meeting.SignAsked, "", "", s.now, 0
		if err := s.tx.StoreSignOff(ctx, v); err != nil {
			return err
		}
	}
	return nil
}

// signOffNudges is after how many days the leaders of a network that has not
// answered are reminded, each alone.
var signOffNudges = []int{3, 7}

// remindSignOffs reminds the leaders of networks that have not said anything
// about the report. After time without the bot only the newest reminder goes out.
func (b *Bot) remindSignOffs(ctx context.Context) error {
	return b.update(ctx, func(s *scene) error {
		waiting, err := s.tx.UnansweredSignOffs(ctx, s.now.AddDate(0, 0, -signOffNudges[0]))
		if err != nil {
			return err
		}
		for _, v := range waiting {
			due := v.Nudges
			for due < len(signOffNudges) && !v.Asked.AddDate(0, 0, signOffNudges[due]).After(s.now) {
				due++
			}
			net, err := s.network(ctx, v.Network)
			if err != nil {
				return err
			}
			if due == v.Nudges || net == nil || net.Retired || net.Rests(s.now) {
				continue
			}
			v.Nudges = due
			if err := s.tx.StoreSignOff(ctx, v); err != nil {
				return err
			}
			for _, l := range s.leaders(net) {
				key := fmt.Sprintf("report-nudge/%s/%s/%d/%d/%s", v.Programme, v.Network, v.Asked.Unix(), v.Nudges, l)
				if err := b.tellDirectly(ctx, s, l, key, net.Language, "report_nudge", render.Problem{Network: net.Name, When: v.Asked.In(net.Location)}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

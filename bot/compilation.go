package bot

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"blnbot/internal/digest"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// sharedPart is one network's part in a round: its shared summary.
type sharedPart struct {
	net  *meeting.Network
	m    *meeting.Meeting
	sum  *meeting.Summary
	view render.Summary
}

// compilation puts a round of a programme together from the summaries that are
// shared: nothing else is in it. A round without any gives one without networks.
func (b *Bot) compilation(ctx context.Context, s *scene, programme string, number int) (render.Compilation, error) {
	view := render.Compilation{Number: number, Programme: programme}
	parts, err := b.sharedParts(ctx, s, programme, number)
	if err != nil {
		return view, err
	}
	in := map[string]bool{}
	for _, p := range parts {
		in[p.net.ID] = true
		view.Programme, view.Title = p.net.Programme.Name, cmp.Or(view.Title, p.m.Title)
		view.Networks = append(view.Networks, render.CompiledNetwork{Name: p.net.Name, Entries: p.view.Entries, Participants: p.view.Participants})
	}
	for i := range s.set.Networks {
		n := &s.set.Networks[i]
		if n.Programme.ID != programme || number > len(n.Programme.Meetings) || in[n.ID] {
			continue
		}
		view.Missing = append(view.Missing, n.Name)
		view.Programme, view.Title = cmp.Or(n.Programme.Name, view.Programme), cmp.Or(view.Title, n.Programme.Meetings[number-1].Title)
	}
	if view.Prompts, err = b.compilePrompts(ctx, s, parts); err != nil {
		return view, err
	}
	known, err := s.tx.Compilation(ctx, programme, number)
	if err != nil {
		return view, err
	}
	if known != nil {
		view.Version, view.Made = known.Version, known.Made.In(s.set.Location)
	}
	return view, nil
}

// sharedParts lists the networks whose summary of the round is shared, in the
// order of the configuration, those that it no longer has last.
func (b *Bot) sharedParts(ctx context.Context, s *scene, programme string, number int) ([]sharedPart, error) {
	held, err := s.tx.RoundMeetings(ctx, programme, number)
	if err != nil {
		return nil, err
	}
	order := map[string]int{}
	for i, n := range s.set.Networks {
		order[n.ID] = i - len(s.set.Networks)
	}
	slices.SortStableFunc(held, func(a, b meeting.Meeting) int { return cmp.Compare(order[a.Network], order[b.Network]) })
	var out []sharedPart
	for i := range held {
		if held[i].State != meeting.StateShared {
			continue
		}
		p := sharedPart{m: &held[i]}
		if p.net, err = s.network(ctx, p.m.Network); err != nil {
			return nil, err
		}
		if p.sum, err = s.tx.Summary(ctx, p.m.ID); err != nil {
			return nil, err
		}
		if p.net == nil || p.sum == nil || p.sum.State != meeting.SummaryShared {
			continue
		}
		entries, err := s.tx.Entries(ctx, p.m.ID, p.net.Leads)
		if err != nil {
			return nil, err
		}
		if p.view, err = b.summaryView(ctx, s, p.net, p.m, p.sum, entries); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// askedPrompt is a prompt with the networks that were asked it in these words.
type askedPrompt struct {
	render.CompiledPrompt
	language string
	at       int // its number where it was met first
	voices   []render.Voice
}

// compilePrompts puts the networks side by side for each prompt. A programme
// may have been changed between two networks' meetings, so prompts are told
// apart by their text.
func (b *Bot) compilePrompts(ctx context.Context, s *scene, parts []sharedPart) ([]render.CompiledPrompt, error) {
	nets := make([]*meeting.Network, len(parts))
	for i, p := range parts {
		nets[i] = p.net
	}
	mask, err := b.masksOf(ctx, s, nets)
	if err != nil {
		return nil, err
	}
	var asked []*askedPrompt
	byText := map[string]*askedPrompt{}
	for _, p := range parts {
		for i, from := range p.view.Prompts {
			key := strings.Join(strings.Fields(strings.ToLower(from.Text)), " ")
			a := byText[key]
			if a == nil {
				a = &askedPrompt{language: p.net.Language, at: i}
				a.Text = from.Text
				byText[key] = a
				asked = append(asked, a)
			}
			a.Networks = append(a.Networks, p.net.Name)
			if len(from.Points) == 0 {
				a.Silent = append(a.Silent, p.net.Name)
			}
			for _, point := range from.Points {
				point.Text, point.Entries = mask(point.Text), nil
				a.voices = append(a.voices, render.Voice{Network: p.net.Name, Point: point})
			}
		}
	}
	slices.SortStableFunc(asked, func(a, b *askedPrompt) int { return cmp.Compare(a.at, b.at) })
	var out []render.CompiledPrompt
	for i, a := range asked {
		a.Number = i + 1
		if len(a.Networks) == len(parts) {
			a.Networks = nil
		}
		a.Shared, a.Own = themes(a.voices, a.language)
		out = append(out, a.CompiledPrompt)
	}
	return out, nil
}

// masksOf hides the names of everybody in any of the networks: who is known in
// one may be spoken of in another.
func (b *Bot) masksOf(ctx context.Context, s *scene, nets []*meeting.Network) (func(string) string, error) {
	var masks []func(string) string
	for _, net := range nets {
		mask, err := b.masker(ctx, s, net)
		if err != nil {
			return nil, err
		}
		masks = append(masks, mask)
	}
	return func(text string) string {
		for _, mask := range masks {
			text = mask(text)
		}
		return text
	}, nil
}

// themes groups what the networks say on a prompt: themes of several networks,
// and what only one says.
func themes(voices []render.Voice, language string) (shared, own []render.Theme) {
	texts := make([]string, len(voices))
	for i, v := range voices {
		texts[i] = v.Text
	}
	for _, group := range digest.Group(texts, digest.Options{Language: language}) {
		t := render.Theme{Text: texts[group[0]]}
		slices.Sort(group)
		for _, i := range group {
			t.Voices = append(t.Voices, voices[i])
			t.Support += voices[i].Support
			if !slices.Contains(t.Networks, voices[i].Network) {
				t.Networks = append(t.Networks, voices[i].Network)
			}
		}
		if len(t.Networks) > 1 {
			shared = append(shared, t)
			continue
		}
		for _, v := range t.Voices {
			own = append(own, render.Theme{Text: v.Text, Networks: t.Networks, Support: v.Support, Voices: []render.Voice{v}})
		}
	}
	slices.SortStableFunc(shared, func(a, b render.Theme) int {
		return cmp.Or(cmp.Compare(len(b.Networks), len(a.Networks)), cmp.Compare(b.Support, a.Support))
	})
	slices.SortStableFunc(own, func(a, b render.Theme) int {
		return cmp.Compare(slices.IndexFunc(voices, func(v render.Voice) bool { return v.Network == a.Networks[0] }),
			slices.IndexFunc(voices, func(v render.Voice) bool { return v.Network == b.Networks[0] }))
	})
	return shared, own
}

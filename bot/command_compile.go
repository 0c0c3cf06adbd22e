package bot

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// compilationPrefix begins the keys of all posts that show a round's
// compilation, so that they can be taken down together.
func compilationPrefix(programme string, number int) string {
	return fmt.Sprintf("compilation/%s/%d/", programme, number)
}

// cmdCompile posts a round's compilation in its thread: a new version if the
// shared summaries have changed since the last one.
func (b *Bot) cmdCompile(ctx context.Context, s *scene, c *call) error {
	if done, err := s.tx.Post(ctx, "answer/"+string(c.msg.ID)); err != nil || done != nil {
		return err // a version for each time it is asked for
	}
	programme, number, err := b.roundAsked(ctx, s, c)
	if err != nil || number == 0 {
		return err
	}
	parts, err := b.partsNow(ctx, s, programme, number)
	if err != nil {
		return err
	}
	if len(parts) == 0 {
		return b.answer(ctx, s, c, "compile_nothing", render.Problem{Number: number})
	}
	known, err := s.tx.Compilation(ctx, programme, number)
	if err != nil {
		return err
	}
	name := "compiled"
	if current, err := b.isCurrent(ctx, s, known, parts); err != nil {
		return err
	} else if current {
		name = "compiled_already"
	} else if known, err = b.newCompilation(ctx, s, programme, number, parts); err != nil {
		return err
	}
	return b.answer(ctx, s, c, name, render.Problem{Number: number, Version: known.Version})
}

// isCurrent reports whether the compilation's newest version stands in the room,
// or is on its way there, and says what the shared summaries say now.
func (b *Bot) isCurrent(ctx context.Context, s *scene, known *meeting.Compilation, parts map[int64]int) (bool, error) {
	if known == nil || known.State == meeting.CompilationRenew || !sameParts(known.Parts, parts) {
		return false, nil
	}
	post, err := s.tx.Post(ctx, compilationPrefix(known.Programme, known.Number)+strconv.Itoa(known.Version))
	return post != nil && (post.State == meeting.PostPending || post.State == meeting.PostSent), err
}

// roundAsked reads "[programme] number", in either order. It answers and
// returns 0 where that does not name a round.
func (b *Bot) roundAsked(ctx context.Context, s *scene, c *call) (programme string, number int, err error) {
	lengths := s.programmes()
	var ids []string
	for id := range lengths {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if len(ids) == 0 {
		return "", 0, b.answer(ctx, s, c, "no_programme", nil)
	}
	var digits, wrong string
	for _, w := range strings.Fields(c.args) {
		at := slices.IndexFunc(ids, func(id string) bool { return render.Fold(id) == render.Fold(w) })
		switch _, err := strconv.Atoi(w); {
		case at >= 0:
			programme = ids[at]
		case err == nil && digits == "":
			digits = w
		case wrong == "":
			wrong = w
		}
	}
	if programme == "" && len(ids) == 1 {
		programme = ids[0]
	}
	number, err = strconv.Atoi(digits)
	switch {
	case wrong != "" || digits == "" || programme == "":
		if err != nil || number < 1 || number > meeting.MaxMeetings {
			number = 1
		}
		view := render.Problem{Word: clip(wrong), Names: ids, Number: number}
		if programme != "" && len(ids) > 1 {
			view.Names, view.Suggest = nil, programme
		}
		return "", 0, b.answer(ctx, s, c, "which_programme", view)
	case err != nil || number < 1 || number > lengths[programme]:
		return "", 0, b.answer(ctx, s, c, "no_such_round", render.Problem{Word: digits, Max: lengths[programme]})
	}
	return programme, number, nil
}

// programmes are the programmes of all networks, with how many meetings they
// have.
func (s *scene) programmes() map[string]int {
	out := map[string]int{}
	for _, n := range s.set.Networks {
		out[n.Programme.ID] = max(out[n.Programme.ID], len(n.Programme.Meetings))
	}
	return out
}

// partsNow are the versions of the round's shared summaries, by meeting.
func (b *Bot) partsNow(ctx context.Context, s *scene, programme string, number int) (map[int64]int, error) {
	held, err := s.tx.RoundMeetings(ctx, programme, number)
	if err != nil {
		return nil, err
	}
	out := map[int64]int{}
	for _, m := range held {
		sum, err := s.tx.Summary(ctx, m.ID)
		if err != nil {
			return nil, err
		}
		if m.State == meeting.StateShared && sum != nil && sum.State == meeting.SummaryShared {
			out[m.ID] = sum.Version
		}
	}
	return out, nil
}

func sameParts(a, b map[int64]int) bool {
	if len(a) != len(b) {
		return false
	}
	for id, version := range a {
		if b[id] != version {
			return false
		}
	}
	return true
}

// newCompilation posts a round's compilation as its next version.
func (b *Bot) newCompilation(ctx context.Context, s *scene, programme string, number int, parts map[int64]int) (*meeting.Compilation, error) {
	made := &meeting.Compilation{Programme: programme, Number: number, Version: 1, State: meeting.CompilationPosted, Made: s.now, Parts: parts}
	known, err := s.tx.Compilation(ctx, programme, number)
	if err != nil {
		return nil, err
	}
	if known != nil {
		made.Version = known.Version + 1
	}
	if err := s.tx.StoreCompilation(ctx, made); err != nil {
		return nil, err
	}
	return made, b.postCompilation(ctx, s, made)
}

func (b *Bot) postCompilation(ctx context.Context, s *scene, c *meeting.Compilation) error {
	room, err := s.tx.BoundRoom(ctx, coordination)
	if err != nil || room == "" {
		return err
	}
	view, err := b.compilation(ctx, s, c.Programme, c.Number)
	if err != nil {
		return err
	}
	post := meeting.Post{Key: compilationPrefix(c.Programme, c.Number) + strconv.Itoa(c.Version), Room: room, Kind: meeting.PostText,
		Thread: meeting.Ref{Key: roundKey(c.Programme, c.Number)}, Fresh: true}
	if err := b.say(ctx, s, post, s.set.Language, "compilation", view); err != nil {
		return err
	}
	return b.attach(ctx, s, post, s.set.Language, "compilation", view, "docx", "html")
}

// finishedLate sees to a compilation that another network's summary should be
// in: it is made anew once all networks have finished, until when staff are
// told once.
func (b *Bot) finishedLate(ctx context.Context, s *scene, net *meeting.Network, m *meeting.Meeting) error {
	known, err := s.tx.Compilation(ctx, m.Programme, m.Number)
	if err != nil || known == nil || known.State == meeting.CompilationRenew {
		return err
	}
	round, err := b.roundView(ctx, s, meeting.Round{Programme: m.Programme, Number: m.Number})
	if err != nil {
		return err
	}
	switch {
	case round.Shared >= round.Total:
		known.State = meeting.CompilationRenew
	case known.State == meeting.CompilationTold:
		return nil
	default:
		known.State = meeting.CompilationTold
	}
	if err := s.tx.StoreCompilation(ctx, known); err != nil || known.State == meeting.CompilationRenew {
		return err
	}
	view := render.Problem{Network: net.Name, Number: m.Number, Word: strconv.Itoa(m.Number)}
	if len(s.programmes()) > 1 {
		view.Word = m.Programme + " " + view.Word
	}
	return b.tellStaff(ctx, s, meeting.Post{Key: fmt.Sprintf("%smore/%d", compilationPrefix(m.Programme, m.Number), known.Version), Kind: meeting.PostText,
		Thread: meeting.Ref{Key: roundKey(m.Programme, m.Number)}}, "compile_more", view)
}

// withdrawCompilation takes down everything that shows the round's compilation,
// because a shared summary lost a text; the next tick posts it anew.
func (b *Bot) withdrawCompilation(ctx context.Context, s *scene, programme string, number int) error {
	known, err := s.tx.Compilation(ctx, programme, number)
	if err != nil || known == nil {
		return err
	}
	posted, err := s.tx.PostsWithPrefix(ctx, compilationPrefix(programme, number))
	if err != nil {
		return err
	}
	for _, p := range posted {
		if err := b.removePost(ctx, s, p); err != nil {
			return err
		}
	}
	known.State = meeting.CompilationRenew
	return s.tx.StoreCompilation(ctx, known)
}

// renewCompilations posts anew what waits for it.
func (b *Bot) renewCompilations(ctx context.Context) error {
	return b.update(ctx, func(s *scene) error {
		stale, err := s.tx.StaleCompilations(ctx)
		if err != nil {
			return err
		}
		for _, c := range stale {
			parts, err := b.partsNow(ctx, s, c.Programme, c.Number)
			if err != nil {
				return err
			}
			if _, err := b.newCompilation(ctx, s, c.Programme, c.Number, parts); err != nil {
				return err
			}
		}
		return nil
	})
}

package bot

import (
	"context"
	"fmt"
	"slices"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// mostRows is how many networks stand in one table; mostDrawn in one picture.
const (
	mostRows  = 60
	mostDrawn = 40
)

// overview posts where all networks stand, over as many messages as it takes.
// Week is for an overview that comes by itself.
func (b *Bot) overview(ctx context.Context, s *scene, post func(part int) meeting.Post, week int) error {
	rows, err := b.statusRows(ctx, s)
	if err != nil {
		return err
	}
	failed, err := s.tx.FailedPosts(ctx)
	if err != nil {
		return err
	}
	parts := slices.Collect(slices.Chunk(rows, mostRows))
	if len(parts) == 0 {
		return b.say(ctx, s, post(1), s.set.Language, "status_none", nil)
	}
	for i, part := range parts {
		view := render.StatusTable{Week: week, Part: i + 1, Of: len(parts), Groups: b.byProgramme(s, part)}
		if i == len(parts)-1 {
			view.Failed = failed
		}
		if err := b.say(ctx, s, post(i+1), s.set.Language, "status_table", view); err != nil {
			return err
		}
	}
	return nil
}

// statusRow is a network with where it stands.
type statusRow struct {
	net  *meeting.Network
	view render.Status
}

// statusRows are all networks, programme by programme.
func (b *Bot) statusRows(ctx context.Context, s *scene) ([]statusRow, error) {
	var out []statusRow
	for _, id := range s.programmeOrder() {
		for i := range s.set.Networks {
			net := &s.set.Networks[i]
			if net.Programme.ID != id {
				continue
			}
			view, err := b.status(ctx, s, net)
			if err != nil {
				return nil, err
			}
			if !view.Next.IsZero() {
				view.Next = view.Next.In(s.set.Location)
			}
			out = append(out, statusRow{net, view})
		}
	}
	return out, nil
}

// programmeOrder are the programmes in the order of the networks that have them.
func (s *scene) programmeOrder() []string {
	var ids []string
	for _, n := range s.set.Networks {
		if !slices.Contains(ids, n.Programme.ID) {
			ids = append(ids, n.Programme.ID)
		}
	}
	return ids
}

func (b *Bot) byProgramme(s *scene, rows []statusRow) []render.StatusGroup {
	named := len(s.programmeOrder()) > 1
	var out []render.StatusGroup
	last := ""
	for _, r := range rows {
		if id := r.net.Programme.ID; len(out) == 0 || id != last {
			last = id
			group := render.StatusGroup{}
			if named {
				group.Programme = r.net.Programme.Name
			}
			out = append(out, group)
		}
		out[len(out)-1].Networks = append(out[len(out)-1].Networks, r.view)
	}
	return out
}

// weeklyCursor is the name of the cursor that says until when overviews were
// posted; no network can have it as its id.
const weeklyCursor = "overview of the week"

// weekly posts the overview of the week once it is due: the newest one only,
// and none of those from before the bot first ran.
func (b *Bot) weekly(ctx context.Context) error {
	set := b.settings.Load()
	if set.Leaders.Weekly == nil {
		return nil
	}
	due := set.Leaders.Weekly.Last(b.now(), set.Location)
	if b.overviewed.Load() == due.Unix() {
		return nil
	}
	return b.update(ctx, func(s *scene) error {
		cursors, err := s.tx.Cursors(ctx)
		if err != nil {
			return err
		}
		if cursors[weeklyCursor].Sub(s.now) > keepCursor { // the clock was far ahead
			return s.tx.SetCursor(ctx, weeklyCursor, s.now)
		}
		if !cursors[weeklyCursor].Before(due) {
			b.overviewed.Store(due.Unix())
			return nil
		}
		if !cursors[weeklyCursor].IsZero() && s.rests() {
			return nil // it comes in the morning, or after the pause
		}
		if err := s.tx.SetCursor(ctx, weeklyCursor, s.now); err != nil || cursors[weeklyCursor].IsZero() {
			return err
		}
		room, err := s.tx.BoundRoom(ctx, coordination)
		if err != nil || room == "" || len(s.set.Networks) == 0 {
			return err
		}
		_, week := due.ISOWeek()
		base := meeting.Post{Key: "weekly/" + due.Format("2006-01-02"), Room: room, Kind: meeting.PostText, Fresh: true}
		err = b.overview(ctx, s, func(part int) meeting.Post {
			p := base
			p.Key = partKey(base.Key, part)
			return p
		}, week)
		if err != nil {
			return err
		}
		return b.drawNetworks(ctx, s, base)
	})
}

// rests reports whether the bot says nothing on its own in the coordination room
// now.
func (s *scene) rests() bool {
	room := s.set.Defaults
	room.Location = s.set.Location
	return room.Rests(s.now)
}

// drawNetworks adds pictures of the networks and their meetings to a post, for
// each programme.
func (b *Bot) drawNetworks(ctx context.Context, s *scene, post meeting.Post) error {
	key := post.Key
	for _, id := range s.programmeOrder() {
		var rows []render.NetworkStates
		meetings := 0
		for i := range s.set.Networks {
			net := &s.set.Networks[i]
			if net.Programme.ID != id {
				continue
			}
			row, err := b.statesOf(ctx, s, net)
			if err != nil {
				return err
			}
			meetings = max(meetings, len(net.Programme.Meetings))
			rows = append(rows, row)
		}
		n := 0
		for part := range slices.Chunk(rows, mostDrawn) {
			n++
			post.Key = fmt.Sprintf("%s/%s/%d", key, id, n)
			if err := b.attachFigure(ctx, s, post, s.set.Language, render.Networks{Meetings: meetings, Networks: part}); err != nil {
				return err
			}
		}
	}
	return nil
}

// statesOf is how far a network has come in each of its meetings.
func (b *Bot) statesOf(ctx context.Context, s *scene, net *meeting.Network) (render.NetworkStates, error) {
	row := render.NetworkStates{Name: net.Name, States: make([]meeting.State, len(net.Programme.Meetings))}
	all, err := s.tx.Meetings(ctx, net.ID)
	for _, m := range all {
		if m.Number <= len(row.States) {
			row.States[m.Number-1] = m.State
		}
	}
	return row, err
}

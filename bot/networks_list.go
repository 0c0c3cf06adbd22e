package bot

import (
	"context"
	"encoding/json"
	"fmt"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// Networks lists all networks with where they come from, for the command line.
func (b *Bot) Networks(ctx context.Context) (lines []render.NetworkLine, err error) {
	err = b.update(ctx, func(s *scene) error {
		lines, err = b.networks(ctx, s)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list networks: %w", err)
	}
	return lines, nil
}

func (b *Bot) networks(ctx context.Context, s *scene) ([]render.NetworkLine, error) {
	file := b.settings.Load()
	var out []render.NetworkLine
	for i := range s.set.Networks {
		n := &s.set.Networks[i]
		line := render.NetworkLine{ID: n.ID, Name: n.Name, Programme: n.Programme.ID, Leaders: userNames(n.Leaders), Chat: !file.has(n.ID)}
		room, err := s.roomOf(ctx, n)
		if err != nil {
			return nil, err
		}
		if line.In, err = b.isIn(ctx, s, room); err != nil {
			return nil, err
		}
		out = append(out, line)
	}
	made, err := s.tx.ChatNetworks(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range made {
		if m.State == meeting.ChatActive || file.has(m.ID) {
			continue
		}
		var d description
		if err := json.Unmarshal([]byte(m.Description), &d); err != nil {
			return nil, fmt.Errorf("decode network %s: %w", m.ID, err)
		}
		out = append(out, render.NetworkLine{ID: m.ID, Name: d.Name, Programme: d.Programme.ID, Leaders: userNames(d.Leaders), Chat: true, State: string(m.State)})
	}
	return out, nil
}

package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// CompilationExport is the JSON form of a round's compilation.
type CompilationExport struct {
	Programme string                    `json:"programme"`
	Meeting   int                       `json:"meeting"`
	Title     string                    `json:"title"`
	Version   int                       `json:"version"` // 0 if it was never posted
	MadeAt    *string                   `json:"made_at"`
	Networks  []string                  `json:"networks"` // whose summary is shared
	Missing   []string                  `json:"missing"`
	Prompts   []CompilationPromptExport `json:"prompts"`
}

// CompilationPromptExport is one prompt. Shared are the themes of several
// networks, Own those of one.
type CompilationPromptExport struct {
	Number int           `json:"number"`
	Text   string        `json:"text"`
	Shared []ThemeExport `json:"shared"`
	Own    []ThemeExport `json:"own"`
}

// ThemeExport is what one or more networks say.
type ThemeExport struct {
	Text     string        `json:"text"`
	Networks []string      `json:"networks"`
	Support  int           `json:"support"`
	Voices   []VoiceExport `json:"voices"`
}

// VoiceExport is one network's own sentence. Role is empty where it may not be
// shown, or where the sentence is the leader's.
type VoiceExport struct {
	Network string       `json:"network"`
	Text    string       `json:"text"`
	Role    meeting.Role `json:"role"`
	Support int          `json:"support"`
}

// Compilation is a round put together as it is now, for export, with the id of
// its programme. The programme may be left out where there is one only.
func (b *Bot) Compilation(ctx context.Context, programme string, number int) (view render.Compilation, id string, err error) {
	err = b.update(ctx, func(s *scene) error {
		if id, number, err = s.exported(programme, number); err != nil {
			return err
		}
		if view, err = b.compilation(ctx, s, id, number); err != nil {
			return err
		}
		if len(view.Networks) == 0 {
			return fmt.Errorf("%w: no network of %s has shared a summary of meeting %d", ErrNothing, id, number)
		}
		return nil
	})
	return view, id, err
}

func (s *scene) exported(programme string, number int) (string, int, error) {
	known := s.programmes()
	if programme == "" && len(known) == 1 {
		for id := range known {
			programme = id
		}
	}
	if known[programme] == 0 {
		var ids []string
		for _, n := range s.set.Networks {
			if known[n.Programme.ID] > 0 {
				ids = append(ids, n.Programme.ID)
				known[n.Programme.ID] = 0
			}
		}
		return "", 0, fmt.Errorf("%w: no network has the programme %q; name one with --programme: %s", ErrNothing, programme, strings.Join(ids, ", "))
	}
	if number < 1 || number > known[programme] {
		return "", 0, fmt.Errorf("%w: %s has meetings 1 to %d; name one with --meeting", ErrNothing, programme, known[programme])
	}
	return programme, number, nil
}

// CompilationJSON is a round's compilation in its JSON form.
func (b *Bot) CompilationJSON(ctx context.Context, programme string, number int) (*CompilationExport, error) {
	view, id, err := b.Compilation(ctx, programme, number)
	if err != nil {
		return nil, err
	}
	out := &CompilationExport{Programme: id, Meeting: view.Number, Title: view.Title, Version: view.Version, Networks: []string{}, Missing: []string{},
		Prompts: []CompilationPromptExport{}}
	if !view.Made.IsZero() {
		at := view.Made.UTC().Format(time.RFC3339)
		out.MadeAt = &at
	}
	for _, n := range view.Networks {
		out.Networks = append(out.Networks, n.Name)
	}
	out.Missing = append(out.Missing, view.Missing...)
	for _, p := range view.Prompts {
		out.Prompts = append(out.Prompts, CompilationPromptExport{p.Number, p.Text, themesExport(p.Shared), themesExport(p.Own)})
	}
	return out, nil
}

func themesExport(themes []render.Theme) []ThemeExport {
	out := []ThemeExport{}
	for _, t := range themes {
		e := ThemeExport{Text: t.Text, Networks: t.Networks, Support: t.Support}
		for _, v := range t.Voices {
			e.Voices = append(e.Voices, VoiceExport{v.Network, v.Text, v.Role, v.Support})
			if v.Edited {
				e.Voices[len(e.Voices)-1].Role = meeting.RoleUnknown
			}
		}
		out = append(out, e)
	}
	return out
}

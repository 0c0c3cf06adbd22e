package main

import (
	"context"
	"encoding/json"
	"errors"

	"blnbot/bot"
)

// ofRound writes the compilation of a meeting round, in the language of the
// coordination room.
func (c *exportCmd) ofRound(ctx context.Context, b *bot.Bot, lang string) ([]byte, error) {
	if c.Meeting == 0 {
		return nil, usageError{errors.New("name the round with --meeting")}
	}
	if c.Format == "json" {
		made, err := b.CompilationJSON(ctx, c.Programme, c.Meeting)
		if err != nil {
			return nil, err
		}
		text, err := json.MarshalIndent(made, "", " ")
		return append(text, '\n'), err
	}
	view, _, err := b.Compilation(ctx, c.Programme, c.Meeting)
	if err != nil {
		return nil, err
	}
	return c.write(lang, view)
}

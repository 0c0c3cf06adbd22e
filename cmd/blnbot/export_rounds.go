package main

import (
	"context"
	"errors"

	"blnbot/bot"
)

// errRound: a compilation is of one round.
var errRound = usageError{errors.New("name the round with --meeting")}

// compilation is a meeting round over all networks of a programme.
func compilation(ctx context.Context, b *bot.Bot, c *exportCmd) (any, error) {
	if c.Meeting == 0 {
		return nil, errRound
	}
	view, _, err := b.Compilation(ctx, c.Programme, c.Meeting)
	return view, err
}

// compilationJSON is the same in its stable form.
func compilationJSON(ctx context.Context, b *bot.Bot, c *exportCmd) (any, error) {
	if c.Meeting == 0 {
		return nil, errRound
	}
	return b.CompilationJSON(ctx, c.Programme, c.Meeting)
}

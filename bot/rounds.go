package bot

import (
	"context"
	"errors"
)

// rounds does what is due for the networks together.
func (b *Bot) rounds(ctx context.Context) error {
	return errors.Join(b.renewCompilations(ctx), b.weekly(ctx), b.leadersMeetings(ctx))
}

// withdrawRound takes down what was made of a round's shared summaries, because
// one of them lost a text.
func (b *Bot) withdrawRound(ctx context.Context, s *scene, programme string, number int) error {
	return errors.Join(b.withdrawCompilation(ctx, s, programme, number), b.withdrawAgendas(ctx, s, programme, number))
}

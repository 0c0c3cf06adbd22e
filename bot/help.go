package bot

import (
	"context"
	"slices"

	"blnbot/internal/render"
)

// everyday are the commands that help shows first in a network's room: what
// people need in most weeks, so that the answer fits a phone.
func everyday(leads bool) []string {
	if leads {
		return []string{"status", "next", "close", "move", "remind", "summary", "approve", "prioritize", "plan", "members"}
	}
	return []string{"summary", "vote", "plan", "role", "privacy"}
}

// cmdHelp lists what the sender can do here: what is used most, everything, or
// the one command that is asked about.
func (b *Bot) cmdHelp(ctx context.Context, s *scene, c *call) error {
	all := b.explained(c)
	first, rest := cutWord(c.args)
	asked, _ := lookup(first, rest)
	if asked != nil && asked.name == "plan" && !c.coord {
		c.args = "help"
		return b.cmdPlan(ctx, s, c)
	}
	view := render.Help{Leader: c.leader, Turn: !c.coord}
	shown := all
	switch {
	case asked != nil && slices.ContainsFunc(all, asked.is):
		shown, view.One = []command{*asked}, true
	case !slices.Contains([]string{"allt", "alla", "all"}, render.Fold(first)) && c.net != nil:
		usual := everyday(c.leader)
		shown = slices.DeleteFunc(slices.Clone(all), func(cmd command) bool { return !slices.Contains(usual, cmd.name) })
		view.More = len(all) - len(shown)
	}
	for _, cmd := range shown {
		usage, err := b.texts.Text(c.lang, "usage_"+cmd.name, nil)
		if err != nil {
			return err
		}
		does, err := b.texts.Text(c.lang, "does_"+cmd.name, nil)
		if err != nil {
			return err
		}
		view.Commands = append(view.Commands, render.HelpLine{Usage: usage, Does: does})
	}
	if c.net != nil {
		names, err := b.leaderNames(ctx, s, c.net)
		if err != nil {
			return err
		}
		view.Leaders, view.HelpLines = names, c.net.HelpLines
	} else if nets, err := b.networksOf(ctx, s, c.msg.Sender); err != nil {
		return err
	} else if len(nets) > 0 {
		view.HelpLines = nets[0].HelpLines
	}
	return b.answer(ctx, s, c, "help", view)
}

func (cmd *command) is(other command) bool { return cmd.name == other.name }

// explained are the commands that the sender can use here. Those without texts
// stand in another one's line.
func (b *Bot) explained(c *call) []command {
	return slices.DeleteFunc(commands(), func(cmd command) bool {
		return c.here()&cmd.where == 0 || cmd.who == leader && !c.leader || cmd.who == staff && !c.staff || !b.texts.Has(c.lang, "usage_"+cmd.name)
	})
}

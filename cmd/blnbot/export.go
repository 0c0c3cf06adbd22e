package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"blnbot/bot"
	"blnbot/config"
	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// exportCmd writes a document. It works while the bot is running.
type exportCmd struct {
	What      string `arg:"" enum:"minutes,summary,plan,compilation" help:"minutes, summary, plan, or compilation of a round over all networks."`
	Network   string `help:"The network's id; not needed if there is one only." placeholder:"ID"`
	Programme string `help:"The programme's id, for a compilation; not needed if there is one only." placeholder:"ID"`
	Meeting   int    `help:"The meeting's number; the last one if left out." placeholder:"N"`
	Format    string `enum:"md,html,json" default:"md" help:"md, html or json (minutes and compilation only)."`
	Out       string `help:"The file to write; standard output if left out." placeholder:"FILE"`

	roles meeting.RoleNames `kong:"-"`
}

// Run writes what was asked for.
func (c *exportCmd) Run(ctx context.Context, env *environment, cmds *commands) error {
	if c.Format == "json" && c.What != "minutes" && c.What != "compilation" {
		return usageError{errors.New("only minutes and compilations come as json")}
	}
	cfg, err := cmds.loadWith(config.Loader{Now: env.now, NoSecrets: true})
	if err != nil {
		return err
	}
	c.roles = cfg.Roles
	if c.Network == "" && len(cfg.Networks) == 1 {
		c.Network = cfg.Networks[0].ID
	}
	s, err := besideRun(ctx, env, cfg)
	if err != nil {
		return err
	}
	write := c.ofNetwork
	if c.What == "compilation" {
		write = func(ctx context.Context, b *bot.Bot) ([]byte, error) { return c.ofRound(ctx, b, cfg.Language) }
	}
	text, err := write(ctx, s.bot)
	if err := errors.Join(err, s.db.Close()); err != nil {
		return err
	}
	if c.Out == "" {
		_, err = env.stdout.Write(text)
	} else {
		err = os.WriteFile(c.Out, text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("write the document: %w", err)
	}
	return nil
}

// ofNetwork writes the document of a network, whether it is in the
// configuration, was made in chat, or is no longer in use.
func (c *exportCmd) ofNetwork(ctx context.Context, b *bot.Bot) ([]byte, error) {
	net, err := b.Network(ctx, c.Network)
	switch {
	case err != nil:
		return nil, err
	case net == nil:
		return nil, usageError{fmt.Errorf("there is no network %q; name one with --network", c.Network)}
	}
	return c.document(ctx, b, net.Language)
}

func (c *exportCmd) document(ctx context.Context, b *bot.Bot, lang string) ([]byte, error) {
	if c.What != "plan" && c.Meeting == 0 {
		last, err := b.LastHeld(ctx, c.Network)
		if err != nil {
			return nil, err
		}
		c.Meeting = last
	}
	if c.Format == "json" {
		m, err := b.MinutesJSON(ctx, c.Network, c.Meeting)
		if err != nil {
			return nil, err
		}
		text, err := json.MarshalIndent(m, "", " ")
		return append(text, '\n'), err
	}
	var view any
	var err error
	switch c.What {
	case "minutes":
		view, err = b.Minutes(ctx, c.Network, c.Meeting)
	case "summary":
		view, err = b.SharedSummary(ctx, c.Network, c.Meeting)
	case "plan":
		view, err = b.SharedPlan(ctx, c.Network)
	}
	if err != nil {
		return nil, err
	}
	return c.write(lang, view)
}

// write is a document in the format that was asked for.
func (c *exportCmd) write(lang string, view any) ([]byte, error) {
	texts, err := render.NewWith(c.roles)
	if err != nil {
		return nil, err
	}
	write := texts.Markdown
	if c.Format == "html" {
		write = texts.Document
	}
	text, err := write(lang, c.What, view)
	return []byte(text), err
}

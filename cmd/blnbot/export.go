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
	What      string `arg:"" enum:"minutes,summary,plan,compilation,report" help:"minutes, summary, plan, compilation of a round over all networks, or the final report."`
	Network   string `help:"The network's id; not needed if there is one only." placeholder:"ID"`
	Programme string `help:"The programme's id, for a compilation or the report; not needed if there is one only." placeholder:"ID"`
	Meeting   int    `help:"The meeting's number; the last one if left out." placeholder:"N"`
	Format    string `enum:"md,html,docx,json" default:"md" help:"md, html, docx (Word) or json (not for a summary)."`
	Out       string `help:"The file to write; standard output if left out." placeholder:"FILE"`
}

// export is a document that can be written. Its texts have the same name.
type export struct {
	// ofNetwork: it belongs to one network, and is in the network's language.
	ofNetwork bool
	// ofMeeting: it belongs to one meeting of the network, the last one if none
	// is named.
	ofMeeting bool
	view      func(context.Context, *bot.Bot, *exportCmd) (any, error)
	json      func(context.Context, *bot.Bot, *exportCmd) (any, error) // nil if it has no such form
}

// exports are the documents by name.
func exports() map[string]export {
	return map[string]export{
		"minutes": {ofNetwork: true, ofMeeting: true,
			view: func(ctx context.Context, b *bot.Bot, c *exportCmd) (any, error) {
				return b.Minutes(ctx, c.Network, c.Meeting)
			},
			json: func(ctx context.Context, b *bot.Bot, c *exportCmd) (any, error) {
				return b.MinutesJSON(ctx, c.Network, c.Meeting)
			}},
		"summary": {ofNetwork: true, ofMeeting: true,
			view: func(ctx context.Context, b *bot.Bot, c *exportCmd) (any, error) {
				return b.SharedSummary(ctx, c.Network, c.Meeting)
			}},
		"plan": {ofNetwork: true,
			view: func(ctx context.Context, b *bot.Bot, c *exportCmd) (any, error) { return b.SharedPlan(ctx, c.Network) },
			json: func(ctx context.Context, b *bot.Bot, c *exportCmd) (any, error) { return b.PlanJSON(ctx, c.Network) }},
		"compilation": {view: compilation, json: compilationJSON},
		"report":      {view: finalReport},
	}
}

// Run writes what was asked for.
func (c *exportCmd) Run(ctx context.Context, env *environment, cmds *commands) error {
	what := exports()[c.What]
	if c.Format == "json" && what.json == nil {
		return usageError{fmt.Errorf("%s does not come as json", c.What)}
	}
	cfg, err := cmds.loadWith(config.Loader{Now: env.now, NoSecrets: true})
	if err != nil {
		return err
	}
	if c.Network == "" && len(cfg.Networks) == 1 {
		c.Network = cfg.Networks[0].ID
	}
	s, err := besideRun(ctx, env, cfg)
	if err != nil {
		return err
	}
	file, err := c.document(ctx, s.bot, what, cfg.Language, cfg.Roles)
	if err := errors.Join(err, s.db.Close()); err != nil {
		return err
	}
	if c.Out == "" {
		_, err = env.stdout.Write(file)
	} else {
		err = os.WriteFile(c.Out, file, 0o600)
	}
	if err != nil {
		return fmt.Errorf("write the document: %w", err)
	}
	return nil
}

// document is the document as a file. Where it is no network's it is in the
// language given.
func (c *exportCmd) document(ctx context.Context, b *bot.Bot, what export, lang string, roles meeting.RoleNames) ([]byte, error) {
	if what.ofNetwork {
		// It may be in the configuration, made in chat, or no longer in use.
		net, err := b.Network(ctx, c.Network)
		switch {
		case err != nil:
			return nil, err
		case net == nil:
			return nil, usageError{fmt.Errorf("there is no network %q; name one with --network", c.Network)}
		}
		lang = net.Language
	}
	if what.ofMeeting && c.Meeting == 0 {
		last, err := b.LastHeld(ctx, c.Network)
		if err != nil {
			return nil, err
		}
		c.Meeting = last
	}
	get := what.view
	if c.Format == "json" {
		get = what.json
	}
	view, err := get(ctx, b, c)
	if err != nil {
		return nil, err
	}
	return write(render.NewWith(roles), c.What, c.Format, lang, view)
}

// write is the document in the format.
func write(texts *render.Texts, name, format, lang string, view any) ([]byte, error) {
	var text string
	var err error
	switch format {
	case "json":
		data, err := json.MarshalIndent(view, "", " ")
		return append(data, '\n'), err
	case "docx":
		return texts.Word(lang, name, view)
	case "html":
		text, err = texts.Document(lang, name, view)
	default:
		text, err = texts.Markdown(lang, name, view)
	}
	return []byte(text), err
}

// finalReport is the published report or, as long as there is none, the draft.
func finalReport(ctx context.Context, b *bot.Bot, c *exportCmd) (any, error) {
	return b.FinalReport(ctx, c.Programme)
}

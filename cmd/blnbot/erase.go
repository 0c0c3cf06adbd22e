package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"blnbot/config"
	"blnbot/internal/meeting"
)

// eraseCmd removes everything that is stored about a person. It works while the
// bot is running; shared summaries that quoted the person are replaced as soon
// as the bot runs.
type eraseCmd struct {
	User string `arg:"" help:"The person's full id, @user:server."`
	Yes  bool   `help:"Really do it. It cannot be undone."`
}

// Run erases the person and says how much there was.
func (c *eraseCmd) Run(ctx context.Context, env *environment, cmds *commands) error {
	if !strings.HasPrefix(c.User, "@") || !strings.Contains(c.User, ":") {
		return usageError{fmt.Errorf("%q is no full id; write it like @anna:example.se", c.User)}
	}
	if !c.Yes {
		return usageError{errors.New("this removes the person's replies for good; add --yes if you mean it")}
	}
	cfg, err := cmds.loadWith(config.Loader{Now: env.now, NoSecrets: true})
	if err != nil {
		return err
	}
	s, err := besideRun(ctx, env, cfg)
	if err != nil {
		return err
	}
	n, err := s.bot.Erase(ctx, meeting.UserID(c.User))
	if err != nil {
		return errors.Join(err, s.db.Close())
	}
	fmt.Fprintf(env.stdout, "Erased %s.\n", count(n, "message"))
	files, err := cleanEverywhere(ctx, env, cfg, s.db)
	if files > 0 {
		fmt.Fprintf(env.stdout, "Erased in %s, too.\n", count(files, "backup"))
	}
	if cfg.BackupDir == "" {
		fmt.Fprintln(env.stdout, "The configuration names no backup_dir. Backups in a folder are cleaned by the next \"blnbot backup FOLDER\"; delete others yourself.")
	}
	return errors.Join(err, s.db.Close())
}

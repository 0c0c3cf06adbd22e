package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"blnbot/config"
	"blnbot/internal/meeting"
)

// checkCmd checks the configuration.
type checkCmd struct {
	Online bool `help:"Also log in and look at the rooms, the rights and the encryption. The bot must not be running."`
}

// checkRow is one line of the table that check prints.
type checkRow struct {
	good         bool
	what, detail string
}

// Run prints all faults and warnings, or a table of what is good.
func (c *checkCmd) Run(ctx context.Context, env *environment, cmds *commands) error {
	cfg, err := cmds.load(env)
	var faults *config.Error
	if errors.As(err, &faults) {
		printProblems(env.stdout, "", faults.Problems)
		printProblems(env.stdout, "warning: ", faults.Warnings)
		fmt.Fprintf(env.stdout, "\n%s, %s.\n", count(len(faults.Problems), "fault"), count(len(faults.Warnings), "warning"))
		return errReported
	}
	if err != nil {
		return err
	}
	rows := []checkRow{{true, "configuration", cmds.Config}, leadersRow(cfg, env.now())}
	for _, n := range cfg.Networks {
		rows = append(rows, networkRow(env, n))
	}
	files, err := fileRows(ctx, cfg)
	if err != nil {
		return err
	}
	rows = append(rows, files...)
	made, err := madeInChat(ctx, env, cfg)
	if err != nil {
		return err
	}
	for _, c := range made {
		rows = append(rows, chatRow(c))
	}
	if c.Online {
		online, err := c.online(ctx, env, cfg)
		if err != nil {
			return err
		}
		rows = append(rows, online...)
	}
	if err := printRows(env.stdout, rows); err != nil {
		return err
	}
	if slices.ContainsFunc(rows, func(r checkRow) bool { return !r.good }) {
		return errReported
	}
	if len(cfg.Warnings) > 0 {
		fmt.Fprintln(env.stdout)
		printProblems(env.stdout, "warning: ", cfg.Warnings)
		fmt.Fprintf(env.stdout, "\nNo faults, %s.\n", count(len(cfg.Warnings), "warning"))
	}
	return nil
}

func networkRow(env *environment, n meeting.Network) checkRow {
	opens := "no more times"
	if o, ok := n.Schedule.Next(env.now()); ok {
		opens = "next time " + longDate("en", o.At.In(n.Location))
	}
	return checkRow{true, "network " + n.ID, fmt.Sprintf("%s (%s), %s of %s each, %s (from the configuration)",
		n.Programme.ID, n.Programme.Language, count(len(n.Programme.Meetings), "meeting"), config.FormatDuration(n.OpenFor), opens)}
}

// chatRow is the line of a network that was made in chat.
func chatRow(c chatLine) checkRow {
	state := "its leaders open the meetings"
	switch meeting.ChatState(c.State) {
	case meeting.ChatMaking:
		state = "its room is being made"
	case meeting.ChatFailed:
		state = "its room could not be made"
	case meeting.ChatRetired:
		state = "ended"
	}
	return checkRow{meeting.ChatState(c.State) != meeting.ChatFailed, "network " + c.ID, fmt.Sprintf("made in chat: %s, %s", c.Programme, state)}
}

func printRows(w io.Writer, rows []checkRow) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		state := "good"
		if !r.good {
			state = "FAULT"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", state, r.what, r.detail)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	return nil
}

func printProblems(w io.Writer, kind string, list []config.Problem) {
	for _, p := range list {
		p.Message = kind + p.Message
		fmt.Fprintln(w, p)
	}
}

// count is a number with an English noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"blnbot/config"
)

// leadersText holds the words of the leaders' meetings in one language.
type leadersText struct{ head, before, after, agenda string }

func leadersWords(lang string) leadersText {
	if lang == "en" {
		return leadersText{head: "Leaders' meetings", before: "before meeting %d", after: "after meeting %d", agenda: "agenda %s"}
	}
	return leadersText{head: "Ledarnas möten", before: "före möte %d", after: "efter möte %d", agenda: "agenda %s"}
}

// printLeaders lists the leaders' meetings to come, with when their agenda is
// posted; nothing if there are none.
func printLeaders(w io.Writer, cfg *config.Config, now time.Time) error {
	say := leadersWords(cfg.Language)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	first := true
	for _, m := range cfg.Coordination.Leaders.Meetings {
		if m.At.Before(now) {
			continue
		}
		if first {
			fmt.Fprintf(t, "\n%s\n", say.head)
			first = false
		}
		what := say.before
		if m.After {
			what = say.after
		}
		agenda := m.At.Add(-cfg.Coordination.Leaders.Agenda).In(cfg.Location)
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", m.Programme, fmt.Sprintf(what, m.Round), longDate(cfg.Language, m.At.In(cfg.Location)),
			fmt.Sprintf(say.agenda, longDate(cfg.Language, agenda)), m.Link)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the leaders' meetings: %w", err)
	}
	return nil
}

// leadersRow says what goes on between the networks.
func leadersRow(cfg *config.Config, now time.Time) checkRow {
	l := cfg.Coordination.Leaders
	text := "no overview by itself"
	if l.Weekly != nil {
		text = fmt.Sprintf("overview every %s at %02d:%02d", l.Weekly.Day, int(l.Weekly.At.Hours()), int(l.Weekly.At.Minutes())%60)
	}
	coming := 0
	next := ""
	for _, m := range l.Meetings {
		if !m.At.Before(now) {
			if coming == 0 {
				next = ", next time " + longDate("en", m.At.In(cfg.Location))
			}
			coming++
		}
	}
	return checkRow{true, "coordination", fmt.Sprintf("%s; %s to come%s", text, count(coming, "leaders' meeting"), next)}
}

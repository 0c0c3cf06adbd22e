package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"blnbot/config"
	"blnbot/internal/meeting"
	"blnbot/internal/schedule"
)

// scheduleCmd tells in words which meeting opens when.
type scheduleCmd struct {
	Network string `help:"Only this network." placeholder:"ID"`
}

// Run prints the meetings to come, network by network, each in its language.
func (c *scheduleCmd) Run(ctx context.Context, env *environment, cmds *commands) error {
	cfg, err := cmds.loadWith(config.Loader{Now: env.now, NoSecrets: true})
	if err != nil {
		return err
	}
	made, err := madeInChat(ctx, env, cfg)
	if err != nil {
		return err
	}
	networks := slices.Clip(cfg.Networks)
	all := c.Network == ""
	var ids []string
	for _, m := range made {
		if m.State == "" && m.net != nil {
			networks = append(networks, *m.net)
		}
	}
	for i, n := range networks {
		if n.ID == c.Network {
			networks, c.Network = networks[i:i+1], ""
			break
		}
		ids = append(ids, n.ID)
	}
	if c.Network != "" {
		return usageError{fmt.Errorf("there is no network %q; there are %s", c.Network, strings.Join(ids, ", "))}
	}
	for i, n := range networks {
		if i > 0 {
			fmt.Fprintln(env.stdout)
		}
		_, inFile := cfg.Network(n.ID)
		if err := printSchedule(env.stdout, n, env.now(), 0, inFile); err != nil {
			return err
		}
	}
	if !all {
		return nil
	}
	return printLeaders(env.stdout, cfg, env.now())
}

// printSchedule lists the network's meetings after the first held ones.
func printSchedule(w io.Writer, n meeting.Network, now time.Time, held int, inFile bool) error {
	say := scheduleWords(n.Language)
	fmt.Fprintf(w, "%s (%s): %s\n", n.Name, n.ID, n.Programme.Name)
	if !inFile {
		_, err := fmt.Fprintln(w, say.chat)
		return err
	}
	fmt.Fprintf(w, "%s\n", fmt.Sprintf(say.zone, n.Location))
	of := len(n.Programme.Meetings)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	lines := 0
	for i, o := range schedule.Upcoming(n.Schedule, now, max(0, of-held)) {
		number := held + i + 1
		if o.Number > 0 {
			number = o.Number
		}
		if number <= held || number > of {
			continue
		}
		at := o.At.In(n.Location)
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", fmt.Sprintf(say.meeting, number, of), n.Programme.Meetings[number-1].Title,
			longDate(n.Language, at), fmt.Sprintf(say.until, longDate(n.Language, at.Add(n.OpenFor)))+moved(say, n.Language, o, at))
		lines++
	}
	if lines == 0 {
		fmt.Fprintln(t, say.none)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the schedule: %w", err)
	}
	return nil
}

// moved says which holiday an occurrence was moved from, if any.
func moved(say scheduleText, lang string, o meeting.Occurrence, at time.Time) string {
	planned, err := time.ParseInLocation("2006-01-02T15:04", o.Key, at.Location())
	if err != nil || planned.YearDay() == at.YearDay() {
		return ""
	}
	name, ok := schedule.Holiday(planned)
	if !ok {
		return ""
	}
	return fmt.Sprintf(say.moved, longDate(lang, planned), name)
}

// scheduleText holds the words of the schedule in one language.
type scheduleText struct{ zone, meeting, until, moved, none, chat string }

func scheduleWords(lang string) scheduleText {
	if lang == "en" {
		return scheduleText{
			zone: "Times are in the time zone %s.", meeting: "Meeting %d of %d", until: "open until %s",
			moved: " (moved from %s, %s)", none: "No meetings to come.",
			chat: "The network was made in the coordination room. Its leader opens the meetings.",
		}
	}
	return scheduleText{
		zone: "Tiderna gäller i tidszonen %s.", meeting: "Möte %d av %d", until: "öppet till %s",
		moved: " (flyttat från %s, %s)", none: "Inga fler möten.",
		chat: "Nätverket är startat i samordningsrummet. Ledaren öppnar mötena.",
	}
}

// longDate is a date and time in words: "tisdag 24 november 2026 kl. 17.00".
func longDate(lang string, t time.Time) string {
	if lang == "en" {
		return t.Format("Monday 2 January 2006 at 15:04")
	}
	weekdays := [...]string{"söndag", "måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag"}
	months := [...]string{"januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september", "oktober", "november", "december"}
	return fmt.Sprintf("%s %d %s %d kl. %s", weekdays[t.Weekday()], t.Day(), months[t.Month()-1], t.Year(), t.Format("15.04"))
}

package main

import (
	"fmt"
	"io"
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
func (c *scheduleCmd) Run(env *environment, cmds *commands) error {
	cfg, err := cmds.loadWith(config.Loader{Now: env.now, NoSecrets: true})
	if err != nil {
		return err
	}
	networks := cfg.Networks
	if c.Network != "" {
		n, ok := cfg.Network(c.Network)
		if !ok {
			var ids []string
			for _, n := range cfg.Networks {
				ids = append(ids, n.ID)
			}
			return usageError{fmt.Errorf("there is no network %q; there are %s", c.Network, strings.Join(ids, ", "))}
		}
		networks = []meeting.Network{*n}
	}
	for i, n := range networks {
		if i > 0 {
			fmt.Fprintln(env.stdout)
		}
		if err := printSchedule(env.stdout, n, env.now(), 0); err != nil {
			return err
		}
	}
	return nil
}

// printSchedule lists the network's meetings after the first held ones.
func printSchedule(w io.Writer, n meeting.Network, now time.Time, held int) error {
	say := scheduleWords(n.Language)
	fmt.Fprintf(w, "%s (%s): %s\n%s\n", n.Name, n.ID, n.Programme.Name, fmt.Sprintf(say.zone, n.Location))
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
type scheduleText struct{ zone, meeting, until, moved, none string }

func scheduleWords(lang string) scheduleText {
	if lang == "en" {
		return scheduleText{
			zone: "Times are in the time zone %s.", meeting: "Meeting %d of %d", until: "open until %s",
			moved: " (moved from %s, %s)", none: "No meetings to come.",
		}
	}
	return scheduleText{
		zone: "Tiderna gäller i tidszonen %s.", meeting: "Möte %d av %d", until: "öppet till %s",
		moved: " (flyttat från %s, %s)", none: "Inga fler möten.",
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

package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// A script says what people do, one step a line, in the language of the bot's
// transcript tests:
//
//	== heading                  for the reader
//	anna: text                  Anna writes in the room
//	anna in q #a1: text         … in the thread below q; remembered as a1
//	anna reply q #a1: text      … as an ordinary reply to q
//	anna edit a1: text          … and changes it
//	anna redact a1              … or deletes it
//	anna react a1 👍            Anna reacts; "unreact" takes it back
//	bot #q: text                the bot writes something with that text
//	bot edit q: text            … or changes q so that it has that text
//	bot to anna: text           … or writes to Anna alone
//	anna to bot: text           Anna writes to the bot alone
//	anna votes p: 1 3           Anna chooses areas 1 and 3 in the poll p; "votes stably"
//	                            as a client does that knows the newer form of polls
//	coord: text                 … or in the coordination room, as Nka sees it
//
// Lines that begin with "  | " continue the line before; # begins a comment;
// {today} is today's date; {words} is the number that the bot has given to the
// area or the measure whose text has those words.
type step struct {
	file   string
	line   int
	verb   string // heading, say, in, reply, edit, redact, react, unreact, votes, votes stably, whisper, bot, direct, coord
	who    string // localpart, also the receiver of a direct message
	target string // label
	label  string // that the new message gets
	text   string // or the emoji
}

// forms are the shapes of a step, tried in this order; their groups have the
// names of the fields.
func forms() []*regexp.Regexp {
	return []*regexp.Regexp{
		regexp.MustCompile(`^(?P<verb>==) (?P<text>.+)$`),
		regexp.MustCompile(`^bot (?P<verb>to) (?P<who>\w+): (?P<text>.+)$`),
		regexp.MustCompile(`^bot (?P<verb>edit) (?P<target>\w+): (?P<text>.+)$`),
		regexp.MustCompile(`^(?P<verb>bot)(?: #(?P<label>\w+))?: (?P<text>.+)$`),
		regexp.MustCompile(`^(?P<verb>coord): (?P<text>.+)$`),
		regexp.MustCompile(`^(?P<who>\w+) (?P<verb>react|unreact) (?P<target>\w+) (?P<text>\S+)$`),
		regexp.MustCompile(`(?s)^(?P<who>\w+) (?P<verb>to bot): (?P<text>.+)$`),
		regexp.MustCompile(`^(?P<who>\w+) (?P<verb>votes|votes stably) (?P<target>\w+): (?P<text>.+)$`),
		regexp.MustCompile(`^(?P<who>\w+) (?P<verb>redact) (?P<target>\w+)$`),
		regexp.MustCompile(`^(?P<who>\w+) (?P<verb>edit) (?P<target>\w+): (?P<text>.+)$`),
		regexp.MustCompile(`(?s)^(?P<who>\w+) (?P<verb>in|reply) (?P<target>\w+)(?: #(?P<label>\w+))?: (?P<text>.+)$`),
		regexp.MustCompile(`(?s)^(?P<who>\w+)(?: #(?P<label>\w+))?: (?P<text>.+)$`),
	}
}

// steps reads a cast's scripts.
func (c cast) steps(now time.Time) ([]step, error) {
	r := reader{users: map[string]bool{}, labels: map[string]bool{}}
	for _, m := range c.everybody() {
		r.users[m.user] = true
	}
	for _, file := range c.scripts {
		text, err := scripts.ReadFile("scripts/" + file)
		if err != nil {
			return nil, fmt.Errorf("read script: %w", err)
		}
		r.file = file
		if err := r.read(strings.ReplaceAll(string(text), "{today}", now.Format("2006-01-02"))); err != nil {
			return nil, err
		}
	}
	return r.steps, nil
}

// reader reads scripts in which the users act. Every label must have been given
// before it is used.
type reader struct {
	file          string
	users, labels map[string]bool
	steps         []step
}

func (r *reader) read(text string) error {
	for _, l := range joinLines(text) {
		s, ok := parseStep(l.text)
		s.file, s.line = r.file, l.number
		fault := ""
		switch {
		case !ok:
			fault = "this makes no sense: " + l.text
		case s.who != "" && !r.users[s.who]:
			fault = "there is no " + s.who
		case s.target != "" && !r.labels[s.target]:
			fault = "nothing is called " + s.target
		case s.label != "" && r.labels[s.label]:
			fault = "something is called " + s.label + " already"
		}
		if fault != "" {
			return fmt.Errorf("%s:%d: %s", s.file, s.line, fault)
		}
		r.labels[s.label] = true
		r.steps = append(r.steps, s)
	}
	return nil
}

func parseStep(text string) (step, bool) {
	for _, form := range forms() {
		found := form.FindStringSubmatch(text)
		if found == nil {
			continue
		}
		group := func(name string) string {
			if i := form.SubexpIndex(name); i >= 0 {
				return found[i]
			}
			return ""
		}
		s := step{verb: group("verb"), who: group("who"), target: group("target"), label: group("label"), text: group("text")}
		switch s.verb {
		case "==":
			s.verb = "heading"
		case "to":
			s.verb = "direct"
		case "to bot":
			s.verb = "whisper"
		case "":
			s.verb = "say"
		}
		return s, true
	}
	return step{}, false
}

type scriptLine struct {
	number int
	text   string
}

// joinLines leaves out comments and empty lines and joins what is continued.
func joinLines(text string) []scriptLine {
	var out []scriptLine
	for i, line := range strings.Split(text, "\n") {
		more, continued := strings.CutPrefix(line, "  | ")
		switch {
		case continued && len(out) > 0:
			out[len(out)-1].text += "\n" + more
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "# "):
		default:
			out = append(out, scriptLine{i + 1, line})
		}
	}
	return out
}

package render

import (
	"time"

	"blnbot/internal/meeting"
)

// Compilation is one meeting round over all networks of a programme, from their
// shared summaries only.
type Compilation struct {
	Programme string // the programme's name
	Number    int    // of the round
	Title     string
	Version   int       // 0 for one that was never posted
	Made      time.Time // when its version was made
	// Networks are those whose summary is shared, Missing the names of the
	// programme's other networks.
	Networks []CompiledNetwork
	Missing  []string
	Prompts  []CompiledPrompt
}

// Total is how many networks the round has.
func (c Compilation) Total() int { return len(c.Networks) + len(c.Missing) }

// CompiledNetwork is a network with its part in a round.
type CompiledNetwork struct {
	Name         string
	Entries      int
	Participants meeting.RoleCount // as may be shown
}

// CompiledPrompt is one prompt with what the networks say on it. Networks that
// were asked in other words are under a prompt of their own.
type CompiledPrompt struct {
	Number   int // counted from 1 over the compilation
	Text     string
	Networks []string // who was asked, if not every network
	Silent   []string // who was asked and has no point
	// Shared are the themes of two or more networks, those of most networks
	// first; Own are those of one network, network by network.
	Shared, Own []Theme
}

// Theme is what one or more networks say. Its text is one of its voices'.
type Theme struct {
	Text     string
	Networks []string // without repetition, in the order of the voices
	Support  int      // people behind all its voices
	Voices   []Voice
}

// Voice is one point of a network's shared summary.
type Voice struct {
	Network string
	meeting.Point
}

// Differs reports whether several networks say something that is only theirs.
func (p CompiledPrompt) Differs() bool {
	for _, t := range p.Own {
		if t.Networks[0] != p.Own[0].Networks[0] {
			return true
		}
	}
	return false
}

// Most themes of a prompt that the message shows; the document shows all.
const (
	shownShared = 5
	shownOwn    = 4
	shownNames  = 6
)

// Brief is the compilation's prompt as the message shows it: what several
// networks say, then the best supported of what one network says, as many
// networks as possible having a say.
func (p CompiledPrompt) Brief() BriefPrompt {
	out := BriefPrompt{CompiledPrompt: p}
	out.Shared = p.Shared[:min(len(p.Shared), shownShared)]
	out.Own = nil
	taken := make([]bool, len(p.Own))
	for len(out.Own) < min(shownOwn, len(p.Own)) {
		heard := map[string]bool{}
		before := len(out.Own)
		for i, t := range p.Own {
			if name := t.Networks[0]; !taken[i] && !heard[name] && len(out.Own) < shownOwn {
				taken[i], heard[name] = true, true
				out.Own = append(out.Own, t)
			}
		}
		if len(out.Own) == before {
			break
		}
	}
	out.More = len(p.Shared) + len(p.Own) - len(out.Shared) - len(out.Own)
	return out
}

// BriefPrompt is a prompt of which More themes are left out.
type BriefPrompt struct {
	CompiledPrompt
	More int
}

// Names are a few of the names, with how many there are more.
type Names struct {
	Few  []string
	More int
}

// Some are the names, as many as can be read at once.
func (Compilation) Some(names []string) Names {
	if len(names) <= shownNames+1 {
		return Names{Few: names}
	}
	return Names{Few: names[:shownNames], More: len(names) - shownNames}
}

// Agenda is what is to be spoken of at a leaders' meeting. Times are in the
// coordination room's zone.
type Agenda struct {
	Number    int // of the round
	Title     string
	After     bool // the meeting is after the round, otherwise before it
	When      time.Time
	Link      string
	Again     bool // posted anew, because something it quoted was removed
	Opens     []OpensAt
	MoreOpens int // networks that are not listed
	Prompts   []string
	Matters   []Matter
	Themes    []Theme
	ThemesOf  int // the round that the themes are from
}

// Some are the names, as many as can be read at once.
func (Agenda) Some(names []string) Names { return Compilation{}.Some(names) }

// OpensAt is when a network opens its meeting; When is zero if its leader does.
type OpensAt struct {
	Network string
	When    time.Time
}

// Matter is something that is not finished: one or more networks with the same.
type Matter struct {
	Number   int    // of the meeting; 0 for a plan
	Code     string // open, closed, missed, planned (never opened), followup
	Networks []string
}

// OpenQuestions is what remains after a leaders' meeting.
type OpenQuestions struct {
	Number  int
	Title   string
	After   bool
	Matters []Matter
}

// Some are the names, as many as can be read at once.
func (OpenQuestions) Some(names []string) Names { return Compilation{}.Some(names) }

// LeadersMeeting is a meeting of the leaders with Nka.
type LeadersMeeting struct {
	Number  int // of the round
	After   bool
	When    time.Time
	Link    string
	Dropped bool
}

// CalendarMeeting is a network's meeting in a calendar file.
type CalendarMeeting struct {
	Network string
	Number  int
	Title   string
	When    time.Time
	Dropped bool
}

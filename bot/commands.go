package bot

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// where says in which rooms a command can be used.
type where int

const (
	inNetwork where = 1 << iota
	inCoordination
	inDirect
)

// who says what a person must be to use a command.
type who int

const (
	anyone who = iota
	leader     // of the network; in the coordination room of any network, or staff
	staff
)

// command is one row of the table. Its name is also the name of its texts:
// usage_<name> and does_<name>.
type command struct {
	name    string   // English, canonical
	aliases []string // Swedish, and others that people try
	where   where
	who     who
	run     func(b *Bot, ctx context.Context, s *scene, c *call) error
}

// call is one use of a command.
type call struct {
	place
	msg  meeting.Message
	args string
	lang string
	// leader and staff say what the sender is here.
	leader, staff bool
}

// commands is the one table of commands. Help is made from it, and rights are
// checked against it in one place.
func commands() []command {
	return []command{
		{"help", []string{"hjälp", "commands", "kommandon"}, inNetwork | inCoordination | inDirect, anyone, (*Bot).cmdHelp},
		{"status", []string{"läge"}, inNetwork | inCoordination, leader, (*Bot).cmdStatus},
		{"network", []string{"nätverk", "networks"}, inCoordination, staff, (*Bot).cmdNetwork},
		{"compile", []string{"sammanställ", "sammanställning"}, inCoordination, staff, (*Bot).cmdCompile},
		{"next", []string{"nästa", "open", "öppna"}, inNetwork, leader, (*Bot).cmdNext},
		{"close", []string{"avsluta", "stäng"}, inNetwork, leader, (*Bot).cmdClose},
		{"move", []string{"flytta"}, inNetwork, leader, (*Bot).cmdMove},
		{"move_reply", []string{"move reply", "flytta svar"}, inNetwork, anyone, (*Bot).cmdMoveReply},
		{"remind", []string{"påminn"}, inNetwork, leader, (*Bot).cmdRemind},
		{"note", []string{"anteckna"}, inNetwork, leader, (*Bot).cmdNote},
		{"attendance", []string{"närvaro"}, inNetwork, leader, (*Bot).cmdAttendance},
		{"take", []string{"ta med", "take in"}, inNetwork, leader, (*Bot).cmdTake},
		{"leave_out", []string{"leave out", "uteslut", "ta bort"}, inNetwork, anyone, (*Bot).cmdLeaveOut},
		{"take_back", []string{"take back", "ta tillbaka"}, inNetwork, anyone, (*Bot).cmdTakeBack},
		{"agree", []string{"håller med", "instämmer"}, inNetwork, anyone, (*Bot).cmdAgree},
		{"important", []string{"viktigt"}, inNetwork, leader, (*Bot).cmdImportant},
		{"idea", []string{"idé"}, inNetwork, leader, (*Bot).cmdIdea},
		{"action", []string{"åtgärd"}, inNetwork, leader, (*Bot).cmdAction},
		{"summary", []string{"sammanfattning"}, inNetwork | inCoordination, anyone, (*Bot).cmdSummary},
		{"edit", []string{"ändra"}, inNetwork, leader, (*Bot).cmdEdit},
		{"drop", []string{"stryk"}, inNetwork, leader, (*Bot).cmdDrop},
		{"approve", []string{"godkänn"}, inNetwork, leader, (*Bot).cmdApprove},
		{"minutes", []string{"anteckningar", "minnesanteckningar"}, inNetwork, anyone, (*Bot).cmdMinutes},
		{"prioritize", []string{"prioritera", "prioritise", "priorities", "prioriteringar"}, inNetwork, leader, (*Bot).cmdPrioritize},
		{"vote", []string{"rösta", "röst"}, inNetwork | inDirect, anyone, (*Bot).cmdVote},
		{"evaluation", []string{"utvärdering", "utvärdera", "evaluate"}, inNetwork | inDirect, anyone, (*Bot).cmdEvaluation},
		{"plan", nil, inNetwork | inCoordination | inDirect, anyone, (*Bot).cmdPlan},
		{"followup", []string{"uppföljning"}, inNetwork | inDirect, anyone, (*Bot).cmdFollowUp},
		{"report", []string{"rapport", "slutrapport"}, inCoordination, leader, (*Bot).cmdReport},
		{"role", []string{"roll"}, inNetwork | inDirect, anyone, (*Bot).cmdRole},
		{"away", []string{"frånvarande", "borta"}, inNetwork, leader, (*Bot).cmdAway},
		{"back", []string{"tillbaka"}, inNetwork, leader, (*Bot).cmdBack},
		{"members", []string{"deltagare", "medlemmar"}, inNetwork | inDirect, leader, (*Bot).cmdMembers},
		{"invite", []string{"bjud in", "bjud"}, inNetwork, leader, (*Bot).cmdInvite},
		{"pin", []string{"fäst"}, inNetwork, leader, (*Bot).cmdPin},
		{"privacy", []string{"integritet"}, inNetwork | inDirect, anyone, (*Bot).cmdPrivacy},
		{"consent", []string{"samtycke"}, inNetwork | inDirect, anyone, (*Bot).cmdConsent},
		{"mine", []string{"mina"}, inNetwork | inDirect, anyone, (*Bot).cmdMine},
		{"anonymous", []string{"anonymt", "anonym"}, inDirect, anyone, (*Bot).cmdAnonymous},
		{"forget", []string{"glöm"}, inNetwork | inDirect, anyone, (*Bot).cmdForget},
	}
}

// word is what follows the exclamation mark.
var word = regexp.MustCompile(`^!\s?([\p{L}\p{M}]+)(?:\s+|$)`)

// command carries out a message that is a command, and reports whether it was
// one. Commands that come too late to be meant do nothing.
func (b *Bot) command(ctx context.Context, s *scene, p place, m meeting.Message) (bool, error) {
	if p.net == nil && !p.coord && p.direct == "" {
		return false, nil
	}
	name, args, explicit := b.parse(p, m)
	if name == "" {
		return false, nil
	}
	cmd, args := lookup(name, args)
	c := &call{place: p, msg: m, args: args, lang: b.langOf(s, p)}
	c.staff = s.isStaff(m.Sender)
	if p.net != nil {
		c.leader = p.net.Leads(m.Sender)
	} else {
		c.leader = s.leadsAny(m.Sender) || c.staff
	}
	if cmd == nil {
		near := nearest(name, b.usable(c))
		if near == "" || !explicit {
			return false, nil
		}
		return true, b.answer(ctx, s, c, "unknown_command", render.Problem{Word: name, Suggest: near, Code: threadCode(m)})
	}
	if b.stale(s, p, m) && cmd.name != "note" {
		return true, nil
	}
	return true, b.dispatch(ctx, s, c, cmd)
}

// commandEdited tells people who change a command afterwards, once, that what
// they wrote first counts: it may have been carried out long ago.
func (b *Bot) commandEdited(ctx context.Context, s *scene, p place, m meeting.Message) error {
	if p.net == nil && !p.coord && p.direct == "" || m.Fetched || m.Kind != meeting.MessageText {
		return nil
	}
	made, err := b.hasMade(ctx, s, m.Sender, m.Replaces)
	if err != nil {
		return err
	}
	name, args, _ := b.parse(p, m)
	cmd, _ := lookup(name, args)
	if cmd == nil && !made {
		return nil
	}
	if cmd != nil && cmd.name == "note" {
		// If the note itself has not come yet, the new text of it will be read.
		if awaited, err := s.tx.Awaited(ctx, m.Replaces); err != nil || awaited {
			return err
		}
	}
	c := &call{place: p, msg: m, lang: b.langOf(s, p)}
	view := render.Problem{}
	if made {
		view.Code = "kept"
	}
	return b.answerWith(ctx, s, c, meeting.Post{Key: "edited/" + string(m.Replaces)}, "command_edited", view)
}

// hasMade reports whether something of the plan comes from the user's message: a
// suggestion, a decision or an answer to a follow-up question.
func (b *Bot) hasMade(ctx context.Context, s *scene, user meeting.UserID, id meeting.EventID) (bool, error) {
	g, err := s.tx.SuggestionOf(ctx, id)
	if err != nil || g != nil {
		return g != nil && g.Author == user, err
	}
	d, err := s.tx.DecisionOf(ctx, id)
	if err != nil || d != nil {
		return d != nil && d.By == user, err
	}
	_, author, err := s.tx.AnswerOf(ctx, id)
	return author == user, err
}

// threadCode tells a text that the message stands in a thread, where it could
// have been meant as a reply.
func threadCode(m meeting.Message) string {
	if m.Thread != "" {
		return "thread"
	}
	return ""
}

// stale reports whether a command was written so long ago that carrying it out
// now would surprise people.
func (b *Bot) stale(s *scene, p place, m meeting.Message) bool {
	grace := defaultGrace
	if p.net != nil {
		grace = p.net.Grace
	}
	return s.now.Sub(m.SentAt) > grace
}

// dispatch checks place and rights, here and nowhere else.
func (b *Bot) dispatch(ctx context.Context, s *scene, c *call, cmd *command) error {
	switch {
	case c.here()&cmd.where == 0:
		return b.answer(ctx, s, c, "wrong_place", render.Problem{Word: cmd.name, Code: placeNames(cmd.where)})
	case cmd.who == leader && !c.leader:
		return b.refuse(ctx, s, c)
	case cmd.who == staff && !c.staff:
		return b.answer(ctx, s, c, "not_staff", nil)
	}
	return cmd.run(b, ctx, s, c)
}

func placeNames(w where) string {
	switch {
	case w&inNetwork != 0:
		return "network"
	case w&inCoordination != 0:
		return "coordination"
	}
	return "direct"
}

// refuse says who can do what the sender cannot.
func (b *Bot) refuse(ctx context.Context, s *scene, c *call) error {
	view := render.Problem{}
	if c.net != nil {
		names, err := b.leaderNames(ctx, s, c.net)
		if err != nil {
			return err
		}
		view.Leaders = names
	}
	return b.answer(ctx, s, c, "not_leader", view)
}

func (c *call) here() where {
	switch {
	case c.net != nil:
		return inNetwork
	case c.coord:
		return inCoordination
	}
	return inDirect
}

func (b *Bot) langOf(s *scene, p place) string {
	if p.net != nil {
		return p.net.Language
	}
	return s.set.Language
}

// parse splits a command into its name, folded, and the rest. It is explicit if
// it starts with "!"; after a mention of the bot, and in a direct room, the
// bare word will do.
func (b *Bot) parse(p place, m meeting.Message) (name, args string, explicit bool) {
	body := strings.TrimSpace(m.Body)
	mentioned := slices.Contains(m.Mentions, b.self)
	if mentioned && (m.ReplyTo != "" || m.Thread != "") {
		// Clients count whom a reply answers among the mentioned. Here the bot
		// is only called if its name comes first.
		_, mentioned = cutName(body, b.self)
	}
	if mentioned {
		body = afterMention(body, b.self)
		if !strings.HasPrefix(body, "!") {
			body = "!" + body
		}
		explicit = true
	} else if p.direct != "" && !strings.HasPrefix(body, "!") {
		body = "!" + body
	} else {
		explicit = true
	}
	found := word.FindStringSubmatchIndex(body)
	if found == nil || found[3]-found[2] > 40 {
		return "", "", false
	}
	return body[found[2]:found[3]], strings.TrimSpace(body[found[1]:]), explicit
}

// afterMention cuts off what clients write for a mention at the start: the
// user id, or a display name up to a colon or comma.
func afterMention(body string, self meeting.UserID) string {
	if rest, ok := cutName(body, self); ok {
		return rest
	}
	if at := strings.IndexAny(body, ":,!"); at > 0 && at < 60 && !strings.ContainsAny(body[:at], "\n") {
		return strings.TrimLeft(body[at:], ":, ")
	}
	return body
}

// cutName cuts a user's id, or the part of it that is the name, off the start.
func cutName(body string, user meeting.UserID) (string, bool) {
	for _, start := range []string{string(user), "@" + localpart(user), localpart(user)} {
		if rest, ok := strings.CutPrefix(body, start); ok {
			return strings.TrimLeft(rest, ":, "), true
		}
	}
	return body, false
}

// lookup finds a command by its first two words ("ta med"), or else by the
// first, and returns what follows.
func lookup(name, args string) (*command, string) {
	if second, rest := cutWord(args); second != "" {
		if cmd := find(name + " " + strings.TrimRight(second, ".,:")); cmd != nil {
			return cmd, rest
		}
	}
	return find(name), args
}

func find(name string) *command {
	folded := render.Fold(name)
	table := commands()
	for i := range table {
		if table[i].name == folded {
			return &table[i]
		}
		for _, a := range table[i].aliases {
			if render.Fold(a) == folded {
				return &table[i]
			}
		}
	}
	return nil
}

// usable lists the names of the commands that the sender can use here, in the
// language of the room first.
func (b *Bot) usable(c *call) []string {
	var names []string
	for _, cmd := range commands() {
		if c.here()&cmd.where != 0 && (cmd.who == anyone || cmd.who == leader && c.leader || cmd.who == staff && c.staff) {
			own := []string{cmd.name}
			if strings.Contains(cmd.name, "_") {
				own = nil // nobody writes it that way
			}
			if c.lang == "en" {
				names = append(append(names, own...), cmd.aliases...)
			} else {
				names = append(append(names, cmd.aliases...), own...)
			}
		}
	}
	return names
}

// nearest is the name within two changes of what was written, or empty.
func nearest(name string, names []string) string {
	folded, best, least := render.Fold(name), "", 3
	for _, n := range names {
		d := distance(folded, render.Fold(n))
		if d < least && d*2 < utf8.RuneCountInString(folded) {
			best, least = n, d
		}
	}
	return best
}

// distance is the Levenshtein distance.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	prev := make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range x {
		cur := make([]int, len(y)+1)
		cur[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			cur[j+1] = min(prev[j]+cost, prev[j+1]+1, cur[j]+1)
		}
		prev = cur
	}
	return prev[len(y)]
}

// answer replies to a command where it was given.
func (b *Bot) answer(ctx context.Context, s *scene, c *call, name string, data any) error {
	return b.answerWith(ctx, s, c, meeting.Post{}, name, data)
}

func (b *Bot) answerWith(ctx context.Context, s *scene, c *call, p meeting.Post, name string, data any) error {
	if p.Key == "" {
		p.Key = "answer/" + string(c.msg.ID)
	}
	p.Room, p.Thread, p.ReplyTo = c.room, meeting.Ref{Event: c.msg.Thread}, meeting.Ref{Event: c.msg.ID}
	return b.say(ctx, s, p, c.lang, name, data)
}

package bot_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"blnbot/bot"
	"blnbot/internal/meeting"
	"blnbot/internal/schedule"
	"blnbot/internal/sqlite"
)

// more carries out the steps that change what the chat takes place in; false
// if the word is none of them.
func (s *stage) more(first, rest string) bool {
	words := strings.Fields(rest)
	switch first {
	case "brief", "full":
		s.brief = first == "brief"
	case "invited": // "invited carl": to the room
		s.deliver(meeting.Membership{EventMeta: s.meta("", user("lena")), User: user(rest), Membership: "invite"})
	case "leave":
		s.deliver(meeting.Membership{EventMeta: s.meta("", user(rest)), User: user(rest), Membership: "leave"})
	case "kick": // "kick bot by lena"
		m := meeting.Membership{EventMeta: s.meta("", user(words[2])), User: user(words[0]), Membership: "leave"}
		if words[0] == "bot" {
			m.User, m.Self = self, true
		}
		s.deliver(m)
	case "leaders": // "leaders vasteras lena bo"
		s.change(words[0], func(n *meeting.Network) {
			n.Leaders = nil
			for _, w := range words[1:] {
				n.Leaders = append(n.Leaders, user(w))
			}
		})
	case "prompt": // "prompt 2.1 New text" in everybody's programme
		s.reword(words[0], strings.TrimPrefix(rest, words[0]+" "))
	case "area": // "area vasteras closed 5 a1,b1 Text": an area of the network's poll, with its votes and replies
		s.area(words)
	case "retire": // "retire vasteras": the configuration no longer has the network
		next := *s.set
		next.Networks = slices.DeleteFunc(slices.Clone(next.Networks), func(n meeting.Network) bool { return n.ID == rest })
		s.set = &next
		s.bot.Configure(s.set)
	case "language":
		next := *s.set
		next.Language = rest
		s.set = &next
		s.bot.Configure(s.set)
	case "unanswered":
		s.unanswered = rest
	case "offline", "online":
		s.offline = first == "offline"
	case "refuse": // "refuse vasteras" or "refuse vasteras invite"
		s.refused, s.refusedKinds = meeting.RoomID("!"+words[0]), words[1:]
	case "accept":
		s.refused = ""
	case "invite": // "invite anna direct"
		inv := meeting.Invite{Room: "!dm" + meeting.RoomID(user(words[0])), Inviter: user(words[0]), Direct: len(words) > 1, At: s.now}
		if !inv.Direct {
			inv.Room = "!elsewhere"
		}
		ok, err := s.bot.Welcome(s.ctx, inv)
		s.must(err)
		fmt.Fprintf(&s.out, "state> %s\n", map[bool]string{true: "accepted", false: "declined"}[ok])
	case "file": // "file has text": whether the last file has it
		text := strings.TrimPrefix(rest, "has ")
		fmt.Fprintf(&s.out, "state> %s\n", map[bool]string{true: "in the file", false: "not in the file"}[strings.Contains(s.file, text)])
	case "upgrade": // "upgrade vasteras2" or "upgrade vasteras2 unproven"
		s.deliver(meeting.RoomReplaced{EventMeta: s.meta("", user("lena")), Replacement: meeting.RoomID("!" + words[0]), Checked: len(words) == 1})
	case "rights": // somebody changes who may do what in the room
		s.deliver(meeting.RightsChanged{EventMeta: s.meta("", user(rest))})
	case "continues": // "continues vasteras": the bot comes into the current room, which names another as its predecessor
		s.deliver(meeting.RoomContinues{EventMeta: s.meta("", user("lena")), Predecessor: meeting.RoomID("!" + rest)})
	case "bind": // "bind vasteras nytt": the configuration leads to another room
		s.must(s.bot.Bind(s.ctx, bot.NetworkBinding(words[0]), meeting.RoomID("!"+words[1])))
	case "broken":
		s.deliver(meeting.Failed{EventMeta: s.meta("", user(rest)), Type: "m.room.message"})
	case "alert": // "alert alert_rights vasteras send"
		s.must(s.bot.Alert(s.ctx, rest, words[0], words[1], words[2:]...))
	case "ban": // "ban dag": from the room
		s.deliver(meeting.Membership{EventMeta: s.meta("", user("lena")), User: user(rest), Membership: "ban"})
	case "roles": // "roles manager enhetschef enhetschefer", in Swedish
		if s.roles == nil {
			s.roles = meeting.RoleNames{"sv": {}}
		}
		s.roles["sv"][meeting.Role(words[0])] = meeting.NewRoleName("sv", words[1], words[2])
		s.must(s.db.Close())
		s.start()
	default:
		return s.leaders(first, words)
	}
	return true
}

// leaders carries out the steps about what goes on between the networks; false
// if the word is none of them.
func (s *stage) leaders(first string, words []string) bool {
	next := *s.set
	l := &next.Leaders
	switch first {
	case "weekly": // "weekly MON 08:00", or "weekly off"
		l.Weekly = nil
		if len(words) == 2 {
			at, err := time.Parse("15:04", words[1])
			s.must(err)
			day := slices.Index([]string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}, words[0])
			l.Weekly = &meeting.Weekly{Day: time.Weekday(day), At: time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute}
		}
	case "meets": // "meets prov 1 before 2026-09-04 13:00 [link]", or "meets prov 1 before never"
		m := meeting.LeadersMeeting{Programme: words[0], Round: s.number(words[1]), After: words[2] == "after"}
		l.Agenda = 72 * time.Hour
		l.Meetings = slices.DeleteFunc(slices.Clone(l.Meetings), func(o meeting.LeadersMeeting) bool {
			return o.Programme == m.Programme && o.Round == m.Round && o.After == m.After
		})
		if words[3] != "never" {
			at, err := time.ParseInLocation("2006-01-02 15:04", words[3]+" "+words[4], s.set.Location)
			s.must(err)
			m.At, m.Link = at.UTC(), strings.Join(words[5:], " ")
			l.Meetings = append(l.Meetings, m)
		}
	case "dates": // "dates vasteras 2026-09-08_17:00,…": the network has other dates
		rule, err := schedule.Dates(strings.Split(strings.ReplaceAll(words[1], "_", " "), ","), s.set.Location)
		s.must(err)
		s.change(words[0], func(n *meeting.Network) { n.Schedule = rule })
		next = *s.set
	case "calendars": // networks made in chat get calendar files
		next.Defaults.Calendar = true
	case "night": // "night 21h 7h": the coordination room's quiet hours
		next.Defaults.Quiet = meeting.Quiet{From: s.duration(words[0]), To: s.duration(words[1])}
	default:
		return false
	}
	s.set = &next
	s.bot.Configure(s.set)
	s.must(s.bot.Tick(s.ctx))
	return true
}

// area puts an area into a network's poll and the poll into a state.
func (s *stage) area(words []string) {
	s.must(s.db.Update(s.ctx, func(tx *sqlite.Tx) error {
		poll, err := tx.Poll(s.ctx, words[0])
		s.must(err)
		if poll == nil {
			held, err := tx.Meetings(s.ctx, words[0])
			s.must(err)
			poll = &meeting.Poll{Network: words[0], Meeting: held[0].ID, Voters: meeting.MinVoters}
		}
		poll.State = meeting.PollState(words[1])
		a := meeting.Priority{Number: len(poll.Areas) + 1, Votes: s.number(words[2]), Text: strings.Join(words[4:], " ")}
		for label := range strings.SplitSeq(words[3], ",") {
			if label != "-" {
				a.Entries = append(a.Entries, meeting.EventID("$"+label))
			}
		}
		poll.Areas = append(poll.Areas, a)
		return tx.StorePoll(s.ctx, poll)
	}))
}

// change has the configuration say something else about a network.
func (s *stage) change(id string, fn func(*meeting.Network)) {
	next := *s.set
	next.Networks = slices.Clone(next.Networks)
	for i := range next.Networks {
		if next.Networks[i].ID == id {
			fn(&next.Networks[i])
		}
	}
	s.set = &next
	s.bot.Configure(s.set)
}

// reword changes a prompt ("2.1") of every network's programme.
func (s *stage) reword(where, text string) {
	a, b, _ := strings.Cut(where, ".")
	number, err := strconv.Atoi(a)
	s.must(err)
	prompt, err := strconv.Atoi(b)
	s.must(err)
	for _, n := range s.set.Networks {
		s.change(n.ID, func(n *meeting.Network) {
			n.Programme.Meetings = slices.Clone(n.Programme.Meetings)
			m := &n.Programme.Meetings[number-1]
			m.Prompts = slices.Clone(m.Prompts)
			m.Prompts[prompt-1] = text
		})
	}
}

// network adds a network: "vasteras Västerås key=value …".
func (s *stage) network(text string) {
	words := strings.Fields(text)
	n := meeting.Network{ID: words[0], Name: words[1], Language: "sv", Location: s.set.Location, OpenFor: 5 * 24 * time.Hour,
		Grace: 24 * time.Hour, Approval: meeting.ApprovalLeader, ObjectionsFor: 48 * time.Hour, Leaders: []meeting.UserID{user("lena")},
		Programme: testProgramme("sv")}
	spec, o := "0 17 * * TUE", schedule.Options{}
	for _, w := range words[2:] {
		name, value, _ := strings.Cut(w, "=")
		value = strings.ReplaceAll(value, "_", " ")
		switch name {
		case "lang":
			n.Language, n.Programme = value, testProgramme(value)
		case "leader":
			n.Leaders = []meeting.UserID{user(value)}
		case "calendar":
			n.Calendar = value == "true"
		case "approval":
			n.Approval = meeting.Approval(value)
		case "cron":
			spec = value
		case "holidays":
			o.Holidays = schedule.Holidays(value)
		case "openfor":
			n.OpenFor = s.duration(value)
		case "deputy":
			n.Deputies = []meeting.UserID{user(value)}
		case "pause":
			first, last, _ := strings.Cut(value, "..")
			n.Pauses = append(n.Pauses, meeting.Pause{First: first, Last: last})
		case "quiet":
			from, to, _ := strings.Cut(value, "-")
			n.Quiet = meeting.Quiet{From: s.duration(from), To: s.duration(to)}
		case "rawfor":
			n.RawFor = s.duration(value)
		case "atmost":
			n.RawAtMost = s.duration(value)
		case "kinds": // of the meetings, in order
			for i, kind := range strings.Split(value, ",") {
				n.Programme.Meetings[i].Kind = meeting.Kind(kind)
			}
		case "followup": // in months
			n.FollowUp = []int{}
			for _, months := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' }) {
				n.FollowUp = append(n.FollowUp, s.number(months))
			}
		case "grace":
			n.Grace = s.duration(value)
		case "help":
			n.HelpLines = []string{value}
		case "priorities": // which meeting is there to choose areas
			n.Programme.Meetings = slices.Clone(n.Programme.Meetings)
			n.Programme.Meetings[s.number(value)-1].Kind = meeting.KindPriorities
		case "programme":
			n.Programme.ID = value
		case "meetings":
			n.Programme.Meetings = n.Programme.Meetings[:s.number(value)]
		case "dates":
			spec = ""
			rule, err := schedule.Dates(strings.Split(value, ","), s.set.Location)
			s.must(err)
			n.Schedule = rule
		case "prompts":
			for i := range n.Programme.Meetings {
				n.Programme.Meetings[i].Prompts = n.Programme.Meetings[i].Prompts[:s.number(value)]
			}
		default:
			s.t.Fatalf("unknown setting %s", name)
		}
	}
	if spec != "" {
		rule, err := schedule.Cron(spec, s.set.Location, o)
		s.must(err)
		n.Schedule = rule
	}
	if rule, ok := n.Schedule.(*schedule.Rule); ok {
		n.Schedule = rule.Without(n.Pauses, n.Location)
	}
	next := *s.set
	next.Networks = append(next.Networks[:len(next.Networks):len(next.Networks)], n)
	s.set = &next
	s.bot.Configure(s.set)
	s.room = meeting.RoomID("!" + n.ID)
	s.must(s.bot.Bind(s.ctx, bot.NetworkBinding(n.ID), s.room))
	s.must(s.bot.Tick(s.ctx))
}

func (s *stage) number(text string) int {
	n, err := strconv.Atoi(text)
	s.must(err)
	return n
}

func (s *stage) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	s.must(err)
	return d
}

func testProgramme(lang string) meeting.Programme {
	if lang == "en" {
		return meeting.Programme{ID: "trial", Name: "Trial", Language: "en", Meetings: []meeting.ProgrammeMeeting{
			{Title: "What is support?", Kind: meeting.KindDiscussion, Prompts: []string{"What can good support be?", "What is missing?"}},
			{Title: "What works today?", Kind: meeting.KindDiscussion, Prompts: []string{"What works well?", "Why does it work?"}},
		}}
	}
	return meeting.Programme{ID: "prov", Name: "Prov", Language: "sv", Meetings: []meeting.ProgrammeMeeting{
		{Title: "Vad betyder stöd?", Intro: "Vi börjar med att lära känna varandra.", Kind: meeting.KindDiscussion,
			Prompts: []string{"Vad kan vara ett bra stöd?", "Vad saknas?"}},
		{Title: "Vad fungerar bra i dag?", Kind: meeting.KindDiscussion,
			Prompts:   []string{"Vad fungerar bra hos er?", "Varför fungerar det?"},
			Materials: []meeting.Material{{Title: "Rapport A", URL: "https://example.se/a"}, {Title: "Rapport B"}}},
		{Title: "Vad behöver bli bättre?", Kind: meeting.KindDiscussion, Prompts: []string{"Vad behöver bli bättre?", "Vad är svårast?"}},
	}}
}

package bot_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"blnbot/bot"
	"blnbot/internal/meeting"
)

// answers has somebody write an answer to an event, plainly or in its thread.
func (s *stage) answers(label, who, text string, target meeting.EventID, thread bool) meeting.Message {
	s.t.Helper()
	m := meeting.Message{EventMeta: s.meta(label, user(who)), Kind: meeting.MessageText, Body: text}
	if m.ReplyTo = target; thread {
		m.ReplyTo, m.Thread = "", target
	}
	s.deliver(m)
	return m
}

// found has an event come that sync has passed over, after one that it brought.
func (s *stage) found(after meeting.EventID, ev meeting.Event) {
	s.t.Helper()
	s.events[ev.Meta().ID] = ev
	s.must(botStore{s.db}.Update(s.ctx, func(tx bot.Tx) error {
		return tx.StoreCheck(s.ctx, meeting.Check{Meeting: 1, Room: s.room, Root: after, Since: s.now})
	}))
	checks, err := s.db.OpenChecks(s.ctx, s.now.UTC())
	s.must(err)
	s.must(s.db.FinishCheck(s.ctx, checks[0], []meeting.RawEvent{{ID: after, Room: s.room}, {ID: ev.Meta().ID, Room: s.room, JSON: []byte("{}")}}, s.now.UTC()))
	s.work()
}

func (s *stage) holds(want string) {
	s.t.Helper()
	if got := fmt.Sprint(s.bodies()); got != want {
		s.t.Errorf("the minutes hold %s, want %s", got, want)
	}
}

// unplaced counts the answers whose place may show later.
func (s *stage) unplaced() int {
	s.t.Helper()
	db, err := sql.Open("sqlite", "file:"+s.path+"?mode=ro")
	s.must(err)
	defer db.Close()
	return len(rowsOf(s.t, db, "unplaced"))
}

// TestAnsweredLater: what was answered to a message that the bot got to know
// later is in the minutes when the message is, in the server's order, whoever
// answered whom.
func TestAnsweredLater(t *testing.T) {
	for name, thread := range map[string]bool{"reply": false, "thread": true} {
		t.Run(name, func(t *testing.T) {
			s := openedStage(t)
			s.answers("first", "anna", "ett", "$prompt/vasteras/1/1", true)
			s.answers("answer", "lena", "tre", "$late", thread)
			s.answers("next", "anna", "fyra", "$answer", thread)
			s.answers("other", "lena", "annat", "$never", thread)
			s.answers("plain", "lena", "prat", "", false)
			s.answers("talk", "anna", "mer prat", "$plain", thread)
			edit := meeting.Message{EventMeta: s.meta("edit", user("lena")), Kind: meeting.MessageText, Body: "trean", Replaces: "$answer"}
			s.deliver(edit)
			s.holds("[ett]")
			s.found("$first", meeting.Message{EventMeta: s.meta("late", user("bo")), Kind: meeting.MessageText, Body: "två", Thread: "$prompt/vasteras/1/1"})
			s.holds("[ett två trean fyra]")
			if n := s.unplaced(); n != 1 {
				t.Errorf("%d answers wait, want the one to what never came", n)
			}
		})
	}
}

// TestAnsweredBeforeThePostIsKnown: people see a question and answer it before the
// bot knows which event it became, because the server had stored it and the answer
// to the attempt was lost. Their answers are in the minutes when it does.
func TestAnsweredBeforeThePostIsKnown(t *testing.T) {
	const key, event = "prompt/vasteras/1/1", meeting.EventID("$question")
	for name, learn := range map[string]func(*stage) error{
		"sent":   func(s *stage) error { return s.db.MarkSent(s.ctx, key, s.room, event, s.now.UTC()) },
		"echoed": func(s *stage) error { return s.bot.Handle(s.ctx, s.echo(key, event)) },
		"doubled": func(s *stage) error {
			s.must(s.db.MarkSent(s.ctx, key, s.room, "$again", s.now.UTC()))
			return s.bot.Handle(s.ctx, s.echo(key, event))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := unsentStage(t)
			s.answers("answer", "anna", "ett", event, true)
			s.answers("next", "lena", "två", "$answer", false)
			s.answers("other", "lena", "annat", "$never", true)
			s.holds("[]")
			s.must(learn(s))
			s.work()
			s.holds("[ett två]")
			s.must(s.bot.Handle(s.ctx, s.echo(key, event)))
			s.work()
			s.holds("[ett två]")
			if n := s.unplaced(); n != 1 {
				t.Errorf("%d answers wait, want the one to what never came", n)
			}
		})
	}
}

// TestAnswersToNothing: what answers something that turns out to be neither reply nor
// post waits no longer, and a leader who takes that in takes in nothing else. Nothing
// waits for ever.
func TestAnswersToNothing(t *testing.T) {
	s := openedStage(t)
	s.answers("first", "anna", "ett", "$prompt/vasteras/1/1", true)
	s.answers("answer", "lena", "tre", "$late", false)
	s.answers("next", "anna", "fyra", "$answer", true)
	s.answers("never", "anna", "fem", "$unknown", true)
	s.found("$first", meeting.Message{EventMeta: s.meta("late", user("bo")), Kind: meeting.MessageText, Body: "två"})
	if n := s.unplaced(); n != 1 {
		t.Errorf("%d answers wait, want the one to what is unknown", n)
	}
	s.step("lena react late 📝")
	s.settle()
	s.holds("[ett två]")
	s.step("after 1441h")
	s.answers("later", "anna", "sex", "", false)
	if n := s.unplaced(); n != 0 {
		t.Errorf("%d answers wait for ever", n)
	}
}

// TestErasedWhileFetched: what a leader took in is not taken in any more when its
// author has been erased while the server did not give it. What they write later is.
func TestErasedWhileFetched(t *testing.T) {
	s := openedStage(t)
	for _, step := range []string{"anna #loose: två", "nofetch", "lena react loose 📝", "nofetch", "after 1s", "anna: !glöm mig ja", "after 2m", "anna in 1: tre"} {
		s.step(step)
		s.settle()
	}
	s.holds("[tre]")
	if bytes.Contains(s.stored(), []byte("två")) {
		t.Error("the text is stored")
	}
}

// TestEditOfAnothersMessage: an edit that somebody made of another's message counts
// for nothing, and neither does its removal: nothing that was shared is taken down.
func TestEditOfAnothersMessage(t *testing.T) {
	s := openedStage(t)
	for _, step := range []string{"anna #loose: Avlastning på kvällar och helger.", "bo edit loose #edit: Ingenting alls.", "lena react loose 📝",
		"lena: !avsluta", "lena: !godkänn"} {
		s.step(step)
		s.settle()
	}
	said := s.out.Len()
	s.step("bo delete edit")
	s.settle()
	if more := s.out.String()[said:]; more != "" {
		t.Errorf("the bot did something:\n%s", more)
	}
	s.holds("[Avlastning på kvällar och helger.]")
}

// TestEarlyVotesAreUnnamed: while votes wait for the bot to know which event the poll
// became, nothing tells who has voted; afterwards none of them waits.
func TestEarlyVotesAreUnnamed(t *testing.T) {
	s := newStage(t)
	for _, step := range []string{"network vasteras Västerås prompts=1", "join lena Lena", "join anna Anna", "join bo Bo", "at 2026-09-08 17:00",
		"lena in 1: Det behövs en kontaktperson som svarar.", "anna in 1: Avlastning på helger saknas helt.", "bo in 1: Mer utbildning för personalen.", "lena: !prioritera",
		"unanswered priorities/vasteras/poll/2", "lena: !prioritera starta",
		"anna vote post:priorities/vasteras/poll/2 1", "lena vote post:priorities/vasteras/poll/2 2"} {
		s.step(step)
		s.settle()
	}
	db, err := sql.Open("sqlite", "file:"+s.path+"?mode=ro")
	s.must(err)
	defer db.Close()
	rows := rowsOf(t, db, "unplaced")
	if len(rows) != 2 || strings.Contains(strings.Join(rows, "\n"), "@") {
		t.Errorf("the votes that wait:\n%s", strings.Join(rows, "\n"))
	}
	s.step("after 1m")
	s.settle()
	if n := s.unplaced(); n != 0 {
		t.Errorf("%d votes wait still", n)
	}
	if n := len(rowsOf(t, db, "votes")); n != 2 {
		t.Errorf("%d votes count, want both", n)
	}
}

// unsentStage is a stage on which a meeting is opening and nothing of it is sent.
func unsentStage(t *testing.T) *stage {
	s := newStage(t)
	for _, step := range []string{"network vasteras Västerås prompts=1", "join bot", "join lena Lena", "join anna Anna"} {
		s.step(step)
		s.settle()
	}
	s.step("lena: !nästa")
	return s
}

func (s *stage) echo(key string, id meeting.EventID) meeting.Echo {
	return meeting.Echo{EventMeta: meeting.EventMeta{ID: id, Room: s.room, Sender: self}, Key: key}
}

// TestUnplacedStaysAway: an answer that was taken back, left out, or whose author was
// erased before the bot knew what it answers is not brought back then; neither is
// what never waited: a command, and an answer to a message of another room.
func TestUnplacedStaysAway(t *testing.T) {
	for name, tt := range map[string]struct {
		steps []string
		want  string
	}{
		"kept":                  {nil, "[två ett]"},
		"deleted":               {[]string{"anna delete a1"}, "[två]"},
		"deleted on its way":    {[]string{"nofetch", "late", "anna delete a1", "after 2m"}, "[två]"},
		"deleted on the server": {[]string{"redacted"}, "[två]"},
		"left out":              {[]string{"anna react a1 🚫"}, "[två]"},
		"erased":                {[]string{"anna: !glöm mig ja"}, "[två]"},
		"erased on its way":     {[]string{"nofetch", "late", "anna: !glöm mig ja", "after 2m"}, "[två]"},
		"network erased":        {[]string{"raw"}, "[två]"},
		"edit deleted":          {[]string{"anna edit a1 #edit: ettan", "anna delete edit"}, "[två ett]"},
	} {
		t.Run(name, func(t *testing.T) {
			s := openedStage(t)
			s.answers("command", "anna", "!hjälp", "$late", false)
			s.answers("a1", "anna", "ett", "$late", false)
			late := meeting.Message{EventMeta: s.meta("late", user("lena")), Kind: meeting.MessageText, Body: "två", Thread: "$prompt/vasteras/1/1"}
			come := func() {
				if _, known := s.events["$late"]; !known {
					s.found("$command", late)
				}
			}
			for _, step := range tt.steps {
				switch step {
				case "late":
					come()
				case "redacted":
					s.redacted["$a1"] = user("anna")
				case "raw":
					s.must(botStore{s.db}.Update(s.ctx, func(tx bot.Tx) error {
						_, err := tx.DeleteRaw(s.ctx, "vasteras")
						return err
					}))
				default:
					s.step(step)
				}
			}
			come()
			s.work()
			s.holds(tt.want)
			if n := s.unplaced(); n != 0 {
				t.Errorf("%d answers wait", n)
			}
			s.settle()
			s.must(botStore{s.db}.Update(s.ctx, func(tx bot.Tx) error {
				n, err := tx.CountPosts(s.ctx, "answer/$command")
				if n != 1 {
					t.Errorf("the command was answered %d times", n)
				}
				return err
			}))
		})
	}
}

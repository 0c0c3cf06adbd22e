package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"blnbot/bot"
	"blnbot/internal/homeserver/stage"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// bin builds the bot once for all end-to-end tests.
var bin = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "blnbot-e2e-")
	if err != nil {
		return "", err
	}
	return stage.BuildBot(context.Background(), dir)
})

// play is an end-to-end test under way.
type play struct {
	*testing.T
	ctx   context.Context
	stage *stage.Stage
	nka   *person.Person
	coord meeting.RoomID
}

// patience is how long anything may take on a slow machine.
const patience = 3 * time.Minute

func newPlay(t *testing.T) *play {
	t.Helper()
	return newPlayOn(t, stage.Options{})
}

// newPlayOn is newPlay with more to say about the stage.
func newPlayOn(t *testing.T, o stage.Options) *play {
	t.Helper()
	return newPlayFor(t, patience, o)
}

// newPlayFor is newPlayOn for a test that takes longer.
func newPlayFor(t *testing.T, patience time.Duration, o stage.Options) *play {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	binary, err := bin()
	if err != nil {
		t.Fatal(err)
	}
	o.Dir, o.Binary, o.Progress = t.TempDir(), binary, os.Stderr
	s, err := stage.New(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	p := &play{T: t, ctx: ctx, stage: s}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the bot's log:\n%s", s.Log.Text())
		}
	})
	p.nka = p.person("nka", "Nina Nka")
	return p
}

func (p *play) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *play) person(name, display string) *person.Person {
	p.Helper()
	who, err := p.stage.Person(p.ctx, name, display)
	p.must(err)
	return who
}

// begin makes the coordination room, writes the configuration, and starts the
// bot.
func (p *play) begin(leaders ...*person.Person) {
	p.Helper()
	room, err := p.stage.Coordination(p.ctx, p.nka, leaders...)
	p.must(err)
	p.coord = room
	p.must(p.stage.Configure(p.nka.ID()))
	p.must(p.stage.StartBot(p.ctx))
}

// sees waits until somebody sees a message of the bot that contains the text.
func (p *play) sees(who *person.Person, room meeting.RoomID, text string) person.Seen {
	p.Helper()
	m, err := who.WaitFor(p.ctx, room, "”"+text+"”", func(m person.Seen) bool {
		return m.Sender == p.stage.Bot() && !m.Redacted && strings.Contains(m.Body, text)
	})
	p.must(err)
	return m
}

// says has somebody write into a room.
func (p *play) says(who *person.Person, room meeting.RoomID, text string) meeting.EventID {
	p.Helper()
	id, err := who.Send(p.ctx, room, text)
	p.must(err)
	return id
}

// answers has somebody reply in a thread and waits for 📝.
func (p *play) answers(who *person.Person, room meeting.RoomID, root meeting.EventID, text string) meeting.EventID {
	p.Helper()
	id, err := who.SendThread(p.ctx, room, root, text)
	p.must(err)
	p.noted(who, room, id)
	return id
}

// noted waits until the bot has shown that the message is in the minutes.
func (p *play) noted(who *person.Person, room meeting.RoomID, id meeting.EventID) {
	p.Helper()
	_, err := who.WaitFor(p.ctx, room, "📝 on "+string(id), func(m person.Seen) bool { return m.ID == id && len(m.Reactions["📝"]) == 1 })
	p.must(err)
}

func (p *play) reacts(who *person.Person, room meeting.RoomID, target meeting.EventID, emoji string) meeting.EventID {
	p.Helper()
	id, err := who.React(p.ctx, room, target, emoji)
	p.must(err)
	return id
}

// minutes exports a meeting's minutes while the bot is running.
func (p *play) minutes(network string, number int) bot.MinutesExport {
	p.Helper()
	text, err := p.stage.Run(p.ctx, "export", "minutes", "--network", network, "--meeting", fmt.Sprint(number), "--format", "json")
	p.must(err)
	var m bot.MinutesExport
	p.must(json.Unmarshal([]byte(text), &m))
	return m
}

// bodies lists the texts of a prompt's entries.
func bodies(m bot.MinutesExport, prompt int) []string {
	var out []string
	for _, e := range m.Prompts[prompt-1].Entries {
		out = append(out, e.Body)
	}
	return out
}

// count counts the bot's messages that contain the text.
func (p *play) count(who *person.Person, room meeting.RoomID, text string) int {
	n := 0
	for _, m := range who.Timeline(room) {
		if m.Sender == p.stage.Bot() && !m.Redacted && strings.Contains(m.Body, text) {
			n++
		}
	}
	return n
}

// allEncrypted checks that nothing the bot wrote was in plain text.
func (p *play) allEncrypted(who *person.Person, room meeting.RoomID) {
	p.Helper()
	for _, m := range who.Timeline(room) {
		if m.Sender == p.stage.Bot() && !m.Encrypted && !m.Redacted && m.Body != "" {
			p.Errorf("the bot wrote in plain text: %s", m.Body)
		}
	}
}

// TestRound plays a whole meeting in encrypted rooms, with a restart between
// any two steps.
func TestRound(t *testing.T) { round(newPlay(t)) }

func round(p *play) {
	t := p.T
	lena, anna, bo, carl := p.person("lena", "Lena Ledare"), p.person("anna", "Anna Svensson"), p.person("bo", "Bo Ek"), p.person("carl", "Carl")
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, []*person.Person{anna, bo, carl})
	p.must(err)
	p.begin(lena)
	p.sees(anna, room, "Jag heter BLN-boten")
	restart := func() {
		t.Helper()
		p.must(p.stage.KillBot())
		p.must(p.stage.StartBot(p.ctx))
	}
	p.says(anna, room, "!roll anhörig")
	p.says(bo, room, "!roll anhörig")
	p.sees(anna, room, "antecknat din roll: anhörig")
	restart()
	p.says(anna, room, "!nästa")
	p.sees(anna, room, "för nätverkets ledare. Lena Ledare kan hjälpa dig")
	p.says(lena, room, "!nästa")
	question := p.sees(anna, room, "Frågan.")
	restart()
	a1 := p.answers(anna, room, question.ID, "Att någon ringer upp mig, som Bo sa.")
	b1 := p.answers(bo, room, question.ID, "En kontaktperson som svarar när det är akut.")
	restart()
	c1, err := carl.Reply(p.ctx, room, question.ID, "Mer tid för samtal med anhöriga.")
	p.must(err)
	p.noted(carl, room, c1)
	gone := p.answers(bo, room, question.ID, "Det här tar jag tillbaka.")
	p.must(bo.Redact(p.ctx, room, gone))
	_, err = anna.Edit(p.ctx, room, a1, "Att någon ringer upp mig när det är svårt, som Bo sa.")
	p.must(err)
	p.reacts(anna, room, b1, "👍")
	p.reacts(lena, room, a1, "📌")
	restart()
	p.says(lena, room, "!avsluta")
	draft := p.sees(lena, room, "Förslag till sammanfattning, möte 1")
	if !strings.Contains(draft.Body, "3 svar, 1 borttaget, inga luckor") || strings.Contains(draft.Body, "Bo sa") || !strings.Contains(draft.Body, "när det är svårt") {
		t.Errorf("the draft says:\n%s", draft.Body)
	}
	restart()
	p.reacts(lena, room, draft.ID, "✅")
	p.sees(lena, room, "delad med samordningsrummet (version 1)")
	shared := p.sees(p.nka, p.coord, "Västerås, möte 1")
	p.sees(p.nka, p.coord, "1 av 1 nätverk klara")
	restart()
	// A reply that the summary quotes is deleted: the summary is replaced.
	p.must(bo.Redact(p.ctx, room, b1))
	p.sees(lena, room, "delat en ny utan svaret (version 2)")
	second := p.sees(p.nka, p.coord, "(version 2)")
	if strings.Contains(second.Body, "akut") {
		t.Errorf("the new summary still has the removed reply:\n%s", second.Body)
	}
	_, err = p.nka.WaitFor(p.ctx, p.coord, "first summary gone", func(m person.Seen) bool { return m.ID == shared.ID && m.Redacted })
	p.must(err)
	m := p.minutes("vasteras", 1)
	if got := bodies(m, 1); len(got) != 2 || got[0] != "Att någon ringer upp mig när det är svårt, som Bo sa." || got[1] != "Mer tid för samtal med anhöriga." {
		t.Errorf("the minutes have %q", got)
	}
	if m.Removed != 2 || m.State != meeting.StateShared {
		t.Errorf("the minutes: %+v", m)
	}
	for text, room := range map[string]meeting.RoomID{"Jag heter BLN-boten": room, "Frågan.": room, "Förslag till sammanfattning": room, "Möte 1 är avslutat": room, "1 av 1 nätverk": p.coord} {
		who := lena
		if n := p.count(who, room, text); n > 1 {
			t.Errorf("%q was posted %d times", text, n)
		}
	}
	p.allEncrypted(lena, room)
	p.allEncrypted(p.nka, p.coord)
}

package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
	"blnbot/internal/render/docx"
)

// valid checks minutes against the published schema.
func (p *play) valid(minutes string) {
	p.Helper()
	schema, err := jsonschema.NewCompiler().Compile("../../docs/export.schema.json")
	p.must(err)
	var data any
	p.must(json.Unmarshal([]byte(minutes), &data))
	p.must(schema.Validate(data))
}

// TestTwoNetworks has two networks, one of them English, talk at the same time.
func TestTwoNetworks(t *testing.T) {
	p := newPlay(t)
	lena, mary := p.person("lena", "Lena Ledare"), p.person("mary", "Mary Leader")
	anna, bo, carl := p.person("anna", "Anna Svensson"), p.person("bo", "Bo Ek"), p.person("carl", "Carl Jones")
	swedish, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, []*person.Person{anna, bo})
	p.must(err)
	english, err := p.stage.Network(p.ctx, "york", "York", true, mary, []*person.Person{anna, carl}, "  language: en")
	p.must(err)
	p.begin(lena, mary)
	p.says(lena, swedish, "!nästa")
	p.says(mary, english, "!next")
	roots := map[meeting.RoomID]meeting.EventID{
		swedish: p.sees(anna, swedish, "Frågan.").ID,
		english: p.sees(anna, english, "The question.").ID,
	}
	const each = 6
	var wg sync.WaitGroup
	errs := make(chan error, 100)
	for _, w := range []struct {
		who  *person.Person
		room meeting.RoomID
	}{{anna, swedish}, {bo, swedish}, {anna, english}, {carl, english}} {
		wg.Go(func() {
			for i := range each {
				_, err := w.who.SendThread(p.ctx, w.room, roots[w.room], fmt.Sprintf("Reply %d of %s in %s.", i, w.who.ID(), w.room))
				errs <- err
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		p.must(err)
	}
	for room, leader := range map[meeting.RoomID]*person.Person{swedish: lena, english: mary} {
		_, err := leader.WaitUntil(p.ctx, room, "📝 on everything", func(seen []person.Seen) bool {
			n := 0
			for _, m := range seen {
				n += len(m.Reactions["📝"])
			}
			return n == 2*each
		})
		p.must(err)
	}
	for network, room := range map[string]meeting.RoomID{"vasteras": swedish, "york": english} {
		m := p.minutes(network, 1)
		got := bodies(m, 1)
		order := map[meeting.UserID]int{}
		for _, e := range m.Prompts[0].Entries {
			if want := fmt.Sprintf("Reply %d of %s in %s.", order[e.Author], e.Author, room); e.Body != want {
				t.Errorf("%s: %q instead of %q", network, e.Body, want)
			}
			order[e.Author]++
		}
		slices.Sort(got)
		if len(got) != 2*each || len(slices.Compact(got)) != 2*each {
			t.Errorf("%s has %q", network, got)
		}
	}
	p.says(lena, swedish, "!avsluta")
	p.says(mary, english, "!close")
	p.reacts(lena, swedish, p.sees(lena, swedish, "Förslag till sammanfattning").ID, "✅")
	p.reacts(mary, english, p.sees(mary, english, "Draft summary").ID, "✅")
	p.sees(p.nka, p.coord, "Västerås, möte 1")
	p.sees(p.nka, p.coord, "York, meeting 1")
	p.allEncrypted(anna, swedish)
	p.allEncrypted(anna, english)
	p.exports()
}

// exports checks what the command line writes about the Swedish meeting while
// the bot is running.
func (p *play) exports() {
	p.Helper()
	run := func(args ...string) string {
		p.Helper()
		text, err := p.stage.Run(p.ctx, append([]string{"export"}, append(args, "--network", "vasteras")...)...)
		p.must(err)
		return text
	}
	p.valid(run("minutes", "--meeting", "1", "--format", "json"))
	for _, format := range []string{"md", "html", "docx"} {
		for _, what := range []string{"minutes", "summary"} {
			text := run(what, "--meeting", "1", "--format", format)
			if format == "docx" {
				unpacked, err := docx.Text([]byte(text))
				p.must(err)
				text = unpacked
			}
			for _, name := range []string{"Anna", "anna", "Bo Ek", "Lena"} {
				if strings.Contains(text, name) {
					p.Errorf("%s as %s names %s", what, format, name)
				}
			}
			if !strings.Contains(text, "Västerås") || (format == "html") != strings.Contains(text, "</html>") {
				p.Errorf("%s as %s:\n%s", what, format, text)
			}
		}
	}
	file := p.TempDir() + "/minutes.md"
	if out := run("minutes", "--meeting", "1", "--format", "md", "--out", file); strings.Contains(out, "#") {
		p.Errorf("printed although a file was named: %s", out)
	}
	written, err := os.ReadFile(file)
	p.must(err)
	if diff := cmp.Diff(run("minutes", "--meeting", "1", "--format", "md"), string(written)); diff != "" {
		p.Error(diff)
	}
	if out, err := p.stage.Run(p.ctx, "export", "minutes", "--network", "vasteras", "--meeting", "2", "--format", "md"); err == nil {
		p.Errorf("a meeting that was not held has minutes: %s", out)
	}
}

// TestLateEncryption: a room becomes encrypted after the bot has joined, and no
// state that anybody sets later makes the bot write in plain text there.
func TestLateEncryption(t *testing.T) {
	p := newPlay(t)
	lena, anna := p.person("lena", "Lena Ledare"), p.person("anna", "Anna Svensson")
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", false, lena, []*person.Person{anna})
	p.must(err)
	p.begin(lena)
	p.says(lena, room, "!nästa")
	question := p.sees(anna, room, "Frågan.")
	p.answers(anna, room, question.ID, "Ett svar i klartext.")
	p.must(lena.EnableEncryption(p.ctx, room))
	p.answers(anna, room, question.ID, "Ett krypterat svar.")
	p.says(lena, room, "!status")
	if m := p.sees(lena, room, "2 svar"); !m.Encrypted {
		t.Errorf("the bot answered in plain text: %s", m)
	}
	open := len(lena.Timeline(room))
	_, err = lena.SendState(p.ctx, room, "m.room.encryption", "", map[string]any{})
	p.must(err)
	_, err = lena.SendUnencrypted(p.ctx, room, "m.room.message", map[string]any{"msgtype": "m.text", "body": "!avsluta"})
	p.must(err)
	p.sees(p.nka, p.coord, "krypter")
	for _, m := range lena.Timeline(room)[open:] {
		if m.Sender == p.stage.Bot() && m.Body != "" && !m.Encrypted {
			t.Errorf("in plain text: %s", m)
		}
	}
	p.must(p.stage.KillBot())
	p.must(p.stage.StartBot(p.ctx))
	p.must(lena.EnableEncryption(p.ctx, room))
	p.says(lena, room, "!status")
	if m := p.sees(lena, room, "förslaget väntar"); !m.Encrypted {
		t.Errorf("in plain text: %s", m)
	}
	if got := bodies(p.minutes("vasteras", 1), 1); len(got) != 2 {
		t.Errorf("the minutes have %q", got)
	}
}

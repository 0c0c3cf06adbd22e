package main_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// TestHelpIsPinned: a leader has the numbers pinned where one can turn. Without
// the right the leader hears so; what others have pinned stays.
func TestHelpIsPinned(t *testing.T) {
	p := newPlay(t)
	room, lena, anna := p.network("vasteras", "Västerås")
	p.begin(lena)
	p.sees(anna, room, "0200-239 500")
	p.says(lena, room, "!fäst hjälp")
	p.sees(lena, room, "Jag får inte fästa meddelanden i det här rummet")
	p.promote(lena, room)
	own := p.says(lena, room, "Välkomna!")
	_, err := lena.SendState(p.ctx, room, "m.room.pinned_events", "", map[string]any{"pinned": []any{string(own)}, "org.example.kept": "yes"})
	p.must(err)
	p.says(lena, room, "!fäst hjälp")
	pinned := p.pinned(lena, room, 2)
	help := p.sees(lena, room, "Hit kan du vända dig")
	if want := []any{string(own), string(help.ID)}; !slices.Equal(pinned["pinned"].([]any), want) || pinned["org.example.kept"] != "yes" {
		t.Errorf("pinned is %v, want %v", pinned, want)
	}
	p.says(lena, room, "!fäst hjälp")
	_, err = lena.WaitFor(p.ctx, room, "the message is edited", func(m person.Seen) bool { return m.ID == help.ID && m.Edited })
	p.must(err)
	if n := p.count(lena, room, "Hit kan du vända dig"); n != 1 {
		t.Errorf("the numbers were posted %d times", n)
	}
	p.says(lena, room, "!deltagare") // what was queued before has been delivered when it is answered
	p.sees(lena, room, "bara till dig")
	if again := p.pinned(lena, room, 2)["pinned"].([]any); len(again) != 2 {
		t.Errorf("pinned is %v", again)
	}
}

// promote makes the bot a moderator.
func (p *play) promote(leader *person.Person, room meeting.RoomID) {
	p.Helper()
	p.levels(leader, room, func(c map[string]any) { usersIn(c)[string(p.stage.Bot())] = 50 })
}

// pinned waits until so many events are pinned.
func (p *play) pinned(who *person.Person, room meeting.RoomID, n int) map[string]any {
	p.Helper()
	for {
		state, err := who.State(p.ctx, room, "m.room.pinned_events", "")
		p.must(err)
		if list, _ := state["pinned"].([]any); len(list) >= n {
			return state
		}
	}
}

// TestInvitedAgain: somebody who has not come is invited once more, and somebody
// new for the first time.
func TestInvitedAgain(t *testing.T) {
	p := newPlay(t)
	room, lena, _ := p.network("vasteras", "Västerås")
	carl, dora := p.person("carl", "Carl"), p.person("dora", "Dora")
	carl.Close() // has not opened the app
	p.must(lena.Invite(p.ctx, room, carl.ID()))
	p.begin(lena)
	p.says(lena, room, "!bjud in "+string(dora.ID()))
	p.must(lena.WaitForMember(p.ctx, room, dora.ID(), "join"))
	p.says(lena, room, "!bjud in")
	for {
		member, err := lena.State(p.ctx, room, "m.room.member", string(carl.ID()))
		p.must(err)
		if reason, _ := member["reason"].(string); strings.Contains(reason, "Du är bjuden till Västerås") && member["membership"] == "invite" {
			break
		}
	}
}

// TestForgottenEverywhere: a person is forgotten in chat. No byte of what they
// wrote is left in the database, its log, the backups, or what is exported
// afterwards; the shared summary that quoted them is replaced.
func TestForgottenEverywhere(t *testing.T) {
	p := newPlay(t)
	room, lena, anna := p.network("vasteras", "Västerås")
	bo := p.person("bo", "Bo Ek")
	p.must(lena.Invite(p.ctx, room, bo.ID()))
	p.must(lena.WaitForMember(p.ctx, room, bo.ID(), "join"))
	p.begin(lena)
	p.says(lena, room, "!nästa")
	question := p.sees(anna, room, "Frågan.")
	const words = "helikopterlandningen om natten"
	p.answers(anna, room, question.ID, "Det svåraste är "+words+". Min son Erik på Storgatan 12 hör den.")
	p.answers(bo, room, question.ID, "Någon borde ringa upp oss varje vecka.")
	direct, err := anna.WaitForInvite(p.ctx, p.stage.Bot())
	p.must(err)
	p.sees(anna, direct.Room, "en adress och namnet på någon utanför gruppen")
	p.says(anna, direct.Room, "ja")
	p.sees(anna, direct.Room, "dolt i anteckningarna också")
	if got := bodies(p.minutes("vasteras", 1), 1); strings.Contains(got[0], "Erik") || strings.Contains(got[0], "Storgatan") {
		t.Errorf("the minutes have %q", got)
	}
	p.says(lena, room, "!avsluta")
	draft := p.sees(lena, room, "Förslag till sammanfattning, möte 1")
	p.reacts(lena, room, draft.ID, "✅")
	shared := p.sees(p.nka, p.coord, words)
	backups := filepath.Join(p.stage.Dir, "backups")
	p.must(os.Mkdir(backups, 0o700))
	_, err = p.stage.Run(p.ctx, "backup", backups)
	p.must(err)
	if found := filesWith(p, words); len(found) < 2 {
		t.Errorf("before: only %q have the words", found)
	}
	p.says(anna, direct.Room, "!glöm mig ja")
	p.sees(anna, direct.Room, "Det är gjort")
	p.sees(p.nka, p.coord, "(version 2)")
	_, err = p.nka.WaitFor(p.ctx, p.coord, "first summary gone", func(m person.Seen) bool { return m.ID == shared.ID && m.Redacted })
	p.must(err)
	rename(p, backups) // names are by the second
	_, err = p.stage.Run(p.ctx, "backup", backups)
	p.must(err)
	for _, what := range []string{"minutes", "summary"} {
		text, err := p.stage.Run(p.ctx, "export", what, "--network", "vasteras", "--meeting", "1")
		p.must(err)
		if strings.Contains(text, words) || !strings.Contains(text, "ringa upp oss") {
			t.Errorf("exported %s:\n%s", what, text)
		}
	}
	p.must(p.stage.StopBot())
	for _, text := range []string{words, "Storgatan 12"} { // her name stays to be hidden, while she is in the room
		if found := filesWith(p, text); len(found) > 0 {
			t.Errorf("%q is still in %q", text, found)
		}
	}
	p.must(p.stage.StartBot(p.ctx))
}

// rename makes the backup in the folder an older one.
func rename(p *play, folder string) {
	p.Helper()
	list, err := os.ReadDir(folder)
	p.must(err)
	p.must(os.Rename(filepath.Join(folder, list[0].Name()), filepath.Join(folder, "blnbot-20260101T000000Z.db")))
}

// filesWith lists the bot's own files that hold the text. What its encryption
// keeps is not among them: it has no texts.
func filesWith(p *play, text string) (out []string) {
	p.Helper()
	for _, dir := range []string{p.stage.DataDir(), filepath.Join(p.stage.Dir, "backups")} {
		p.must(filepath.WalkDir(dir, func(path string, f fs.DirEntry, err error) error {
			if err != nil || f.IsDir() || strings.HasPrefix(f.Name(), "crypto.db") {
				return err
			}
			data, err := os.ReadFile(path)
			if bytes.Contains(data, []byte(text)) {
				out = append(out, path)
			}
			return err
		}))
	}
	return out
}

package main_test

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"blnbot/internal/homeserver/stage"
	"blnbot/internal/matrix/person"
)

// fails runs the bot, which must end by itself with exit code 1, and gives what
// it says.
func (p *play) fails() string {
	p.Helper()
	binary, err := bin()
	p.must(err)
	out, err := exec.CommandContext(p.ctx, binary, "run", "--config", p.stage.ConfigFile()).CombinedOutput()
	exit, ok := err.(*exec.ExitError)
	if !ok || exit.ExitCode() != 1 {
		p.Fatalf("the bot ended with %v:\n%s", err, out)
	}
	return string(out)
}

// TestFaultsAtStart: whatever keeps the bot from starting is said in one line
// with what to do about it.
func TestFaultsAtStart(t *testing.T) {
	p := newPlay(t)
	_, err := p.stage.Coordination(p.ctx, p.nka)
	p.must(err)
	lena := p.person("lena", "Lena Ledare")
	_, err = p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, nil)
	p.must(err)
	p.must(p.stage.Configure(p.nka.ID()))
	password := filepath.Join(p.stage.Dir, "password")
	p.must(os.WriteFile(password, []byte("fel-lösenord\n"), 0o600))
	if said := p.fails(); !strings.Contains(said, "check user and the password file") || strings.Contains(said, "fel-lösenord") || strings.Contains(said, "level=ERROR") {
		t.Errorf("wrong password: %s", said)
	}
	p.must(os.WriteFile(password, []byte(stage.Password+"\n"), 0o600))
	// The server is down: the bot waits, says so once, and comes up with it.
	p.must(p.stage.Server.Stop(p.ctx))
	mark := p.stage.Log.Mark()
	started := make(chan error, 1)
	go func() { started <- p.stage.StartBot(p.ctx) }()
	p.must(p.stage.Log.WaitFor(p.ctx, mark, "waiting for it", nil))
	p.must(p.stage.Server.Restart(p.ctx))
	p.must(<-started)
	if n := strings.Count(p.stage.Log.Text()[mark:], "waiting for it"); n != 1 {
		t.Errorf("said %d times that it waits", n)
	}
	// A second one on the same data.
	if said := p.fails(); !strings.Contains(said, "another blnbot is running") {
		t.Errorf("second instance: %s", said)
	}
	p.must(p.stage.StopBot())
	// A database from a newer version is left as it is.
	path := filepath.Join(p.stage.DataDir(), "blnbot.db")
	db, err := sql.Open("sqlite", path)
	p.must(err)
	_, err = db.Exec("PRAGMA user_version = 99")
	p.must(err)
	p.must(db.Close())
	if said := p.fails(); !strings.Contains(said, "newer version of blnbot") || !strings.Contains(said, "restore a backup") {
		t.Errorf("newer database: %s", said)
	}
}

// TestMissingRights: a network in whose room the bot may not write is told to
// staff by the name of the right; the other network goes on.
func TestMissingRights(t *testing.T) {
	p := newPlay(t)
	lena, lars := p.person("lena", "Lena Ledare"), p.person("lars", "Lars Ledare")
	mute, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, nil)
	p.must(err)
	fine, err := p.stage.Network(p.ctx, "arvika", "Arvika", true, lars, nil)
	p.must(err)
	levels, err := lena.State(p.ctx, mute, "m.room.power_levels", "")
	p.must(err)
	levels["events_default"] = 50
	_, err = lena.SendState(p.ctx, mute, "m.room.power_levels", "", levels)
	p.must(err)
	p.begin(lena, lars)
	p.sees(p.nka, p.coord, "I rummet för Västerås får jag inte skriva")
	p.says(lars, fine, "!nästa")
	question := p.sees(lars, fine, "Frågan.")
	p.answers(lars, fine, question.ID, "Det går bra här.")
	if n := p.count(p.nka, p.coord, "I rummet för Västerås får jag inte skriva"); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// TestRoomComesLater: a configured room that does not exist is told to staff,
// and used when it is there.
func TestRoomComesLater(t *testing.T) {
	p := newPlay(t)
	lena := p.person("lena", "Lena Ledare")
	_, err := p.stage.Network(p.ctx, "arvika", "Arvika", true, lena, nil)
	p.must(err)
	room, err := p.stage.Coordination(p.ctx, p.nka, lena)
	p.must(err)
	p.coord = room
	p.must(p.stage.Configure(p.nka.ID()))
	text, err := os.ReadFile(p.stage.ConfigFile())
	p.must(err)
	more := fmt.Sprintf("- id: lulea\n  name: Luleå\n  programme: samsjuklighet\n  schedule: \"0 4 1 1 *\"\n  room: %q\n  leaders: [%q]\n", p.stage.Server.Alias("bln-lulea"), lena.ID())
	p.must(os.WriteFile(p.stage.ConfigFile(), append(text, more...), 0o600))
	p.must(p.stage.StartBot(p.ctx))
	p.sees(p.nka, p.coord, "Jag kommer inte in i rummet för Luleå")
	late, err := lena.CreateRoom(p.ctx, person.Room{Name: "Luleå", Alias: "bln-lulea", Encrypted: true})
	p.must(err)
	p.must(lena.Invite(p.ctx, late, p.stage.Bot()))
	p.sees(lena, late, "Jag heter BLN-boten")
	p.says(lena, late, "!nästa")
	p.sees(lena, late, "Frågan.")
	if n := p.count(p.nka, p.coord, "Jag kommer inte in"); n != 1 {
		t.Errorf("told %d times", n)
	}
	before := time.Now()
	p.must(p.stage.StopBot())
	if took := time.Since(before); took > 10*time.Second {
		t.Errorf("stopping took %s", took)
	}
}

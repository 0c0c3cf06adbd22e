package main_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"blnbot/bot"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
	"blnbot/internal/sqlite"
)

// TestRestore moves the bot to another machine: only the configuration, its
// secrets, and the database go along.
func TestRestore(t *testing.T) { restore(newPlay(t)) }

func restore(p *play) {
	t := p.T
	e := listen(t)
	lena, anna := p.person("lena", "Lena Ledare"), p.person("anna", "Anna Svensson")
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, []*person.Person{anna})
	p.must(err)
	p.prepare("", lena)
	b := p.run(e, p.stage.Dir)
	p.says(lena, room, "!nästa")
	question := p.sees(anna, room, "Frågan.")
	p.answers(anna, room, question.ID, "Före flytten.")
	b.stop()
	posts := p.posts(lena, room)
	copied := filepath.Join(t.TempDir(), "backup.db")
	_, err = p.stage.Run(p.ctx, "backup", copied)
	p.must(err)
	away, err := anna.SendThread(p.ctx, room, question.ID, "Medan boten flyttar.")
	p.must(err)

	dir := p.otherMachine(copied)
	other := p.run(e, dir)
	if old, now := device(t, p.stage.DataDir()), device(t, filepath.Join(dir, "data")); old == now || now == "" {
		t.Errorf("the device was %q and is %q", old, now)
	}
	p.answers(anna, room, question.ID, "Efter flytten.")
	// What was written in between was encrypted for the lost device. That is
	// not passed over in silence.
	_, err = anna.WaitFor(p.ctx, room, "⚠️", func(m person.Seen) bool { return m.ID == away && len(m.Reactions["⚠️"]) == 1 })
	p.must(err)
	p.says(lena, room, "!status")
	status := p.sees(lena, room, "Nästa:")
	if diff := cmp.Diff(append(posts, status.Body), p.posts(lena, room)); diff != "" {
		t.Errorf("posts (-expected +got):\n%s", diff)
	}
	if m := p.minutes("vasteras", 1); !slices.Equal(bodies(m, 1), []string{"Före flytten."}) {
		t.Errorf("the old machine's minutes: %q", bodies(m, 1))
	}
	m := p.export(dir)
	if got := bodies(m, 1); !slices.Equal(got, []string{"Före flytten.", "Efter flytten."}) || m.Unreadable != 1 {
		t.Errorf("the minutes: %q, %d unreadable", got, m.Unreadable)
	}
	other.stop()
}

// otherMachine is a folder with what goes along to another machine.
func (p *play) otherMachine(backup string) string {
	p.Helper()
	dir := p.TempDir()
	p.must(os.Mkdir(filepath.Join(dir, "data"), 0o700))
	for from, to := range map[string]string{
		backup: "data/blnbot.db", p.stage.ConfigFile(): "config.yaml",
		filepath.Join(p.stage.Dir, "password"): "password", filepath.Join(p.stage.Dir, "recovery-key"): "recovery-key",
	} {
		text, err := os.ReadFile(from)
		p.must(err)
		p.must(os.WriteFile(filepath.Join(dir, to), text, 0o600))
	}
	return dir
}

// TestRestoreOlder restores a backup from before a meeting was opened: the
// meeting goes on with the questions that are there, and nothing is posted twice.
func TestRestoreOlder(t *testing.T) { restoreOlder(newPlay(t)) }

func restoreOlder(p *play) {
	t := p.T
	e := listen(t)
	lena, anna := p.person("lena", "Lena Ledare"), p.person("anna", "Anna Svensson")
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, []*person.Person{anna})
	p.must(err)
	p.prepare("", lena)
	b := p.run(e, p.stage.Dir)
	p.says(lena, room, "!status")
	p.sees(lena, room, "Nästa:")
	copied := filepath.Join(t.TempDir(), "backup.db")
	_, err = p.stage.Run(p.ctx, "backup", copied)
	p.must(err)
	p.says(lena, room, "!nästa")
	question := p.sees(anna, room, "Frågan.")
	p.answers(anna, room, question.ID, "Efter kopian.")
	b.stop()
	posts := p.posts(lena, room)

	dir := p.otherMachine(copied)
	other := p.run(e, dir)
	p.says(lena, room, "!nästa") // the first one cannot be read any more
	p.answers(anna, room, question.ID, "Efter flytten.")
	if diff := cmp.Diff(posts, p.posts(lena, room)); diff != "" {
		t.Errorf("posts (-expected +got):\n%s", diff)
	}
	if got := bodies(p.export(dir), 1); !slices.Equal(got, []string{"Efter flytten."}) {
		t.Errorf("the minutes: %q", got)
	}
	other.stop()
}

// export is the minutes of the first meeting as the bot that works in the
// folder has them.
func (p *play) export(dir string) bot.MinutesExport {
	p.Helper()
	binary, err := bin()
	p.must(err)
	text, err := exec.CommandContext(p.ctx, binary, "export", "minutes", "--meeting", "1", "--format", "json", "--config", filepath.Join(dir, "config.yaml")).Output()
	p.must(err)
	var m bot.MinutesExport
	p.must(json.Unmarshal(text, &m))
	return m
}

// posts lists the bot's messages in a room.
func (p *play) posts(who *person.Person, room meeting.RoomID) []string {
	return p.postsIn(who.Timeline(room))
}

func (p *play) postsIn(timeline []person.Seen) []string {
	var out []string
	for _, m := range timeline {
		if m.Sender == p.stage.Bot() && m.Body != "" {
			out = append(out, m.Body)
		}
	}
	return out
}

// device is the device of the bot that works in the folder.
func device(t *testing.T, dir string) string {
	t.Helper()
	return session(t, dir, "device")
}

// session reads a column of the bot's login.
func session(t *testing.T, dir, column string) string {
	t.Helper()
	db, err := sqlite.Connect(t.Context(), filepath.Join(dir, "crypto.db"))
	if err != nil {
		t.Fatal(err)
	}
	var v sql.NullString
	err = db.QueryRow("SELECT " + column + " FROM blnbot_session").Scan(&v)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return v.String
}

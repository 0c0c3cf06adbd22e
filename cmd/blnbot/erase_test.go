package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"blnbot/internal/meeting"
	"blnbot/internal/sqlite"
)

// secret is what the erased person wrote.
const secret = "HEMLIGHETEN om natten"

// talk puts a meeting with two replies, one of them Anna's, into the database.
func talk(t *testing.T, dir string) {
	t.Helper()
	database(t, dir)
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "data", databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	err = db.Update(t.Context(), func(tx *sqlite.Tx) error {
		m := &meeting.Meeting{Network: "vasteras", Programme: "samsjuklighet", Number: 1, Of: 6, Title: "Ett", Kind: "discussion",
			State: meeting.StateOpen, OpenedAt: at, Prompts: []string{"Vad?"}}
		if err := tx.StoreMeeting(t.Context(), m); err != nil {
			return err
		}
		for id, e := range map[meeting.EventID]meeting.Entry{
			"$a": {Author: "@anna:example.se", Body: secret}, "$b": {Author: "@bo:example.se", Body: "Bos svar."},
		} {
			e.ID, e.Meeting, e.Prompt, e.Source, e.State, e.SentAt = id, m.ID, 1, meeting.SourceThread, meeting.EntryActive, at
			if err := tx.StoreEntry(t.Context(), e); err != nil {
				return err
			}
		}
		return nil
	})
	if err := joinErr(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func joinErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// filesWith lists the files below dir that hold the text.
func filesWith(t *testing.T, dir, text string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, f fs.DirEntry, err error) error {
		if err != nil || f.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(text)) {
			out = append(out, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestEraseReachesBackups: a person is erased; no byte of what they wrote is
// left in the database, its log, the backups or the copies that upgrades leave;
// what others wrote is still in all of them.
func TestEraseReachesBackups(t *testing.T) {
	dir, cfg := site(t)
	text, err := os.ReadFile(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cfg, append(text, "backup_dir: backups\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	talk(t, dir)
	must := func(want string, args ...string) {
		t.Helper()
		stdout, stderr, code := play(t, "", append(args, "--config", cfg)...)
		if code != exitGood || !strings.Contains(stdout, want) {
			t.Fatalf("%v: %d\n%s%s", args, code, stdout, stderr)
		}
	}
	must("checked", "backup")
	older, newer := filepath.Join(dir, "backups", "blnbot-20261101T000000Z.db"), filepath.Join(dir, "backups", "blnbot-20261122T120000Z.db")
	if err := os.Rename(newer, older); err != nil {
		t.Fatal(err)
	}
	must("checked", "backup")
	must("checked", "backup", filepath.Join(dir, "data", "blnbot.db.v5"))
	if got := filesWith(t, dir, secret); len(got) != 4 {
		t.Fatalf("before: the text is in %q", got)
	}
	must("Erased 1 message.\nErased in 3 backups, too.\n", "erase", "@anna:example.se", "--yes")
	if got := filesWith(t, dir, secret); len(got) > 0 {
		t.Errorf("the text is still in %q", got)
	}
	if got := filesWith(t, dir, "@anna:example.se"); len(got) > 0 {
		t.Errorf("the name is still in %q", got)
	}
	if got := filesWith(t, dir, "Bos svar."); len(got) != 3 {
		t.Errorf("the other reply is in %q", got)
	}
	must("Bos svar.", "export", "minutes", "--network", "vasteras", "--meeting", "1")
	must("Erased 0 messages.\n", "erase", "@anna:example.se", "--yes")
	for _, left := range listing(t, filepath.Join(dir, "backups")) {
		if strings.Contains(left, sqlite.Partial) {
			t.Errorf("%s was left behind", left)
		}
	}
}

// TestBackupCleansOlder: where the bot may not change the backups, the next
// backup into the folder does.
func TestBackupCleansOlder(t *testing.T) {
	dir, cfg := site(t)
	talk(t, dir)
	to := filepath.Join(dir, "elsewhere")
	if err := os.Mkdir(to, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := play(t, "", "backup", to, "--config", cfg); code != exitGood {
		t.Fatal(stderr)
	}
	if err := os.Rename(filepath.Join(to, "blnbot-20261122T120000Z.db"), filepath.Join(to, "blnbot-20261101T000000Z.db")); err != nil {
		t.Fatal(err)
	}
	stdout, _, _ := play(t, "", "erase", "@anna:example.se", "--yes", "--config", cfg)
	if !strings.Contains(stdout, "names no backup_dir") || len(filesWith(t, to, secret)) != 1 {
		t.Fatalf("%s", stdout)
	}
	stdout, stderr, code := play(t, "", "backup", to, "--config", cfg)
	if code != exitGood || !strings.Contains(stdout, "what was erased since is now erased in 1 older backup\n") {
		t.Errorf("%d\n%s%s", code, stdout, stderr)
	}
	if got := filesWith(t, dir, secret); len(got) > 0 {
		t.Errorf("the text is still in %q", got)
	}
}

// oldDatabase makes a database as the first version of blnbot did.
func oldDatabase(t *testing.T, path string) {
	t.Helper()
	script, err := os.ReadFile("../../internal/sqlite/testdata/schema-1.sql")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Connect(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), string(script)+"; PRAGMA user_version = 1")
	if err := joinErr(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestOlderBotIsLeftAlone: while an older version runs, commands that would
// upgrade its database refuse; when it has ended they work.
func TestOlderBotIsLeftAlone(t *testing.T) {
	t.Setenv("BLNBOT_PASSWORD", "x")
	dir, cfg := site(t)
	path := filepath.Join(dir, "data", databaseFile)
	oldDatabase(t, path)
	running, err := lock(filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"export", "plan", "--network", "vasteras"}, {"erase", "@anna:example.se", "--yes"}, {"schedule"}, {"check"}} {
		_, stderr, code := play(t, "", append(args, "--config", cfg)...)
		if code != exitFault || !strings.Contains(stderr, "an older version of blnbot is running on") {
			t.Errorf("%v: %d %s", args, code, stderr)
		}
	}
	if have, _, err := sqlite.Version(t.Context(), path); err != nil || have != 1 {
		t.Errorf("the database has version %d now (%v)", have, err)
	}
	if err := running.Close(); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := play(t, "", "schedule", "--config", cfg); code != exitGood {
		t.Errorf("%d %s", code, stderr)
	}
	if have, known, err := sqlite.Version(t.Context(), path); err != nil || have != known {
		t.Errorf("the database has version %d of %d now (%v)", have, known, err)
	}
}

// TestNetworksMadeInChatAreListed: check and schedule show them with where they
// come from.
func TestNetworksMadeInChatAreListed(t *testing.T) {
	t.Setenv("BLNBOT_PASSWORD", "x")
	dir, cfg := site(t)
	database(t, dir)
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "data", databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(t.Context(), func(tx *sqlite.Tx) error {
		for id, state := range map[string]meeting.ChatState{"arvika": meeting.ChatActive, "lund": meeting.ChatRetired} {
			text := `{"Name":"` + strings.ToUpper(id) + `","Language":"sv","Zone":"Europe/Stockholm","Leaders":["@eva:example.se"],"Programme":{"ID":"samsjuklighet","Name":"Upplägget","Language":"sv"}}`
			if err := tx.StoreChatNetwork(t.Context(), meeting.ChatNetwork{ID: id, Description: text, Post: "room/" + id, State: state}); err != nil {
				return err
			}
		}
		return nil
	})
	if err := joinErr(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"network arvika    made in chat: ": {"check"},
		"network lund      made in chat: ": {"check"},
		"network vasteras  samsjuklighet (sv), 6 meetings of 5d each, next time Thursday 26 November 2026 at 17:00 (from the configuration)": {"check"},
		"ARVIKA (arvika): ":                         {"schedule"},
		"Nätverket är startat i samordningsrummet.": {"schedule", "--network", "arvika"},
	} {
		stdout, stderr, code := play(t, "", append(args, "--config", cfg)...)
		if code != exitGood || !strings.Contains(stdout, want) {
			t.Errorf("%v: %d, want %q in\n%s%s", args, code, want, stdout, stderr)
		}
	}
	stdout, _, _ := play(t, "", "schedule", "--config", cfg)
	if strings.Contains(stdout, "LUND") {
		t.Errorf("a network that has ended is in the schedule:\n%s", stdout)
	}
}

// TestDeletedRepliesLeaveBackups: replies whose time is over go from the older
// backups, too, with the next one; what the network arrived at stays.
func TestDeletedRepliesLeaveBackups(t *testing.T) {
	dir, cfg := site(t)
	talk(t, dir)
	to := filepath.Join(dir, "elsewhere")
	if err := os.Mkdir(to, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := play(t, "", "backup", to, "--config", cfg); code != exitGood {
		t.Fatal(stderr)
	}
	if err := os.Rename(filepath.Join(to, "blnbot-20261122T120000Z.db"), filepath.Join(to, "blnbot-20261101T000000Z.db")); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "data", databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(t.Context(), func(tx *sqlite.Tx) error {
		if _, err := tx.DeleteRaw(t.Context(), "vasteras"); err != nil {
			return err
		}
		at := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
		return tx.StoreErasure(t.Context(), meeting.Erasure{ID: "vasteras/1", Kind: meeting.ErasedReplies, Subject: "vasteras", At: at})
	})
	if err := joinErr(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := play(t, "", "backup", to, "--config", cfg)
	if code != exitGood || !strings.Contains(stdout, "now erased in 1 older backup\n") {
		t.Errorf("%d\n%s%s", code, stdout, stderr)
	}
	for _, text := range []string{secret, "Bos svar."} {
		if got := filesWith(t, dir, text); len(got) > 0 {
			t.Errorf("%q is still in %q", text, got)
		}
	}
	if got := listing(t, to); len(got) != 2 {
		t.Errorf("the backups are %q", got)
	}
}

// TestVotesLeaveBackups: a backup is made while people vote and are asked what
// they think. Once that is over nothing in it tells who voted for what, nor who
// had answered.
func TestVotesLeaveBackups(t *testing.T) {
	dir, cfg := site(t)
	talk(t, dir)
	to := filepath.Join(dir, "elsewhere")
	if err := os.Mkdir(to, 0o700); err != nil {
		t.Fatal(err)
	}
	salt, at := bytes.Repeat([]byte("salt"), 8), time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	change := func(fn func(*sqlite.Tx) error) {
		t.Helper()
		db, err := sqlite.Open(t.Context(), filepath.Join(dir, "data", databaseFile))
		if err != nil {
			t.Fatal(err)
		}
		if err := joinErr(db.Update(t.Context(), fn), db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	poll := &meeting.Poll{Network: "vasteras", Meeting: 1, State: meeting.PollOpen, Salt: salt, Opened: at, Last: 1, Areas: []meeting.Priority{{Number: 1, Text: "Avlastning"}}}
	asked := &meeting.Evaluation{Network: "vasteras", Asked: 1, Since: at, Until: at.AddDate(0, 0, 14), Salt: salt}
	voter, person := poll.Voter("@anna:example.se"), asked.Person("@anna:example.se")
	change(func(tx *sqlite.Tx) error {
		if err := tx.StorePoll(t.Context(), poll); err != nil {
			return err
		}
		_, err := tx.StoreVote(t.Context(), "vasteras", meeting.Vote{Voter: voter, Ballot: poll.Ballot("$vote"), Choices: []int{1}})
		return joinErr(err, tx.StoreEvaluation(t.Context(), asked), tx.StoreAsked(t.Context(), "vasteras", meeting.Asked{Person: person, Given: 4}))
	})
	if _, stderr, code := play(t, "", "backup", to, "--config", cfg); code != exitGood {
		t.Fatal(stderr)
	}
	if err := os.Rename(filepath.Join(to, "blnbot-20261122T120000Z.db"), filepath.Join(to, "blnbot-20261101T000000Z.db")); err != nil {
		t.Fatal(err)
	}
	change(func(tx *sqlite.Tx) error {
		poll.State, poll.Salt = meeting.PollClosed, nil
		return joinErr(tx.DeleteVotes(t.Context(), "vasteras"), tx.StorePoll(t.Context(), poll), tx.EndEvaluation(t.Context(), "vasteras"),
			tx.StoreErasure(t.Context(), meeting.Erasure{ID: "votes/vasteras/1", Kind: meeting.ErasedVotes, Subject: "vasteras", At: at}),
			tx.StoreErasure(t.Context(), meeting.Erasure{ID: "asked/vasteras/1", Kind: meeting.ErasedAsked, Subject: "vasteras", At: at}))
	})
	if got := filesWith(t, dir, string(salt)); len(got) != 1 {
		t.Fatalf("before: the salt is in %q", got)
	}
	if _, stderr, code := play(t, "", "backup", to, "--config", cfg); code != exitGood {
		t.Fatal(stderr)
	}
	for _, mark := range [][]byte{salt, voter, person} {
		if got := filesWith(t, dir, string(mark)); len(got) > 0 {
			t.Errorf("what votes and answers were stored under is still in %q", got)
		}
	}
	if got := filesWith(t, dir, "Avlastning"); len(got) != 3 {
		t.Errorf("the area is in %q", got)
	}
}

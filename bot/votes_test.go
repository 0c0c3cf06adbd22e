package bot_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestVotesUnlinkable plays the same poll with people's votes, and the ways in
// which they vote, exchanged. Once the poll is closed the database must be the
// same: it holds counts, and nothing that tells who chose what, in any row,
// row number, time or order. Nor is what made votes changeable while the poll
// was open in any byte of its files.
func TestVotesUnlinkable(t *testing.T) {
	chat := func(votes ...string) []string {
		lines := []string{"network vasteras Västerås prompts=1", "join bot", "join lena Lena", "join anna Anna Svensson", "join bo Bo Ek", "join carl Carl Lund",
			"at 2026-09-08 17:00", "anna on dm: hjälp", "bo on dm: hjälp", "carl on dm: hjälp",
			"lena in 1: Det behövs en kontaktperson som svarar.", "lena in 1: Avlastning på helger saknas helt.", "lena in 1: Mer utbildning för all personal.",
			"lena: !prioritera", "lena: !prioritera starta"}
		lines = append(lines, votes...)
		return append(lines, "lena: !prioritera avsluta", "lena: !prioritera dela", "after 1m")
	}
	plays := [][]string{
		chat("anna on dm: !rösta 1", "bo vote 2", "carl vote 1 2", "anna on dm: !rösta 2 3"),
		chat("bo on dm: !rösta 1", "anna vote 2", "carl vote 1 2", "bo on dm: !rösta 2 3"),
		chat("carl on dm: !rösta 1", "anna vote 1 2", "bo vote 2", "carl on dm: !rösta 2 3"),
		chat("carl vote 1 2", "anna on dm: !rösta 2 3", "bo on dm: !rösta 3", "bo vote 2"),
	}
	var dumps []string
	for _, lines := range plays {
		s := newStage(t)
		var secrets [][]byte
		for _, line := range lines {
			if strings.HasPrefix(line, "lena: !prioritera avsluta") {
				secrets = s.secrets()
			}
			s.step(line)
			s.settle()
		}
		s.must(s.db.Close())
		dumps = append(dumps, dump(t, s.path))
		s.hasNone(secrets)
		s.start()
	}
	if !strings.Contains(dumps[0], "areas 0=0 network=vasteras number=2 text=Det behövs en kontaktperson som svarar votes=3") && !strings.Contains(dumps[0], " votes=3 ") {
		t.Fatalf("the result is not in the database:\n%s", dumps[0])
	}
	for _, other := range dumps[1:] {
		if diff := cmp.Diff(strings.Split(dumps[0], "\n"), strings.Split(other, "\n")); diff != "" {
			t.Errorf("the database tells who voted for what:\n%s", diff)
		}
	}
}

// secrets are the salt of the open poll, and the voters' and ballots' marks. No
// user id may be among the votes.
func (s *stage) secrets() [][]byte {
	s.t.Helper()
	s.must(s.db.Close())
	defer s.start()
	db, err := sql.Open("sqlite", "file:"+s.path+"?mode=ro")
	s.must(err)
	defer db.Close()
	var out [][]byte
	rows, err := db.Query("SELECT salt FROM polls UNION ALL SELECT voter FROM votes UNION ALL SELECT ballot FROM votes")
	s.must(err)
	defer rows.Close()
	for rows.Next() {
		var b []byte
		s.must(rows.Scan(&b))
		out = append(out, b)
	}
	if len(out) != 1+2*3 {
		s.t.Fatalf("%d secrets found", len(out))
	}
	for _, line := range rowsOf(s.t, db, "votes") {
		if strings.Contains(line, "@") || strings.Contains(line, "$") {
			s.t.Errorf("somebody is named among the votes: %s", line)
		}
	}
	return out
}

// hasNone looks for the bytes in all of the closed database's files.
func (s *stage) hasNone(secrets [][]byte) {
	s.t.Helper()
	files, err := filepath.Glob(s.path + "*")
	s.must(err)
	for _, f := range files {
		data, err := os.ReadFile(f)
		s.must(err)
		for _, secret := range secrets {
			if bytes.Contains(data, secret) {
				s.t.Errorf("%s still holds what votes were stored under", filepath.Base(f))
			}
		}
	}
}

// opinionID is the random part of people's own words.
var opinionID = regexp.MustCompile(`evaluation_texts rowid=0|evaluation_texts 0=0|id=[A-Z2-7]{20,} `)

// TestEvaluationUnlinkable plays the same self-evaluation with people's answers
// exchanged, and looks for a difference in what the database holds when it is
// over.
func TestEvaluationUnlinkable(t *testing.T) {
	var dumps []string
	for _, names := range [][]string{{"anna", "bo"}, {"bo", "anna"}} {
		s := newStage(t)
		for _, line := range []string{
			"network vasteras Västerås prompts=1 meetings=1", "join bot", "join lena Lena", "join anna Anna Svensson", "join bo Bo Ek", "join carl Carl Lund", "join dan Dan Berg",
			"at 2026-09-08 17:00", "anna on dm: hjälp", "bo on dm: hjälp", "lena: !avsluta",
			names[0] + " on dm: 1 1 2 1 Jag kände mig inte hörd.", names[1] + " on dm: 4 4 4 4",
			"lena on dm: 3 3 3 3", "carl on dm: 3 3 3 3", "dan on dm: 3 3 3 3", "lena: !utvärdering", "at 2026-09-23 17:00",
		} {
			s.step(line)
			s.settle()
		}
		s.must(s.db.Close())
		dumps = append(dumps, opinionID.ReplaceAllString(dump(t, s.path), ""))
		s.start()
	}
	if !strings.Contains(dumps[0], "inte hörd") {
		t.Fatal("the words are not in the database")
	}
	if diff := cmp.Diff(strings.Split(dumps[0], "\n"), strings.Split(dumps[1], "\n")); diff != "" {
		t.Errorf("the database tells who answered what (-anna +bo):\n%s", diff)
	}
}

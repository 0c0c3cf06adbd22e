package bot_test

import (
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAnonymousUnlinkable plays the same chat with different people as the
// author of an anonymous entry. Whoever has the database afterwards must find
// the same in it: not only no name, but no row number, time or order that
// differs.
func TestAnonymousUnlinkable(t *testing.T) {
	var dumps []string
	for _, author := range []string{"anna", "bo"} {
		s := newStage(t)
		for _, line := range []string{
			"network vasteras Västerås prompts=1", "join bot", "join lena Lena", "join anna Anna Svensson", "join bo Bo Ek",
			"at 2026-09-08 17:00",
			// Both have a direct conversation with the bot.
			"anna on dm: hjälp", "bo on dm: hjälp",
			author + " on dm: !anonymt Jag är så trött att jag inte vet vart jag ska ta vägen.",
			"after 61m", "anna in 1 #a1: Tack för att du skrev det.", "bo in 1 #b1: Jag känner igen mig.",
		} {
			s.step(line)
			s.settle()
		}
		s.must(s.db.Close())
		dumps = append(dumps, dump(t, s.path))
		s.start()
	}
	if !strings.Contains(dumps[0], "vart jag ska ta") {
		t.Fatal("the anonymous entry is not in the database")
	}
	if diff := cmp.Diff(strings.Split(dumps[0], "\n"), strings.Split(dumps[1], "\n")); diff != "" {
		t.Errorf("the database tells who wrote the anonymous entry (-anna +bo):\n%s", diff)
	}
}

// random is what differs between any two runs.
var random = regexp.MustCompile(`(anonymous|vanish)/[A-Z2-7]{20,}`)

// dump writes down every row of every table with its row number.
func dump(t testing.TB, path string) string {
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var out []string
	for _, table := range column(t, db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name") {
		if table == "vanished" {
			out = append(out, "vanished: "+strings.Join(column(t, db, "SELECT count(*) FROM vanished"), ""))
			continue
		}
		out = append(out, rowsOf(t, db, table)...)
	}
	return strings.Join(out, "\n")
}

func column(t testing.TB, db *sql.DB, query string) []string {
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

func rowsOf(t testing.TB, db *sql.DB, table string) []string {
	rows, err := db.Query("SELECT rowid, * FROM " + table)
	if err != nil { // WITHOUT ROWID
		rows, err = db.Query("SELECT 0, * FROM " + table)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for rows.Next() {
		values := make([]any, len(names))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		line := table
		for i, v := range values {
			line += fmt.Sprintf(" %s=%v", names[i], *v.(*any))
		}
		out = append(out, random.ReplaceAllString(line, "$1/RANDOM"))
	}
	slices.Sort(out)
	return out
}

package sqlite

import (
	"path/filepath"
	"strings"
	"testing"

	"blnbot/internal/meeting"
)

// events are a reading of the room !a.
func events(ids string) []meeting.RawEvent { return raw("!a", strings.Fields(ids)...).Events }

// TestPlaces: what a reading of a room finds has its place between the events that
// it stands between there. One that came late shows nothing, and no two have the
// same place.
func TestPlaces(t *testing.T) {
	check := func(d *DB, ids string) error {
		return d.FinishCheck(t.Context(), meeting.Check{ID: 1, Room: "!a", Root: "$root", Whole: true}, events(ids), noon)
	}
	gap := func(d *DB, ids string) error {
		gaps, err := d.OpenGaps(t.Context(), noon)
		must(t, err)
		return d.FillGap(t.Context(), gaps[0], events(ids), noon)
	}
	tests := []struct {
		name    string
		answers string // of sync, one per line; one with a gap before it begins with a dash
		read    func(d *DB, ids string) error
		reading string // one per line
		want    string
	}{
		{"behind one that came late", "x\ny\nlate", check, "late x u y", "x u y late"},
		{"behind several that came late", "x\ny\nlate later", check, "late late2 later x u y", "late2 x u y late later"},
		{"late in the same answer", "x late y\nz", check, "late x u y v z", "x late u y v z"},
		{"the answer has two the other way round", "x y\nz", check, "y x u v z", "x y u v z"},
		{"the other way round at the end", "x y", check, "y x u v", "x y u v"},
		{"the gap's own behind two the other way round", "4 5\n-8", gap, "5 4 6 7 8", "4 5 6 7 8"},
		{"what sync passed over behind two the other way round", "4 5\n6\n-8", gap, "5 4 u 6 7 8", "4 5 u 6 7 8"},
		{"the last known is late", "x y\nlate", check, "x late u y v", "x u y late v"},
		{"at different times in one place", "x y", check, "x u y\nx u v y\nx w u v y\nx w u q v y", "x w u q v y"},
		{"at different times in the last place", "x", check, "x u\nx u v\nx w u v", "x w u v"},
		{"at different times without a place", "x", check, "u\nv w", "x u v w"},
		{"without a place, and then with it", "x y\nz", check, "u\nx u v y z", "x v y z u"},
		{"before all that are known", "x\ny", check, "u v x w y\nq u v x w y", "q u v x w y"},
		{"the root came late", "x\ny\nroot", check, "root u x v y", "u x v y root"},
		{"the gap's own behind one that came late", "5\n-8\nlate", gap, "5 late 6 7 8", "5 6 7 8 late"},
		{"the gap's own behind one that came late before the gap", "4\nlate 5\n-8", gap, "late 4 u 5 6 7 8", "4 late u 5 6 7 8"},
		{"before all, and the gap's own", "4\n-8", gap, "u 4 6 7 8 9", "u 4 6 7 8 9"},
		{"a gap before all that is known", "-8\n9", gap, "6 7 8 u 9 10", "6 7 8 u 9 10"},
		{"a gap whose answer is not in the reading", "4\n-\n9", gap, "4 u 9 v", "4 u 9 v"},
		{"nothing that is known", "4\n-8\n9", gap, "5 6", "4 5 6 8 9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
			for _, line := range strings.Split(tt.answers, "\n") {
				ids, limited := strings.CutPrefix(line, "-")
				a := raw("!a", strings.Fields(ids)...)
				a.Limited = limited
				store(t, d, raw("!b", "another in b before "+line), a, raw("!c", "another in c after "+line))
			}
			for _, line := range strings.Split(tt.reading, "\n") {
				must(t, tt.read(d, line))
			}
			want(t, drain(t, d, noon, "!b", "!c"), strings.Fields(tt.want)...)
			var same int
			must(t, d.db.QueryRow("SELECT count(*) - count(DISTINCT batch || '/' || pos) FROM inbox WHERE room_id = '!a'").Scan(&same))
			if same != 0 {
				t.Errorf("%d events have the place of another", same)
			}
		})
	}
}

func TestPlacesAreFoundByIndexes(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "blnbot.db"))
	for query, args := range map[string][]any{firstPlace: {0, "!a", 1}, nextPlace: {0, "!a", 1, 2}, previousPlace: {0, "!a", 1, 2}} {
		if plan := planOf(t, d, query, args...); !contains(plan, "inbox_places (batch=? AND room_id=?") {
			t.Errorf("a place is not found by its index:\n%s", plan)
		}
	}
}

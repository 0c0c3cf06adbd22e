package matrix

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"blnbot/internal/meeting"
)

// A leader's power is set without a word about the bot's own: in room version 12
// a creator must not be listed.
func TestLeaderLevel(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	w.begin(c)
	var levels []string
	w.server.setIntercept(func(rw http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.HasSuffix(r.URL.Path, "/state/m.room.power_levels/") && r.Method == http.MethodGet,
			strings.HasSuffix(r.URL.Path, "/state/m.room.power_levels") && r.Method == http.MethodGet:
			reply(rw, 200, object{"users": object{"@old:x": 50}, "events": object{"m.room.name": 50}})
		case strings.Contains(r.URL.Path, "/state/m.room.power_levels") && r.Method == http.MethodPut:
			var got struct {
				Users  map[string]int
				Events map[string]int
			}
			_ = json.NewDecoder(r.Body).Decode(&got)
			text, _ := json.Marshal(got)
			levels = append(levels, string(text))
			reply(rw, 200, object{"event_id": "$levels"})
		default:
			return false
		}
		return true
	})
	for _, d := range []meeting.Delivery{
		{Post: meeting.Post{Key: "l1", Room: room1, Kind: meeting.PostLevel, User: anna, Level: 50}},
		{Post: meeting.Post{Key: "l2", Room: room1, Kind: meeting.PostLevel, User: "@old:x"}},
		{Post: meeting.Post{Key: "l3", Room: room1, Kind: meeting.PostLevel, User: "@old:x", Level: 50}},
	} {
		if _, err := c.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{`{"Users":{"@anna:x":50,"@old:x":50},"Events":{"m.room.name":50}}`, `{"Users":{},"Events":{"m.room.name":50}}`}
	if !slices.Equal(levels, want) {
		t.Errorf("levels: %q", levels)
	}
	if _, err := c.Send(t.Context(), meeting.Delivery{Post: meeting.Post{Key: "nothing", Kind: meeting.PostRoom}}); err == nil {
		t.Error("a room of nothing was made")
	}
}

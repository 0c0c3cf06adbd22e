//go:build faults

package faults_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"blnbot/internal/homeserver/stage"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// raw reads rooms as the server has them, event by event. Dendrite leaves
// events out where pages of /messages meet, and takes any size from the filter,
// so there one page holds a room. Synapse loses nothing between pages, and gives
// at most a thousand events in one.
type raw struct{ server, token string }

// wire is an event as the server has it.
type wire struct {
	ID       meeting.EventID `json:"event_id"`
	Type     string          `json:"type"`
	Sender   meeting.UserID  `json:"sender"`
	Sent     int64           `json:"origin_server_ts"` // in milliseconds, by the server's clock
	StateKey *string         `json:"state_key"`
	Redacts  meeting.EventID `json:"redacts"`
	Content  struct {
		Key     string          `json:"se.nka.blnbot.key"`
		Redacts meeting.EventID `json:"redacts"`
		Relates struct {
			Event meeting.EventID `json:"event_id"`
			Key   string          `json:"key"`
		} `json:"m.relates_to"`
	} `json:"content"`
	Unsigned struct {
		Because json.RawMessage `json:"redacted_because"`
	} `json:"unsigned"`
}

// target is what a redaction removes.
func (e wire) target() meeting.EventID { return cmp.Or(e.Redacts, e.Content.Redacts) }

func (e wire) redacted() bool {
	return len(e.Unsigned.Because) > 0 && string(e.Unsigned.Because) != "null"
}

// read logs in as a person and reads their rooms' messages, oldest first.
func (w *world) read(who *person.Person, rooms ...meeting.RoomID) (out map[meeting.RoomID][]wire, err error) {
	err = w.as(who, func(r raw) error {
		out = map[meeting.RoomID][]wire{}
		for _, room := range rooms {
			if out[room], err = r.room(w.ctx, room); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// as does something with a login of its own.
func (w *world) as(who *person.Person, do func(raw) error) error {
	r := raw{server: w.stage.Server.URL()}
	var login struct {
		Token string `json:"access_token"`
	}
	err := r.call(w.ctx, http.MethodPost, "login", map[string]any{"type": "m.login.password", "password": stage.Password,
		"identifier": map[string]any{"type": "m.id.user", "user": who.ID()}}, &login)
	if err != nil {
		return err
	}
	r.token = login.Token
	if err := do(r); err != nil {
		return err
	}
	return r.call(w.ctx, http.MethodPost, "logout", map[string]any{}, nil)
}

// all is more than any room has.
const all = 1_000_000

// room reads a room's messages, oldest first.
func (r raw) room(ctx context.Context, room meeting.RoomID) ([]wire, error) {
	query := url.Values{"dir": {"b"}, "limit": {fmt.Sprint(all)}, "filter": {fmt.Sprintf(`{"limit":%d}`, all)}}
	var out []wire
	seen := map[meeting.EventID]bool{}
	for {
		var page struct {
			Chunk []wire `json:"chunk"`
			End   string `json:"end"`
		}
		if err := r.call(ctx, http.MethodGet, "rooms/"+url.PathEscape(string(room))+"/messages?"+query.Encode(), nil, &page); err != nil {
			return nil, err
		}
		before := len(seen)
		for _, e := range page.Chunk {
			if !seen[e.ID] && e.StateKey == nil {
				out = append(out, e)
			}
			seen[e.ID] = true
		}
		if page.End == "" || len(seen) == before {
			slices.Reverse(out)
			return out, nil
		}
		query.Set("from", page.End)
	}
}

func (r raw) call(ctx context.Context, method, path string, body, into any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, r.server+"/_matrix/client/v3/"+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %d", path, resp.StatusCode)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// acts lists the ids of everything that people did in the networks' rooms, as
// JSON.
func (w *world) acts() (string, error) {
	ids := []meeting.EventID{}
	for _, n := range w.nets {
		rooms, err := w.read(n.leader, n.room)
		if err != nil {
			return "", err
		}
		for _, e := range rooms[n.room] {
			if e.Sender != w.stage.Bot() {
				ids = append(ids, e.ID)
			}
		}
	}
	text, err := json.Marshal(ids)
	return string(text), err
}

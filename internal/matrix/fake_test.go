package matrix

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// bell lets tests wait for something to become true without sleeping.
type bell struct {
	mu sync.Mutex
	ch chan struct{}
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
	}
	b.ch = nil
}

func (b *bell) listen() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

// until waits for cond, which is looked at after each ring.
func (b *bell) until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	limit, again := time.After(20*time.Second), time.NewTicker(20*time.Millisecond)
	defer again.Stop()
	for {
		ch := b.listen()
		if cond() {
			return
		}
		select {
		case <-ch:
		case <-again.C: // cond may depend on a clock that it moves
		case <-limit:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

type object = map[string]any

// sent is an event or redaction that a client has sent.
type sent struct {
	Room, Type, Txn, By string
	Body                json.RawMessage
}

type account struct{ user, device string }

// fakeServer is a homeserver that says what the test tells it to say. It does
// keep keys and to-device messages like a real one.
type fakeServer struct {
	t    *testing.T
	bell *bell
	*httptest.Server

	mu        sync.Mutex
	tokens    map[string]account
	passwords map[string]string
	devices   map[string]map[string]object           // user, device → device keys
	oneTime   map[account]map[string]json.RawMessage // key id → key
	identity  map[string]map[string]object           // kind → user → key
	data      map[string]json.RawMessage
	toDevice  map[account][]json.RawMessage
	answers   []object // to come
	sinces    []string
	syncing   int // requests for news under way
	state     map[string][]object
	joined    []string
	messages  func(room, from string, size int) ([]object, string)
	events    map[string]object
	sent      []sent
	calls     []string // "METHOD path" of all requests
	// intercept may answer a request instead; it reports whether it did.
	intercept func(w http.ResponseWriter, r *http.Request) bool
}

func newFakeServer(t *testing.T) *fakeServer {
	f := &fakeServer{
		t: t, bell: &bell{}, tokens: map[string]account{}, passwords: map[string]string{},
		devices: map[string]map[string]object{}, oneTime: map[account]map[string]json.RawMessage{},
		identity: map[string]map[string]object{"master": {}, "self_signing": {}, "user_signing": {}},
		data:     map[string]json.RawMessage{}, toDevice: map[account][]json.RawMessage{},
		state: map[string][]object{}, events: map[string]object{},
	}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// push makes an answer the next one to the bot's /sync.
func (f *fakeServer) push(answer object) {
	f.mu.Lock()
	f.answers = append(f.answers, answer)
	f.mu.Unlock()
	f.bell.ring()
}

func (f *fakeServer) setIntercept(fn func(w http.ResponseWriter, r *http.Request) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.intercept = fn
}

func (f *fakeServer) sentEvents(room string) []sent {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []sent
	for _, s := range f.sent {
		if s.Room == room {
			out = append(out, s)
		}
	}
	return out
}

func (f *fakeServer) count(prefix string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, c := range f.calls {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}

// takeToDevice returns, and forgets, what waits for a device.
func (f *fakeServer) takeToDevice(user, device string) []json.RawMessage {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.toDevice[account{user, device}]
	delete(f.toDevice, account{user, device})
	return out
}

func fail(w http.ResponseWriter, status int, code string, extra object) {
	body := object{"errcode": code, "error": "the words of the server"}
	for k, v := range extra {
		body[k] = v
	}
	reply(w, status, body)
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (f *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw := strings.TrimPrefix(r.URL.EscapedPath(), "/_matrix/")
	var path []string
	for _, p := range strings.Split(raw, "/")[1:] {
		plain, _ := url.PathUnescape(p)
		path = append(path, plain)
	}
	f.mu.Lock()
	f.calls = append(f.calls, r.Method+" "+strings.Join(path[1:], "/"))
	intercept := f.intercept
	f.mu.Unlock()
	defer f.bell.ring()
	if intercept != nil && intercept(w, r) {
		return
	}
	body, _ := io.ReadAll(r.Body)
	path = path[1:] // the version
	if path[0] == "login" {
		f.login(w, body)
		return
	}
	f.mu.Lock()
	who, ok := f.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	f.mu.Unlock()
	if !ok {
		fail(w, 401, "M_UNKNOWN_TOKEN", nil)
		return
	}
	switch path[0] {
	case "sync":
		f.sync(w, r)
	case "keys", "sendToDevice":
		f.keys(w, who, path, body)
	case "user":
		f.accountData(w, r.Method, path[len(path)-1], body)
	case "rooms":
		f.room(w, r, who, path[1:], body)
	default:
		f.other(w, who, path, body)
	}
}

func (f *fakeServer) login(w http.ResponseWriter, body []byte) {
	var req struct {
		Identifier struct{ User string }
		Password   string
		DeviceID   string `json:"device_id"`
	}
	_ = json.Unmarshal(body, &req)
	f.mu.Lock()
	defer f.mu.Unlock()
	if pw, ok := f.passwords[req.Identifier.User]; !ok || pw != req.Password {
		fail(w, 403, "M_FORBIDDEN", nil)
		return
	}
	token := fmt.Sprintf("token-%d", len(f.tokens))
	f.tokens[token] = account{req.Identifier.User, req.DeviceID}
	reply(w, 200, object{"user_id": req.Identifier.User, "device_id": req.DeviceID, "access_token": token})
}

// sync gives the next answer, or waits for one as long as the client says.
func (f *fakeServer) sync(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.sinces = append(f.sinces, r.URL.Query().Get("since"))
	f.syncing++
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.syncing--
	}()
	for {
		ch := f.bell.listen()
		f.mu.Lock()
		if len(f.answers) > 0 {
			a := f.answers[0]
			f.answers = f.answers[1:]
			f.mu.Unlock()
			reply(w, 200, a)
			return
		}
		f.mu.Unlock()
		select {
		case <-ch:
		case <-r.Context().Done():
			return
		}
	}
}

func (f *fakeServer) accountData(w http.ResponseWriter, method, name string, body []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if method == http.MethodPut {
		f.data[name] = body
		reply(w, 200, object{})
	} else if v, ok := f.data[name]; ok {
		reply(w, 200, v)
	} else {
		fail(w, 404, "M_NOT_FOUND", nil)
	}
}

func (f *fakeServer) other(w http.ResponseWriter, who account, path []string, body []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch path[0] {
	case "account":
		reply(w, 200, object{"user_id": who.user, "device_id": who.device})
	case "joined_rooms":
		reply(w, 200, object{"joined_rooms": f.joined})
	case "join":
		f.joined = append(f.joined, path[1])
		reply(w, 200, object{"room_id": path[1]})
	case "createRoom":
		var req struct {
			Creation object   `json:"creation_content"`
			Invite   []string `json:"invite"`
			State    []object `json:"initial_state"`
			Name     string
		}
		_ = json.Unmarshal(body, &req)
		room := fmt.Sprintf("!made%d:x", len(f.state))
		state := []object{
			stateEvent("m.room.create", "", who.user, req.Creation), member(who.user, "join"),
			stateEvent("m.room.power_levels", "", who.user, object{"users": object{who.user: 100}}),
		}
		for _, ev := range req.State {
			state = append(state, stateEvent(ev["type"].(string), "", who.user, ev["content"].(object)))
		}
		if req.Name != "" {
			state = append(state, stateEvent("m.room.name", "", who.user, object{"name": req.Name}))
		}
		for _, user := range req.Invite {
			state = append(state, member(user, "invite"))
		}
		f.state[room] = state
		f.joined = append(f.joined, room)
		reply(w, 200, object{"room_id": room})
	case "directory":
		reply(w, 200, object{"room_id": "!" + strings.TrimPrefix(path[2], "#"), "servers": []string{"x"}})
	case "upload":
		f.sent = append(f.sent, sent{Type: "upload", By: who.user, Body: body})
		reply(w, 200, object{"content_uri": "mxc://x/media"})
	default:
		fail(w, 404, "M_UNRECOGNIZED", nil)
	}
}

func (f *fakeServer) room(w http.ResponseWriter, r *http.Request, who account, path []string, body []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	room := path[0]
	switch path[1] {
	case "state":
		if len(path) == 2 {
			reply(w, 200, f.state[room])
			return
		}
		for _, ev := range f.state[room] {
			if ev["type"] == path[2] && (len(path) < 4 || ev["state_key"] == path[3]) {
				reply(w, 200, ev["content"])
				return
			}
		}
		fail(w, 404, "M_NOT_FOUND", nil)
	case "send", "redact":
		s := sent{Room: room, Type: path[2], Txn: path[3], By: who.user, Body: body}
		for i, old := range f.sent {
			if old.Txn == s.Txn && old.Room == room && old.By == who.user {
				reply(w, 200, object{"event_id": fmt.Sprintf("$sent%d", i)})
				return
			}
		}
		f.sent = append(f.sent, s)
		reply(w, 200, object{"event_id": fmt.Sprintf("$sent%d", len(f.sent)-1)})
	case "messages":
		q := r.URL.Query()
		var filter struct{ Limit int }
		_ = json.Unmarshal([]byte(q.Get("filter")), &filter)
		if f.messages == nil {
			reply(w, 200, object{"chunk": []object{}})
			return
		}
		events, end := f.messages(room, q.Get("from"), filter.Limit)
		reply(w, 200, object{"chunk": events, "end": end})
	case "event":
		if ev, ok := f.events[path[2]]; ok {
			reply(w, 200, ev)
			return
		}
		fail(w, 404, "M_NOT_FOUND", nil)
	case "relations":
		reply(w, 200, object{"chunk": []object{event_("$mine", botUser, "m.reaction", object{
			"m.relates_to": object{"rel_type": "m.annotation", "event_id": path[2], "key": "📝"}})}})
	default: // receipt, leave
		reply(w, 200, object{})
	}
}

func merge(into object, from any) object {
	raw, _ := json.Marshal(from)
	var add object
	_ = json.Unmarshal(raw, &add)
	if into == nil {
		into = object{}
	}
	for k, v := range add {
		if sub, ok := v.(object); ok {
			have, _ := into[k].(object)
			into[k] = merge(have, sub)
		} else {
			into[k] = v
		}
	}
	return into
}

func (f *fakeServer) keys(w http.ResponseWriter, who account, path []string, body []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	what := strings.Join(path, "/")
	switch {
	case path[0] == "sendToDevice":
		f.deliver(who, path[1], body)
		reply(w, 200, object{})
	case what == "keys/upload":
		f.upload(w, who, body)
	case what == "keys/query":
		f.query(w, body)
	case what == "keys/claim":
		f.claim(w, body)
	case what == "keys/device_signing/upload":
		var req map[string]object
		_ = json.Unmarshal(body, &req)
		for kind := range f.identity {
			if key, ok := req[kind+"_key"]; ok {
				f.identity[kind][who.user] = key
			}
		}
		reply(w, 200, object{})
	case what == "keys/signatures/upload":
		var req map[string]map[string]object
		_ = json.Unmarshal(body, &req)
		for user, things := range req {
			for thing, signed := range things {
				if dev, ok := f.devices[user][thing]; ok {
					dev["signatures"] = merge(dev["signatures"].(object), signed["signatures"])
				} else if key := f.identity["master"][user]; key != nil {
					have, _ := key["signatures"].(object)
					key["signatures"] = merge(have, signed["signatures"])
				}
			}
		}
		reply(w, 200, object{})
	default:
		fail(w, 404, "M_UNRECOGNIZED", nil)
	}
}

func (f *fakeServer) deliver(from account, typ string, body []byte) {
	var req struct {
		Messages map[string]map[string]json.RawMessage `json:"messages"`
	}
	_ = json.Unmarshal(body, &req)
	for user, devices := range req.Messages {
		for device, content := range devices {
			raw, _ := json.Marshal(object{"type": typ, "sender": from.user, "content": content})
			f.toDevice[account{user, device}] = append(f.toDevice[account{user, device}], raw)
		}
	}
}

func (f *fakeServer) upload(w http.ResponseWriter, who account, body []byte) {
	var req struct {
		Device  object                     `json:"device_keys"`
		OneTime map[string]json.RawMessage `json:"one_time_keys"`
	}
	_ = json.Unmarshal(body, &req)
	if req.Device != nil {
		if f.devices[who.user] == nil {
			f.devices[who.user] = map[string]object{}
		}
		f.devices[who.user][who.device] = req.Device
	}
	if f.oneTime[who] == nil {
		f.oneTime[who] = map[string]json.RawMessage{}
	}
	for k, v := range req.OneTime {
		f.oneTime[who][k] = v
	}
	reply(w, 200, object{"one_time_key_counts": object{"signed_curve25519": len(f.oneTime[who])}})
}

func (f *fakeServer) query(w http.ResponseWriter, body []byte) {
	var req struct {
		Devices map[string][]string `json:"device_keys"`
	}
	_ = json.Unmarshal(body, &req)
	out := object{}
	devices, keys := object{}, map[string]object{"master": {}, "self_signing": {}, "user_signing": {}}
	for user := range req.Devices {
		devices[user] = f.devices[user]
		if f.devices[user] == nil {
			devices[user] = object{}
		}
		for kind, m := range f.identity {
			if key, ok := m[user]; ok {
				keys[kind][user] = key
			}
		}
	}
	out["device_keys"] = devices
	for kind, m := range keys {
		out[kind+"_keys"] = m
	}
	reply(w, 200, out)
}

func (f *fakeServer) claim(w http.ResponseWriter, body []byte) {
	var req struct {
		Keys map[string]map[string]string `json:"one_time_keys"`
	}
	_ = json.Unmarshal(body, &req)
	out := map[string]map[string]object{}
	for user, devices := range req.Keys {
		out[user] = map[string]object{}
		for device := range devices {
			for name, key := range f.oneTime[account{user, device}] {
				out[user][device] = object{name: key}
				delete(f.oneTime[account{user, device}], name)
				break
			}
		}
	}
	reply(w, 200, object{"one_time_keys": out})
}

func event_(ev, sender, typ string, content any) object {
	return object{"event_id": ev, "sender": sender, "type": typ, "content": content,
		"origin_server_ts": time.Now().UnixMilli()}
}

func text(ev, sender, body string) object {
	return event_(ev, sender, "m.room.message", object{"msgtype": "m.text", "body": body})
}

func stateEvent(typ, key, sender string, content any) object {
	ev := event_("$"+typ+"/"+key, sender, typ, content)
	ev["state_key"] = key
	return ev
}

func member(user, membership string) object {
	return stateEvent("m.room.member", user, user, object{"membership": membership})
}

func timeline(next, room string, limited bool, events ...object) object {
	return object{"next_batch": next, "rooms": object{"join": object{room: object{"timeline": object{
		"events": events, "limited": limited, "prev_batch": "prev-" + next}}}}}
}

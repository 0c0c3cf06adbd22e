package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"blnbot/internal/homeserver"
	"blnbot/internal/meeting"
)

// injector puts events into the bot's sync answers as if another server had
// sent them, and the bot's own server had let them through.
type injector struct {
	mu     sync.Mutex
	events []json.RawMessage
}

func (i *injector) add(events ...json.RawMessage) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.events = append(i.events, events...)
}

// rewrite adds the events to the room's part of the next sync answer that has
// one.
func (i *injector) rewrite(room meeting.RoomID) func(*http.Request) homeserver.Fault {
	return func(r *http.Request) homeserver.Fault {
		if !homeserver.IsSync(r) {
			return homeserver.Fault{}
		}
		return homeserver.Fault{Rewrite: func(body []byte) []byte {
			i.mu.Lock()
			defer i.mu.Unlock()
			var top, rooms, join, here, timeline map[string]json.RawMessage
			var events []json.RawMessage
			if json.Unmarshal(body, &top) != nil || json.Unmarshal(top["rooms"], &rooms) != nil || json.Unmarshal(rooms["join"], &join) != nil || json.Unmarshal(join[string(room)], &here) != nil ||
				json.Unmarshal(here["timeline"], &timeline) != nil || json.Unmarshal(timeline["events"], &events) != nil {
				return body
			}
			events, i.events = append(i.events, events...), nil
			timeline["events"] = encode(events)
			here["timeline"] = encode(timeline)
			join[string(room)] = encode(here)
			rooms["join"] = encode(join)
			top["rooms"] = encode(rooms)
			return bytes.ReplaceAll(encode(top), encode(abyss), deepest())
		}}
	}
}

// abyss stands for JSON that is nested as deeply as Go's decoder takes, and
// that is too deep as a part of an answer.
const abyss = "avgrund"

func deepest() []byte {
	return append(bytes.Repeat([]byte("["), 9_999), bytes.Repeat([]byte("]"), 9_999)...)
}

// federated is a message as it comes from another server, with other fields on
// top.
func (h *hostile) federated(id string, content any, more object) json.RawMessage {
	ev := object{"event_id": "$" + id, "sender": h.mallory.ID(), "type": "m.room.message", "origin_server_ts": 1_800_000_000_000, "content": content}
	for k, v := range more {
		ev[k] = v
	}
	return encode(ev)
}

// TestHostileServers: events that the bot's own server would refuse, and other
// servers may send, change nothing that they should not and stop nothing.
func TestHostileServers(t *testing.T) {
	h := newHostile(t, homeserver.Dendrite)
	in := &injector{}
	h.proxy.OnRequest(in.rewrite(h.room))
	h.proxy.CutAll() // so that the request under way counts too
	for _, a := range []struct {
		name   string
		events []json.RawMessage
		adds   []string
	}{
		{"impossible times", h.times(), []string{wicked + " 0", wicked + " 1", wicked + " 2", wicked + " 3", wicked + " 4", wicked + " 5", wicked + " 6"}},
		{"a megabyte beside the content", []json.RawMessage{h.federated("mb", message("stor", thread(h.question), nil),
			object{"unsigned": object{"x": strings.Repeat("y", 1<<20), "transaction_id": []int{1}, "prev_content": 5, "age": "x"}})}, []string{wicked + " stor"}},
		{"brackets without end", []json.RawMessage{h.federated("djup", message("djup", thread(h.question), object{"x": abyss}), nil),
			h.federated("djup2", abyss, nil), h.federated("djup3", message("x", nil, nil), object{"unsigned": abyss, "type": "se.example"})}, []string{wicked + " djup"}},
		{"wrong types around the content", h.wrongTypes(), nil},
		{"about themselves", h.circles(), []string{wicked + " ring"}},
		{"removals without rights", []json.RawMessage{
			h.federated("r1", object{}, object{"type": "m.room.redaction", "redacts": h.victim}),
			h.federated("r2", object{"redacts": h.victim}, object{"type": "m.room.redaction"}),
			h.federated("r3", object{"redacts": "$r3"}, object{"type": "m.room.redaction", "redacts": "$r3"}),
			h.federated("r4", object{}, object{"type": "m.room.redaction", "redacts": h.foreign}),
		}, nil},
		{"odd senders", h.senders(), nil},
		{"odd states", h.states(), nil},
		{"the same event with other words", []json.RawMessage{h.federated(string(h.victim)[1:], message("utbytt", thread(h.question), nil), nil)}, nil},
	} {
		in.add(a.events...)
		h.want = append(h.want, a.adds...)
		h.honest(a.name)
		h.honest(a.name + ", en gång till")
	}
	h.proxy.OnRequest(nil)
	h.end()
}

func (h *hostile) times() (out []json.RawMessage) {
	for i, ts := range []string{"253402300800000", "-62167219200001", "-1", "9223372036854775807", "-9223372036854775808", "1e300", `"idag"`} {
		out = append(out, h.federated(fmt.Sprint("tid", i), message(fmt.Sprint(i), thread(h.question), nil), object{"origin_server_ts": json.RawMessage(ts)}))
	}
	return out
}

func (h *hostile) wrongTypes() (out []json.RawMessage) {
	content := message("fel typ", thread(h.question), nil)
	n := 0
	for _, field := range []string{"event_id", "sender", "type", "content", "state_key"} {
		for _, wrong := range []any{5, true, []any{wicked}, object{}, -1.5e300} {
			n++
			more := object{"unsigned": []any{}, "redacts": object{}, "room_id": 5, field: wrong}
			out = append(out, h.federated(fmt.Sprint("typ", n), content, more))
		}
	}
	for _, whole := range []string{`5`, `null`, `"x"`, `[]`, `{}`, `{"event_id":"$tom"}`} {
		out = append(out, json.RawMessage(whole))
	}
	return append(out, h.federated("redacted", content, object{"unsigned": object{"redacted_because": object{}}}))
}

// circles are events that are about themselves, or about each other.
func (h *hostile) circles() []json.RawMessage {
	edit := object{"m.new_content": object{"msgtype": "m.text", "body": wicked + " cirkel"}}
	return []json.RawMessage{
		h.federated("själv1", message("cirkel", thread("$själv1"), nil), nil),
		h.federated("själv2", message("cirkel", replyTo("$själv2"), nil), nil),
		h.federated("själv3", message("cirkel", replaces("$själv3"), edit), nil),
		h.federated("ömsom1", message("cirkel", replyTo("$ömsom2"), nil), nil),
		h.federated("ömsom2", message("cirkel", replyTo("$ömsom1"), nil), nil),
		h.federated("kedja1", message("cirkel", replaces("$kedja2"), edit), nil),
		h.federated("kedja2", message("cirkel", replaces("$kedja1"), edit), nil),
		h.federated("tråd1", message("cirkel", thread("$tråd2"), nil), nil),
		h.federated("tråd2", message("cirkel", thread("$tråd1"), nil), nil),
		h.federated("reaktion", annotates("$reaktion", "🚫"), object{"type": "m.reaction"}),
		h.federated("ring", message("ring", thread(h.question), nil), nil),
		h.federated("ring1", message("*", replaces("$ring1"), edit), nil),
	}
}

// senders are messages by those who can be nobody.
func (h *hostile) senders() (out []json.RawMessage) {
	for i, sender := range []string{"", "anna", "@", "@:", ":x", "!room:x", "@" + strings.Repeat("m", 10_000) + ":x"} {
		out = append(out, h.federated(fmt.Sprint("vem", i), message("ingen", nil, nil), object{"sender": sender}))
	}
	return out
}

// states are state events that make no sense.
func (h *hostile) states() (out []json.RawMessage) {
	add := func(typ, key string, content any) {
		out = append(out, h.federated(fmt.Sprint("läge", len(out)), content, object{"type": typ, "state_key": key}))
	}
	mallory := string(h.mallory.ID())
	add("m.room.member", mallory, object{"membership": "join", "displayname": 5})
	add("m.room.member", mallory, object{"membership": []any{}})
	add("m.room.member", mallory, "join")
	add("m.room.member", "", object{"membership": "join"})
	add("m.room.member", strings.Repeat("@", 10_000), object{"membership": "join"})
	add("m.room.power_levels", "", object{"users": object{mallory: "100"}, "users_default": "100", "redact": "0"})
	add("m.room.power_levels", "", []any{})
	add("m.room.history_visibility", "", object{"history_visibility": 5})
	add("m.room.create", "", object{"predecessor": object{"room_id": h.room}, "room_version": 5})
	add("m.room.create", "", object{"predecessor": object{"room_id": h.other}})
	add("m.room.tombstone", "x", object{"replacement_room": h.other})
	add("m.room.tombstone", "", object{"replacement_room": object{}})
	add("m.room.message", "", message("läge", thread(h.question), nil))
	return out
}

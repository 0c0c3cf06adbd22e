package main_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// relationAttacks are about edits, removals and threads that contradict each
// other.
func relationAttacks() []attack {
	edit := func(h *hostile, target meeting.EventID, content any) {
		h.sealed("m.room.message", message("ändring", replaces(target), object{"m.new_content": content}))
	}
	text := object{"msgtype": "m.text", "body": wicked + " ny text"}
	return []attack{
		{name: "edit of another's message", send: func(h *hostile) { edit(h, h.victim, text) }},
		{name: "edit of the bot's question", send: func(h *hostile) { edit(h, h.question, text) }},
		{name: "edit of an edit, and back", send: func(h *hostile) {
			own := h.sealed("m.room.message", message("första", thread(h.question), nil))
			h.counts(wicked+" andra", own)
			h.noted(h.mallory, h.room, own)
			change := object{"msgtype": "m.text", "body": wicked + " andra"}
			first := h.sealed("m.room.message", message("*", replaces(own), object{"m.new_content": change}))
			edit(h, first, text)
			edit(h, own, nil)
			edit(h, own, []string{wicked})
			edit(h, own, object{"msgtype": 5, "body": object{}})
		}},
		{name: "removal sent as any other event", send: func(h *hostile) {
			h.clear("m.room.redaction", object{"redacts": h.victim, "reason": wicked})
			h.clear("m.room.redaction", object{"redacts": h.question})
			h.sealed("m.room.redaction", object{"redacts": h.victim})
		}},
		{name: "removal of what is not there, in another room, and not theirs", send: func(h *hostile) {
			for _, target := range []meeting.EventID{"$inget", h.foreign, h.victim, "", "inte ett id", meeting.EventID(strings.Repeat("$", 5000))} {
				h.clear("m.room.redaction", object{"redacts": target})
			}
			h.clear("m.room.redaction", object{"redacts": object{}})
		}},
		{name: "removal of a removal, and the same twice", send: func(h *hostile) {
			own := h.sealed("m.room.message", message("tas bort", thread(h.question), nil))
			h.noted(h.mallory, h.room, own)
			h.must(h.mallory.Redact(h.ctx, h.room, own))
			gone := h.clear("m.room.redaction", object{"redacts": own})
			h.clear("m.room.redaction", object{"redacts": gone})
			if gone != "" {
				h.must(h.mallory.Redact(h.ctx, h.room, gone))
			}
		}},
		{name: "thread on a thread, and on a reply", send: func(h *hostile) {
			h.counts(wicked+" tråd på tråd", h.sealed("m.room.message", message("tråd på tråd", thread(h.victim), nil)))
		}},
		{name: "two threads at once", send: func(h *hostile) {
			h.counts(wicked+" två trådar", h.sealed("m.room.message", message("två trådar", object{"rel_type": "m.thread", "event_id": h.question,
				"m.in_reply_to": object{"event_id": h.foreign}, "is_falling_back": false}, nil)))
		}},
		{name: "into another network", send: func(h *hostile) {
			h.sealed("m.room.message", message("över gränsen", thread(h.elsewhere), nil))
			h.sealed("m.room.message", message("över gränsen", replyTo(h.foreign), nil))
			edit(h, h.foreign, text)
			for _, emoji := range []string{"🚫", "📌", "✅", "📝", "1️⃣"} {
				h.tries(h.lena.React(h.ctx, h.room, h.foreign, emoji))
			}
			h.tries(h.lena.Post(h.ctx, h.room, person.Message{Body: "!uteslut", ReplyTo: h.foreign}))
		}},
		{name: "relations of the wrong type", send: func(h *hostile) {
			for _, relation := range []any{5, "m.thread", []any{thread(h.question)}, object{"rel_type": []string{"m.thread"}, "event_id": h.question},
				object{"rel_type": "m.thread", "event_id": object{"event_id": h.question}}, object{"m.in_reply_to": []any{h.question}}, object{"rel_type": "m.replace"}} {
				h.clear("m.room.message", message("fel form", relation, nil))
			}
		}},
	}
}

// tries sends something that the server may refuse.
func (h *hostile) tries(_ meeting.EventID, err error) {
	h.Helper()
	if err != nil {
		h.Logf("the server refuses it: %v", err)
	}
}

// contentAttacks are about what stands in a message.
func contentAttacks() []attack {
	tags := strings.Repeat("<b>", 9_000) + "x" + strings.Repeat("</b>", 3_000)
	deep := json.RawMessage(strings.Repeat("[", 9_980) + strings.Repeat("]", 9_980))
	long := wicked + strings.Repeat(" långt", 8_000)
	odd := "tecken \x00 \u202e\u2066 \u200b\u200d\ufeff \U000e0041"
	return []attack{
		{name: "a body of 50 kB", send: func(h *hostile) {
			h.counts(long, h.clear("m.room.message", object{"msgtype": "m.text", "body": long, "m.relates_to": thread(h.question)}))
		}},
		{name: "tags without end", send: func(h *hostile) {
			h.counts(wicked+" taggar", h.clear("m.room.message", message("taggar", thread(h.question), object{"format": "org.matrix.custom.html", "formatted_body": tags})))
		}},
		{name: "deep JSON", send: func(h *hostile) {
			h.counts(wicked+" djup", h.clear("m.room.message", message("djup", thread(h.question), object{"djup": deep})))
			h.clear("se.example.deep", object{"x": deep})
			h.clear("m.room.message", object{"msgtype": "m.text", "body": deep})
		}},
		{name: "odd characters", send: func(h *hostile) {
			h.counts(wicked+" "+odd, h.sealed("m.room.message", message(odd, thread(h.question), nil)))
			half := object{"msgtype": "m.text", "body": json.RawMessage(`"` + wicked + ` \ud800"`), "m.relates_to": thread(h.question)}
			h.counts(wicked+" \ufffd", h.clear("m.room.message", half))
		}},
		{name: "wrong types in every field", send: func(h *hostile) {
			whole := message("fält", thread(h.question), object{"format": "org.matrix.custom.html", "formatted_body": "x",
				"filename": "f", "m.mentions": object{"user_ids": []string{"@a:x"}}, "info": object{}, "url": "mxc://x/y", "file": object{}})
			for _, field := range []string{"msgtype", "body"} {
				for _, wrong := range []any{nil, 5, true, []any{}, object{}} {
					content := object{}
					for k, v := range whole {
						content[k] = v
					}
					content[field] = wrong
					h.clear("m.room.message", content)
				}
			}
		}},
		{name: "wrong types in every other field", send: func(h *hostile) {
			h.counts(wicked+" tålig", h.clear("m.room.message", message("tålig", thread(h.question), object{"format": 5, "formatted_body": object{},
				"filename": []any{}, "m.mentions": "alla", "info": 7, "url": false, "file": "x", "m.new_content": 5, "geo_uri": nil})))
		}},
		{name: "in clear in an encrypted room", send: func(h *hostile) {
			h.counts(wicked+" i klartext", h.clear("m.room.message", message("i klartext", thread(h.question), nil)))
		}},
	}
}

// otherAttacks are about everything else.
func otherAttacks() []attack {
	return []attack{
		{name: "forged echoes", send: func(h *hostile) {
			for _, key := range []string{"prompt/vasteras/1/1", "opening/vasteras/1", "receipt/" + string(h.victim) + "/1", "close/vasteras/1", strings.Repeat("k", 9_000)} {
				forged := object{"se.nka.blnbot.key": key, "se.nka.blnbot.post": meeting.Fingerprint(key), "unsigned": object{"transaction_id": "k.YQ"}}
				h.sealed("m.room.message", message("eko", nil, forged))
				h.clear("m.room.message", message("eko", nil, forged))
				forged["algorithm"], forged["ciphertext"], forged["session_id"] = "m.megolm.v1.aes-sha2", wicked, wicked
				h.clear("m.room.encrypted", forged)
			}
		}},
		{name: "another's ciphertext, and one of another room", send: func(h *hostile) {
			h.clear("m.room.encrypted", h.mal.content(h.room, h.victim))
			direct, err := h.mallory.DirectRoomWith(h.ctx, h.stage.Bot())
			h.must(err)
			h.must(h.mallory.WaitForMember(h.ctx, direct, h.stage.Bot(), "join"))
			secret, err := h.mallory.Send(h.ctx, direct, wicked+" för ett annat rum")
			h.must(err)
			_, err = h.mallory.WaitFor(h.ctx, direct, string(secret), func(m person.Seen) bool { return m.ID == secret }) // Dendrite gives it only then
			h.must(err)
			moved := h.mal.content(direct, secret)
			moved["m.relates_to"] = thread(h.question)
			h.clear("m.room.encrypted", moved)
		}},
		{name: "unreadable by the dozen", send: func(h *hostile) {
			for n := range 30 {
				h.clear("m.room.encrypted", object{"algorithm": "m.megolm.v1.aes-sha2", "session_id": fmt.Sprintf("%043d", n), "sender_key": 5, "device_id": object{},
					"ciphertext": strings.Repeat("A", 80), "m.relates_to": thread(h.question)})
			}
			for _, content := range []any{object{}, object{"algorithm": wicked}, object{"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": object{"x": 1}}} {
				h.clear("m.room.encrypted", content)
			}
		}},
		{name: "odd reactions", send: func(h *hostile) {
			on := h.clear("m.reaction", annotates(h.victim, "👍🏽"))
			h.clear("m.reaction", annotates(on, "🚫"))
			h.clear("m.reaction", annotates(h.victim, "🚫"))
			h.clear("m.reaction", annotates(h.victim, strings.Repeat(wicked, 3_000)))
			h.clear("m.reaction", annotates("$"+wicked, "📝"))
			h.clear("m.reaction", annotates(h.question, "✅"))
			h.clear("m.reaction", object{"m.relates_to": []any{h.victim}})
			h.clear("m.reaction", annotates(h.mal.stateEvent(h.room, "m.room.create"), "📌"))
		}},
		{name: "polls of nothing", send: func(h *hostile) {
			answers := make([]string, 3_000)
			for i := range answers {
				answers[i] = fmt.Sprintf("a%d", i)
			}
			for _, target := range []meeting.EventID{h.question, h.elsewhere, "$inget"} {
				relation := object{"rel_type": "m.reference", "event_id": target}
				h.clear("org.matrix.msc3381.poll.response", object{"m.relates_to": relation, "org.matrix.msc3381.poll.response": object{"answers": answers}})
				h.clear("m.poll.response", object{"m.relates_to": relation, "m.selections": []any{5, object{}, wicked}})
				h.clear("m.poll.end", object{"m.relates_to": relation})
			}
			h.clear("m.poll.start", object{"m.poll": object{"question": []any{}, "answers": 5}})
		}},
		{name: "commands of others", send: func(h *hostile) {
			for _, text := range []string{"!nästan", "* !avsluta", "> !avsluta\n\n!" + wicked} {
				h.tries(h.mallory.Send(h.ctx, h.room, text))
			}
			h.tries(h.mallory.Post(h.ctx, h.room, person.Message{Body: "!avsluta", Notice: true}))
			h.tries(h.mallory.Post(h.ctx, h.room, person.Message{Body: "!avsluta", Replaces: h.victim}))
			h.tries(h.mallory.Post(h.ctx, h.room, person.Message{Body: "!stryk 1.1 " + wicked}))
			h.mal.state(h.room, "m.room.member", string(h.mallory.ID()), object{"membership": "join", "displayname": "Lena Ledare"})
			h.tries(h.mallory.Send(h.ctx, h.room, "!avsluta"))
		}},
		{name: "odd states", send: func(h *hostile) {
			for _, content := range []object{{"membership": "join", "displayname": 5, "avatar_url": []any{}}, {"membership": "join", "displayname": strings.Repeat(wicked, 4_000)},
				{"membership": "join", "displayname": "svar och en ärligt\x00efter \u202e"}} {
				h.mal.state(h.room, "m.room.member", string(h.mallory.ID()), content)
			}
			h.mal.state(h.room, "m.room.power_levels", "", object{"users": object{string(h.mallory.ID()): "100"}})
			h.mal.state(h.room, "m.room.encryption", "", object{"algorithm": "none"})
			h.mal.state(h.room, "m.room.tombstone", "", object{"replacement_room": h.other})
		}},
		{name: "a leader's tombstones that lead to where the bot is, and nowhere", send: func(h *hostile) {
			lena := h.login("lena")
			for _, next := range []any{h.room, h.other, h.coord} {
				if lena.state(h.room, "m.room.tombstone", "", object{"replacement_room": next, "body": []any{}}) {
					h.told++ // staff are asked to look
				}
			}
			for _, next := range []any{5, nil, []any{h.other}, strings.Repeat("!", 5_000)} {
				lena.state(h.room, "m.room.tombstone", "", object{"replacement_room": next})
			}
		}},
		{name: "odd invitations", send: func(h *hostile) {
			for _, direct := range []any{false, "yes"} {
				room, err := h.mallory.CreateRoom(h.ctx, person.Room{Name: wicked})
				h.must(err)
				if h.mal.state(room, "m.room.member", string(h.stage.Bot()), object{"membership": "invite", "is_direct": direct, "displayname": 5, "reason": object{}}) {
					h.must(h.mallory.WaitForMember(h.ctx, room, h.stage.Bot(), "leave"))
				}
			}
		}},
	}
}

// stateEvent is the id of a state event with an empty key.
func (c *rawClient) stateEvent(room meeting.RoomID, typ string) meeting.EventID {
	c.h.Helper()
	var all []struct {
		ID   meeting.EventID `json:"event_id"`
		Type string          `json:"type"`
	}
	c.call("GET", "rooms/"+string(room)+"/state", nil, &all)
	for _, ev := range all {
		if ev.Type == typ {
			return ev.ID
		}
	}
	c.h.Fatalf("no %s", typ)
	return ""
}

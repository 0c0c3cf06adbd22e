package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"blnbot/internal/homeserver"
	"blnbot/internal/homeserver/stage"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// wicked is in everything that Mallory sends: it may be in the minutes where it
// belongs, and nowhere else.
const wicked = "illasinnad"

// hostile is a network in which one member has a client of their own making,
// beside another network that has nothing to do with it.
type hostile struct {
	*play
	proxy               *homeserver.Proxy
	bot                 *process
	lena, anna, mallory *person.Person
	mal                 *rawClient
	room, other         meeting.RoomID
	question, elsewhere meeting.EventID // the open questions of the two
	victim, foreign     meeting.EventID // what Anna and Carl have answered
	want                []string        // what the minutes are to have
	told                int             // how many messages staff and leaders may have seen in the coordination room
}

// newHostile opens a meeting in both networks. The bot writes the log in full.
func newHostile(t *testing.T, kind homeserver.Kind) *hostile {
	t.Helper()
	e := listen(t)
	p := newPlayFor(t, 3*patience, stage.Options{Kind: kind})
	h := &hostile{play: p, lena: p.person("lena", "Lena Ledare"), anna: p.person("anna", "Anna"), mallory: p.person("mallory", "Mallory")}
	lars, carl := p.person("lars", "Lars"), p.person("carl", "Carl")
	var err error
	h.room, err = p.stage.Network(p.ctx, "vasteras", "Västerås", true, h.lena, []*person.Person{h.anna, h.mallory})
	p.must(err)
	h.other, err = p.stage.Network(p.ctx, "arvika", "Arvika", true, lars, []*person.Person{carl})
	p.must(err)
	p.prepare("", h.lena, lars)
	h.proxy = p.through()
	h.bot = p.run(e, p.stage.Dir, "--log-level", "debug")
	h.elsewhere = h.opened(lars, h.other).ID
	h.question = h.opened(h.lena, h.room).ID
	h.foreign = h.answers(carl, h.other, h.elsewhere, "Carls svar.")
	h.victim = h.answers(h.anna, h.room, h.question, "Annas svar.")
	h.want = []string{"Annas svar."}
	h.mal = h.login("mallory")
	h.told = len(h.posts(h.nka, h.coord))
	return h
}

// honest: whatever has been sent, the next reply is taken in, and the minutes
// have nothing else than they should.
func (h *hostile) honest(name string) {
	h.Helper()
	text := "Ett ärligt svar efter: " + name
	h.answers(h.anna, h.room, h.question, text)
	h.want = append(h.want, text)
	got := bodies(h.minutes("vasteras", 1), 1)
	if !slices.Equal(got, h.want) {
		h.Errorf("%s: the minutes have %q, not %q", name, got, h.want)
		h.want = got // each fault once
	}
}

// end checks what must be true whatever was sent.
func (h *hostile) end() {
	h.Helper()
	if got := bodies(h.minutes("arvika", 1), 1); !slices.Equal(got, []string{"Carls svar."}) {
		h.Errorf("the other network's minutes have %q", got)
	}
	for who, room := range map[*person.Person]meeting.RoomID{h.lena: h.room, h.nka: h.coord} {
		if n := h.count(who, room, wicked); n != 0 {
			h.Errorf("the bot has quoted Mallory %d times in %s", n, room)
		}
		h.allEncrypted(who, room)
	}
	if got := h.posts(h.nka, h.coord); len(got) > h.told {
		h.Errorf("the bot wrote %d messages into the coordination room, not %d: %q", len(got), h.told, got)
	}
	h.bot.stop()
	for line := range strings.Lines(h.bot.log.Text()) {
		if strings.Contains(line, wicked) || strings.Contains(line, "@mallory") || strings.Contains(line, "panic") {
			h.Errorf("in the log: %s", line)
		}
	}
}

// TestHostileEvents: what a member with a client of their own sends, and a real
// server takes, changes nothing that it should not and stops nothing.
func TestHostileEvents(t *testing.T) { hostileEvents(newHostile(t, homeserver.Dendrite)) }

func TestHostileEventsOnSynapse(t *testing.T) { hostileEvents(newHostile(t, homeserver.Synapse)) }

func hostileEvents(h *hostile) {
	for _, a := range slices.Concat(relationAttacks(), contentAttacks(), otherAttacks()) {
		a.send(h)
		h.honest(a.name)
	}
	h.end()
}

// attack is something that Mallory sends.
type attack struct {
	name string
	send func(h *hostile)
}

// counts: what Mallory has sent is a reply like others, if the server takes it.
func (h *hostile) counts(text string, id meeting.EventID) {
	if id != "" {
		h.want = append(h.want, text)
	}
}

// object is JSON.
type object = map[string]any

// message is a wicked message with a relation and more fields.
func message(text string, relation any, more object) object {
	out := object{"msgtype": "m.text", "body": wicked + " " + text}
	if relation != nil {
		out["m.relates_to"] = relation
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

func thread(root meeting.EventID) object {
	return object{"rel_type": "m.thread", "event_id": root, "is_falling_back": true, "m.in_reply_to": object{"event_id": root}}
}

func replyTo(to meeting.EventID) object { return object{"m.in_reply_to": object{"event_id": to}} }

func replaces(what meeting.EventID) object { return object{"rel_type": "m.replace", "event_id": what} }

func annotates(what meeting.EventID, key string) object {
	return object{"m.relates_to": object{"rel_type": "m.annotation", "event_id": what, "key": key}}
}

// sealed sends an event encrypted, clear as it is. The id is empty if the server
// refuses it.
func (h *hostile) sealed(typ string, content object) meeting.EventID {
	h.Helper()
	id, err := h.mallory.SendRaw(h.ctx, h.room, typ, content)
	if err != nil {
		h.Logf("the server refuses %s: %v", typ, err)
	}
	return id
}

func (h *hostile) clear(typ string, content any) meeting.EventID {
	h.Helper()
	return h.mal.send(h.room, typ, content)
}

// rawClient speaks to the server as no client library would.
type rawClient struct {
	h      *hostile
	token  string
	serial int
}

func (h *hostile) login(name string) *rawClient {
	h.Helper()
	c := &rawClient{h: h}
	var got struct {
		Token string `json:"access_token"`
	}
	status := c.call(http.MethodPost, "login", object{"type": "m.login.password", "password": stage.Password,
		"identifier": object{"type": "m.id.user", "user": name}}, &got)
	if status != http.StatusOK {
		h.Fatalf("login: status %d", status)
	}
	c.token = got.Token
	return c
}

// call makes a request and returns its status; the answer goes into into.
func (c *rawClient) call(method, path string, body, into any) int {
	c.h.Helper()
	data, err := json.Marshal(body)
	c.h.must(err)
	req, err := http.NewRequestWithContext(c.h.ctx, method, c.h.stage.Server.URL()+"/_matrix/client/v3/"+path, bytes.NewReader(data))
	c.h.must(err)
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := http.DefaultClient.Do(req)
	c.h.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	c.h.must(err)
	if into != nil && resp.StatusCode == http.StatusOK {
		c.h.must(json.Unmarshal(text, into))
	}
	return resp.StatusCode
}

// send sends an event, or says that the server refuses it.
func (c *rawClient) send(room meeting.RoomID, typ string, content any) meeting.EventID {
	c.h.Helper()
	c.serial++
	var got struct {
		ID meeting.EventID `json:"event_id"`
	}
	path := fmt.Sprintf("rooms/%s/send/%s/raw%d", url.PathEscape(string(room)), url.PathEscape(typ), c.serial)
	if status := c.call(http.MethodPut, path, content, &got); status != http.StatusOK {
		c.h.Logf("the server refuses %s: status %d", typ, status)
	}
	return got.ID
}

// state sends a state event, and reports whether the server has taken it.
func (c *rawClient) state(room meeting.RoomID, typ, key string, content any) bool {
	c.h.Helper()
	path := fmt.Sprintf("rooms/%s/state/%s/%s", url.PathEscape(string(room)), typ, url.PathEscape(key))
	status := c.call(http.MethodPut, path, content, nil)
	if status != http.StatusOK {
		c.h.Logf("the server refuses %s: status %d", typ, status)
	}
	return status == http.StatusOK
}

// content is that of an event as the server has it.
func (c *rawClient) content(room meeting.RoomID, id meeting.EventID) object {
	c.h.Helper()
	var got struct {
		Content object `json:"content"`
	}
	path := fmt.Sprintf("rooms/%s/event/%s", url.PathEscape(string(room)), url.PathEscape(string(id)))
	if status := c.call(http.MethodGet, path, nil, &got); status != http.StatusOK {
		c.h.Fatalf("get %s: status %d", id, status)
	}
	return got.Content
}

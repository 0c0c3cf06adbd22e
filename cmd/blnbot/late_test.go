package main_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"blnbot/internal/matrix/person"
)

// TestLateFromAnotherServer: a reply that another server hands over an hour after
// it was written counts by when it comes: as any other while the meeting is open,
// as a late one until the summary is shared, and then no more, which is said. The
// minutes have the time at which it was written.
func TestLateFromAnotherServer(t *testing.T) {
	p := newPlay(t)
	proxy := p.proxy()
	p.stage.Through(proxy.URL())
	room, lena, anna := p.network("vasteras", "Västerås")
	p.begin(lena)
	question := p.opened(lena, room)
	var in injector
	proxy.OnRequest(in.rewrite(room))
	proxy.CutAll() // so that the request under way counts too
	written := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	arrives := func(id, text string) { // with what comes next in the room
		in.add(encode(object{"event_id": "$" + id, "sender": anna.ID(), "type": "m.room.message", "origin_server_ts": written.UnixMilli(),
			"content": object{"msgtype": "m.text", "body": text, "m.relates_to": thread(question.ID)}}))
	}

	arrives("open", "Försenat, men under mötet.")
	p.answers(anna, room, question.ID, "Under mötet.")
	p.says(lena, room, "!avsluta")
	draft := p.sees(lena, room, "2 svar, inga luckor")
	arrives("closed", "Försenat till efter mötet.")
	p.answers(anna, room, question.ID, "Efter mötet.")
	_, err := lena.WaitFor(p.ctx, room, "the draft has both", func(m person.Seen) bool {
		return m.ID == draft.ID && strings.Contains(m.Body, "4 svar, varav 2 efter mötet, inga luckor")
	})
	p.must(err)
	p.reacts(lena, room, draft.ID, "✅")
	p.sees(lena, room, "delad med samordningsrummet (version 1)")
	arrives("shared", "Försenat till efter godkännandet.")
	p.says(lena, room, "!status")
	p.sees(anna, room, "Sammanfattningen är redan delad")

	type entry struct {
		body string
		late bool
	}
	var got []entry
	for _, e := range p.minutes("vasteras", 1).Prompts[0].Entries {
		got = append(got, entry{e.Body, e.Late})
		if strings.HasPrefix(e.Body, "Försenat") != (e.SentAt == written.Format(time.RFC3339)) {
			t.Errorf("%q has the time %s", e.Body, e.SentAt)
		}
	}
	if want := []entry{{"Försenat, men under mötet.", false}, {"Under mötet.", false}, {"Försenat till efter mötet.", true}, {"Efter mötet.", true}}; !slices.Equal(got, want) {
		t.Errorf("the minutes have %v, not %v", got, want)
	}
}

package main_test

import (
	"slices"
	"strings"
	"testing"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// hears waits until the client could read a message of the bot with the text,
// outside of the room if one is given: a direct message.
func (c *independent) hears(text string, not meeting.RoomID) told {
	c.play.Helper()
	return c.waits("”"+text+"”", func(e told) bool {
		return e.Event == "message" && e.Sender == c.play.stage.Bot() && e.Room != not && strings.Contains(e.Body, text)
	})
}

// asks writes a command into a room and returns the bot's answer to it, which
// must contain the text.
func (c *independent) asks(room meeting.RoomID, command, text string) told {
	c.play.Helper()
	id := c.says(room, "", command)
	return c.waits("an answer to "+command+" with ”"+text+"”", func(e told) bool {
		return e.Event == "message" && e.Sender == c.play.stage.Bot() && e.Reply == id && strings.Contains(e.Body, text)
	})
}

// reacts reacts to a message.
func (c *independent) reacts(room meeting.RoomID, target meeting.EventID, emoji string) {
	c.play.Helper()
	c.do(order{Do: "react", Room: room, Target: target, Body: emoji})
}

// unnoted waits until the bot has taken back its 📝 from a message.
func (c *independent) unnoted(id meeting.EventID) {
	c.play.Helper()
	receipt := c.waits("📝 on "+string(id), func(e told) bool {
		return e.Type == "m.reaction" && e.Sender == c.play.stage.Bot() && e.Content.Relation.Target == id
	}).ID
	c.waits("no 📝 on "+string(id), func(e told) bool { return e.Type == "m.room.redaction" && e.Redacts == receipt })
}

// TestIndependentRound: everything that a participant and a leader do in a round,
// with clients that share no code with the bot. Eva takes part, Maja leads as the
// leader's deputy.
func TestIndependentRound(t *testing.T) {
	p := newPlay(t)
	lena, anna, bo := p.person("lena", "Lena Ledare"), p.person("anna", "Anna Svensson"), p.person("bo", "Bo Ek")
	eva, maja := p.independent("eva"), p.independent("maja")
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, []*person.Person{anna, bo}, `  deputies: ["`+string(maja.ID)+`"]`)
	p.must(err)
	p.begin(lena)
	before := p.sees(lena, room, "Jag heter BLN-boten").ID
	for _, who := range []*independent{eva, maja} {
		p.must(lena.Invite(p.ctx, room, who.ID))
		p.must(lena.WaitForMember(p.ctx, room, who.ID, "join"))
	}

	// Arriving: greeted alone, and asked for a role, which a number tells.
	direct := eva.hears("Vilken roll har du?", room).Room
	eva.says(direct, "", "1")
	eva.reads(p.stage.Bot(), direct, "antecknat din roll: anhörig")
	majasDirect := maja.hears("åt nätverket", room).Room

	// Replying, and changing one's mind.
	maja.says(room, "", "!nästa")
	prompt := eva.hears("Frågan.", "").ID
	first := eva.answers(room, prompt, "Någon att ringa.")
	eva.do(order{Do: "send", Room: room, Replaces: first, Body: "Någon att ringa när natten är lång."})
	plain := meeting.EventID(eva.do(order{Do: "send", Room: room, Reply: prompt, Body: "Ett nummer som alltid svarar."}))
	eva.noted(plain)
	gone := eva.answers(room, prompt, "Det här tar jag tillbaka.")
	eva.do(order{Do: "redact", Room: room, Target: gone})
	private := eva.answers(room, prompt, "Det här stannar i rummet.")
	eva.reacts(room, private, "🚫")
	eva.unnoted(private)
	majas := maja.answers(room, prompt, "En kontaktperson som följer med till mötet.")
	eva.reacts(room, majas, "👍")
	loose := eva.says(room, "", "Grannen tittar in ibland, det betyder mer än hon vet.")
	eva.hears("Svara gärna i tråden", "")
	maja.reacts(room, loose, "📝")
	eva.noted(loose)
	maja.reacts(room, first, "📌")

	// For oneself: without a name, and what the bot has stored.
	eva.says(direct, "", "!anonymt Jag orkar inte mer än så här.")
	eva.reads(p.stage.Bot(), direct, "som ”Anonymt inlägg”")
	eva.says(direct, "", "!mina svar")
	file := eva.waits("a file with everything stored", func(e told) bool { return e.Room == direct && e.File != "" })
	mine := eva.do(order{Do: "download", Target: file.ID})
	for text, want := range map[string]bool{"när natten är lång": true, "som alltid svarar": true, "tittar in ibland": true,
		"tar jag tillbaka": false, "stannar i rummet": false, "kontaktperson": false, "orkar inte mer": false} {
		if strings.Contains(mine, text) != want {
			t.Errorf("%q in the file about oneself: %v, in\n%s", text, !want, mine)
		}
	}

	// The summary: a draft, a late reply that changes it, and ✅.
	maja.says(room, "", "!avsluta")
	draft := maja.hears("Förslag till sammanfattning, möte 1", "").ID
	late := eva.answers(room, prompt, "Sent från mig: en sjuksköterska som frågar hur jag mår.")
	maja.waits("the draft with the late reply", func(e told) bool {
		return e.Event == "message" && e.Replaces == draft && strings.Contains(e.Body, "sjuksköterska")
	})
	maja.reacts(room, draft, "✅")
	eva.hears("delad med samordningsrummet (version 1)", "")
	shared := p.sees(p.nka, p.coord, "Västerås, möte 1")
	summary := eva.asks(room, "!sammanfattning 1", "när natten är lång")
	for _, text := range []string{shared.Body, summary.Body} {
		if strings.Contains(text, "tar jag tillbaka") || strings.Contains(text, "stannar i rummet") || strings.Contains(text, "eva") {
			t.Errorf("the summary says:\n%s", text)
		}
	}

	// Areas to work with: chosen in a poll, or with numbers where the client shows none.
	maja.says(room, "", "!prioritera")
	maja.hears("Förslag på områden att rösta om", "")
	maja.asks(room, "!prioritera lägg till Avlastning på helger", "är med i listan")
	maja.says(room, "", "!prioritera starta")
	poll := eva.waits("a poll", func(e told) bool { return len(e.Poll) > 0 })
	eva.do(order{Do: "vote", Room: room, Target: poll.ID, Body: poll.Poll[0].ID + " " + poll.Poll[1].ID})
	maja.says(majasDirect, "", "!rösta 1")
	maja.reads(p.stage.Bot(), majasDirect, "är räknad")
	annas, err := anna.DirectRoomWith(p.ctx, p.stage.Bot())
	p.must(err)
	p.must(anna.WaitForMember(p.ctx, annas, p.stage.Bot(), "join"))
	p.says(anna, annas, "!rösta 2")
	p.sees(anna, annas, "är räknad")
	maja.says(room, "", "!prioritera avsluta")
	if result := eva.hears("Resultatet av omröstningen", ""); !strings.Contains(result.Body, "3 av 5 röstade") || strings.Count(result.Body, "2 röster") != 2 {
		t.Errorf("the result says:\n%s", result.Body)
	}

	// The plan.
	maja.asks(room, "!plan ny Natten | Ett nummer att ringa | Kommunen och regionen delar på det | Socialchefen | Före sommaren", "är med i planen")
	eva.asks(room, "!plan", "Ett nummer att ringa")
	maja.asks(room, "!plan godkänn", "")
	p.sees(p.nka, p.coord, "Ett nummer att ringa")

	// What they thought, without a name.
	maja.says(room, "", "!utvärdering skicka")
	eva.hears("fyra korta frågor", room)
	eva.says(direct, "", "3 4 2 4 Det bästa var att träffa andra")
	eva.reads(p.stage.Bot(), direct, "Nu är du klar")

	want := []string{"Någon att ringa när natten är lång.", "Ett nummer som alltid svarar.", "En kontaktperson som följer med till mötet.",
		"Grannen tittar in ibland, det betyder mer än hon vet.", "Sent från mig: en sjuksköterska som frågar hur jag mår."}
	m := p.minutes("vasteras", 1)
	if got := bodies(m, 1); !slices.Equal(got, want) {
		t.Errorf("the minutes have %q", got)
	}
	for _, e := range m.Prompts[0].Entries {
		switch meeting.EventID(e.ID) {
		case majas:
			if e.Support != 1 {
				t.Errorf("👍 was not counted: %+v", e)
			}
		case late:
			if !e.Late {
				t.Errorf("not told to be late: %+v", e)
			}
		}
	}
	eva.trusts(before)
	maja.trusts(before)
	p.allEncrypted(lena, room)
}

// trusts checks that the client could read all that the bot wrote, and that
// there was nothing to warn of. What was written before it came it cannot read.
func (c *independent) trusts(before ...meeting.EventID) {
	c.play.Helper()
	all := c.all()
	for _, e := range all {
		if e.Sender != c.play.stage.Bot() || slices.Contains(before, e.ID) {
			continue
		}
		read := func(later told) bool { return later.Event == "message" && later.ID == e.ID }
		switch {
		case e.Event == "plain" && e.Type != "m.reaction" && e.Type != "m.room.redaction":
			c.play.Errorf("the bot wrote in plain text: %s", e.line)
		case e.Event == "unreadable" && !slices.ContainsFunc(all, read):
			c.play.Errorf("the client could not read the bot: %s", e.line)
		case e.Event == "message" && (e.Shield != "" || e.Device == ""):
			c.play.Errorf("the client warns of the bot's message: %s", e.line)
		}
	}
}

package main_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"blnbot/internal/homeserver/stage"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// TestKeysWithheld: people's apps refuse the bot the keys of what they write,
// each for another reason. Each is told what to do about it, the leader sees how
// many replies cannot be read, and the log names the reason. Replies written with
// keys afterwards count.
func TestKeysWithheld(t *testing.T) { keysWithheld(newPlay(t)) }

func keysWithheld(p *play) {
	t := p.T
	lena := p.person("lena", "Lena Ledare")
	told := map[string]string{
		"m.unverified": "bara till enheter som är verifierade", "m.blacklisted": "har spärrat mig", "m.unauthorised": "att jag inte är med i rummet",
		"m.unavailable": "inte kvar nyckeln", "m.no_olm": "inte fått säker kontakt",
	}
	people := map[string]*person.Person{}
	var members []*person.Person
	for code := range told {
		people[code] = p.person(strings.NewReplacer("m.", "", "_", "").Replace(code), "Deltagare")
		members = append(members, people[code])
	}
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, members)
	p.must(err)
	p.begin(lena)
	p.says(lena, room, "!nästa")
	question := p.sees(lena, room, "Frågan.")
	written := map[string]meeting.EventID{}
	for code, who := range people {
		p.sees(who, room, "Frågan.")
		p.must(who.Withhold(p.ctx, p.stage.Bot(), code))
		written[code], err = who.SendThread(p.ctx, room, question.ID, "Ett svar utan nyckel.")
		p.must(err)
	}
	for code, who := range people {
		_, err := who.WaitFor(p.ctx, room, "⚠️", func(m person.Seen) bool { return m.ID == written[code] && len(m.Reactions["⚠️"]) == 1 })
		p.must(err)
		direct, err := who.WaitForInvite(p.ctx, p.stage.Bot())
		p.must(err)
		p.sees(who, direct.Room, told[code])
	}
	p.says(lena, room, "!status")
	p.sees(lena, room, "5 svar kunde inte läsas än")
	for code, who := range people {
		p.must(who.Withhold(p.ctx, p.stage.Bot(), ""))
		p.answers(who, room, question.ID, "Ett svar med nyckel.")
		if n := strings.Count(p.stage.Log.Text(), "withheld="+code); n != 1 {
			t.Errorf("the log names %s %d times", code, n)
		}
	}
	m := p.minutes("vasteras", 1)
	if m.Unreadable != len(told) || len(bodies(m, 1)) != len(told) {
		t.Errorf("%d unreadable, minutes %q", m.Unreadable, bodies(m, 1))
	}
}

// TestIdentityReset: somebody resets the account's identity from another client.
// The bot goes on, never overwrites the new identity, and says what is wrong; with
// the new recovery key it signs its device again.
func TestIdentityReset(t *testing.T) { identityReset(newPlay(t)) }

func identityReset(p *play) {
	t := p.T
	lena, anna := p.person("lena", "Lena Ledare"), p.person("anna", "Anna")
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, []*person.Person{anna})
	p.must(err)
	p.begin(lena)
	p.says(lena, room, "!nästa")
	question := p.sees(anna, room, "Frågan.")
	other, err := person.Login(p.ctx, person.Options{Homeserver: p.stage.Server.URL(), User: string(p.stage.Bot()), Password: stage.Password,
		ResetIdentity: true, IgnoreInvites: true})
	p.must(err)
	defer other.Close()
	p.answers(anna, room, question.ID, "Medan kontot har en ny identitet.")
	p.must(p.stage.StopBot())
	if said, err := p.stage.Run(p.ctx, "check", "--online"); err == nil || !strings.Contains(said, "not cross-signed") {
		t.Errorf("the check says %q, %v", said, err)
	}
	p.must(p.stage.StartBot(p.ctx))
	p.answers(anna, room, question.ID, "Efter omstarten.")
	if said := p.stage.Log.Text(); !strings.Contains(said, "no longer cross-signed") {
		t.Errorf("the log does not tell: %s", said)
	}
	p.must(p.stage.StopBot())
	p.must(os.WriteFile(filepath.Join(p.stage.Dir, "recovery-key"), []byte(other.RecoveryKey()+"\n"), 0o600))
	p.must(p.stage.StartBot(p.ctx))
	phone, err := person.Login(p.ctx, person.Options{
		Homeserver: p.stage.Server.URL(), User: "anna", Password: stage.Password, RecoveryKey: anna.RecoveryKey(), OnlyVerified: true,
	})
	p.must(err)
	defer phone.Close()
	p.answers(phone, room, question.ID, "Bara till signerade enheter.")
	p.must(p.stage.StopBot())
	if said, err := p.stage.Run(p.ctx, "check", "--online"); err != nil {
		t.Errorf("the check says %q, %v", said, err)
	}
}

// TestOneTimeKeysUsedUp: while the bot was away, others have used up the keys with
// which a new device can begin to talk to it. What such a device wrote cannot be
// read, and that is told; when the bot is back there are new keys.
func TestOneTimeKeysUsedUp(t *testing.T) { oneTimeKeysUsedUp(newPlay(t)) }

func oneTimeKeysUsedUp(p *play) {
	t := p.T
	lena, anna := p.person("lena", "Lena Ledare"), p.person("anna", "Anna")
	room, err := p.stage.Network(p.ctx, "vasteras", "Västerås", true, lena, []*person.Person{anna})
	p.must(err)
	p.begin(lena)
	p.says(lena, room, "!nästa")
	question := p.sees(anna, room, "Frågan.")
	p.answers(anna, room, question.ID, "Innan boten var borta.")
	p.must(p.stage.StopBot())
	n, err := lena.UseUpKeys(p.ctx, p.stage.Bot())
	p.must(err)
	if n == 0 {
		t.Fatal("the bot had no keys to begin with")
	}
	phone, err := person.Login(p.ctx, person.Options{
		Homeserver: p.stage.Server.URL(), User: "anna", Password: stage.Password, RecoveryKey: anna.RecoveryKey(),
	})
	p.must(err)
	defer phone.Close()
	lost, err := phone.SendThread(p.ctx, room, question.ID, "Från en ny telefon, utan nyckel.")
	p.must(err)
	p.must(p.stage.StartBot(p.ctx))
	_, err = phone.WaitFor(p.ctx, room, "⚠️", func(m person.Seen) bool { return m.ID == lost && len(m.Reactions["⚠️"]) == 1 })
	p.must(err)
	p.must(phone.Withhold(p.ctx, "", "")) // as clients do that try again to reach a device
	p.answers(phone, room, question.ID, "Från den nya telefonen.")
	p.answers(anna, room, question.ID, "Från den gamla.")
	m := p.minutes("vasteras", 1)
	if want := []string{"Innan boten var borta.", "Från den nya telefonen.", "Från den gamla."}; !slices.Equal(bodies(m, 1), want) || m.Unreadable != 1 {
		t.Errorf("%d unreadable, minutes %q", m.Unreadable, bodies(m, 1))
	}
}

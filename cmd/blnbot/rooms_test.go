package main_test

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// network makes a network's room with a leader and one member.
func (p *play) network(id, name string) (room meeting.RoomID, leader, member *person.Person) {
	p.Helper()
	leader, member = p.person("lena", "Lena Ledare"), p.person("anna", "Anna Svensson")
	room, err := p.stage.Network(p.ctx, id, name, true, leader, []*person.Person{member})
	p.must(err)
	return room, leader, member
}

// opened opens a meeting and returns its first question.
func (p *play) opened(leader *person.Person, room meeting.RoomID) person.Seen {
	p.Helper()
	p.sees(leader, room, "Jag heter BLN-boten")
	p.says(leader, room, "!nästa")
	return p.sees(leader, room, "Frågan.")
}

// minutesHave compares the texts of the first question's entries.
func (p *play) minutesHave(network string, want ...string) {
	p.Helper()
	if got := bodies(p.minutes(network, 1), 1); !slices.Equal(got, want) {
		p.Errorf("the minutes have %q, not %q", got, want)
	}
}

// levels changes the room's power levels.
func (p *play) levels(who *person.Person, room meeting.RoomID, change func(map[string]any)) {
	p.Helper()
	content, err := who.State(p.ctx, room, "m.room.power_levels", "")
	p.must(err)
	change(content)
	_, err = who.SendState(p.ctx, room, "m.room.power_levels", "", content)
	p.must(err)
}

// usersIn is the part of power levels that is about single users.
func usersIn(levels map[string]any) map[string]any {
	users, _ := levels["users"].(map[string]any)
	if users == nil {
		users = map[string]any{}
		levels["users"] = users
	}
	return users
}

func TestRoomInvitations(t *testing.T) { roomInvitations(newPlay(t)) }

func roomInvitations(p *play) {
	t := p.T
	room, lena, anna := p.network("vasteras", "Västerås")
	mia := p.person("mia", "Mia")
	p.begin(lena)
	p.sees(anna, room, "Jag heter BLN-boten")
	invite := func(who *person.Person, direct bool, want string) {
		t.Helper()
		other, err := who.CreateRoom(p.ctx, person.Room{Name: "Annat", Encrypted: true, Direct: direct, Invite: []meeting.UserID{p.stage.Bot()}})
		p.must(err)
		p.must(who.WaitForMember(p.ctx, other, p.stage.Bot(), want))
	}
	invite(p.nka, false, "join")
	invite(lena, false, "join")
	invite(anna, true, "join")
	invite(anna, false, "leave")
	invite(mia, true, "leave")
	invite(mia, false, "leave")
}

// TestRoomKickedAndBanned: removed from a room the bot tells it once and goes
// on elsewhere; invited again it goes on there too. What members wrote while it
// was in the room is in the minutes, even if it was off when they wrote and was
// removed before it came back.
func TestRoomKickedAndBanned(t *testing.T) { roomKickedAndBanned(newPlay(t)) }

func roomKickedAndBanned(p *play) {
	t := p.T
	room, lena, anna := p.network("vasteras", "Västerås")
	other, _, _ := p.network("arvika", "Arvika")
	p.begin(lena)
	question := p.opened(lena, room)
	p.answers(anna, room, question.ID, "Före allt.")

	p.must(lena.Kick(p.ctx, room, p.stage.Bot()))
	p.sees(p.nka, p.coord, "tagits bort ur rummet för Västerås")
	p.says(lena, other, "!nästa")
	p.sees(anna, other, "Frågan.")
	p.must(lena.Invite(p.ctx, room, p.stage.Bot()))
	p.must(lena.WaitForMember(p.ctx, room, p.stage.Bot(), "join"))
	p.answers(anna, room, question.ID, "Efter återkomsten.")

	p.must(lena.Ban(p.ctx, room, p.stage.Bot()))
	_, err := p.nka.WaitUntil(p.ctx, p.coord, "the second alert", func(seen []person.Seen) bool {
		alerts := 0
		for _, m := range seen {
			if strings.Contains(m.Body, "tagits bort ur rummet för Västerås") {
				alerts++
			}
		}
		return alerts == 2
	})
	p.must(err)
	p.must(lena.WaitForMember(p.ctx, room, p.stage.Bot(), "ban"))
	p.must(lena.Unban(p.ctx, room, p.stage.Bot()))
	p.must(lena.Invite(p.ctx, room, p.stage.Bot()))
	p.must(lena.WaitForMember(p.ctx, room, p.stage.Bot(), "join"))
	p.answers(anna, room, question.ID, "Efter avstängningen.")

	p.must(p.stage.StopBot())
	_, err = anna.SendThread(p.ctx, room, question.ID, "När boten var avstängd.")
	p.must(err)
	p.must(lena.Kick(p.ctx, room, p.stage.Bot()))
	_, err = anna.SendThread(p.ctx, room, question.ID, "När boten inte var i rummet.")
	p.must(err)
	p.must(lena.Invite(p.ctx, room, p.stage.Bot()))
	p.must(p.stage.StartBot(p.ctx))
	p.must(lena.WaitForMember(p.ctx, room, p.stage.Bot(), "join"))
	p.answers(anna, room, question.ID, "Till sist.")
	p.minutesHave("vasteras", "Före allt.", "Efter återkomsten.", "Efter avstängningen.", "När boten var avstängd.", "Till sist.")
	if n := p.count(p.nka, p.coord, "tagits bort ur rummet för Västerås"); n != 3 {
		t.Errorf("staff were told %d times", n)
	}
	if n := p.count(p.nka, p.coord, "Jag får inte skriva"); n != 0 {
		t.Errorf("staff were told %d times that the bot may not write where it is not", n)
	}
}

// TestRoomRights: while the bot may not write, a meeting's questions wait, and
// come as soon as it may.
func TestRoomRights(t *testing.T) { roomRights(newPlay(t)) }

func roomRights(p *play) {
	t := p.T
	room, lena, anna := p.network("vasteras", "Västerås")
	p.begin(lena)
	p.sees(lena, room, "Jag heter BLN-boten")
	p.levels(lena, room, func(c map[string]any) { usersIn(c)[string(p.stage.Bot())] = -1 })
	p.says(lena, room, "!nästa")
	p.sees(p.nka, p.coord, "Jag får inte skriva i nätverket Västerås")
	if n := p.count(lena, room, "Frågan."); n != 0 {
		t.Fatal("the right was not taken away")
	}
	p.must(p.stage.KillBot())
	p.must(p.stage.StartBot(p.ctx))
	p.levels(lena, room, func(c map[string]any) { delete(usersIn(c), string(p.stage.Bot())) })
	question := p.sees(anna, room, "Frågan.")
	p.answers(anna, room, question.ID, "Nu går det.")
	for _, text := range []string{"Möte 1 av 6", "Frågan."} {
		if n := p.count(lena, room, text); n != 1 {
			t.Errorf("%q was posted %d times", text, n)
		}
	}
	if n := p.count(p.nka, p.coord, "Jag får inte"); n != 1 {
		t.Errorf("staff were told %d times", n)
	}
}

// TestRoomUpgraded: the bot follows a true upgrade, and no forged one. In rooms of
// version 12 who makes them stands above all levels, and ids name no server.
func TestRoomUpgraded(t *testing.T)         { roomUpgraded(newPlay(t), "11") }
func TestRoomUpgradedToTwelve(t *testing.T) { roomUpgraded(newPlay(t), "12") }

func roomUpgraded(p *play, version string) {
	t := p.T
	old, lena, anna := p.network("vasteras", "Västerås")
	p.begin(lena)
	question := p.opened(lena, old)
	p.answers(anna, old, question.ID, "I det gamla rummet.")

	room, err := lena.Upgrade(p.ctx, old, version)
	p.must(err)
	create, err := lena.State(p.ctx, room, "m.room.create", "")
	p.must(err)
	if create["room_version"] != version {
		t.Fatalf("the new room is made with %v", create)
	}
	p.must(lena.Invite(p.ctx, room, anna.ID()))
	p.must(lena.WaitForMember(p.ctx, room, anna.ID(), "join"))
	p.must(lena.Invite(p.ctx, room, p.stage.Bot()))
	anew := p.sees(anna, room, "Frågan.")
	p.answers(anna, room, anew.ID, "I det nya rummet.")
	if n := p.count(p.nka, p.coord, "bytts ut"); n != 0 {
		t.Error("staff were told of a true upgrade as of a false one")
	}

	p.must(p.stage.KillBot())
	p.must(p.stage.StartBot(p.ctx))
	p.answers(anna, room, anew.ID, "Efter en omstart.")

	forged, err := lena.CreateRoom(p.ctx, person.Room{Name: "Falskt", Encrypted: true, Invite: []meeting.UserID{p.stage.Bot()}})
	p.must(err)
	p.must(lena.WaitForMember(p.ctx, forged, p.stage.Bot(), "join"))
	_, err = lena.SendState(p.ctx, room, "m.room.tombstone", "", map[string]any{"body": "", "replacement_room": string(forged)})
	p.must(err)
	p.sees(p.nka, p.coord, "det nya rummet stämmer inte")
	p.answers(anna, room, anew.ID, "Efter bluffen.")
	if n := p.count(lena, forged, "Frågan."); n != 0 {
		t.Error("the bot followed")
	}
	p.minutesHave("vasteras", "I det gamla rummet.", "I det nya rummet.", "Efter en omstart.", "Efter bluffen.")
	p.allEncrypted(lena, room)
}

// TestRoomAliasMoved: an alias that leads to another room is followed once
// staff or a leader have let the bot in there. The new room is one of version
// 12, whose creator stands above all levels.
func TestRoomAliasMoved(t *testing.T) { roomAliasMoved(newPlay(t)) }

func roomAliasMoved(p *play) {
	t := p.T
	old, lena, anna := p.network("vasteras", "Västerås")
	p.begin(lena)
	question := p.opened(lena, old)
	p.answers(anna, old, question.ID, "I det gamla rummet.")
	room, err := lena.CreateRoom(p.ctx, person.Room{Name: "Nytt", Encrypted: true, Version: "12", Invite: []meeting.UserID{anna.ID()},
		PowerLevels: map[meeting.UserID]int{anna.ID(): 50}})
	p.must(err)
	p.must(lena.WaitForMember(p.ctx, room, anna.ID(), "join"))
	p.must(lena.SetAlias(p.ctx, p.stage.Server.Alias("bln-vasteras"), room))
	p.must(p.stage.Signal(syscall.SIGHUP))
	p.sees(p.nka, p.coord, "Jag kommer inte in i rummet för Västerås")
	p.answers(anna, old, question.ID, "Så länge.")

	p.must(lena.Invite(p.ctx, room, p.stage.Bot()))
	p.must(lena.WaitForMember(p.ctx, room, p.stage.Bot(), "join"))
	p.must(p.stage.Signal(syscall.SIGHUP))
	p.sees(p.nka, p.coord, "Rummet för Västerås är ett annat nu")
	anew := p.sees(anna, room, "Frågan.")
	p.answers(anna, room, anew.ID, "I det nya rummet.")
	p.minutesHave("vasteras", "I det gamla rummet.", "Så länge.", "I det nya rummet.")
	p.must(p.stage.StopBot())
	out, err := p.stage.Run(p.ctx, "check", "--online")
	if err != nil || strings.Contains(out, "FAULT") {
		t.Errorf("check --online: %v\n%s", err, out)
	}
}

// TestNetworkTakenOut: a network that leaves the configuration in the middle of
// a meeting is finished.
func TestNetworkTakenOut(t *testing.T) {
	p := newPlay(t)
	p.network("arvika", "Arvika")
	room, lena, anna := p.network("vasteras", "Västerås")
	p.begin(lena)
	question := p.opened(lena, room)
	p.answers(anna, room, question.ID, "Före.")
	text, err := os.ReadFile(p.stage.ConfigFile())
	p.must(err)
	all := string(text)
	p.must(os.WriteFile(p.stage.ConfigFile(), []byte(all[:strings.Index(all, "- id: vasteras")]), 0o600))
	p.must(p.stage.Signal(syscall.SIGHUP))
	p.sees(p.nka, p.coord, "Västerås finns inte längre i inställningarna, men möte 1 är öppet")
	p.answers(anna, room, question.ID, "Efter.")
	p.must(p.stage.KillBot())
	p.must(p.stage.StartBot(p.ctx))
	p.says(lena, room, "!avsluta")
	draft := p.sees(lena, room, "Förslag till sammanfattning, möte 1")
	p.reacts(lena, room, draft.ID, "✅")
	p.sees(p.nka, p.coord, "Västerås, möte 1")
	p.says(lena, room, "!nästa")
	p.sees(lena, room, "inte längre")
	if n := p.count(p.nka, p.coord, "finns inte längre i inställningarna"); n != 1 {
		t.Errorf("staff were told %d times", n)
	}
}

// TestTwoNetworksOneRoom: the configuration refuses one alias for two networks;
// two aliases of one room are told to staff, and the first network has it.
func TestTwoNetworksOneRoom(t *testing.T) {
	p := newPlay(t)
	room, lena, anna := p.network("vasteras", "Västerås")
	p.network("arvika", "Arvika")
	p.must(lena.SetAlias(p.ctx, p.stage.Server.Alias("bln-arvika"), room))
	p.begin(lena)
	p.sees(p.nka, p.coord, "Rummet för Arvika är också ett annat nätverks rum")
	question := p.opened(lena, room)
	p.answers(anna, room, question.ID, "Ett svar.")
	p.minutesHave("vasteras", "Ett svar.")
	text, err := os.ReadFile(p.stage.ConfigFile())
	p.must(err)
	p.must(os.WriteFile(p.stage.ConfigFile(), []byte(strings.ReplaceAll(string(text), "bln-arvika", "bln-vasteras")), 0o600))
	out, err := p.stage.Run(p.ctx, "check")
	if err == nil || !strings.Contains(out, "is taken by another network, on line") {
		t.Errorf("check says: %v\n%s", err, out)
	}
}

package main

import (
	"embed"
	"fmt"
	"strings"
	"time"
)

// member is somebody who takes part.
type member struct {
	user string // localpart
	name string // display name
	is   string // who that is, for people who join the play
}

// cast is a network, or the coordination room: whom it has, and what they do.
type cast struct {
	id, name string
	leader   member
	members  []member // the first one is the one whose view is shown
	scripts  []string // files, played one after the other
}

// everybody lists the leader and the members.
func (c cast) everybody() []member { return append([]member{c.leader}, c.members...) }

//go:embed scripts/*.txt
var scripts embed.FS

// nka is who follows the networks from the coordination room.
func nka() member {
	return member{"nina", "Nina Åström", "Nka, in the coordination room"}
}

// casts are the networks: three with all six meetings, or, in the short form,
// two with the first two.
func casts(short bool) []cast {
	out := []cast{vasteras(), arvika(), lulea()}
	if short {
		out = out[:2]
	}
	for i, c := range out {
		end := "-2.txt"
		if short {
			end = "-short.txt"
		}
		out[i].scripts = []string{c.id + "-1.txt", c.id + end}
	}
	return out
}

// coordination is the coordination room, with Nka in the leader's place.
func coordination(networks []cast, short bool) cast {
	c := cast{id: "samordning", name: "Samordning (coordination room)", leader: nka(), scripts: []string{"samordning.txt"}}
	if short {
		c.scripts = []string{"samordning-short.txt"}
	}
	for _, n := range networks {
		c.members = append(c.members, n.leader)
	}
	return c
}

func vasteras() cast {
	return cast{
		id: "vasteras", name: "Västerås",
		leader: member{"lena", "Lena Lindqvist", "leads the network, support worker for carers"},
		members: []member{
			{"anna", "Anna Sjölund", "carer, mother of a grown-up son"},
			{"yusuf", "Yusuf Demir", "carer, brother"},
			{"gunilla", "Gunilla Ahlström", "carer, wife"},
			{"mikael", "Mikael Thorsell", "professional, addiction clinic"},
			{"birgitta", "Birgitta Hallgren", "manager, social services"},
			{"hakan", "Håkan Wallin", "politician, chairs the committee; has set no role"},
			{"peter", "Peter Oskarsson", "voluntary organisation, parents' association"},
		},
	}
}

func arvika() cast {
	return cast{
		id: "arvika", name: "Arvika",
		leader: member{"maria", "Maria Ekdahl", "leads the network, support worker for carers"},
		members: []member{
			{"kerstin", "Kerstin Norling", "carer, mother"},
			{"tomas", "Tomas Hedlund", "carer, father"},
			{"elin", "Elin Dahlberg", "carer, grown-up daughter"},
			{"jonas", "Jonas Frykman", "professional, psychiatric nurse"},
			{"susanne", "Susanne Brolin", "manager, home care"},
			{"bengt", "Bengt-Åke Persson", "politician, municipal board; has set no role"},
			{"farida", "Farida Rahimi", "voluntary organisation, meeting place"},
		},
	}
}

func lulea() cast {
	return cast{
		id: "lulea", name: "Luleå",
		leader: member{"sofia", "Sofia Niemi", "leads the network, works for the region"},
		members: []member{
			{"aila", "Aila Kitti", "carer, sister"},
			{"rolf", "Rolf Stenmark", "carer, father"},
			{"samira", "Samira Haddad", "professional, social worker"},
			{"katarina", "Katarina Öhman", "politician, regional council"},
			{"gunbritt", "Gun-Britt Ylipää", "voluntary organisation, study circles"},
		},
	}
}

// outsiders are the names of people who are only talked about.
func outsiders() []string { return []string{"Kamal", "Marklund"} }

// leadersMeetings are the lines of the coordination room's configuration that
// say when the leaders meet Nka about the first round, so that the agenda comes
// at once, and when the weekly overview comes: within two minutes.
func leadersMeetings(now time.Time) []string {
	weekly := now.Add(80 * time.Second).Truncate(time.Minute)
	day := func(days int) string { return now.AddDate(0, 0, days).Format("2006-01-02") + " 13:00" }
	return []string{
		"weekly: " + strings.ToUpper(weekly.Format("Mon")) + weekly.Format(" 15:04"),
		"meetings:",
		"  - programme: samsjuklighet",
		"    round: 1",
		fmt.Sprintf("    before: %q", day(1)),
		fmt.Sprintf("    after: %q", day(21)),
		"    link: https://example.se/video/bln",
	}
}

// dates are the lines of a network's configuration that say when its meetings
// open: on Tuesdays, from next week on, so that none opens during the play.
func dates(now time.Time) []string {
	day := now.AddDate(0, 0, 7)
	for day.Weekday() != time.Tuesday {
		day = day.AddDate(0, 0, 1)
	}
	lines := []string{"  open_for: 5d", "  calendar: true", "  dates:"}
	for n := range 6 {
		lines = append(lines, fmt.Sprintf("    - %q", day.AddDate(0, 0, 14*n).Format("2006-01-02")+" 17:00"))
	}
	return lines
}

package main

import (
	"embed"
	"fmt"
	"time"
)

// member is somebody who takes part.
type member struct {
	user string // localpart
	name string // display name
	is   string // who that is, for people who join the play
}

// cast is a network: whom it has, and what they do.
type cast struct {
	id, name string
	leader   member
	members  []member // the first one is the one whose view is shown
	script   string   // file
}

// everybody lists the leader and the members.
func (c cast) everybody() []member { return append([]member{c.leader}, c.members...) }

//go:embed vasteras.txt arvika.txt
var scripts embed.FS

// nka is who follows the networks from the coordination room.
func nka() member {
	return member{"nina", "Nina Åström", "Nka, in the coordination room"}
}

func casts() []cast {
	return []cast{{
		id: "vasteras", name: "Västerås", script: "vasteras.txt",
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
	}, {
		id: "arvika", name: "Arvika", script: "arvika.txt",
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
	}}
}

// dates are the lines of a network's configuration that say when its meetings
// open: on Tuesdays, from next week on, so that none opens during the play.
func dates(now time.Time) []string {
	day := now.AddDate(0, 0, 7)
	for day.Weekday() != time.Tuesday {
		day = day.AddDate(0, 0, 1)
	}
	lines := []string{"  open_for: 5d", "  dates:"}
	for n := range 6 {
		lines = append(lines, fmt.Sprintf("    - %q", day.AddDate(0, 0, 14*n).Format("2006-01-02")+" 17:00"))
	}
	return lines
}

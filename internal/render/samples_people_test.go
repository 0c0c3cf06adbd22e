package render

import (
	"time"

	"blnbot/internal/meeting"
)

func peopleSamples(loc *time.Location) []sample {
	closes := at(loc, time.September, 13, 18)
	anna := Person{Name: "Anna *Svensson*", ID: "@anna:example.se", Role: meeting.RoleCarer}
	bo := Person{Name: "Bo", ID: "@bo:example.se"}
	lena := Person{Name: "Lena", ID: "@lena:example.se", Leader: true}
	per := Person{Name: "Per", ID: "@per:example.se", Leader: true, Role: meeting.RoleManager}
	return []sample{
		{text: "usage_members"}, {text: "does_members"}, {text: "usage_away"}, {text: "does_away"},
		{text: "away_nobody"}, {text: "back"}, {text: "not_away"},
		{"away", "", Problem{Names: []string{"Per", "Eva"}, When: closes}},
		{"bad_away", "", Problem{When: closes}}, {"bad_away", "word", Problem{Word: "31/2", When: closes}},
		{"bad_away", "past", Problem{Word: "2026-09-01", Code: "past", When: closes}},
		{"bad_away", "far", Problem{Word: "2036-09-01", Code: "far", When: closes}},
		{"welcome", "", Welcome{Network: "Västerås", Leaders: []string{"Lena"}, Number: 2, Title: "Vad fungerar bra i dag?", Closes: closes,
			Prompts: []Prompt{{Number: 1, Text: "Vad fungerar bra hos er?"}, {Number: 2, Text: "Varför fungerar det?"}}}},
		{"welcome", "role", Welcome{Network: "Västerås", Leaders: []string{"Lena"}, Role: meeting.RoleCarer, Number: 1, Title: "Vilket stöd betyder mest?",
			Closes: closes, Prompts: []Prompt{{Number: 1, Text: "Vilket stöd betyder mest?", Only: true}}}},
		{"welcome", "leader", Welcome{Network: "Västerås", Leader: true}},
		{"welcome", "no_leaders", Welcome{Network: "Västerås"}},
		{"welcome_agreed", "", Opening{Number: 1, Title: "Vilket stöd betyder mest?", Recap: []meeting.Point{{Text: "Avlastning på helger."}, {Text: "Någon att ringa."}}}},
		{"role_set_for", "", anna}, {"role_nobody", "", Problem{Word: "@carl:example.se"}},
		{"left", "", Problem{Network: "Västerås", Word: "Anna"}},
		{"members", "", Members{Network: "Västerås", In: []Person{anna, bo, lena, per}, Invited: []Person{{Name: "carl", ID: "@carl:example.se"}}, NoRole: bo.ID}},
		{"members", "none", Members{Network: "Arvika"}},
	}
}

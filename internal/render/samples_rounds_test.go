package render

import (
	"fmt"
	"time"

	"blnbot/internal/meeting"
)

func roundSamples(loc *time.Location) []sample {
	made := at(loc, time.September, 14, 9)
	full := compilationSample(made)
	one := Compilation{Programme: "Nära vård", Number: 1, Title: "Vilket stöd betyder mest?", Networks: full.Networks[:1], Prompts: []CompiledPrompt{
		{Number: 1, Text: "Vilket stöd betyder mest?", Own: []Theme{own("Västerås", "Avlastning på helger.")}},
		{Number: 2, Text: "Vad saknas?", Silent: []string{"Västerås"}},
		{Number: 3, Text: "Något mer?"},
	}}
	return []sample{
		{text: "usage_compile"}, {text: "does_compile"}, {text: "not_staff"}, {text: "no_programme"}, {text: "status_none"},
		{"which_programme", "", Problem{Names: []string{"nara-vard", "samsjuklighet"}, Number: 2}},
		{"which_programme", "word", Problem{Word: "kaffe", Names: []string{"nara-vard", "samsjuklighet"}, Number: 2}},
		{"which_programme", "number", Problem{Suggest: "nara-vard", Number: 1}},
		{"which_programme", "one", Problem{Names: []string{"samsjuklighet"}, Number: 1}},
		{"no_such_round", "", Problem{Word: "31", Max: 6}}, {"no_such_round", "one", Problem{Word: "2", Max: 1}},
		{"compile_nothing", "", Problem{Number: 2}},
		{"compiled", "", Problem{Number: 2, Version: 1}}, {"compiled", "again", Problem{Number: 2, Version: 2}},
		{"agenda", "", agendaSample(loc)}, {"agenda", "short", Agenda{Number: 1, Title: "Stöd", After: true, When: made, Again: true}},
		{"agenda", "opens", Agenda{Number: 1, Title: "Stöd", When: made, Opens: agendaSample(loc).Opens}},
		{"leaders_when", "", LeadersMeeting{Number: 2}}, {"leaders_when", "after", LeadersMeeting{Number: 2, After: true}},
		{"leaders_moved", "", LeadersMeeting{Number: 2, When: made}}, {"leaders_moved", "link", LeadersMeeting{Number: 2, After: true, When: made, Link: "https://example.se/video"}},
		{"leaders_dropped", "", LeadersMeeting{Number: 2, When: made}},
		{"leaders_event", "", LeadersMeeting{Number: 2}}, {"leaders_event", "dropped", LeadersMeeting{Number: 2, Dropped: true}},
		{"leaders_file", "", LeadersMeeting{Number: 2}}, {"leaders_file", "after", LeadersMeeting{Number: 2, After: true}},
		{"matter", "", Matter{Number: 2, Code: "closed"}}, {"matter", "open", Matter{Number: 2, Code: "open"}}, {"matter", "missed", Matter{Number: 2, Code: "missed"}},
		{"matter", "planned", Matter{Number: 2, Code: "planned"}}, {"matter", "followup", Matter{Code: "followup"}},
		{"open_questions", "", OpenQuestions{Number: 2, Title: "Vad fungerar bra i dag?", Matters: agendaSample(loc).Matters}},
		{"open_questions", "none", OpenQuestions{Number: 2, Title: "Vad fungerar bra i dag?", After: true}},
		{"calendar_title", "", CalendarMeeting{Network: "Västerås", Number: 2, Title: "Vad fungerar bra i dag?"}},
		{"calendar_title", "dropped", CalendarMeeting{Network: "Västerås", Number: 2, Title: "Vad fungerar bra i dag?", Dropped: true}},
		{"calendar_moved", "", CalendarMeeting{Number: 2, When: made}},
		{text: "calendar_text"}, {"calendar_file", "", CalendarMeeting{Number: 2}}, {"calendar_cancelled", "", CalendarMeeting{Number: 2}},
		{"status_table", "gaps", StatusTable{Part: 1, Of: 1, Groups: []StatusGroup{{Networks: []Status{{Network: "Lund", Lost: 2}, {Network: "Ystad", Unreadable: 1}}}}}},
		{"compiled_already", "", Problem{Number: 2, Version: 1}},
		{"compile_more", "", Problem{Network: "Arvika", Number: 2, Word: "samsjuklighet 2"}},
		{"some_networks", "", Names{Few: []string{"Arvika", "Luleå", "Kalmar", "Lund", "Ystad", "Visby"}, More: 54}},
		{"compilation", "", full}, {"compilation", "one", one}, {"compilation", "all", Compilation{Number: 1, Title: "Stöd", Networks: full.Networks, Prompts: []CompiledPrompt{manyThemes(), {Number: 2, Text: "Vad saknas?", Shared: manyThemes().Shared[:1]},
			{Number: 3, Text: "Vad mer?", Own: full.Prompts[0].Own[:2]}, {Number: 4, Text: "Varför?", Own: []Theme{full.Prompts[0].Own[0], full.Prompts[0].Own[4]}}}}},
		{"compilation", "three", Compilation{Number: 1, Title: "Stöd", Networks: append(full.Networks, full.Networks[0]), Prompts: []CompiledPrompt{{Number: 1, Text: "Vad saknas?"}}}},
		{"compilation_document", "", full}, {"compilation_document", "one", one}, {"compilation_document", "all", Compilation{Programme: "Samsjuklighet", Number: 1, Title: "Stöd", Networks: full.Networks, Prompts: []CompiledPrompt{{Number: 1, Text: "Vad mer?", Own: full.Prompts[0].Own}}}},
		{"compilation_title", "", full}, {"compilation_file", "", full},
	}
}

func voice(network, text string, role meeting.Role, support int) Voice {
	return Voice{Network: network, Point: meeting.Point{Text: text, Role: role, Support: support}}
}

func own(network, text string) Theme {
	return Theme{Text: text, Networks: []string{network}, Support: 1, Voices: []Voice{voice(network, text, meeting.RoleUnknown, 1)}}
}

// manyThemes are more themes than the message has room for.
func manyThemes() CompiledPrompt {
	p := CompiledPrompt{Number: 1, Text: "Vad kan vara ett bra stöd?"}
	for i := range 7 {
		t := own("Arvika", fmt.Sprintf("Förslag nummer %d.", i+1))
		t.Networks = []string{"Arvika", "Luleå"}
		p.Shared = append(p.Shared, t)
	}
	return p
}

func compilationSample(made time.Time) Compilation {
	edited := voice("Luleå", "Någon som svarar när det är *akut*.", meeting.RoleUnknown, 1)
	edited.Edited = true
	return Compilation{Programme: "Samsjuklighet", Number: 2, Title: "Vad fungerar bra i dag?", Version: 2, Made: made,
		Networks: []CompiledNetwork{
			{Name: "Västerås", Entries: 17, Participants: meeting.RoleCount{meeting.RoleCarer: 4, meeting.RoleUnknown: 2}},
			{Name: "Luleå", Entries: 3, Participants: meeting.RoleCount{meeting.RoleUnknown: 3}},
		},
		Missing: []string{"Arvika", "Kalmar"},
		Prompts: []CompiledPrompt{
			{Number: 1, Text: "Vad fungerar bra hos er?", Shared: []Theme{{Text: "Kontaktpersonen svarar när det är akut.", Networks: []string{"Västerås", "Luleå"}, Support: 5,
				Voices: []Voice{voice("Västerås", "Kontaktpersonen svarar när det är akut.", meeting.RoleCarer, 4), edited}}},
				Own: []Theme{own("Västerås", "Anhöriggruppen på kvällstid."), own("Västerås", "Avlastning på helger."), own("Västerås", "Träffarna i parken."),
					own("Västerås", "Kommunens hemsida."), {Text: edited.Text, Networks: []string{"Luleå"}, Voices: []Voice{edited}}}},
			{Number: 2, Text: "Varför fungerar det?", Networks: []string{"Luleå"}, Silent: []string{"Luleå"}},
		}}
}

func agendaSample(loc *time.Location) Agenda {
	return Agenda{Number: 2, Title: "Vad fungerar bra i dag?", When: at(loc, time.September, 9, 13), Link: "https://example.se/video",
		Opens: []OpensAt{{"Västerås", at(loc, time.September, 15, 17)}, {"Arvika", time.Time{}}}, MoreOpens: 3,
		Prompts: []string{"Vad fungerar bra hos er?", "Varför fungerar det?"},
		Matters: []Matter{{1, "closed", []string{"Luleå"}}, {1, "missed", []string{"Kalmar", "Lund"}}, {0, "followup", []string{"Ystad"}}},
		Themes:  []Theme{{Text: "Någon som *svarar* när det är akut.", Networks: []string{"Västerås", "Arvika"}}}, ThemesOf: 1}
}

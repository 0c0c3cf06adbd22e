package render

import (
	"time"

	"blnbot/internal/meeting"
)

func reportSamples(loc *time.Location) []sample {
	draft := reportSample(loc)
	final := draft
	final.Published, final.Signed = at(loc, time.December, 14, 10), 2
	corrected := final
	corrected.Corrected, corrected.Made = true, at(loc, time.December, 16, 10)
	small := Report{ID: "prov", Programme: "Prov", Version: 2, Made: draft.Made, Networks: []ReportNetwork{{ID: "kalmar", Name: "Kalmar",
		Meetings: []ReportMeeting{{Number: 1, Title: "Enda mötet", State: meeting.StateShared, Opened: draft.Made, Closed: draft.Made, Summary: &Summary{
			Participants: meeting.RoleCount{}}}}, Poll: &ReportPoll{Votes: Votes{Voters: 3, Areas: []AreaVotes{{"Avlastning", 3}, {"Kontakt", 1}}}}}}, Meetings: []meeting.ProgrammeMeeting{{Title: "Enda mötet", Prompts: []string{"Vad?"}}}}
	bare := Report{ID: "prov", Programme: "Prov", Version: 2, Made: draft.Made, Meetings: []meeting.ProgrammeMeeting{{Title: "Två", Prompts: []string{"Vad?"}}, {Title: "Möten"}},
		Rounds: []Compilation{{Number: 1, Title: "Två", Prompts: []CompiledPrompt{{Number: 1, Text: "Vad?", Shared: draft.Rounds[0].Prompts[0].Shared}}}},
		Networks: []ReportNetwork{{ID: "kalmar", Name: "Kalmar", Evaluation: &ReportEvaluation{Asked: 8, Answered: 5}, Meetings: []ReportMeeting{
			{Number: 1, Title: "Två", State: meeting.StateShared, Opened: draft.Made, Closed: draft.Made, Summary: &Summary{}}, {Number: 2, Title: "Möten", State: meeting.StateMissed}}}}}
	waits := SignOffs{Report: draft, Title: "Samsjuklighet", Given: []string{"Västerås"}, Asked: []string{"Luleå"}, Objected: []string{"Arvika"}, Word: "Västerås"}
	first := SignOffs{Report: draft, Title: "Samsjuklighet", Asked: []string{"Västerås", "Arvika", "Luleå"}, Newer: true, Staff: true, Word: "Arvika"}
	all := SignOffs{Report: draft, Title: "Samsjuklighet", Given: []string{"Västerås", "Arvika", "Luleå"}, Staff: true}
	out := SignOffs{Report: final, Title: "Samsjuklighet", Given: []string{"Västerås", "Arvika"}, Asked: []string{"Luleå"}, Reason: "Ledaren i Luleå har *slutat*.",
		Deletions: []Deletion{{Network: "Västerås", When: at(loc, time.December, 31, 9)}}, Word: "Luleå"}
	fixed := out
	fixed.Report = corrected
	tiny := SignOffs{Report: small, Title: "Prov", Asked: []string{"Kalmar"}}
	samples := []sample{
		{text: "usage_report"}, {text: "does_report"}, {text: "report_none"}, {text: "report_nothing"}, {text: "report_not_yours"}, {text: "report_not_asked"},
		{"report_form", "", Problem{Word: "puplicera"}}, {"report_which", "", Problem{Names: []string{"nara-vard", "samsjuklighet"}}},
		{"report_made", "", Problem{Version: 2}}, {"report_old", "", Problem{Version: 2}},
		{"report_nudge", "", Problem{Network: "Luleå", When: at(loc, time.December, 3, 10)}},
		{"report_published_already", "", Problem{When: at(loc, time.December, 14, 10)}},
		{"report_draft", "", waits}, {"report_draft", "first", first}, {"report_draft", "all", all}, {"report_draft", "small", tiny},
		{"report_state", "", waits}, {"report_state", "first", first}, {"report_state", "all", all}, {"report_state", "published", out}, {"report_state", "corrected", fixed},
		{"report_signed", "", waits}, {"report_signed", "published", out}, {"report_signed_already", "", waits}, {"report_all_signed", "", all},
		{"report_objected", "", waits}, {"report_objected", "published", out},
		{"report_unsigned", "", waits}, {"report_unsigned", "asked", first}, {"report_unsigned", "all", all}, {"report_unsigned", "objected", SignOffs{Objected: []string{"Arvika"}}},
		{"report_gist", "", final}, {"people_cell", "", meeting.RoleCount{meeting.RoleCarer: 2}}, {"people_cell", "unknown", meeting.RoleCount{meeting.RoleUnknown: 2}},
		{"people_cell", "none", meeting.RoleCount{}},
		{"report_published", "", out}, {"report_published", "all", SignOffs{Report: final, Title: "Samsjuklighet"}}, {"report_corrected", "", fixed},
	}
	for _, v := range []struct {
		variant string
		view    Report
	}{{"", final}, {"draft", draft}, {"corrected", corrected}, {"small", small}, {"bare", bare}} {
		for _, text := range []string{"report_title", "report_file", "report_document"} {
			samples = append(samples, sample{text, v.variant, v.view})
		}
	}
	return append(samples, deletionSamples(loc)...)
}

// reportSample is a report with everything that can be in one.
func reportSample(loc *time.Location) Report {
	point := func(n int, text string, role meeting.Role, support int) meeting.Point {
		return meeting.Point{Prompt: 1, Number: n, Text: text, Role: role, Support: support}
	}
	summary := func(network string, number int, points ...meeting.Point) *Summary {
		return &Summary{Network: network, Number: number, Title: "Vad fungerar bra?", Version: 1, Entries: len(points) + 3, Removed: 1, Unreadable: 1, Gaps: 1,
			Participants: meeting.RoleCount{meeting.RoleCarer: 4, meeting.RoleProfessional: 2, meeting.RoleUnknown: 1},
			Attendance:   meeting.RoleCount{meeting.RoleCarer: 3}, Prompts: []PromptPoints{{Number: 1, Text: "Vad fungerar bra i dag?", Entries: len(points), Points: points}}}
	}
	opened, closed := at(loc, time.September, 8, 17), at(loc, time.September, 13, 18)
	vasteras := ReportNetwork{ID: "vasteras", Name: "Västerås", Meetings: []ReportMeeting{
		{Number: 1, Title: "Vad fungerar bra?", State: meeting.StateShared, Opened: opened, Closed: closed, Summary: summary("Västerås", 1,
			point(1, "Avlastning på kvällar och helger gör att vi orkar.", meeting.RoleCarer, 4), point(2, "Kontaktpersonen svarar när det är akut.", meeting.RoleUnknown, 1))},
		{Number: 2, Title: "Vad behöver bli bättre?", State: meeting.StateMissed},
		{Number: 3, Title: "Vad väljer vi?", State: meeting.StateClosed},
		{Number: 4, Title: "Planen"},
	}, Poll: &ReportPoll{Members: 9, Votes: Votes{Voters: 7, Areas: []AreaVotes{{"Avlastning", 6}, {"Information | en väg in", 3}}}},
		Plan: &Plan{Network: "Västerås", Version: 2, Items: []PlanItem{
			{PlanItem: meeting.PlanItem{Number: 1, Area: "Avlastning", What: "Fler platser", How: "I budgeten", Who: "Kommunen", When: "Våren 2027"}},
			{PlanItem: meeting.PlanItem{Number: 3}}}},
		Decisions: []meeting.Decision{
			{Version: 1, Outcome: meeting.OutcomeRejected, Date: time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC), Body: "Socialnämnden"},
			{Version: 2, Outcome: meeting.OutcomeAdopted, Date: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), Body: "Socialnämnden", Note: "Med budget för 2027."}},
		FollowUps:  []ReportFollowUp{{Months: 3, Answers: []string{"Två platser är öppna."}}, {Months: 1, Answers: []string{"Inget än."}}},
		Evaluation: &ReportEvaluation{Asked: 9, Answered: 6, Counts: [meeting.EvaluationQuestions][meeting.EvaluationScale]int{{0, 1, 2, 3}, {0, 0, 3, 3}, {1, 1, 2, 2}, {0, 0, 0, 6}}, Texts: []string{"Mer tid, tack."}}}
	first := summary("Arvika", 1, point(1, "Avlastning på helger behövs.", meeting.RoleCarer, 2), meeting.Point{Prompt: 1, Number: 2, Text: "En egen formulering.", Edited: true})
	first.Participants = meeting.RoleCount{meeting.RoleUnknown: 3}
	first.Attendance = nil
	arvika := ReportNetwork{ID: "arvika", Name: "Arvika", Meetings: []ReportMeeting{
		{Number: 1, Title: "Vad fungerar bra?", State: meeting.StateShared, Opened: opened, Closed: closed, Summary: first}, {Number: 2}, {Number: 3}, {Number: 4}},
		Poll:       &ReportPoll{Few: true, Votes: Votes{Voters: 2, Areas: []AreaVotes{{"Avlastning", 0}}}},
		Plan:       &Plan{Network: "Arvika", Version: 1, Items: []PlanItem{{PlanItem: meeting.PlanItem{Number: 1, Area: "Avlastning", What: "Fler platser"}}}},
		Decisions:  []meeting.Decision{{Version: 1, Outcome: meeting.OutcomeChanged, Date: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}},
		Evaluation: &ReportEvaluation{Asked: 4, Answered: 3, Few: true}}
	lulea := ReportNetwork{ID: "lulea", Name: "Luleå", Meetings: []ReportMeeting{{Number: 1}, {Number: 2}, {Number: 3}, {Number: 4}}}
	kalmar := ReportNetwork{ID: "kalmar", Name: "Kalmar", Ended: true, Meetings: lulea.Meetings,
		Plan: &Plan{Network: "Kalmar", Version: 1, Items: []PlanItem{{PlanItem: meeting.PlanItem{Number: 1, Area: "Träffar", What: "Café"}}}}}
	a, b := vasteras.Meetings[0].Summary.Prompts[0].Points, first.Prompts[0].Points
	round := Compilation{Number: 1, Programme: "Samsjuklighet", Title: "Vad fungerar bra?", Missing: []string{"Luleå"}, Prompts: []CompiledPrompt{
		{Number: 1, Text: "Vad fungerar bra i dag?", Shared: []Theme{{Text: a[0].Text, Networks: []string{"Västerås", "Arvika"}, Support: 6,
			Voices: []Voice{{"Västerås", a[0]}, {"Arvika", b[0]}, {"Arvika", b[1]}}}}, Own: []Theme{{Text: a[1].Text, Networks: []string{"Västerås"}, Voices: []Voice{{"Västerås", a[1]}}}}},
		{Number: 2, Text: "Varför?", Networks: []string{"Arvika"}, Own: []Theme{{Text: b[1].Text, Networks: []string{"Arvika"}, Voices: []Voice{{"Arvika", b[1]}}}}, Silent: []string{"Västerås"}},
	}}
	return Report{ID: "samsjuklighet", Programme: "Samsjuklighet", Purpose: "Ni delar *erfarenheter*.", Goal: "Ett förslag till lokal plan.",
		Networks: []ReportNetwork{vasteras, arvika, lulea, kalmar}, Rounds: []Compilation{round}, Version: 1, Made: at(loc, time.December, 1, 10), Signed: 1,
		Meetings: []meeting.ProgrammeMeeting{
			{Title: "Vad fungerar bra?", Intro: "Vi börjar här.", Prompts: []string{"Vad fungerar bra i dag?", "Varför?"},
				Materials: []meeting.Material{{Title: "Rapport A", URL: "https://example.se/a"}, {Title: "Ett häfte"}}},
			{Title: "Vad behöver bli bättre?", Prompts: []string{"Vad behöver bli bättre?"}}, {Title: "Vad väljer vi?", Prompts: []string{"Vad är viktigast?"}},
			{Title: "Planen", Prompts: []string{"Vem gör vad?"}}}}
}

func deletionSamples(loc *time.Location) []sample {
	when := at(loc, time.December, 14, 9)
	one := Deletion{Network: "Västerås", When: when, Published: true, Entries: 112}
	old := Deletion{Network: "Arvika", When: when}
	out := []sample{
		{"deletion_ahead", "", one}, {"deletion_ahead", "idle", old}, {"deletion_soon", "", one}, {"deletion_over", "", one}, {"deletion_over", "idle", old}, {"deletion_off", "", old},
		{"deletion_off_staff", "", Deletions{Networks: []Deletion{old}}},
		{"minutes_deleted", "", Problem{Number: 2, When: when}},
	}
	for _, name := range []string{"deletion_announced", "deletion_recalled", "deletion_done"} {
		out = append(out, sample{name, "", Deletions{Networks: []Deletion{one, old}, Entries: 112}})
	}
	return out
}

package render

import (
	"time"

	"blnbot/internal/meeting"
)

func statusSamples(loc *time.Location) []sample {
	closes, next := at(loc, time.September, 13, 18), at(loc, time.September, 22, 17)
	open := Status{Network: "Västerås", Number: 2, Of: 6, Title: "Vad fungerar bra i dag?", State: meeting.StateOpen, Closes: closes,
		Next: next, NextNumber: 3, NextTitle: "Vad behöver bli bättre?", Prompts: []PromptCount{{1, 9}, {2, 1}, {3, 0}},
		Unreadable: 1, Lost: 1, Members: 9, NoRole: 2, Plan: 1}
	draft := Status{Network: "Arvika", Number: 6, Of: 6, Title: "Vårt förslag till lokal plan", State: meeting.StateClosed, Draft: true,
		Unreadable: 2, Lost: 2, Members: 1, Plan: 3, PlanVer: 2}
	shared := Status{Network: "Luleå", Number: 1, Of: 6, Title: "Vilket stöd betyder mest?", State: meeting.StateShared, NextNumber: 2,
		NextTitle: "Vad fungerar bra i dag?", Members: 4}
	missed := Status{Network: "Kalmar", Number: 1, Of: 6, Title: "Vilket stöd betyder mest?", State: meeting.StateMissed, Members: 4}
	none := Status{Network: "Umeå", NextNumber: 1, NextTitle: "Vilket stöd betyder mest?", Next: next}
	table := StatusTable{Groups: []StatusGroup{{Programme: "Samsjuklighet", Networks: []Status{open, draft, shared}}, {Programme: "Nära vård", Networks: []Status{missed, none}}}, Failed: 2}
	network := Problem{Network: "Västerås", Number: 2}
	out := []sample{
		{"status", "", open}, {"status", "one", Status{Network: "Arvika", Number: 1, Of: 1, Title: "Allt", State: meeting.StateOpen, Prompts: []PromptCount{{1, 2}}}}, {"status", "draft", draft}, {"status", "shared", shared}, {"status", "missed", missed}, {"status", "none", none},
		{"state", "", open}, {"state", "draft", draft}, {"state", "shared", shared}, {"state", "missed", missed},
		{"status_table", "", table}, {"status_table", "failed", StatusTable{Groups: []StatusGroup{{Networks: []Status{shared}}}, Failed: 1}},
		{"status_table", "well", StatusTable{Week: 37, Part: 2, Of: 2, Groups: []StatusGroup{{Networks: []Status{shared}}}}},
		{"alert_removed", "", network}, {"alert_upgrade", "", network}, {"alert_room", "", network}, {"alert_moved", "", network}, {"alert_moved", "coordination", Problem{}}, {"alert_taken", "", network}, {"alert_retired", "", network},
		{"alert_event", "", network}, {"alert_event", "coordination", Problem{}},
		{"alert_rights", "", Problem{Network: "Västerås", Names: []string{"react"}}},
		{"alert_rights", "all", Problem{Network: "Västerås", Names: []string{"send", "react", "redact", "invite"}}},
		{"one_message", "", network}, {"one_message", "direct", Problem{}},
		{"round", "", Round{Number: 2, Title: "Vad fungerar bra i dag?", Shared: 1, Total: 65, More: 60, Networks: []RoundNetwork{
			{Name: "Västerås", State: meeting.StateShared}, {Name: "Luleå", State: meeting.StateClosed, Draft: true},
			{Name: "Kalmar", State: meeting.StateOpen}, {Name: "Arvika", State: meeting.StateMissed}, {Name: "Umeå"},
		}}},
		{"round", "few", Round{Number: 2, Title: "Vad fungerar bra i dag?", Total: 1, Networks: []RoundNetwork{{Name: "Umeå"}}}},
	}
	for _, fault := range []string{"forbidden", "large", "unsafe", "rejected"} {
		out = append(out, sample{"alert_send", fault, Problem{Network: "Västerås", Code: fault, Word: "send"}},
			sample{"alert_send", fault + "_direct", Problem{Code: fault, Word: "send"}},
			sample{"alert_coordination", fault, Problem{Code: fault, Word: "send"}})
	}
	for _, right := range []string{"react", "redact"} {
		out = append(out, sample{"alert_coordination", right, Problem{Code: "forbidden", Word: right}})
	}
	return append(out, sample{"alert_send", "react", Problem{Network: "Västerås", Code: "forbidden", Word: "react"}},
		sample{"alert_send", "redact", Problem{Network: "Västerås", Code: "forbidden", Word: "redact"}},
		sample{"alert_send", "invite", Problem{Network: "Västerås", Code: "forbidden", Word: "invite"}},
		sample{"alert_send", "level", Problem{Network: "Västerås", Code: "forbidden", Word: "level"}})
}

func networkSamples() []sample {
	made := Problem{Network: "Arvika", Word: "arvika", Leaders: []string{"@eva:example.se", "@bo:example.se"}, Names: []string{"samsjuklighet", "nara-vard"}}
	line := NetworkLine{ID: "arvika", Name: "Arvika", Programme: "samsjuklighet", Leaders: made.Leaders, Chat: true}
	var lines []NetworkLine
	for _, state := range []string{"", "making", "failed", "retired"} {
		line.State = state
		lines = append(lines, line)
	}
	out := []sample{{"networks", "", NetworkList{Networks: append(lines, NetworkLine{ID: "umea", Name: "Umeå", Programme: "nara-vard", Leaders: made.Leaders[:1], In: true})}},
		{"networks", "none", NetworkList{}}, {"network_form", "none", Problem{}}}
	for _, text := range []string{"form", "programme", "taken", "making", "made", "failed", "in_file", "unknown", "ended", "leaders"} {
		out = append(out, sample{"network_" + text, "", made})
	}
	return out
}

func fullMinutes(loc *time.Location) Minutes {
	return Minutes{
		Network: "Västerås", Number: 2, Title: "Vad fungerar bra i dag?", State: meeting.StateClosed,
		Opened: at(loc, time.September, 8, 17), Closed: at(loc, time.September, 13, 18),
		People: counted, Attendance: meeting.RoleCount{meeting.RoleCarer: 3, meeting.RoleUnknown: 1},
		Entries: 6, Removed: 2, LeftOut: 2, Unreadable: 1, Gaps: 1,
		Prompts: []MinutesPrompt{
			{Number: 1, Text: "Vad finns redan i dag i er kommun eller region som är ett bra stöd för anhöriga till personer med samsjuklighet?", Entries: []meeting.Entry{
				{Body: "Att någon ringer upp mig. Jag orkar inte leta själv efter hjälp.", Role: meeting.RoleCarer, Source: meeting.SourceThread, Support: 2},
				{Body: "Två saker:\r\n- en kontaktperson\n- någon som svarar på kvällen\n\n\nDet har räddat oss flera gånger när det har varit som värst, och det är inte alltid lätt att veta vart man ska vända sig.",
					Role: meeting.RoleCarer, Source: meeting.SourceReply, Support: 1},
				{Body: "Vi behöver mer tid för samtal. Ring [telefonnummer].", Role: meeting.RoleProfessional, Source: meeting.SourceThread, Late: true},
				{Body: "Gruppen vill ha en gemensam ingång.", Source: meeting.SourceNote},
				{Body: "1. Samordningen mellan kommunen och regionen avgör.", Source: meeting.SourceAnonymous, Late: true, Support: 3},
			}},
			{Number: 2, Text: "Vad saknas?", Entries: []meeting.Entry{
				{Body: "Avlastning på helger.", Role: meeting.RoleNGO, Source: meeting.SourceMarked},
			}},
			{Number: 3, Text: "Något annat?"},
		},
	}
}

func minutesSamples(loc *time.Location) []sample {
	full := fullMinutes(loc)
	open := Minutes{Network: "Arvika", Number: 1, Title: "Vilket stöd betyder mest?", State: meeting.StateOpen, Opened: full.Opened,
		Prompts: []MinutesPrompt{{Number: 1, Text: "Vilket stöd betyder mest?"}}}
	gaps := open
	gaps.Entries, gaps.Removed, gaps.Gaps = 1, 1, 2
	return []sample{
		{"minutes_title", "", full}, {"minutes_file", "", full}, {"minutes_document", "", full}, {"minutes_document", "open", open},
		{"completeness_minutes", "", full}, {"completeness_minutes", "open", open}, {"completeness_minutes", "gaps", gaps},
	}
}

func fullMine(loc *time.Location) Mine {
	since := at(loc, time.September, 8, 19)
	return Mine{
		Votes: []MyVote{{Network: "Västerås", Chosen: []string{"1", "3"}}},
		User:  "@anna_s:example.se", Names: []string{"Anna", "Anna *S*"}, Reactions: 3, Waiting: 2,
		Networks: []MyNetwork{
			{Name: "Västerås", Role: meeting.RoleCarer, Answer: meeting.AnswerPart, Since: since},
			{Name: "Arvika", Role: meeting.RoleNGO, Answer: meeting.AnswerNo, Since: since},
			{Name: "Luleå", Answer: meeting.AnswerYes, Since: since}, {Name: "Umeå", Role: meeting.RoleManager},
		},
		Entries: []MyEntry{
			{Entry: meeting.Entry{Prompt: 1, Body: "Ring mig.\n\n070 … # brådskande", State: meeting.EntryActive}, Number: 1, Title: "Vilket stöd betyder mest?"},
			{Entry: meeting.Entry{Prompt: 2, State: meeting.EntryUnreadable}, Number: 2, Title: "Vad fungerar bra i dag?"},
			{Entry: meeting.Entry{Prompt: 1, State: meeting.EntryRemoved}, Number: 2, Title: "Vad fungerar bra i dag?"},
		},
	}
}

func privacySamples(loc *time.Location) []sample {
	return []sample{
		{"bad_consent", "", Problem{Word: "kanske"}},
		{"anonymous", "", Problem{Word: "Jag orkar inte mer än så här.\n- inte varje dag"}}, {"anonymous_enough", "", Problem{Max: 3}},
		{"anonymous_form", "", Problem{Max: 3}}, {"anonymous_form", "one", Problem{Max: 1}},
		{"forget_ask", "", Problem{Number: 3}}, {"forget_ask", "one", Problem{Number: 1}}, {"forget_ask", "none", Problem{}},
		{"forgotten", "", Problem{Number: 3}}, {"forgotten", "one", Problem{Number: 1}}, {"forgotten", "none", Problem{}},
		{"erased_staff", "", Problem{Number: 3}}, {"erased_staff", "one", Problem{Number: 1}}, {"erased_staff", "none", Problem{}},
		{"mine_document", "", fullMine(loc)}, {"mine_document", "empty", Mine{User: "@bo:example.se"}},
	}
}

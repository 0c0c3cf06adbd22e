package render

import (
	"testing"
	"time"

	"blnbot/internal/meeting"
)

// sample is what a text is tried with. A text has as many as it takes to
// render every branch of it.
type sample struct {
	text, variant string
	data          any
}

func (s sample) name() string {
	if s.variant == "" {
		return s.text
	}
	return s.text + "-" + s.variant
}

func stockholm(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// samples holds data for every text. What people wrote is in it as they would
// write it; it has no exclamation marks and no emoji, which the texts are
// checked for.
func samples(t testing.TB) []sample {
	loc := stockholm(t)
	var all []sample
	for _, part := range [][]sample{
		plainSamples(),
		captureSamples(),
		problemSamples(loc),
		meetingSamples(loc),
		summarySamples(loc),
		statusSamples(loc),
		planSamples(loc),
		minutesSamples(loc),
		privacySamples(loc),
		networkSamples(),
		gestureSamples(),
		peopleSamples(loc),
		roundSamples(loc),
		figureSamples(),
		guardSamples(),
		reportSamples(loc),
		helpSamples(loc),
		prioritySamples(loc),
		evaluationSamples(loc),
		rewordSamples(),
	} {
		all = append(all, part...)
	}
	return all
}

func at(loc *time.Location, month time.Month, day, hour int) time.Time {
	return time.Date(2026, month, day, hour, 0, 0, 0, loc)
}

// plainSamples are the texts that always say the same.
func plainSamples() []sample {
	var out []sample
	for _, name := range []string{
		"help", "status", "network", "next", "close", "move", "remind", "note", "attendance", "summary", "edit", "drop", "approve", "minutes", "plan", "role",
		"privacy", "consent", "mine", "forget", "anonymous",
	} {
		out = append(out, sample{text: "usage_" + name}, sample{text: "does_" + name})
	}
	for _, name := range []string{
		"hint", "too_late", "kind_id", "kind_phone", "kind_email", "mask_name", "mask_id", "mask_phone", "mask_email",
		"no_network", "network_retired", "no_draft", "draft_changed", "programme_over",
		"privacy", "consent_yes", "consent_no", "sent_directly", "approve_plain", "mark_nowhere", "mine_title", "mine_file", "anonymous_taken",
	} {
		out = append(out, sample{text: name})
	}
	return out
}

func captureSamples() []sample {
	return []sample{
		{"which_prompt", "", Problem{Names: []string{"1\ufe0f\u20e3", "2\ufe0f\u20e3"}}},
		{"left_out", "", Problem{Network: "Västerås", Number: 2}},
		{"unreadable", "", Problem{Network: "Västerås"}},
		{"unreadable", "unverified", Problem{Network: "Västerås", Code: "m.unverified"}},
		{"unreadable", "blacklisted", Problem{Network: "Västerås", Code: "m.blacklisted"}},
		{"unreadable", "unauthorised", Problem{Network: "Västerås", Code: "m.unauthorised"}},
		{"unreadable", "unavailable", Problem{Network: "Västerås", Code: "m.unavailable"}},
		{"unreadable", "no-olm", Problem{Network: "Västerås", Code: "m.no_olm"}},
		{"attachment", "image", Problem{Code: "image", Word: "schema.jpg"}},
		{"attachment", "audio", Problem{Code: "audio", Word: "röst.ogg"}},
		{"attachment", "video", Problem{Code: "video", Word: "film.mp4"}},
		{"attachment", "file", Problem{Code: "file", Word: "plan_v1 (2).pdf"}},
		{"attachment", "other", Problem{Code: "other"}},
	}
}

func problemSamples(loc *time.Location) []sample {
	title := "Vad fungerar bra i dag?"
	when := at(loc, time.September, 22, 17)
	return []sample{
		{"unknown_command", "", Problem{Word: "sumary", Suggest: "summary"}},
		{"unknown_command", "thread", Problem{Word: "sumary", Suggest: "summary", Code: "thread"}},
		{"command_edited", "", Problem{}}, {"command_edited", "kept", Problem{Code: "kept"}},
		{"not_shared", "", Problem{Number: 2}}, {"not_shared", "waits", Problem{Number: 2, Code: "waits"}},
		{"wrong_place", "network", Problem{Code: "network"}},
		{"wrong_place", "coordination", Problem{Code: "coordination"}},
		{"wrong_place", "direct", Problem{Code: "direct"}},
		{"not_leader", "", Problem{Leaders: []string{"Lena"}}},
		{"not_leader", "none", Problem{}},
		{"no_open_meeting", "", Problem{When: when}},
		{"no_open_meeting", "last", Problem{}},
		{"already_open", "", Problem{Number: 2, Title: title}},
		{"no_such_meeting", "", Problem{Word: "sju", Max: 6}},
		{"no_such_meeting", "one", Problem{Word: "2", Max: 1}},
		{"meeting_held", "", Problem{Number: 2, Title: title}},
		{"all_held", "", Problem{Max: 6}},
		{"all_held", "one", Problem{Max: 1}},
		{"nothing_yet", "", Problem{}},
		{"nothing_yet", "number", Problem{Number: 3}},
		{"bad_date", "", Problem{Word: "31/2", When: when}},
		{"bad_date", "empty", Problem{When: when}},
		{"past_date", "", Problem{Word: "2020-10-14 17:00", When: when}},
		{"far_date", "", Problem{Word: "2062-10-14 17:00", When: when}},
		{"moved", "", Problem{Number: 3, Title: "Vad behöver bli bättre?", When: when}},
		{"note_stale", "", Problem{Number: 2}},
		{"note_empty", "", Problem{Max: 1}},
		{"note_empty", "several", Problem{Max: 3}},
		{"no_such_prompt", "", Problem{Max: 3}},
		{"no_such_prompt", "one", Problem{Max: 1}},
		{"too_long", "", Problem{Max: 4000}},
		{"bad_attendance", "", Problem{Word: "många"}},
		{"bad_attendance", "empty", Problem{}},
		{"attendance", "", Status{Number: 2, Members: 5}},
		{"attendance", "one", Status{Number: 2, Members: 1}},
		{"attendance", "many", Status{Number: 2, Members: 23}},
		{"bad_role", "", Problem{Word: "kung"}},
		{"bad_role", "empty", Problem{}},
		{"role_set", "", Unheard{Role: meeting.RoleCarer}},
		{"role_set", "ngo", Unheard{Role: meeting.RoleNGO}},
		{"bad_point", "", Problem{Word: "ett två"}},
		{"bad_point", "empty", Problem{}},
		{"no_such_point", "", Problem{Word: "1.9"}},
		{"edit_empty", "", Problem{Word: "1.2"}},
		{"which_network", "", Problem{Names: []string{"Västerås", "Arvika", "Luleå"}}},
		{"which_network", "wrong", Problem{Word: "Vesterås", Names: []string{"Västerås", "Arvika"}}},
		{"help", "", Help{Leaders: []string{"Lena", "Per"}, Commands: []HelpLine{{"`!hjälp`", "visar det här"}, {"`!plan`", "visar den lokala planen"}}}},
		{"help", "leader", Help{Leader: true, Leaders: []string{"Lena"}, Commands: []HelpLine{{"`!hjälp`", "visar det här"}}}},
		{"help", "coordination", Help{Leader: true, Commands: []HelpLine{{"`!hjälp`", "visar det här"}}}},
	}
}

func meetingSamples(loc *time.Location) []sample {
	closes := at(loc, time.September, 13, 18)
	recap := []meeting.Point{{Text: "Att någon ringer upp betyder mest."}, {Text: "Det saknas avlastning på helger."}}
	missed := Problem{Network: "Västerås", Number: 2, Title: "Vad fungerar bra i dag?", When: at(loc, time.September, 8, 17)}
	return []sample{
		{"hello", "", Hello{Network: "Västerås", Leaders: []string{"Lena"}}},
		{"hello", "two_leaders", Hello{Network: "Västerås", Leaders: []string{"Lena", "Per"}}},
		{"hello", "no_leaders", Hello{Network: "Västerås"}},
		{"opening", "", Opening{Number: 2, Of: 6, Title: "Vad fungerar bra i dag?", Intro: "Vi utgår från sammanfattningen av förra mötet.\nSvara kort om du vill.",
			Closes: closes, Prompts: 2, Recap: recap, Materials: []meeting.Material{
				{Title: "Rapport A", URL: "https://example.se/a_(1).pdf?x=1&y=2"}, {Title: "Rapport B (ni fick den före start)"},
			}}},
		{"opening", "first", Opening{Number: 1, Of: 6, Title: "Vilket stöd betyder mest?", Closes: closes, Prompts: 1}},
		{"opening", "late", Opening{Number: 3, Of: 6, Title: "Vad behöver bli bättre?", Closes: closes, Prompts: 1, Late: true, NoRecap: true}},
		{"opening", "again", Opening{Number: 3, Of: 6, Title: "Vad behöver bli bättre?", Closes: closes, Prompts: 1, Again: true, Recap: recap}},
		{"opening", "older_recap", Opening{Number: 3, Of: 6, Title: "Vad behöver bli bättre?", Closes: closes.In(time.UTC), Prompts: 1, Recap: recap, RecapNumber: 1}},
		{"prompt", "", Prompt{Number: 2, Text: "Vad finns redan i kommunen?"}},
		{"prompt", "only", Prompt{Number: 1, Text: "Vad finns redan i kommunen?", Only: true}},
		{"missed", "", missed},
		{"missed_staff", "", missed},
		{"overlap", "", Problem{Number: 2}},
		{"reminder", "", Reminder{Number: 2, Closes: closes, Prompts: []PromptCount{{1, 9}, {2, 1}, {3, 0}}}},
		{"reminder", "tomorrow", Reminder{Number: 2, Closes: closes, Tomorow: true, Prompts: []PromptCount{{1, 2}}}},
		{"reminder", "today", Reminder{Number: 2, Closes: closes, Today: true, Prompts: []PromptCount{{1, 0}}}},
		{"unheard", "", UnheardIn{"Västerås", 2, []Unheard{{2, meeting.RoleCarer}}}},
		{"unheard", "several", UnheardIn{"Västerås", 2, []Unheard{{1, meeting.RoleManager}, {2, meeting.RoleNGO}}}},
		{"closed", "", Closed{Number: 2, Of: 6, Entries: 17, People: 8, Leaders: []string{"Lena"}}},
		{"closed", "one", Closed{Number: 2, Of: 6, Entries: 1, People: 1, Leaders: []string{"Lena", "Per"}, Unreadable: 2}},
		{"closed", "notes_only", Closed{Number: 2, Of: 6, Entries: 3, Leaders: []string{"Lena"}, Unreadable: 1}},
		{"closed", "none", Closed{Number: 2, Of: 6}},
	}
}

// counted has every role, and people whose role may not be shown.
var counted = meeting.RoleCount{
	meeting.RoleCarer: 4, meeting.RoleProfessional: 2, meeting.RoleNGO: 1, meeting.RoleUnknown: 1,
}

func fullSummary(loc *time.Location) Summary {
	return Summary{
		Network: "Västerås", Number: 2, Title: "Vad fungerar bra i dag?", Version: 1, Participants: counted,
		Attendance: meeting.RoleCount{meeting.RoleCarer: 3, meeting.RolePolitician: 1},
		Prompts: []PromptPoints{
			{Number: 1, Text: "Vad fungerar bra i dag?", Entries: 9, Points: []meeting.Point{
				{Number: 1, Text: "Anhöriggruppen på kvällstid gör att fler kan vara med.", Role: meeting.RoleCarer, Support: 4},
				{Number: 3, Text: "Kontaktpersonen svarar när det är akut.", Role: meeting.RoleUnknown, Support: 1, Late: true},
				{Number: 4, Text: "Samordningen med regionen har blivit bättre.", Edited: true, Support: 2},
			}},
			{Number: 2, Text: "Vad saknas?", Entries: 1, Points: []meeting.Point{
				{Number: 1, Text: "Avlastning på helger.", Role: meeting.RoleNGO, Support: 2, Late: true},
			}},
			{Number: 3, Text: "Vem kan göra något åt det?", Entries: 2},
			{Number: 4, Text: "Något annat?"},
		},
		Entries: 12, Late: 1, Removed: 2, LeftOut: 1, Unreadable: 1, Gaps: 1, Leaders: []string{"Lena"},
		Until: at(loc, time.September, 17, 18), Shared: at(loc, time.September, 18, 9),
	}
}

func summarySamples(loc *time.Location) []sample {
	full, auto, version := fullSummary(loc), fullSummary(loc), fullSummary(loc)
	auto.Auto, auto.Taken, auto.Removed, auto.Gaps, auto.Attendance = true, 2, 1, 2, nil
	version.Version, version.Leaders, version.Taken, version.Participants = 2, nil, 1, meeting.RoleCount{meeting.RoleUnknown: 1}
	none := Summary{Network: "Arvika", Number: 1, Title: "Vilket stöd betyder mest?", Version: 1, Leaders: []string{"Lena", "Per"},
		Prompts: []PromptPoints{{Number: 1, Text: "Vilket stöd betyder mest?"}}, Until: full.Until, Shared: full.Shared}
	point := full.Prompts[0].Points
	var out []sample
	for _, text := range []string{"draft", "draft_again", "summary", "summary_document"} {
		out = append(out, sample{text, "", full}, sample{text, "auto", auto}, sample{text, "version", version}, sample{text, "none", none})
	}
	return append(out, []sample{
		{"points", "", full}, {"points_numbered", "", full}, {"completeness", "", full}, {"completeness", "none", none}, {"completeness", "gaps", auto},
		{"point", "", point[0]}, {"point", "late", point[1]}, {"point", "edited", point[2]},
		{"source", "", point[0]}, {"source", "late", point[1]},
		{"summary_title", "", full}, {"summary_file", "", full},
		{"shared", "", Problem{Number: 2, Version: 1}},
		{"reshared", "", Problem{Number: 2, Version: 2}},
		{"draft_edited", "", Problem{Word: "1.2"}}, {"draft_dropped", "", Problem{Word: "1.2"}},
		{"nudge", "", Problem{Number: 2, Leaders: []string{"Lena"}, When: at(loc, time.September, 13, 18)}},
		{"nudge", "no_leaders", Problem{Number: 2, When: at(loc, time.September, 13, 18)}},
		{"comments_wait", "", Problem{Number: 2, Leaders: []string{"Lena", "Per"}}},
		{"comments_wait", "no_leaders", Problem{Number: 2}},
	}...)
}

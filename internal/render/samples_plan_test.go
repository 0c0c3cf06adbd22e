package render

import (
	"time"

	"blnbot/internal/meeting"
)

func fullPlan(loc *time.Location) Plan {
	item := func(n, replies int, area, what, how, who, when string) PlanItem {
		return PlanItem{PlanItem: meeting.PlanItem{Number: n, Area: area, What: what, How: how, Who: who, When: when}, Replies: replies}
	}
	full := Plan{Network: "Västerås", Version: 2, Shared: at(loc, time.December, 15, 10), Number: 6, Leaders: []string{"Lena"}, Items: []PlanItem{
		item(1, 3, "Avlastning på helger", "Öppna dagverksamheten även lördagar.", "Börja med ett halvår på prov.", "Vård- och omsorgsförvaltningen", "Från mars 2027"),
		item(3, 1, "En väg in", "Ett telefonnummer för alla anhöriga.", "", "", ""),
		item(4, 0, "", "", "", "Regionen", "2027"),
	}}
	full.Items[0].Roles = meeting.RoleCount{meeting.RoleCarer: 2, meeting.RoleUnknown: 1}
	return full
}

func decision(outcome meeting.Outcome, note string) meeting.Decision {
	return meeting.Decision{Version: 1, Outcome: outcome, Date: time.Date(2026, 12, 15, 0, 0, 0, 0, time.UTC), Body: "Socialnämnden", Note: note}
}

func planSamples(loc *time.Location) []sample {
	full := fullPlan(loc)
	changed, fresh, decided := full, full, full
	changed.Changed, changed.Since, changed.Waiting = true, 2, 1
	changed.Changes = []meeting.ItemChange{
		{Number: 1, Area: "Avlastning på helger", Fields: []meeting.FieldChange{{Field: meeting.FieldArea, Before: "Avlastning", After: "Avlastning på helger"},
			{Field: meeting.FieldWhat, Before: "Öppna på lördagar.", After: "Öppna dagverksamheten även lördagar."}, {Field: meeting.FieldHow, After: "Börja med ett halvår på prov."},
			{Field: meeting.FieldWho, Before: "Kommunen"}, {Field: meeting.FieldWhen, Before: "2027", After: "Från mars 2027"}}},
		{Number: 2, Area: "Information", Removed: true}, {Number: 4, Added: true},
	}
	fresh.Version = 0
	decided.Waiting, decided.Next = 3, at(loc, time.December, 31, 9)
	decided.Decisions = []meeting.Decision{decision(meeting.OutcomeChanged, ""), decision(meeting.OutcomeAdopted, "Med tillägg om pengar.")}
	decided.FollowUps = []FollowUp{{Months: 1}, {Months: 3, Answers: []string{"Två åtgärder är i gång.\nEn väntar.", "Den tredje har också börjat."}}}
	built, offer, full2, long := full, Plan{Network: "Västerås", Leaders: []string{"Lena", "Per"}}, full, full
	built.Built, built.Left, built.Empty = 2, 3, []string{"4", "5"}
	one := full
	one.Built, one.Left = 1, 1
	long.Short = true
	whole := full
	whole.Built = 3
	full2.Leaders, full2.Changed = nil, true
	document := decided
	document.Changes, document.Since = changed.Changes, 1
	same := full
	same.Since = 2
	since := changed
	since.Changed, since.Since = false, 1
	out := []sample{
		{"plan", "", full}, {"plan", "changed", changed}, {"plan", "fresh", fresh}, {"plan", "decided", decided}, {"plan_items", "", full}, {"plan_items", "none", Plan{}},
		{"plan_shared", "", full}, {"plan_shared", "changed", since}, {"plan_replies", "", full.Items[0]}, {"plan_changes", "", changed}, {"plan_change_list", "", changed},
		{"plan_waiting", "", changed}, {"plan_difference", "", changed}, {"plan_difference", "versions", since}, {"plan_difference", "same", same},
		{"plan_outcome", "", decided}, {"plan_again", "", changed}, {"plan_built", "", built}, {"plan_built", "one", one}, {"plan_built", "whole", whole},
		{"plan_offer", "", offer}, {"plan_offer", "no_leaders", Plan{Waiting: 2}},
		{"plan_opening", "", fresh}, {"plan_opening", "version", full}, {"plan_opening", "changed", full2}, {"plan_opening", "short", long},
		{"plan_title", "", full}, {"plan_file", "", full}, {"plan_file", "fresh", fresh}, {"plan_document", "", document}, {"plan_document", "plain", full},
		{"plan_other", "", nil}, {"plan_empty", "", nil}, {"plan_form", "", nil}, {"plan_never_approved", "", nil}, {"plan_in_room", "", nil},
		{"plan_help", "", PlanHelp{}}, {"plan_help", "leader", PlanHelp{Leader: true}},
		{"plan_none", "", Problem{Network: "Västerås"}},
		{"plan_which_network", "", Problem{Names: []string{"Västerås", "Arvika"}}},
		{"plan_unknown", "", Problem{Word: "x`y* <b>"}},
		{"plan_full", "", Problem{Max: 50}},
		{"plan_source", "", Problem{Word: "3.1.2"}},
		{"plan_no_item", "", Problem{Word: "9"}}, {"plan_no_item", "empty", Problem{}},
		{"plan_build_none", "", Problem{}}, {"plan_build_none", "poll", Problem{Code: "poll"}}, {"plan_build_none", "all", Problem{Code: "all"}},
		{"plan_added", "", PlanChange{Number: 3}}, {"plan_added", "hidden", PlanChange{Number: 3, Hidden: true}}, {"plan_added", "person", PlanChange{Number: 3, Hidden: true, Person: true}},
		{"plan_changed", "", PlanChange{Number: 1, Fields: changed.Changes[0].Fields[1:3]}}, {"plan_changed", "same", PlanChange{Number: 1, Hidden: true}}, {"plan_changed", "still", PlanChange{Number: 1}},
		{"plan_changed", "hidden", PlanChange{Number: 1, Fields: changed.Changes[0].Fields[1:3], Hidden: true, Person: true}},
		{"plan_hidden", "", PlanChange{Number: 3, Hidden: true}}, {"plan_field_change", "", changed.Changes[0].Fields[0]},
		{"plan_removed", "", PlanChange{Number: 3}}, {"plan_incomplete", "", built},
		{"plan_unchanged", "", Problem{Max: 2}}, {"plan_approved", "", Problem{Max: 2}}, {"plan_replaced", "", Problem{Max: 3}}, {"plan_replaced", "never", Problem{}},
	}
	for _, f := range meeting.Fields() {
		out = append(out, sample{"plan_field", string(f), f})
	}
	return append(append(out, suggestionSamples()...), decisionSamples(loc)...)
}

func suggestionSamples() []sample {
	short := Suggestion{Network: "Västerås", Suggestion: meeting.Suggestion{Number: 2, Item: meeting.PlanItem{Number: 4, What: "En kontaktperson för varje familj"}}}
	full := short
	full.Item = meeting.PlanItem{Number: 5, Area: "Avlastning", What: "Öppna på lördagar", How: "På prov", Who: "Kommunen", When: "2027"}
	full.Hidden, full.Reason = true, "Det finns redan."
	list := Suggestions{Network: "Västerås", List: []meeting.Suggestion{short.Suggestion, full.Suggestion}}
	leader := list
	leader.Leader = true
	return []sample{
		{"mine_plan", "", Mine{Plans: []MyPlan{{Network: "Västerås", Suggestions: list.List, Decisions: []meeting.Decision{decision(meeting.OutcomeAdopted, "På prov.")},
			Answers: []meeting.FollowUpAnswer{{Body: "Två åtgärder är i gång.\nEn väntar."}}}}}},
		{"suggestions", "", list}, {"suggestions", "leader", leader}, {"suggestions", "none", Suggestions{}},
		{"suggestion", "", short}, {"suggestion", "full", full}, {"suggestion_form", "", nil}, {"suggestion_hidden", "", full},
		{"suggestions_full", "", Problem{Max: 50}}, {"suggestion_taken", "", short}, {"suggestion_taken", "hidden", full},
		{"suggestion_sent", "", short}, {"suggestion_sent", "hidden", full}, {"suggestion_new", "", full},
		{"suggestion_none", "", Problem{Word: "9"}}, {"suggestion_none", "empty", Problem{}},
		{"suggestion_in", "", Problem{Number: 4}}, {"suggestion_out", "", Problem{Number: 2}},
		{"suggestion_accepted", "", short}, {"suggestion_declined", "", short}, {"suggestion_declined", "reason", full},
	}
}

func decisionSamples(loc *time.Location) []sample {
	decided := Decided{Decision: decision(meeting.OutcomeAdopted, ""), Network: "Västerås", Next: at(loc, time.March, 15, 9)}
	changed := Decided{Decision: decision(meeting.OutcomeChanged, "Med tillägg om pengar."), Network: "Västerås", Corrected: true}
	rejected := Decided{Decision: decision(meeting.OutcomeRejected, ""), Network: "Västerås"}
	question := FollowUpQuestion{Network: "Västerås", Decision: decision(meeting.OutcomeAdopted, ""), Months: 3, Answer: "Två åtgärder är i gång.\nEn väntar."}
	again := question
	again.Again, again.Months = true, 1
	when := at(loc, time.December, 15, 0)
	out := []sample{
		{"plan_decision", "", decided}, {"plan_decision", "changed", changed}, {"plan_decision", "rejected", rejected},
		{"plan_decided", "", decided}, {"plan_decided", "changed", changed}, {"plan_decided", "rejected", rejected}, {"plan_decided_staff", "", changed},
		{"plan_decision_future", "", Problem{When: when}}, {"plan_decision_long", "", Problem{Max: 200}}, {"plan_decision_version", "", Problem{Max: 2}}, {"plan_decision_version", "one", Problem{Max: 1}}, {"plan_undecided", "", Problem{Max: 1}},
		{"followup_after", "", 3}, {"followup_after", "one", 1}, {"followup", "", question}, {"followup", "again", again}, {"followup_staff", "", question},
		{"followup_taken", "", question}, {"followup_empty", "", question}, {"followup_none", "", question}, {"followup_hint", "", question},
	}
	for _, code := range []string{"outcome", "date", "old", "body"} {
		out = append(out, sample{"plan_decision_form", code, Problem{Code: code, Word: "31/2", When: when}})
	}
	return append(out, sample{"plan_decision_form", "outcome_empty", Problem{Code: "outcome", When: when}},
		sample{"plan_decision_form", "date_empty", Problem{Code: "date", When: when}})
}

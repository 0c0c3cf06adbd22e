package render

func gestureSamples() []sample {
	var out []sample
	for _, name := range []string{"take", "leave_out", "agree", "important", "move_reply"} {
		out = append(out, sample{text: "usage_" + name}, sample{text: "does_" + name})
	}
	for _, name := range []string{"reply_to_it", "own_message", "entry_gone", "not_yours", "is_out", "is_back", "move_late"} {
		out = append(out, sample{text: name})
	}
	for _, why := range []string{"author", "leader", "unreadable"} {
		out = append(out, sample{"still_out", why, Problem{Code: why}})
	}
	return append(out, []sample{
		{"which_reply", "", Problem{Number: 3}}, {"which_reply", "none", Problem{}},
		{"not_in_minutes", "", Problem{}}, {"not_in_minutes", "later", Problem{Code: "later"}},
		{"still_out", "", Problem{}},
		{"take_which", "", Problem{Max: 2}}, {"take_which", "one", Problem{Max: 1}},
		{"take_already", "", Problem{Max: 2}}, {"take_already", "one", Problem{Max: 1}},
		{"taken", "", Problem{Number: 2}},
		{"marked", "key", Problem{Code: "key"}}, {"marked", "idea", Problem{Code: "idea"}}, {"marked", "action", Problem{Code: "action"}},
		{"agreed", "", Problem{}}, {"agreed", "own", Problem{Code: "own"}},
		{"move_which", "", Problem{Max: 2}}, {"move_which", "one", Problem{Max: 1}},
		{"reply_moved", "", Problem{Number: 2}},
	}...)
}

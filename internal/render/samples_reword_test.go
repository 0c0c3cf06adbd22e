package render

func rewordSamples() []sample {
	return []sample{
		{"reworded", "", Problem{Number: 2, Word: "Avlastning på *helger*.", Leaders: []string{"Lena"}}}, {"reworded", "no_leaders", Problem{Number: 2, Word: "Avlastning."}},
		{text: "nudge_changed"}, {"reworded_taken", "", Problem{Number: 2, Version: 3}},
	}
}

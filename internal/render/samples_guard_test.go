package render

func guardSamples() []sample {
	return []sample{
		{"sensitive", "", Problem{Network: "Västerås", Names: []string{"ett telefonnummer"}}},
		{"sensitive", "two", Problem{Network: "Västerås", Names: []string{"ett personnummer", "namnet på någon utanför gruppen"}}},
		{text: "sensitive_hidden"}, {text: "sensitive_kept"}, {text: "kind_address"}, {text: "kind_person"}, {text: "mask_address"},
	}
}

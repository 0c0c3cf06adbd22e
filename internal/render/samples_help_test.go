package render

import "time"

func helpSamples(loc *time.Location) []sample {
	own := []string{"Är någon i fara? Ring 112.", "Anhörigstödet i *Västerås*: 021-39 00 00."}
	anna, bo := "@anna:example.se", "@bo:example.se"
	out := []sample{
		{"help_lines", "", []string(nil)}, {"help_lines", "own", own}, {"help_message", "", []string(nil)}, {"help_message", "own", own},
		{text: "pin_form"}, {text: "pin_forbidden"}, {text: "invite_none"},
		{"invite_again", "", Problem{Network: "Västerås", Names: []string{anna}}}, {"invite_again", "several", Problem{Network: "Västerås", Names: []string{anna, bo}}},
		{"invite_sent", "", Problem{Names: []string{anna, bo}}}, {"invite_sent", "mixed", Problem{Names: []string{anna}, Leaders: []string{bo, "@dag:example.se"}, Suggest: "@carl:example.se"}}, {"invite_sent", "banned", Problem{Suggest: "@carl:example.se"}}, {"invite_sent", "in", Problem{Leaders: []string{bo}}},
		{"invite_form", "", Problem{Word: "Anna"}}, {"invite_form", "empty", Problem{}},
		{"help", "more", Help{More: 20, Leader: true, Leaders: []string{"Lena"}, Commands: []HelpLine{{"`!status`", "visar hur långt ni har kommit"}}}},
		{"help", "one", Help{One: true, Turn: true, Leaders: []string{"Lena"}, Commands: []HelpLine{{"`!status`", "visar hur långt ni har kommit"}}}},
		{"help", "turn", Help{Turn: true, Leaders: []string{"Lena"}, Commands: []HelpLine{{"`!hjälp`", "visar det här"}}}}, {"invite_form", "server", Problem{Word: "@anna", Code: "server"}}, {"invite_form", "mail", Problem{Word: "anna@example.se", Code: "mail"}},
		{"invite_form", "self", Problem{Word: "@bln:example.se", Code: "self"}}, {"invite_form", "many", Problem{Code: "many", Max: 20}},
		{"invite_forbidden", "", Problem{Word: anna}}, {"invite_failed", "", Problem{Word: anna}},
		{"invite_reason", "", Problem{Network: "Västerås", When: at(loc, time.September, 13, 18)}},
	}
	for _, name := range []string{"pin", "invite"} {
		out = append(out, sample{text: "usage_" + name}, sample{text: "does_" + name})
	}
	return out
}

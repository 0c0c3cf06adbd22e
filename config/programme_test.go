package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"blnbot/config"
	"blnbot/internal/meeting"
)

// TestBuiltin holds the built-in programmes to the method's outline: six
// meetings, the last three for priorities and the plan, and in both languages
// the same.
func TestBuiltin(t *testing.T) {
	list, err := config.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range list {
		var shape []string
		for _, m := range p.Meetings {
			shape = append(shape, fmt.Sprintf("%s %d %d", m.Kind, len(m.Prompts), len(m.Materials)))
			if m.Intro == "" {
				t.Errorf("%s %s: %s has no intro", p.ID, p.Language, m.Title)
			}
			for _, s := range append([]string{m.Title, m.Intro, p.Purpose, p.Goal}, m.Prompts...) {
				if strings.Contains(s, "\n") || strings.Contains(s, "!") || s == "" {
					t.Errorf("%s %s: %q", p.ID, p.Language, s)
				}
			}
		}
		got[p.ID+" "+p.Language] = strings.Join(shape, ", ")
	}
	want := map[string]string{}
	for _, lang := range []string{"sv", "en"} {
		want["samsjuklighet "+lang] = "discussion 1 0, discussion 1 1, discussion 1 1, priorities 1 0, plan 2 0, plan 1 0"
		want["nara-vard "+lang] = "discussion 1 0, discussion 1 1, discussion 3 1, priorities 1 0, plan 2 0, plan 1 0"
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

const own = `id: eget
name: Eget upplägg
purpose: Att prova.
language: sv
meetings:
  - title: Första
    prompts: [Vad fungerar?, "Vad fattas?"]
    materials:
      - title: Rapport
        url: https://example.se/rapport
  - title: Andra
    kind: plan
    intro: |
      Rad ett.
      Rad två.
    prompts:
      - Vad gör ni?
`

func withOwn() string {
	text := strings.Replace(base, "coordination:", "programmes: [p/eget.yaml]\ncoordination:", 1)
	return strings.Replace(text, "programme: samsjuklighet", "programme: eget", 1)
}

func TestOwnProgramme(t *testing.T) {
	cfg, _, err := load(t, withOwn(), "p/eget.yaml", own)
	if err != nil {
		t.Fatal(err)
	}
	want := meeting.Programme{
		ID: "eget", Name: "Eget upplägg", Purpose: "Att prova.", Language: "sv",
		Meetings: []meeting.ProgrammeMeeting{
			{Title: "Första", Kind: meeting.KindDiscussion, Prompts: []string{"Vad fungerar?", "Vad fattas?"},
				Materials: []meeting.Material{{Title: "Rapport", URL: "https://example.se/rapport"}}},
			{Title: "Andra", Kind: meeting.KindPlan, Intro: "Rad ett.\nRad två.", Prompts: []string{"Vad gör ni?"}},
		},
	}
	if diff := cmp.Diff(want, cfg.Networks[0].Programme); diff != "" {
		t.Error(diff)
	}
	if len(cfg.Warnings) != 0 || len(cfg.Programmes) != 5 {
		t.Errorf("%d programmes, warnings %v", len(cfg.Programmes), cfg.Warnings)
	}
}

func TestProgrammeLanguageAndReplacement(t *testing.T) {
	english := strings.Replace(withOwn(), "    leaders:", "    language: en\n    leaders:", 1)
	cfg, dir, err := load(t, english, "p/eget.yaml", own)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`11:16 the programme "eget" is not in the language of the network (en); the one in sv is used`}
	if diff := cmp.Diff(want, brief(cfg.Warnings, dir)); diff != "" {
		t.Error(diff)
	}

	cfg, _, err = load(t, strings.Replace(base, "    leaders:", "    language: en\n    leaders:", 1))
	if err != nil || cfg.Networks[0].Programme.Language != "en" {
		t.Errorf("no English variant: %v", err)
	}

	replacing := strings.Replace(own, "id: eget", "id: samsjuklighet", 1)
	cfg, dir, err = load(t, strings.Replace(withOwn(), "programme: eget", "programme: samsjuklighet", 1), "p/eget.yaml", replacing)
	if err != nil {
		t.Fatal(err)
	}
	want = []string{`eget.yaml 1:5 this programme replaces the built-in programme "samsjuklighet"`}
	if diff := cmp.Diff(want, brief(cfg.Warnings, dir)); diff != "" {
		t.Error(diff)
	}
	if got := cfg.Networks[0].Programme.Name; got != "Eget upplägg" || len(cfg.Programmes) != 3 {
		t.Errorf("%s, %d programmes", got, len(cfg.Programmes))
	}
}

func TestProgrammeFaults(t *testing.T) {
	tests := []struct {
		name, old, new string
		want           []string
	}{
		{"unknown key", "    prompts: [", "    promts: 1\n    prompts: [", []string{`eget.yaml 7:5 unknown key "promts"; did you mean "prompts"?`}},
		{"no purpose", "purpose: Att prova.\n", "", []string{`eget.yaml 1:1 "purpose" is missing`}},
		{"language", "language: sv", "language: fi", []string{`eget.yaml 4:11 "fi" is not one of sv, en`}},
		{"no meetings", own[strings.Index(own, "meetings:"):], "meetings: []\n", []string{"eget.yaml 5:11 the list is empty"}},
		{"too many meetings", own[strings.Index(own, "meetings:"):], "meetings:\n" + strings.Repeat("  - {title: T, prompts: [P]}\n", 31),
			[]string{"eget.yaml 6:3 there are 31 meetings, which is more than 30"}},
		{"no prompts", `[Vad fungerar?, "Vad fattas?"]`, "[]", []string{"eget.yaml 7:14 the list is empty"}},
		{"too many prompts", `[Vad fungerar?, "Vad fattas?"]`, "[a, b, c, d, e, f, g, h, i, j]", []string{"eget.yaml 7:14 there are 10 prompts, which is more than 9"}},
		{"empty prompt", "Vad gör ni?", "", []string{"eget.yaml 17:9 an element of the list is empty"}},
		{"prompt with a colon", "Vad gör ni?", "Vad gör ni: allt?", []string{"eget.yaml 17:9 mapping found where text should be"}},
		{"long title", "Andra", strings.Repeat("x", 201), []string{"eget.yaml 11:12 title is longer than 200 characters"}},
		{"kind", "kind: plan", "kind: plans", []string{`eget.yaml 12:11 "plans" is not one of discussion, priorities, plan; did you mean "plan"?`}},
		{"link", "https://example.se/rapport", "example.se/rapport", []string{`eget.yaml 10:14 "example.se/rapport" is not a web address`}},
		{"link that is no link", "https://example.se/rapport", "javascript:alert(1)", []string{`eget.yaml 10:14 "javascript:alert(1)" is not a web address`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(own, tt.old, tt.new, 1)
			if text == own {
				t.Fatal("nothing changed")
			}
			_, dir, err := load(t, withOwn(), "p/eget.yaml", text)
			if diff := cmp.Diff(tt.want, faults(err, dir)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	two := strings.Replace(withOwn(), "[p/eget.yaml]", "[p/eget.yaml, p/b.yaml]", 1)
	_, dir, err := load(t, two, "p/eget.yaml", own, "p/b.yaml", own)
	want := []string{`b.yaml 1:5 the programme "eget" is already given in this language, in DIR/p/eget.yaml line 1`}
	if diff := cmp.Diff(want, faults(err, dir)); diff != "" {
		t.Error(diff)
	}
}

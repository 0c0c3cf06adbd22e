package bot_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"blnbot/bot"
)

// chat plays lines on a stage and returns it.
func chat(t *testing.T, lines ...string) *stage {
	s := newStage(t)
	for _, line := range lines {
		s.step(line)
		s.settle()
	}
	return s
}

// A plan that would grow without end is stopped, and so are suggestions.
func TestPlanIsFull(t *testing.T) {
	lines := []string{"network vasteras Västerås prompts=1", "join lena Lena Ledare", "join anna Anna Svensson"}
	for i := range 1000 {
		lines = append(lines, fmt.Sprintf("lena: !plan ny Område %d | Något %d", i, i))
	}
	for i := range 60 {
		lines = append(lines, fmt.Sprintf("anna: !plan förslag Något nytt %d", i))
	}
	s := chat(t, append(lines, "lena: !plan ta med 1", "lena: !plan godkänn")...)
	for text, want := range map[string]int{
		"är med i planen.":                          50,
		"Planen kan ha högst 50 åtgärder.":          951,
		"Tack. Det är förslag":                      50,
		"Det väntar redan 50 förslag":               10,
		"Planen är godkänd som version 1 och delad": 1,
	} {
		if got := strings.Count(s.out.String(), text); got != want {
			t.Errorf("%q is said %d times, want %d", text, got, want)
		}
	}
}

// The export is what its schema says, and names nobody.
func TestPlanJSON(t *testing.T) {
	s := chat(t, "network vasteras Västerås prompts=1", "join lena Lena Ledare", "join anna Anna Svensson", "at 2026-12-17 12:00")
	if _, err := s.bot.PlanJSON(s.ctx, "vasteras"); !errors.Is(err, bot.ErrNothing) {
		t.Errorf("without a plan: %v", err)
	}
	for _, line := range []string{"anna: !plan förslag Stöd | Anna Svensson ringer, tel 070-123 45 67 | Snart | Anna Svensson | Våren", "lena: !plan ta med 1", "lena: !plan godkänn",
		"lena: !plan beslut antagen idag Socialnämnden | säger Anna Svensson", "at 2027-03-17 12:00", "lena: !uppföljning Anna Svensson har börjat.", "at 2027-03-18 12:00"} {
		s.step(line)
		s.settle()
	}
	got, err := s.bot.PlanJSON(s.ctx, "vasteras")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.NewCompiler().Compile("../docs/plan.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var data any
	if err := json.Unmarshal(text, &data); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(data); err != nil {
		t.Error(err)
	}
	for _, hidden := range []string{"Anna", "Svensson", "070", "lena", "example.se"} {
		if strings.Contains(string(text), hidden) {
			t.Errorf("%s is in the export: %s", hidden, text)
		}
	}
	if len(got.Items) != 1 || len(got.Decisions) != 1 || len(got.FollowUps) != 3 || len(got.FollowUps[0].Answers) != 1 {
		t.Errorf("something is missing: %s", text)
	}
}

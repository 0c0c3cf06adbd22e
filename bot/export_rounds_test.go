package bot_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"blnbot/bot"
)

// TestCompilationExport checks the JSON form of a compilation against its
// schema, and what is said where there is none.
func TestCompilationExport(t *testing.T) {
	s := newStage(t)
	for _, line := range []string{
		"network vasteras Västerås prompts=1", "join anna Anna Svensson", "network arvika Arvika prompts=1",
		"at 2026-09-08 17:00", "room vasteras", "anna in 1 #a1: En fast kontaktperson som svarar när det är akut.", "lena: !avsluta", "after 2s", "lena: !godkänn",
		"room arvika", "carin in 1 #c1: Anna sa att en kontaktperson som man når när det blir akut är viktig.", "lena: !avsluta",
	} {
		s.settle()
		s.step(line)
	}
	check := func(networks int) {
		t.Helper()
		made, err := s.bot.CompilationJSON(s.ctx, "", 1)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(made)
		if err != nil {
			t.Fatal(err)
		}
		schema, err := jsonschema.NewCompiler().Compile("../docs/compilation.schema.json")
		if err != nil {
			t.Fatal(err)
		}
		data, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err == nil {
			err = schema.Validate(data)
		}
		if err != nil || len(made.Networks) != networks || strings.Contains(string(text), "Anna") {
			t.Errorf("%v: %s", err, text)
		}
	}
	check(1)
	s.settle()
	s.step("after 2s")
	s.step("lena: !godkänn")
	s.settle()
	check(2)
	for _, tt := range []struct {
		programme string
		number    int
	}{{"kort", 1}, {"", 0}, {"prov", 4}, {"prov", 2}} {
		if _, err := s.bot.CompilationJSON(s.ctx, tt.programme, tt.number); !errors.Is(err, bot.ErrNothing) {
			t.Errorf("%s %d: %v", tt.programme, tt.number, err)
		}
	}
}

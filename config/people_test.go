package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/meeting"
)

func TestHelpLinesAndRoles(t *testing.T) {
	text := `help_lines: ["Ring 112.", "Anhörigstödet: 021-39 00 00"]
roles:
  sv: {carer: [närstående, närstående], manager: enhetschef}
` + base
	cfg, dir, err := load(t, text)
	if err != nil {
		t.Fatal(faults(err, dir))
	}
	if diff := cmp.Diff([]string{"Ring 112.", "Anhörigstödet: 021-39 00 00"}, cfg.Networks[0].HelpLines); diff != "" {
		t.Error(diff)
	}
	want := meeting.RoleNames{"sv": {
		meeting.RoleCarer:   {One: "närstående", Many: "närstående", Word: "närstående", Nobody: "ingen närstående"},
		meeting.RoleManager: {One: "enhetschef", Many: "enhetschef", Word: "enhetschef", Nobody: "ingen enhetschef"},
	}}
	if diff := cmp.Diff(want, cfg.Roles); diff != "" {
		t.Error(diff)
	}
}

func TestBadHelpLinesAndRoles(t *testing.T) {
	long := strings.Repeat("x", 161)
	for text, want := range map[string]string{
		"help_lines: []":                                        "help_lines is empty",
		"help_lines: [a, b, c, d, e, f, g]":                     "help_lines has 7 lines",
		"help_lines: [" + long + "]":                            "longer than 160 characters",
		"help_lines: 112":                                       "where a list should be",
		"roles: {fi: {carer: omainen}}":                         `unknown key "fi"`,
		"roles: {sv: {kung: kung}}":                             `unknown key "kung"`,
		"roles: {sv: {carer: chef}}":                            `"chef" is the name of manager already`,
		"roles: {sv: {carer: [nära, nära], ngo: [nära, nära]}}": `"nära" is the name of carer already`,
		"roles: {sv: {carer: [a, b, c]}}":                       "carer has 3 names",
		"roles: {sv: {carer: \"a`b\"}}":                         "cannot be the name of a role",
		"roles: {sv: {carer: \"1 anhörig\"}}":                   "cannot be the name of a role",
	} {
		_, _, err := load(t, text+"\n"+base)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n got %v\nwant %s", text, err, want)
		}
	}
}

package render

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

var (
	codeSpan = regexp.MustCompile("``?[^`]+(`[^`]+)*``?")
	doubled  = regexp.MustCompile(`\S  +\S`)
	// emptyItem is a list item that says nothing, or only its number.
	emptyItem = regexp.MustCompile(`(?m)^- *([0-9.]+|\\|\*\*)? *$`)
	stray     = regexp.MustCompile(`\s[,.;:?](\s|$)|\(\s*\)|\*\*[ \t]*\*\*|[,.;:]\s*[,.;:]\s|\( | \)`)
)

// severalEmoji are the texts that may show more than one emoji, and why.
var severalEmoji = map[string]string{
	"hello":        "explains the two reactions that everybody needs",
	"welcome":      "explains the reaction that everybody sees",
	"which_prompt": "the emoji are the answers to choose from",
	"round":        "one sign for each network",
	"status":       "one sign for each network",
	"status_table": "one sign for each network",
}

func TestTextsHaveManners(t *testing.T) {
	x := New()
	for _, s := range samples(t) {
		for _, lang := range Languages() {
			t.Run(s.name()+"."+lang, func(t *testing.T) {
				got, err := x.Text(lang, s.text, s.data)
				if err != nil {
					t.Fatal(err)
				}
				prose := codeSpan.ReplaceAllString(picture.ReplaceAllString(got, "$1"), "x")
				switch {
				case got == "":
					t.Error("the text is empty")
				case !utf8.ValidString(got):
					t.Error("not UTF-8")
				case strings.TrimSpace(got) != got:
					t.Errorf("space at an end: %q", got)
				case strings.Contains(got, "<no value>") || strings.Contains(got, "%!"):
					t.Errorf("a value is missing: %q", got)
				case doubled.MatchString(got):
					t.Errorf("double space: %q", doubled.FindString(got))
				case emptyItem.MatchString(got):
					t.Errorf("empty list item: %q", got)
				case stray.MatchString(prose):
					t.Errorf("stray punctuation: %q in %q", stray.FindString(prose), got)
				case strings.Contains(prose, "!") && s.text != "hello" && s.text != "welcome":
					t.Errorf("exclamation mark: %q", got)
				case emoji(got) > 1 && severalEmoji[s.text] == "":
					t.Errorf("%d emoji: %q", emoji(got), got)
				}
				checkQuotes(t, lang, prose)
			})
		}
	}
}

// Swedish has the same quotation mark on both sides.
func checkQuotes(t *testing.T, lang, prose string) {
	t.Helper()
	if strings.ContainsAny(prose, "\"'") && (lang == "sv" || strings.Contains(prose, "\"")) {
		t.Errorf("straight quotation mark: %q", prose)
	}
	if lang == "sv" && strings.Contains(prose, "“") {
		t.Errorf("English quotation mark: %q", prose)
	}
	if lang == "en" && strings.Count(prose, "“") != strings.Count(prose, "”") {
		t.Errorf("quotation marks do not match: %q", prose)
	}
}

// emoji counts emoji; a sequence for a keycap counts once.
func emoji(s string) int {
	n := 0
	for _, r := range s {
		if r >= 0x1f300 && r <= 0x1faff || r >= 0x2600 && r <= 0x27bf || r >= 0x231a && r <= 0x23ff || r == 0x20e3 {
			n++
		}
	}
	return n
}

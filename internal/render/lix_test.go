package render

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// mostLIX is the highest readability index that a running text may have: up to
// 40 is easy (C. H. Björnsson, Läsbarhet, 1968).
const mostLIX = 40

// hardWords are texts that may be harder, and why.
var hardWords = map[string]string{
	"bad_role": "lists the roles, which have the names they have",
}

// notRunning tells texts that are read as a label, a table or a document.
var notRunning = regexp.MustCompile(`^(usage|does|kind|mask|figure)_|_(title|file|document)$|^(attachment|completeness|completeness_minutes|source|state|one_message|status|status_table|round|points|points_numbered|point|plan|plan_items|plan_shared|plan_changes|plan_change_list|plan_difference|plan_outcome|plan_replies|plan_decision|plan_decided_staff|suggestion|suggestions|followup_staff|summary|compilation|some_networks|people_cell|report_gist)$`)

// fewestWords is how long a text must be for the index to mean anything.
const fewestWords = 8

func TestSwedishIsEasyToRead(t *testing.T) {
	x := New()
	for _, s := range samples(t) {
		if notRunning.MatchString(s.text) {
			continue
		}
		got, err := x.Text("sv", s.text, s.data)
		if err != nil {
			t.Fatal(err)
		}
		index, words := lix(got)
		t.Logf("%3d  %-26s %d words", index, s.name(), words)
		if words >= fewestWords && index > mostLIX && hardWords[s.text] == "" {
			t.Errorf("%s has LIX %d, at most %d: shorten sentences and words, or list it in hardWords with a reason\n%s", s.name(), index, mostLIX, got)
		}
	}
}

// abbreviation keeps "kl. 17.00" from ending a sentence.
var abbreviation = strings.NewReplacer("kl. ", "kl ", "m.m.", "mm", "t.ex.", "tex")

// lix is words per sentence, plus the percentage of words with more than six
// letters. Commands count as one short word each, list items as sentences.
func lix(markdown string) (index, words int) {
	text := abbreviation.Replace(codeSpan.ReplaceAllString(markdown, "kod"))
	sentences, long := 0, 0
	open := false
	for line := range strings.Lines(text) {
		for _, field := range strings.Fields(line) {
			word := strings.TrimFunc(field, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
			if word != "" {
				words++
				open = true
				if utf8.RuneCountInString(word) > 6 {
					long++
				}
			}
			end := strings.TrimRight(field, "”)*")
			if open && strings.TrimRight(end, ".?!:") != end {
				sentences++
				open = false
			}
		}
		if open && strings.TrimSpace(line) != "" {
			sentences++
			open = false
		}
	}
	if words == 0 {
		return 0, 0
	}
	return (words*100/max(sentences, 1) + long*10000/words + 50) / 100, words
}

func TestLIX(t *testing.T) {
	for text, want := range map[string]int{
		"":                                     0,
		"Jag ser en katt. Den är svart.":       4,  // 7/2 rounded
		"Sammanfattningen är delad kl. 17.00.": 25, // 5 words, 1 sentence, 1 long
		"- ett två tre\n- fyra fem sex":        3,
	} {
		if got, _ := lix(text); got != want {
			t.Errorf("lix(%q) = %d, want %d", text, got, want)
		}
	}
}

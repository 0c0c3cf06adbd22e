package meeting_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"blnbot/internal/meeting"
)

// guardMark is an annotation: {n:Erik} or {a:Storgatan 12}.
var guardMark = regexp.MustCompile(`\{([na]):([^}]*)\}`)

// leastFound is the share of the annotated names and addresses that must be
// found, in percent.
const leastFound = 88

// TestGuardOnAnnotatedTexts counts how many names of third persons and addresses
// are masked, and requires that nothing else is.
func TestGuardOnAnnotatedTexts(t *testing.T) {
	data, err := os.ReadFile("testdata/guard.txt")
	if err != nil {
		t.Fatal(err)
	}
	m := meeting.NewMasker(nil)
	replacement := map[string]string{"n": "[namn]", "a": "[adress]"}
	all, found, wrong := map[string]int{}, map[string]int{}, 0
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		plain := guardMark.ReplaceAllString(line, "$2")
		got := m.Mask(plain, maskWords())
		rest := got
		good := true
		for _, mark := range guardMark.FindAllStringSubmatch(line, -1) {
			all[mark[1]]++
			if strings.Contains(got, mark[2]) {
				t.Logf("missed %s: %s", mark[2], got)
				good = false
			} else {
				found[mark[1]]++
			}
		}
		want := guardMark.ReplaceAllStringFunc(line, func(s string) string { return replacement[s[1:2]] })
		if good && rest != want {
			wrong++
			t.Errorf("masked what is nobody's, or not enough:\n got %s\nwant %s", got, want)
		}
	}
	for kind, n := range all {
		t.Logf("%s: %d of %d found", replacement[kind], found[kind], n)
		if found[kind]*100 < n*leastFound {
			t.Errorf("only %d of %d %s found", found[kind], n, replacement[kind])
		}
	}
	t.Logf("wrongly masked: %d", wrong)
}

// TestGuardLeavesDiscussionsAlone masks the annotated discussions that the
// digest is measured on, and the programmes: the names of those who take part
// go, and nothing else, for there are no third persons in them. Masking could
// only destroy meaning.
func TestGuardLeavesDiscussionsAlone(t *testing.T) {
	words, texts, wrong := 0, 0, 0
	check := func(file, text string, members []string) {
		texts++
		words += len(strings.Fields(text))
		m := meeting.NewMasker(members)
		if got, want := m.Mask(text, maskWords()), m.MaskNames(text, maskWords()); got != want {
			wrong++
			t.Errorf("%s:\n got %s\nwant %s", file, got, want)
		}
		if found := m.Sensitive(text, maskWords()); found != nil {
			t.Errorf("%s: the author would be asked about %v", text, found)
		}
	}
	theme := regexp.MustCompile(`\[\[[^|\]]*\|([^\]]*)\]\]`)
	for file, data := range read(t, "../digest/testdata/*.json") {
		var d struct {
			Entries []struct{ Author, Body string }
		}
		if err := json.Unmarshal(data, &d); err != nil {
			t.Fatal(err)
		}
		var members []string
		for _, e := range d.Entries {
			members = append(members, e.Author)
		}
		for _, e := range d.Entries {
			check(file, theme.ReplaceAllString(e.Body, "$1"), members)
		}
	}
	for file, data := range read(t, "../../config/programmes/*.yaml") {
		check(file, string(data), nil)
	}
	t.Logf("%d texts, %d words, wrongly masked: %d", texts, words, wrong)
}

func read(t *testing.T, pattern string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	out := map[string][]byte{}
	for _, file := range files {
		if out[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

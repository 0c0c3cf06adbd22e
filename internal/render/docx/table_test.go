package docx

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var column = regexp.MustCompile(`<w:gridCol w:w="(\d+)"/>`)

// Columns are as wide as their longest word, where the page has room for that,
// and never wider together than the page.
func TestColumns(t *testing.T) {
	for name, c := range map[string]struct {
		table string
		words []int // the longest of each column; 0 where there is no room
	}{
		"short beside long": {"| Nätverk | Möte | Svarade | På plats |\n| --- | --- | --- | --- |\n| Västerås | 1 | 3 anhöriga och 4 andra deltagare | " +
			"3 anhöriga och 2 yrkesverksamma |", []int{8, 4, 9, 14}},
		"no room": {"| a | b |\n| --- | --- |\n| " + strings.Repeat("a", 60) + " | " + strings.Repeat("b", 60) + " |", []int{0, 0}},
	} {
		found := column.FindAllStringSubmatch(read(t, write(t, "# Plan\n\n"+c.table), "word/document.xml"), -1)
		if len(found) != len(c.words) {
			t.Fatalf("%s: %d columns", name, len(found))
		}
		sum := 0
		for i, f := range found {
			width, err := strconv.Atoi(f[1])
			if err != nil || width < c.words[i]*letter {
				t.Errorf("%s: column %d is %d wide, %v", name, i+1, width, err)
			}
			sum += width
		}
		if sum > textWidth {
			t.Errorf("%s: the columns are %d wide, the page %d", name, sum, textWidth)
		}
	}
}

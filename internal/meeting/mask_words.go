package meeting

import (
	_ "embed"
	"strings"
	"sync"
)

var (
	//go:embed words/names.txt
	nameList string
	//go:embed words/places.txt
	placeList string
	//go:embed words/others.txt
	otherList string
)

// givenNames are common given names, folded.
var givenNames = sync.OnceValue(func() map[string]bool {
	names := readWords(nameList)
	for name := range names {
		if plain := unaccented(name); plain != name && !ordinaryWords[plain] {
			names[plain] = true
		}
	}
	return names
})

// readOthers are the words of others.txt, folded.
var readOthers = sync.OnceValue(func() map[string]bool { return readWords(otherList) })

// noPersons are capitalised words that name nobody, folded.
var noPersons = sync.OnceValue(func() map[string]bool {
	out := readWords(placeList)
	for w := range readOthers() {
		out[w] = true
	}
	for w := range notNames {
		out[w] = true
	}
	return out
})

// readWords reads a list of words; lines that begin with # are comments.
func readWords(list string) map[string]bool {
	var lines []string
	for line := range strings.Lines(list) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return wordSet(strings.Join(lines, " "))
}

var withoutAccents = strings.NewReplacer("å", "a", "ä", "a", "ö", "o")

func unaccented(s string) string { return withoutAccents.Replace(s) }

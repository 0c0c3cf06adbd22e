package digest

import (
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"
	"github.com/kljensen/snowball/swedish"
)

//go:embed words/sv.txt
var swedishWords string

//go:embed words/en.txt
var englishWords string

// longestStem is the longest word, in runes, that is worth stemming: longer
// ones are no words.
const longestStem = 40

// lexicon is what the digest knows about a language, and the stems seen so far.
type lexicon struct {
	sections map[string]map[string]bool
	stem     func(word string, stopWords bool) string
	stems    map[string]string
}

func newLexicon(language string) *lexicon {
	l := &lexicon{sections: map[string]map[string]bool{}, stem: swedish.Stem, stems: map[string]string{}}
	text := swedishWords
	if language == "en" {
		l.stem, text = english.Stem, englishWords
	}
	var section map[string]bool
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			section = map[string]bool{}
			l.sections[strings.Trim(line, "[]")] = section
		default:
			for _, w := range strings.Fields(line) {
				section[w] = true
			}
		}
	}
	return l
}

func (l *lexicon) is(section, word string) bool { return l.sections[section][word] }

// stemOf is the word's stem; words in other scripts are their own stems.
func (l *lexicon) stemOf(word string) string {
	if s, ok := l.stems[word]; ok {
		return s
	}
	s := word
	if utf8.RuneCountInString(word) <= longestStem && strings.IndexFunc(word, notLatin) < 0 {
		s = l.stem(word, true)
	}
	l.stems[word] = s
	return s
}

func notLatin(r rune) bool { return !unicode.Is(unicode.Latin, r) }

// wordsOf splits a text into words in lower case. Han and kana, which write no
// spaces, count rune by rune.
func wordsOf(text string) []string {
	var out []string
	from := -1
	flush := func(to int) {
		if from >= 0 {
			out = append(out, strings.ToLower(text[from:to]))
		}
		from = -1
	}
	for i, r := range text {
		switch {
		case r > 0x2e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
			flush(i)
			out = append(out, string(r))
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r):
			if from < 0 {
				from = i
			}
		default:
			flush(i)
		}
	}
	flush(len(text))
	return out
}

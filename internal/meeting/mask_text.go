package meeting

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// folded is a text made comparable rune by rune: lower case, å ä ö composed,
// other accents and invisible characters gone, dashes, spaces and digits of
// all kinds made plain. What has been found is blanked with 0.
type folded struct {
	low        []rune
	upper      []bool
	start, end []int // byte offsets in the text
}

func fold(text string) *folded {
	most := utf8.RuneCountInString(text)
	f := &folded{low: make([]rune, 0, most), upper: make([]bool, 0, most), start: make([]int, 0, most), end: make([]int, 0, most)}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		n := len(f.low) - 1
		switch {
		case unicode.Is(unicode.M, r):
			if n >= 0 {
				f.low[n] = composed(f.low[n], r)
				f.end[n] = i + size
			}
		case unicode.Is(unicode.Cf, r):
		default:
			f.low = append(f.low, plain(r))
			f.upper = append(f.upper, unicode.IsUpper(r))
			f.start, f.end = append(f.start, i), append(f.end, i+size)
		}
		i += size
	}
	return f
}

// composed is a base letter with a combining mark; marks that make no Swedish
// letter are dropped.
func composed(base, mark rune) rune {
	switch {
	case base == 'a' && mark == '\u030a':
		return 'å'
	case base == 'a' && mark == '\u0308':
		return 'ä'
	case base == 'o' && mark == '\u0308':
		return 'ö'
	}
	return base
}

func plain(r rune) rune {
	if r >= '！' && r <= '～' { // full width
		r -= '！' - '!'
	}
	r = unicode.ToLower(r)
	switch {
	case r < 0x80, r == 'å', r == 'ä', r == 'ö':
		if r == '\t' {
			return ' '
		}
		return r
	case unicode.Is(unicode.Zs, r):
		return ' '
	case unicode.Is(unicode.Pd, r), r == '−':
		return '-'
	case unicode.Is(unicode.Nd, r):
		for _, zero := range "٠۰०০๐" {
			if r >= zero && r <= zero+9 {
				return '0' + r - zero
			}
		}
		if r >= 0x1d7ce && r <= 0x1d7ff {
			return '0' + (r-0x1d7ce)%10
		}
	}
	if base, ok := accents[r]; ok {
		return base
	}
	return r
}

type span struct {
	from, to int // runes
	what     Pattern
}

// take blanks the runes, so that nothing else is found there.
func (f *folded) take(from, to int, what Pattern) span {
	clear(f.low[from:to])
	return span{from, to, what}
}

// protect blanks the places where the text holds a replacement already.
func (f *folded) protect(text, word string) {
	if word == "" {
		return
	}
	i := 0
	for at := 0; ; at += len(word) {
		k := strings.Index(text[at:], word)
		if k < 0 {
			return
		}
		at += k
		for ; i < len(f.low) && f.start[i] < at+len(word); i++ {
			if f.start[i] >= at {
				f.low[i] = 0
			}
		}
	}
}

func (f *folded) has(i int, s string) bool {
	for _, r := range s {
		if i < 0 || i >= len(f.low) || f.low[i] != r {
			return false
		}
		i++
	}
	return true
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// run is the end of the runes from i on that satisfy ok.
func (f *folded) run(i int, ok func(rune) bool) int {
	for i < len(f.low) && ok(f.low[i]) {
		i++
	}
	return i
}

func accentTable(pairs ...string) map[rune]rune {
	out := map[rune]rune{}
	for i := 0; i < len(pairs); i += 2 {
		base, _ := utf8.DecodeRuneInString(pairs[i])
		for _, r := range pairs[i+1] {
			out[r] = base
		}
	}
	return out
}

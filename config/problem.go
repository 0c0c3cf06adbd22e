package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is a fault in a configuration file, or a warning about it.
type Problem struct {
	File         string
	Line, Column int    // counted from 1
	Message      string // what is wrong
	Expected     string // what should stand there; may be empty
	Example      string // may be empty
}

// String is the problem as people read it, over one to three lines.
func (p Problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
	if p.Expected != "" {
		fmt.Fprintf(&b, "\n    expected: %s", p.Expected)
	}
	if p.Example != "" {
		fmt.Fprintf(&b, "\n    example:  %s", p.Example)
	}
	return b.String()
}

// Error holds all faults that were found, in the order of the files. The
// configuration cannot be used.
type Error struct {
	Problems []Problem
	Warnings []Problem // not faults, and not part of the error's text
}

func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// findings collects problems and warnings while files are read.
type findings struct {
	files    []string // in reading order
	problems []Problem
	warnings []Problem
}

// sorted orders problems by file and place and drops repetitions.
func (f *findings) sorted(list []Problem) []Problem {
	slices.SortStableFunc(list, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(slices.Index(f.files, a.File), slices.Index(f.files, b.File)),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
		)
	})
	return slices.Compact(list)
}

// quote shows a value from a file, shortened if it is long.
func quote(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

// suggest is `; did you mean "x"?` if one of the words is near, else empty.
func suggest(word string, words []string) string {
	if best := nearest(word, words); best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return ""
}

// nearest is the word that is most like the given one, or empty if all are
// too unlike it.
func nearest(word string, words []string) string {
	best, at := "", max(1, len([]rune(word))/3)+1
	for _, w := range words {
		if d := distance(strings.ToLower(word), strings.ToLower(w)); d < at {
			best, at = w, d
		}
	}
	return best
}

// distance is how many letters must be added, removed, exchanged or swapped
// with a neighbour to make b of a (optimal string alignment).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	d := make([][]int, len(s)+1)
	for i := range d {
		d[i] = make([]int, len(t)+1)
		d[i][0] = i
	}
	for j := range t {
		d[0][j+1] = j + 1
	}
	for i := range s {
		for j := range t {
			cost := 1
			if s[i] == t[j] {
				cost = 0
			}
			d[i+1][j+1] = min(d[i][j+1]+1, d[i+1][j]+1, d[i][j]+cost)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				d[i+1][j+1] = min(d[i+1][j+1], d[i-1][j-1]+1)
			}
		}
	}
	return d[len(s)][len(t)]
}

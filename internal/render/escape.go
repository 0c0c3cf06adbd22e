package render

import (
	"regexp"
	"strings"
	"unicode"
)

// Escape makes text that a person wrote safe inside Markdown: on one line,
// with everything that Markdown or HTML would act on taken literally, and with
// "@room" broken so that no client rings for it.
func Escape(s string) string {
	return escape(oneLine(s))
}

// escapeLines is Escape for text whose line breaks are to be kept. Lines after
// the first begin with the indent, so that the text stays inside a list item;
// empty lines are kept too, but no more than one in a row.
func escapeLines(indent, s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	var out []string
	gap := false
	for line := range strings.SplitSeq(s, "\n") {
		line = Escape(line)
		if line == "" {
			gap = true
			continue
		}
		if gap && len(out) > 0 {
			out = append(out, "")
		}
		gap = false
		out = append(out, line)
	}
	return strings.Join(out, "\\\n"+indent)
}

// code puts text into a code span, in which a backslash would be shown: the
// fence is longer than any run of backticks in the text (CommonMark 0.31,
// section 6.1).
func code(parts ...string) string {
	s := room.ReplaceAllString(oneLine(strings.Join(parts, "")), "@\u2060$1")
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + s + fence
}

// link is a Markdown link, or only its label if there is no address.
func link(label, url string) string {
	if url = oneLine(url); url == "" {
		return Escape(label)
	}
	return "[" + Escape(label) + "](" + destination.Replace(url) + ")"
}

// destination keeps an address from ending its link early.
var destination = strings.NewReplacer(" ", "%20", "(", "%28", ")", "%29", "<", "%3C", ">", "%3E", "\\", "%5C", "`", "%60", "|", "%7C", "&", "&amp;")

// oneLine puts text on one line, without characters that cannot be seen but
// change what can be: controls, and those that turn text around.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsSpace(r) && (unicode.IsControl(r) || isBidiControl(r)) {
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// special is the ASCII punctuation that Markdown acts on wherever it stands
// (CommonMark 0.31, section 2.4: any of it may be escaped with a backslash).
const special = "\\`*_[]<>#|~&"

func escape(s string) string {
	var b strings.Builder
	b.Grow(len(s) + len(s)/8)
	for i, r := range s {
		switch {
		case r == '@' && room.MatchString(s[i:min(len(s), i+len("@room"))]):
			b.WriteString("\\@\u2060")
			continue
		case r == '\\' && i+1 == len(s):
			// A line break may follow as a backslash, and goldmark (v1.8.4) takes
			// none after an escaped one.
			b.WriteString("&#92;")
			continue
		case needsEscape(s, i, r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// needsEscape says whether the character at i could mean something to
// Markdown. Full stops, hyphens and the like only do at the start of a line or
// in certain company, and escaping them everywhere would make the stored posts
// hard to read.
func needsEscape(s string, i int, r rune) bool {
	switch r {
	case '.', ')':
		// "1. " and "1) " begin a list, "1.2" does not.
		return i > 0 && strings.Trim(s[:i], "0123456789") == "" && (i+1 == len(s) || s[i+1] == ' ')
	case '-', '+', '=':
		return i == 0
	case ':':
		// The first cell of a table's second row, and an address.
		return i == 0 || strings.HasPrefix(s[i:], "://")
	}
	return r < 0x80 && strings.ContainsRune(special, r)
}

// room is what rings for everybody (Matrix spec, push rule .m.rule.roomnotif).
var room = regexp.MustCompile(`(?i)@(room)`)

// isBidiControl reports characters that turn the direction of text around and
// could make the lines after them unreadable (Unicode, UAX 9, section 2).
func isBidiControl(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f || r == 0x061c
}

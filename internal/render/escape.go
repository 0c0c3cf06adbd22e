package render

import "strings"

// Escape makes text that a person wrote safe inside Markdown: on one line,
// with everything that Markdown or HTML would act on taken literally, and with
// "@room" broken so that no client rings for it.
func Escape(s string) string {
	return escape(strings.Join(strings.Fields(s), " "))
}

// escapeLines is Escape for text whose line breaks are to be kept: each line
// becomes a line of its own with the prefix.
func escapeLines(prefix, s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	var out []string
	for line := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
		out = append(out, prefix+Escape(line))
	}
	return strings.Join(out, "\\\n")
}

// special is the ASCII punctuation that Markdown may act on (CommonMark 0.31,
// section 2.4: any of it may be escaped with a backslash).
const special = "\\`*_{}[]()<>#+-.!|~&:\"'^=$%@"

func escape(s string) string {
	var b strings.Builder
	b.Grow(len(s) + len(s)/8)
	for i, r := range s {
		switch {
		case r == '@' && hasFoldPrefix(s[i+1:], "room"):
			b.WriteString("\\@\u2060")
			continue
		case r < 0x20 || r == 0x7f:
			continue
		case isBidiControl(r):
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
	if r >= 0x80 || !strings.ContainsRune(special, r) {
		return false
	}
	switch r {
	case '.', ')':
		return leadingDigits(s[:i])
	case '-', '+', '=':
		return strings.TrimSpace(s[:i]) == ""
	case ':', '"', '\'', '%', '$', '^', '(', '@':
		return r == ':' && strings.HasPrefix(s[i:], "://")
	case '!':
		return strings.HasPrefix(s[i+1:], "[")
	}
	return true
}

// leadingDigits reports whether s is nothing but a list number.
func leadingDigits(s string) bool {
	s = strings.TrimSpace(s)
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func hasFoldPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// isBidiControl reports characters that turn the direction of text around and
// could make the lines after them unreadable.
func isBidiControl(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f
}

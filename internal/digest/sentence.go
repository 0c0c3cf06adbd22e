package digest

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sentence is a stretch of one line of a reply.
type sentence struct {
	text string // as written, on one line, blanks made single
	// follows says that the sentence before stands on the same line, so that
	// both together are text as written too.
	follows bool
	// more says that the text was cut before its sentence ended.
	more bool
}

// bullet is what a line of a list begins with.
var bullet = regexp.MustCompile(`^(?:[-*•–—·>+]+|\(?\d{1,2}[.)]|\(?[a-zA-Z]\))\s+`)

// sentences splits a reply. At most limit sentences are returned.
func (l *lexicon) sentences(body string, longest, limit int) []sentence {
	var out []sentence
	for line := range strings.Lines(body) {
		line = strings.Join(strings.Fields(strings.ToValidUTF8(line, "")), " ")
		for bullet.MatchString(line) {
			line = line[len(bullet.FindString(line)):]
		}
		first := true
		for line != "" && len(out) < limit {
			n := l.sentenceEnd(line)
			for _, s := range clauses(strings.TrimSpace(line[:n]), longest) {
				s.follows = !first
				out = append(out, s)
				first = false
			}
			line = strings.TrimSpace(line[n:])
		}
		if len(out) >= limit {
			return out[:limit]
		}
	}
	return out
}

// sentenceEnd is where the first sentence of a line ends, in bytes.
func (l *lexicon) sentenceEnd(line string) int {
	for i, r := range line {
		if !strings.ContainsRune(".!?…。！？؟", r) {
			continue
		}
		end := i + utf8.RuneLen(r)
		if strings.ContainsRune("。！？", r) {
			return end
		}
		rest := line[end:]
		if rest != "" && strings.ContainsAny(rest[:1], ".!?") || strings.HasPrefix(rest, "…") {
			continue // the run's last mark decides
		}
		closing := strings.TrimLeft(rest, "\"”’'»)]*_")
		next := strings.TrimLeft(closing, " ")
		if next == "" {
			return len(line)
		}
		quoted := len(closing) < len(rest)
		if next == closing {
			if r == '.' && glued(line[:i], rest) {
				return end
			}
			continue
		}
		if l.ends(line[:i], r, next, quoted) {
			return end + len(rest) - len(closing)
		}
	}
	return len(line)
}

// ends reports whether the mark after before ends a sentence when next follows.
func (l *lexicon) ends(before string, mark rune, next string, quoted bool) bool {
	r, _ := utf8.DecodeRuneInString(next)
	lower := unicode.IsLower(r)
	if mark == '…' || strings.HasSuffix(before, ".") {
		return !lower
	}
	if quoted && lower || mark != '.' {
		return !(quoted && lower)
	}
	word := before[strings.LastIndexAny(before, " (”\"")+1:]
	word = strings.ToLower(strings.TrimFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }))
	switch {
	case l.is("abbreviation", word):
		return false
	case l.is("abbreviation-final", word):
		return !lower
	case utf8.RuneCountInString(word) == 1 && !unicode.IsDigit(rune(word[0])):
		return word == "å" || word == "i" && !lower // initials go on
	}
	return true
}

// glued reports whether a full stop without a blank after it ends a sentence:
// "hem.Jag", but not "x.se" or "1.Två".
func glued(before, after string) bool {
	word := before[strings.LastIndex(before, " ")+1:]
	a, size := utf8.DecodeRuneInString(after)
	b, _ := utf8.DecodeRuneInString(after[size:])
	last, _ := utf8.DecodeLastRuneInString(word)
	return len(word) > 2 && !strings.ContainsAny(word, "./@:") && unicode.IsLower(last) && unicode.IsUpper(a) && unicode.IsLower(b)
}

// clauses cuts what is too long for one point, such as a long reply without
// full stops, where clauses begin.
func clauses(text string, longest int) []sentence {
	var out []sentence
	for utf8.RuneCountInString(text) > 2*longest {
		head := cut(text, longest)
		out = append(out, sentence{text: strings.TrimRight(head, " ,;:–-"), more: true})
		text = strings.TrimLeft(text[len(head):], " ,;:–-")
	}
	return append(out, sentence{text: text})
}

// boundaries are where a text may be cut, the best first.
var boundaries = [][]string{
	{". ", "! ", "? ", "… "},
	{"; ", ": ", " – ", " - ", ", men ", ", och ", ", så ", ", but ", ", and ", ", so ", ", "},
	{" men ", " och ", " så ", " eftersom ", " när ", " but ", " and ", " because ", " when "},
	{" "},
}

// cut is the longest good beginning of a text, of at most n runes.
func cut(text string, n int) string {
	window := text
	for i := range text {
		if n--; n < 0 {
			window = text[:i]
			break
		}
	}
	if len(window) == len(text) {
		return text
	}
	for level, marks := range boundaries {
		best := 0
		for _, m := range marks {
			at := strings.LastIndex(window, m)
			if level == 0 && at >= 0 {
				at += len(strings.TrimRight(m, " "))
			}
			best = max(best, at)
		}
		if best > len(window)*2/5 {
			return window[:best]
		}
	}
	for len(window) > 0 {
		r, size := utf8.DecodeRuneInString(text[len(window):])
		if !unicode.Is(unicode.M, r) && r != '\u200d' {
			break
		}
		_ = size
		_, last := utf8.DecodeLastRuneInString(window)
		window = window[:len(window)-last]
	}
	return window
}

// shorten brings a text to at most n runes, with "…" for what is gone.
func shorten(text string, n int, more bool) string {
	if utf8.RuneCountInString(text) <= n && !more {
		return text
	}
	head := strings.TrimRight(cut(text, n-2), " ,;:–-")
	if head == "" {
		return text[:len(cut(text, n))]
	}
	if strings.ContainsAny(head[len(head)-1:], ".!?") {
		return head + " …"
	}
	return head + "…"
}

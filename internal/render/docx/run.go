package docx

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode"
)

func newFlush(w io.Writer) *bufio.Writer { return bufio.NewWriterSize(w, 64) }

// run writes text of one look. What reads from right to left is set apart, since
// Word asks for it.
func (b *body) run(s string, f format) {
	for _, part := range byDirection(clean(s)) {
		var looks strings.Builder
		for _, l := range []struct {
			on   bool
			text string
		}{
			{f.link, `<w:rStyle w:val="Hyperlink"/>`}, {f.code && !f.link, `<w:rStyle w:val="CodeText"/>`},
			{f.source && !f.link && !f.code, `<w:rStyle w:val="Source"/>`},
			{f.strong && !f.plain, `<w:b/><w:bCs/>`}, {part.rtl, `<w:rtl/>`},
		} {
			if l.on {
				looks.WriteString(l.text)
			}
		}
		b.out.WriteString("<w:r>")
		if looks.Len() > 0 {
			b.out.WriteString("<w:rPr>" + looks.String() + "</w:rPr>")
		}
		b.out.WriteString(`<w:t xml:space="preserve">` + escape(part.text) + "</w:t></w:r>")
	}
}

type directed struct {
	text string
	rtl  bool
}

// byDirection cuts text where its direction changes. Spaces and the like go with
// the text before them.
func byDirection(s string) []directed {
	var out []directed
	at := 0
	rtl, known := false, false
	for i, r := range s {
		if !unicode.IsLetter(r) {
			continue
		}
		if is := rightToLeft(r); !known {
			rtl, known = is, true
		} else if is != rtl {
			out = append(out, directed{s[at:i], rtl})
			at, rtl = i, is
		}
	}
	if at < len(s) {
		out = append(out, directed{s[at:], rtl})
	}
	return out
}

func rightToLeft(r rune) bool {
	return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko)
}

// StartsRightToLeft reports whether the first letter reads from right to left.
func StartsRightToLeft(s string) bool {
	for _, r := range s {
		if unicode.IsLetter(r) {
			return rightToLeft(r)
		}
	}
	return false
}

// clean removes what XML 1.0 cannot contain (section 2.2).
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd || r >= 0x10000 {
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// escape makes text safe between tags and in attributes.
func escape(s string) string {
	var b strings.Builder
	// A strings.Builder never fails.
	_ = xml.EscapeText(&b, []byte(clean(s)))
	return b.String()
}

// Lists: one kind of bullets, and a numbering of its own for each numbered list.
const (
	bullets = 1
	deepest = 2
	indent  = 340
)

func (b *body) numbering() string {
	var out strings.Builder
	out.WriteString(prolog + `<w:numbering ` + namespaces + `>`)
	level := func(i int, kind, text string) {
		fmt.Fprintf(&out, `<w:lvl w:ilvl="%d"><w:start w:val="1"/><w:numFmt w:val="%s"/><w:lvlText w:val="%s"/><w:lvlJc w:val="left"/>`+
			`<w:pPr><w:ind w:left="%d" w:hanging="%d"/></w:pPr></w:lvl>`, i, kind, text, indent*(i+1), indent)
	}
	out.WriteString(`<w:abstractNum w:abstractNumId="0"><w:multiLevelType w:val="hybridMultilevel"/>`)
	for i := range deepest + 1 {
		level(i, "bullet", []string{"•", "–", "•"}[i])
	}
	out.WriteString(`</w:abstractNum><w:abstractNum w:abstractNumId="1"><w:multiLevelType w:val="hybridMultilevel"/>`)
	for i := range deepest + 1 {
		level(i, []string{"decimal", "lowerLetter", "lowerRoman"}[i], fmt.Sprintf("%%%d.", i+1))
	}
	fmt.Fprintf(&out, `</w:abstractNum><w:num w:numId="%d"><w:abstractNumId w:val="0"/></w:num>`, bullets)
	for i, start := range b.lists {
		fmt.Fprintf(&out, `<w:num w:numId="%d"><w:abstractNumId w:val="1"/>`, bullets+1+i)
		for l := range deepest + 1 {
			fmt.Fprintf(&out, `<w:lvlOverride w:ilvl="%d"><w:startOverride w:val="%d"/></w:lvlOverride>`, l, start)
		}
		out.WriteString(`</w:num>`)
	}
	out.WriteString(`</w:numbering>`)
	return out.String()
}

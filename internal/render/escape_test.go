package render

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

// hostile is what people could write by mistake or on purpose.
var hostile = []string{
	"Vanlig text, med komma. Och punkt!",
	"<script>alert(1)</script>", "<b>fet", "</p></li>", "<!-- kommentar", "<?php", "<![CDATA[x]]>", "<http://example.se>", "<anna@example.se>",
	"@room", "hej @room och @ROOM", "@", "@ room", "@\x00room", "@\u202eroom", "anna@roomservice.se", "@\u2060room",
	"https://matrix.to/#/@anna:example.se", "[Anna](https://matrix.to/#/@anna:example.se)", "javascript:alert(1)", "[x](javascript:alert(1))",
	"[x](y)", "[x][y]", "[x]: y", "[x]:y 'z'", "![i](x)", "!\u200e[i](x)", "\\![i](x)", "[^1]", "[ ] gör", "- [x] gjort",
	"1. x", "1) x", "1.x", "1.", "12)", "123456789. x", "1\x00. x", "\u200e1. x", "1.2 x", "0.", "2026. Året då",
	"- x", "-", "--", "---", "- - -", "+ x", "+", "* x", "***", "_ _ _", "\x00- x", "–", "— x",
	"# x", "#", "x #", "## x ##", "=", "===", "= x", "x\n===", "x\n---", "x\n- y", "x\n1. y", "x\n# y", "x\n> y",
	"> x", ">", ">>> x", "`x`", "``", "```", "```go\nx\n```", "~~~", "~~x~~", "~x~", "x ` y", "\\`x\\`",
	"*x*", "**x**", "_x_", "__x__", "***x***", "x*y*z", "snake_case_name", "*", "**", "_",
	"&amp;", "&lt;b&gt;", "&#35; x", "&#x41;", "&nbsp;", "&copy", "&", "&&", "R&D; x",
	"a | b", "|", "| a | b |\n|---|---|\n| 1 | 2 |", "a\n:--", "a\n:-:", "a | b\n--- | ---", ":--", ":-", "\\|",
	"x\\", "x\\\\", "\\", "\\\\\\", "x  ", "x  \ny", "x\\\ny", "\\\n", "\\# x",
	"http://example.se", "https://example.se/a_b_c?d=e&f=g", "www.example.se", "HTTP://EXAMPLE.SE", "mailto:a@b.se", "://",
	"\u202eesrever", "\u2066x\u2069", "\u200fx", "\u061cx", "a\u200bb", "a\u00a0b", "\u3000x", "\ufeffx", "a\u2028b", "a\u0085b", "e\u0301", "👩‍👧 😀",
	"    fyra blanksteg", "\tflik", "x\n    y", "\n\nx\n\n\ny\n\n", "a\rb", "a\r\nb", "\v\f", "",
	"x\x00y", "x\x1b[31my", "x\x7fy", "x\u009by", "\xff\xfe", "x\xc3", "{{.Body}}", "${x}", "$x$", "^x^", "%x", "'x'", "\"x\"", "«x»", "”x”",
	"(c)", "(anhörig)", "x)", ":", ": x", "x : y", ":smile:", "x://", ".", "...", "!", "!!!", "?",
}

// frames are the places in which escaped text stands.
var frames = map[string]string{
	"paragraph": "%s", "after text": "Text: %s", "before text": "%s (anhörig)", "second line": "Text\n%s", "first line": "%s\nText",
	"strong": "**%s** sedan", "strong number": "**Fråga 1. %s** (9 svar)", "strong comma": "- **%s**, möte", "heading": "## 1. %s",
	"item": "- %s", "item number": "- 1.2 %s (anhörig, stöd av 2)", "item continued": "- Text\\\n  %s", "quoted": "Jag hittar inte ”%s”.",
	"label": "[%s](https://example.se)", "cell": "| a | b |\n|---|---|\n| %s | x |", "header": "| %s | x |\n|---|---|\n| a | b |",
}

// plain and tabled are goldmark as it comes, and as documents use it.
var plain, tabled = goldmark.New(), goldmark.New(goldmark.WithExtensions(extension.Table))

func convert(t testing.TB, md string, tables bool) string {
	t.Helper()
	g := plain
	if tables {
		g = tabled
	}
	var b bytes.Buffer
	if err := g.Convert([]byte(md), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// inside checks that Markdown made of a frame and a text gives the frame's HTML
// with nothing but the text in it, and returns the text as it is shown.
func inside(t testing.TB, name, frame, md string, tables bool, line string) string {
	t.Helper()
	const here = "XYZZY"
	before, after, ok := strings.Cut(convert(t, strings.ReplaceAll(frame, "%s", here), tables), here)
	if !ok {
		t.Fatalf("%s: the frame shows no text", name)
	}
	got := convert(t, strings.ReplaceAll(frame, "%s", md), tables)
	rest, ok1 := strings.CutPrefix(got, before)
	text, ok2 := strings.CutSuffix(rest, after)
	if !ok1 || !ok2 {
		t.Fatalf("%s: %q became %q, which is not in %q … %q", name, clip(md), clip(got), before, after)
	}
	if line != "" {
		text = strings.ReplaceAll(text, line, "\n")
	}
	if strings.ContainsAny(entities.ReplaceAllString(text, ""), "<>&") {
		t.Fatalf("%s: %q became %q", name, clip(md), clip(got))
	}
	return html.UnescapeString(text)
}

// entities are those that goldmark writes for characters that HTML needs.
var entities = regexp.MustCompile(`&(lt|gt|amp|quot);`)

func clip(s string) string {
	if len(s) > 300 {
		return s[:300] + "…"
	}
	return s
}

// shown is how a text should look: without controls, and with "@room" broken.
func shown(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsSpace(r) && (unicode.IsControl(r) || isBidiControl(r)) {
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(unbroken(s)), " ")
}

func unbroken(s string) string { return strings.ReplaceAll(s, "@\u2060", "@") }

var rings = regexp.MustCompile(`(?i)@room`)

func checkEscape(t testing.TB, s string) {
	t.Helper()
	got := Escape(s)
	if strings.ContainsAny(got, "\n\r") || rings.MatchString(got) {
		t.Fatalf("Escape(%q) = %q", clip(s), clip(got))
	}
	want := shown(s)
	if got == "" {
		if want != "" {
			t.Fatalf("Escape(%q) is empty", clip(s))
		}
		return
	}
	for name, frame := range frames {
		for _, tables := range []bool{false, true} {
			if text := inside(t, name, frame, got, tables, ""); unbroken(text) != want {
				t.Fatalf("%s: %q is shown as %q, want %q", name, clip(s), clip(text), clip(want))
			}
		}
	}
}

func checkLines(t testing.TB, s string) {
	t.Helper()
	const frame = "- före\n- %s\\\n  *anhörig*\n- efter\n"
	got := escapeLines("  ", s)
	if got == "" {
		return
	}
	var want []string
	for line := range strings.Lines(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")) {
		if line = shown(line); line != "" {
			want = append(want, line)
		}
	}
	for _, tables := range []bool{false, true} {
		text := inside(t, "lines", frame, got, tables, "<br>\n")
		var lines []string
		for line := range strings.Lines(text) {
			if line = unbroken(strings.TrimSuffix(line, "\n")); line != "" {
				lines = append(lines, line)
			}
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Fatalf("%q: -want +shown:\n%s", clip(s), diff)
		}
	}
}

func checkCode(t testing.TB, s string) {
	t.Helper()
	got := convert(t, "Jag känner inte igen "+code("!", s)+". Menade du något annat?", true)
	text, ok1 := strings.CutPrefix(got, "<p>Jag känner inte igen <code>!")
	text, ok2 := strings.CutSuffix(text, "</code>. Menade du något annat?</p>\n")
	if text = html.UnescapeString(text); !ok1 || !ok2 || unbroken(text) != strings.TrimPrefix(shown("!"+s), "!") {
		t.Fatalf("code(%q) became %q", clip(s), clip(got))
	}
}

func TestEscape(t *testing.T) {
	long := []string{
		strings.Repeat("[x](y) ", 9000), strings.Repeat("*", 60000), strings.Repeat("<b>@room", 7000), strings.Repeat("a_b ", 15000),
		strings.Repeat("\\", 60000), strings.Repeat("![", 30000), strings.Repeat("`", 60000), strings.Repeat("1. ", 20000), strings.Repeat("åäö ", 9000),
	}
	for _, s := range append(long, hostile...) {
		checkEscape(t, s)
		checkLines(t, s)
		checkCode(t, s)
		checkLines(t, "Först\n"+s+"\nsist")
	}
	for _, s := range long {
		checkLines(t, strings.ReplaceAll(s, " ", "\n"))
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		checkEscape(t, s)
		checkLines(t, s)
		checkCode(t, s)
	})
}

func TestEscapeReadsWell(t *testing.T) {
	for text, want := range map[string]string{
		"Vad fungerar bra, i dag? (9 svar): 1.2 – bra-ish!": "Vad fungerar bra, i dag? (9 svar): 1.2 – bra-ish!",
		" två\n rader\t":    "två rader",
		"1. x":              `1\. x`,
		"- x":               `\- x`,
		"http://example.se": `http\://example.se`,
		"@Room":             "\\@\u2060Room",
		"a\x00\u202eb":      "ab",
	} {
		if got := Escape(text); got != want {
			t.Errorf("Escape(%q) = %q, want %q", text, got, want)
		}
	}
	if got, want := escapeLines("  ", "\na\r\n\r\n\r\n- b\rc\n"), "a\\\n  \\\n  \\- b\\\n  c"; got != want {
		t.Errorf("escapeLines = %q, want %q", got, want)
	}
}

func TestCode(t *testing.T) {
	for text, want := range map[string]string{
		"hej":    "<code>!hej</code>",
		"x*y* b": "<code>!x*y* b</code>",
		"a`b":    "<code>!a`b</code>",
		"a``b`":  "<code>!a``b`</code>",
		"<b>\\":  "<code>!&lt;b&gt;\\</code>",
		"a\nb":   "<code>!a b</code>",
		"@room":  "<code>!@\u2060room</code>",
	} {
		if got := convert(t, code("!", text), false); got != "<p>"+want+"</p>\n" {
			t.Errorf("code(%q) became %q, want %q", text, got, want)
		}
	}
}

func TestLink(t *testing.T) {
	for _, c := range []struct{ label, url, want string }{
		{"Rapport [A]", "https://example.se/a", `<a href="https://example.se/a">Rapport [A]</a>`},
		{"Rapport", "", "Rapport"},
		{"R", "https://example.se/a_(1) 2.pdf?x=1&copy=2", `<a href="https://example.se/a_%281%29%202.pdf?x=1&amp;copy=2">R</a>`},
		{"R", `https://example.se/"onclick=x`, `<a href="https://example.se/%22onclick=x">R</a>`},
		{"R", "https://example.se/) <script>", `<a href="https://example.se/%29%20%3Cscript%3E">R</a>`},
		{"R", "javascript:alert(1)", `<a href="">R</a>`},
	} {
		if got := convert(t, link(c.label, c.url), true); got != "<p>"+c.want+"</p>\n" {
			t.Errorf("link(%q, %q) became %q, want %q", c.label, c.url, got, c.want)
		}
	}
}

package markup

import (
	"strings"
	"testing"
)

func TestRender(t *testing.T) {
	tests := []struct {
		name, in, plain, html string
		mentions              []string
	}{
		{name: "plain", in: "Hej på er", plain: "Hej på er"},
		{name: "escapes", in: `1\. Hej \*du\* & ni`, plain: "1. Hej *du* & ni"},
		{name: "bold", in: "Hej **Anna** och *Bo*", plain: "Hej Anna och Bo", html: "Hej <strong>Anna</strong> och <em>Bo</em>"},
		{name: "line break", in: "ett\ntvå", plain: "ett\ntvå", html: "ett<br>\ntvå"},
		{name: "link", in: "[Rapport A](https://nka.se/a)", plain: "Rapport A (https://nka.se/a)",
			html: `<a href="https://nka.se/a">Rapport A</a>`},
		{name: "link to itself", in: "[https://nka.se](https://nka.se)", plain: "https://nka.se",
			html: `<a href="https://nka.se">https://nka.se</a>`},
		{name: "mail", in: "[info@nka.se](mailto:info@nka.se)", plain: "info@nka.se",
			html: `<a href="mailto:info@nka.se">info@nka.se</a>`},
		{name: "bare address is no link", in: "se https://nka.se/x", plain: "se https://nka.se/x"},
		{name: "angle address is no link", in: "<https://nka.se>", plain: "<https://nka.se>"},
		{name: "list", in: "Så här:\n\n- ett\n- två\n  - tre\n", plain: "Så här:\n\n- ett\n- två\n  - tre",
			html: "<p>Så här:</p>\n<ul>\n<li>ett</li>\n<li>två\n<ul>\n<li>tre</li>\n</ul>\n</li>\n</ul>"},
		{name: "numbers", in: "3. tre\n4. fyra", plain: "3. tre\n4. fyra",
			html: "<ol start=\"3\">\n<li>tre</li>\n<li>fyra</li>\n</ol>"},
		{name: "quote", in: "> ett\n> två\n\nsvar", plain: "> ett\n> två\n\nsvar",
			html: "<blockquote>\n<p>ett<br>\ntvå</p>\n</blockquote>\n<p>svar</p>"},
		{name: "code", in: "Skriv `!hjälp` nu", plain: "Skriv !hjälp nu", html: "Skriv <code>!hjälp</code> nu"},
		{name: "heading", in: "## Möte 2\n\nText", plain: "Möte 2\n\nText", html: "<h2>Möte 2</h2>\n<p>Text</p>"},
		{name: "table", in: "| a | b |\n|---|--:|\n| 1 | 2 |", plain: "a | b\n1 | 2",
			html: "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>"},
		{name: "raw html", in: `a <b onclick="x()">b</b> <!-- c -->`,
			plain: `a <b onclick="x()">b</b> <!-- c -->`},
		{name: "html block", in: "<script>\nalert(1)\n</script>", plain: "<script>\nalert(1)\n</script>",
			html: "&lt;script&gt;<br>\nalert(1)<br>\n&lt;/script&gt;"},
		{name: "javascript", in: "[klicka](javascript:alert(1))", plain: "klicka"},
		{name: "javascript in disguise", in: "[klicka](java&#115;cript:alert(1)) [x](JaVaScRiPt:1)", plain: "klicka x"},
		{name: "data", in: "[klicka](data:text/html,x)", plain: "klicka"},
		{name: "image", in: "![bild](https://spy.example/x.png)", plain: "bild"},
		{name: "pill of somebody not mentioned", in: "[Anna](https://matrix.to/#/@anna:a.se)", plain: "Anna"},
		{name: "pill of somebody mentioned", in: "[Anna](https://matrix.to/#/@anna:a.se) hej",
			mentions: []string{"@anna:a.se"}, plain: "Anna hej",
			html: `<a href="https://matrix.to/#/@anna:a.se">Anna</a> hej`},
		{name: "matrix scheme", in: "[Anna](matrix:u/anna:a.se)", plain: "Anna"},
		{name: "room call", in: "Hej @room och @ROOM", plain: "Hej @\u2060room och @\u2060ROOM"},
		{name: "room call in pieces", in: "Hej @**room**", plain: "Hej @\u2060room", html: "Hej @<strong>room</strong>"},
		{name: "room in an address", in: "[x](https://a.se/@room)", plain: "x (https://a.se/@\u2060room)",
			html: `<a href="https://a.se/@room">x</a>`},
		{name: "reference link", in: "[x][1]\n\n[1]: javascript:alert(1)", plain: "x"},
		{name: "empty", in: "  \n", plain: ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Render(tt.in, tt.mentions...)
			if err != nil {
				t.Fatal(err)
			}
			if got.Plain != tt.plain {
				t.Errorf("plain:\n got %q\nwant %q", got.Plain, tt.plain)
			}
			if got.HTML != tt.html {
				t.Errorf("html:\n got %q\nwant %q", got.HTML, tt.html)
			}
		})
	}
}

func FuzzRender(f *testing.F) {
	for _, s := range []string{"**x**", "[a](javascript:b)", "<img src=x onerror=y>", "| a |\n|--|\n| b |", "- a\n  1. b\n> c", "@rooM"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Render(s)
		if err != nil {
			t.Fatal(err)
		}
		low := strings.ToLower(got.HTML)
		for _, bad := range []string{"<script", "<img", "<!--", `href="javascript`, `href="data`, "matrix.to/", "<iframe"} {
			if strings.Contains(low, bad) && !strings.Contains(bad, "/") {
				t.Errorf("%q in %q", bad, got.HTML)
			}
		}
		if strings.Contains(low, `href="https://matrix.to`) {
			t.Errorf("pill in %q", got.HTML)
		}
		if strings.Contains(strings.ToLower(got.Plain), "@room") {
			t.Errorf("@room in %q", got.Plain)
		}
	})
}

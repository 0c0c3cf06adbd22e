package docx

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func write(t testing.TB, markdown string) []byte {
	t.Helper()
	file, err := Document{Title: "Plan & mål", Language: "sv-SE", Page: "Sida %s av %s", Markdown: markdown,
		Picture: func(destination string) (Picture, error) {
			if destination != "figure:votes" {
				return Picture{}, errors.New("no such picture")
			}
			return Picture{PNG: []byte("\x89PNG"), Width: 600, Height: 300}, nil
		}}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// read is a part of the file.
func read(t testing.TB, file []byte, name string) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// What Markdown becomes in a Word file.
func TestBody(t *testing.T) {
	for _, c := range []struct{ name, markdown, want string }{
		{"title", "# Plan", `<w:pPr><w:pStyle w:val="Title"/></w:pPr><w:r><w:t xml:space="preserve">Plan</w:t>`},
		{"headings", "# Plan\n\n## A\n\n### B\n\n#### C", `<w:pStyle w:val="Heading3"/></w:pPr><w:r><w:t xml:space="preserve">C</w:t>`},
		{"second title", "# Plan\n\n# Till", `<w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t xml:space="preserve">Till</w:t>`},
		{"subtitle", "# Plan\n\n**Möte 2**", `<w:pStyle w:val="Subtitle"/></w:pPr><w:r><w:t xml:space="preserve">Möte 2</w:t>`},
		{"no subtitle", "# Plan\n\nx\n\n**Möte 2**", `<w:p><w:r><w:rPr><w:b/><w:bCs/></w:rPr><w:t xml:space="preserve">Möte 2</w:t>`},
		{"bullet", "- ett", `<w:pStyle w:val="ListBullet"/><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t xml:space="preserve">ett</w:t>`},
		{"nested", "- ett\n  - två", `<w:ilvl w:val="1"/><w:numId w:val="1"/>`},
		{"numbered", "1. ett\n\nx\n\n3. tre", `<w:pStyle w:val="ListNumber"/><w:numPr><w:ilvl w:val="0"/><w:numId w:val="3"/></w:numPr>`},
		{"second paragraph", "- ett\n\n  två", `<w:pStyle w:val="ListBullet"/><w:ind w:left="340"/></w:pPr><w:r><w:t xml:space="preserve">två</w:t>`},
		{"source", "- ett\\\n  *anhörig*", `<w:r><w:br/></w:r><w:r><w:rPr><w:rStyle w:val="Source"/></w:rPr><w:t xml:space="preserve">anhörig</w:t>`},
		{"table header", "## Läge\n\n| a | b |\n| --- | ---: |\n| c | d |", `<w:tblCaption w:val="Läge"/>`},
		{"cell", "| a | b |\n| --- | ---: |\n| c | d |", `<w:jc w:val="right"/></w:pPr><w:r><w:t xml:space="preserve">d</w:t>`},
		{"kept rows", "| a |\n| --- |\n| b |\n| c |", `<w:keepNext/></w:pPr><w:r><w:t xml:space="preserve">b</w:t>`},
		{"last row", "| a |\n| --- |\n| b |\n| c |", `<w:pStyle w:val="Cell"/></w:pPr><w:r><w:t xml:space="preserve">c</w:t>`},
		{"before a table", "x\n\n| a |\n| --- |\n| b |", `<w:p><w:pPr><w:keepNext/></w:pPr><w:r><w:t xml:space="preserve">x</w:t>`},
		{"before a list", "Underlag:\n\n- a", `<w:p><w:pPr><w:keepNext/></w:pPr><w:r><w:t xml:space="preserve">Underlag:</w:t>`},
		{"link", "[Rapport](https://example.se/a?b=1&c=2)", `<w:hyperlink r:id="rId5"><w:r><w:rPr><w:rStyle w:val="Hyperlink"/></w:rPr><w:t xml:space="preserve">Rapport</w:t></w:r></w:hyperlink>`},
		{"bad link", "[x](javascript:alert)", `<w:p><w:r><w:t xml:space="preserve">x</w:t></w:r></w:p>`},
		{"picture", "![Röster: 4 & 2](figure:votes)", `<wp:docPr id="1" name="image1" descr="Röster: 4 &amp; 2"/>`},
		{"fitted picture", "![x](figure:votes)", `<wp:extent cx="5829300" cy="2914650"/>`},
		{"escapes", `\# \*x\* &amp; \&lt; &#92; 1\. y`, `# *x* &amp; &amp;lt; \ 1. y</w:t>`},
		{"code", "`a\\*b`", `<w:rStyle w:val="CodeText"/></w:rPr><w:t xml:space="preserve">a\*b</w:t>`},
		{"quote", "> x", `<w:pStyle w:val="Quote"/>`}, {"rule", "---", `<w:pBdr><w:bottom`},
		{"block of code", "```\na\nb\n```", `a</w:t></w:r><w:r><w:br/></w:r><w:r><w:t xml:space="preserve">b</w:t>`},
		{"html", "a <b>c</b>\n\n<div>d</div>", `<w:t xml:space="preserve">a </w:t></w:r><w:r><w:t xml:space="preserve">c</w:t>`},
		{"right to left", "abc مرحبا 1", `<w:t xml:space="preserve">abc </w:t></w:r><w:r><w:rPr><w:rtl/></w:rPr><w:t xml:space="preserve">مرحبا 1</w:t>`},
		{"right to left paragraph", "שלום", `<w:p><w:pPr><w:bidi/></w:pPr>`},
		{"forbidden characters", "a\x00b\x0bc\ufffed\uffffe\xffg\x1bh", "<w:t xml:space=\"preserve\">a\ufffdbcde\ufffdgh</w:t>"},
		{"emoji", "👩‍👧", `<w:t xml:space="preserve">👩‍👧</w:t>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := write(t, c.markdown)
			if body := read(t, file, "word/document.xml"); !strings.Contains(body, c.want) {
				t.Errorf("no %s in\n%s", c.want, body)
			}
			if _, err := Text(file); err != nil {
				t.Error(err)
			}
		})
	}
}

// A numbered list begins at its own number.
func TestNumbering(t *testing.T) {
	numbering := read(t, write(t, "1. ett\n\nx\n\n7. sju"), "word/numbering.xml")
	for _, want := range []string{`<w:num w:numId="2"><w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/>`,
		`<w:num w:numId="3"><w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/>`} {
		if !strings.Contains(numbering, want) {
			t.Errorf("no %s in %s", want, numbering)
		}
	}
}

// The file says what it is called and in which language, and neither who made it
// nor when.
func TestProperties(t *testing.T) {
	file := write(t, "# Plan")
	core := read(t, file, "docProps/core.xml")
	if want := "<dc:title>Plan &amp; mål</dc:title><dc:language>sv-SE</dc:language></cp:coreProperties>"; !strings.HasSuffix(core, want) {
		t.Errorf("the properties are %s", core)
	}
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		if f.Modified.After(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s was made %s", f.Name, f.Modified)
		}
	}
	text, err := Text(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Plan & mål\n", "sv-SE\n", "Sida  PAGE 1 av  NUMPAGES 1"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %q", want, text)
		}
	}
}

// Long text, in a table too, is all there.
func TestLongText(t *testing.T) {
	long := strings.Repeat("åäö ", 2500) + "slut"
	text, err := Text(write(t, "# Plan\n\n"+long+"\n\n| a |\n| --- |\n| "+long+" |"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text, long); n != 2 {
		t.Errorf("the text is there %d times", n)
	}
}

func TestPicturesThatAreNotThere(t *testing.T) {
	d := Document{Markdown: "![x](figure:other)"}
	if _, err := d.Bytes(); !errors.Is(err, errPicture) {
		t.Errorf("no pictures at all: %v", err)
	}
	wrong := errors.New("wrong")
	d.Picture = func(string) (Picture, error) { return Picture{}, wrong }
	if _, err := d.Bytes(); !errors.Is(err, wrong) {
		t.Errorf("a picture that fails: %v", err)
	}
	d.Picture = func(string) (Picture, error) { return Picture{}, nil }
	if _, err := d.Bytes(); !errors.Is(err, errPicture) {
		t.Errorf("an empty picture: %v", err)
	}
}

func TestTextOfSomethingElse(t *testing.T) {
	for _, file := range []string{"", "no document"} {
		if _, err := Text([]byte(file)); err == nil {
			t.Errorf("no error for %q", file)
		}
	}
}

// FuzzDocument: whatever is written, the file can be read.
func FuzzDocument(f *testing.F) {
	f.Add("# a\n\n- b\n  1. c\n\n| d |\n| --- |\n| e |\n\n> f\n>\n> - g\n\n[h](https://i) `j` *k* **l**\n\n    m")
	f.Add("x\x00\ufffe\xed\xa0\x80 ]]> &#0; &#xD800; <!-- -->")
	f.Fuzz(func(t *testing.T, markdown string) {
		file, err := Document{Title: markdown, Language: "sv-SE", Page: "Sida %s av %s", Markdown: markdown,
			Picture: func(string) (Picture, error) { return Picture{[]byte("x"), 1, 1}, nil }}.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Text(file); err != nil {
			t.Error(err)
		}
	})
}

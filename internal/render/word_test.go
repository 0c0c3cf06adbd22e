package render

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"blnbot/internal/render/docx"
)

// element is an element of a part of a Word file, with those inside it.
type element struct {
	name     string
	attr     map[string]string
	children []*element
}

// all are the elements with one of the names, in their order.
func (e *element) all(names ...string) []*element {
	var out []*element
	for _, c := range e.children {
		if slices.Contains(names, c.name) {
			out = append(out, c)
		}
		out = append(out, c.all(names...)...)
	}
	return out
}

// unpack reads the parts of a Word file that are XML, which fails unless they
// are well-formed, and notes the others.
func unpack(t testing.TB, file []byte) map[string]*element {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*element{}
	for _, f := range z.File {
		root := &element{}
		out[f.Name] = root
		if ext := path.Ext(f.Name); ext != ".xml" && ext != ".rels" {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		stack := []*element{root}
		for dec := xml.NewDecoder(r); ; {
			token, err := dec.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s is not well-formed: %v", f.Name, err)
			}
			switch token := token.(type) {
			case xml.StartElement:
				e := &element{name: token.Name.Local, attr: map[string]string{}}
				for _, a := range token.Attr {
					e.attr[a.Name.Local] = a.Value
				}
				top := stack[len(stack)-1]
				top.children = append(top.children, e)
				stack = append(stack, e)
			case xml.EndElement:
				stack = stack[:len(stack)-1]
			}
		}
	}
	return out
}

// checkWord checks what a screen reader, and Word itself, ask of a Word file.
func checkWord(t *testing.T, lang string, file []byte) {
	t.Helper()
	parts := unpack(t, file)
	doc := parts["word/document.xml"]
	if doc == nil {
		t.Fatalf("there is no document among the parts")
	}
	checkReferences(t, parts)
	styles := map[string]bool{}
	for _, s := range parts["word/styles.xml"].all("style") {
		styles[s.attr["styleId"]] = true
	}
	for name, part := range parts {
		for _, s := range part.all("pStyle", "rStyle", "tblStyle", "basedOn") {
			if !styles[s.attr["val"]] {
				t.Errorf("%s uses a style %s, which is not there", name, s.attr["val"])
			}
		}
	}
	for _, l := range parts["word/styles.xml"].all("lang") {
		if want := vocabulary(lang).tag; l.attr["val"] != want {
			t.Errorf("the language is %q, want %q", l.attr["val"], want)
		}
	}
	for _, p := range doc.all("docPr") {
		if p.attr["descr"] == "" {
			t.Error("a picture has no alternative text")
		}
	}
	for _, table := range doc.all("tbl") {
		for i, row := range table.all("tr") {
			if header := len(row.all("tblHeader")) == 1; header != (i == 0) {
				t.Errorf("row %d of a table is a header: %v", i+1, header)
			}
		}
		if table.all("tblCaption")[0].attr["val"] == "" {
			t.Error("a table has no name")
		}
	}
	checkOrder(t, doc)
	text, err := docx.Text(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"PAGE", "NUMPAGES"} {
		if !strings.Contains(text, " "+field+" ") {
			t.Errorf("the footer has no %s", field)
		}
	}
}

// checkReferences checks that every part that another points at is there, and
// that nothing but links points out of the file.
func checkReferences(t *testing.T, parts map[string]*element) {
	t.Helper()
	for name, part := range parts {
		if path.Ext(name) != ".rels" {
			continue
		}
		for _, r := range part.all("Relationship") {
			to := path.Join(path.Dir(path.Dir(name)), r.attr["Target"])
			if r.attr["TargetMode"] == "External" && strings.HasSuffix(r.attr["Type"], "/hyperlink") {
				continue
			}
			if parts[to] == nil || r.attr["TargetMode"] != "" {
				t.Errorf("%s points at %s", name, r.attr["Target"])
			}
		}
	}
}

// checkOrder checks that the document begins with its only title, and that no
// level of headings is left out.
func checkOrder(t *testing.T, doc *element) {
	t.Helper()
	level := 0
	for i, s := range doc.all("pStyle") {
		switch name := s.attr["val"]; {
		case (name == "Title") != (i == 0):
			t.Errorf("paragraph %d with a style is %s", i+1, name)
		case strings.HasPrefix(name, "Heading"):
			n, err := strconv.Atoi(strings.TrimPrefix(name, "Heading"))
			if err != nil || n > level+1 {
				t.Errorf("%s comes after level %d", name, level)
			}
			level = n
		}
	}
}

func TestWordFiles(t *testing.T) {
	x := New()
	for name, data := range documents(t) {
		kind, _, _ := strings.Cut(name, "/")
		for _, lang := range Languages() {
			t.Run(name+"."+lang, func(t *testing.T) {
				file, err := x.Word(lang, kind, data)
				if err != nil {
					t.Fatal(err)
				}
				checkWord(t, lang, file)
				again, err := x.Word(lang, kind, data)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(file, again) {
					t.Error("the same document gives other bytes")
				}
			})
		}
	}
}

// A text says the same in Word as on the page.
func TestWordKeepsTheText(t *testing.T) {
	x := New()
	file, err := x.Word("sv", "minutes", fullMinutes(stockholm(t)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := docx.Text(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Minnesanteckningar, Västerås, möte 2\n", "Minnesanteckningar, Västerås\n", "Möte 2: Vad fungerar bra i dag?\n",
		"Vi behöver mer tid för samtal. Ring [telefonnummer].\nyrkesverksam, sent svar\n",
		"Två saker:\n- en kontaktperson\n- någon som svarar på kvällen\n\nDet har räddat oss",
		"1. Samordningen mellan kommunen och regionen avgör.\n",
		"Diagram över hur många som svarade, per roll. 4 anhöriga,", "Sida ", " av ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the file lacks %q:\n%s", want, text)
		}
	}
}

// office is the program that opens Word files and writes PDF.
const office = "soffice"

// TestLibreOffice opens every document as another program than ours would, and
// reads what it prints. OFFICE_PAGES names a folder to keep the PDFs in, to be
// looked at.
func TestLibreOffice(t *testing.T) {
	dir := os.Getenv("OFFICE_PAGES")
	if dir == "" {
		dir = t.TempDir()
	}
	x := New()
	heads := map[string][]string{}
	args := []string{"-env:UserInstallation=file://" + t.TempDir(), "--headless", "--convert-to", "pdf", "--outdir", dir}
	for name, data := range documents(t) {
		kind, variant, _ := strings.Cut(name, "/")
		for _, lang := range Languages() {
			file, err := x.Word(lang, kind, data)
			if err != nil {
				t.Fatal(err)
			}
			at := filepath.Join(dir, strings.Trim(kind+"-"+variant, "-")+"."+lang+".docx")
			if err := os.WriteFile(at, file, 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, at)
			heads[at] = headings(t, x, lang, kind, data)
		}
	}
	if out, err := exec.CommandContext(t.Context(), office, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", office, err, out)
	}
	for at, want := range heads {
		pdf := strings.TrimSuffix(at, ".docx") + ".pdf"
		out, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", pdf, "-").Output()
		if err != nil {
			t.Fatalf("%s: %v", filepath.Base(pdf), err)
		}
		pages := strings.Count(string(out), "\f")
		text := strings.Join(strings.Fields(string(out)), "")
		for _, head := range append(want, fmt.Sprintf("1 av %d", pages), fmt.Sprintf("1 of %d", pages)) {
			switch {
			case strings.HasPrefix(head, "1 av") && !strings.HasSuffix(at, ".sv.docx"), strings.HasPrefix(head, "1 of") && !strings.HasSuffix(at, ".en.docx"):
			case !strings.Contains(text, strings.Join(strings.Fields(head), "")):
				t.Errorf("%s lacks %q", filepath.Base(pdf), head)
			}
		}
	}
}

var heading = regexp.MustCompile(`(?m)^#+ ([^\\*<&\n]+)$`)

// headings are those of a document that say the same in every form.
func headings(t *testing.T, x *Texts, lang, kind string, data any) []string {
	t.Helper()
	md, err := x.Markdown(lang, kind, data)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range heading.FindAllStringSubmatch(md, -1) {
		out = append(out, m[1])
	}
	return out
}

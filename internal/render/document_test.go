package render

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"blnbot/internal/meeting"
)

// documents are samples of everything that is made into a page.
func documents(t testing.TB) map[string]any {
	nasty := Minutes{Network: `<b>"&'`, Number: 1, Title: "</title><script>alert(1)</script>", Opened: time.Now(), Prompts: []MinutesPrompt{{Number: 1, Text: "<img src=x>"}}}
	for _, body := range hostile {
		if Escape(body) == "" {
			continue // an entry without text is not active
		}
		nasty.Prompts[0].Entries = append(nasty.Prompts[0].Entries, meeting.Entry{Body: body, Role: meeting.RoleCarer, Source: meeting.SourceThread})
	}
	out := map[string]any{"minutes/nasty": nasty}
	for _, s := range samples(t) {
		if name, ok := strings.CutSuffix(s.text, "_document"); ok {
			out[name+"/"+s.variant] = s.data
		}
	}
	return out
}

// allowed are the elements of a page with their attributes. There is nothing in
// it that loads, links or runs.
var allowed = map[string]string{
	"html": "lang", "head": "", "meta": "charset name content", "title": "", "style": "", "body": "", "main": "",
	"h1": "", "h2": "", "p": "dir", "ul": "", "li": "dir", "strong": "", "em": "", "br": "",
	"a":  "href", // materials
	"h3": "", "table": "", "thead": "", "tbody": "", "tr": "", "th": "scope", "td": "",
	"svg": "xmlns viewBox width height role font-family", "rect": "width height fill", "path": "d fill", "text": "x y font-size font-weight fill",
}

var (
	void  = regexp.MustCompile(`<(meta|br)\b([^>]*)>`)
	loads = regexp.MustCompile(`(?i)@import|url\(|expression\(|javascript:`)
)

func TestDocuments(t *testing.T) {
	x := New()
	for name, data := range documents(t) {
		kind, _, _ := strings.Cut(name, "/")
		for _, lang := range Languages() {
			t.Run(name+"."+lang, func(t *testing.T) {
				page, err := x.Document(lang, kind, data)
				if err != nil {
					t.Fatal(err)
				}
				checkPage(t, lang, page)
				md, err := x.Markdown(lang, kind, data)
				if err != nil {
					t.Fatal(err)
				}
				if !strings.HasPrefix(md, "# ") || !strings.HasSuffix(md, "\n") || strings.HasSuffix(md, "\n\n") {
					t.Errorf("Markdown begins or ends wrongly: %q … %q", md[:20], md[len(md)-20:])
				}
			})
		}
	}
}

func checkPage(t *testing.T, lang, page string) {
	t.Helper()
	body, ok := strings.CutPrefix(page, "<!DOCTYPE html>\n<html lang=\""+lang+"\">\n")
	if !ok {
		t.Fatalf("the page begins with %q", page[:60])
	}
	dec := xml.NewDecoder(strings.NewReader("<html lang=\"" + lang + "\">" + void.ReplaceAllString(body, "<$1$2/>")))
	dec.Entity = xml.HTMLEntity
	count := map[string]int{}
	var open []string
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, page)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local != "title" || open[len(open)-1] == "head" {
				count[token.Name.Local]++
			}
			open = append(open, token.Name.Local)
			checkElement(t, token)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 && open[len(open)-1] == "style" && loads.Match(token) {
				t.Errorf("the style loads something: %s", token)
			}
		case xml.Comment, xml.ProcInst:
			t.Errorf("the page has a comment or an instruction: %v", token)
		}
	}
	for _, once := range []string{"html", "head", "title", "body", "main", "h1"} {
		if count[once] != 1 {
			t.Errorf("the page has %d %s", count[once], once)
		}
	}
}

func checkElement(t *testing.T, e xml.StartElement) {
	t.Helper()
	attributes, ok := allowed[e.Name.Local]
	if !ok {
		t.Errorf("the page has an element %s", e.Name.Local)
	}
	for _, a := range e.Attr {
		if !strings.Contains(" "+attributes+" ", " "+a.Name.Local+" ") {
			t.Errorf("the page has %s %s=%q", e.Name.Local, a.Name.Local, a.Value)
		}
	}
}

// Every entry is an item of its own, its text apart from what is said about it.
func TestMinutesKeepEntriesApart(t *testing.T) {
	x := New()
	page, err := x.Document("sv", "minutes", fullMinutes(stockholm(t)))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<title>Minnesanteckningar, Västerås, möte 2</title>",
		"<li>Att någon ringer upp mig. Jag orkar inte leta själv efter hjälp.<br>\n<em>anhörig, stöd av 2</em></li>",
		"<li>Två saker:<br>\n- en kontaktperson<br>\n- någon som svarar på kvällen<br>\n<br>\nDet har räddat oss",
		"<li>Vi behöver mer tid för samtal. Ring [telefonnummer].<br>\n<em>yrkesverksam, sent svar</em></li>",
		"<li>1. Samordningen mellan kommunen och regionen avgör.<br>\n<em>deltagare, sent svar, stöd av 3</em></li>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if got := strings.Count(page, "<li>"); got != 6 {
		t.Errorf("the page has %d items, want 6", got)
	}
}

// Text that reads from the right is set so.
func TestRightToLeft(t *testing.T) {
	m := fullMinutes(stockholm(t))
	m.Prompts[1].Entries[0].Body = "مرحبا, Anna"
	page, err := New().Document("sv", "minutes", m)
	if err != nil {
		t.Fatal(err)
	}
	if want := `<li dir="rtl">مرحبا, Anna<br>`; !strings.Contains(page, want) || strings.Count(page, "dir=") != 1 {
		t.Errorf("no %s, or other texts too:\n%s", want, page)
	}
}

// What is escaped in the body must not be escaped in the title.
func TestTitles(t *testing.T) {
	x := New()
	page, err := x.Document("sv", "minutes", Minutes{Network: "A_b & <c>", Number: 1, Title: "T", Opened: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if want := "<title>Minnesanteckningar, A_b &amp; &lt;c&gt;, möte 1</title>"; !strings.Contains(page, want) {
		t.Errorf("the page lacks %s:\n%s", want, page[:600])
	}
	if want := "<h1>Minnesanteckningar, A_b &amp; &lt;c&gt;</h1>"; !strings.Contains(page, want) {
		t.Errorf("the page lacks %s", want)
	}
}

func TestDocumentsThatDoNotExist(t *testing.T) {
	x := New()
	for _, lang := range []string{"sv", "fi"} {
		if _, err := x.Document(lang, "nonsense", nil); err == nil {
			t.Errorf("%s: no error for a document that does not exist", lang)
		}
	}
	if _, err := x.Document("sv", "minutes", nil); err == nil {
		t.Error("no error for minutes of nothing")
	}
}

// TestWritePages writes the pages into the folder that RENDER_PAGES names, to be
// looked at.
func TestWritePages(t *testing.T) {
	dir := os.Getenv("RENDER_PAGES")
	if dir == "" {
		dir = t.TempDir()
	}
	x := New()
	for name, data := range documents(t) {
		kind, variant, _ := strings.Cut(name, "/")
		for _, lang := range Languages() {
			page, err := x.Document(lang, kind, data)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, strings.Trim(kind+"-"+variant, "-")+"."+lang+".html"), []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

package render

import (
	"bytes"
	"fmt"
	"html/template"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

// page is the frame of an HTML document: one file, readable on a phone, and
// printable.
var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{.Title}}</title>
<style>
body { font: 1.1rem/1.55 Georgia, "Liberation Serif", serif; max-width: 40rem; margin: 2rem auto; padding: 0 1.1rem; color: #1a1a1a; background: #fff; }
h1, h2, h3, em, th { font-family: system-ui, "Liberation Sans", sans-serif; line-height: 1.3; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin: 2.5rem 0 1.2rem; border-top: 1px solid #999; padding-top: 1.2rem; } h3 { font-size: 1rem; }
h1, h2, h3, p, li, td { overflow-wrap: anywhere; }
ul { list-style-type: ""; padding: 0; }
li { padding: .15rem 0 .15rem .9rem; border-left: 3px solid #b9c6d0; }
ul:has(em) > li { margin: 1.1rem 0; }
em { font-style: normal; font-size: .85rem; color: #555; }
li > em { display: block; margin-top: .2rem; }
table { border-collapse: collapse; width: 100%; } th, td { border: 1px solid #777; padding: .35rem .5rem; text-align: left; vertical-align: top; }
@media print { body { margin: 0; max-width: none; padding: 0; font-size: 11pt; } h2 { break-after: avoid; } li { break-inside: avoid; } }
</style>
</head>
<body>
<main>
{{.Body}}</main>
</body>
</html>
`))

// Markdown is a document as Markdown: the text "<name>_document".
func (t *Texts) Markdown(lang, name string, data any) (string, error) {
	text, err := t.Text(lang, name+"_document", data)
	if err != nil {
		return "", err
	}
	return text + "\n", nil
}

// Document is a document as one self-contained HTML page. Its title is the text
// "<name>_title".
func (t *Texts) Document(lang, name string, data any) (string, error) {
	md, err := t.Markdown(lang, name, data)
	if err != nil {
		return "", err
	}
	title, err := t.Text(lang, name+"_title", data)
	if err != nil {
		return "", err
	}
	var body, out bytes.Buffer
	// Raw HTML and dangerous links are left out by goldmark unless told otherwise.
	if err := goldmark.New(goldmark.WithExtensions(extension.Table)).Convert([]byte(md), &body); err != nil {
		return "", fmt.Errorf("convert %s: %w", name, err)
	}
	err = page.Execute(&out, struct {
		Lang, Title string
		Body        template.HTML
	}{lang, title, template.HTML(body.String())})
	if err != nil {
		return "", fmt.Errorf("render page %s: %w", name, err)
	}
	return out.String(), nil
}

package render

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"blnbot/internal/render/docx"
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
table { border-collapse: collapse; width: 100%; } th, td { border: 1px solid #777; padding: .35rem .5rem; text-align: left; vertical-align: top; } th { background: #e9eef2; }
svg { display: block; width: 100%; max-width: 30rem; height: auto; margin: 1.2rem 0 1.2rem -.7rem; break-inside: avoid; }
@media print { svg { max-width: 12.5cm; } thead { display: table-header-group; } tr { break-inside: avoid; } body { margin: 0; max-width: none; padding: 0; font-size: 11pt; } h2 { break-after: avoid; } li { break-inside: avoid; } }
</style>
</head>
<body>
<main>
{{.Body}}</main>
</body>
</html>
`))

// Markdown is a document as Markdown: the text "<name>_document", with the
// alternative texts of its figures in their places.
func (t *Texts) Markdown(lang, name string, data any) (string, error) {
	md, err := t.source(lang, name, data)
	return picture.ReplaceAllString(md, "$1"), err
}

// picture is a figure in a document's text.
var picture = regexp.MustCompile(`!\[(.*)\]\(` + figurePrefix + `[a-z0-9_-]+\)`)

// figurePrefix begins the address of a figure.
const figurePrefix = "figure:"

// source is a document's text with its figures as images.
func (t *Texts) source(lang, name string, data any) (string, error) {
	text, err := t.Text(lang, name+"_document", data)
	if err != nil {
		return "", err
	}
	return text + "\n", nil
}

// figureAt finds the figure of a document that an image shows.
func figureAt(data any, destination string) (Figure, error) {
	if view, ok := data.(illustrated); ok {
		if f := view.Figures()[strings.TrimPrefix(destination, figurePrefix)]; f != nil && strings.HasPrefix(destination, figurePrefix) {
			return f, nil
		}
	}
	return nil, fmt.Errorf("%w: %s", errNoFigure, destination)
}

// errNoFigure: a document's text shows a figure that its view does not have.
var errNoFigure = errors.New("no such figure")

// Word is a document as a Word file.
func (t *Texts) Word(lang, name string, data any) ([]byte, error) {
	md, err := t.source(lang, name, data)
	if err != nil {
		return nil, err
	}
	title, err := t.Text(lang, name+"_title", data)
	if err != nil {
		return nil, err
	}
	w := t.words(lang)
	file, err := docx.Document{Title: title, Language: w.tag, Page: w.page, Markdown: md, Picture: func(destination string) (docx.Picture, error) {
		f, err := figureAt(data, destination)
		if err != nil {
			return docx.Picture{}, err
		}
		png, width, height, err := t.PNG(lang, f)
		// Three quarters of a point to each pixel of the drawing.
		return docx.Picture{PNG: png, Width: width * 3 / 4 / finer, Height: height * 3 / 4 / finer}, err
	}}.Bytes()
	if err != nil {
		return nil, fmt.Errorf("write %s as a Word file: %w", name, err)
	}
	return file, nil
}

// FileName makes a file's name of what a text calls it and its ending: small
// letters without dots and rings, figures and hyphens only, since not every
// place that the file goes to can do more.
func FileName(called, ending string) string {
	var b strings.Builder
	for _, r := range Fold(called) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	name := strings.Trim(b.String(), "-")
	if len(name) > longestName {
		name = strings.TrimRight(name[:longestName], "-")
	}
	if name == "" {
		name = "fil"
	}
	return name + "." + ending
}

// longestName is how many letters a file's name may have before its ending.
const longestName = 80

// Document is a document as one self-contained HTML page. Its title is the text
// "<name>_title".
func (t *Texts) Document(lang, name string, data any) (string, error) {
	md, err := t.source(lang, name, data)
	if err != nil {
		return "", err
	}
	title, err := t.Text(lang, name+"_title", data)
	if err != nil {
		return "", err
	}
	var body, out bytes.Buffer
	// Raw HTML and dangerous links are left out by goldmark unless told otherwise.
	engine := goldmark.New(goldmark.WithExtensions(extension.Table),
		goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(marks{}, 0))),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(figures{t, lang, data}, 0))))
	if err := engine.Convert([]byte(md), &body); err != nil {
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

// marks says of table headers that they are their columns', and of text that
// begins from the right that it does.
type marks struct{}

// Transform implements parser.ASTTransformer.
func (marks) Transform(doc *ast.Document, r text.Reader, _ parser.Context) {
	// The walker never fails.
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch {
		case !entering:
		case n.Kind() == extast.KindTableCell && n.Parent().Kind() == extast.KindTableHeader:
			n.SetAttributeString("scope", "col")
		case n.Kind() == ast.KindParagraph || n.Kind() == ast.KindListItem || n.Kind() == extast.KindTableCell:
			if docx.StartsRightToLeft(docx.PlainText(n, r.Source())) {
				n.SetAttributeString("dir", "rtl")
			}
		}
		return ast.WalkContinue, nil
	})
}

// figures draws the images of a document into the page.
type figures struct {
	texts *Texts
	lang  string
	data  any
}

// RegisterFuncs implements renderer.NodeRenderer.
func (f figures) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindImage, f.image)
}

func (f figures) image(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	figure, err := figureAt(f.data, string(n.(*ast.Image).Destination))
	if err != nil {
		return ast.WalkStop, err
	}
	svg, err := f.texts.SVG(f.lang, figure, docx.PlainText(n, source))
	if err != nil {
		return ast.WalkStop, err
	}
	_, err = w.WriteString(svg)
	return ast.WalkSkipChildren, err
}

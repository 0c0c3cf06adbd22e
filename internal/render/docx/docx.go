// Package docx writes Markdown as a Word document (Office Open XML, ISO/IEC
// 29500): real heading and list styles, table headers, alternative texts, a
// language, a title and page numbers, so that a screen reader can make its way
// through it (EN 301 549, chapter 10). The same input gives the same bytes. It
// knows nothing of meetings, languages or templates.
//
// It packs the file itself. What there is for Go either lacks what matters here
// (docxgo 2.4: header rows, the document's language; wordZero 1.6: the same
// language, and it stamps the present time), is no longer kept (godocx, since
// 2024), cannot be had under a free licence without terms on the network
// (gooxml, go-docx: AGPL), or packs parts only, unordered and with their names
// in capitals (qmuntal/opc 0.7). Packing is the least of it.
package docx

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// Document is a document about to be written.
type Document struct {
	Title string
	// Language is a BCP 47 tag, such as sv-SE.
	Language string
	// Page is the footer's text with %s for the page and for the number of
	// pages: "Page %s of %s".
	Page string
	// Markdown is CommonMark with tables. The heading of the first level is the
	// document's title.
	Markdown string
	// Picture finds the picture that an image with the destination shows. Images
	// are an error where it is nil.
	Picture func(destination string) (Picture, error)
}

// Picture is a PNG image.
type Picture struct {
	PNG           []byte
	Width, Height int // in points, as it is best shown; wider ones are fitted in
}

// namespaces are declared by every part that has text.
const namespaces = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"` +
	` xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"` +
	` xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"` +
	` xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"` +
	` xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"`

const (
	prolog       = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	office       = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	pack         = "http://schemas.openxmlformats.org/package/2006/"
	wordML       = "application/vnd.openxmlformats-officedocument.wordprocessingml."
	relationType = `<Relationship Id="%s" Type="%s" Target="%s"%s/>`
)

// Bytes is the document as a .docx file.
func (d Document) Bytes() ([]byte, error) {
	source := []byte(d.Markdown)
	tree := goldmark.New(goldmark.WithExtensions(extension.Table)).Parser().Parse(text.NewReader(source))
	b := body{source: source, picture: d.Picture}
	b.relate("styles", "styles.xml", "")
	b.relate("numbering", "numbering.xml", "")
	b.relate("settings", "settings.xml", "")
	footer := b.relate("footer", "footer1.xml", "")
	if err := b.blocks(tree); err != nil {
		return nil, err
	}
	parts := []part{
		{"[Content_Types].xml", contentTypes},
		{"_rels/.rels", relationships(
			fmt.Sprintf(relationType, "rId1", office+"officeDocument", "word/document.xml", "") +
				fmt.Sprintf(relationType, "rId2", pack+"relationships/metadata/core-properties", "docProps/core.xml", ""))},
		{"docProps/core.xml", d.properties()},
		{"word/document.xml", prolog + "<w:document " + namespaces + "><w:body>" + b.out.String() + fmt.Sprintf(section, footer) + "</w:body></w:document>"},
		{"word/_rels/document.xml.rels", relationships(b.relations.String())},
		{"word/styles.xml", prolog + strings.ReplaceAll(styles, "LANGUAGE", escape(d.Language))},
		{"word/numbering.xml", b.numbering()},
		{"word/settings.xml", prolog + strings.ReplaceAll(settings, "LANGUAGE", escape(d.Language))},
		{"word/footer1.xml", d.footer()},
	}
	for i, p := range b.pictures {
		parts = append(parts, part{fmt.Sprintf("word/media/image%d.png", i+1), string(p)})
	}
	return zipped(parts)
}

func relationships(all string) string {
	return prolog + `<Relationships xmlns="` + pack + `relationships">` + all + `</Relationships>`
}

// properties tells what the document is called and its language. It has no
// author: nobody's name leaves the bot.
func (d Document) properties() string {
	return prolog + `<cp:coreProperties xmlns:cp="` + pack + `metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/">` +
		`<dc:title>` + escape(d.Title) + `</dc:title><dc:language>` + escape(d.Language) + `</dc:language></cp:coreProperties>`
}

// footer has the title on the left and the page number on the right.
func (d Document) footer() string {
	field := func(name string) string {
		return `</w:t></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> ` + name +
			` </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1</w:t></w:r>` +
			`<w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:t xml:space="preserve">`
	}
	page := fmt.Sprintf(strings.ReplaceAll(escape(d.Page), "%s", "%[1]s"), "\x00")
	for _, name := range []string{"PAGE", "NUMPAGES"} {
		page = strings.Replace(page, "\x00", field(name), 1)
	}
	return prolog + `<w:ftr ` + namespaces + `><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr><w:r><w:t xml:space="preserve">` + escape(d.Title) +
		`</w:t></w:r><w:r><w:tab/></w:r><w:r><w:t xml:space="preserve">` + page + `</w:t></w:r></w:p></w:ftr>`
}

type part struct{ name, content string }

// zipped packs the parts in their order, with no time on them.
func zipped(parts []part) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, p := range parts {
		w, err := z.CreateHeader(&zip.FileHeader{Name: p.name, Method: zip.Deflate})
		if err == nil {
			_, err = io.WriteString(w, p.content)
		}
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", p.name, err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("pack document: %w", err)
	}
	return out.Bytes(), nil
}

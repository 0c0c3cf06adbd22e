package docx

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

// table writes a table. Its first row is repeated on every page and known as
// its header; its name is the heading above it. Columns share the width by how
// much is in them.
func (b *body) table(t *extast.Table) error {
	b.opened = true
	widths := b.widths(t)
	fmt.Fprintf(&b.out, `<w:tbl><w:tblPr><w:tblStyle w:val="TableGrid"/><w:tblW w:w="5000" w:type="pct"/><w:tblLayout w:type="fixed"/>`+
		`<w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" w:noHBand="1" w:noVBand="1"/><w:tblCaption w:val="%s"/></w:tblPr><w:tblGrid>`,
		escape(b.heading))
	for _, w := range widths {
		fmt.Fprintf(&b.out, `<w:gridCol w:w="%d"/>`, w)
	}
	b.out.WriteString("</w:tblGrid>")
	for row := t.FirstChild(); row != nil; row = row.NextSibling() {
		_, header := row.(*extast.TableHeader)
		together := row.NextSibling() != nil && (header || t.ChildCount() <= mostTogether)
		b.out.WriteString("<w:tr>" + b.rowProperties(row, header))
		column := 0
		for cell := row.FirstChild(); cell != nil && column < len(widths); cell = cell.NextSibling() {
			if err := b.cell(cell, widths[column], header, together, t.Alignments[column]); err != nil {
				return err
			}
			column++
		}
		b.out.WriteString("</w:tr>")
	}
	b.out.WriteString(`</w:tbl><w:p><w:pPr><w:pStyle w:val="AfterTable"/></w:pPr></w:p>`)
	return nil
}

// mostTogether is how many rows a table may have that is kept on one page.
const mostTogether = 10

// unsplit is how many characters a row may have that is kept on one page.
const unsplit = 600

func (b *body) rowProperties(row ast.Node, header bool) string {
	switch {
	case header:
		return "<w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>"
	case len(b.plain(row)) < unsplit:
		return "<w:trPr><w:cantSplit/></w:trPr>"
	}
	return ""
}

func (b *body) cell(n ast.Node, width int, header, together bool, align extast.Alignment) error {
	fmt.Fprintf(&b.out, `<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/>`, width)
	if header {
		b.out.WriteString(`<w:shd w:val="clear" w:color="auto" w:fill="E9EEF2"/>`)
	}
	b.out.WriteString(`</w:tcPr><w:p><w:pPr><w:pStyle w:val="Cell"/>`)
	if together {
		b.out.WriteString("<w:keepNext/>")
	}
	if StartsRightToLeft(b.plain(n)) {
		b.out.WriteString("<w:bidi/>")
	}
	if align == extast.AlignRight || align == extast.AlignCenter {
		fmt.Fprintf(&b.out, `<w:jc w:val="%s"/>`, align.String())
	}
	b.out.WriteString("</w:pPr>")
	if err := b.inlines(n, format{strong: header}); err != nil {
		return err
	}
	b.out.WriteString("</w:p></w:tc>")
	return nil
}

// widths shares the page's width among the columns of a table: to each what its
// longest word needs, if there is room for that, and the rest by the length of
// the texts.
func (b *body) widths(t *extast.Table) []int {
	longest, words := make([]int, len(t.Alignments)), make([]int, len(t.Alignments))
	for row := t.FirstChild(); row != nil; row = row.NextSibling() {
		column := 0
		for cell := row.FirstChild(); cell != nil && column < len(longest); cell = cell.NextSibling() {
			text := b.plain(cell)
			longest[column] = max(longest[column], len([]rune(text)))
			for word := range strings.FieldsSeq(text) {
				words[column] = max(words[column], len([]rune(word)))
			}
			column++
		}
	}
	sum := 0
	for i := range longest {
		longest[i] = min(max(longest[i], narrow), wide)
		sum += longest[i]
	}
	left := textWidth
	for i := range words {
		words[i] = words[i]*letter + padding
		left -= words[i]
	}
	if left < 0 {
		clear(words)
		left = textWidth
	}
	for i := range longest {
		longest[i] = words[i] + longest[i]*left/sum
	}
	return longest
}

// letter is about how wide a letter of a table's bold heading is, and padding
// what a cell needs beside its text, in twentieths of a point.
const letter, padding = 130, 240

// narrow and wide bound how many characters of a column count for its width.
const narrow, wide = 8, 45

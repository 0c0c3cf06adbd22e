package docx

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	htmlrender "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// body is the document's text as it is being written.
type body struct {
	source    []byte
	picture   func(string) (Picture, error)
	out       strings.Builder
	relations strings.Builder
	related   int
	pictures  [][]byte
	lists     []int // the first number of each numbered list

	titled  bool   // the title has been written
	opened  bool   // something else has been written after it
	heading string // the newest one, which names the tables below it
}

// relate adds a relationship of the document and returns its id.
func (b *body) relate(kind, target, mode string) string {
	b.related++
	id := fmt.Sprintf("rId%d", b.related)
	fmt.Fprintf(&b.relations, relationType, id, office+kind, escape(target), mode)
	return id
}

// blocks writes the children of a node that contains blocks.
func (b *body) blocks(parent ast.Node) error {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if err := b.block(n); err != nil {
			return err
		}
	}
	return nil
}

func (b *body) block(n ast.Node) error {
	switch n := n.(type) {
	case *ast.Heading:
		return b.headline(n)
	case *ast.Paragraph, *ast.TextBlock:
		defer func() { b.opened = true }()
		return b.paragraph(b.styleOf(n), inList{}, n)
	case *ast.List:
		b.opened = true
		return b.list(n, 0)
	case *ast.Blockquote:
		return b.quote(n)
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		b.code(n)
		return nil
	case *ast.ThematicBreak:
		b.out.WriteString(`<w:p><w:pPr><w:pBdr><w:bottom w:val="single" w:sz="4" w:space="1" w:color="7F7F7F"/></w:pBdr></w:pPr></w:p>`)
		return nil
	case *extast.Table:
		return b.table(n)
	case *ast.HTMLBlock:
		return nil // as in the HTML form: raw HTML is left out
	}
	return fmt.Errorf("document has a %s, which has no form in Word", n.Kind())
}

func (b *body) quote(q *ast.Blockquote) error {
	for n := q.FirstChild(); n != nil; n = n.NextSibling() {
		var err error
		switch n.(type) {
		case *ast.Paragraph, *ast.TextBlock:
			err = b.paragraph("Quote", inList{}, n)
		default:
			err = b.block(n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// headline writes a heading. The document's title is one of its own, so that
// those below begin with the first level.
func (b *body) headline(n *ast.Heading) error {
	style := fmt.Sprintf("Heading%d", min(max(n.Level-1, 1), 3))
	if n.Level == 1 && !b.titled {
		style, b.titled = "Title", true
	} else {
		b.opened = true
	}
	b.heading = b.plain(n)
	return b.paragraph(style, inList{}, n)
}

// styleOf is the style of a paragraph: one that is strong from end to end and
// follows the title is its second line, one with nothing but a picture stands
// alone.
func (b *body) styleOf(n ast.Node) string {
	only := n.FirstChild()
	if only == nil || only.NextSibling() != nil {
		return ""
	}
	if e, ok := only.(*ast.Emphasis); ok && e.Level == 2 && b.titled && !b.opened {
		return "Subtitle"
	}
	if _, ok := only.(*ast.Image); ok {
		return "Figure"
	}
	return ""
}

// inList is where a paragraph stands in a list. Only the first of an item has a
// mark.
type inList struct {
	number int // of the numbering; -1 for a paragraph without a mark, 0 outside lists
	level  int
}

// paragraph writes the inlines of a node. The order of the properties is fixed.
func (b *body) paragraph(style string, at inList, n ast.Node) error {
	properties := ""
	if style != "" {
		properties = `<w:pStyle w:val="` + style + `"/>`
	}
	if b.leadsOn(n) {
		properties += "<w:keepNext/>"
	}
	if at.number > 0 {
		properties += fmt.Sprintf(`<w:numPr><w:ilvl w:val="%d"/><w:numId w:val="%d"/></w:numPr>`, min(at.level, deepest), at.number)
	}
	if StartsRightToLeft(b.plain(n)) {
		properties += "<w:bidi/>"
	}
	if at.number < 0 {
		properties += fmt.Sprintf(`<w:ind w:left="%d"/>`, indent*(min(at.level, deepest)+1))
	}
	b.out.WriteString("<w:p>")
	if properties != "" {
		b.out.WriteString("<w:pPr>" + properties + "</w:pPr>")
	}
	if err := b.inlines(n, format{plain: style == "Subtitle"}); err != nil {
		return err
	}
	b.out.WriteString("</w:p>")
	return nil
}

// leadsOn reports whether a paragraph belongs on the page of what follows: the
// sentence before a table, what ends in a colon, and a line that is strong from
// end to end, which stands as a heading.
func (b *body) leadsOn(n ast.Node) bool {
	next := n.NextSibling()
	if next == nil {
		return false
	}
	if next.Kind() == extast.KindTable || strings.HasSuffix(b.plain(n), ":") {
		return true
	}
	e, ok := n.FirstChild().(*ast.Emphasis)
	return ok && e.Level == 2 && e.NextSibling() == nil
}

// list writes a list. Items that hold several blocks go on without a mark.
func (b *body) list(l *ast.List, level int) error {
	style, mark := "ListBullet", bullets
	if l.IsOrdered() {
		b.lists = append(b.lists, l.Start)
		style, mark = "ListNumber", bullets+len(b.lists)
	}
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		number := mark
		for n := item.FirstChild(); n != nil; n = n.NextSibling() {
			var err error
			switch n := n.(type) {
			case *ast.List:
				err = b.list(n, level+1)
			case *ast.Paragraph, *ast.TextBlock:
				err = b.paragraph(style, inList{number, level}, n)
				number = -1
			default:
				err = b.block(n)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *body) code(n ast.Node) {
	b.out.WriteString(`<w:p><w:pPr><w:pStyle w:val="Code"/></w:pPr>`)
	lines := n.Lines()
	for i := range lines.Len() {
		line := lines.At(i)
		if i > 0 {
			b.out.WriteString("<w:r><w:br/></w:r>")
		}
		b.run(strings.TrimRight(string(line.Value(b.source)), "\r\n"), format{})
	}
	b.out.WriteString("</w:p>")
}

// format is what a run of text looks like.
type format struct {
	strong, source, code, link bool
	plain                      bool // the paragraph's style says it all
}

func (b *body) inlines(parent ast.Node, f format) error {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if err := b.inline(n, f); err != nil {
			return err
		}
	}
	return nil
}

func (b *body) inline(n ast.Node, f format) error {
	switch n := n.(type) {
	case *ast.Text:
		b.run(literal(n, b.source), f)
		switch {
		case n.HardLineBreak():
			b.out.WriteString("<w:r><w:br/></w:r>")
		case n.SoftLineBreak():
			b.run(" ", f)
		}
	case *ast.String:
		b.run(string(n.Value), f)
	case *ast.CodeSpan:
		f.code = true
		return b.inlines(n, f)
	case *ast.Emphasis:
		if n.Level == 2 {
			f.strong = true
		} else {
			f.source = true
		}
		return b.inlines(n, f)
	case *ast.Link:
		return b.link(n, string(util.URLEscape(n.Destination, true)), f)
	case *ast.AutoLink:
		b.run(string(n.Label(b.source)), f)
	case *ast.Image:
		return b.image(n)
	case *ast.RawHTML:
		// left out, as in the HTML form
	default:
		return fmt.Errorf("document has a %s, which has no form in Word", n.Kind())
	}
	return nil
}

// literal is the text of a node, with escapes and entities resolved in the one
// place that knows how: goldmark's writer of HTML.
func literal(n *ast.Text, source []byte) string {
	value := n.Segment.Value(source)
	if n.IsRaw() {
		return string(value)
	}
	var out bytes.Buffer
	w := newFlush(&out)
	htmlrender.DefaultWriter.Write(w, value)
	w.Flush()
	return html.UnescapeString(out.String())
}

func (b *body) plain(n ast.Node) string { return PlainText(n, b.source) }

// PlainText is the text of a node without its looks, on one line.
func PlainText(n ast.Node, source []byte) string {
	var out strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			out.WriteString(literal(c, source))
			if c.HardLineBreak() || c.SoftLineBreak() {
				out.WriteByte(' ')
			}
		case *ast.String:
			out.Write(c.Value)
		default:
			out.WriteString(PlainText(c, source))
		}
	}
	return out.String()
}

func (b *body) link(n ast.Node, to string, f format) error {
	if !strings.HasPrefix(to, "https://") && !strings.HasPrefix(to, "http://") && !strings.HasPrefix(to, "mailto:") {
		return b.inlines(n, f)
	}
	fmt.Fprintf(&b.out, `<w:hyperlink r:id="%s">`, b.relate("hyperlink", to, ` TargetMode="External"`))
	f.link = true
	if err := b.inlines(n, f); err != nil {
		return err
	}
	b.out.WriteString("</w:hyperlink>")
	return nil
}

// errPicture: a document shows a picture that nobody supplies.
var errPicture = errors.New("document has a picture that is not there")

// emu is the unit of drawings: 12,700 in a point.
const emu = 12700

func (b *body) image(n *ast.Image) error {
	if b.picture == nil {
		return fmt.Errorf("%w: %s", errPicture, n.Destination)
	}
	p, err := b.picture(string(n.Destination))
	if err != nil {
		return err
	}
	if p.Width <= 0 || p.Height <= 0 || len(p.PNG) == 0 {
		return fmt.Errorf("%w: %s is empty", errPicture, n.Destination)
	}
	width, height := p.Width*emu, p.Height*emu
	if most := textWidth / 20 * emu; width > most {
		width, height = most, int(int64(height)*int64(most)/int64(width))
	}
	b.pictures = append(b.pictures, p.PNG)
	number := len(b.pictures)
	id := b.relate("image", fmt.Sprintf("media/image%d.png", number), "")
	fmt.Fprintf(&b.out, `<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="%[1]d" cy="%[2]d"/>`+
		`<wp:docPr id="%[3]d" name="image%[3]d" descr="%[4]s"/><wp:cNvGraphicFramePr><a:graphicFrameLocks noChangeAspect="1"/></wp:cNvGraphicFramePr>`+
		`<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic>`+
		`<pic:nvPicPr><pic:cNvPr id="%[3]d" name="image%[3]d.png" descr="%[4]s"/><pic:cNvPicPr/></pic:nvPicPr>`+
		`<pic:blipFill><a:blip r:embed="%[5]s"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>`+
		`<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="%[1]d" cy="%[2]d"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr>`+
		`</pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>`, width, height, number, escape(b.plain(n)), id)
	return nil
}

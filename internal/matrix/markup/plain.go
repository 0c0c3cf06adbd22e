package markup

import (
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
)

// plainBlocks writes the block children of n, with empty lines where the
// source has separate blocks.
func plainBlocks(n ast.Node, source []byte) string {
	var parts []string
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if s := plainBlock(c, source); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "\n\n")
}

func plainBlock(n ast.Node, source []byte) string {
	switch n := n.(type) {
	case *ast.List:
		return plainList(n, source)
	case *ast.Blockquote:
		return prefixLines(plainBlocks(n, source), "> ", "> ")
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		return strings.TrimRight(string(lines(n, source)), "\n")
	case *ast.ThematicBreak:
		return "---"
	case *east.Table:
		return plainTable(n, source)
	case *ast.LinkReferenceDefinition:
		return ""
	}
	if n.Type() == ast.TypeBlock && n.FirstChild() != nil && n.FirstChild().Type() == ast.TypeBlock {
		return plainBlocks(n, source)
	}
	return strings.TrimSpace(plainInline(n, source))
}

func lines(n ast.Node, source []byte) []byte {
	var out []byte
	for i := range n.Lines().Len() {
		seg := n.Lines().At(i)
		out = append(out, seg.Value(source)...)
	}
	return out
}

func plainList(l *ast.List, source []byte) string {
	var items []string
	number := l.Start
	for c := l.FirstChild(); c != nil; c = c.NextSibling() {
		marker := "- "
		if l.IsOrdered() {
			marker = strconv.Itoa(number) + ". "
			number++
		}
		body := plainItem(c, source)
		items = append(items, prefixLines(body, marker, strings.Repeat(" ", len(marker))))
	}
	sep := "\n"
	if !l.IsTight {
		sep = "\n\n"
	}
	return strings.Join(items, sep)
}

// plainItem is plainBlocks without the empty line before a list in a list.
func plainItem(item ast.Node, source []byte) string {
	var b strings.Builder
	for c := item.FirstChild(); c != nil; c = c.NextSibling() {
		s := plainBlock(c, source)
		if s == "" {
			continue
		}
		if b.Len() > 0 {
			if _, list := c.(*ast.List); list {
				b.WriteString("\n")
			} else {
				b.WriteString("\n\n")
			}
		}
		b.WriteString(s)
	}
	return b.String()
}

func prefixLines(s, first, rest string) string {
	rows := strings.Split(s, "\n")
	for i, row := range rows {
		p := rest
		if i == 0 {
			p = first
		}
		rows[i] = strings.TrimRight(p+row, " ")
	}
	return strings.Join(rows, "\n")
}

func plainTable(t *east.Table, source []byte) string {
	var rows []string
	for r := t.FirstChild(); r != nil; r = r.NextSibling() {
		var cells []string
		for c := r.FirstChild(); c != nil; c = c.NextSibling() {
			cells = append(cells, strings.TrimSpace(plainInline(c, source)))
		}
		rows = append(rows, strings.Join(cells, " | "))
	}
	return strings.Join(rows, "\n")
}

// plainInline writes the text of n's inline children.
func plainInline(n ast.Node, source []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			value := c.Segment.Value(source)
			if !c.IsRaw() {
				value = resolve(value)
			}
			b.Write(value)
			if c.SoftLineBreak() || c.HardLineBreak() {
				b.WriteByte('\n')
			}
		case *ast.String:
			b.Write(c.Value)
		case *ast.CodeSpan:
			b.WriteString(codeSpan(c, source))
		case *ast.Link:
			b.WriteString(plainLink(c, source))
		default:
			b.WriteString(plainInline(c, source))
		}
	}
	return b.String()
}

// resolve undoes backslash escapes and character references.
func resolve(raw []byte) []byte {
	var out []byte
	for {
		at := escaped(raw)
		out = append(out, util.ResolveEntityNames(util.ResolveNumericReferences(raw[:at]))...)
		if at == len(raw) {
			return out
		}
		out = append(out, raw[at+1])
		raw = raw[at+2:]
	}
}

// escaped is where the first backslash escape begins; the length if there is
// none.
func escaped(raw []byte) int {
	for i := 0; i+1 < len(raw); i++ {
		if raw[i] == '\\' && util.IsPunct(raw[i+1]) {
			return i
		}
	}
	return len(raw)
}

func codeSpan(c *ast.CodeSpan, source []byte) string {
	var b strings.Builder
	for t := c.FirstChild(); t != nil; t = t.NextSibling() {
		if seg, ok := t.(*ast.Text); ok {
			b.WriteString(strings.ReplaceAll(string(seg.Segment.Value(source)), "\n", " "))
		}
	}
	return b.String()
}

// plainLink writes a link as "text (address)", and once if they are the same.
func plainLink(l *ast.Link, source []byte) string {
	label := strings.TrimSpace(plainInline(l, source))
	dest := string(destination(l.Destination))
	address := strings.TrimPrefix(dest, "mailto:")
	switch {
	case strings.Contains(dest, "matrix.to/#/"):
		return label
	case label == "" || label == dest || label == address:
		return address
	}
	return label + " (" + address + ")"
}

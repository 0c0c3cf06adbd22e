// Package markup turns the Markdown that the bot writes into the two forms of
// a Matrix message: plain text that reads well by itself, and HTML in which
// nothing rings, loads or runs. It knows nothing of events or servers.
//
// The dialect is CommonMark with tables. Left out on purpose: raw HTML (it is
// shown as the text it is), links that were not written as links, and images.
package markup

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Text is a message in both forms.
type Text struct {
	Plain string
	// HTML is empty when it would say the same as Plain.
	HTML string
}

// Render converts Markdown. Users in mentions may be linked to (matrix.to);
// other links of that kind become plain text, so that quoting somebody never
// calls them. An "@room" is written with an invisible word joiner in it, for
// the servers that still ring by what the text says.
func Render(markdown string, mentions ...string) (Text, error) {
	source := []byte(markdown)
	doc := newParser().Parse(text.NewReader(source))
	if err := tame(doc, source, mentions); err != nil {
		return Text{}, fmt.Errorf("render markdown: %w", err)
	}
	plain := strings.TrimSpace(plainBlocks(doc, source))
	var buf bytes.Buffer
	if err := newRenderer().Render(&buf, source, doc); err != nil {
		return Text{}, fmt.Errorf("render markdown: %w", err)
	}
	rich := strings.TrimSpace(buf.String())
	t := Text{Plain: quiet(plain)}
	if rich != "<p>"+escape(plain)+"</p>" {
		t.HTML = quietHTML(unwrap(rich))
	}
	return t, nil
}

// newParser is goldmark's parser without raw HTML and without <links>.
func newParser() parser.Parser {
	p := parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(parser.NewBlockquoteParser(), 800),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewEmphasisParser(), 500),
		),
		parser.WithParagraphTransformers(
			util.Prioritized(parser.LinkReferenceParagraphTransformer, 100),
			util.Prioritized(extension.NewTableParagraphTransformer(), 200),
		),
		parser.WithASTTransformers(
			util.Prioritized(extension.NewTableASTTransformer(), 0),
		),
	)
	return p
}

func newRenderer() renderer.Renderer {
	md := goldmark.New(goldmark.WithRendererOptions(html.WithHardWraps()))
	r := md.Renderer()
	r.AddOptions(renderer.WithNodeRenderers(
		util.Prioritized(extension.NewTableHTMLRenderer(), 500),
	))
	return r
}

// tame replaces images and links that must not be followed by their text.
func tame(doc ast.Node, source []byte, mentions []string) error {
	var drop []ast.Node
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Image:
			drop = append(drop, n)
		case *ast.Link:
			n.Title = nil
			if !allowed(string(destination(n.Destination)), mentions) {
				drop = append(drop, n)
			}
		case *east.Table:
			// Alignment would be written as style attributes, which clients drop.
			n.Alignments = make([]east.Alignment, len(n.Alignments))
			for i := range n.Alignments {
				n.Alignments[i] = east.AlignNone
			}
		case *east.TableCell:
			n.Alignment = east.AlignNone
		}
		return ast.WalkContinue, nil
	})
	for _, n := range drop {
		lift(n)
	}
	return err
}

// lift puts a node's children in its place.
func lift(n ast.Node) {
	parent := n.Parent()
	if parent == nil {
		return
	}
	for c := n.FirstChild(); c != nil; c = n.FirstChild() {
		n.RemoveChild(n, c)
		parent.InsertBefore(parent, n, c)
	}
	parent.RemoveChild(parent, n)
}

func destination(raw []byte) []byte {
	return util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(raw)))
}

// allowed reports whether a link may be a link: https, http and mailto to
// somewhere, and matrix.to only to a user who is being mentioned anyway.
func allowed(dest string, mentions []string) bool {
	u, err := url.Parse(strings.TrimSpace(dest))
	if err != nil {
		return false
	}
	switch strings.ToLower(u.Scheme) {
	case "mailto":
		return u.Opaque != ""
	case "http", "https":
	default:
		return false
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if host == "" || u.User != nil {
		return false
	}
	if host != "matrix.to" && !strings.HasSuffix(host, ".matrix.to") {
		return true
	}
	target, _, _ := strings.Cut(strings.TrimPrefix(u.Fragment, "/"), "?")
	for _, m := range mentions {
		if target == m {
			return true
		}
	}
	return false
}

// quiet takes the ring out of "@room" (push rule .m.rule.roomnotif).
func quiet(s string) string {
	const call = "@room"
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] == '@' && len(s)-i >= len(call) && strings.EqualFold(s[i:i+len(call)], call) {
			b.WriteString("@\u2060")
			i++
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// quietHTML is quiet for the text between tags.
func quietHTML(s string) string {
	var b strings.Builder
	for s != "" {
		tag := strings.IndexByte(s, '<')
		if tag < 0 {
			tag = len(s)
		}
		b.WriteString(quiet(s[:tag]))
		s = s[tag:]
		end := strings.IndexByte(s, '>') + 1
		if end == 0 {
			end = len(s)
		}
		b.WriteString(s[:end])
		s = s[end:]
	}
	return b.String()
}

// unwrap takes away the paragraph around a message that is only one.
func unwrap(s string) string {
	inner, ok := strings.CutPrefix(s, "<p>")
	if !ok {
		return s
	}
	inner, ok = strings.CutSuffix(inner, "</p>")
	if !ok || strings.Contains(inner, "<p>") {
		return s
	}
	return inner
}

func escape(s string) string { return string(util.EscapeHTML([]byte(s))) }

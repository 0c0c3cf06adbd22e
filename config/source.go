package config

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxSize is more than any configuration needs, in bytes.
const maxSize = 1 << 18

// source is one YAML file, with the findings that concern it.
type source struct {
	name  string
	lines []string
	found *findings
}

// parse reads YAML into a section that knows where everything stands. It
// reports false if there is nothing to go on with; what is wrong then stands
// in found.
func parse(name string, data []byte, keys []key, found *findings) (section, bool) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	data = bytes.ReplaceAll(data, []byte("\r"), []byte("\n")) // YAML 1.2 §5.4 has it as a line break too
	src := &source{name: name, lines: strings.Split(string(data), "\n"), found: found}
	found.files = append(found.files, name)
	switch {
	case len(data) > maxSize:
		src.fail(1, 1, "the file is too large to be a configuration", fmt.Sprintf("at most %d kB", maxSize>>10), "")
		return section{}, false
	case !utf8.Valid(data):
		line := 1 + bytes.Count(data[:invalidAt(data)], []byte("\n"))
		src.fail(line, 1, "the line is not in UTF-8", "a text file saved as UTF-8", "")
		return section{}, false
	}
	root := src.root(data)
	if root == nil {
		return section{}, false
	}
	v := value{src: src, node: root, line: 1, column: 1, key: key{expected: "keys with values", example: keys[0].example}}
	return v.section(keys)
}

// root is the file's single document, or nil after reporting why not.
func (s *source) root(data []byte) ast.Node {
	if s.unquoted() {
		return nil
	}
	file, err := parseYAML(data)
	if err != nil {
		s.syntax(err)
		return nil
	}
	var root ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case root == nil:
			root = doc.Body
		default:
			line, column := place(doc.Body)
			s.fail(line, column, "a second document begins in the file", "one document; remove the line ---", "")
			return nil
		}
	}
	if root == nil {
		s.fail(1, 1, "the file is empty", "a configuration; see the example that comes with the program", "")
	}
	return root
}

// openQuote finds a value whose quote is not closed on its line.
var openQuote = regexp.MustCompile(`^[^#"']*(?:: |- )"[^"]*$`)

// syntax reports why the parser gave up, in plainer words where they are known.
func (s *source) syntax(err error) {
	line, column, why := 1, 1, "the file cannot be read as YAML"
	expected := "keys and values, indented with spaces; text with : # @ ! * or [ in it stands in quotes"
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) {
		why = "YAML: " + syntax.Message
		if t := syntax.Token; t != nil && t.Position != nil && t.Position.Line > 0 {
			line, column = t.Position.Line, max(1, t.Position.Column)
		}
	}
	if strings.HasPrefix(strings.TrimLeft(s.line(line), " "), "\t") {
		s.fail(line, column, "a tab is used for indentation", "spaces for indentation", "")
		return
	}
	for n := line; n >= 1; n-- {
		if openQuote.MatchString(s.line(n)) {
			s.fail(n, 1+strings.LastIndex(s.line(n), `"`), `a quote " is opened here and not closed`, "a quote at the end of the value as well", `name: "Västerås"`)
			return
		}
	}
	s.fail(line, column, why, expected, `name: "Västerås: anhöriga"`)
}

// parseYAML turns a panic of the parser into an error.
func parseYAML(data []byte) (file *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("the parser gave up")
		}
	}()
	return parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
}

func invalidAt(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(data)
}

// bareSigil finds values that begin with one of the signs that Matrix and
// cron use and that mean something else to YAML, without quotes.
var bareSigil = regexp.MustCompile("^((?: *(?:- +)*(?:[a-z_]+: +)?\\[?(?:\"[^\"]*\", *)*))([@!#`%][^ ,\\]]\\S*|\\*.*)")

// unquoted reports all values that lack necessary quotes. YAML would take
// "@" for a fault, "!" for a tag, "*" for an alias and "#" for a comment, and
// its own messages would point elsewhere.
func (s *source) unquoted() bool {
	bare := false
	block := -1 // indentation of the key that a block of text belongs to
	for i, line := range s.lines {
		trimmed := strings.TrimLeft(line, " ")
		if indent := len(line) - len(trimmed); trimmed == "" || block >= 0 && indent > block {
			continue
		}
		block = -1
		if blockText.MatchString(line) {
			block = blockIndent(line)
			continue
		}
		m := bareSigil.FindStringSubmatch(line)
		if m == nil || strings.TrimSpace(m[1]) == "" || m[2][0] == '#' && strings.TrimSpace(strings.TrimLeft(m[1], " -")) == "" {
			continue // an ordinary comment, or text that goes on from the line before
		}
		bare = true
		example := fmt.Sprintf("%s%q", strings.TrimLeft(m[1], " "), strings.TrimRight(m[2], " ,]"))
		if strings.Contains(m[1], "[") {
			example += "]"
		}
		s.fail(i+1, utf8.RuneCountInString(m[1])+1, fmt.Sprintf("a value that begins with %c stands without quotes", m[2][0]),
			"quotes around the value", example)
	}
	return bare
}

var blockText = regexp.MustCompile(`(^|[ :-])[|>][-+0-9]*\s*$`)

// blockIndent is the indentation that the text of a block must exceed.
func blockIndent(line string) int {
	prefix := len(line) - len(strings.TrimLeft(line, " -"))
	if strings.HasPrefix(line[prefix:], "|") || strings.HasPrefix(line[prefix:], ">") {
		return len(line) - len(strings.TrimLeft(line, " ")) // "- |"
	}
	return prefix
}

func (s *source) line(n int) string {
	if n < 1 || n > len(s.lines) {
		return ""
	}
	return s.lines[n-1]
}

func (s *source) fail(line, column int, message, expected, example string) {
	s.found.problems = append(s.found.problems, Problem{s.name, line, column, message, expected, example})
}

// place is where a node begins.
func place(n ast.Node) (line, column int) {
	if m, ok := n.(ast.MapNode); ok {
		// A mapping's own token is its first colon.
		if it := m.MapRange(); it.Next() && it.Key() != nil {
			return place(it.Key())
		}
	}
	if n != nil {
		if t := n.GetToken(); t != nil && t.Position != nil && t.Position.Line > 0 {
			return t.Position.Line, max(1, t.Position.Column)
		}
	}
	return 1, 1
}

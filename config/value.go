package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// key describes a key of a section: a new one needs a row in its table, and
// its reading.
type key struct {
	name     string
	required bool
	expected string // what should stand there
	example  string // as it would stand in the file
}

// section is a mapping whose keys are known.
type section struct {
	value
	values map[string]value
}

// get is the value of a key, which may not be given.
func (s section) get(name string) value { return s.values[name] }

// value is a node with its place and what should stand there.
type value struct {
	src          *source
	node         ast.Node // nil if not given
	key          key
	line, column int
}

func (v value) given() bool { return v.node != nil }

func (v value) fail(format string, args ...any) {
	v.src.fail(v.line, v.column, fmt.Sprintf(format, args...), v.key.expected, v.key.example)
}

func (v value) warn(expected, format string, args ...any) {
	v.src.found.warnings = append(v.src.found.warnings,
		Problem{File: v.src.name, Line: v.line, Column: v.column, Message: fmt.Sprintf(format, args...), Expected: expected})
}

// section reads a mapping, and reports unknown, repeated and missing keys.
func (v value) section(keys []key) (section, bool) {
	s := section{value: v, values: map[string]value{}}
	m, ok := v.node.(ast.MapNode)
	if !ok {
		v.wrongKind("keys with values")
		return s, false
	}
	s.line, s.column = place(v.node)
	for _, k := range keys {
		s.values[k.name] = value{src: v.src, key: k, line: s.line, column: s.column}
	}
	lines := map[string]int{}
	var misspelled []string // what unknown keys were probably to be
	for it := m.MapRange(); it.Next(); {
		name := keyName(it.Key())
		line, column := place(it.Key())
		i := slices.IndexFunc(keys, func(k key) bool { return k.name == name })
		switch {
		case i < 0:
			misspelled = append(misspelled, v.src.unknownKey(line, column, name, keys))
			continue
		case lines[name] > 0:
			v.src.fail(line, column, fmt.Sprintf("%q is given twice; the first time on line %d", name, lines[name]), keys[i].expected, keys[i].example)
			continue
		}
		lines[name] = line
		child := value{src: v.src, key: keys[i], line: line, column: column}
		if child.present(it.Value()) {
			child.node = it.Value()
			child.line, child.column = place(child.node)
		}
		s.values[name] = child
	}
	for _, k := range keys {
		if k.required && lines[k.name] == 0 && !slices.Contains(misspelled, k.name) {
			s.values[k.name].fail("%q is missing", k.name)
		}
	}
	return s, true
}

// present tells whether a key has a value, and reports it if it needs one.
func (v value) present(n ast.Node) bool {
	if n != nil && n.Type() != ast.NullType {
		return true
	}
	if v.key.required {
		v.fail("%q has no value", v.key.name)
	}
	return false
}

func keyName(k ast.MapKeyNode) string {
	if s, ok := k.(*ast.StringNode); ok {
		return s.Value
	}
	if t := k.GetToken(); t != nil {
		return t.Value
	}
	return ""
}

// unknownKey reports a key that the section does not have, and tells which one
// was probably meant. What follows a key that sounds like a secret is one, and
// is not shown.
func (s *source) unknownKey(line, column int, name string, keys []key) (meant string) {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	switch name {
	case "password", "access_token", "token", "recovery_key", "passphrase", "secret":
		s.fail(line, column, fmt.Sprintf("%q: secrets do not belong in this file", name),
			"the name of a file that only its owner can read, or an environment variable (BLNBOT_PASSWORD, BLNBOT_ACCESS_TOKEN)",
			"password_file: secrets/password")
	default:
		meant = nearest(name, names)
		s.fail(line, column, fmt.Sprintf("unknown key %s%s", quote(name), suggest(name, names)),
			"one of "+strings.Join(names, ", "), "")
	}
	return meant
}

// wrongKind reports a value of the wrong kind.
func (v value) wrongKind(want string) {
	switch v.node.(type) {
	case *ast.AnchorNode, *ast.AliasNode:
		v.fail("anchors and aliases (& and *) are not supported")
	case *ast.TagNode:
		v.fail("a value that begins with ! stands without quotes")
	default:
		v.fail("%s found where %s should be", strings.ToLower(v.node.Type().YAMLName()), want)
	}
}

// text reads a text, without the space around it. It reports false if there
// is none.
func (v value) text() (string, bool) {
	var s string
	switch n := v.node.(type) {
	case nil:
		return "", false
	case *ast.StringNode:
		s = n.Value
	case *ast.LiteralNode:
		s = n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		s = n.GetToken().Value // a network may well be named 2026
	default:
		v.wrongKind("text")
		return "", false
	}
	if s = strings.TrimSpace(s); s == "" {
		v.fail("the text is empty")
		return "", false
	}
	return s, true
}

// list reads a list; its elements share the description of the key.
func (v value) list() []value {
	if !v.given() {
		return nil
	}
	seq, ok := v.node.(*ast.SequenceNode)
	if !ok {
		v.wrongKind("a list")
		return nil
	}
	var out []value
	for _, n := range seq.Values {
		e := v
		e.node = n
		e.line, e.column = place(n)
		if n == nil || n.Type() == ast.NullType {
			e.fail("an element of the list is empty")
			continue
		}
		out = append(out, e)
	}
	if len(seq.Values) == 0 && v.key.required {
		v.fail("the list is empty")
	}
	return out
}

// texts reads a list of texts; values are those that could be read.
func (v value) texts() (texts []string, values []value) {
	for _, e := range v.list() {
		if s, ok := e.text(); ok {
			texts, values = append(texts, s), append(values, e)
		}
	}
	return texts, values
}

// oneOf reads one of some words; otherwise the answer is the fallback.
func (v value) oneOf(fallback string, words ...string) string {
	s, ok := v.text()
	switch {
	case !ok:
		return fallback
	case !slices.Contains(words, s):
		v.fail("%s is not one of %s%s", quote(s), strings.Join(words, ", "), suggest(s, words))
		return fallback
	}
	return s
}

// duration reads a length of time between the bounds, or gives the fallback.
func (v value) duration(fallback, least, most time.Duration) time.Duration {
	s, ok := v.text()
	if !ok {
		return fallback
	}
	d, err := ParseDuration(s)
	switch {
	case err != nil:
		v.fail("%s: %v", v.key.name, err)
	case d < least || d > most:
		v.fail("%s is %s, which is outside %s to %s", v.key.name, quote(s), FormatDuration(least), FormatDuration(most))
	default:
		return d
	}
	return fallback
}

// elements are the elements of a list, whatever they are.
func (v value) elements() []value {
	seq, ok := v.node.(*ast.SequenceNode)
	if !ok {
		return nil
	}
	out := make([]value, len(seq.Values))
	for i, n := range seq.Values {
		e := v
		e.node = n
		e.line, e.column = place(n)
		out[i] = e
	}
	return out
}

// plain is the text as it stands, or empty; it reports nothing.
func (v value) plain() string {
	switch n := v.node.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value
	}
	return ""
}

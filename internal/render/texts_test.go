package render

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// names lists the texts of a language, sorted.
func names(t testing.TB, x *Texts, lang string) []string {
	t.Helper()
	set, err := x.set(lang)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tmpl := range set.Templates() {
		if n := tmpl.Name(); n != lang && !strings.HasSuffix(n, ".tmpl") {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names
}

func TestLanguagesHaveTheSameTexts(t *testing.T) {
	x := New()
	want := names(t, x, Languages()[0])
	if len(want) < 100 {
		t.Fatalf("only %d texts found", len(want))
	}
	for _, lang := range Languages()[1:] {
		if diff := cmp.Diff(want, names(t, x, lang)); diff != "" {
			t.Errorf("texts of %s (-) and %s (+) differ:\n%s", Languages()[0], lang, diff)
		}
		for _, name := range want {
			if !x.Has(lang, name) {
				t.Errorf("%s has no text %s", lang, name)
			}
		}
	}
	if x.Has("fi", want[0]) {
		t.Error("there are texts in a language that does not exist")
	}
	if _, err := x.Text("fi", "hint", nil); err == nil {
		t.Error("no error for a language without texts")
	}
	if _, err := x.Text("sv", "nonsense", nil); err == nil {
		t.Error("no error for a text that does not exist")
	}
}

// No text is defined twice: the later one would win silently.
func TestTextsAreDefinedOnce(t *testing.T) {
	define := regexp.MustCompile(`{{define "([^"]+)"}}`)
	for _, lang := range Languages() {
		found, err := templateFiles(lang)
		if err != nil || len(found) == 0 {
			t.Fatalf("template files of %s: %v, %v", lang, found, err)
		}
		in := map[string]string{}
		for _, file := range found {
			source, err := files.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range define.FindAllStringSubmatch(string(source), -1) {
				if in[m[1]] != "" {
					t.Errorf("%s is defined in %s and in %s", m[1], in[m[1]], file)
				}
				in[m[1]] = file
			}
		}
	}
}

func TestEveryTextHasASample(t *testing.T) {
	has, seen := map[string]bool{}, map[string]bool{}
	for _, s := range samples(t) {
		has[s.text] = true
		if seen[s.name()] {
			t.Errorf("there are two samples named %s", s.name())
		}
		seen[s.name()] = true
	}
	if diff := cmp.Diff(names(t, New(), "sv"), slices.Sorted(maps.Keys(has))); diff != "" {
		t.Errorf("texts (-) and samples (+) differ; add samples to samples_test.go:\n%s", diff)
	}
}

func TestGoldens(t *testing.T) {
	x := New()
	used := map[string]bool{}
	for _, s := range samples(t) {
		for _, lang := range Languages() {
			name := s.name() + "." + lang
			file := filepath.Join("testdata", name+".golden")
			used[file] = true
			t.Run(name, func(t *testing.T) {
				got, err := x.Text(lang, s.text, s.data)
				if err != nil {
					t.Fatal(err)
				}
				got += "\n"
				if *update {
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
					return
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		}
	}
	found, err := filepath.Glob(filepath.Join("testdata", "*.golden"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range found {
		if used[file] {
			continue
		}
		if *update {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			continue
		}
		t.Errorf("%s belongs to no sample", file)
	}
}

// A branch of a template that no sample renders is a text that nobody has read.
func TestSamplesRenderEveryBranch(t *testing.T) {
	for _, lang := range Languages() {
		x := New()
		where := markBranches(t, x, lang)
		for _, s := range samples(t) {
			got, err := x.Text(lang, s.text, s.data)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range branchMark.FindAllStringSubmatch(got, -1) {
				delete(where, m[1])
			}
		}
		for _, branch := range slices.Sorted(maps.Values(where)) {
			t.Errorf("%s: no sample renders %s", lang, branch)
		}
	}
}

var branchMark = regexp.MustCompile("\x00([0-9]+)\x00")

// markBranches puts a mark into every branch of every template, also into those
// that say nothing, and returns what the marks stand for.
func markBranches(t *testing.T, x *Texts, lang string) map[string]string {
	t.Helper()
	where := map[string]string{}
	mark := func(name, what string) parse.Node {
		id := strconv.Itoa(len(where))
		where[id] = name + ": " + what
		return &parse.TextNode{NodeType: parse.NodeText, Text: []byte("\x00" + id + "\x00")}
	}
	set, err := x.set(lang)
	if err != nil {
		t.Fatal(err)
	}
	var walk func(name string, list *parse.ListNode)
	branch := func(name string, n parse.Node, b *parse.BranchNode, other bool) {
		what := n.String()
		if len(what) > 100 {
			what = what[:100] + "…"
		}
		walk(name, b.List)
		b.List.Nodes = append([]parse.Node{mark(name, what)}, b.List.Nodes...)
		if b.ElseList == nil && other {
			b.ElseList = &parse.ListNode{NodeType: parse.NodeList}
		}
		if b.ElseList != nil {
			walk(name, b.ElseList)
			b.ElseList.Nodes = append([]parse.Node{mark(name, "else of "+what)}, b.ElseList.Nodes...)
		}
	}
	walk = func(name string, list *parse.ListNode) {
		for _, n := range list.Nodes {
			switch n := n.(type) {
			case *parse.IfNode:
				branch(name, n, &n.BranchNode, true)
			case *parse.WithNode:
				branch(name, n, &n.BranchNode, true)
			case *parse.RangeNode:
				branch(name, n, &n.BranchNode, false)
			}
		}
	}
	for _, name := range names(t, x, lang) {
		walk(name, set.Lookup(name).Root)
	}
	if len(where) < 100 {
		t.Fatalf("only %d branches found", len(where))
	}
	return where
}

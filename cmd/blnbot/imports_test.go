package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// allowed says which of the module's packages each package may import: a star
// around internal/meeting. Packages under cmd may import all. A folder's row
// holds for the folders inside it too.
func allowed() map[string][]string {
	return map[string][]string{
		"bot":                 {"internal/failpoint", "internal/meeting", "internal/schedule", "internal/digest", "internal/render", "internal/calendar"},
		"config":              {"internal/meeting", "internal/schedule"},
		"internal/failpoint":  {},
		"internal/meeting":    {},
		"internal/schedule":   {"internal/meeting"},
		"internal/digest":     {"internal/meeting"},
		"internal/calendar":   {},
		"internal/render":     {"internal/meeting"},
		"internal/sqlite":     {"internal/failpoint", "internal/meeting"},
		"internal/outbox":     {"internal/failpoint", "internal/meeting"},
		"internal/matrix":     {"internal/meeting"},
		"internal/homeserver": {"internal/meeting", "internal/matrix"}, // stage puts people with clients on
		"internal/metrics":    {},
	}
}

// owners says which folder alone may import modules with a prefix. What
// measures the bot beside another client of mautrix is no part of it.
func owners() map[string]string {
	return map[string]string{
		"maunium.net/":            "internal/matrix cmd/load",
		"go.mau.fi/":              "internal/matrix cmd/load",
		"modernc.org/":            "internal/sqlite",
		"github.com/robfig/":      "internal/schedule",
		"github.com/rickar/":      "internal/schedule",
		"github.com/goccy/":       "config",
		"github.com/alecthomas/":  "cmd",
		"github.com/kljensen/":    "internal/digest",
		"github.com/arran4/":      "internal/calendar",
		"golang.org/x/image/":     "internal/render/plot",
		"github.com/prometheus/":  "internal/metrics",
		"github.com/santhosh-tek": "cmd/demo", // and tests
	}
}

// clocks are the folders where time.Now may be called; elsewhere it may only
// be the default of a field named Now.
func clocks() []string { return []string{"cmd", "internal/homeserver", "internal/matrix/person"} }

// module is the path of the module, with a slash.
const module = "blnbot/"

type pkg struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
}

// name is the package's folder in the module.
func (p pkg) name() string { return strings.TrimPrefix(p.ImportPath, module) }

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-tags=goolm,timetzdata", "-json=ImportPath,Dir,GoFiles,Imports", "./...")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

// TestBuildGuard: tags.go, which does not compile, is left out of a right
// build only.
func TestBuildGuard(t *testing.T) {
	tests := []struct {
		tags, cgo string
		builds    bool
	}{
		{"goolm,timetzdata", "0", true},
		{"goolm,timetzdata", "1", false},
		{"goolm,timetzdata,race", "1", true},
		{"goolm", "0", false},
		{"timetzdata", "0", false},
		{"", "0", false},
	}
	for _, tt := range tests {
		cmd := exec.Command("go", "list", "-e", "-tags="+tt.tags, "-f", "{{.GoFiles}}", ".")
		cmd.Env = append(os.Environ(), "CGO_ENABLED="+tt.cgo)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		if builds := !strings.Contains(string(out), "tags.go"); builds != tt.builds {
			t.Errorf("with tags %q and CGO_ENABLED=%s it builds: %v", tt.tags, tt.cgo, builds)
		}
	}
}

// in reports whether the package is the folder or inside it.
func in(name, folder string) bool { return name == folder || strings.HasPrefix(name, folder+"/") }

func TestImportsFormAStar(t *testing.T) {
	list := packages(t)
	if len(list) < 5 {
		t.Fatalf("only %d packages found", len(list))
	}
	for _, p := range list {
		if in(p.name(), "cmd") {
			continue
		}
		may, known := allowance(p.name())
		if !known {
			t.Errorf("%s is in no row of allowed()", p.name())
		}
		for _, path := range p.Imports {
			imported, ours := strings.CutPrefix(path, module)
			if ours && !slices.ContainsFunc(may, func(folder string) bool { return in(imported, folder) }) {
				t.Errorf("%s imports %s", p.name(), imported)
			}
			if in(p.name(), "internal/meeting") && strings.Contains(strings.Split(path, "/")[0], ".") {
				t.Errorf("%s imports %s, which is outside the standard library", p.name(), path)
			}
		}
	}
}

// allowance is what a package may import, its own folder included.
func allowance(name string) ([]string, bool) {
	for folder, may := range allowed() {
		if in(name, folder) {
			return append(may, folder), true
		}
	}
	return nil, false
}

func TestLibrariesHaveOneOwner(t *testing.T) {
	for _, p := range packages(t) {
		for _, path := range p.Imports {
			for prefix, owner := range owners() {
				may := func(folder string) bool { return in(p.name(), folder) }
				if strings.HasPrefix(path, prefix) && !slices.ContainsFunc(strings.Fields(owner), may) {
					t.Errorf("%s imports %s; only %q may", p.name(), path, owner)
				}
			}
		}
	}
}

func TestClock(t *testing.T) {
	for _, p := range packages(t) {
		if slices.ContainsFunc(clocks(), func(folder string) bool { return in(p.name(), folder) }) {
			continue
		}
		for _, file := range p.GoFiles {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, file), nil, 0)
			if err != nil {
				t.Error(err)
				continue
			}
			for _, at := range nows(f) {
				t.Errorf("%s: time.Now; take the time as an argument, or from a field Now", fset.Position(at))
			}
		}
	}
}

// nows are the uses of time.Now in the file that are not the default of a
// field named Now or now.
func nows(f *ast.File) []token.Pos {
	defaults := map[ast.Expr]bool{}
	var found []token.Pos
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				if s, ok := left.(*ast.SelectorExpr); ok && strings.EqualFold(s.Sel.Name, "now") && len(n.Rhs) == len(n.Lhs) {
					defaults[n.Rhs[i]] = true
				}
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && strings.EqualFold(key.Name, "now") {
				defaults[n.Value] = true
			}
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until"}, n.Sel.Name) && !defaults[n] {
				found = append(found, n.Pos())
			}
		}
		return true
	})
	return found
}

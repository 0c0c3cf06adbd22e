// Package render turns what the bot has to say into Markdown, in Swedish and
// English, from embedded templates, and documents into HTML. It is pure: it
// knows nothing of rooms, storage or the clock.
package render

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"text/template"

	"blnbot/internal/meeting"
)

//go:embed templates
var files embed.FS

// Languages lists the languages that there are texts in. A language is one
// folder of templates and one row in the table of words in words.go.
func Languages() []string { return meeting.Languages() }

// Texts holds the parsed templates of all languages.
type Texts struct {
	sets  map[string]*template.Template
	roles meeting.RoleNames
}

// New parses the embedded templates. An error means that the binary was built
// with a broken template.
func New() (*Texts, error) { return NewWith(nil) }

// NewWith is New with a user's own names of roles.
func NewWith(own meeting.RoleNames) (*Texts, error) {
	t := &Texts{sets: map[string]*template.Template{}, roles: own}
	for _, lang := range Languages() {
		set, err := template.New(lang).Funcs(funcs(lang, own)).ParseFS(files, "templates/"+lang+"/*.tmpl")
		if err != nil {
			return nil, fmt.Errorf("parse %s templates: %w", lang, err)
		}
		t.sets[lang] = set
	}
	return t, nil
}

// Text executes the template with the name in the language. Text that people
// wrote must pass through the template function esc, which the templates see to.
func (t *Texts) Text(lang, name string, data any) (string, error) {
	set, ok := t.sets[lang]
	if !ok {
		return "", fmt.Errorf("render %s: no texts in language %q", name, lang)
	}
	var b bytes.Buffer
	if err := set.ExecuteTemplate(&b, name, data); err != nil {
		return "", fmt.Errorf("render %s (%s): %w", name, lang, err)
	}
	return tidy(b.String()), nil
}

// Has reports whether the language has a text of that name.
func (t *Texts) Has(lang, name string) bool {
	set, ok := t.sets[lang]
	return ok && set.Lookup(name) != nil
}

// Names lists the texts of a language, sorted.
func (t *Texts) Names(lang string) []string {
	var names []string
	for _, tmpl := range t.sets[lang].Templates() {
		if n := tmpl.Name(); n != lang && !strings.HasSuffix(n, ".tmpl") {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names
}

// tidy takes away what template logic leaves behind: spaces at line ends, and
// more than one empty line in a row.
func tidy(s string) string {
	var out []string
	empty := 0
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.TrimRight(line, " \t")
		if line == "" {
			empty++
			continue
		}
		if empty > 0 && len(out) > 0 {
			out = append(out, "")
		}
		empty = 0
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// templateFiles lists the template files of a language, for tests.
func templateFiles(lang string) ([]string, error) {
	return fs.Glob(files, "templates/"+lang+"/*.tmpl")
}

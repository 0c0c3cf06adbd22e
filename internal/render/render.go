// Package render turns what the bot has to say into Markdown, in Swedish and
// English, from embedded templates, and documents into HTML. It is pure: it
// knows nothing of rooms, storage or the clock.
package render

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"text/template"

	"blnbot/internal/meeting"
)

//go:embed templates
var files embed.FS

// Languages lists the languages that there are texts in. A language is one
// folder of templates and one row in the table of words in words.go.
func Languages() []string { return meeting.Languages() }

// Texts are the templates of all languages.
type Texts struct {
	sets  map[string]func() (*template.Template, error)
	roles meeting.RoleNames
}

// New makes Texts. A language's templates take more than a megabyte, so they are
// parsed when its first text is wanted.
func New() *Texts { return NewWith(nil) }

// NewWith is New with a user's own names of roles.
func NewWith(own meeting.RoleNames) *Texts {
	t := &Texts{sets: map[string]func() (*template.Template, error){}, roles: own}
	for _, lang := range Languages() {
		t.sets[lang] = sync.OnceValues(func() (*template.Template, error) { return readTemplates(lang, own) })
	}
	return t
}

// readTemplates parses the embedded templates of a language. An error means that the
// binary was built with a broken template.
func readTemplates(lang string, own meeting.RoleNames) (*template.Template, error) {
	set, err := template.New(lang).Funcs(funcs(lang, own)).ParseFS(files, "templates/"+lang+"/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("parse %s templates: %w", lang, err)
	}
	return set, nil
}

// set gives the templates of a language.
func (t *Texts) set(lang string) (*template.Template, error) {
	set, ok := t.sets[lang]
	if !ok {
		return nil, fmt.Errorf("no texts in language %q", lang)
	}
	return set()
}

// Text executes the template with the name in the language. Text that people
// wrote must pass through the template function esc, which the templates see to.
func (t *Texts) Text(lang, name string, data any) (string, error) {
	set, err := t.set(lang)
	if err != nil {
		return "", fmt.Errorf("render %s: %w", name, err)
	}
	var b bytes.Buffer
	if err := set.ExecuteTemplate(&b, name, data); err != nil {
		return "", fmt.Errorf("render %s (%s): %w", name, lang, err)
	}
	return tidy(b.String()), nil
}

// Has reports whether the language has a text of that name.
func (t *Texts) Has(lang, name string) bool {
	set, err := t.set(lang)
	return err == nil && set.Lookup(name) != nil
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

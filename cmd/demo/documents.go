package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"blnbot/internal/meeting"
)

// document is a file that somebody gets: exported by the operator, or posted by
// the bot in a room and downloaded there.
type document struct {
	name    string // path in the folder of documents
	network string // id; empty for what is about all
	what    string // minutes, summary, plan, compilation, report; "file" for what the bot posted
	number  int    // of the meeting, or 0
	data    []byte
}

// format is the ending of the document's name.
func (d document) format() string { return strings.TrimPrefix(path.Ext(d.name), ".") }

// text is what the document says, without its markup.
func (d document) text() (string, error) {
	switch d.format() {
	case "docx":
		parts, err := unzipped(d.data)
		var b strings.Builder
		for _, p := range parts {
			b.WriteString(bare(p))
		}
		return b.String(), err
	case "html":
		return bare(string(d.data)), nil
	case "png":
		return "", nil
	}
	return string(d.data), nil
}

// raw is everything that can be read in the document by those who look inside:
// the markup too, and of a DOCX file each part, with its name.
func (d document) raw() (string, error) {
	if d.format() != "docx" {
		return string(d.data), nil
	}
	parts, err := unzipped(d.data)
	return strings.Join(parts, "\n"), err
}

// unzipped lists the parts of a DOCX file, each behind its name.
func unzipped(data []byte) (parts []string, err error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("unzip: %w", err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("unzip %s: %w", f.Name, err)
		}
		text, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			return nil, fmt.Errorf("unzip %s: %w", f.Name, err)
		}
		if path.Ext(f.Name) == ".png" {
			text = nil // nothing to read
		}
		parts = append(parts, f.Name+"\n"+string(text))
	}
	return parts, nil
}

var (
	blockEnd = regexp.MustCompile(`</(p|w:p|h[1-6]|li|td|th|tr|div|title|text|figcaption)>|<br ?/?>`)
	anyTag   = regexp.MustCompile(`<[^>]*>`)
)

// bare is the text of HTML or XML without the tags; those that end a paragraph
// become line ends.
func bare(markup string) string {
	return html.UnescapeString(anyTag.ReplaceAllString(blockEnd.ReplaceAllString(markup, "\n"), ""))
}

// formats are those in which every document exists.
func formats() []string { return []string{"md", "html", "docx"} }

// exported is a document to be had from blnbot export.
type exported struct {
	network, what string
	number        int
}

// exports lists all documents there are, which depends on what was approved.
func (p *play) exports() (out []exported) {
	rounds := map[int]bool{}
	for _, n := range p.networks {
		for _, number := range n.held() {
			out = append(out, exported{n.id, "minutes", number})
			if n.states[number] == meeting.StateShared {
				out = append(out, exported{n.id, "summary", number})
				rounds[number] = true
			}
		}
		if n.version > 0 {
			out = append(out, exported{n.id, "plan", 0})
		}
	}
	for number := range rounds {
		out = append(out, exported{"", "compilation", number})
	}
	if p.coord.reported {
		out = append(out, exported{"", "report", 0})
	}
	return out
}

// exportsAtOnce is how many processes of blnbot export run at the same time.
const exportsAtOnce = 2

// collect exports everything in every format and downloads every file that the
// bot has posted, and leaves it all in the folder.
func (p *play) collect(ctx context.Context, folder string) ([]document, error) {
	var mu sync.Mutex
	var out []document
	var failed error
	var wg sync.WaitGroup
	slots := make(chan struct{}, exportsAtOnce)
	for _, e := range p.exports() {
		for _, format := range formats() {
			wg.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				d, err := p.export(ctx, e, format)
				mu.Lock()
				defer mu.Unlock()
				out, failed = append(out, d), errors.Join(failed, err)
			})
		}
	}
	wg.Wait()
	for _, n := range append(slices.Clone(p.networks), p.coord) {
		files, err := n.files(ctx)
		out, failed = append(out, files...), errors.Join(failed, err)
	}
	if failed != nil {
		return nil, failed
	}
	slices.SortFunc(out, func(a, b document) int { return strings.Compare(a.name, b.name) })
	return out, store(folder, out)
}

// export has the operator's command write a document.
func (p *play) export(ctx context.Context, e exported, format string) (document, error) {
	args := []string{"export", e.what, "--format", format}
	name := e.what
	if e.network != "" {
		args = append(args, "--network", e.network)
		name = e.network + "-" + name
	}
	if e.number > 0 {
		args = append(args, "--meeting", fmt.Sprint(e.number))
		name = fmt.Sprintf("%s-%d", name, e.number)
	}
	text, err := p.stage.Run(ctx, args...)
	return document{name: "exported/" + name + "." + format, network: e.network, what: e.what, number: e.number, data: []byte(text)}, err
}

// files downloads what the bot has posted in the room, as a member does.
func (n *network) files(ctx context.Context) (out []document, err error) {
	who, used := n.watch.person, map[string]int{}
	for _, s := range n.watch.now() {
		if s.Sender != n.play.bot || s.Redacted || s.FileName == "" {
			continue
		}
		data, err := who.Download(ctx, s)
		if err != nil {
			return nil, err
		}
		name := path.Base(s.FileName)
		if used[name]++; used[name] > 1 {
			name = fmt.Sprintf("%s (%d)%s", strings.TrimSuffix(name, path.Ext(name)), used[name], path.Ext(name))
		}
		out = append(out, document{name: "posted/" + n.id + "/" + name, network: n.id, what: "file", data: data})
	}
	return out, nil
}

// store writes the documents into the folder.
func store(folder string, documents []document) error {
	for _, d := range documents {
		file := filepath.Join(folder, filepath.FromSlash(d.name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return fmt.Errorf("store the documents: %w", err)
		}
		if err := os.WriteFile(file, d.data, 0o644); err != nil {
			return fmt.Errorf("store the documents: %w", err)
		}
	}
	return nil
}

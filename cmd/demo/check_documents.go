package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"blnbot/internal/homeserver/stage"
	"blnbot/internal/matrix/person"
	"blnbot/internal/meeting"
)

// checkDocuments looks into everything that can be taken out of the rooms.
func (p *play) checkDocuments(ctx context.Context, documents []document) ([]check, error) {
	schemaFaults, err := p.schemaFaults(ctx)
	if err != nil {
		return nil, err
	}
	raw, plain := map[string]string{}, map[string]string{}
	for _, d := range documents {
		if raw[d.name], err = d.raw(); err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
		if plain[d.name], err = d.text(); err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
	}
	return []check{
		{"Exports: minutes, compilations and plans as JSON follow their published schemas", schemaFaults},
		{fmt.Sprintf("Documents: %d files; the same points in Markdown, HTML and DOCX", len(documents)), sameInAll(documents, plain)},
		{"Documents: nobody's name, Matrix id, personnummer, phone number or e-mail address, in no part of any file", p.personal(raw, plain)},
		{"Documents: nothing of what was deleted, left out, struck out or never approved", p.unapproved(documents, plain)},
	}, nil
}

// sameInAll finds documents that are not there in all formats, and points of
// the Markdown form that another does not have.
func sameInAll(documents []document, plain map[string]string) (faults []string) {
	for _, d := range documents {
		name, ok := strings.CutSuffix(d.name, ".md")
		if !ok || d.what == "file" {
			continue
		}
		for _, format := range formats() {
			text, exists := plain[name+"."+format]
			if !exists || len(text) == 0 {
				faults = append(faults, "there is no "+name+"."+format)
				continue
			}
			for _, point := range points(plain[d.name]) {
				if !strings.Contains(squeeze(text), squeeze(point)) {
					faults = append(faults, fmt.Sprintf("%s.%s does not have ”%s”", name, format, clip(point, 60)))
				}
			}
		}
	}
	return faults
}

// squeeze leaves out what Markdown and line breaks do to a text.
func squeeze(text string) string {
	return strings.Join(strings.Fields(strings.NewReplacer(`\`, "", "*", "", "_", "", "`", "").Replace(text)), " ")
}

// patterns are those of what tells who somebody is.
func patterns() []*regexp.Regexp {
	return []*regexp.Regexp{
		regexp.MustCompile(`(?:19|20)?\d{6}[-+]\d{4}`),                                  // personnummer
		regexp.MustCompile(`(?:\+46|\b0)[ -]?\d{1,3}[ -]\d{2,3}[ -]?\d{2}[ -]?\d{2}\b`), // phone
		regexp.MustCompile(`[\p{L}\d._%+-]+@[\p{L}\d-]+\.[\p{L}\d.-]+`),                 // e-mail
		regexp.MustCompile(`@[a-z]+:[\w.-]+`),                                           // Matrix id
	}
}

// personal finds what tells who somebody is. Names are looked for in what a
// document says and in all its parts, the patterns in what it says.
func (p *play) personal(raw, plain map[string]string) (faults []string) {
	for name, text := range raw {
		for _, found := range p.namesIn(name + "\n" + text + "\n" + plain[name]) {
			faults = append(faults, name+": "+found)
		}
	}
	for name, text := range plain {
		for _, form := range patterns() {
			for _, found := range form.FindAllString(text, -1) {
				faults = append(faults, name+": "+found)
			}
		}
	}
	slices.Sort(faults)
	return slices.Compact(faults)
}

// unapproved finds what no document may have: what was deleted or left out, and,
// outside of the network's own minutes, what its leader struck out or has not
// approved.
func (p *play) unapproved(documents []document, plain map[string]string) (faults []string) {
	for _, n := range p.networks {
		nowhere := n.removed()
		for _, d := range documents {
			text := squeeze(plain[d.name])
			never := slices.Clone(nowhere)
			if !n.own(d) {
				never = append(never, n.withheld()...)
			}
			for _, sentence := range never {
				if strings.Contains(text, squeeze(sentence)) {
					faults = append(faults, fmt.Sprintf("%s has ”%s”", d.name, clip(sentence, 60)))
				}
			}
		}
	}
	slices.Sort(faults)
	return faults
}

// own reports whether a document stays inside the network: its minutes, and
// what was posted in its room.
func (n *network) own(d document) bool {
	return d.network == n.id && (d.what == "minutes" || d.what == "file")
}

// removed are sentences that may be nowhere any more.
func (n *network) removed() []string {
	gone := slices.Concat(n.gone, n.unposted)
	for _, e := range n.entries {
		if e.out {
			gone = append(gone, sentences(e.body)...)
		}
	}
	return gone
}

// withheld are sentences that may not leave the network's room.
func (n *network) withheld() (out []string) {
	for _, e := range n.entries {
		if n.states[e.meeting] != meeting.StateShared {
			out = append(out, sentences(e.body)...)
		}
	}
	for _, s := range n.struck {
		out = append(out, s.sentences...)
	}
	if len(n.thoughts) < fewest {
		for _, t := range n.thoughts {
			out = append(out, sentences(t.words)...)
		}
	}
	return out
}

// withheldFaults finds in the coordination room what may not leave the network's.
func (n *network) withheldFaults(coord []person.Seen) (faults []string) {
	for _, s := range coord {
		for _, sentence := range n.withheld() {
			if s.Sender == n.play.bot && strings.Contains(s.Body, sentence) {
				faults = append(faults, fmt.Sprintf("”%s” in ”%s”", clip(sentence, 60), clip(s.Body, 40)))
			}
		}
	}
	return faults
}

// schemaFiles are the published descriptions of what comes as JSON.
func schemaFiles() map[string]string {
	return map[string]string{"minutes": "export.schema.json", "plan": "plan.schema.json", "compilation": "compilation.schema.json"}
}

func loadSchemas() (map[string]*jsonschema.Schema, error) {
	root, err := stage.ModuleRoot()
	if err != nil {
		return nil, err
	}
	out := map[string]*jsonschema.Schema{}
	for what, file := range schemaFiles() {
		if out[what], err = jsonschema.NewCompiler().Compile(filepath.Join(root, "docs", file)); err != nil {
			return nil, fmt.Errorf("read schema: %w", err)
		}
	}
	return out, nil
}

// schemaFaults holds everything that comes as JSON against its schema.
func (p *play) schemaFaults(ctx context.Context) (faults []string, err error) {
	for _, e := range p.exports() {
		schema := p.schemas[e.what]
		if schema == nil {
			continue
		}
		d, err := p.export(ctx, e, "json")
		if err != nil {
			return nil, err
		}
		data, err := jsonschema.UnmarshalJSON(bytes.NewReader(d.data))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
		if err := schema.Validate(data); err != nil {
			faults = append(faults, fmt.Sprintf("%s: %v", d.name, err))
		}
	}
	return faults, nil
}

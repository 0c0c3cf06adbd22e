package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"blnbot/internal/digest"
	"blnbot/internal/meeting"
)

// digestCmd chooses the key points of minutes.
type digestCmd struct {
	File     string `arg:"" help:"Minutes as export --format json writes them; - for standard input."`
	Language string `help:"The language of the replies: sv or en." enum:"sv,en" default:"sv"`
}

// minutesJSON is what a digest needs of the minutes (docs/export.schema.json).
type minutesJSON struct {
	Prompts []promptJSON `json:"prompts"`
}

type promptJSON struct {
	Number  int         `json:"number"`
	Entries []entryJSON `json:"entries"`
}

type entryJSON struct {
	ID      string   `json:"id"`
	Author  string   `json:"author"`
	Role    string   `json:"role"`
	Source  string   `json:"source"`
	Body    string   `json:"body"`
	SentAt  string   `json:"sent_at"`
	Edited  bool     `json:"edited"`
	Late    bool     `json:"late"`
	Support int      `json:"support"`
	Marks   []string `json:"marks"`
}

// digestJSON is the digest of one prompt.
type digestJSON struct {
	Prompt int         `json:"prompt"`
	Points []pointJSON `json:"points"`
}

type pointJSON struct {
	Text    string            `json:"text"`
	Entries []meeting.EventID `json:"entries"`
	Support int               `json:"support"`
}

// Run reads minutes and prints their key points as JSON.
func (c *digestCmd) Run(env *environment) error {
	name, data, err := c.read(env)
	if err != nil {
		return err
	}
	minutes, err := parseMinutes(data)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	out := []digestJSON{}
	for _, p := range minutes.Prompts {
		d := digestJSON{Prompt: p.Number, Points: []pointJSON{}}
		for _, point := range digest.Points(p.entries(), digest.Options{Language: c.Language}) {
			d.Points = append(d.Points, pointJSON{point.Text, point.Entries, point.Support})
		}
		out = append(out, d)
	}
	enc := json.NewEncoder(env.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return fmt.Errorf("write the digest: %w", err)
	}
	return nil
}

func (c *digestCmd) read(env *environment) (name string, data []byte, err error) {
	if c.File == "-" {
		data, err = io.ReadAll(env.stdin)
		if err != nil {
			err = fmt.Errorf("read standard input: %w", err)
		}
		return "standard input", data, err
	}
	data, err = os.ReadFile(c.File)
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("there is no file %s", c.File)
	}
	return c.File, data, err
}

// entries are the replies to the prompt, in the order of the file.
func (p promptJSON) entries() []meeting.Entry {
	out := make([]meeting.Entry, len(p.Entries))
	for i, e := range p.Entries {
		sent, _ := time.Parse(time.RFC3339, e.SentAt) // checked before; may be empty
		out[i] = meeting.Entry{
			ID: meeting.EventID(e.ID), Prompt: p.Number, Author: meeting.UserID(e.Author), Role: meeting.Role(e.Role),
			Source: meeting.Source(e.Source), State: meeting.EntryActive, Body: e.Body, SentAt: sent,
			Order: meeting.Order{Pos: int64(i)}, Edited: e.Edited, Late: e.Late, Support: e.Support,
		}
		for _, m := range e.Marks {
			out[i].Marks = append(out[i].Marks, meeting.Mark(m))
		}
	}
	return out
}

// parseMinutes reads minutes, with errors that say where and what. Fields
// that are not known are left alone: a later version may have more of them.
func parseMinutes(data []byte) (*minutesJSON, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("there is nothing in it; minutes in JSON were expected, as export minutes --format json writes them")
	}
	var m minutesJSON
	err := json.Unmarshal(data, &m)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		line, column := position(data, syntax.Offset)
		return nil, fmt.Errorf("line %d, column %d: this is not JSON: %v", line, column, syntax)
	case errors.As(err, &kind):
		line, column := position(data, kind.Offset)
		field := kind.Field
		if field == "" {
			return nil, fmt.Errorf("line %d, column %d: %s found where an object with \"prompts\" should be", line, column, kind.Value)
		}
		return nil, fmt.Errorf("line %d, column %d: %s found where %q has %s", line, column, kind.Value, field, kindName(kind.Type.Kind().String()))
	case err != nil:
		return nil, err
	}
	return &m, m.check()
}

// kindName is a JSON word for a Go kind.
func kindName(kind string) string {
	switch kind {
	case "int":
		return "a whole number"
	case "bool":
		return "true or false"
	case "slice":
		return "a list"
	case "struct":
		return "an object"
	}
	return "text"
}

// position is the line and column of a byte, counted from 1.
func position(data []byte, offset int64) (line, column int) {
	before := data[:min(max(offset-1, 0), int64(len(data)))]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')
}

// check finds what is JSON but no minutes.
func (m *minutesJSON) check() error {
	if m.Prompts == nil {
		return errors.New(`there are no "prompts" in it; minutes as export minutes --format json writes them were expected`)
	}
	numbers := map[int]bool{}
	ids := map[string]bool{}
	for i, p := range m.Prompts {
		if p.Number < 1 || numbers[p.Number] {
			return fmt.Errorf("prompt %d in the list: \"number\" is missing, less than 1 or given twice", i+1)
		}
		numbers[p.Number] = true
		for j, e := range p.Entries {
			where := fmt.Sprintf("prompt %d, entry %d", p.Number, j+1)
			if err := e.check(ids); err != nil {
				return fmt.Errorf("%s: %w", where, err)
			}
			ids[e.ID] = true
		}
	}
	return nil
}

func (e entryJSON) check(ids map[string]bool) error {
	sources := []meeting.Source{"", meeting.SourceThread, meeting.SourceReply, meeting.SourceMarked, meeting.SourceNote, meeting.SourceAnonymous}
	marks := []meeting.Mark{meeting.MarkKey, meeting.MarkIdea, meeting.MarkAction}
	switch {
	case e.ID == "":
		return errors.New(`"id" is missing`)
	case ids[e.ID]:
		return fmt.Errorf("the id %q stands there twice", e.ID)
	case e.Role != "" && !slices.Contains(meeting.Roles(), meeting.Role(e.Role)):
		return fmt.Errorf("role %q is not one of %v", e.Role, meeting.Roles())
	case !slices.Contains(sources, meeting.Source(e.Source)):
		return fmt.Errorf("source %q is not one of %v", e.Source, sources[1:])
	case e.Support < 0:
		return errors.New("support is less than 0")
	}
	if _, err := time.Parse(time.RFC3339, e.SentAt); err != nil && e.SentAt != "" {
		return fmt.Errorf("sent_at %q is not a time such as \"2026-09-08T17:04:00Z\" (RFC 3339)", e.SentAt)
	}
	for _, m := range e.Marks {
		if !slices.Contains(marks, meeting.Mark(m)) {
			return fmt.Errorf("mark %q is not one of %v", m, marks)
		}
	}
	return nil
}

package config

import (
	"embed"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"blnbot/internal/meeting"
)

//go:embed programmes/*.yaml
var builtinFiles embed.FS

// Lengths of texts in a programme, in characters: a meeting's prompts and
// intro must fit in messages that encryption makes larger.
const (
	maxText   = 4000
	maxPrompt = 2000
)

// shelf holds the programmes that networks may choose from.
type shelf struct {
	builtin []meeting.Programme
	own     []ownProgramme
}

// ownProgramme is a user's programme and where its id stands.
type ownProgramme struct {
	meeting.Programme
	at value
}

// all are the programmes in use: a user's programme replaces the built-in one
// with its id, in all languages, so that no network gets the old text.
func (s *shelf) all() []meeting.Programme {
	var out []meeting.Programme
	for _, b := range s.builtin {
		if !slices.ContainsFunc(s.own, func(o ownProgramme) bool { return o.ID == b.ID }) {
			out = append(out, b)
		}
	}
	for _, o := range s.own {
		out = append(out, o.Programme)
	}
	return out
}

// Builtin are the built-in programmes, in all languages.
func Builtin() ([]meeting.Programme, error) {
	found := &findings{}
	list := builtin(found)
	if len(found.problems) > 0 {
		return nil, &Error{Problems: found.problems}
	}
	return list, nil
}

func builtin(found *findings) []meeting.Programme {
	entries, err := builtinFiles.ReadDir("programmes")
	if err != nil {
		found.problems = append(found.problems, Problem{File: "programmes", Line: 1, Column: 1, Message: err.Error()})
	}
	var out []meeting.Programme
	for _, e := range entries {
		name := "programmes/" + e.Name()
		data, err := builtinFiles.ReadFile(name)
		if err != nil {
			found.problems = append(found.problems, Problem{File: name, Line: 1, Column: 1, Message: err.Error()})
			continue
		}
		if p, _, ok := programme(name, data, found); ok {
			out = append(out, p)
		}
	}
	return out
}

// programmes fills the shelf.
func (r *reader) programmes(files value) {
	names, values := files.texts()
	r.shelf.builtin = builtin(r.found)
	for i, name := range names {
		path := r.path(name)
		data, err := r.ReadFile(path)
		if err != nil {
			values[i].fail("the programme file %s %s", path, cannotRead(err))
			continue
		}
		if slices.Contains(r.found.files, path) {
			values[i].warn("each file once", "%s is in the list twice", quote(name))
			continue
		}
		p, s, ok := programme(path, data, r.found)
		if !ok || p.ID == "" {
			continue
		}
		r.place(p, s.get("id"))
	}
}

// place puts a user's programme on the shelf.
func (r *reader) place(p meeting.Programme, at value) {
	for _, o := range r.shelf.own {
		if o.ID == p.ID && o.Language == p.Language {
			at.fail("the programme %s is already given in this language, in %s line %d", quote(p.ID), o.at.src.name, o.at.line)
			return
		}
	}
	replaces := slices.ContainsFunc(r.shelf.builtin, func(b meeting.Programme) bool { return b.ID == p.ID })
	if replaces {
		at.warn("another id, unless that is the intention", "this programme replaces the built-in programme %s", quote(p.ID))
	}
	r.shelf.own = append(r.shelf.own, ownProgramme{p, at})
}

// programmeFor finds the programme that v names, in the language or else the
// only one there is.
func (r *reader) programmeFor(v value, language string) (meeting.Programme, bool) {
	name, ok := v.text()
	if !ok {
		return meeting.Programme{}, false
	}
	var ids []string
	var found []meeting.Programme
	for _, p := range r.shelf.all() {
		if !slices.Contains(ids, p.ID) {
			ids = append(ids, p.ID)
		}
		if p.ID == name {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		v.key.expected = "one of " + strings.Join(ids, ", ") + ", or the id of a programme from a file under programmes"
		v.fail("there is no programme %s%s", quote(name), suggest(name, ids))
		return meeting.Programme{}, false
	}
	for _, p := range found {
		if p.Language == language {
			return p, true
		}
	}
	v.warn("a programme in the network's language", "the programme %s is not in the language of the network (%s); the one in %s is used",
		quote(name), language, found[0].Language)
	return found[0], true
}

// programme reads a programme file. It reports false if the file is no
// programme at all; smaller faults stand in found.
func programme(name string, data []byte, found *findings) (meeting.Programme, section, bool) {
	var p meeting.Programme
	s, ok := parse(name, data, programmeKeys(), found)
	if !ok {
		return p, s, false
	}
	p.ID = id(s.get("id"))
	p.Name = line(s.get("name"))
	p.Purpose = paragraph(s.get("purpose"), maxText)
	p.Goal = paragraph(s.get("goal"), maxText)
	p.Language = s.get("language").oneOf("sv", meeting.Languages()...)
	list := s.get("meetings").list()
	if len(list) > meeting.MaxMeetings {
		s.get("meetings").fail("there are %d meetings, which is more than %d", len(list), meeting.MaxMeetings)
	}
	for _, v := range list {
		if m, ok := programmeMeeting(v); ok {
			p.Meetings = append(p.Meetings, m)
		}
	}
	return p, s, true
}

func programmeMeeting(v value) (meeting.ProgrammeMeeting, bool) {
	s, ok := v.section(meetingKeys())
	if !ok {
		return meeting.ProgrammeMeeting{}, false
	}
	m := meeting.ProgrammeMeeting{Title: line(s.get("title")), Intro: paragraph(s.get("intro"), maxText)}
	m.Kind = meeting.Kind(s.get("kind").oneOf(string(meeting.KindDiscussion),
		string(meeting.KindDiscussion), string(meeting.KindPriorities), string(meeting.KindPlan)))
	prompts := s.get("prompts").list()
	if len(prompts) > meeting.MaxPrompts {
		s.get("prompts").fail("there are %d prompts, which is more than %d", len(prompts), meeting.MaxPrompts)
	}
	for _, p := range prompts {
		m.Prompts = append(m.Prompts, paragraph(p, maxPrompt))
	}
	for _, e := range s.get("materials").list() {
		if ms, ok := e.section(materialKeys()); ok {
			m.Materials = append(m.Materials, meeting.Material{Title: line(ms.get("title")), URL: webAddress(ms.get("url"))})
		}
	}
	return m, true
}

// paragraph reads a text of at most so many characters.
func paragraph(v value, most int) string {
	s, _ := v.text()
	if n := len([]rune(s)); n > most {
		v.key.expected = fmt.Sprintf("at most %d characters", most)
		v.fail("the text has %d characters", n)
	}
	return s
}

// webAddress reads a link, or gives "".
func webAddress(v value) string {
	s, ok := v.text()
	if !ok {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(s, " \n<>") {
		v.fail("%s is not a web address", quote(s))
		return ""
	}
	return s
}

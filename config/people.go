package config

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"blnbot/internal/meeting"
)

// Bounds of the lines that say where one can turn.
const (
	mostHelpLines   = 6
	longestHelpLine = 160
)

// helpLines reads where one can turn.
func helpLines(v value) []string {
	texts, values := v.texts()
	var out []string
	for i, text := range texts {
		switch {
		case strings.ContainsAny(text, "\r\n"):
			values[i].fail("a line of help_lines has several lines")
		case len([]rune(text)) > longestHelpLine:
			values[i].fail("a line of help_lines is longer than %d characters", longestHelpLine)
		default:
			out = append(out, text)
		}
	}
	switch {
	case len(v.elements()) == 0:
		v.fail("help_lines is empty; leave it out for the usual lines")
	case len(texts) > mostHelpLines:
		v.fail("help_lines has %d lines, at most %d can be taken in at a glance", len(texts), mostHelpLines)
	}
	return out
}

// roleForm is what a role can be called: words, so that people can write it
// after a command. Its length is counted apart: a regular expression with all
// letters forty times over takes more than a megabyte.
var roleForm = regexp.MustCompile(`^\p{L}[\p{L} -]*$`)

const longestRole = 40 // letters

// roleNames reads the user's own names of roles.
func roleNames(v value) meeting.RoleNames {
	if !v.given() {
		return nil
	}
	s, ok := v.section(roleLanguageKeys())
	if !ok {
		return nil
	}
	out := meeting.RoleNames{}
	for _, k := range roleLanguageKeys() {
		if lang := s.get(k.name); lang.given() {
			out[k.name] = rolesIn(lang, k.name)
		}
	}
	return out
}

// rolesIn reads the names in one language. No name may mean two roles.
func rolesIn(v value, lang string) map[meeting.Role]meeting.RoleName {
	s, ok := v.section(roleKeys())
	if !ok {
		return nil
	}
	out := map[meeting.Role]meeting.RoleName{}
	taken := map[string]meeting.Role{}
	for r, n := range meeting.DefaultRoleNames(lang) {
		if !s.get(string(r)).given() {
			for _, name := range []string{n.One, n.Many, n.Word} {
				taken[strings.ToLower(name)] = r
			}
		}
	}
	for _, r := range meeting.Roles() {
		at := s.get(string(r))
		if !at.given() {
			continue
		}
		names := roleName(at)
		for _, name := range names {
			if other, twice := taken[strings.ToLower(name)]; twice && other != r {
				at.fail("%s is the name of %s already", quote(name), other)
				names = nil
				break
			}
		}
		for _, name := range names {
			taken[strings.ToLower(name)] = r
		}
		if len(names) == 2 {
			out[r] = meeting.NewRoleName(lang, names[0], names[1])
		}
	}
	return out
}

// roleName reads the names of one role, of one person and of several.
func roleName(v value) []string {
	var names []string
	if v.elements() != nil {
		names, _ = v.texts()
	} else if text, ok := v.text(); ok {
		names = []string{text, text}
	}
	if len(names) == 1 {
		names = append(names, names[0])
	}
	if len(names) != 2 {
		v.fail("%s has %d names", v.key.name, len(names))
		return nil
	}
	for _, name := range names {
		if !roleForm.MatchString(name) || utf8.RuneCountInString(name) > longestRole {
			v.fail("%s cannot be the name of a role: at most 40 letters, spaces and hyphens", quote(name))
			return nil
		}
	}
	return names
}

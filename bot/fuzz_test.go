package bot

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// FuzzCommand reads any text as a command, in a room and alone with the bot,
// and everything that can follow one.
func FuzzCommand(f *testing.F) {
	for _, s := range []string{"", "!", "!!", "hej alla", "hjälp", "Bra! Nästa gång", "! nästa", "!nästa 3", "!NÄSTA", "!na\u0308sta", "!flytta 2026-10-14 kl. 17.00", "!plan ny a | b | c", "!plan ny\nOmråde: x\nVad: y",
		"!anteckna 2. text", "!närvaro 3 anhöriga och 1 från idéburna organisationer", "!ändra 1,2 text", "@bln:x: !hjälp", "BLN-boten, hjälp", "!Viktigt: x", "!\u202e", "!帮助 a", "!roll\tchef",
		strings.Repeat("!a", 5000), "!" + strings.Repeat("å", 41), "\x00!help", "!help\xff"} {
		f.Add(s, false, false)
		f.Add(s, true, false)
		f.Add(s, false, true)
	}
	stockholm, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		f.Fatal(err)
	}
	texts := render.New()
	b := &Bot{self: "@bln:x"}
	f.Fuzz(func(t *testing.T, text string, direct, mention bool) {
		m := meeting.Message{Body: text}
		p := place{room: "!r"}
		if direct {
			p.direct = "@anna:x"
		}
		if mention {
			m.Mentions = []meeting.UserID{b.self}
		}
		name, args, explicit := b.parse(p, m)
		trimmed := strings.TrimSpace(text)
		switch {
		case utf8.RuneCountInString(name) > 40 || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }):
			t.Errorf("%q: name %q", text, name)
		case !strings.Contains(text, name) || !strings.Contains(text, args):
			t.Errorf("%q: name %q, arguments %q", text, name, args)
		case !direct && !mention && name != "" && (!strings.HasPrefix(trimmed, "!") || !explicit):
			t.Errorf("%q is a command without being marked as one", text)
		case explicit && name != "" && !mention && !strings.HasPrefix(trimmed, "!"):
			t.Errorf("%q counts as marked", text)
		}
		// A reply that only rings the bot, as clients do with those they answer,
		// is no command either.
		m.Thread = "$prompt"
		if again, _, _ := b.parse(p, m); !direct && again != "" && !strings.HasPrefix(trimmed, "!") && !strings.HasPrefix(strings.TrimPrefix(trimmed, "@"), "bln") {
			t.Errorf("%q is a command in a thread", text)
		}
		if name == "" {
			return
		}
		if cmd, rest := lookup(name, args); cmd != nil && (!strings.HasSuffix(args, rest) || find(cmd.name) == nil) {
			t.Errorf("%q is read as %s with %q", text, cmd.name, rest)
		}
		if cmd := find(name); cmd != nil {
			if again := find(strings.ToUpper(name)); utf8.ValidString(name) && (again == nil || again.name != cmd.name) && render.Fold(strings.ToUpper(name)) == render.Fold(name) {
				t.Errorf("%q is a command, but not in capitals", name)
			}
		} else if near := nearest(name, []string{"help", "hjälp", "nästa"}); near != "" && find(near) == nil {
			t.Errorf("%q: suggests %q, which is no command", name, near)
		}
		if at, ok := readTime(args, time.Date(2026, 9, 1, 12, 0, 0, 0, stockholm)); ok {
			if at.Location() != stockholm || at.Second() != 0 || at.Year() > 9999 {
				t.Errorf("%q is read as %s", args, at)
			}
		}
		if count, ok := parseAttendance(args, texts.ParseRole); ok {
			for role, n := range count {
				if n < 0 || n > 200*len(args) {
					t.Errorf("%q: %d of %s", args, n, role)
				}
			}
		}
		if fields, ok := parseFields(args); ok {
			for field, value := range fields {
				if strings.ContainsAny(value, "\n") || !known(field) {
					t.Errorf("%q: %s is %q", args, field, value)
				}
			}
		}
		if found := pointNumber.FindString(args); found != "" && !strings.HasPrefix(args, found) {
			t.Errorf("%q: point %q", args, found)
		}
		if r := clip(args); utf8.RuneCountInString(r) > 60 || strings.Contains(r, "\n") {
			t.Errorf("%q is quoted as %q", args, r)
		}
		first, rest := cutWord(args)
		if strings.ContainsAny(first, " \n\t") || len(first)+len(rest) > len(args) {
			t.Errorf("%q: %q and %q", args, first, rest)
		}
	})
}

func known(field string) bool {
	for _, f := range fieldOrder {
		if f == field {
			return true
		}
	}
	return false
}

// FuzzSplit cuts long texts into messages.
func FuzzSplit(f *testing.F) {
	f.Add("en rad\nen till", 20)
	f.Add(strings.Repeat("å", 100), 20)
	f.Add(strings.Repeat("ord ", 100), 17)
	f.Add(strings.Repeat("\n", 100), 16)
	f.Add(strings.Repeat("\x80", 100), 16) // not UTF-8
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = 16 + abs(limit)%1000
		parts := split(text, limit)
		for _, p := range parts {
			if len(p) > limit {
				t.Errorf("%d bytes of %d: %q", len(p), limit, p)
			}
			if utf8.ValidString(text) && !utf8.ValidString(p) {
				t.Errorf("a character was cut: %q", p)
			}
		}
		squeeze := strings.NewReplacer(" ", "", "\n", "")
		if squeeze.Replace(strings.Join(parts, "")) != squeeze.Replace(text) {
			t.Errorf("%q became %q", text, parts)
		}
	})
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}

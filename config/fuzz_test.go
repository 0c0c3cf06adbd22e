package config_test

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"blnbot/config"
	"blnbot/internal/meeting"
)

// FuzzLoad reads anything as a configuration with a programme: either there is
// nothing wrong with what comes out, or every fault has a place and is named.
func FuzzLoad(f *testing.F) {
	faulty, err := os.ReadFile("testdata/faults.yaml")
	if err != nil {
		f.Fatal(err)
	}
	own := "id: eget\nname: Eget\nmeetings:\n  - title: Ett\n    prompts: [Vad?]\n    materials:\n      - {title: Läs, url: https://example.se}\n"
	with := strings.Replace(base, "networks:", "programmes: [p.yaml]\nnetworks:", 1)
	f.Add(strings.Replace(with, "samsjuklighet", "eget", 1), own)
	f.Add(strings.Replace(base, "#bln-vasteras", "#bln-samordning", 1), "")
	f.Add(strings.Replace(base, "    leaders: [\"@lena:example.se\"]\n", "", 1), "")
	for _, networks := range []string{"", "networks: []\n"} { // all are made in chat
		f.Add(base[:strings.Index(base, "networks:")]+networks, "")
	}
	for _, text := range []string{base, config.Example(), string(faulty), "a: |\n  b\n", "? [a]\n: {b: c}", "a: &x [*x]", "networks: [{}]", "- !x\n"} {
		f.Add(text, text)
		f.Add(with, text)
	}
	f.Fuzz(func(t *testing.T, text, programme string) {
		l := loader(map[string]string{"BLNBOT_PASSWORD": "x"})
		l.ReadFile = func(path string) ([]byte, error) {
			switch path {
			case "config.yaml":
				return []byte(text), nil
			case "p.yaml":
				return []byte(programme), nil
			}
			return nil, os.ErrNotExist
		}
		l.Stat = func(string) (os.FileInfo, error) { return nil, os.ErrNotExist }
		cfg, err := l.Load("config.yaml")
		var e *config.Error
		switch {
		case err == nil:
			checkConfig(t, cfg)
			checkProblems(t, text, programme, cfg.Warnings)
		case errors.As(err, &e):
			if len(e.Problems) == 0 || cfg != nil {
				t.Fatalf("%d faults, and %+v", len(e.Problems), cfg)
			}
			checkProblems(t, text, programme, slices.Concat(e.Problems, e.Warnings))
		default:
			t.Fatal(err)
		}
		if _, again := l.Load("config.yaml"); cmp.Diff(message(err), message(again)) != "" {
			t.Fatalf("read twice: %v\n%v", err, again)
		}
	})
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// checkProblems: a fault names its place in a file, and what is wrong there.
func checkProblems(t *testing.T, text, programme string, problems []config.Problem) {
	t.Helper()
	lines := map[string]int{}
	for name, content := range map[string]string{"config.yaml": text, "p.yaml": programme} {
		lines[name] = 2 + strings.Count(content, "\n") + strings.Count(content, "\r")
	}
	for _, p := range problems {
		switch {
		case lines[p.File] == 0 || p.Line < 1 || p.Column < 1 || p.Line > lines[p.File]:
			t.Fatalf("no place: %+v", p)
		case p.Message == "" || p.Message == "YAML: " || !utf8.ValidString(p.Message+p.Expected+p.Example) || len(p.Message) > 4000:
			t.Fatalf("not readable: %+v", p)
		case p.Expected == "" && p.Example == "" && len(strings.Fields(p.Message)) < 3:
			t.Fatalf("does not help: %+v", p)
		}
	}
}

var (
	ids   = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	users = regexp.MustCompile(`^@[!-9;-~]+:[A-Za-z0-9.:\[\]-]+$`)
	rooms = regexp.MustCompile(`^(![!-~]+|#[^:\s]+:[A-Za-z0-9.:\[\]-]+)$`)
)

// checkConfig: whoever gets a configuration need not look into it again.
func checkConfig(t *testing.T, cfg *config.Config) {
	t.Helper()
	if cfg.Homeserver == "" || !users.MatchString(string(cfg.User)) || cfg.Location == nil || !rooms.MatchString(cfg.Coordination.Room) ||
		len(cfg.Coordination.Staff) == 0 || !slices.Contains(meeting.Languages(), cfg.Language) {
		t.Fatalf("half a configuration: %+v", cfg)
	}
	taken := map[string]bool{cfg.Coordination.Room: true}
	for i := range cfg.Networks {
		n := &cfg.Networks[i]
		checkNetwork(t, n)
		if taken[n.ID] || taken[n.Room] {
			t.Fatalf("id or room is taken: %s, %s", n.ID, n.Room)
		}
		taken[n.ID], taken[n.Room] = true, true
		for _, u := range slices.Concat(n.Leaders, n.Deputies, cfg.Coordination.Staff) {
			if !users.MatchString(string(u)) || u == cfg.User {
				t.Fatalf("%q can do nothing", u)
			}
		}
	}
}

func checkNetwork(t *testing.T, n *meeting.Network) {
	t.Helper()
	p := n.Programme
	switch {
	case !ids.MatchString(n.ID) || n.Name == "" || strings.Contains(n.Name, "\n") || !rooms.MatchString(n.Room) || len(n.Leaders) == 0 || n.Location == nil:
		t.Fatalf("half a network: %+v", n)
	case n.OpenFor < time.Second || n.Grace < 0 || n.ObjectionsFor < time.Second || n.RawFor < 0 || n.RawAtMost < 0:
		t.Fatalf("impossible times: %+v", n)
	case n.Approval != meeting.ApprovalLeader && n.Approval != meeting.ApprovalAuto || !slices.Contains(meeting.Languages(), n.Language):
		t.Fatalf("unknown words: %+v", n)
	case !ids.MatchString(p.ID) || p.Name == "" || len(p.Meetings) == 0 || len(p.Meetings) > meeting.MaxMeetings:
		t.Fatalf("half a programme: %+v", p)
	case n.Schedule == nil:
		t.Fatalf("%s never meets", n.ID)
	}
	for _, m := range p.Meetings {
		if m.Title == "" || len(m.Prompts) == 0 || len(m.Prompts) > meeting.MaxPrompts || slices.Contains(m.Prompts, "") {
			t.Fatalf("half a meeting: %+v", m)
		}
		for _, a := range m.Materials {
			if a.Title == "" || a.URL != "" && !strings.HasPrefix(a.URL, "http://") && !strings.HasPrefix(a.URL, "https://") {
				t.Fatalf("not something to read: %+v", a)
			}
		}
	}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	if next, ok := n.Schedule.Next(now); ok && (!next.At.After(now) || next.Key == "") {
		t.Fatalf("%s meets at %+v", n.ID, next)
	}
}

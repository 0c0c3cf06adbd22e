package config_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/config"
	"blnbot/internal/meeting"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// base is a configuration without faults or warnings.
const base = `homeserver: https://matrix.example.se
user: "@bln:example.se"
password_file: secrets/password
coordination:
  room: "#bln-samordning:example.se"
  staff: ["@nka:example.se"]
networks:
  - id: vasteras
    name: Västerås
    programme: samsjuklighet
    room: "#bln-vasteras:example.se"
    leaders: ["@lena:example.se"]
    schedule: "0 17 * * TUE"
`

// write puts files into a new folder, with mode 0600, and gives the folder.
func write(tb testing.TB, files map[string]string) string {
	tb.Helper()
	dir := tb.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

func loader(env map[string]string) config.Loader {
	return config.Loader{
		Now: func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) },
		LookupEnv: func(name string) (string, bool) {
			v, ok := env[name]
			return v, ok
		},
	}
}

// load loads a configuration with a password and, perhaps, more files.
func load(tb testing.TB, text string, more ...string) (*config.Config, string, error) {
	tb.Helper()
	files := map[string]string{"config.yaml": text, "secrets/password": "s3cret\n"}
	for i := 0; i < len(more); i += 2 {
		files[more[i]] = more[i+1]
	}
	dir := write(tb, files)
	cfg, err := loader(nil).Load(filepath.Join(dir, "config.yaml"))
	return cfg, dir, err
}

// brief is "line:column message" of each problem, with the folder cut out.
func brief(list []config.Problem, dir string) []string {
	var out []string
	for _, p := range list {
		name := ""
		if filepath.Base(p.File) != "config.yaml" {
			name = filepath.Base(p.File) + " "
		}
		out = append(out, strings.ReplaceAll(fmt.Sprintf("%s%d:%d %s", name, p.Line, p.Column, p.Message), dir, "DIR"))
	}
	return out
}

func faults(err error, dir string) []string {
	var e *config.Error
	if !errors.As(err, &e) {
		return []string{fmt.Sprintf("%T: %v", err, err)}
	}
	return brief(e.Problems, dir)
}

func TestExample(t *testing.T) {
	cfg, dir, err := load(t, config.Example())
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Warnings) > 0 {
		t.Errorf("warnings: %v", cfg.Warnings)
	}
	if cfg.Password.Reveal() != "s3cret" || cfg.DataDir != filepath.Join(dir, "data") ||
		cfg.RecoveryKeyFile != filepath.Join(dir, "secrets", "recovery-key") {
		t.Errorf("password, data_dir or recovery_key_file: %+v", cfg)
	}
	if len(cfg.Networks) != 2 || !cfg.IsStaff("@nka:example.se") || cfg.IsStaff("@lena:example.se") {
		t.Fatalf("networks: %+v", cfg.Networks)
	}
	n, ok := cfg.Network("arvika")
	if !ok || n.OpenFor != 14*24*time.Hour || n.Grace != 48*time.Hour || n.Approval != meeting.ApprovalAuto ||
		n.ObjectionsFor != 72*time.Hour || n.Programme.ID != "nara-vard" || !n.Leads("@eva:example.se") {
		t.Errorf("arvika: %+v", n)
	}
	v, _ := cfg.Network("vasteras")
	if v.OpenFor != 5*24*time.Hour || v.Grace != 24*time.Hour || v.Approval != meeting.ApprovalLeader ||
		v.Language != "sv" || v.Location.String() != "Europe/Stockholm" || v.Schedule == nil {
		t.Errorf("vasteras: %+v", v)
	}
	// Every key that there is stands in the example.
	for _, key := range []string{"access_token_file", "dates", "holidays", "timezone", "programmes"} {
		if !strings.Contains(config.Example(), key+":") {
			t.Errorf("the example lacks %s", key)
		}
	}
}

func TestDefaultsAreTheExamples(t *testing.T) {
	cfg, _, err := load(t, base)
	if err != nil {
		t.Fatal(err)
	}
	long, _, err := load(t, config.Example())
	if err != nil {
		t.Fatal(err)
	}
	a, b := cfg.Networks[0], long.Networks[0]
	a.Schedule, b.Schedule, a.Location, b.Location = nil, nil, nil, nil
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("the defaults differ from what example.yaml says:\n%s", diff)
	}
}

// TestNoNetworks: all networks may be made in chat.
func TestNoNetworks(t *testing.T) {
	start := base[:strings.Index(base, "networks:")]
	for _, text := range []string{start, start + "networks: []\n"} {
		cfg, _, err := load(t, text)
		if err != nil {
			t.Fatalf("%v, with:\n%s", err, text)
		}
		if len(cfg.Networks) != 0 || len(cfg.Warnings) > 0 {
			t.Errorf("networks: %+v, warnings: %v", cfg.Networks, cfg.Warnings)
		}
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	text, err := os.ReadFile("testdata/faults.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, dir, err := load(t, string(text))
	if err == nil {
		t.Fatal("no error")
	}
	got := strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "") + "\n"
	if *update {
		if err := os.WriteFile("testdata/faults.golden", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/faults.golden")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(got, "hunter2") {
		t.Error("a password is shown")
	}
}

// TestFaults changes one thing in the configuration without faults.
func TestFaults(t *testing.T) {
	tests := []struct {
		name, old, new string
		want           []string
	}{
		{"unknown key", "user:", "usser:", []string{`2:1 unknown key "usser"; did you mean "user"?`}},
		{"unknown key, nothing near", "password_file:", "x: 1\npassword_file:", []string{`3:1 unknown key "x"`}},
		{"unknown key in a network", "    leaders:", "    leders: 1\n    leaders:", []string{`12:5 unknown key "leders"; did you mean "leaders"?`}},
		{"key twice", "coordination:", "user: b\ncoordination:", []string{`4:1 "user" is given twice; the first time on line 2`}},
		{"bare @", `"@bln:example.se"`, `@bln:example.se`, []string{"2:7 a value that begins with @ stands without quotes"}},
		{"bare @ in a list", `["@lena:example.se"]`, `["@lena:example.se", @omar:example.se]`, []string{"12:35 a value that begins with @ stands without quotes"}},
		{"bare #", `"#bln-vasteras:example.se"`, `#bln-vasteras:example.se`, []string{"11:11 a value that begins with # stands without quotes"}},
		{"bare !", `"#bln-vasteras:example.se"`, `!abc:example.se`, []string{"11:11 a value that begins with ! stands without quotes"}},
		{"bare *", `"0 17 * * TUE"`, `* 17 * * TUE`, []string{"13:15 a value that begins with * stands without quotes"}},
		{"two colons", "name: Västerås", "name: Västerås: anhöriga", []string{"9:11 YAML: mapping value is not allowed in this context"}},
		{"tab", "    name:", "\tname:", []string{"9:1 a tab is used for indentation"}},
		{"unclosed quote", `"@bln:example.se"`, `"@bln:example.se`, []string{`2:7 a quote " is opened here and not closed`}},
		{"anchor", "name: Västerås", "name: &v Västerås", []string{"9:11 anchors and aliases (& and *) are not supported"}},
		{"text for a list", `["@lena:example.se"]`, `"@lena:example.se"`, []string{"12:14 string found where a list should be"}},
		{"list for a text", "name: Västerås", "name: [a]", []string{"9:11 sequence found where text should be"}},
		{"no value", "name: Västerås", "name:", []string{`9:5 "name" has no value`}},
		{"empty text", "name: Västerås", `name: " "`, []string{"9:11 the text is empty"}},
		{"no leaders", `    leaders: ["@lena:example.se"]` + "\n", "", []string{`8:5 "leaders" is missing`}},
		{"empty leaders", `["@lena:example.se"]`, `[]`, []string{"12:14 the list is empty"}},
		{"no coordination", base[strings.Index(base, "coordination:"):strings.Index(base, "networks:")], "", []string{`1:1 "coordination" is missing`}},
		{"no staff", `  staff: ["@nka:example.se"]` + "\n", "", []string{`5:3 "staff" is missing`}},
		{"no coordination room", `  room: "#bln-samordning:example.se"` + "\n", "", []string{`5:3 "room" is missing`}},
		{"bad user id", "@lena:example.se", "lena@example.se", []string{`12:15 "lena@example.se" is not a full Matrix user id such as @anna:example.se`}},
		{"user id without server", "@lena:example.se", "@lena", []string{`12:15 "@lena" is not a full Matrix user id such as @anna:example.se`}},
		{"room for user", "@lena:example.se", "#lena:example.se", []string{`12:15 "#lena:example.se" is a room, not a user`}},
		{"user for room", "#bln-vasteras:example.se", "@bln:example.se", []string{`11:11 "@bln:example.se" is a user, not a room`}},
		{"room without sign", "#bln-vasteras:example.se", "vasteras", []string{`11:11 "vasteras" is neither a room alias such as #bln:example.se nor a room id such as !abc:example.se`}},
		{"the bot as leader", "@lena:example.se", "@bln:example.se", []string{`12:15 "@bln:example.se" is the bot itself`}},
		{"the bot as staff", "@nka:example.se", "@bln:example.se", []string{`6:11 "@bln:example.se" is the bot itself`}},
		{"in the coordination room", "#bln-vasteras:example.se", "#bln-samordning:example.se", []string{`11:11 "#bln-samordning:example.se" is the coordination room; a network needs a room of its own`}},
		{"homeserver without scheme", "https://matrix.example.se", "matrix.example.se:8448", []string{`1:13 "matrix.example.se:8448" has a port or a path, but no https:// in front`}},
		{"homeserver with another scheme", "https://matrix", "ftp://matrix", []string{`1:13 "ftp://matrix.example.se" begins with ftp:// instead of https://`}},
		{"homeserver too long", "example.se\nuser", "example.se/_matrix/client\nuser", []string{`1:13 "https://matrix.example.se/_matrix/client" goes further than the server's address`}},
		{"homeserver with a password", "https://matrix", "https://bln:hunter2@matrix", []string{"1:13 the address of the homeserver holds an @; a password does not belong there"}},
		{"unknown programme", "samsjuklighet", "samsjuk", []string{`10:16 there is no programme "samsjuk"`}},
		{"unknown language", `"0 17 * * TUE"`, "\"0 17 * * TUE\"\n    language: se", []string{`14:15 "se" is not one of sv, en; did you mean "sv"?`}},
		{"unknown zone", `"0 17 * * TUE"`, "\"0 17 * * TUE\"\n    timezone: CET+1", []string{`14:15 there is no time zone "CET+1"`}},
		{"zone of the machine", `"0 17 * * TUE"`, "\"0 17 * * TUE\"\n    timezone: Local", []string{`14:15 there is no time zone "Local"`}},
		{"duration without unit", `"0 17 * * TUE"`, "\"0 17 * * TUE\"\n    open_for: 5", []string{`14:15 open_for: "5" has no unit (w, d, h, m or s)`}},
		{"duration too long", `"0 17 * * TUE"`, "\"0 17 * * TUE\"\n    open_for: 60w", []string{`14:15 open_for is "60w", which is outside 1s to 366d`}},
		{"negative duration", `"0 17 * * TUE"`, "\"0 17 * * TUE\"\n    grace: -1h", []string{`14:12 grace: "-1h" is not a length of time`}},
		{"approval", `"0 17 * * TUE"`, "\"0 17 * * TUE\"\n    approval: automatic", []string{`14:15 "automatic" is not one of leader, auto`}},
		{"neither schedule nor dates", `    schedule: "0 17 * * TUE"` + "\n", "", []string{"8:5 neither schedule nor dates says when meetings open"}},
		{"schedule and dates", `"0 17 * * TUE"`, "\"0 17 * * TUE\"\n    dates: [2027-01-12 17:00]", []string{"14:12 both schedule and dates are given"}},
		{"impossible schedule", "0 17 * * TUE", "0 17 31 4 *", []string{`13:15 schedule "0 17 31 4 *": never happens: there is no day 31 in April`}},
		{"number of dates", `schedule: "0 17 * * TUE"`, "dates: [2027-01-12 17:00, 2027-01-19 17:00]", []string{"13:12 there are 2 dates, but the programme has 6 meetings"}},
		{"dates not in order", `schedule: "0 17 * * TUE"`, "dates:\n" + dates("2027-01-12", "2027-01-19", "2027-01-05", "2027-02-02", "2027-02-09", "2027-02-16"),
			[]string{`16:9 2027-01-05 17:00 is not after the date before it, 2027-01-19 17:00`}},
		{"missing secret file", "secrets/password", "secrets/passwrd", []string{"3:16 the file that password_file names does not exist"}},
		{"both secrets", "coordination:", "access_token_file: secrets/password\ncoordination:", []string{"4:20 both password_file and access_token_file are given"}},
		{"secret in the file", "password_file: secrets/password", "access_token: syt_hunter2", []string{`3:1 "access_token": secrets do not belong in this file`}},
		{"second document", "coordination:", "---\ncoordination:", []string{"5:1 a second document begins in the file"}},
		{"empty file", base, "# nothing\n", []string{"1:1 the file is empty"}},
		{"not a mapping", base, "- a\n- b\n", []string{"1:1 sequence found where keys with values should be"}},
		{"not UTF-8", "Västerås", "V\xe4ster\xe5s", []string{"9:1 the line is not in UTF-8"}},
		{"missing programme file", "coordination:", "programmes: [eget.yaml]\ncoordination:", []string{`4:14 the programme file DIR/eget.yaml does not exist`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(base, tt.old, tt.new, 1)
			if text == base {
				t.Fatal("nothing changed")
			}
			for _, text := range []string{text, strings.ReplaceAll(text, "\n", "\r\n"), "\ufeff" + text} {
				_, dir, err := load(t, text)
				if diff := cmp.Diff(tt.want, faults(err, dir)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if err != nil && strings.Contains(err.Error(), "hunter2") {
					t.Error("a secret is shown")
				}
			}
		})
	}
}

// dates is a list of dates at 17:00, as lines of a network.
func dates(days ...string) string {
	var b strings.Builder
	for _, d := range days {
		fmt.Fprintf(&b, "      - %s 17:00\n", d)
	}
	return strings.TrimRight(b.String(), "\n")
}

func TestExampleWithQuotes(t *testing.T) {
	_, _, err := load(t, strings.Replace(base, `["@lena:example.se"]`, `[@lena:example.se]`, 1))
	if err == nil || !strings.HasSuffix(err.Error(), `example:  leaders: ["@lena:example.se"]`) {
		t.Errorf("got %v", err)
	}
}

func TestTwins(t *testing.T) {
	_, dir, err := load(t, base+base[strings.Index(base, "  - id:"):])
	want := []string{
		`14:9 the id "vasteras" is taken by another network, on line 8`,
		`17:11 the room "#bln-vasteras:example.se" is taken by another network, on line 11`,
	}
	if diff := cmp.Diff(want, faults(err, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestWarnings(t *testing.T) {
	tests := []struct {
		name, old, new string
		want           []string
	}{
		{"open too long", `"0 17 * * TUE"`, "\"0 17 * * TUE\"\n    open_for: 8d",
			[]string{"14:15 a meeting stays open for 8d, but after the one at 2026-11-24 17:00 the next opens in 7d"}},
		{"open too long by default", `"0 17 * * TUE"`, `"0 17 * * TUE,THU"`,
			[]string{"13:15 a meeting stays open for 5d, but after the one at 2026-11-24 17:00 the next opens in 2d"}},
		{"at night", `"0 17 * * TUE"`, `"30 2 * * TUE"`,
			[]string{"13:15 a meeting opens between 02:00 and 03:00, an hour that the clock skips in March and shows twice in October"}},
		{"past dates", `schedule: "0 17 * * TUE"`, "dates:\n" + dates("2026-11-03", "2026-11-10", "2026-11-24", "2026-12-01", "2026-12-08", "2026-12-15"),
			[]string{"14:9 2 of 6 dates are past; a meeting that was not held then does not open by itself"}},
		{"date on a holiday", `schedule: "0 17 * * TUE"`, "dates:\n" + dates("2026-11-24", "2026-12-01", "2026-12-08", "2026-12-15", "2026-12-24", "2027-01-12"),
			[]string{`18:9 "2026-12-24 17:00" is a holiday (Julafton); meetings with dates are not moved`}},
		{"no secret", "password_file: secrets/password\n", "",
			[]string{"1:1 there is neither password nor access token; that is enough only if the bot has logged in before"}},
		{"leader twice", `["@lena:example.se"]`, `["@lena:example.se", "@lena:example.se"]`, []string{`12:35 "@lena:example.se" is in the list twice`}},
		{"capital letters", `["@lena:example.se"]`, `["@Lena:example.se"]`, []string{`12:15 "@Lena:example.se" has capital letters, so it is another id than "@lena:example.se"`}},
		{"http", "https:", "http:", []string{"1:13 http:// sends the password and all that is not encrypted in the clear"}},
		{"none: local http", "https://matrix.example.se", "http://localhost:8008", nil},
		{"none: server name", "https://matrix.example.se", "example.se", nil},
		{"none: room id of version 12", "#bln-vasteras:example.se", "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM", nil},
		{"none: seconds", `"0 17 * * TUE"`, "\"@every 30s\"\n    open_for: 20s", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(base, tt.old, tt.new, 1)
			if text == base {
				t.Fatal("nothing changed")
			}
			cfg, dir, err := load(t, text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, brief(cfg.Warnings, dir)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSecrets(t *testing.T) {
	dir := write(t, map[string]string{"config.yaml": base, "secrets/password": "from-file\n", "secrets/recovery-key": "key"})
	path := filepath.Join(dir, "config.yaml")
	cfg, err := loader(map[string]string{"BLNBOT_PASSWORD": "from-env", "BLNBOT_ACCESS_TOKEN": "token-env"}).Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Password.Reveal() != "from-env" || cfg.AccessToken.Reveal() != "token-env" {
		t.Error("the environment does not go first")
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("loaded", "password", cfg.Password, "config", cfg)
	shown := fmt.Sprintf("%v %+v %#v %s", cfg, cfg, cfg, cfg.Password) + log.String()
	for _, secret := range []string{"from-env", "token-env"} {
		if strings.Contains(shown, secret) {
			t.Errorf("%s is shown", secret)
		}
	}

	for _, name := range []string{"secrets/password", "secrets/recovery-key"} {
		if err := os.Chmod(filepath.Join(dir, name), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	_, err = loader(nil).Load(path)
	want := []string{
		"1:1 the file that recovery_key_file names is open to other users (mode 0640)",
		"3:16 the file that password_file names is open to other users (mode 0640)",
	}
	if diff := cmp.Diff(want, faults(err, dir)); diff != "" {
		t.Error(diff)
	}
	if err != nil && !strings.Contains(err.Error(), "chmod 600 "+filepath.Join(dir, "secrets/password")) {
		t.Errorf("no help: %v", err)
	}

	for text, want := range map[string]string{
		"":             "3:16 the file that password_file names is empty",
		"from\nfile\n": "3:16 the file that password_file names has several lines",
	} {
		_, dir, err := load(t, base, "secrets/password", text)
		if diff := cmp.Diff([]string{want}, faults(err, dir)); diff != "" {
			t.Error(diff)
		}
	}
	// A password where the name of a file should be is not shown either.
	_, dir, err = load(t, strings.Replace(base, "secrets/password", "hunter2", 1))
	if got := faults(err, dir); len(got) != 1 || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestMissingFile(t *testing.T) {
	if _, err := loader(nil).Load(filepath.Join(t.TempDir(), "config.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestDuration(t *testing.T) {
	tests := []struct {
		text  string
		want  time.Duration
		again string
	}{
		{"5d", 120 * time.Hour, "5d"},
		{"2w", 336 * time.Hour, "14d"},
		{"24h", 24 * time.Hour, "1d"},
		{"1d12h", 36 * time.Hour, "1d12h"},
		{"1w1d1h30m", 193*time.Hour + 30*time.Minute, "8d1h30m"},
		{"90m", 90 * time.Minute, "1h30m"},
		{"20s", 20 * time.Second, "20s"},
		{"0", 0, "0s"},
	}
	for _, tt := range tests {
		got, err := config.ParseDuration(tt.text)
		if err != nil || got != tt.want || config.FormatDuration(got) != tt.again {
			t.Errorf("%s: %v, %v, %s", tt.text, got, err, config.FormatDuration(got))
		}
	}
	for _, text := range []string{"", "5", "d", "5 d", "5dd", "1h1d", "-5d", "5days", "1d-12h", "99999w", "9999d9999999h"} {
		if got, err := config.ParseDuration(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

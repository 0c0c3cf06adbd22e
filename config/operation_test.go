package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestListen(t *testing.T) {
	tests := []struct{ value, want string }{
		{"127.0.0.1:9741", ""},
		{`"[::1]:9741"`, ""},
		{"127.8.8.8:1", ""},
		{"localhost:9741", ""},
		{"0.0.0.0:9741", `1:9 "0.0.0.0" can be reached from other machines; health and metrics are for this machine only`},
		{`"[::]:9741"`, `1:9 "::" can be reached from other machines; health and metrics are for this machine only`},
		{"192.168.1.4:9741", `1:9 "192.168.1.4" can be reached from other machines; health and metrics are for this machine only`},
		{`":9741"`, `1:9 ":9741" would listen on every address of this machine; health and metrics are for this machine only`},
		{"example.se:9741", `1:9 "example.se" is not an IP address of this machine only`},
		{"127.0.0.1", `1:9 "127.0.0.1" is not an address and a port`},
		{"9741", `1:9 "9741" is not an address and a port`},
		{"127.0.0.1:0", `1:9 "0" is not a port (1 to 65535)`},
		{"127.0.0.1:70000", `1:9 "70000" is not a port (1 to 65535)`},
		{"[9741]", "1:9 sequence found where text should be"},
	}
	for _, tt := range tests {
		var want []string
		if tt.want != "" {
			want = []string{tt.want}
		}
		cfg, dir, err := load(t, "listen: "+tt.value+"\n"+base)
		var got []string
		if err != nil {
			got = faults(err, dir)
		} else if cfg.Listen == "" {
			t.Errorf("%s: not read", tt.value)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.value, diff)
		}
	}
	if cfg, _, err := load(t, base); err != nil || cfg.Listen != "" {
		t.Errorf("without the key: %q, %v", cfg.Listen, err)
	}
}

// TestCredentials: what systemd hands over goes before the file, whatever its
// mode, but not before the environment.
func TestCredentials(t *testing.T) {
	handed := write(t, map[string]string{"password": "from systemd\n"})
	if err := os.Chmod(filepath.Join(handed, "password"), 0o440); err != nil {
		t.Fatal(err)
	}
	dir := write(t, map[string]string{"config.yaml": base, "secrets/password": "from the file"})
	password := func(env map[string]string) string {
		t.Helper()
		cfg, err := loader(env).Load(filepath.Join(dir, "config.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		return cfg.Password.Reveal()
	}
	if got := password(map[string]string{"CREDENTIALS_DIRECTORY": handed}); got != "from systemd" {
		t.Errorf("got %q", got)
	}
	if got := password(map[string]string{"CREDENTIALS_DIRECTORY": handed, "BLNBOT_PASSWORD": "from the environment"}); got != "from the environment" {
		t.Errorf("got %q", got)
	}
	if got := password(map[string]string{"CREDENTIALS_DIRECTORY": t.TempDir()}); got != "from the file" {
		t.Errorf("a unit with other credentials: got %q", got)
	}
	// The file need not be readable, or be there at all.
	if err := os.Remove(filepath.Join(dir, "secrets", "password")); err != nil {
		t.Fatal(err)
	}
	if got := password(map[string]string{"CREDENTIALS_DIRECTORY": handed}); got != "from systemd" {
		t.Errorf("without the file: got %q", got)
	}
}

func TestNoSecrets(t *testing.T) {
	dir := write(t, map[string]string{"config.yaml": base}) // and no secrets/password
	l := loader(nil)
	if _, err := l.Load(filepath.Join(dir, "config.yaml")); err == nil {
		t.Error("a missing password file is no fault")
	}
	l.NoSecrets = true
	cfg, err := l.Load(filepath.Join(dir, "config.yaml"))
	if err != nil || cfg.Password != "" || len(cfg.Warnings) > 0 {
		t.Errorf("%+v, %v", cfg, err)
	}
}

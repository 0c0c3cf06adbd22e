package config

import (
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
)

// Secret is a text that does not print.
type Secret string

// hidden is what is shown instead of a secret.
const hidden = "(secret)"

// String hides the secret.
func (s Secret) String() string { return hidden }

// GoString hides the secret.
func (s Secret) GoString() string { return hidden }

// LogValue hides the secret from log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Reveal is the secret itself.
func (s Secret) Reveal() string { return string(s) }

// secrets reads the password and the access token; the environment goes
// before files.
func (r *reader) secrets(s section) {
	if r.NoSecrets {
		return
	}
	password, token := s.get("password_file"), s.get("access_token_file")
	if password.given() && token.given() {
		token.key.expected, token.key.example = "only one of password_file and access_token_file", ""
		token.fail("both password_file and access_token_file are given")
	}
	r.cfg.Password = r.secret(password, "BLNBOT_PASSWORD")
	r.cfg.AccessToken = r.secret(token, "BLNBOT_ACCESS_TOKEN")
	if r.cfg.Password == "" && r.cfg.AccessToken == "" && !password.given() && !token.given() {
		s.get("password_file").warn("password_file or access_token_file, or BLNBOT_PASSWORD or BLNBOT_ACCESS_TOKEN in the environment",
			"there is neither password nor access token; that is enough only if the bot has logged in before")
	}
	key := s.get("recovery_key_file")
	r.cfg.RecoveryKeyFile = r.file(key, "secrets/recovery-key")
	if info, err := r.Stat(r.cfg.RecoveryKeyFile); err == nil && info.Mode().IsRegular() {
		r.private(key, r.cfg.RecoveryKeyFile)
	}
}

// secret reads a secret from the environment or from the file that v names.
func (r *reader) secret(v value, env string) Secret {
	if s, ok := r.LookupEnv(env); ok && s != "" {
		return Secret(s)
	}
	name, ok := v.text()
	if !ok {
		return ""
	}
	path := r.path(name)
	if handed, ok := r.credential(path); ok {
		return handed
	}
	// The messages leave the name out: people do put the secret itself here.
	if _, err := r.Stat(path); err != nil {
		v.fail("the file that %s names %s", v.key.name, cannotRead(err))
		return ""
	}
	if !r.private(v, path) {
		return ""
	}
	data, err := r.ReadFile(path)
	if err != nil {
		v.fail("the file that %s names %s", v.key.name, cannotRead(err))
		return ""
	}
	secret := strings.TrimSpace(string(data))
	switch {
	case secret == "":
		v.fail("the file that %s names is empty", v.key.name)
	case strings.ContainsAny(secret, "\r\n"):
		v.fail("the file that %s names has several lines", v.key.name)
	}
	return Secret(secret)
}

// credential is the secret that systemd hands over under the file's name
// (LoadCredential= in the unit, systemd.exec(5)); the file itself may then be
// root's alone. Its mode shows group rights where access lists are used, so it
// is not looked at.
func (r *reader) credential(path string) (Secret, bool) {
	dir, ok := r.LookupEnv("CREDENTIALS_DIRECTORY")
	if !ok || dir == "" {
		return "", false
	}
	data, err := r.ReadFile(filepath.Join(dir, filepath.Base(path)))
	if err != nil {
		return "", false
	}
	secret := strings.TrimSpace(string(data))
	return Secret(secret), secret != ""
}

// private reports a file that others than its owner may open.
func (r *reader) private(v value, path string) bool {
	info, err := r.Stat(path)
	switch {
	case err != nil:
		v.fail("the file that %s names %s", v.key.name, cannotRead(err))
		return false
	case !info.Mode().IsRegular():
		v.fail("%s names something that is not a file", v.key.name)
		return false
	case info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows":
		v.key.expected, v.key.example = "a file that only its owner can open (mode 0600)", "chmod 600 "+path
		v.fail("the file that %s names is open to other users (mode %04o)", v.key.name, info.Mode().Perm())
		return false
	}
	return true
}

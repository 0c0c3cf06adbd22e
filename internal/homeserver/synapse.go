package homeserver

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// withoutSynapse ends the errors of a machine that cannot have Synapse.
const withoutSynapse = "where that cannot be had, leave Synapse out with go test -skip Synapse, and say so"

// InstallSynapse returns the Python that has the pinned Synapse. The first call
// on a machine installs it from PyPI into the user's cache folder, which takes
// about half a minute and is reported to progress (nil for no reports); later
// calls find it there. Several processes may call it at the same time: one of
// them installs. The error says what is missing.
func InstallSynapse(ctx context.Context, progress io.Writer) (string, error) {
	if progress == nil {
		progress = io.Discard
	}
	tools, err := toolsModule()
	if err != nil {
		return "", err
	}
	requirements := filepath.Join(tools, "synapse", "requirements.txt")
	version, err := pinnedSynapse(requirements)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	dir := filepath.Join(cache, "blnbot", "synapse-"+version)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the cache folder: %w", err)
	}
	// A virtual environment stays where it was made, so that a mark tells a
	// finished one from the rest of an interrupted installation. Its Python is
	// a link to the system's, and broken after that one is gone.
	venv, finished := filepath.Join(dir, "venv"), filepath.Join(dir, "finished")
	python := filepath.Join(venv, "bin", "python")
	if isFile(finished) && isFile(python) {
		return python, nil
	}
	unlock, err := lock(ctx, filepath.Join(dir, "lock"), "installing Synapse", progress)
	if err != nil {
		return "", err
	}
	defer unlock()
	if isFile(finished) && isFile(python) { // by the process that we waited for
		return python, nil
	}
	fmt.Fprintf(progress, "homeserver: installing Synapse %s; the first use on a machine takes about half a minute\n", version)
	if err := errors.Join(os.RemoveAll(finished), os.RemoveAll(venv)); err != nil {
		return "", fmt.Errorf("install Synapse %s: %w", version, err)
	}
	if err := pip(ctx, venv, requirements, progress); err != nil {
		return "", fmt.Errorf("install Synapse %s: %w", version, err)
	}
	return python, os.WriteFile(finished, nil, 0o644)
}

// pip makes the virtual environment and installs into it.
func pip(ctx context.Context, venv, requirements string, progress io.Writer) error {
	const fitting = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))"
	if out, err := exec.CommandContext(ctx, "python3", "-c", fitting).CombinedOutput(); err != nil {
		return fmt.Errorf("there is no python3, of version 3.10 or newer and with venv (%w); %s\n%s", err, withoutSynapse, tail(out, 1000))
	}
	if err := runReporting(exec.CommandContext(ctx, "python3", "-m", "venv", venv), "making a virtual environment", progress); err != nil {
		return fmt.Errorf("make a virtual environment: %w", errors.Join(ctx.Err(), err))
	}
	cmd := exec.CommandContext(ctx, filepath.Join(venv, "bin", "python"), "-m", "pip", "install",
		"--no-input", "--disable-pip-version-check", "--only-binary", ":all:", "--requirement", requirements)
	if err := runReporting(cmd, "installing Synapse", progress); err != nil {
		return fmt.Errorf("pip could not install it, it may not reach PyPI; %s: %w", withoutSynapse, errors.Join(ctx.Err(), err))
	}
	return nil
}

// pinnedSynapse names the Synapse that the requirements install: its version,
// and a few digits that change with anything it needs.
func pinnedSynapse(requirements string) (string, error) {
	text, err := os.ReadFile(requirements)
	if err != nil {
		return "", fmt.Errorf("read the pinned version of Synapse: %w", err)
	}
	found := regexp.MustCompile(`(?m)^matrix-synapse==(\S+)`).FindSubmatch(text)
	if found == nil {
		return "", fmt.Errorf("read the pinned version of Synapse: tools/synapse/requirements.txt does not have it")
	}
	sum := sha256.Sum256(text)
	return fmt.Sprintf("%s-%x", found[1], sum[:4]), nil
}

// writeSynapseKey writes a new signing key in the form of the Python package
// signedjson.
func writeSynapseKey(path string) error {
	seed := make([]byte, 32)
	_, _ = rand.Read(seed) // never fails (crypto/rand)
	line := fmt.Sprintf("ed25519 a_%s %s\n", randomHex(3), base64.RawStdEncoding.EncodeToString(seed))
	return os.WriteFile(path, []byte(line), 0o600)
}

// synapseConfiguration is what differs from Synapse's defaults (Configuration
// Manual). With rateLimit all limits are Synapse's own, otherwise so high that
// nothing on one machine reaches them.
func synapseConfiguration(id identity, rateLimit bool, addr string) map[string]any {
	type section = map[string]any
	host, portText, _ := net.SplitHostPort(addr) // addr is our own
	port, _ := strconv.Atoi(portText)
	c := section{
		"server_name":                 id.Name,
		"signing_key_path":            keyFile,
		"registration_shared_secret":  id.Secret,
		"macaroon_secret_key":         id.Secret,
		"form_secret":                 id.Secret,
		"bcrypt_rounds":               4,
		"report_stats":                false,
		"trusted_key_servers":         []any{},
		"federation_domain_whitelist": []any{},
		"media_store_path":            "media",
		"database":                    section{"name": "sqlite3", "args": section{"database": "synapse.db"}},
		"listeners": []section{{
			"type":           "http",
			"port":           port,
			"bind_addresses": []string{host},
			"resources":      []section{{"names": []string{"client"}}},
		}},
	}
	if rateLimit {
		return c
	}
	high := section{"per_second": 10_000, "burst_count": 10_000}
	for name, parts := range map[string]string{
		"rc_message": "", "rc_registration": "", "rc_admin_redaction": "", "rc_joins_per_room": "", "rc_key_requests": "",
		"rc_media_create": "", "rc_room_creation": "", "rc_user_directory": "",
		"rc_login":    "address account failed_attempts",
		"rc_joins":    "local remote",
		"rc_invites":  "per_room per_user per_issuer",
		"rc_presence": "per_user",
	} {
		if parts == "" {
			c[name] = high
			continue
		}
		limits := section{}
		for part := range strings.FieldsSeq(parts) {
			limits[part] = high
		}
		c[name] = limits
	}
	return c
}

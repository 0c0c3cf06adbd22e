package homeserver

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The files in Options.Dir. Dendrite runs with that folder as its working
// directory, so its configuration has relative paths only.
const (
	identityFile = "homeserver.json"
	configFile   = "dendrite.yaml"
	keyFile      = "matrix_key.pem"
	logFile      = "dendrite.log"
)

// identity is what must stay the same when a server is started again on the
// data of an earlier one.
type identity struct {
	Name   string `json:"name"`
	Secret string `json:"registration_shared_secret"`
}

// prepare makes the folder ready: identity and signing key at first use, the
// configuration each time.
func prepare(o Options) (identity, error) {
	if o.Dir == "" {
		return identity{}, errors.New("no folder is given")
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return identity{}, err
	}
	id, err := loadIdentity(o)
	if err != nil {
		return identity{}, err
	}
	// JSON is YAML.
	data, err := json.MarshalIndent(configuration(id, o.RateLimit), "", "  ")
	if err != nil {
		return identity{}, err
	}
	return id, os.WriteFile(filepath.Join(o.Dir, configFile), data, 0o600)
}

func loadIdentity(o Options) (identity, error) {
	path := filepath.Join(o.Dir, identityFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newIdentity(o)
	}
	if err != nil {
		return identity{}, err
	}
	var id identity
	if err := json.Unmarshal(data, &id); err != nil {
		return identity{}, fmt.Errorf("read %s: %w", path, err)
	}
	if o.Name != "" && o.Name != id.Name {
		return identity{}, fmt.Errorf("the folder has the data of server %q, not of %q", id.Name, o.Name)
	}
	return id, nil
}

func newIdentity(o Options) (identity, error) {
	entries, err := os.ReadDir(o.Dir)
	if err != nil {
		return identity{}, err
	}
	if len(entries) > 0 {
		return identity{}, fmt.Errorf("the folder is neither empty nor a server's: it has %s but no %s", entries[0].Name(), identityFile)
	}
	id := identity{Name: o.Name, Secret: randomHex(16)}
	if id.Name == "" {
		id.Name = "localhost"
	}
	if err := writeKey(filepath.Join(o.Dir, keyFile)); err != nil {
		return identity{}, err
	}
	data, err := json.Marshal(id)
	if err != nil {
		return identity{}, err
	}
	return id, os.WriteFile(filepath.Join(o.Dir, identityFile), data, 0o600)
}

// writeKey writes a new signing key, in the form that Dendrite's generate-keys
// gives it.
func writeKey(path string) error {
	seed := make([]byte, 32)
	_, _ = rand.Read(seed) // never fails (crypto/rand)
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{
		Type:    "MATRIX PRIVATE KEY",
		Headers: map[string]string{"Key-ID": "ed25519:" + randomHex(3)},
		Bytes:   seed,
	}), 0o600)
}

// configuration is what differs from Dendrite's defaults
// (dendrite-sample.yaml, version 2).
func configuration(id identity, rateLimit bool) map[string]any {
	type section = map[string]any
	database := func(name string) section {
		return section{"connection_string": "file:" + name + ".db"}
	}
	return section{
		"version": 2,
		"global": section{
			"server_name":        id.Name,
			"private_key":        keyFile,
			"disable_federation": true,
			// On disk: kept in memory, events that have not reached all
			// components are lost when the server is restarted.
			"jetstream": section{"storage_path": "jetstream", "in_memory": false},
		},
		"client_api": section{
			"registration_disabled":      true,
			"registration_shared_secret": id.Secret,
			// The limits are those of dendrite-sample.yaml.
			"rate_limiting": section{"enabled": rateLimit, "threshold": 5, "cooloff_ms": 500},
		},
		"federation_api": section{"database": database("federationapi"), "key_perspectives": []any{}},
		"key_server":     section{"database": database("keyserver")},
		"media_api":      section{"database": database("mediaapi"), "base_path": "media"},
		"mscs":           section{"database": database("mscs"), "mscs": []string{}},
		"relay_api":      section{"database": database("relayapi")},
		"room_server":    section{"database": database("roomserver")},
		"sync_api":       section{"database": database("syncapi"), "search": section{"enabled": false}},
		"user_api":       section{"account_database": database("userapi"), "bcrypt_cost": 4},
		"logging":        []section{{"type": "std", "level": "info"}},
	}
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

package homeserver

import (
	"cmp"
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

// The files in Options.Dir that all kinds of servers have.
const (
	identityFile = "homeserver.json"
	keyFile      = "matrix_key.pem"
)

// identity is what must stay the same when a server is started again on the
// data of an earlier one.
type identity struct {
	Kind   Kind   `json:"kind,omitempty"` // none is Dendrite
	Name   string `json:"name"`
	Secret string `json:"registration_shared_secret"`
}

// prepare makes the folder ready, with identity and signing key at first use.
func prepare(o Options, soft software) (identity, error) {
	if o.Dir == "" {
		return identity{}, errors.New("no folder is given")
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return identity{}, err
	}
	return loadIdentity(o, soft)
}

// configure writes the configuration of a server that will listen at addr.
func (s *Server) configure(rateLimit bool, addr string) error {
	// JSON is YAML.
	data, err := json.MarshalIndent(s.soft.configuration(s.id, rateLimit, addr), "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, s.soft.configFile), data, 0o600)
}

func loadIdentity(o Options, soft software) (identity, error) {
	path := filepath.Join(o.Dir, identityFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newIdentity(o, soft)
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
	if cmp.Or(o.Kind, Dendrite) != cmp.Or(id.Kind, Dendrite) {
		return identity{}, fmt.Errorf("the folder has the data of a %s server, not of %s", cmp.Or(id.Kind, Dendrite), cmp.Or(o.Kind, Dendrite))
	}
	return id, nil
}

func newIdentity(o Options, soft software) (identity, error) {
	entries, err := os.ReadDir(o.Dir)
	if err != nil {
		return identity{}, err
	}
	if len(entries) > 0 {
		return identity{}, fmt.Errorf("the folder is neither empty nor a server's: it has %s but no %s", entries[0].Name(), identityFile)
	}
	id := identity{Kind: o.Kind, Name: o.Name, Secret: randomHex(16)}
	if id.Name == "" {
		id.Name = "localhost"
	}
	if err := soft.writeKey(filepath.Join(o.Dir, keyFile)); err != nil {
		return identity{}, err
	}
	data, err := json.Marshal(id)
	if err != nil {
		return identity{}, err
	}
	return id, os.WriteFile(filepath.Join(o.Dir, identityFile), data, 0o600)
}

// writeDendriteKey writes a new signing key, in the form that Dendrite's generate-keys
// gives it.
func writeDendriteKey(path string) error {
	seed := make([]byte, 32)
	_, _ = rand.Read(seed) // never fails (crypto/rand)
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{
		Type:    "MATRIX PRIVATE KEY",
		Headers: map[string]string{"Key-ID": "ed25519:" + randomHex(3)},
		Bytes:   seed,
	}), 0o600)
}

// dendriteConfiguration is what differs from Dendrite's defaults
// (dendrite-sample.yaml, version 2). The address is an argument.
func dendriteConfiguration(id identity, rateLimit bool, _ string) map[string]any {
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

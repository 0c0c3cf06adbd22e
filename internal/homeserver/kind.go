package homeserver

import (
	"context"
	"fmt"
	"io"
)

// Kind is one of the programs that can be the homeserver.
type Kind string

const (
	// Dendrite is built from its Go module, as pinned in tools/go.mod.
	Dendrite Kind = "dendrite"
	// Synapse is installed from PyPI, as pinned in
	// tools/synapse/requirements.txt. It needs Python 3.10 or newer with venv.
	Synapse Kind = "synapse"
)

// software is what a Kind stands for. The program runs in the server's folder,
// so that its configuration has relative paths only.
type software struct {
	name       string // for messages
	configFile string
	logFile    string
	// install returns the program; the first call on a machine makes it.
	install func(ctx context.Context, progress io.Writer) (string, error)
	// writeKey makes the server's signing key.
	writeKey func(path string) error
	// configuration differs from the defaults as little as a test needs.
	configuration func(id identity, rateLimit bool, addr string) map[string]any
	// arguments are those of the program.
	arguments func(addr string) []string
}

// software finds what the kind stands for; no kind is Dendrite.
func (k Kind) software() (software, error) {
	switch k {
	case Dendrite, "":
		return software{
			name:          "Dendrite",
			configFile:    "dendrite.yaml",
			logFile:       "dendrite.log",
			install:       Build,
			writeKey:      writeDendriteKey,
			configuration: dendriteConfiguration,
			arguments: func(addr string) []string {
				return []string{"--config", "dendrite.yaml", "--http-bind-address", addr}
			},
		}, nil
	case Synapse:
		return software{
			name:          "Synapse",
			configFile:    "synapse.yaml",
			logFile:       "synapse.log",
			install:       InstallSynapse,
			writeKey:      writeSynapseKey,
			configuration: synapseConfiguration,
			arguments: func(string) []string {
				return []string{"-I", "-m", "synapse.app.homeserver", "--config-path", "synapse.yaml"}
			},
		}, nil
	}
	return software{}, fmt.Errorf("unknown kind of homeserver %q", string(k))
}

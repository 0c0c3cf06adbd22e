// Package homeserver starts a real Matrix homeserver (Dendrite, as pinned in
// tools/go.mod, or Synapse, as pinned in tools/synapse) on the loopback
// interface, and puts a proxy in front of it that misbehaves as told. It is for tests and the demo only. It knows nothing
// of the bot, of learning networks or of Matrix client libraries.
package homeserver

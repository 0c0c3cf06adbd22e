package main_test

import (
	"testing"

	"blnbot/internal/homeserver"
	"blnbot/internal/homeserver/stage"
)

// TestRoundOnSynapse plays the meeting of TestRound on the other homeserver
// that people run.
func TestRoundOnSynapse(t *testing.T) {
	round(newPlayOn(t, stage.Options{Kind: homeserver.Synapse}))
}

package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"blnbot/internal/meeting"
)

func TestLoggerMasks(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log := newLogger(&out, "info", format, "@bln:example.se")
		log.Debug("hidden")
		log.Error("deliver post", "key", "welcome/vasteras/@anna.svensson:example.se", "to", meeting.UserID("@bo:example.se:8448"),
			"err", errors.New("resolve #bln-kalmar:example.se: M_NOT_FOUND"), "event", "$ab@c", "user", meeting.UserID("@bln:example.se"),
			"wait", 2*time.Second, "room", "!a:example.se")
		text := out.String()
		for _, secret := range []string{"anna", "@bo", "8448", "kalmar", "hidden"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is in %s", secret, text)
			}
		}
		for _, want := range []string{"welcome/vasteras/@…", "resolve #…: M_NOT_FOUND", "$ab@c", "@bln:example.se", "2s", "!a:example.se", "ERROR"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in %s", want, text)
			}
		}
	}
}

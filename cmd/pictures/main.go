// Command pictures takes the pictures of the guides in docs: it starts a
// homeserver and the built bot, has people play a meeting, and photographs the
// screens of some of them, who use Element in a browser (tools/pictures).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"blnbot/internal/homeserver"
	"blnbot/internal/homeserver/stage"
)

// patience is how long everything may take on a slow machine.
const patience = 5 * time.Minute

func main() {
	binary := flag.String("bot", "", "the bot's `binary`; built if left out")
	client := flag.String("client", ".cache/pictures", "the `folder` in which tools/pictures is installed and built")
	out := flag.String("out", "docs/pictures", "the `folder` for the pictures")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, patience)
	err := run(ctx, *binary, *client, *out)
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, binary, client, out string) (err error) {
	dir, err := os.MkdirTemp("", "blnbot-pictures-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if out, err = filepath.Abs(out); err != nil {
		return fmt.Errorf("find the folder for the pictures: %w", err)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("make the folder for the pictures: %w", err)
	}
	if binary == "" {
		if binary, err = stage.BuildBot(ctx, dir); err != nil {
			return err
		}
	}
	cam, err := newCamera(ctx, client)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cam.close()) }()
	// Synapse, because Element shows threads only where the server knows them.
	s, err := stage.New(ctx, stage.Options{Dir: dir, Binary: binary, Progress: os.Stderr, Kind: homeserver.Synapse})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close(context.WithoutCancel(ctx))) }()
	return newScene(s, cam, out).play(ctx)
}

// Command demo plays three learning networks and Nka, through the built bot and
// a homeserver that it starts itself: six meetings, from the first hello over
// votes and plans to the published report. It shows the rooms as a chat while it
// happens, leaves all documents in a folder, and checks the outcome itself.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"blnbot/internal/homeserver"
	"blnbot/internal/homeserver/stage"
)

func main() {
	keep := flag.Bool("keep", os.Getenv("KEEP") != "" && os.Getenv("KEEP") != "0", "stay up afterwards, to join with a Matrix client (or KEEP=1)")
	binary := flag.String("bot", "", "the bot's `binary`; built if left out")
	short := flag.Bool("short", false, "two networks and two meetings only")
	documents := flag.String("documents", "", "the `folder` that gets the documents; a temporary one if left out")
	prepare := flag.Bool("prepare", false, "only build the homeserver")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, options{keep: *keep, binary: *binary, prepare: *prepare, short: *short, documents: *documents, out: os.Stdout})
	stop()
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "demo: interrupted")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

type options struct {
	keep, prepare bool
	short         bool
	binary        string
	documents     string // folder
	out           io.Writer
}

// errFaults ends the demo when the checks have told what is wrong.
var errFaults = errors.New("the outcome is not what it should be")

func run(ctx context.Context, o options) (err error) {
	if o.prepare {
		_, err := homeserver.Build(ctx, os.Stderr)
		return err
	}
	dir, err := os.MkdirTemp("", "blnbot-demo-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if o.documents == "" {
		if o.documents, err = os.MkdirTemp("", "blnbot-documents-"); err != nil {
			return fmt.Errorf("make a folder: %w", err)
		}
	}
	if entries, err := os.ReadDir(o.documents); err == nil && len(entries) > 0 {
		return fmt.Errorf("the folder for the documents, %s, is not empty", o.documents)
	}
	if o.binary == "" {
		fmt.Fprintln(os.Stderr, "demo: building the bot")
		if o.binary, err = stage.BuildBot(ctx, dir); err != nil {
			return err
		}
	}
	if _, err := homeserver.Build(ctx, os.Stderr); err != nil {
		return err
	}
	return perform(ctx, o, dir)
}

// perform plays, checks, and keeps everything up if that is wanted.
func perform(ctx context.Context, o options, dir string) (err error) {
	began := time.Now()
	lap := func() time.Duration {
		took := time.Since(began)
		began = time.Now()
		return took.Round(100 * time.Millisecond)
	}
	fmt.Fprintln(o.out, "Starting a homeserver and bringing the people ...")
	p, err := setUp(ctx, dir, o, &chat{out: o.out, colour: isTerminal(o.out)})
	if p != nil {
		defer func() { err = errors.Join(err, p.stage.Close(context.WithoutCancel(ctx))) }()
	}
	if err != nil {
		return err
	}
	setting := lap()
	if err := p.run(ctx); err != nil {
		return fmt.Errorf("%w\nThe bot's log:\n%s", err, p.stage.Log.Text())
	}
	playing := lap()
	checks, err := p.check(ctx, o.documents)
	if err != nil {
		return fmt.Errorf("check the outcome: %w", err)
	}
	good := report(o.out, checks)
	checking := lap()
	fmt.Fprintf(o.out, "\nThe documents are in %s.\n%s in all: %s to set up, %s to play, %s to check.\n", o.documents, setting+playing+checking, setting, playing, checking)
	if !good {
		err = fmt.Errorf("%w\nThe bot's log:\n%s", errFaults, p.stage.Log.Text())
	}
	if o.keep {
		p.invitation(o.out)
		<-ctx.Done()
		fmt.Fprintln(o.out, "\nEnding the bot and the homeserver, and removing their data.")
	}
	return err
}

// isTerminal reports whether colours make sense (no-color.org).
func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

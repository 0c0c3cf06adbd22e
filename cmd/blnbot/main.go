// Command blnbot keeps minutes for carers' learning networks in Matrix rooms.
// This folder holds the command line, the wiring and the signals; what the bot
// does is in package bot.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"blnbot/config"
	"blnbot/internal/failpoint"
)

// Exit codes.
const (
	exitGood  = 0
	exitFault = 1
	exitUsage = 2
)

// commands are the command line: a command is a field here and a file.
type commands struct {
	Config string `help:"The configuration file." placeholder:"FILE" default:"config.yaml" env:"BLNBOT_CONFIG"`

	Run      runCmd      `cmd:"" help:"Run the bot."`
	Check    checkCmd    `cmd:"" help:"Check the configuration."`
	Schedule scheduleCmd `cmd:"" help:"Tell which meeting opens when."`
	Export   exportCmd   `cmd:"" help:"Write minutes, a summary or a plan to a file."`
	Backup   backupCmd   `cmd:"" help:"Copy the database, also while the bot is running."`
	Erase    eraseCmd    `cmd:"" help:"Remove everything stored about a person."`
	Digest   digestCmd   `cmd:"" help:"Choose the key points of minutes (JSON)."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

// environment is what commands need of the world.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	env := &environment{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, now: failpoint.Clock(time.Now)}
	code := execute(ctx, env, os.Args[1:])
	stop()
	os.Exit(code)
}

// execute runs one command line and gives the exit code.
func execute(ctx context.Context, env *environment, args []string) (code int) {
	// Kong ends the program for --help; here it only ends this function.
	type ended int
	defer func() {
		switch p := recover().(type) {
		case nil:
		case ended:
			code = int(p)
		default:
			panic(p)
		}
	}()
	var cmds commands
	parser, err := kong.New(&cmds,
		kong.Name("blnbot"),
		kong.Description("A Matrix bot that keeps minutes for blended learning networks."),
		kong.Writers(env.stdout, env.stderr),
		kong.Exit(func(code int) { panic(ended(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		fmt.Fprintln(env.stderr, "blnbot:", err)
		return exitFault
	}
	line, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(env.stderr, "blnbot: %v\nTry blnbot --help.\n", err)
		return exitUsage
	}
	line.BindTo(ctx, (*context.Context)(nil))
	return report(env, line.Run(env, &cmds))
}

// errReported ends a command with exitFault when it has said why itself.
var errReported = errors.New("reported")

// usageError is a command line that makes no sense.
type usageError struct{ error }

// report tells the user what went wrong, and gives the exit code.
func report(env *environment, err error) int {
	var faults *config.Error
	switch {
	case err == nil:
		return exitGood
	case errors.Is(err, errReported):
		return exitFault
	case errors.As(err, &faults):
		fmt.Fprintf(env.stderr, "%s\n", faults)
		return exitFault
	}
	text := err.Error()
	if !strings.HasPrefix(text, "blnbot: ") {
		text = "blnbot: " + text
	}
	fmt.Fprintln(env.stderr, text+remedy(err))
	if errors.As(err, new(usageError)) {
		return exitUsage
	}
	return exitFault
}

// load reads the configuration that the command line names.
func (c *commands) load(env *environment) (*config.Config, error) {
	return c.loadWith(config.Loader{Now: env.now})
}

func (c *commands) loadWith(l config.Loader) (*config.Config, error) {
	cfg, err := l.Load(c.Config)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no configuration file %s; name it with --config or BLNBOT_CONFIG, and see config/example.yaml for what to put in it", c.Config)
	}
	return cfg, err
}

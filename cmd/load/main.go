// Command load measures the bot beside a bare client: a program that only
// receives and decrypts, with the same library, in the same encrypted rooms of
// a local Dendrite. It prints what both used, and the ratios. It knows the bot
// as a process with a configuration and a database, nothing more.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options say how much load there is.
type options struct {
	rooms, people int
	replies       int // missed while both are stopped
	live          int // while both run
	rate          float64
	idle          time.Duration // while nothing happens
	profile       string        // folder for the bot's CPU and memory profiles
	out           io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) > 1 && os.Args[1] == "bare" {
		os.Exit(exit(receive(ctx)))
	}
	o := options{out: os.Stdout}
	flag.IntVar(&o.rooms, "rooms", 10, "encrypted rooms, a network in each")
	flag.IntVar(&o.people, "people", 4, "people in each room who reply")
	flag.IntVar(&o.replies, "replies", 500, "replies to catch up with")
	flag.IntVar(&o.live, "live", 200, "replies while the bot runs")
	flag.Float64Var(&o.rate, "rate", 10, "live replies a second")
	flag.DurationVar(&o.idle, "idle", 20*time.Second, "how long both are measured while nothing happens")
	flag.StringVar(&o.profile, "profile", "", "folder for profiles of the bot")
	flag.Parse()
	if o.rooms < 1 || o.people < 1 || o.replies < 1 || o.live < 1 || o.rate <= 0 || o.idle <= 0 {
		flag.Usage()
		os.Exit(2)
	}
	os.Exit(exit(run(ctx, o)))
}

// exit is the exit code that goes with the error, which it prints.
func exit(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		return 1
	}
	return 0
}

package main

import (
	"net"
	"strconv"
	"strings"
	"time"
)

// notifier tells systemd how the service is (sd_notify(3)). Without systemd it
// does nothing.
type notifier struct {
	socket string
	// within is how often systemd wants to hear that the service gets on; 0 if
	// it does not.
	within time.Duration
}

// newNotifier reads what systemd passed on. The process is named because the
// variables may have been inherited from a service that started this one.
func newNotifier(getenv func(string) string, pid int) *notifier {
	n := &notifier{socket: getenv("NOTIFY_SOCKET")}
	if strings.HasPrefix(n.socket, "@") {
		n.socket = "\x00" + n.socket[1:] // the abstract namespace, unix(7)
	}
	if named := getenv("WATCHDOG_PID"); named != "" && named != strconv.Itoa(pid) {
		return n
	}
	if micros, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64); err == nil && micros > 0 {
		n.within = time.Duration(micros) * time.Microsecond
	}
	return n
}

// notify sends the lines as one message. Nothing depends on its arrival: what
// systemd does not hear, it acts upon itself.
func (n *notifier) notify(lines ...string) {
	if n.socket == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"})
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = conn.Write([]byte(strings.Join(lines, "\n")))
}

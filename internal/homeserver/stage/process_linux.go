package stage

import "syscall"

// childAttributes puts the bot into a process group of its own, so that Ctrl-C
// reaches it only by way of this process, and lets it die with this process.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

package homeserver

import "syscall"

// childAttributes lets the child die with this process, even if this process
// is killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

//go:build !linux

package homeserver

import "syscall"

// childAttributes has no way here to let the child die with this process: a
// server is left behind if this process is killed.
func childAttributes() *syscall.SysProcAttr { return nil }

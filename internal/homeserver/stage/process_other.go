//go:build !linux

package stage

import "syscall"

// childAttributes has no way here to let the bot die with this process: it is
// left behind if this process is killed.
func childAttributes() *syscall.SysProcAttr { return nil }

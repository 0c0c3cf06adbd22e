//go:build faults

package faults_test

import "syscall"

// childAttributes lets the bot die with this process.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

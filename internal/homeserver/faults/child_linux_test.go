//go:build faults

package faults_test

import "syscall"

// childAttributes lets the bot die with this process, and run as the user.
func childAttributes(user *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Credential: user}
}

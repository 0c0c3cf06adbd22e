//go:build !linux && faults

package faults_test

import "syscall"

func childAttributes(user *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: user}
}

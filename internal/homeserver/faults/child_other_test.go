//go:build !linux && faults

package faults_test

import "syscall"

func childAttributes() *syscall.SysProcAttr { return nil }

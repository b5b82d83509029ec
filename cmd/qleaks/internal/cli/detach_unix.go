//go:build unix

package cli

import (
	"os/exec"
	"syscall"
)

// detach lets a program outlive the terminal that it was started in.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

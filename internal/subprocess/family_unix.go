//go:build unix

package subprocess

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// family is a program and what it starts: a group of processes, or the program
// alone.
type family struct {
	program *exec.Cmd
	group   bool
}

func prepare(program *exec.Cmd) *family {
	f := &family{program: program, group: !atTerminal()}
	if f.group {
		program.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	}
	return f
}

// atTerminal reports whether a terminal controls this process.
func atTerminal() bool {
	terminal, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	_ = terminal.Close() // nothing was written
	return true
}

func (f *family) adopt() {}

func (f *family) kill() error {
	if f.program.Process == nil {
		return os.ErrProcessDone
	}
	if !f.group {
		return f.program.Process.Kill()
	}
	err := syscall.Kill(-f.program.Process.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

func (f *family) close() {}

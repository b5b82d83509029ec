package subprocess

import (
	"os"
	"os/exec"
	"sync/atomic"

	"golang.org/x/sys/windows"
)

// family is a program and what it starts: a job. Where there is none, it is the
// program alone.
type family struct {
	program *exec.Cmd
	job     windows.Handle
	adopted atomic.Bool
}

func prepare(program *exec.Cmd) *family {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		job = 0
	}
	return &family{program: program, job: job}
}

// adopt takes the program into the job. What it started in the instant before is
// not found: package os/exec starts no program that waits for this.
func (f *family) adopt() {
	if f.job == 0 {
		return
	}
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(f.program.Process.Pid))
	if err != nil {
		return
	}
	f.adopted.Store(windows.AssignProcessToJobObject(f.job, process) == nil)
	_ = windows.CloseHandle(process) // the job has its own
}

func (f *family) kill() error {
	if f.adopted.Load() {
		return windows.TerminateJobObject(f.job, 1)
	}
	if f.program.Process == nil {
		return os.ErrProcessDone
	}
	return f.program.Process.Kill()
}

func (f *family) close() {
	if f.job != 0 {
		_ = windows.CloseHandle(f.job) // it is ours
	}
}

// Package subprocess runs programs of the operator's whose time is bounded, and
// ends with them what they started.
package subprocess

import "os/exec"

// Run runs a program as [exec.Cmd.Run] does. When its context ends, or it fails in
// any way, everything that it started ends, too: nothing goes on working on keys
// when its outcome has been judged. What a program that ended well leaves running,
// such as an agent, is let be.
//
// At a terminal the program may have to ask the person for a password, which only
// the group of processes in front can: there nothing but the program itself is
// ended. What has left the program's group by itself (setsid) is not found.
func Run(program *exec.Cmd) error {
	f := prepare(program)
	defer f.close()
	if program.Cancel != nil {
		program.Cancel = func() error { return f.kill() }
	}
	if err := program.Start(); err != nil {
		return err
	}
	f.adopt()
	err := program.Wait()
	if err != nil {
		_ = f.kill() // there may be nobody left
	}
	return err
}

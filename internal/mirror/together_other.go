//go:build !unix

package mirror

import "os/exec"

// together does nothing where programs have no groups: what git started ends
// when the relay does.
func together(*exec.Cmd) {}

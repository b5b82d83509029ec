//go:build !linux && !darwin

package ledger

import "errors"

var errLocked = errors.New("locked")

// lock does nothing here: every file is replaced in one step, so that two runs
// that write at once cost no more than one of their writings.
func lock(string) (unlock func(), err error) { return func() {}, nil }

//go:build linux || darwin

package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// errLocked says that another run has the lock.
var errLocked = errors.New("locked")

// lock keeps other runs from writing. It does not wait: what another run writes
// is as good as what this one would. A run that dies leaves no lock behind.
func lock(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(errLocked, f.Close())
	}
	return func() {
		err := f.Close()
		_ = err // nothing was written; closing gives the lock back
	}, nil
}

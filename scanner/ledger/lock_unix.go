//go:build linux || darwin

package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// errLocked says that another run has the lock.
var errLocked = errors.New("locked")

// patience is how often the lock is tried for, pause the time between: a file
// is written within a fraction of a second.
const (
	patience = 50
	pause    = 10 * time.Millisecond
)

// lock keeps other runs from writing. A run that dies leaves no lock behind.
func lock(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for range patience {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); !errors.Is(err, syscall.EWOULDBLOCK) {
			break
		}
		time.Sleep(pause)
	}
	if err != nil {
		return nil, errors.Join(errLocked, f.Close())
	}
	return func() {
		err := f.Close()
		_ = err // nothing was written; closing gives the lock back
	}, nil
}

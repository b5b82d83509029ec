package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/qleaks/qleaks/internal/filelock"
)

// patience is how often the lock is tried for, pause the time between: a file
// is written within a fraction of a second.
const (
	patience = 50
	pause    = 10 * time.Millisecond
)

// lock keeps other runs from writing. A run that dies leaves no lock behind.
// Where files cannot be locked nothing is: every file is replaced in one step,
// so that two runs that write at once cost no more than one of their writings.
func lock(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for range patience {
		if err = filelock.Try(f); !errors.Is(err, filelock.ErrHeld) {
			break
		}
		time.Sleep(pause)
	}
	if err != nil && !errors.Is(err, filelock.ErrUnsupported) {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		err := f.Close()
		_ = err // nothing was written; closing gives the lock back
	}, nil
}

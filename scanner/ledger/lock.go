package ledger

import (
	"errors"
	"os"
	"path/filepath"
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
	var f *os.File
	for range patience {
		if f, err = openLocked(filepath.Join(dir, "lock")); !errors.Is(err, errLocked) {
			break
		}
		time.Sleep(pause)
	}
	if err != nil {
		return nil, err
	}
	return func() {
		err := f.Close()
		_ = err // nothing was written; closing gives the lock back
	}, nil
}

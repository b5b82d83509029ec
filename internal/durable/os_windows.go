package durable

import (
	"errors"
	"os"
	"syscall"
	"time"
)

const noFollow = 0

// Errors that mean that another program, such as a virus scanner, has the file
// open at this moment.
const (
	accessDenied     syscall.Errno = 5
	sharingViolation syscall.Errno = 32
)

// rename is tried for a second.
func rename(from, to string) error {
	var err error
	for range 100 {
		err = os.Rename(from, to)
		if !errors.Is(err, accessDenied) && !errors.Is(err, sharingViolation) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}

// syncDir has nothing to do: NTFS keeps a journal of the names, and directories
// cannot be flushed by who may not administer the volume.
func syncDir(name string) error {
	_, err := os.Stat(name)
	return err
}

// Package filelock locks open files against other processes. The lock is the
// kernel's: it ends with the process that holds it, however that ends, and says
// nothing about process numbers, which are used again.
package filelock

import "errors"

// ErrHeld says that somebody else has the lock.
var ErrHeld = errors.New("the file is locked")

// ErrUnsupported says that files cannot be locked on this system.
var ErrUnsupported = errors.New("files cannot be locked on this system")

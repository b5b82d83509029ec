//go:build !darwin && !dragonfly && !freebsd && !linux && !netbsd && !openbsd && !windows

package ledger

import "os"

// openLocked opens a file, and locks nothing here: every file is replaced in one
// step, so that two runs that write at once cost no more than one of their
// writings.
func openLocked(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
}

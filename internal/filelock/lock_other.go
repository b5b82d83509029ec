//go:build !darwin && !dragonfly && !freebsd && !linux && !netbsd && !openbsd && !windows

package filelock

import "os"

// Try returns ErrUnsupported.
func Try(*os.File) error { return ErrUnsupported }

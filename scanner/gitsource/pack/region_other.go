//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package pack

import (
	"errors"
	"os"
)

const nonBlocking = 0

// mapFile refuses: files are read piece by piece here.
func mapFile(*os.File, int) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmapFile([]byte) error { return nil }

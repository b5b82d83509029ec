//go:build !unix

package source

import (
	"io/fs"
	"os"
)

// nonBlocking has no meaning where files cannot be named pipes.
const nonBlocking = 0

// readDir reads an opened directory.
func readDir(d *os.File, _ string) ([]fs.DirEntry, error) { return d.ReadDir(-1) }

//go:build !windows

package file

import (
	"io/fs"
	"os"
	"syscall"
)

// sameOwner gives a file the owner of another, as it must be where root writes
// for somebody.
func sameOwner(name string, as fs.FileInfo) error {
	of, ok := as.Sys().(*syscall.Stat_t)
	if !ok || int(of.Uid) == os.Geteuid() {
		return nil
	}
	return os.Lchown(name, int(of.Uid), int(of.Gid))
}

// syncDirectory makes sure that a new name outlives a loss of power.
func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

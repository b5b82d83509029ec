//go:build unix

package source

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// nonBlocking keeps the opening of a named pipe from waiting for a writer.
const nonBlocking = syscall.O_NONBLOCK

// readDir reads an opened directory. A file of an os.Root asks the system about
// each entry, for what the listing says itself, so another one is made of it.
func readDir(d *os.File, name string) (entries []fs.DirEntry, err error) {
	raw, err := d.SyscallConn()
	if err != nil {
		return nil, err
	}
	var plain *os.File
	controlled := raw.Control(func(fd uintptr) {
		var again int
		if again, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0); err == nil {
			plain = os.NewFile(uintptr(again), name)
		}
	})
	if plain == nil {
		return nil, errors.Join(controlled, err)
	}
	defer plain.Close()
	return plain.ReadDir(-1)
}

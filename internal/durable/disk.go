// Package durable writes files so that they are still there, and whole, after a
// crash or a power failure. What it needs of a file system stands behind an
// interface, so that tests can make disks fill up, fail and forget
// (durabletest).
package durable

import (
	"errors"
	"fmt"
	"io"
)

// Disk is a file system. Names are absolute paths. Nothing that was written,
// created, renamed or removed is safe before File.Sync and SyncDir returned
// without an error; when one of them fails, nothing that it covers may be
// believed any more, whatever a second call says.
type Disk interface {
	Files
	Directories
	// Lock takes the lock of a file, which it creates if it is not there, or
	// returns a *HeldError at once. The lock ends with the process, at the
	// latest. note is kept in the file for others to read.
	Lock(name, note string) (Lock, error)
}

// Files are what holds content.
type Files interface {
	Open(name string, mode Mode) (File, error)
	// Rename puts a file in the place of another, or of none, in one step. Both
	// are in the same directory.
	Rename(from, to string) error
	Remove(name string) error
}

// Directories are what holds names.
type Directories interface {
	// MakeDir makes one directory for its owner alone; fs.ErrExist if there is
	// something of that name.
	MakeDir(name string) error
	// SyncDir makes safe which names a directory has.
	SyncDir(name string) error
	// List returns the names in a directory, sorted.
	List(name string) ([]string, error)
}

// Mode says what a file is opened for.
type Mode int

// The modes. Links are not followed; what is no regular file is refused.
const (
	// Read opens a file that exists.
	Read Mode = iota
	// Write opens a file that exists, to be read and written.
	Write
	// Create makes a file that does not exist, for its owner alone.
	Create
)

// File is an open file.
type File interface {
	io.Closer
	Content
	Keeping
}

// Content is what a file holds.
type Content interface {
	io.ReaderAt
	io.WriterAt
	// Size is in bytes.
	Size() (int64, error)
}

// Keeping is what decides how much of a file stays.
type Keeping interface {
	// Sync makes the content safe.
	Sync() error
	// Truncate sets the size.
	Truncate(size int64) error
}

// Lock is a lock that is held.
type Lock interface {
	// Before is the note of a holder that did not give the lock back: a process
	// that died. It is empty if the last one did.
	Before() string
	// Close gives the lock back.
	Close() error
}

// HeldError says that somebody else has the lock, with the note of the holder.
type HeldError struct{ Note string }

// Error implements error.
func (e *HeldError) Error() string {
	if e.Note == "" {
		return "somebody else has the lock"
	}
	return fmt.Sprintf("somebody else has the lock: %q", e.Note)
}

// ErrOthers says that somebody else could have written a directory.
var ErrOthers = errors.New("others can write the directory")

// ErrReadable says that somebody else could have read a file.
var ErrReadable = errors.New("others can read the file")

// ErrNotRegular says that something else stands where a file should.
var ErrNotRegular = errors.New("it is no regular file")

package source

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
)

// sharedRoot is an os.Root that the walk and every item it yielded hold; the
// last one closes it.
type sharedRoot struct {
	*os.Root
	holders atomic.Int64
}

func newSharedRoot(root *os.Root) *sharedRoot {
	s := &sharedRoot{Root: root}
	s.holders.Store(1)
	return s
}

func (s *sharedRoot) retain() { s.holders.Add(1) }

func (s *sharedRoot) release() {
	if s.holders.Add(-1) == 0 {
		_ = s.Close()
	}
}

// openFile opens a regular file for reading. The file may have been replaced
// since it was listed: a pipe must not block and a device must not be read, so
// it is opened without waiting and looked at again.
func (s *sharedRoot) openFile(name string) (io.ReadCloser, error) {
	f, err := s.OpenFile(name, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		s.release()
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &ItemError{Outcome: Unread, Reason: "is no regular file any more"}
	}
	if err != nil {
		s.release()
		return nil, errors.Join(err, f.Close())
	}
	return &rootFile{File: f, root: s, size: info.Size(), left: info.Size()}, nil
}

// OpenBelow opens a regular file below a directory for reading. Links are
// followed only within the directory.
func OpenBelow(dir, name string) (io.ReadCloser, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return newSharedRoot(root).openFile(name)
}

// rootFile is a file that holds its root.
type rootFile struct {
	*os.File
	root *sharedRoot
	// size is that of the file when it was opened, and left what is still to
	// be read of that. Some files have more than they tell.
	size, left int64
}

// Size implements Sized.
func (f *rootFile) Size() int64 { return f.size }

// Read reads as the file does, and tells the end of one that is as long as it
// was told without being asked again.
func (f *rootFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	if f.left -= int64(n); err == nil && n > 0 && f.left == 0 {
		err = io.EOF
	}
	return n, err
}

// Close closes the file and lets go of the root.
func (f *rootFile) Close() error {
	err := f.File.Close()
	f.root.release()
	return err
}

var _ Sized = (*rootFile)(nil)

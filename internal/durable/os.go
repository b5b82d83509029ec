package durable

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/qleaks/qleaks/internal/filelock"
)

// OS is the file system of the machine.
type OS struct{}

var _ Disk = OS{}

// Open implements Files.
func (OS) Open(name string, mode Mode) (File, error) {
	flags := map[Mode]int{Read: os.O_RDONLY, Write: os.O_RDWR, Create: os.O_RDWR | os.O_CREATE | os.O_EXCL}[mode]
	// A pipe would keep us waiting, so the kind is looked at first, and again
	// once the file is open.
	if mode != Create {
		if err := regular(os.Lstat(name)); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(name, flags|noFollow, 0o600)
	if err != nil {
		return nil, err
	}
	if err := regular(f.Stat()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return file{f}, nil
}

func regular(info os.FileInfo, err error) error {
	if err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s: %w", info.Name(), ErrNotRegular)
	}
	return err
}

type file struct{ *os.File }

// Size implements Content.
func (f file) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Rename implements Files.
func (OS) Rename(from, to string) error { return rename(from, to) }

// Remove implements Files.
func (OS) Remove(name string) error { return os.Remove(name) }

// MakeDir implements Directories.
func (OS) MakeDir(name string) error { return os.Mkdir(name, 0o700) }

// SyncDir implements Directories.
func (OS) SyncDir(name string) error { return syncDir(name) }

// List implements Directories.
func (OS) List(name string) ([]string, error) {
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, nil
}

// Private returns ErrOthers for a directory that others than its owner can
// write to, and an error for what is no directory.
func (OS) Private(dir string) error {
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is no directory", dir)
	// Windows has no such bits, and a user's directories are the user's there.
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("%s: %w", dir, ErrOthers)
	}
	return nil
}

// PrivateFile returns ErrReadable for a file that others than its owner can
// read.
func (OS) PrivateFile(name string) error {
	info, err := os.Lstat(name)
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s: %w", name, ErrReadable)
	}
	return err
}

// longestNote is how much of a lock's note is read, in bytes.
const longestNote = 4 << 10

// Lock implements Disk.
func (OS) Lock(name, note string) (Lock, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|noFollow, 0o600)
	if err != nil {
		return nil, err
	}
	if err := regular(f.Stat()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	locked := filelock.Try(f)
	before, err := io.ReadAll(io.NewSectionReader(f, 0, longestNote))
	switch {
	case errors.Is(locked, filelock.ErrHeld):
		return nil, errors.Join(&HeldError{Note: string(before)}, f.Close())
	case locked != nil || err != nil:
		return nil, errors.Join(locked, err, f.Close())
	}
	held := &lock{file: f, name: name, before: string(before)}
	if err := held.note(note); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return held, nil
}

type lock struct {
	file   *os.File
	name   string
	before string
}

// Before implements Lock.
func (l *lock) Before() string { return l.before }

// note replaces the content of the file. It is information for people, so it
// need not survive a power failure.
func (l *lock) note(text string) error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(text), 0)
	return err
}

// Close implements Lock. The file stays: who removes a locked file lets two
// processes lock two files of one name.
func (l *lock) Close() error { return errors.Join(l.note(""), l.file.Close()) }

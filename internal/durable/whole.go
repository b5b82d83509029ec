package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
)

// beside is how the names of files begin that are being written.
const beside = ".writing-"

// Unfinished reports whether a name is that of a file whose writing was cut
// short: nothing refers to it.
func Unfinished(name string) bool { return strings.HasPrefix(filepath.Base(name), beside) }

// WriteWhole puts a file in the place of another, or of none, in one step: after
// any crash one of the two is there, whole. When it returns without an error,
// the new one is safe. Two may not write one file at once: the caller has a lock.
func WriteWhole(d Disk, name string, data []byte) error {
	written := filepath.Join(filepath.Dir(name), beside+filepath.Base(name))
	f, err := d.Open(written, Create)
	if errors.Is(err, fs.ErrExist) {
		// Somebody who wrote it was cut short.
		if err = d.Remove(written); err == nil {
			f, err = d.Open(written, Create)
		}
	}
	if err != nil {
		return err
	}
	if err := write(f, data); err != nil {
		return err
	}
	if err := d.Rename(written, name); err != nil {
		return err
	}
	return d.SyncDir(filepath.Dir(name))
}

func write(f File, data []byte) error {
	_, err := f.WriteAt(data, 0)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// ReadWhole reads a file of at most so many bytes.
func ReadWhole(d Disk, name string, most int64) ([]byte, error) {
	f, err := d.Open(name, Read)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > most {
		return nil, fmt.Errorf("%s has %d bytes, at most %d are expected", name, size, most)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, size), data); err != nil {
		return nil, err
	}
	return data, nil
}

// Erase overwrites a file, as far as that helps on its medium, and removes it
// for good. A file that is not there is no error.
func Erase(d Disk, name string) error {
	f, err := d.Open(name, Write)
	if errors.Is(err, fs.ErrNotExist) {
		return d.SyncDir(filepath.Dir(name))
	}
	if err != nil {
		return err
	}
	size, err := f.Size()
	if err == nil {
		_, err = f.WriteAt(make([]byte, size), 0)
	}
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close(), d.Remove(name)); err != nil {
		return err
	}
	return d.SyncDir(filepath.Dir(name))
}

// MakeDirs makes a directory, with those above it, for its owner alone. When it
// returns without an error, they are safe, whoever made them: somebody who was
// cut short could have made one and not made it safe.
func MakeDirs(d Disk, name string) error {
	above := filepath.Dir(name)
	if above == name {
		return nil
	}
	if err := MakeDirs(d, above); err != nil {
		return err
	}
	made := false
	f, err := d.Open(name, Read)
	switch {
	case err == nil:
		return errors.Join(fmt.Errorf("%s is no directory", name), f.Close())
	case errors.Is(err, fs.ErrNotExist):
		if err := d.MakeDir(name); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		made = true
	case !errors.Is(err, ErrNotRegular) && !errors.Is(err, fs.ErrPermission):
		return err
	}
	err = d.SyncDir(above)
	// Above what is ours there are directories that we may not read, or that
	// cannot be made safe.
	if !made && (errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL)) {
		return nil
	}
	return err
}

// Sweep removes files whose writing was cut short.
func Sweep(d Disk, dir string) error {
	names, err := d.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if Unfinished(name) {
			if err := d.Remove(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

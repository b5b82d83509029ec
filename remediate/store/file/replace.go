package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
	"github.com/qleaks/qleaks/scanner/gitsource"
)

const (
	// ownerOnly are the permissions that may stay.
	ownerOnly = 0o700
	readWrite = 0o600
)

// beside is what a new file is called until it takes the place of the old one.
// There is one such name, so that what a crash left behind is found.
func beside(real string) string {
	return filepath.Join(filepath.Dir(real), "."+filepath.Base(real)+".qleaks-new")
}

// locked does something while no other qleaks writes to the file. The lock lies
// elsewhere: beside the file it would litter a home directory.
func (f *file) locked(do func() (string, error)) (string, error) {
	real, err := realPath(f.path)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(f.use.Locks, 0o700); err != nil {
		return "", reason(err)
	}
	name := secret.Fingerprinter{}.Sum("store", real) + ".lock"
	unlock, err := lockedfile.MutexAt(filepath.Join(f.use.Locks, name)).Lock()
	if err != nil {
		return "", reason(err)
	}
	defer unlock()
	return do()
}

// tidy removes what a crash left behind, and takes the file from others' eyes.
func (f *file) tidy(c content) error {
	if err := os.Remove(beside(c.real)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return reason(err)
	}
	if c.info != nil && c.info.Mode().Perm()&^ownerOnly != 0 {
		return reason(os.Chmod(c.real, c.info.Mode().Perm()&ownerOnly))
	}
	return nil
}

// replace puts a new text in the place of the file: written beside it, on the
// disk before it takes the name.
func (f *file) replace(c content, text []byte) (err error) {
	name := beside(c.real)
	if err := f.tidy(content{real: c.real}); err != nil {
		return err
	}
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, readWrite)
	if err != nil {
		return reason(err)
	}
	defer func() {
		if err != nil {
			err = reason(err)
			_ = os.Remove(name) // it is no longer there after the rename
		}
	}()
	err = inOrder(
		func() error { return f.step("write") },
		func() error { return writeAll(out, text) },
		func() error { return f.step("sync") },
		out.Sync)
	if closed := out.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	err = inOrder(
		func() error { return f.permit(name, c) },
		func() error { return f.step("rename") },
		func() error { return f.untouched(c) },
		func() error { return os.Rename(name, c.real) })
	if err != nil {
		return err
	}
	// The file is there. Whether it is there after a loss of power, nobody knows
	// where this fails.
	if f.step("directory") != nil || syncDirectory(filepath.Dir(c.real)) != nil {
		return store.ErrLost
	}
	return nil
}

// inOrder does one thing after the other, up to the first that fails.
func inOrder(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// permit gives the new file what the old one allowed its owner, and its owner.
func (f *file) permit(name string, c content) error {
	if !c.exists {
		return nil
	}
	if err := os.Chmod(name, c.info.Mode().Perm()&ownerOnly|readWrite); err != nil {
		return err
	}
	return sameOwner(name, c.info)
}

func writeAll(out *os.File, text []byte) error {
	_, err := out.Write(text)
	return err
}

// untouched makes sure that no editor wrote the file since it was read.
func (f *file) untouched(c content) error {
	info, err := os.Lstat(c.real)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !c.exists:
		return nil
	case err != nil:
		return err
	case !c.exists || !os.SameFile(info, c.info) || info.Size() != c.info.Size() || !info.ModTime().Equal(c.info.ModTime()):
		return errTouched
	}
	return nil
}

var errTouched = errors.New("another program writes to it at the same time")

// mayWrite finds out by doing whether files can be made in a directory.
func mayWrite(dir string) error {
	probe, err := os.CreateTemp(dir, ".qleaks-probe-*")
	if err != nil {
		return reason(err)
	}
	_ = probe.Close() // nothing was written
	return reason(os.Remove(probe.Name()))
}

// ignored makes sure that Git would not commit the file.
func (f *file) ignored(real string) error {
	r, err := gitsource.Discover(filepath.Dir(real), gitsource.Options{GlobalExcludes: f.use.Excludes})
	if errors.Is(err, gitsource.ErrNotRepository) {
		return nil
	}
	if err != nil {
		return ErrCommitted // a repository that cannot be read
	}
	if r.Bare() {
		return nil
	}
	relative, err := filepath.Rel(r.Root(), real)
	if err != nil || !r.Ignored(filepath.ToSlash(relative), false) {
		return ErrCommitted
	}
	return nil
}

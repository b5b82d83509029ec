package gitsource

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// maxText is how large a file of the repository's own directory may be to be
// read into memory.
const maxText = 64 << 20

var (
	errTooLarge   = errors.New("larger than is read")
	errNotRegular = errors.New("not a regular file")
	// errSpecial is for what nobody would read, such as a daemon's socket.
	errSpecial = errors.New("named pipe, socket or device")
)

// readFile reads a regular file below dir, following links only in a
// repository that is trusted.
func (r *Repository) readFile(dir, name string) ([]byte, error) {
	return readRegular(dir, name, r.options.Untrusted)
}

// readRegular reads dir/name; contained keeps it from leaving dir by a link.
// It neither waits for a pipe nor reads a device.
func readRegular(dir, name string, contained bool) ([]byte, error) {
	f, err := openIn(dir, name, contained)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: %w", name, errNotRegular)
	}
	return readWhole(f, name, info.Size())
}

// readWhole reads a file of about a size. An index can be large: its bytes are
// touched once.
func readWhole(f *os.File, name string, size int64) ([]byte, error) {
	data := make([]byte, 0, min(size, maxText)+1)
	for {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case len(data) > maxText:
			return nil, fmt.Errorf("read %s: %w", name, errTooLarge)
		case errors.Is(err, io.EOF):
			return data, nil
		case err != nil:
			return nil, err
		case len(data) == cap(data):
			data = slices.Grow(data, len(data))
		}
	}
}

func openIn(dir, name string, contained bool) (*os.File, error) {
	if !contained {
		return os.OpenFile(filepath.Join(dir, filepath.FromSlash(name)), os.O_RDONLY|nonBlocking, 0)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.OpenFile(filepath.FromSlash(name), os.O_RDONLY|nonBlocking, 0)
}

// readLine reads a file that holds one line, such as commondir.
func (r *Repository) readLine(dir, name string) (string, error) {
	data, err := r.readFile(dir, name)
	return strings.TrimRight(string(data), "\r\n"), err
}

// lister lists the files of the repository's own directory.
type lister struct {
	dir string
	// links are followed in a trusted repository, each directory once.
	links bool
	seen  map[string]bool
	// enter tells which directories to look into; optional.
	enter func(rel string) bool
	// failed is told what could not be listed; optional.
	failed func(rel string, err error)
	found  []string
}

// filesBelow lists the regular files below dir/sub as slash-separated paths
// relative to dir, in order.
func (r *Repository) filesBelow(dir, sub string, enter func(rel string) bool, failed func(rel string, err error)) []string {
	l := &lister{dir: dir, links: !r.options.Untrusted, seen: map[string]bool{}, enter: enter, failed: failed}
	if r.options.Untrusted && !within(r.places.boundary, filepath.Join(dir, filepath.FromSlash(sub))) {
		return nil
	}
	real, err := filepath.EvalSymlinks(filepath.Join(dir, filepath.FromSlash(sub)))
	if err != nil {
		return nil
	}
	l.list(sub, real)
	return l.found
}

// list lists a directory, whose links are resolved.
func (l *lister) list(rel, real string) {
	if l.seen[real] {
		return
	}
	l.seen[real] = true
	entries, err := os.ReadDir(real)
	if err != nil && l.failed != nil {
		l.failed(rel, err)
	}
	for _, e := range entries {
		l.entry(path.Join(rel, e.Name()), filepath.Join(real, e.Name()), e.Type())
	}
}

// entry goes on with what a directory holds: a directory of its own is where it
// stands, only a link can lead elsewhere.
func (l *lister) entry(rel, real string, mode fs.FileMode) {
	if mode&fs.ModeSymlink != 0 && l.links {
		to, err := filepath.EvalSymlinks(real)
		if err != nil {
			return // leads nowhere
		}
		info, err := os.Stat(to)
		if err != nil {
			return
		}
		real, mode = to, info.Mode().Type()
	}
	switch {
	case mode.IsDir():
		if l.enter == nil || l.enter(rel) {
			l.list(rel, real)
		}
	case mode.IsRegular():
		l.found = append(l.found, rel)
	case l.failed != nil:
		l.failed(rel, errSpecial)
	}
}

// within reports whether a path, with its links resolved, is dir or below it.
func within(dir, name string) bool {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(dir, real)
	return err == nil && (rel == "." || filepath.IsLocal(rel))
}

func isDirectory(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

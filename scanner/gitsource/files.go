package gitsource

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxText is how large a file of the repository's own directory may be to be
// read into memory.
const maxText = 64 << 20

var (
	errTooLarge   = errors.New("larger than is read")
	errNotRegular = errors.New("not a regular file")
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
	data, err := io.ReadAll(io.LimitReader(f, maxText+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxText {
		return nil, fmt.Errorf("read %s: %w", name, errTooLarge)
	}
	return data, nil
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

// filesBelow lists the regular files below dir/sub as slash-separated paths
// relative to dir, in order. Links are listed in a trusted repository only. A
// directory for which enter is false is passed over.
func (r *Repository) filesBelow(dir, sub string, enter func(rel string) bool) []string {
	var out []string
	top := filepath.Join(dir, filepath.FromSlash(sub))
	// An unreadable directory is passed over here: what it hides is told by
	// the objects that are missing.
	_ = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(dir, path)
		if err != nil || relErr != nil {
			return nil
		}
		rel = filepath.ToSlash(rel)
		switch {
		case d.IsDir():
			if enter != nil && rel != "." && !enter(rel) {
				return fs.SkipDir
			}
		case d.Type().IsRegular(), d.Type()&fs.ModeSymlink != 0 && !r.options.Untrusted:
			out = append(out, rel)
		}
		return nil
	})
	return out
}

// within reports whether path, with its links resolved, is dir or below it.
func within(dir, path string) bool {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(dir, real)
	return err == nil && (rel == "." || filepath.IsLocal(rel))
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

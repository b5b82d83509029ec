package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Directory is a Source of the regular files below a directory, in the order
// of their paths. It never follows a symbolic link and never leaves the
// directory: every file is opened through the os.Root of its own directory, which
// is opened through that of the one above.
type Directory struct {
	Root string
	// Below limits the walk to a slash-separated path within Root; "" or "."
	// is all of it.
	Below string
	// Prefix is put before every path that is reported.
	Prefix string
	// Repository is the identity that origins carry.
	Repository string
	// Skip tells the directories and files to pass over, silently; it gets
	// paths relative to Root. Optional.
	Skip func(path string, dir bool) bool
	// Exclude tells what the operator excluded: listed as excluded. Optional.
	Exclude func(path string, dir bool) bool
	// Ignored tells what Git ignores: read, but marked. Optional.
	Ignored func(path string, dir bool) bool
}

// Items implements Source.
func (d Directory) Items(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		root, err := os.OpenRoot(d.Root)
		if err != nil {
			yield(Item{}, fmt.Errorf("open directory: %w", err))
			return
		}
		// Files are opened by workers after the walk has moved on, so a root
		// stays open until the last of them is closed: see rootFile.
		top := newSharedRoot(root)
		defer top.release()
		w := walk{Directory: d, cause: func() error { return context.Cause(ctx) }, top: top, yield: yield}
		below := path.Clean("/" + d.Below)[1:]
		if below == "" {
			below = "."
		}
		w.directory(folder{path: below, root: top, name: below}, false)
	}
}

// walk is one walk over a directory.
type walk struct {
	Directory
	// cause returns why the context has ended, nil while it has not.
	cause func() error
	top   *sharedRoot
	yield func(Item, error) bool
	depth int
}

// maxRoots is how many directories above each other are held open. What is
// deeper is opened through the last of them.
const maxRoots = 64

// folder is a directory of the walk: by its path, and by the root through which
// it is opened and its name there.
type folder struct {
	path string
	root *sharedRoot
	name string
}

// opened is the folder with a root of its own, which the caller releases.
func (w *walk) opened(f folder) (folder, error) {
	if f.name == "." || w.depth > maxRoots {
		f.root.retain()
		return f, nil
	}
	root, err := f.root.OpenRoot(f.name)
	if err != nil {
		return f, err
	}
	return folder{path: f.path, root: newSharedRoot(root), name: "."}, nil
}

// directory yields what is in a folder and reports whether to go on.
func (w *walk) directory(f folder, ignored bool) bool {
	if cause := w.cause(); cause != nil {
		w.yield(Item{}, cause)
		return false
	}
	w.depth++
	defer func() { w.depth-- }()
	f, err := w.opened(f)
	if err != nil {
		return w.failed(f.path, err)
	}
	defer f.root.release()
	entries, err := f.list()
	if err != nil {
		return w.failed(f.path, err)
	}
	for _, entry := range entries {
		if !w.entry(f, entry, ignored) {
			return false
		}
	}
	return true
}

// list reads a directory in order of the names.
func (f folder) list() ([]fs.DirEntry, error) {
	d, err := f.root.Open(f.name)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	entries, err := readDir(d, filepath.Join(f.root.Name(), f.name))
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

func (w *walk) entry(f folder, entry fs.DirEntry, ignored bool) bool {
	name, dir := path.Join(f.path, entry.Name()), entry.IsDir()
	if w.Skip != nil && w.Skip(name, dir) {
		return true
	}
	if w.Exclude != nil && w.Exclude(name, dir) {
		return w.excluded(name, "excluded by the configuration or the command line")
	}
	ignored = ignored || w.Ignored != nil && w.Ignored(name, dir)
	switch {
	case dir:
		return w.directory(folder{path: name, root: f.root, name: path.Join(f.name, entry.Name())}, ignored)
	case entry.Type().IsRegular():
		return w.file(f, name, entry.Name(), ignored)
	case entry.Type()&fs.ModeSymlink != 0:
		return w.link(name)
	default:
		return w.excluded(name, kindOf(entry.Type())+", not a regular file")
	}
}

// file yields a file. Its size is asked for when it is opened.
func (w *walk) file(f folder, name, base string, ignored bool) bool {
	f.root.retain()
	return w.yield(Item{
		Origin: Origin{Path: path.Join(w.Prefix, name), Place: File, Repository: w.Repository, Ignored: ignored},
		Size:   -1,
		Open:   func() (io.ReadCloser, error) { return f.root.openFile(path.Join(f.name, base)) },
		Access: func() Access { return AccessOf(filepath.Join(w.top.Name(), filepath.FromSlash(name))) },
	}, nil)
}

// link passes over a symbolic link. Its target is read where it is, if it is
// within the directory; a link out of it is not followed, and is told.
func (w *walk) link(name string) bool {
	if _, err := w.top.Stat(name); err == nil {
		return true
	}
	return w.excluded(name, "symbolic link that leads out of the directory or nowhere")
}

func (w *walk) excluded(name, reason string) bool {
	return w.yield(Item{}, &ItemError{Path: path.Join(w.Prefix, name), Outcome: Excluded, Reason: reason})
}

func (w *walk) failed(name string, err error) bool {
	return w.yield(Item{}, Failed(path.Join(w.Prefix, name), err))
}

// Failed makes the ItemError of something that could not be opened or read.
func Failed(name string, err error) *ItemError {
	if item, ok := errors.AsType[*ItemError](err); ok {
		return &ItemError{Path: name, Outcome: item.Outcome, Reason: item.Reason, Err: item.Err}
	}
	return &ItemError{Path: name, Outcome: Unread, Reason: reason(err), Err: err}
}

// reason is an error without the paths that package os puts around it.
func reason(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error()
	}
	return err.Error()
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return "named pipe"
	case mode&fs.ModeSocket != 0:
		return "socket"
	case mode&fs.ModeDevice != 0:
		return "device"
	}
	return "special file"
}

package source

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// NamedFiles is a Source of some files below a directory, named by a program
// that listed what a repository has: no link is followed, and what is no
// regular file, or not there, is excluded.
type NamedFiles struct {
	Root string
	// Paths are relative to Root and slash-separated.
	Paths []string
	// Ignored tells of a path whether Git ignores it; optional.
	Ignored func(name string, dir bool) bool
}

// Items implements Source.
func (s NamedFiles) Items(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		root, err := os.OpenRoot(s.Root)
		if err != nil {
			yield(Item{}, err)
			return
		}
		defer root.Close()
		for _, path := range s.Paths {
			if ctx.Err() != nil {
				yield(Item{}, context.Cause(ctx))
				return
			}
			item, err := s.item(root, path)
			if !yield(item, err) {
				return
			}
		}
	}
}

func (s NamedFiles) item(root *os.Root, path string) (Item, error) {
	left := func(reason string) (Item, error) {
		return Item{}, &ItemError{Path: path, Outcome: Excluded, Reason: reason}
	}
	local := filepath.FromSlash(path)
	if !filepath.IsLocal(local) {
		return left("not below the directory that is scanned")
	}
	info, err := root.Lstat(local)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return left("not there any more")
	case err != nil:
		return Item{}, Failed(path, err)
	case info.Mode()&fs.ModeSymlink != 0:
		return left("symbolic link")
	case !info.Mode().IsRegular():
		return left("not a regular file")
	}
	return Item{
		Origin: Origin{Path: path, Place: File, Ignored: s.Ignored != nil && s.Ignored(path, false)},
		Size:   info.Size(),
		Open:   func() (io.ReadCloser, error) { return OpenBelow(s.Root, local) },
		Access: func() Access { return AccessOf(filepath.Join(s.Root, local)) },
	}, nil
}

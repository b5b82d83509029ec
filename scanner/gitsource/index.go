package gitsource

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Modes of entries in trees and indexes.
const (
	modeTree    = 0o040000
	modeRegular = 0o100000 // with 0o644 or 0o755
	modeGitlink = 0o160000
)

// indexEntry is one path that is staged.
type indexEntry struct {
	path string
	id   string
	mode uint32
	// stage is 1 to 3 for the sides of a conflict, 0 for everything else.
	stage uint8
}

// index is what one worktree has staged.
type index struct {
	// name is the file, as coverage names it; root the working tree it is
	// for, empty when that is gone.
	name, root string
	entries    []indexEntry
	// treed is set instead of entries where it says enough, data what was read.
	treed *treedIndex
	data  []byte
	// sparse entries stand for whole directories, by their trees; the paths
	// end in a slash.
	sparse []indexEntry
	err    error
	// shared reads the file with the shared part of a split index; nil where
	// there is none to read.
	shared func(name string) ([]byte, error)
}

func isSparse(e indexEntry) bool { return e.mode == modeTree }

// trackedTrees reads the index of every worktree.
func (r *Repository) trackedTrees() []index {
	var out []index
	for _, dir := range r.gitDirs() {
		tree := index{name: ".git/index", root: r.places.root, shared: r.readerIn(dir)}
		if dir != r.places.commonDir {
			tree.name = ".git/worktrees/" + filepath.Base(dir) + "/index"
			tree.root = r.linkedRoot(dir)
		} else if filepath.Base(dir) == ".git" && r.places.gitDir != dir {
			tree.root = filepath.Dir(dir)
		}
		data, err := r.readFile(dir, "index")
		switch {
		case os.IsNotExist(err):
			continue
		case err != nil:
			tree.err = err
		default:
			tree.err = tree.parse(data, r.width)
		}
		out = append(out, tree)
	}
	return out
}

// readerIn is readFile for one directory.
func (r *Repository) readerIn(dir string) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) { return r.readFile(dir, name) }
}

// parse reads an index of version 2, 3 or 4, whole, sparse or split. The
// entries that could be read stay when there is an error.
func (x *index) parse(data []byte, width int) error {
	file, err := decodeIndex(data, width)
	entries := file.entries
	if file.base != "" {
		var splitErr error
		if entries, splitErr = x.joinShared(file, width); err == nil {
			err = splitErr
		}
	}
	if !slices.ContainsFunc(entries, isSparse) {
		x.entries = entries
		return err
	}
	for _, e := range entries {
		if isSparse(e) {
			x.sparse = append(x.sparse, e)
		} else {
			x.entries = append(x.entries, e)
		}
	}
	return err
}

// joinShared reads the shared part of a split index and joins the two.
func (x *index) joinShared(own indexFile, width int) ([]indexEntry, error) {
	if x.shared == nil {
		return own.named(), errors.New("split index: the shared part is not here")
	}
	data, err := x.shared("sharedindex." + hex.EncodeToString([]byte(own.base)))
	if err != nil {
		return own.named(), fmt.Errorf("split index: shared part: %s", reasonOf(err))
	}
	shared, err := decodeIndex(data, width)
	if err != nil {
		err = fmt.Errorf("split index: shared part: %w", err)
	} else if string(data[len(data)-width:]) != own.base {
		err = errors.New("split index: the shared part is another one")
	}
	entries, joinErr := own.join(shared.entries)
	if err == nil && joinErr != nil {
		err = fmt.Errorf("split index: %w", joinErr)
	}
	return entries, err
}

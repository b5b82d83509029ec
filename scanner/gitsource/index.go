package gitsource

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Modes of entries in trees and indexes.
const (
	modeTree    = 0o040000
	modeGitlink = 0o160000
)

// indexEntry is one path that is staged.
type indexEntry struct {
	path string
	id   string
	mode uint32
}

// index is what one worktree has staged.
type index struct {
	// name is the file, as coverage names it; root the working tree it is
	// for, empty when that is gone.
	name, root string
	entries    []indexEntry
	// sparse entries stand for whole directories.
	sparse []indexEntry
	err    error
}

// maxNames bounds what the paths of an index may take, in bytes: version 4
// can tell long ones in two bytes each.
const maxNames = 512 << 20

var errSplitIndex = errors.New("split index: entries of the shared part are not read")

// trackedTrees reads the index of every worktree.
func (r *Repository) trackedTrees() []index {
	var out []index
	for _, dir := range r.gitDirs() {
		tree := index{name: ".git/index", root: r.places.root}
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

// parse reads an index of version 2, 3 or 4. The entries that were read before
// an error stay.
func (x *index) parse(data []byte, width int) error {
	if len(data) < 12+width || string(data[:4]) != "DIRC" {
		return errors.New("not an index file")
	}
	version := binary.BigEndian.Uint32(data[4:])
	count := binary.BigEndian.Uint32(data[8:])
	if version < 2 || version > 4 {
		return fmt.Errorf("index version %d is not known", version)
	}
	rest := data[12 : len(data)-width]
	previous, names := "", 0
	for range count {
		entry, size, err := parseIndexEntry(rest, width, version, previous)
		if err != nil {
			return err
		}
		previous = entry.path
		rest = rest[size:]
		if names += len(entry.path); names > maxNames {
			return errors.New("paths take more memory than an index may")
		}
		if entry.mode == modeTree {
			x.sparse = append(x.sparse, entry)
		} else {
			x.entries = append(x.entries, entry)
		}
	}
	for len(rest) >= 8 {
		size := int64(binary.BigEndian.Uint32(rest[4:]))
		if string(rest[:4]) == "link" && size > int64(width) {
			return errSplitIndex
		}
		if size > int64(len(rest)-8) {
			return errors.New("index extension is cut short")
		}
		rest = rest[8+size:]
	}
	return nil
}

// parseIndexEntry reads one entry and tells its size on disk.
func parseIndexEntry(data []byte, width int, version uint32, previous string) (indexEntry, int, error) {
	cut := errors.New("index entry is cut short")
	header := 40 + width + 2
	if len(data) < header {
		return indexEntry{}, 0, cut
	}
	e := indexEntry{
		mode: binary.BigEndian.Uint32(data[24:]),
		id:   string(data[40 : 40+width]),
	}
	if data[40+width]&0x40 != 0 { // extended flags
		header += 2
		if version < 3 || len(data) < header {
			return indexEntry{}, 0, cut
		}
	}
	name := data[header:]
	strip := 0
	if version == 4 {
		n, size := offsetVarint(name)
		if size == 0 || n > uint64(len(previous)) {
			return indexEntry{}, 0, cut
		}
		strip, name, header = int(n), name[size:], header+size
	}
	end := bytes.IndexByte(name, 0)
	if end < 0 {
		return indexEntry{}, 0, cut
	}
	if version == 4 {
		e.path = previous[:len(previous)-strip] + string(name[:end])
		return e, header + end + 1, nil
	}
	e.path = string(name[:end])
	size := (header + end + 8) &^ 7
	if size > len(data) {
		return indexEntry{}, 0, cut
	}
	return e, size, nil
}

// offsetVarint reads the number form of pack offsets; size 0 says that it is
// cut short or too large.
func offsetVarint(data []byte) (n uint64, size int) {
	for i, c := range data {
		if i > 8 {
			return 0, 0
		}
		if i > 0 {
			n++
		}
		n = n<<7 | uint64(c&0x7f)
		if c&0x80 == 0 {
			return n, i + 1
		}
	}
	return 0, 0
}

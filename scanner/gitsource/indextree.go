package gitsource

import (
	"crypto/sha1"
	"crypto/sha256"
	"hash"
	"slices"
	"strconv"
	"strings"
)

// indexTree is a directory of an index, with the id that its tree would have:
// where HEAD has the same one, nothing below it needs to be compared.
type indexTree struct {
	// name is the last element of the path; path ends in a slash, or is empty.
	name, path string
	// entries are all below it, dirs the directories in it.
	entries []indexEntry
	dirs    []*indexTree
	// id is raw, empty where a conflict leaves none. sparse directories have
	// nothing else.
	id     string
	sparse bool
	// deep directories are not divided any more: all entries are their files.
	deep bool
}

// files yields the entries that are in no directory below, with their names.
func (d *indexTree) files(yield func(name string, e indexEntry) bool) {
	for _, e := range d.entries {
		name := e.path[len(d.path):]
		if (d.deep || strings.IndexByte(name, '/') < 0) && !yield(name, e) {
			return
		}
	}
}

// newIndexTree arranges the entries of an index that are below prefix, which is
// empty for all of it. An index that is out of order gives ids that nothing has,
// so that all of it is compared.
func newIndexTree(x index, width int, prefix string) *indexTree {
	entries := x.entries
	if len(x.sparse) > 0 {
		entries = slices.Concat(entries, x.sparse)
		slices.SortStableFunc(entries, func(a, b indexEntry) int { return strings.Compare(a.path, b.path) })
	}
	a := arranging{sum: sha1.New()}
	if width == sha256.Size {
		a.sum = sha256.New()
	}
	root, _ := a.directory(entries, prefix, 0)
	return root
}

// arranging makes trees; content holds those that are being made, each behind
// the one that it is in.
type arranging struct {
	sum     hash.Hash
	content []byte
}

// directory makes the directory of the first entries that have the prefix, and
// returns those that follow.
func (a *arranging) directory(entries []indexEntry, prefix string, depth int) (dir *indexTree, rest []indexEntry) {
	dir = &indexTree{path: prefix, entries: entries, deep: depth >= maxDepth}
	start, conflict := len(a.content), false
	for len(entries) > 0 && strings.HasPrefix(entries[0].path, prefix) {
		e := entries[0]
		name, _, below := strings.Cut(e.path[len(prefix):], "/")
		switch {
		case !below || dir.deep:
			conflict = conflict || e.stage != 0
			a.add(e.mode, name, e.id)
			entries = entries[1:]
		case e.mode == modeTree && len(e.path) == len(prefix)+len(name)+1:
			dir.dirs = append(dir.dirs, &indexTree{name: name, path: e.path, id: e.id, sparse: true})
			a.add(modeTree, name, e.id)
			entries = entries[1:]
		default:
			var sub *indexTree
			sub, entries = a.directory(entries, e.path[:len(prefix)+len(name)+1], depth+1)
			sub.name = name
			conflict = conflict || sub.id == ""
			dir.dirs = append(dir.dirs, sub)
			a.add(modeTree, name, sub.id)
		}
	}
	dir.entries = dir.entries[:len(dir.entries)-len(entries)]
	if !conflict {
		a.sum.Reset()
		a.sum.Write(append(strconv.AppendInt([]byte("tree "), int64(len(a.content)-start), 10), 0))
		a.sum.Write(a.content[start:])
		dir.id = string(a.sum.Sum(nil))
	}
	a.content = a.content[:start]
	return dir, entries
}

func (a *arranging) add(mode uint32, name, id string) {
	a.content = strconv.AppendUint(a.content, uint64(mode), 8)
	a.content = append(a.content, ' ')
	a.content = append(a.content, name...)
	a.content = append(a.content, 0)
	a.content = append(a.content, id...)
}

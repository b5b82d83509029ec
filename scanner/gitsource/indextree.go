package gitsource

import (
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"hash"
	"slices"
	"strings"
)

// indexTree is a directory of an index, with the id that its tree would have:
// where HEAD has the same one, nothing below it needs to be compared.
type indexTree struct {
	// name is the last element of the path; path ends in a slash, or is empty.
	name, path string
	files      []indexFileEntry
	dirs       []*indexTree
	// id is raw, empty where a conflict leaves none. sparse directories have
	// nothing else.
	id     string
	sparse bool
}

type indexFileEntry struct {
	name, id string
	mode     uint32
}

// newIndexTree arranges the entries of an index. An index that is out of order
// gives ids that nothing has, so that all of it is compared.
func newIndexTree(x index, width int) *indexTree {
	entries := x.entries
	if len(x.sparse) > 0 {
		entries = slices.Concat(entries, x.sparse)
		slices.SortStableFunc(entries, func(a, b indexEntry) int { return strings.Compare(a.path, b.path) })
	}
	sum := sha1.New()
	if width == sha256.Size {
		sum = sha256.New()
	}
	root, _ := arrange(entries, "", 0, sum)
	return root
}

// arrange makes the directory of the first entries that have the prefix, and
// returns those that follow.
func arrange(entries []indexEntry, prefix string, depth int, sum hash.Hash) (dir *indexTree, rest []indexEntry) {
	dir = &indexTree{path: prefix}
	var content []byte
	conflict := false
	add := func(mode uint32, name, id string) {
		content = fmt.Appendf(content, "%o %s\x00%s", mode, name, id)
	}
	for len(entries) > 0 && strings.HasPrefix(entries[0].path, prefix) {
		e := entries[0]
		name, _, below := strings.Cut(e.path[len(prefix):], "/")
		switch {
		case !below || depth >= maxDepth:
			name = e.path[len(prefix):]
			dir.files = append(dir.files, indexFileEntry{name: name, id: e.id, mode: e.mode})
			conflict = conflict || e.stage != 0
			add(e.mode, name, e.id)
			entries = entries[1:]
		case e.mode == modeTree && len(e.path) == len(prefix)+len(name)+1:
			dir.dirs = append(dir.dirs, &indexTree{name: name, path: e.path, id: e.id, sparse: true})
			add(modeTree, name, e.id)
			entries = entries[1:]
		default:
			var sub *indexTree
			sub, entries = arrange(entries, prefix+name+"/", depth+1, sum)
			sub.name = name
			dir.dirs = append(dir.dirs, sub)
			conflict = conflict || sub.id == ""
			add(modeTree, name, sub.id)
		}
	}
	if conflict {
		return dir, entries
	}
	sum.Reset()
	sum.Write(fmt.Appendf(nil, "tree %d\x00", len(content)))
	sum.Write(content)
	dir.id = string(sum.Sum(nil))
	return dir, entries
}

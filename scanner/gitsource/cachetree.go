package gitsource

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
)

// errDisagrees says that the parts of an index do not fit together.
var errDisagrees = errors.New("the trees of the index are not those of its entries")

// treedIndex is an index of which only those directories are read whose trees
// are not the ones at HEAD. Git keeps in it which trees the directories would
// become, and takes these for the next commit.
type treedIndex struct {
	// data ends where the extensions begin; starts are where the entries are,
	// and the end of the last one.
	data   []byte
	starts []uint32
	width  int
	trees  []cachedTree
	// below are the directories in each of the trees.
	below []uint32
}

// cachedTree is a directory of the index with its tree.
type cachedTree struct {
	name, id []byte
	// entries counts those below it; -1 where something changed since the tree
	// was made. first and dirs tell its part of treedIndex.below.
	entries, first, dirs int
}

// leastTree is what a tree takes in the index, in bytes.
const leastTree = 6

// noTree is a directory of which the index says nothing.
const noTree = math.MaxUint32

// openTreed looks whether an index can be read by its trees; nil if not. Then it
// is read whole, which tells what is wrong with it, if anything is.
func openTreed(data []byte, width int) *treedIndex {
	if len(data) < 12+width || string(data[:4]) != "DIRC" {
		return nil
	}
	if version := binary.BigEndian.Uint32(data[4:]); version != 2 && version != 3 {
		return nil
	}
	x := &treedIndex{data: data[:len(data)-width], width: width}
	var extensions indexFile
	if !x.locate(binary.BigEndian.Uint32(data[8:])) || extensions.extensions(x.data[x.starts[len(x.starts)-1]:], width) != nil || extensions.base != "" {
		return nil
	}
	rest, err := x.addTrees(extensions.trees, 0)
	if err != nil || len(rest) > 0 {
		return nil
	}
	return x
}

// locate finds the entries.
func (x *treedIndex) locate(count uint32) bool {
	least := leastIndexEntry + x.width
	if int(count) > len(x.data)/least {
		return false
	}
	x.starts = make([]uint32, 0, count+1)
	at := 12
	for range count {
		x.starts = append(x.starts, uint32(at))
		if len(x.data)-at < least {
			return false
		}
		flags := binary.BigEndian.Uint16(x.data[at+least-2:])
		size := least + int(flags&0xfff)
		if flags&0x4000 != 0 { // extended flags
			size += 2
		}
		if at += (size + 8) &^ 7; flags&0xfff == 0xfff || at > len(x.data) || x.data[at-1] != 0 {
			return false
		}
	}
	x.starts = append(x.starts, uint32(at))
	return true
}

// addTrees reads one tree of Git's extension with all below it, and returns
// what follows.
func (x *treedIndex) addTrees(data []byte, depth int) ([]byte, error) {
	name, rest, ok := bytes.Cut(data, []byte{0})
	numbers, rest, end := bytes.Cut(rest, []byte{'\n'})
	first, second, two := bytes.Cut(numbers, []byte{' '})
	entries, err := strconv.Atoi(string(first))
	dirs, dirsErr := strconv.Atoi(string(second))
	if !ok || !end || !two || err != nil || dirsErr != nil || depth > maxDepth ||
		dirs < 0 || dirs > len(x.data)/leastTree-len(x.below) {
		return nil, errDisagrees
	}
	t := cachedTree{name: name, entries: max(entries, -1), first: len(x.below), dirs: dirs}
	if entries >= 0 {
		if len(rest) < x.width {
			return nil, errDisagrees
		}
		t.id, rest = rest[:x.width], rest[x.width:]
	}
	x.trees = append(x.trees, t)
	x.below = append(x.below, make([]uint32, dirs)...)
	for i := range dirs {
		x.below[t.first+i] = uint32(len(x.trees))
		if rest, err = x.addTrees(rest, depth+1); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// in finds the tree of a directory in another one. Git has them in the order
// of their lengths; one that is elsewhere is not found, and is compared like
// one that Git did not make yet.
func (x *treedIndex) in(tree uint32, name string) uint32 {
	if tree == noTree {
		return noTree
	}
	dirs := x.below[x.trees[tree].first:][:x.trees[tree].dirs]
	at, ok := slices.BinarySearchFunc(dirs, name, func(dir uint32, name string) int {
		there := x.trees[dir].name
		return cmp.Or(cmp.Compare(len(there), len(name)), strings.Compare(string(there), name))
	})
	if !ok {
		return noTree
	}
	return dirs[at]
}

func (x *treedIndex) len() int { return len(x.starts) - 1 }

// entry reads the entry of a rank.
func (x *treedIndex) entry(rank int) (indexEntry, error) {
	e, _, err := parseIndexEntry(string(x.data[x.starts[rank]:x.starts[rank+1]]), x.width, 3, "")
	return e, err
}

// isBelow reports whether an entry is in a directory.
func (x *treedIndex) isBelow(rank int, prefix string) bool {
	start := int(x.starts[rank]) + leastIndexEntry + x.width
	if x.data[start-2]&0x40 != 0 {
		start += 2
	}
	return bytes.HasPrefix(x.data[start:x.starts[rank+1]], []byte(prefix))
}

// treedComparison compares the entries from next on.
type treedComparison struct {
	*comparison
	index *treedIndex
	next  int
}

// directory adds what the index has of a directory and the tree at HEAD has
// not.
func (c *treedComparison) directory(ctx context.Context, own uint32, prefix, tree string) error {
	if own != noTree {
		if t := c.index.trees[own]; t.entries >= 0 && string(t.id) == tree {
			return c.pass(prefix, t.entries)
		}
	}
	head, err := c.below(ctx, tree)
	if err != nil {
		return err
	}
	for c.next < c.index.len() && c.index.isBelow(c.next, prefix) {
		e, err := c.index.entry(c.next)
		if err != nil {
			return errDisagrees
		}
		name, _, below := strings.Cut(e.path[len(prefix):], "/")
		there, ok := head[name]
		if !below {
			c.next++
			if !ok || string(there.id) != e.id {
				c.add(e.mode, e.id, e.path)
			}
			continue
		}
		id := ""
		if ok && there.mode == modeTree {
			id = string(there.id)
		}
		if isSparse(e) && len(e.path) == len(prefix)+len(name)+1 {
			c.next++
			if err := c.sparse(ctx, e.id, id, e.path, 0); err != nil {
				return err
			}
			continue
		}
		if err := c.deeper(ctx, c.index.in(own, name), prefix+name+"/", id); err != nil {
			return err
		}
	}
	return nil
}

// deeper compares a directory in another one: by its tree, or by what it holds
// where the index has no tree, and no more trees below it.
func (c *treedComparison) deeper(ctx context.Context, own uint32, prefix, tree string) error {
	if own != noTree {
		return c.directory(ctx, own, prefix, tree)
	}
	var part index
	for ; c.next < c.index.len() && c.index.isBelow(c.next, prefix); c.next++ {
		e, err := c.index.entry(c.next)
		if err != nil {
			return errDisagrees
		}
		if isSparse(e) {
			part.sparse = append(part.sparse, e)
		} else {
			part.entries = append(part.entries, e)
		}
	}
	return c.compare(ctx, newIndexTree(part, c.repo.width, prefix), tree)
}

// pass leaves out the entries of a directory, which must be these and no more.
func (c *treedComparison) pass(prefix string, entries int) error {
	from, to := c.next, c.next+entries
	if entries == 0 || to > c.index.len() || !c.index.isBelow(from, prefix) || !c.index.isBelow(to-1, prefix) ||
		to < c.index.len() && c.index.isBelow(to, prefix) {
		return errDisagrees
	}
	c.next = to
	return nil
}

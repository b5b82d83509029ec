package gitsource

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/qleaks/qleaks/scanner/gitsource/pack"
)

const (
	// diffSteps bounds the entries that are compared in one range, diffPairs
	// the comparisons that are remembered.
	diffSteps = 500_000_000
	diffPairs = 4_000_000
	// diffCache is how many bytes of trees are held, twice.
	diffCache = 64 << 20
)

// diffEntry is an entry of a tree that is compared.
type diffEntry struct {
	name  string
	id    []byte
	mode  uint32
	child uint32 // none if it is not here
}

// differ finds the entries of trees that others do not have at the same path.
type differ struct {
	*search
	reader *pack.Reader
	// trees and older are those at hand, size the bytes of the first.
	trees, older map[uint32][]diffEntry
	size         int
	// done are the comparisons that were made, by the trees' indexes; nil
	// where each counts, since paths do.
	done map[string]bool
	// hot limits the way to some trees; nil does not.
	hot map[uint32]bool
	// visit is told each new entry that is no submodule, the tree that holds it
	// and, where done is nil, its path.
	visit func(tree uint32, e diffEntry, path string)
	// modules are the commits of submodules that are new, if it is not nil.
	modules map[string]bool
	// all are the steps that are left, left those for one commit.
	all, left int
	cut       bool
}

func newDiffer(s *search) *differ {
	return &differ{search: s, reader: s.objects.store.NewReader(), trees: map[uint32][]diffEntry{}, all: diffSteps, left: diffSteps}
}

// commit compares a commit with its parents.
func (d *differ) commit(ctx context.Context, n uint32) error {
	root := d.graph.commits[n].tree
	if root == none {
		return nil // told as missing
	}
	var others []uint32
	for _, p := range d.graph.parentsOf(n) {
		if t := d.graph.commits[p].tree; t != none {
			others = append(others, t)
		}
	}
	return d.tree(ctx, root, others, "", 0)
}

func (d *differ) tree(ctx context.Context, tree uint32, others []uint32, prefix string, depth int) error {
	if slices.Contains(others, tree) || !d.first(tree, others) {
		return nil
	}
	if depth > maxDepth {
		d.cut = true
	}
	if d.cut {
		return nil
	}
	entries, err := d.read(ctx, tree)
	if err != nil {
		return err
	}
	lists := make([][]diffEntry, 0, len(others))
	for _, o := range others {
		list, err := d.read(ctx, o)
		if err != nil {
			return err
		}
		lists = append(lists, list)
	}
	for _, e := range entries {
		cost := 1 + len(lists) + (len(prefix)+len(e.name))/256
		d.all -= cost
		d.left -= cost
		if d.all < 0 || d.left < 0 {
			d.cut = true
			return nil
		}
		below, present := findEntry(e, lists)
		if !present && isGitlink(e.mode) && d.modules != nil {
			d.modules[string(e.id)] = true
		}
		if present || isGitlink(e.mode) || d.hot != nil && !d.isHot(e) {
			continue
		}
		path := ""
		if d.done == nil {
			path = prefix + e.name
		}
		d.visit(tree, e, path)
		if e.mode != modeTree || e.child == none {
			continue
		}
		if err := d.tree(ctx, e.child, below, path+"/", depth+1); err != nil {
			return err
		}
	}
	return nil
}

func isGitlink(mode uint32) bool { return mode&0o170000 == modeGitlink }

func (d *differ) isHot(e diffEntry) bool { return d.hot[e.child] || d.found[e.child] != nil }

// first reports whether a comparison is made for the first time.
func (d *differ) first(tree uint32, others []uint32) bool {
	if d.done == nil {
		return true
	}
	sorted := slices.Clone(others)
	slices.Sort(sorted)
	pair := binary.LittleEndian.AppendUint32(nil, tree)
	for _, o := range slices.Compact(sorted) {
		pair = binary.LittleEndian.AppendUint32(pair, o)
	}
	if d.done[string(pair)] {
		return false
	}
	if len(d.done) >= diffPairs {
		clear(d.done)
	}
	d.done[string(pair)] = true
	return true
}

// findEntry tells whether one of the lists has an entry, and if not, the trees
// that they have under its name.
func findEntry(e diffEntry, lists [][]diffEntry) (below []uint32, present bool) {
	for _, list := range lists {
		at, _ := slices.BinarySearchFunc(list, e.name, func(f diffEntry, name string) int { return cmp.Compare(f.name, name) })
		for ; at < len(list) && list[at].name == e.name; at++ {
			if bytes.Equal(list[at].id, e.id) {
				return nil, true
			}
			if list[at].mode == modeTree && list[at].child != none {
				below = append(below, list[at].child)
			}
		}
	}
	return below, false
}

// read returns the entries of a tree in order of their names. What cannot be
// read is told, and empty.
func (d *differ) read(ctx context.Context, tree uint32) ([]diffEntry, error) {
	if list, ok := d.trees[tree]; ok {
		return list, nil
	}
	list, ok := d.older[tree]
	if !ok {
		var err error
		if list, err = d.load(ctx, tree); err != nil {
			return nil, err
		}
	}
	for _, e := range list {
		d.size += 64 + len(e.name) + len(e.id)
	}
	d.size += 64
	if d.size > diffCache {
		d.older, d.trees, d.size = d.trees, map[uint32][]diffEntry{}, 0
	}
	d.trees[tree] = list
	return list, nil
}

func (d *differ) load(ctx context.Context, tree uint32) ([]diffEntry, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	name := "objects/" + d.objects.name(tree)
	o, err := d.reader.Read(ctx, d.objects.table.Index(tree))
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		d.notes.add(unread(name, "tree cannot be read", err))
		return nil, nil
	}
	if o.Type != pack.Tree {
		d.notes.add(unread(name, fmt.Sprintf("a tree is named, but it is a %s", o.Type), nil))
		return nil, nil
	}
	// Reading costs, too, though what is read may have few entries.
	d.all -= len(o.Data) / 64
	data := bytes.Clone(o.Data)
	var list []diffEntry
	whole := eachEntry(data, d.objects.width, func(e treeEntry) {
		list = append(list, diffEntry{name: string(e.name), id: e.id, mode: e.mode, child: d.objects.find(e.id)})
	})
	if !whole {
		d.notes.add(unread(name, "broken tree", nil))
	}
	slices.SortStableFunc(list, func(a, b diffEntry) int { return cmp.Compare(a.name, b.name) })
	return list, nil
}

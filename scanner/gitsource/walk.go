package gitsource

import (
	"cmp"
	"context"
	"slices"

	"github.com/qleaks/qleaks/scanner/gitsource/pack"
)

const (
	// maxPaths is how many paths of one blob are told. A dozen trees can hold
	// a blob under ten thousand million paths.
	maxPaths = 1000
	// commitSteps and allSteps bound the entries that are looked at for one
	// commit and for all.
	commitSteps = 200_000
	allSteps    = 20_000_000
	// maxDepth bounds nested directories.
	maxDepth = 4096
	// maxHotEntries bounds the tree entries that are held in memory.
	maxHotEntries = 5_000_000
)

// hotEntry is a tree entry that leads to a key.
type hotEntry struct {
	name  string
	child uint32
}

// hotTrees follows blobs with keys up to the trees that lead to them.
func (s *search) hotTrees() []uint32 {
	var stack, hot []uint32
	for object := range s.found {
		stack = append(stack, object)
	}
	seen := map[uint32]bool{}
	for len(stack) > 0 {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, parent := range s.walked.parents[at] {
			if !seen[parent] {
				seen[parent] = true
				hot = append(hot, parent)
				stack = append(stack, parent)
			}
		}
	}
	slices.Sort(hot)
	return hot
}

// readHot reads the entries of the hot trees that lead to keys, in order of
// their names.
func (s *search) readHot(ctx context.Context, trees []uint32) (map[uint32][]hotEntry, error) {
	out := make(map[uint32][]hotEntry, len(trees))
	for _, t := range trees {
		out[t] = nil
	}
	total := 0
	err := s.objects.walk(ctx, pack.Only(pack.Tree), trees, 1, func(_ int, o object) error {
		var entries []hotEntry
		eachEntry(o.data, s.objects.width, func(entry treeEntry) {
			child := s.objects.find(entry.id)
			if child == none || total >= maxHotEntries {
				return
			}
			_, hotTree := out[child]
			if hotTree || s.found[child] != nil && s.found[child].kind == pack.Blob {
				entries = append(entries, hotEntry{name: string(entry.name), child: child})
				total++
			}
		})
		slices.SortStableFunc(entries, func(a, b hotEntry) int { return cmp.Compare(a.name, b.name) })
		out[o.index] = entries
		return nil
	})
	if total >= maxHotEntries {
		s.notes.add(excluded("objects", "more paths lead to keys than are followed; some paths are not told"))
	}
	return out, err
}

// walk looks for the commits that brought hot blobs to paths.
type walk struct {
	names map[uint32][]hotEntry
	kind  func(object uint32) pack.Type
	// introduce is told each introduction.
	introduce func(commit uint32, s standing)
	commit    uint32
	// steps are those left for this commit, all those for every one.
	steps, all int
	cut        bool
}

// history walks every commit against its parents.
func (w *walk) history(g *graph) {
	for _, n := range g.order {
		root := g.commits[n].tree
		if len(w.names[root]) == 0 {
			continue
		}
		others := make([]uint32, 0, len(g.parents[n]))
		for _, p := range g.parents[n] {
			if tree := g.commits[p].tree; len(w.names[tree]) > 0 {
				others = append(others, tree)
			}
		}
		w.root(n, root, others)
	}
}

// root walks one tree; what any of the others has at the same path is not new.
func (w *walk) root(commit, tree uint32, others []uint32) {
	if slices.Contains(others, tree) {
		return
	}
	w.commit, w.steps = commit, commitSteps
	w.tree(tree, others, "", 0)
}

func (w *walk) tree(tree uint32, others []uint32, prefix string, depth int) {
	if depth > maxDepth {
		w.cut = true
		return
	}
	for _, e := range w.names[tree] {
		below, present := w.compare(e, others)
		if present {
			continue
		}
		// Long paths cost more: they are held in memory.
		cost := 1 + (len(prefix)+len(e.name))/256
		w.steps -= cost
		w.all -= cost
		if w.steps < 0 || w.all < 0 {
			w.cut = true
			return
		}
		path := prefix + e.name
		if w.kind(e.child) == pack.Blob {
			w.introduce(w.commit, standing{blob: e.child, path: path})
			continue
		}
		w.tree(e.child, below, path+"/", depth+1)
	}
}

// compare tells whether one of the others has the entry, and if not, the trees
// that they have under its name.
func (w *walk) compare(e hotEntry, others []uint32) (below []uint32, present bool) {
	for _, o := range others {
		entries := w.names[o]
		at, _ := slices.BinarySearchFunc(entries, e.name, func(f hotEntry, name string) int { return cmp.Compare(f.name, name) })
		// A broken tree can have a name twice.
		for ; at < len(entries) && entries[at].name == e.name; at++ {
			child := entries[at].child
			if child == e.child {
				return nil, true
			}
			if w.kind(child) == pack.Tree {
				below = append(below, child)
			}
		}
	}
	return below, false
}

package gitsource

import (
	"cmp"
	"slices"
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
)

// hotAbove follows objects with keys up to the trees that lead to them, as far
// as those were read.
func (s *search) hotAbove() map[uint32]bool {
	var stack []uint32
	for object := range s.found {
		stack = append(stack, object)
	}
	hot := map[uint32]bool{}
	for len(stack) > 0 {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, parent := range s.walked.parents[at] {
			if !hot[parent] {
				hot[parent] = true
				stack = append(stack, parent)
			}
		}
	}
	return hot
}

// walk looks for the commits that brought hot blobs to paths.
type walk struct {
	hot *hotTrees
	// introduce is told each introduction.
	introduce func(commit uint32, s standing)
	commit    uint32
	// steps are those left for this commit, all those for every one.
	steps, all int
	cut        bool
	// path is the way from the root, others a stack of the trees that are
	// compared with.
	path   []byte
	others []uint32
}

// history walks every commit against its parents.
func (w *walk) history(g *graph) {
	for _, n := range g.order {
		root := g.commits[n].tree
		if len(w.hot.of(root)) == 0 {
			continue
		}
		w.others = w.others[:0]
		for _, p := range g.parentsOf(n) {
			if tree := g.commits[p].tree; len(w.hot.of(tree)) > 0 {
				w.others = append(w.others, tree)
			}
		}
		w.root(n, root, w.others)
	}
}

// root walks one tree; what any of the others has at the same path is not new.
func (w *walk) root(commit, tree uint32, others []uint32) {
	if slices.Contains(others, tree) {
		return
	}
	w.begin(commit, "")
	w.tree(tree, others, 0)
}

// begin gets ready for the trees of a commit, below a path.
func (w *walk) begin(commit uint32, path string) {
	w.commit, w.steps, w.path = commit, commitSteps, append(w.path[:0], path...)
}

func (w *walk) tree(tree uint32, others []uint32, depth int) {
	if depth > maxDepth {
		w.cut = true
		return
	}
	prefix := len(w.path)
	for _, e := range w.hot.of(tree) {
		mark := len(w.others)
		if w.compare(e, others) {
			continue
		}
		// Long paths cost more: they are held in memory.
		name := w.hot.names[e.name]
		cost := 1 + (prefix+len(name))/256
		w.steps -= cost
		w.all -= cost
		if w.steps < 0 || w.all < 0 {
			w.cut = true
			return
		}
		w.path = append(w.path[:prefix], name...)
		if w.hot.isTree(e.child) {
			w.path = append(w.path, '/')
			w.tree(e.child, w.others[mark:], depth+1)
		} else {
			w.introduce(w.commit, standing{blob: e.child, path: string(w.path)})
		}
		w.others = w.others[:mark]
	}
}

// compare tells whether one of the others has the entry. If not, the trees that
// they have under its name are put on the stack.
func (w *walk) compare(e hotEntry, others []uint32) (present bool) {
	mark := len(w.others)
	for _, o := range others {
		entries := w.hot.of(o)
		at, _ := slices.BinarySearchFunc(entries, e.name, func(f hotEntry, name uint32) int { return cmp.Compare(f.name, name) })
		// A broken tree can have a name twice.
		for ; at < len(entries) && entries[at].name == e.name; at++ {
			child := entries[at].child
			if child == e.child {
				w.others = w.others[:mark]
				return true
			}
			if w.hot.isTree(child) {
				w.others = append(w.others, child)
			}
		}
	}
	return false
}

package gitsource

import (
	"cmp"
	"slices"
)

// maxHotEntries bounds the tree entries that lead to keys and are followed.
const maxHotEntries = 5_000_000

// hotTrees are the trees that lead to keys, and those of their entries that do.
type hotTrees struct {
	// trees are told by the objects' numbers, in the order in which they were
	// found; places leads back, one too high, 0 for what is not hot.
	trees  []uint32
	places []uint32
	// entries are those of each tree in order of their names, of trees[i] in
	// entries[first[i]:first[i+1]].
	first   []uint32
	entries []hotEntry
	// names are in order.
	names []string
	// held are the objects that hot trees hold.
	held bitset
	// cut is true where some were not followed.
	cut bool
}

// hotEntry is a tree entry that leads to a key; names are compared by their
// numbers.
type hotEntry struct{ name, child uint32 }

// of returns what a tree has that leads to keys.
func (h *hotTrees) of(tree uint32) []hotEntry {
	if tree == none || h.places[tree] == 0 {
		return nil
	}
	at := h.places[tree] - 1
	return h.entries[h.first[at]:h.first[at+1]]
}

// isTree tells a hot tree from a blob with a key.
func (h *hotTrees) isTree(object uint32) bool { return h.places[object] != 0 }

// newHotTrees follows blobs up to the trees that lead to them, by what was
// remembered of all trees.
func newHotTrees(logs []*treeLog, blobs []uint32, size int) *hotTrees {
	h := &hotTrees{places: make([]uint32, size), held: newBitset(size), first: []uint32{0}}
	total := int64(0)
	for _, l := range logs {
		total += l.size
		h.cut = h.cut || total > l.limit
	}
	if h.cut {
		return h
	}
	f := &follower{hotTrees: h, log: joinLogs(logs)}
	f.names = f.log.names
	f.holdersOfAll(size)
	f.follow(blobs)
	f.arrange()
	return h
}

// follower is the search for hot trees. Trees are told by their places in the
// log.
type follower struct {
	*hotTrees
	log *treeLog
	// holders are those trees that have an object and whose base has it not, of
	// object n in holders[starts[n]:starts[n+1]].
	starts  []uint32
	holders []holder
	// found are the hot entries in the order in which they were found, hot the
	// trees that they are in.
	found []foundEntry
	hot   bitset
	// at are the places of the entry that is followed, by depth.
	at []uint32
}

// holder is a tree that holds an object, and by which entry.
type holder struct{ tree, entry uint32 }

type foundEntry struct{ tree, name, child uint32 }

func (f *follower) holdersOfAll(size int) {
	f.starts = make([]uint32, size+2)
	for _, e := range f.log.entries {
		f.starts[e.child+2]++
	}
	for i := 2; i < len(f.starts); i++ {
		f.starts[i] += f.starts[i-1]
	}
	f.holders = make([]holder, len(f.log.entries))
	entry := uint32(0)
	for n, t := range f.log.trees {
		for ; entry < t.entries; entry++ {
			next := &f.starts[f.log.entries[entry].child+1]
			f.holders[*next] = holder{tree: uint32(n), entry: entry}
			*next++
		}
	}
}

// follow goes from objects to what holds them, and so on.
func (f *follower) follow(blobs []uint32) {
	f.hot = newBitset(len(f.log.trees))
	for queue := slices.Clone(blobs); len(queue) > 0; queue = queue[1:] {
		object := queue[0]
		for _, h := range f.holders[f.starts[object]:f.starts[object+1]] {
			f.held.add(object)
			queue = f.descend(h, queue)
			if f.cut {
				return
			}
		}
	}
}

// descend notes an entry in a tree that has it, and in all that are made from
// the tree and took it over. Trees that are hot from then on are appended to
// the queue.
func (f *follower) descend(h holder, queue []uint32) []uint32 {
	e := f.log.entries[h.entry]
	trees := f.log.trees
	top := trees[h.tree].depth
	for len(f.at) <= maxDepth {
		f.at = append(f.at, 0)
	}
	place, here := e.at, true
	for n := h.tree; ; {
		depth := trees[n].depth
		if here {
			if len(f.found) >= maxHotEntries {
				f.cut = true
				return queue
			}
			f.found = append(f.found, foundEntry{tree: n, name: e.name, child: e.child})
			f.at[depth] = place
			if !f.hot.has(n) {
				f.hot.add(n)
				queue = append(queue, trees[n].object)
			}
		}
		for n++; int(n) < len(trees) && !here && trees[n].depth > depth; n++ {
			// made from what has it no more
		}
		if int(n) == len(trees) || trees[n].depth <= top {
			return queue
		}
		if here = trees[n].based; here {
			_, copies := f.log.span(n)
			place, here = inherited(copies, f.at[trees[n].depth-1])
		}
	}
}

// inherited tells where an entry of the base is in a tree.
func inherited(copies []copiedEntries, at uint32) (uint32, bool) {
	for _, c := range copies {
		if at-c.from < c.count {
			return at - c.from + c.at, true
		}
	}
	return 0, false
}

// arrange puts the entries in order.
func (f *follower) arrange() {
	places := make([]uint32, len(f.log.trees))
	for n, t := range f.log.trees {
		if f.hot.has(uint32(n)) {
			f.trees = append(f.trees, t.object)
			f.hotTrees.places[t.object] = uint32(len(f.trees))
			places[n] = uint32(len(f.trees))
		}
	}
	f.first = make([]uint32, len(f.trees)+2)
	for _, e := range f.found {
		f.first[places[e.tree]+1]++
	}
	for i := 2; i < len(f.first); i++ {
		f.first[i] += f.first[i-1]
	}
	f.entries = make([]hotEntry, len(f.found))
	for _, e := range f.found {
		next := &f.first[places[e.tree]]
		f.entries[*next] = hotEntry{name: e.name, child: e.child}
		*next++
	}
	f.first = f.first[:len(f.trees)+1]
	for i := range f.trees {
		slices.SortFunc(f.entries[f.first[i]:f.first[i+1]], func(a, b hotEntry) int {
			return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.child, b.child))
		})
	}
}

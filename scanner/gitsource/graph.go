package gitsource

import (
	"math/bits"
	"slices"

	"github.com/qleaks/qleaks/scanner/finding"
)

// commit is what attribution needs of one; objects are told by their numbers.
type commit struct {
	object, tree uint32
	// parents is where the commit's parents end in the list of all; they begin
	// where those of the commit before it end.
	parents uint32
	// first says that it has no parents, or that they were left out when
	// cloning.
	first bool
	// time is the committer's, in seconds.
	time int64
}

// lineage is the commits that a worker read, with all their parents by object,
// none for one that is not here.
type lineage struct {
	commits []commit
	parents []uint32
}

// graph is the history: commits in order of their objects, numbered by place.
type graph struct {
	commits []commit
	// numbers leads from objects to commits.
	numbers []uint32
	// parents are those of all commits, by number; a parent that is no commit
	// is left out.
	parents []uint32
	// order has parents before their children.
	order []uint32
}

// newGraph joins what the workers read of so many objects.
func newGraph(size int, parts []lineage) *graph {
	total := 0
	where := make([]uint32, size) // one too high, among the commits of all parts
	for _, p := range parts {
		for i, c := range p.commits {
			where[c.object] = uint32(total + i + 1)
		}
		total += len(p.commits)
	}
	g := &graph{commits: make([]commit, 0, total), numbers: where}
	bounds := make([][2]uint32, 0, total) // of the parents in their part
	from := make([]int, 0, total)
	for object, at := range where {
		if at == 0 {
			where[object] = none
			continue
		}
		part, i := 0, int(at-1)
		for ; i >= len(parts[part].commits); part++ {
			i -= len(parts[part].commits)
		}
		begin := uint32(0)
		if i > 0 {
			begin = parts[part].commits[i-1].parents
		}
		c := parts[part].commits[i]
		where[object] = uint32(len(g.commits))
		g.commits = append(g.commits, c)
		bounds, from = append(bounds, [2]uint32{begin, c.parents}), append(from, part)
	}
	for n, b := range bounds {
		for _, object := range parts[from[n]].parents[b[0]:b[1]] {
			if object != none && where[object] != none {
				g.parents = append(g.parents, where[object])
			}
		}
		g.commits[n].parents = uint32(len(g.parents))
	}
	g.sort()
	return g
}

// number finds a commit by its object.
func (g *graph) number(object uint32) (uint32, bool) {
	if uint64(object) >= uint64(len(g.numbers)) || g.numbers[object] == none {
		return 0, false
	}
	return g.numbers[object], true
}

// parentsOf are the parents that are here, by number.
func (g *graph) parentsOf(n uint32) []uint32 {
	begin := uint32(0)
	if n > 0 {
		begin = g.commits[n-1].parents
	}
	return g.parents[begin:g.commits[n].parents]
}

// sort orders the commits. Ids are hashes of what they name, so there is no
// cycle.
func (g *graph) sort() {
	size := len(g.commits)
	starts, children := make([]uint32, size+2), make([]uint32, len(g.parents))
	for _, p := range g.parents {
		starts[p+2]++
	}
	for i := 2; i < len(starts); i++ {
		starts[i] += starts[i-1]
	}
	waits := make([]uint32, size)
	g.order = make([]uint32, 0, size)
	for n := range uint32(size) {
		parents := g.parentsOf(n)
		waits[n] = uint32(len(parents))
		for _, p := range parents {
			children[starts[p+1]] = n
			starts[p+1]++
		}
		if len(parents) == 0 {
			g.order = append(g.order, n)
		}
	}
	for at := 0; at < len(g.order); at++ {
		n := g.order[at]
		for _, c := range children[starts[n]:starts[n+1]] {
			if waits[c]--; waits[c] == 0 {
				g.order = append(g.order, c)
			}
		}
	}
}

// reached marks what the tips reach.
func (g *graph) reached(tips []uint32) []bool {
	marks := make([]bool, len(g.commits))
	stack := slices.Clone(tips)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if marks[n] {
			continue
		}
		marks[n] = true
		stack = append(stack, g.parentsOf(n)...)
	}
	return marks
}

// reachedFrom tells of every commit which of up to eight lists of tips reach it,
// by bits.
func (g *graph) reachedFrom(lists ...[]uint32) []uint8 {
	marks := make([]uint8, len(g.commits))
	for bit, tips := range lists {
		for _, n := range tips {
			marks[n] |= 1 << bit
		}
	}
	for _, n := range slices.Backward(g.order) {
		if marks[n] == 0 {
			continue
		}
		for _, p := range g.parentsOf(n) {
			marks[p] |= marks[n]
		}
	}
	return marks
}

// descendants marks what reaches a commit, itself included.
func (g *graph) descendants(of uint32) []bool {
	marks := make([]bool, len(g.commits))
	for _, n := range g.order {
		marks[n] = n == of || slices.ContainsFunc(g.parentsOf(n), func(p uint32) bool { return marks[p] })
	}
	return marks
}

// refNames are refs, cut off at finding.MaxRefs.
type refNames struct {
	names []string
	more  int
}

func (r *refNames) add(name string) {
	if len(r.names) < finding.MaxRefs {
		r.names = append(r.names, name)
	} else {
		r.more++
	}
}

// tip is a ref that leads to a commit, by number.
type tip struct {
	name   string
	commit uint32
}

// reaching tells which tips reach each of the wanted commits, 64 of them in
// one sweep from parents to children.
func (g *graph) reaching(wanted []uint32, tips []tip) map[uint32]*refNames {
	out := make(map[uint32]*refNames, len(wanted))
	masks := make([]uint64, len(g.commits))
	for group := range slices.Chunk(wanted, 64) {
		clear(masks)
		var names [64]*refNames
		for bit, n := range group {
			masks[n] |= 1 << bit
			names[bit] = &refNames{}
			out[n] = names[bit]
		}
		for _, n := range g.order {
			mask := masks[n]
			for _, p := range g.parentsOf(n) {
				mask |= masks[p]
			}
			masks[n] = mask
		}
		for _, t := range tips {
			for mask := masks[t.commit]; mask != 0; mask &= mask - 1 {
				names[bits.TrailingZeros64(mask)].add(t.name)
			}
		}
	}
	return out
}

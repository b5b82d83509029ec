package gitsource

import (
	"cmp"
	"slices"

	"github.com/qleaks/qleaks/scanner/finding"
)

// commit is what attribution needs of one; objects are told by table index.
type commit struct {
	object  uint32
	tree    uint32
	parents []uint32
	// time is the committer's, in seconds.
	time int64
}

// graph is the history: commits in order of their objects, numbered by place.
type graph struct {
	commits []commit
	// parents are numbers; a parent that is not here is left out.
	parents [][]uint32
	// order has parents before their children.
	order []uint32
}

func newGraph(commits []commit) *graph {
	slices.SortFunc(commits, func(a, b commit) int { return cmp.Compare(a.object, b.object) })
	commits = slices.CompactFunc(commits, func(a, b commit) bool { return a.object == b.object })
	g := &graph{commits: commits, parents: make([][]uint32, len(commits))}
	for i, c := range commits {
		for _, p := range c.parents {
			if n, ok := g.number(p); ok {
				g.parents[i] = append(g.parents[i], n)
			}
		}
	}
	g.sort()
	return g
}

// number finds a commit by its object.
func (g *graph) number(object uint32) (uint32, bool) {
	n, ok := slices.BinarySearchFunc(g.commits, object, func(c commit, o uint32) int { return cmp.Compare(c.object, o) })
	return uint32(n), ok
}

// sort orders the commits. Ids are hashes of what they name, so there is no
// cycle.
func (g *graph) sort() {
	children := make([][]uint32, len(g.commits))
	waits := make([]int, len(g.commits))
	for i, parents := range g.parents {
		waits[i] = len(parents)
		for _, p := range parents {
			children[p] = append(children[p], uint32(i))
		}
	}
	for i := range g.commits {
		if waits[i] == 0 {
			g.order = append(g.order, uint32(i))
		}
	}
	for at := 0; at < len(g.order); at++ {
		for _, c := range children[g.order[at]] {
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
		stack = append(stack, g.parents[n]...)
	}
	return marks
}

// descendants marks what reaches a commit, itself included.
func (g *graph) descendants(of uint32) []bool {
	marks := make([]bool, len(g.commits))
	for _, n := range g.order {
		marks[n] = n == of || slices.ContainsFunc(g.parents[n], func(p uint32) bool { return marks[p] })
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
	out := map[uint32]*refNames{}
	masks := make([]uint64, len(g.commits))
	for group := range slices.Chunk(wanted, 64) {
		clear(masks)
		for bit, n := range group {
			masks[n] |= 1 << bit
			out[n] = &refNames{}
		}
		for _, n := range g.order {
			for _, p := range g.parents[n] {
				masks[n] |= masks[p]
			}
		}
		for _, t := range tips {
			mask := masks[t.commit]
			for bit := 0; mask != 0; bit, mask = bit+1, mask>>1 {
				if mask&1 != 0 {
					out[group[bit]].add(t.name)
				}
			}
		}
	}
	return out
}

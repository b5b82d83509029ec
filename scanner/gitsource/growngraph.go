package gitsource

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/qleaks/qleaks/scanner/gitsource/pack"
)

// joinTable makes the table of the ids in a list and of others, both in order.
func joinTable(list []byte, others []string, width int) *pack.Table {
	ids := make([]byte, 0, len(list)+len(others)*width)
	taken := 0
	for _, id := range others {
		rank, there := rankOf(list, id)
		if there {
			continue
		}
		ids = append(ids, list[taken*width:rank*width]...)
		ids = append(ids, id...)
		taken = rank
	}
	return pack.NewTable(width, append(ids, list[taken*width:]...))
}

// addedCommit is a commit that is not in the ledger's graph. Its parents are told
// by their objects.
type addedCommit struct {
	commit
	links []uint32
	// rank is how many commits of the ledger's graph come before it.
	rank int
}

// makeHistory joins what the ledger knows of the history and what is new in it.
func (g *growth) makeHistory(fresh *lineage) {
	added := g.addedCommits(fresh)
	total := g.base.Len() + len(added)
	whole := &graph{
		commits: make([]commit, 0, total), numbers: slices.Repeat([]uint32{none}, g.objects.len()),
		parents: make([]uint32, 0, len(g.base.Parents)+2*len(added)), order: make([]uint32, 0, total),
	}
	base := make([]uint32, g.base.Len()) // the numbers of its commits
	width, next := g.objects.width, 0
	object := uint32(0)
	for n := range base {
		for ; next < len(added) && added[next].rank <= n; next++ {
			whole.take(added[next].commit)
		}
		for id := g.base.IDs[n*width : (n+1)*width]; !bytes.Equal(g.objects.id(object), id); {
			object++
		}
		base[n] = uint32(len(whole.commits))
		whole.take(commit{object: object, tree: none, first: g.base.IsFirst(n), time: g.base.Times[n]})
		object++
	}
	for ; next < len(added); next++ {
		whole.take(added[next].commit)
	}
	next = 0
	for n, begin := 0, uint32(0); n < len(base); n++ {
		for ; next < len(added) && added[next].rank <= n; next++ {
			whole.link(added[next])
		}
		for _, p := range g.base.Parents[begin:g.base.Ends[n]] {
			whole.parents = append(whole.parents, base[p])
		}
		begin = g.base.Ends[n]
		whole.commits[base[n]].parents = uint32(len(whole.parents))
	}
	for ; next < len(added); next++ {
		whole.link(added[next])
	}
	for _, n := range g.base.Order {
		whole.order = append(whole.order, base[n])
	}
	whole.append(added)
	g.graph = whole
	for _, c := range whole.commits {
		g.objects.kinds[c.object] = pack.Commit
	}
	for tag := range g.walked.tags {
		g.objects.kinds[tag] = pack.Tag
	}
}

// addedCommits lists the commits that came after the ledger's graph, in order of
// their objects.
func (g *growth) addedCommits(fresh *lineage) []addedCommit {
	var list []addedCommit
	for _, c := range g.last.Basis.Commits {
		one := addedCommit{commit: commit{object: g.objects.find([]byte(c.ID)), tree: none, first: c.First, time: c.Time}}
		for _, p := range c.Parents {
			one.links = append(one.links, g.objects.find([]byte(p)))
		}
		list = append(list, one)
	}
	begin := uint32(0)
	for _, c := range fresh.commits {
		list = append(list, addedCommit{commit: c, links: fresh.parents[begin:c.parents]})
		begin = c.parents
	}
	for i := range list {
		list[i].rank, _ = rankOf(g.base.IDs, string(g.objects.id(list[i].object)))
	}
	slices.SortFunc(list, func(a, b addedCommit) int { return cmp.Compare(a.object, b.object) })
	return list
}

// take appends a commit, whose parents follow when all commits are there.
func (g *graph) take(c commit) {
	g.numbers[c.object] = uint32(len(g.commits))
	g.commits = append(g.commits, c)
}

// link appends the parents of a commit.
func (g *graph) link(c addedCommit) {
	for _, object := range c.links {
		if n, ok := g.number(object); ok {
			g.parents = append(g.parents, n)
		}
	}
	g.commits[g.numbers[c.object]].parents = uint32(len(g.parents))
}

// append puts commits behind all others, parents before their children.
func (g *graph) append(added []addedCommit) {
	entered, placed := newBitset(len(g.commits)), newBitset(len(g.commits))
	for _, n := range g.order {
		placed.add(n)
	}
	for _, c := range added {
		stack := []uint32{g.numbers[c.object]}
		for len(stack) > 0 {
			n := stack[len(stack)-1]
			if entered.has(n) {
				stack = stack[:len(stack)-1]
				if !placed.has(n) {
					placed.add(n)
					g.order = append(g.order, n)
				}
				continue
			}
			entered.add(n)
			for _, p := range g.parentsOf(n) {
				if !placed.has(p) && !entered.has(p) {
					stack = append(stack, p)
				}
			}
		}
	}
}

package gitsource

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource/pack"
)

// standing is a blob under a path.
type standing struct {
	blob uint32
	path string
}

// way is how a blob came to stand there: by the oldest of the best reached
// commits, or without one.
type way struct {
	rank   rank
	commit uint32 // number, none if there is none
	time   int64
	// refs are those that name what has no commit.
	refs   *refNames
	staged bool
}

// standings gathers where the blobs with keys stand.
type standings struct {
	*search
	reach *reachability
	at    map[standing]way
	// paths counts those of each blob; full are the blobs with too many.
	paths map[uint32]int
	full  map[uint32]bool
	// cut is true when some paths were not followed.
	cut bool
}

func (s *search) standings() *standings {
	return &standings{
		search: s, reach: s.reachability(),
		at: map[standing]way{}, paths: map[uint32]int{}, full: map[uint32]bool{},
	}
}

// attribute turns what was found in objects into findings.
func (s *search) attribute(ctx context.Context) ([]finding.Finding, error) {
	if len(s.found) == 0 {
		return nil, nil
	}
	hot := newHotTrees(s.walked.trees, s.foundBlobs(), s.objects.len())
	s.walked.trees = nil
	if hot.cut {
		s.memory.unfit()
		s.notes.add(excluded("objects", "more paths lead to keys than are followed; some paths are not told"))
	}
	p := s.standings()
	w := &walk{hot: hot, all: allSteps}
	w.introduce = p.introduce
	w.history(s.graph)
	p.looseTrees(w)
	p.staged(w)
	p.alone()
	p.cut = w.cut
	p.tellCut()
	return p.findings(ctx)
}

// introduce adds what a commit, by its number, brought to a path.
func (p *standings) introduce(n uint32, at standing) {
	p.add(at, way{rank: p.reach.ranks[n], commit: n, time: p.graph.commits[n].time})
	p.memory.introduced(at.blob, p.graph.commits[n].object, at.path)
}

// foundBlobs lists the blobs with keys.
func (s *search) foundBlobs() []uint32 {
	var out []uint32
	for object, h := range s.found {
		if h.kind == pack.Blob {
			out = append(out, object)
		}
	}
	slices.Sort(out)
	return out
}

// tellCut says which paths are not told.
func (p *standings) tellCut() {
	if p.cut || len(p.full) > 0 {
		p.memory.unfit()
	}
	if p.cut {
		p.notes.add(excluded("objects", "trees hold keys under more paths than are followed; some paths are not told"))
	}
	for blob := range p.full {
		p.notes.add(excluded("objects/"+p.objects.name(blob), "holds a key under more paths than are told"))
	}
}

// add keeps the better of two ways to one path.
func (p *standings) add(s standing, w way) {
	old, ok := p.at[s]
	switch {
	case ok && !p.better(w, old):
		return
	case !ok && p.paths[s.blob] >= maxPaths:
		p.full[s.blob] = true
		return
	case !ok:
		p.paths[s.blob]++
	}
	p.at[s] = w
}

// better tells which of two ways is reported: the one that more leads to, then
// the older one.
func (p *standings) better(a, b way) bool {
	object := func(w way) uint32 {
		if w.commit == none {
			return none
		}
		return p.graph.commits[w.commit].object
	}
	return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.time, b.time), cmp.Compare(object(a), object(b))) < 0
}

// without is the way of what no commit has.
func without(r rank, refs *refNames) way {
	return way{rank: r, commit: none, time: math.MaxInt64, refs: refs}
}

// looseTrees looks at trees that no commit has: tagged ones, and the tops of
// those that nothing leads to, which still tell the path of a lost file.
func (p *standings) looseTrees(w *walk) {
	roots := map[uint32]bool{}
	for _, c := range p.graph.commits {
		roots[c.tree] = true
	}
	known := maps.Clone(p.paths)
	for _, tree := range slices.Sorted(slices.Values(w.hot.trees)) {
		refs := p.reach.direct[tree]
		lost := !w.hot.held.has(tree) && !roots[tree]
		if refs == nil && !lost {
			continue
		}
		w.introduce = func(_ uint32, at standing) {
			if refs != nil {
				p.memory.unfit()
				p.add(at, without(byRef, refs))
			} else if known[at.blob] == 0 {
				p.memory.unfit()
				p.add(at, without(p.reach.bottom, nil))
			}
		}
		w.root(none, tree, nil)
	}
}

// staged adds what the indexes hold.
func (p *standings) staged(w *walk) {
	stage := func(_ uint32, at standing) {
		old, ok := p.at[at]
		switch {
		case !ok || old.commit == none && old.rank > byIndex:
			staged := without(byIndex, nil)
			staged.staged = true
			p.add(at, staged)
		case old.rank > byIndex:
			old.rank = byIndex
			p.at[at] = old
		}
	}
	for _, tree := range p.repo.trackedTrees() {
		for _, e := range tree.entries {
			if blob := p.objects.find([]byte(e.id)); p.found[blob] != nil {
				stage(none, standing{blob: blob, path: e.path})
			}
		}
		w.introduce = stage
		for _, e := range tree.sparse {
			if t := p.objects.find([]byte(e.id)); t != none {
				w.begin(none, e.path)
				w.tree(t, nil, 0)
			}
		}
	}
}

// alone adds the blobs that have no path: tagged themselves, or lost.
func (p *standings) alone() {
	for object := range p.found {
		if p.objects.kind(object) != pack.Blob {
			continue
		}
		at := standing{blob: object, path: "objects/" + p.objects.name(object)}
		if refs := p.reach.direct[object]; refs != nil {
			p.add(at, without(byRef, refs))
		} else if p.paths[object] == 0 {
			p.add(at, without(p.reach.bottom, nil))
		}
	}
}

// sorted lists the standings in a fixed order.
func (p *standings) sorted() []standing {
	return slices.SortedFunc(maps.Keys(p.at), func(a, b standing) int {
		return cmp.Or(cmp.Compare(a.blob, b.blob), cmp.Compare(a.path, b.path))
	})
}

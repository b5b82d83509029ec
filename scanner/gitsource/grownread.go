package gitsource

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/qleaks/qleaks/scanner/gitsource/pack"
	"github.com/qleaks/qleaks/scanner/ledger"
)

// readNew examines what is new.
func (g *growth) readNew(ctx context.Context) error {
	e := &examiner{search: g.search, missing: map[string]bool{}}
	for _, i := range g.fresh {
		o, err := g.objects.read(ctx, g.objects.id(i))
		if err != nil {
			return err
		}
		g.objects.kinds[i] = o.Type
		if err := g.readOne(e, object{index: i, kind: o.Type, data: o.Data}); err != nil {
			return err
		}
	}
	g.collect([]*examiner{e})
	e.answer()
	if len(e.missing) >= maxMissing {
		return errGrown
	}
	for id := range e.missing {
		if !g.objects.has([]byte(id)) {
			g.walked.missing[id] = true
		}
	}
	for _, t := range e.tags {
		g.walked.tags[t.tag] = t.target
	}
	g.makeHistory(&e.lineage)
	return nil
}

func (g *growth) readOne(e *examiner, o object) error {
	switch o.kind {
	case pack.Tree:
		g.trees = append(g.trees, o.index)
		eachEntry(o.data, g.objects.width, func(entry treeEntry) {
			if entry.mode == modeTree {
				g.held[string(entry.id)] = true
			}
		})
		o.stored = &pack.Object{Index: o.index, Base: pack.None}
		return e.tree(o)
	case pack.Commit:
		h := parseHeaders(o.data)
		c := newCommit{object: o.index, tree: string(h.tree)}
		for _, p := range h.parents {
			c.parents = append(c.parents, string(p))
		}
		g.commits = append(g.commits, c)
		g.held[c.tree] = true
	case pack.Tag:
		g.tags = append(g.tags, ledger.Tag{ID: string(g.objects.id(o.index)), Target: string(parseHeaders(o.data).target)})
	case pack.Blob, pack.Unknown:
	}
	return e.content(o)
}

// oddRefs refuses refs and tags that lead to trees, of which nothing is known.
func (g *growth) oddRefs(ctx context.Context) error {
	odd := func(id string) error {
		if i := g.objects.find([]byte(id)); i != none && g.objects.kinds[i] != pack.Tree {
			return nil
		}
		o, err := g.objects.read(ctx, []byte(id))
		if err == nil && o.Type == pack.Tree {
			return errGrown
		}
		if errors.Is(err, errMissing) {
			return nil
		}
		return err
	}
	for _, r := range g.walked.refs {
		if err := odd(r.id); err != nil {
			return err
		}
	}
	for _, t := range slices.Concat(g.last.Basis.Tags, g.tags) {
		if err := odd(t.Target); err != nil {
			return err
		}
	}
	return nil
}

// basis is that of a report that was made of the last one and what is new.
func (g *growth) basis(m *memory, a *ledger.Answer, hits map[uint32]int) {
	m.commonBasis(a, hits)
	last, b := &g.last.Basis, &a.Basis
	b.Graph, b.Commits = last.Graph, slices.Clone(last.Commits)
	for _, c := range g.commits {
		n, _ := g.graph.number(c.object)
		one := g.graph.commits[n]
		kept := ledger.Commit{ID: string(g.objects.id(c.object)), Time: one.time, First: one.first}
		for _, p := range g.graph.parentsOf(n) {
			kept.Parents = append(kept.Parents, string(g.objects.id(g.graph.commits[p].object)))
		}
		b.Commits = append(b.Commits, kept)
	}
	b.Tags = slices.Concat(last.Tags, g.tags)
	b.Objects = ledger.Objects{Width: g.objects.width, IDs: slices.Clone(last.Objects.IDs), Weights: slices.Clone(last.Objects.Weights), Told: m.told}
	maps.Copy(b.Objects.Told, last.Objects.Told)
	for _, i := range g.fresh {
		b.Objects.IDs = append(b.Objects.IDs, g.objects.id(i)...)
		b.Objects.Weights = append(b.Objects.Weights, m.weights[i])
	}
}

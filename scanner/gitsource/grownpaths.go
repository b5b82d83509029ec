package gitsource

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource/pack"
)

// attribute turns what was found into findings: what the ledger knows of its
// introductions is joined with what the new commits introduce.
func (g *growth) attribute(ctx context.Context) ([]finding.Finding, error) {
	if len(g.found) == 0 {
		return nil, nil
	}
	for _, tree := range g.repo.trackedTrees() {
		if len(tree.sparse) > 0 {
			return nil, errGrown
		}
	}
	p := g.standings()
	for _, known := range g.last.Basis.Introductions {
		hits := g.last.Hits
		at := known.Hit
		if at >= len(hits) {
			hits, at = g.last.Basis.Hits, at-len(hits)
		}
		n, ok := p.graph.number(g.objects.find([]byte(known.Commit)))
		if !ok {
			return nil, errGrown
		}
		p.introduce(n, standing{blob: g.objects.find([]byte(hits[at].ID)), path: known.Path})
	}
	g.diff = diffByID{growth: g, trees: map[string][]treeChild{}}
	if err := g.introductions(ctx, p); err != nil {
		return nil, err
	}
	if err := g.lostTrees(ctx, p); err != nil {
		return nil, err
	}
	p.staged(&walk{})
	p.alone()
	if p.cut || len(p.full) > 0 {
		return nil, errGrown
	}
	return p.findings(ctx)
}

// introductions looks for the blobs with keys that new commits bring somewhere.
func (g *growth) introductions(ctx context.Context, p *standings) error {
	for _, c := range g.commits {
		n, ok := p.graph.number(c.object)
		if !ok || !g.objects.has([]byte(c.tree)) {
			continue // told as missing
		}
		var others []string
		for _, parent := range c.parents {
			tree, err := g.rootOf(ctx, parent)
			if err != nil {
				return err
			}
			if tree != "" {
				others = append(others, tree)
			}
		}
		g.diff.visit = func(at standing) { p.introduce(n, at) }
		if err := g.diff.tree(ctx, c.tree, others, "", 0); err != nil {
			return err
		}
	}
	return nil
}

// rootOf is the tree of a commit, empty if one of the two is not there.
func (g *growth) rootOf(ctx context.Context, commit string) (string, error) {
	o, err := g.objects.read(ctx, []byte(commit))
	if errors.Is(err, errMissing) || err == nil && o.Type != pack.Commit {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	tree := string(parseHeaders(o.Data).tree)
	if !g.objects.has([]byte(tree)) {
		return "", nil
	}
	return tree, nil
}

// lostTrees looks at new trees that nothing leads to.
func (g *growth) lostTrees(ctx context.Context, p *standings) error {
	known := maps.Clone(p.paths)
	for _, tree := range g.trees {
		id := string(g.objects.id(tree))
		if g.held[id] {
			continue
		}
		g.diff.visit = func(at standing) {
			if known[at.blob] == 0 {
				g.memory.unfit()
				p.add(at, without(p.reach.bottom, nil))
			}
		}
		if err := g.diff.tree(ctx, id, nil, "", 0); err != nil {
			return err
		}
	}
	return nil
}

const (
	// grownSteps bounds the entries that are looked at in what is new.
	grownSteps = 500_000
	// grownDepth bounds nested directories.
	grownDepth = 500
)

// diffByID finds the blobs with keys in trees that other trees do not have at
// the same path. Trees are read as they are needed and told by their ids.
type diffByID struct {
	*growth
	trees map[string][]treeChild
	// visit is told where such a blob stands.
	visit func(standing)
	steps int
}

// treeChild is an entry of a tree.
type treeChild struct {
	name, id string
	isTree   bool
	// hit is the number of a blob with a key, or none.
	hit uint32
}

func (d *diffByID) tree(ctx context.Context, tree string, others []string, prefix string, depth int) error {
	if slices.Contains(others, tree) {
		return nil
	}
	entries, err := d.children(ctx, tree)
	if err != nil {
		return err
	}
	lists := make([][]treeChild, 0, len(others))
	for _, o := range others {
		list, err := d.children(ctx, o)
		if err != nil {
			return err
		}
		lists = append(lists, list)
	}
	d.steps += (1 + len(lists)) * (1 + len(entries)) * (1 + len(prefix)/256)
	if d.steps > grownSteps || depth > grownDepth {
		return errGrown
	}
	for _, e := range entries {
		if e.hit == none && !e.isTree {
			continue
		}
		below, present := sameName(e, lists)
		switch {
		case present:
		case e.hit != none:
			d.visit(standing{blob: e.hit, path: prefix + e.name})
		default:
			if err := d.tree(ctx, e.id, below, prefix+e.name+"/", depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// sameName tells whether one of the lists has an entry, and if not, the trees
// that they have under its name.
func sameName(e treeChild, lists [][]treeChild) (below []string, present bool) {
	for _, list := range lists {
		at, _ := slices.BinarySearchFunc(list, e.name, func(f treeChild, name string) int { return strings.Compare(f.name, name) })
		for ; at < len(list) && list[at].name == e.name; at++ {
			if list[at].id == e.id && (list[at].isTree || list[at].hit != none) {
				return nil, true
			}
			if list[at].isTree {
				below = append(below, list[at].id)
			}
		}
	}
	return below, false
}

// children lists the entries of a tree in order of their names: none of one that
// is not here, which was told.
func (d *diffByID) children(ctx context.Context, tree string) ([]treeChild, error) {
	if list, ok := d.trees[tree]; ok {
		return list, nil
	}
	o, err := d.objects.read(ctx, []byte(tree))
	if errors.Is(err, errMissing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if o.Type != pack.Tree {
		return nil, errGrown
	}
	var list []treeChild
	eachEntry(o.Data, d.objects.width, func(e treeEntry) {
		child := treeChild{name: string(e.name), id: string(e.id), hit: none}
		if e.mode == modeGitlink {
			return
		}
		if i := d.objects.find(e.id); i != none && d.found[i] != nil && d.found[i].kind == pack.Blob {
			child.hit = i
		} else {
			child.isTree = e.mode == modeTree
		}
		list = append(list, child)
	})
	slices.SortStableFunc(list, func(a, b treeChild) int { return strings.Compare(a.name, b.name) })
	d.trees[tree] = list
	return list, nil
}

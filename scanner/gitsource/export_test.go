package gitsource

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource/pack"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

// Staged lists what the index of every worktree holds, as git ls-files --stage
// --sparse does, and what could not be read.
func (r *Repository) Staged() (lines [][]string, errs []error) {
	for _, tree := range r.trackedTrees() {
		var list []string
		for _, e := range inOrder(append(tree.entries, tree.sparse...)) {
			list = append(list, fmt.Sprintf("%06o %x %d\t%s", e.mode, e.id, e.stage, e.path))
		}
		lines, errs = append(lines, list), append(errs, tree.err)
	}
	return lines, errs
}

// Introductions tells of every blob which commits brought it to which paths:
// "commit blob path" each.
func (r *Repository) Introductions(ctx context.Context, jobs int) (lines []string, err error) {
	s := newSearch(r, nil, 1, nil)
	if err := s.open(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.objects.close()) }()
	workers := s.examiners()
	err = s.read(ctx, workers, pack.Only(pack.Blob, pack.Commit, pack.Tag), func(e *examiner, o object) error {
		if o.kind == pack.Blob {
			s.found[o.index] = &hit{object: o.index, kind: o.kind}
			return nil
		}
		e.headers.parse(o.data)
		e.link(o, &e.headers, true)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.jobs = jobs
	workers = append(workers, s.examiners()[1:]...)
	s.logTrees(workers)
	if err := s.read(ctx, workers, pack.Only(pack.Tree), (*examiner).tree); err != nil {
		return nil, err
	}
	s.gather(workers)
	s.makeGraph()
	w := &walk{hot: newHotTrees(s.walked.trees, s.foundBlobs(), s.objects.len()), all: math.MaxInt}
	w.introduce = func(n uint32, at standing) {
		commit := s.objects.name(s.graph.commits[n].object)
		lines = append(lines, fmt.Sprintf("%s %s %s", commit, s.objects.name(at.blob), at.path))
	}
	w.history(s.graph)
	if w.hot.cut || w.cut {
		return nil, fmt.Errorf("some paths were not followed: %d entries lead to blobs", len(w.hot.entries))
	}
	return lines, nil
}

// StagedByTrees reports whether the index is compared by the trees in it.
func (r *Repository) StagedByTrees() bool { return r.readIndex("").treed != nil }

// Refs lists "id name" of all refs, sorted.
func (r *Repository) Refs() []string {
	var lines []string
	for _, ref := range r.refs(func(string, error) {}) {
		lines = append(lines, fmt.Sprintf("%x %s", ref.id, ref.name))
	}
	slices.Sort(lines)
	return lines
}

// Objects tells the types of all objects that a walk visits, by hex id.
func (r *Repository) Objects() (types map[string]string, err error) {
	o, _, err := r.openObjects()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	types = map[string]string{}
	err = o.walk(context.Background(), pack.Only(pack.Blob, pack.Commit, pack.Tag, pack.Tree), nil, 1, func(_ int, x object) error {
		types[o.name(x.index)] = x.kind.String()
		return nil
	})
	return types, err
}

// ParseConfig reads a configuration file.
func ParseConfig(data []byte) map[string][]string { return parseConfig(data) }

// Glance looks at what a push brings, and reports whether that was all.
func (r *Repository) Glance(ctx context.Context, x *inspect.Inspector, tally *source.Tally, p Push) (bool, error) {
	return newSearch(r, x, 1, tally).glance(ctx, p)
}

// SearchListed is SearchRange for a push, with the whole history listed.
func (r *Repository) SearchListed(ctx context.Context, x *inspect.Inspector, tally *source.Tally, p Push) iter.Seq2[finding.Finding, error] {
	s := newSearch(r, x, 2, tally)
	return s.sequence(ctx, func(ctx context.Context) ([]finding.Finding, error) {
		return s.runListing(ctx, Selection{Push: &p})
	})
}

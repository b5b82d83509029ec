package gitsource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

// Search examines every object of the repository once, in up to jobs
// goroutines (0 means GOMAXPROCS), and what else its own directory holds. The
// working tree is not read: that is what source.Directory is for; a path has
// the same identity in both.
//
// The sequence is for one use. Coverage comes first (each an
// *source.ItemError), then the findings in order of path, place and object,
// with one occurrence each: finding.Merge joins those of one identity. An
// object stands at every path under which some commit introduced it, with its
// oldest introduction among those that are best reached; where nothing has
// a commit, Git.Commit is empty. Any other error, or the cause of the context's
// end, is last. After break no goroutine is left. The tally is optional.
func (r *Repository) Search(ctx context.Context, x *inspect.Inspector, jobs int, tally *source.Tally) iter.Seq2[finding.Finding, error] {
	s := newSearch(r, x, jobs, tally)
	return s.sequence(ctx, s.run)
}

func newSearch(r *Repository, x *inspect.Inspector, jobs int, tally *source.Tally) *search {
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	if tally == nil {
		tally = &source.Tally{}
	}
	return &search{repo: r, inspector: x, jobs: jobs, tally: tally, found: map[uint32]*hit{}}
}

// sequence runs a search when its results are asked for.
func (s *search) sequence(ctx context.Context, run func(context.Context) ([]finding.Finding, error)) iter.Seq2[finding.Finding, error] {
	return func(yield func(finding.Finding, error) bool) {
		findings, err := run(ctx)
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		for _, note := range s.notes.sorted() {
			if !yield(finding.Finding{}, note) {
				return
			}
		}
		for _, f := range findings {
			if !yield(f, nil) {
				return
			}
		}
		if err != nil {
			yield(finding.Finding{}, err)
		}
	}
}

// search is one run of Search.
type search struct {
	repo      *Repository
	inspector *inspect.Inspector
	jobs      int
	tally     *source.Tally
	// name is the repository's identity.
	name    string
	notes   noteList
	objects *objects
	// found are the objects with records, plain what was found elsewhere.
	found map[uint32]*hit
	plain []finding.Finding
	graph *graph
	// walked is what the examination of the objects left.
	walked walked
	// memory is what is remembered from search to search, nil if nothing is.
	memory *memory
}

// walked is what is known of objects besides keys.
type walked struct {
	// tags leads from tags to what they name, by table index.
	tags map[uint32]uint32
	// parents leads from an object that a range introduces to the trees that
	// hold it.
	parents map[uint32][]uint32
	// trees and lineages are what the workers remember, until it is joined.
	trees    []*treeLog
	lineages []lineage
	refs     []ref
	logs     []reflog
	// missing are the ids that are named and not there.
	missing map[string]bool
	records counter
	// big is held by who reads a large file.
	big sync.Mutex
}

func (s *search) run(ctx context.Context) ([]finding.Finding, error) {
	if s.memory = s.newMemory(); s.memory == nil {
		return s.full(ctx)
	}
	if last, known := s.memory.last(); known {
		findings, ok, err := s.again(ctx, last)
		if !ok {
			findings, ok, err = s.grow(ctx, last)
		}
		if ok {
			return findings, err
		}
	}
	return s.full(ctx)
}

// full reads the objects, except for those of which memory has everything.
func (s *search) full(ctx context.Context) (out []finding.Finding, err error) {
	if err := s.open(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.objects.close()) }()
	s.recall()
	s.tally.Expected.Add(int64(s.objects.len()))
	if err := s.readAll(ctx); err != nil {
		return nil, fmt.Errorf("search repository: %w", err)
	}
	if len(s.found) > 0 || s.memory != nil || s.repo.originName() == "" {
		s.makeGraph()
	}
	s.readRefs()
	s.coverage()
	findings, err := s.attribute(ctx)
	if err != nil {
		return nil, fmt.Errorf("attribute findings: %w", err)
	}
	s.memory.noted(&s.notes)
	s.absentSubmodules()
	s.ownFiles(ctx)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	s.keep(ctx)
	findings = append(findings, s.plain...)
	sortByPlace(findings)
	return findings, nil
}

// open opens the objects.
func (s *search) open() error {
	opened, notes, err := s.repo.openObjects()
	if err != nil {
		return fmt.Errorf("search repository: %w", err)
	}
	for _, note := range slices.Concat(s.repo.refusals, notes) {
		s.notes.add(note)
	}
	s.objects = opened
	return nil
}

func sortByPlace(findings []finding.Finding) { slices.SortStableFunc(findings, byPlace) }

func byPlace(a, b finding.Finding) int {
	p, q := a.Occurrences[0], b.Occurrences[0]
	return cmp.Or(
		cmp.Compare(a.Path, b.Path),
		cmp.Compare(p.Place, q.Place),
		cmp.Compare(p.Git.Object, q.Git.Object),
		cmp.Compare(p.Git.Commit, q.Git.Commit),
		cmp.Compare(p.Location.Line, q.Location.Line),
		cmp.Compare(p.Location.Column, q.Location.Column),
		cmp.Compare(a.Rule.ID, b.Rule.ID),
		cmp.Compare(a.Fingerprint, b.Fingerprint),
	)
}

// noteList gathers coverage from all goroutines.
type noteList struct {
	mu   sync.Mutex
	list []*source.ItemError
}

func (n *noteList) add(note *source.ItemError) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, note)
}

// sorted returns the notes in order, each once.
func (n *noteList) sorted() []*source.ItemError {
	n.mu.Lock()
	defer n.mu.Unlock()
	slices.SortStableFunc(n.list, func(a, b *source.ItemError) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(a.Reason, b.Reason))
	})
	n.list = slices.CompactFunc(n.list, func(a, b *source.ItemError) bool {
		return a.Path == b.Path && a.Outcome == b.Outcome && a.Reason == b.Reason
	})
	return slices.Clone(n.list)
}

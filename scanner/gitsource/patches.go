package gitsource

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"time"

	"github.com/sourcegraph/conc/stream"

	"github.com/qleaks/qleaks/scanner/gitsource/linediff"
	"github.com/qleaks/qleaks/scanner/gitsource/pack"
	"github.com/qleaks/qleaks/scanner/source"
)

// Patch is what a commit changes against its only parent, as `git log -p -U0`
// shows it: of a merge, nothing.
type Patch struct {
	Commit PatchCommit
	Files  []PatchFile
}

// PatchCommit is what a patch tells of its commit; it is zero for what is not
// committed.
type PatchCommit struct {
	ID, Author, Email string
	Date              time.Time
	Message           string
}

// PatchFile is a file that a patch adds or changes.
type PatchFile struct {
	Path string
	// Content is the whole file, Hunks the lines that are new in it; those of
	// a binary file are not told. Both hold until the patch was examined.
	Content []byte
	Binary  bool
	Hunks   []linediff.Hunk
}

// Patches hands the patches of the chosen commits to examine, several at once,
// and what that returns to take, one by one: the newest commit first. What
// could not be read is told. Words that are not understood give a
// *RevisionError.
func Patches[T any](ctx context.Context, r *Repository, l PatchLog, jobs int, examine func(Patch) T, take func(T)) (notes []*source.ItemError, err error) {
	s := newSearch(r, nil, jobs, nil)
	if err := s.open(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.objects.close()) }()
	if err := s.readGraph(ctx); err != nil {
		return nil, fmt.Errorf("read commits: %w", err)
	}
	s.walked.refs = s.repo.refs(func(name string, err error) { s.notes.add(source.Failed(".git/"+name, err)) })
	chosen, err := s.patchCommits(ctx, l)
	if err != nil {
		return nil, fmt.Errorf("select commits: %w", err)
	}
	idle := make(chan *patcher, s.jobs)
	for range s.jobs {
		p := newPatcher(s, l.Paths)
		p.merges = l.FirstParent
		idle <- p
	}
	tasks := stream.New().WithMaxGoroutines(s.jobs)
	for _, n := range chosen {
		tasks.Go(func() stream.Callback {
			if ctx.Err() != nil {
				return func() {}
			}
			p := <-idle
			defer func() { idle <- p }()
			patch, err := p.commit(ctx, n)
			if err != nil {
				s.notes.add(unread("objects/"+s.objects.name(s.graph.commits[n].object), "the commit cannot be compared with its parent", err))
			}
			result := examine(patch)
			return func() { take(result) }
		})
	}
	tasks.Wait()
	if ctx.Err() != nil {
		return s.notes.sorted(), context.Cause(ctx)
	}
	refusals, _ := s.objects.refused()
	for _, note := range refusals {
		s.notes.add(note)
	}
	return s.notes.sorted(), nil
}

// patcher makes patches, for one goroutine at a time.
type patcher struct {
	*differ
	paths *pathspec
	// merges is for patches of merges, against their first parent.
	merges bool
	// old reads what a patch takes away; seed is that of the chunks by which
	// files are compared.
	old  *pack.Reader
	seed maphash.Seed
}

func newPatcher(s *search, paths []string) *patcher {
	seed := maphash.MakeSeed()
	return &patcher{differ: newDiffer(s), paths: newPathspec(paths), old: s.objects.store.NewReader(), seed: seed}
}

// commit is the patch of a commit.
func (p *patcher) commit(ctx context.Context, n uint32) (Patch, error) {
	o, err := p.reader.Read(ctx, p.objects.table.Index(p.graph.commits[n].object))
	if err != nil {
		return Patch{}, err
	}
	h := parseHeaders(o.Data)
	author := parseSignature(h.author)
	patch := Patch{Commit: PatchCommit{
		ID: p.objects.name(p.graph.commits[n].object), Author: author.name, Email: author.email, Date: author.when, Message: string(h.message),
	}}
	parents := p.graph.parentsOf(n)
	if len(h.parents) > 1 && !p.merges {
		return patch, nil
	}
	before := none
	if len(parents) > 0 {
		before = p.graph.commits[parents[0]].tree
	}
	c := &changeList{}
	if err := p.compare(ctx, c, before, p.graph.commits[n].tree, "", 0); err != nil {
		return patch, err
	}
	patch.Files, err = p.files(ctx, c)
	return patch, err
}

// content reads a blob; nil if it is not here, which is told.
func (p *patcher) content(ctx context.Context, r *pack.Reader, e diffEntry, name string) []byte {
	if e.child == none {
		if !isEmptyObject(e.id) {
			p.notes.add(unread("objects/"+hex.EncodeToString(e.id), "missing: "+name, nil))
		}
		return nil
	}
	o, err := r.Read(ctx, p.objects.table.Index(e.child))
	if err != nil || o.Type != pack.Blob {
		if ctx.Err() == nil {
			p.notes.add(unread("objects/"+p.objects.name(e.child), "cannot be read: "+name, err))
		}
		return nil
	}
	return o.Data
}

// binaryPrefix is how far Git looks for a zero byte.
const binaryPrefix = 8000

func isBinary(content []byte) bool {
	return bytes.IndexByte(content[:min(len(content), binaryPrefix)], 0) >= 0
}

package gitsource

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
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

// PatchLog is a choice of commits, in the words of git log.
type PatchLog struct {
	// Revisions are A..B, A...B, ^A and B; none of them means All.
	Revisions []string
	All       bool
	// Since and Until are revisions' dates or ages; by the committers.
	Since, Until string
	// Most limits the commits, from the newest on; 0 does not.
	Most int
	// Paths limits the files to some, and what is below them.
	Paths []string
	// Now is what ages count from.
	Now time.Time
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
		idle <- newPatcher(s, l.Paths)
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

// patchCommits lists the chosen commits, the newest first.
func (s *search) patchCommits(ctx context.Context, l PatchLog) ([]uint32, error) {
	v := s.revisions()
	with, without := make([]bool, len(s.graph.commits)), make([]bool, len(s.graph.commits))
	mark := func(marks []bool, tips ...uint32) {
		for i, m := range s.graph.reached(tips) {
			marks[i] = marks[i] || m
		}
	}
	if l.All || len(l.Revisions) == 0 {
		c := &choice{revisions: v}
		tips := c.allTips()
		if head, err := v.commit(ctx, "HEAD"); err == nil {
			tips = append(tips, head)
		}
		mark(with, tips...)
	}
	for _, text := range l.Revisions {
		if err := s.patchRevision(ctx, v, text, func(n uint32) { mark(with, n) }, func(n uint32) { mark(without, n) }); err != nil {
			return nil, err
		}
	}
	since, until, err := l.dates()
	if err != nil {
		return nil, err
	}
	var out []uint32
	for i, c := range s.graph.commits {
		if with[i] && !without[i] && c.time >= since && c.time <= until {
			out = append(out, uint32(i))
		}
	}
	slices.SortStableFunc(out, func(a, b uint32) int { return cmp.Compare(s.graph.commits[b].time, s.graph.commits[a].time) })
	if l.Most > 0 && len(out) > l.Most {
		out = out[:l.Most]
	}
	return out, nil
}

func (s *search) patchRevision(ctx context.Context, v *revisions, text string, with, without func(uint32)) error {
	if name, not := strings.CutPrefix(text, "^"); not {
		n, err := v.commit(ctx, name)
		if err == nil {
			without(n)
		}
		return err
	}
	from, to, isRange := strings.Cut(text, "..")
	if !isRange {
		n, err := v.commit(ctx, text)
		if err == nil {
			with(n)
		}
		return err
	}
	to, both := strings.CutPrefix(to, ".")
	base, err := v.commit(ctx, cmp.Or(from, "HEAD"))
	if err != nil {
		return err
	}
	head, err := v.commit(ctx, cmp.Or(to, "HEAD"))
	if err != nil {
		return err
	}
	with(head)
	if !both {
		without(base)
		return nil
	}
	with(base)
	ofBase, ofHead := s.graph.reached([]uint32{base}), s.graph.reached([]uint32{head})
	for i := range ofBase {
		if ofBase[i] && ofHead[i] {
			without(uint32(i))
		}
	}
	return nil
}

// dates are the bounds in seconds.
func (l PatchLog) dates() (since, until int64, err error) {
	since, until = -1<<62, 1<<62
	for _, d := range []struct {
		text string
		to   *int64
	}{{l.Since, &since}, {l.Until, &until}} {
		if d.text == "" {
			continue
		}
		when, ok := parseSince(d.text, l.Now)
		if !ok {
			return 0, 0, &RevisionError{Revision: d.text, Reason: `it is no date such as 2026-05-01, 90d or "2 weeks"`}
		}
		*d.to = when.Unix()
	}
	return since, until, nil
}

// patcher makes patches, for one goroutine at a time.
type patcher struct {
	*differ
	paths []string
	// old reads what a patch takes away; seed is that of the chunks by which
	// files are compared.
	old  *pack.Reader
	seed maphash.Seed
}

func newPatcher(s *search, paths []string) *patcher {
	seed := maphash.MakeSeed()
	return &patcher{differ: newDiffer(s), paths: paths, old: s.objects.store.NewReader(), seed: seed}
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
	if len(h.parents) > 1 {
		return patch, nil
	}
	before := none
	if len(parents) == 1 {
		before = p.graph.commits[parents[0]].tree
	}
	c := &changeList{}
	if err := p.compare(ctx, c, before, p.graph.commits[n].tree, "", 0); err != nil {
		return patch, err
	}
	patch.Files, err = p.files(ctx, c)
	return patch, err
}

// wanted reports whether a path is one of those asked for, or leads to one.
func (p *patcher) wanted(name string, tree bool) bool {
	return len(p.paths) == 0 || slices.ContainsFunc(p.paths, func(below string) bool {
		return below == "" || name == below || strings.HasPrefix(name, below+"/") || tree && strings.HasPrefix(below, name+"/")
	})
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

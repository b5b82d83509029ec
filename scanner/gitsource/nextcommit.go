package gitsource

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource/pack"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

// maxMerged bounds the parents of a merge that are compared with.
const maxMerged = 64

// MergeHeads are the other parents of the merge that is going on in this
// worktree, in hexadecimal; none where there is no such merge.
func (r *Repository) MergeHeads() []string {
	data, err := r.readFile(r.places.gitDir, "MERGE_HEAD")
	if err != nil {
		return nil
	}
	var ids []string
	for id := range strings.FieldsSeq(string(data)) {
		if _, ok := r.parseID([]byte(id)); ok && len(ids) < maxMerged {
			ids = append(ids, id)
		}
	}
	return ids
}

// StagedPaths lists the paths that SearchStaged reads. An index that cannot be
// read is an error.
func (r *Repository) StagedPaths(ctx context.Context, staging Staging) (paths []string, err error) {
	store, _, err := r.openStore(true)
	if err != nil {
		return nil, fmt.Errorf("list what is staged: %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	s := newSearch(r, nil, 1, nil)
	s.walked.missing = map[string]bool{}
	c := &comparison{search: s, store: store, reader: store.NewReader()}
	if err := c.index(ctx, staging); err != nil {
		return nil, fmt.Errorf("list what is staged: %w", err)
	}
	for _, e := range c.staged {
		paths = append(paths, e.path)
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

// SearchReplaced is Search for what the commit at HEAD, or one that is merged,
// holds at a path where the index has something else, or nothing: what the next
// commit takes away or changes. A key in it is not brought by that commit.
func (r *Repository) SearchReplaced(ctx context.Context, x *inspect.Inspector, jobs int, tally *source.Tally, staging Staging) iter.Seq2[finding.Finding, error] {
	return newSearch(r, x, jobs, tally).listed(ctx, func(ctx context.Context, c *comparison) error {
		return c.replaced(ctx, staging)
	})
}

func (c *comparison) replaced(ctx context.Context, staging Staging) error {
	x := c.repo.readIndex(staging.IndexFile)
	if x.err == nil && x.data != nil {
		x.err = x.parse(x.data, c.repo.width)
	}
	if x.err != nil && !os.IsNotExist(x.err) {
		return x.err
	}
	now := map[stagedEntry]bool{}
	for _, e := range x.entries {
		now[stagedEntry{id: e.id, path: e.path}] = true
	}
	for _, id := range slices.Concat([]string{c.repo.head()}, c.merged(staging.Merged)) {
		tree, err := c.treeAt(ctx, id)
		if err == nil {
			err = c.sparse(ctx, tree, "", "", 0)
		}
		if err != nil {
			return err
		}
	}
	c.staged = slices.DeleteFunc(c.staged, func(e stagedEntry) bool {
		return now[e] || slices.ContainsFunc(x.sparse, func(s indexEntry) bool { return strings.HasPrefix(e.path, s.path) })
	})
	return nil
}

// SearchTip is Search for what the commit at HEAD brought: what none of its
// parents has at the same path. Its message is not read. Of a shallow clone,
// where a parent is not here, nothing is read, which is told as excluded.
func (r *Repository) SearchTip(ctx context.Context, x *inspect.Inspector, jobs int, tally *source.Tally) iter.Seq2[finding.Finding, error] {
	return newSearch(r, x, jobs, tally).listed(ctx, func(ctx context.Context, c *comparison) error {
		return c.tip(ctx)
	})
}

func (c *comparison) tip(ctx context.Context) error {
	id := c.repo.head()
	if id == "" {
		return nil
	}
	data, err := c.read(ctx, id, pack.Commit)
	if data == nil || err != nil {
		return err
	}
	h := parseHeaders(data)
	var parents []string
	for _, p := range h.parents {
		parents = append(parents, hex.EncodeToString(p))
	}
	if len(c.merged(parents)) < len(parents) {
		c.notes.add(excluded("HEAD", "its parent is not here, so that it is not known what it brought"))
		return nil
	}
	first := ""
	if len(parents) > 0 {
		if first, err = c.treeAt(ctx, string(h.parents[0])); err != nil {
			return err
		}
		parents = parents[1:]
	}
	if err := c.sparse(ctx, string(h.tree), first, "", 0); err != nil {
		return err
	}
	return c.withoutMerged(ctx, parents)
}

// merged are the raw ids of commits that are here.
func (c *comparison) merged(heads []string) []string {
	var ids []string
	for _, head := range heads[:min(len(heads), maxMerged)] {
		if id, ok := c.repo.parseID([]byte(head)); ok {
			if _, here := c.store.Find([]byte(id)); here {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// withoutMerged leaves out what one of the merged commits has at the same path.
func (c *comparison) withoutMerged(ctx context.Context, heads []string) error {
	for _, id := range c.merged(heads) {
		tree, err := c.treeAt(ctx, id)
		if err != nil {
			return err
		}
		kept := c.staged[:0]
		for _, e := range c.staged {
			there, err := c.at(ctx, tree, e.path)
			if err != nil {
				return err
			}
			if there != e.id {
				kept = append(kept, e)
			}
		}
		c.staged = kept
	}
	return nil
}

// at returns the raw id of what a tree has at a path, empty for nothing.
func (c *comparison) at(ctx context.Context, tree, path string) (string, error) {
	if c.listed == nil {
		c.listed = map[string]map[string]treeEntry{}
	}
	for {
		name, rest, deeper := strings.Cut(path, "/")
		entries, ok := c.listed[tree]
		if !ok {
			var err error
			if entries, err = c.below(ctx, tree); err != nil {
				return "", err
			}
			c.listed[tree] = entries
		}
		e, ok := entries[name]
		switch {
		case !ok || deeper != (e.mode == modeTree):
			return "", nil
		case !deeper:
			return string(e.id), nil
		}
		tree, path = string(e.id), rest
	}
}

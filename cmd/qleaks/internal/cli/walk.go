package cli

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/source"
)

type stream = iter.Seq2[finding.Finding, error]

// walk goes over targets, and over the repositories that it meets in them.
type walk struct {
	scanner *scanner.Scanner
	options readOptions
	say     *sayOf
	log     *slog.Logger
	stdin   source.Source
	now     time.Time
	// queue holds the targets that are still to do; repositories met below a
	// target are added behind it.
	queue []target
	// searched and walked keep a repository's history and a working tree from
	// being read twice.
	searched map[string]bool
	walked   map[string]bool
	// parts are the parts of each repository that were asked for, by the
	// directory of its history.
	parts map[string][]string
	// outside holds the keys, by fingerprint and path, that history has outside
	// of the PATH.
	outside map[string]rules.Confidence
	// failure is the first reason why a repository's objects were not read.
	failure error
}

// all yields what is found in every target.
func (w *walk) all(ctx context.Context) stream {
	return func(yield func(finding.Finding, error) bool) {
		for len(w.queue) > 0 {
			if ctx.Err() != nil {
				yield(finding.Finding{}, context.Cause(ctx))
				return
			}
			t := w.queue[0]
			w.queue = w.queue[1:]
			w.log.Debug("target", "kind", t.kind, "part", t.below != "")
			for f, err := range w.one(ctx, t) {
				if !yield(f, err) || err != nil && !isItem(err) {
					return
				}
			}
		}
	}
}

func isItem(err error) bool {
	var item *source.ItemError
	return errors.As(err, &item)
}

func (w *walk) one(ctx context.Context, t target) stream {
	if t.remote != nil {
		return w.abroad(ctx, t)
	}
	return w.here(ctx, t)
}

// here yields what is found in a target on this computer.
func (w *walk) here(ctx context.Context, t target) stream {
	return func(yield func(finding.Finding, error) bool) {
		for _, note := range t.notes {
			if !yield(finding.Finding{}, note) {
				return
			}
		}
		part := w.say.of(t)
		report := func(f finding.Finding, err error) bool {
			if err != nil {
				return yield(f, labelled(t, w.tolerated(ctx, err)))
			}
			return !part.hears(&f) || yield(f, nil)
		}
		for f, err := range w.files(ctx, t, part) {
			if !report(f, err) {
				return
			}
		}
		for f, err := range w.history(ctx, t) {
			if err == nil && !w.options.AllPaths && w.isOutside(f, t) {
				id := string(f.Fingerprint) + f.Path
				w.outside[id] = max(w.outside[id], f.Confidence)
				continue
			}
			if !report(f, err) {
				return
			}
		}
	}
}

// labelled completes the path of what was not read in a repository that was
// met below a target, so that one sees where it is.
func labelled(t target, err error) error {
	var item *source.ItemError
	if t.prefix == "" || t.repository == nil && t.kind != remoteItems || !errors.As(err, &item) {
		return err
	}
	full := *item
	full.Path = path.Join(t.prefix, item.Path)
	return &full
}

// files yields what the files of a target hold.
func (w *walk) files(ctx context.Context, t target, part *say) stream {
	switch {
	case w.options.Selecting.any():
		return nothing
	case t.kind == standardInput:
		return w.scanner.Scan(ctx, w.stdin)
	case w.options.NoWorktree && t.kind == repositoryTree:
		return w.submodulesOf(t)
	case t.kind == singleFile:
		file := source.OneFile{Name: t.name, Path: t.path}
		if t.repository != nil {
			file.Ignored = t.repository.Ignored(t.path, false)
		}
		return w.named(t.repository, w.scanner.Scan(ctx, file))
	case t.kind == objectsOnly:
		return nothing
	case t.kind == homePlaces, t.kind == remoteItems:
		return w.scanner.Scan(ctx, t.items)
	case t.kind == namedFiles:
		return w.named(t.repository, w.scanner.Scan(ctx, t.items))
	}
	return w.trees(ctx, t, part)
}

func nothing(func(finding.Finding, error) bool) {}

// trees yields what the working trees of a repository hold, or a directory.
func (w *walk) trees(ctx context.Context, t target, part *say) stream {
	return func(yield func(finding.Finding, error) bool) {
		roots := []string{t.root}
		if t.kind == repositoryTree && t.prefix == "" && !w.options.Untrusted {
			roots = append(roots, t.repository.Worktrees()...)
		}
		for _, root := range roots {
			if w.walked[root] {
				continue
			}
			if t.below == "" {
				w.walked[root] = true
			}
			for f, err := range w.named(t.repository, w.scanner.Scan(ctx, w.directory(t, root, part))) {
				if !yield(f, err) {
					return
				}
			}
		}
	}
}

// directory is the source of one tree. While it is walked, the repositories in
// it are put into the queue instead of being read as files.
func (w *walk) directory(t target, root string, part *say) source.Source {
	d := source.Directory{
		Root:  root,
		Below: t.below,
		Skip: func(name string, dir bool) bool {
			if name == ".git" {
				return t.repository != nil
			}
			return dir && name != "." && w.meets(t, root, name)
		},
		Exclude: func(name string, _ bool) bool { return part.excludes(name) },
	}
	if t.repository == nil {
		d.Prefix = filepath.ToSlash(t.prefix)
		return d
	}
	if root == t.repository.Root() {
		d.Ignored = t.repository.Ignored
	}
	return d
}

// meets looks whether a directory below a target is a repository of its own
// and puts it into the queue.
func (w *walk) meets(t target, root, name string) bool {
	dir := filepath.Join(root, filepath.FromSlash(name))
	if !looksLikeRepository(dir) {
		return false
	}
	prefix := path.Join(filepath.ToSlash(t.prefix), name)
	repository, err := gitsource.Discover(dir, w.options.git(t.root))
	if errors.Is(err, gitsource.ErrNotRepository) || err == nil && repository.Root() != dir {
		return false
	}
	if err != nil {
		w.queue = append(w.queue, target{Label: t.Label, kind: objectsOnly, notes: []*source.ItemError{refusedRepository(prefix, err)}})
		return false
	}
	met := target{Label: filepath.Join(t.Label, filepath.FromSlash(name)), kind: repositoryTree, root: dir, prefix: prefix, repository: repository}
	if repository.Bare() {
		met.kind = objectsOnly
	}
	w.queue = append(w.queue, met)
	return true
}

// looksLikeRepository is a cheap look before Discover.
func looksLikeRepository(dir string) bool {
	if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
		return true
	}
	if _, err := os.Lstat(filepath.Join(dir, "objects")); err != nil {
		return false
	}
	_, err := os.Lstat(filepath.Join(dir, "HEAD"))
	return err == nil
}

// submodulesOf queues the submodules of a repository whose files, in which they
// would be met, are not walked.
func (w *walk) submodulesOf(t target) stream {
	for _, dir := range t.repository.Submodules() {
		repository, err := gitsource.Discover(dir, w.options.git(t.root))
		if err != nil {
			continue // what cannot be opened is noted by the search of its parent
		}
		prefix, ok := inside(t.root, dir)
		if !ok {
			prefix = filepath.ToSlash(dir)
		}
		w.queue = append(w.queue, target{Label: prefix, kind: repositoryTree, root: dir, prefix: path.Join(t.prefix, prefix), repository: repository})
	}
	return nothing
}

// history yields what the objects of a target's repository hold.
func (w *walk) history(ctx context.Context, t target) stream {
	if t.repository == nil || t.kind == singleFile || t.kind == namedFiles || w.options.NoHistory && !w.options.Selecting.any() {
		return nothing
	}
	whole := t.repository.CommonDir()
	if w.options.Selecting.Staged {
		whole = t.repository.GitDir() // each worktree has an index
	}
	if w.searched[whole] {
		return nothing
	}
	w.searched[whole] = true
	if w.options.Selecting.any() {
		return w.part(ctx, t)
	}
	return t.repository.Search(ctx, w.scanner.Inspector, w.scanner.Jobs, w.scanner.Tally)
}

// tolerated turns the failure of one target into something unread, so that
// what the others hold is still found.
func (w *walk) tolerated(ctx context.Context, err error) error {
	if ctx.Err() != nil || isItem(err) || wrongRevision(err) != nil {
		return err
	}
	if w.failure == nil {
		w.failure = err
	}
	return &source.ItemError{Path: ".", Outcome: source.Unread, Reason: "the scan of it failed", Err: err}
}

// isOutside reports whether history holds a finding outside of all parts of a
// repository that were asked for.
func (w *walk) isOutside(f finding.Finding, t target) bool {
	parts := w.parts[t.repository.CommonDir()]
	for _, below := range parts {
		if !isOutside(f, below) {
			return false
		}
	}
	return len(parts) > 0
}

// isOutside reports whether history holds a finding outside of one part. What has no path in the tree (a message, a dangling blob) could
// belong to any part.
func isOutside(f finding.Finding, below string) bool {
	if below == "" || len(f.Occurrences) == 0 {
		return false
	}
	o := f.Occurrences[0]
	inTree := o.Place == source.Staged || o.Place == source.Blob && o.Git != nil && o.Git.Commit != ""
	if !inTree {
		return false
	}
	return o.Location.Path != below && !strings.HasPrefix(o.Location.Path, below+"/")
}

package gitsource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource/pack"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

// fewStaged is up to how many staged blobs are read one by one, which starts
// faster.
const fewStaged = 500

// maxStagedTrees bounds the trees that are read for sparse directories.
const maxStagedTrees = 200_000

// stagedEntry is a blob that would be committed.
type stagedEntry struct{ id, path string }

// Staging is an index, and the commit that is to be made of it.
type Staging struct {
	// IndexFile is what Git calls GIT_INDEX_FILE, empty for the worktree's own.
	IndexFile string
	// Merged are the other parents of a merge, in hexadecimal: what one of them
	// has at the same path is not new. Those that are not here are passed over.
	Merged []string
}

// SearchStaged is Search for what an index holds and the commit at HEAD does
// not, at the same path; of a conflict, every side. The content is that of the
// object database, never that of files.
func (r *Repository) SearchStaged(ctx context.Context, x *inspect.Inspector, jobs int, tally *source.Tally, staging Staging) iter.Seq2[finding.Finding, error] {
	return newSearch(r, x, jobs, tally).listed(ctx, func(ctx context.Context, c *comparison) error {
		return c.index(ctx, staging)
	})
}

// listed examines the blobs that a comparison lists.
func (s *search) listed(ctx context.Context, list func(context.Context, *comparison) error) iter.Seq2[finding.Finding, error] {
	return s.sequence(ctx, func(ctx context.Context) ([]finding.Finding, error) {
		return s.runListed(ctx, list)
	})
}

func (s *search) runListed(ctx context.Context, list func(context.Context, *comparison) error) (out []finding.Finding, err error) {
	store, notes, err := s.repo.openStore(true)
	if err != nil {
		return nil, fmt.Errorf("search index: %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	for _, note := range slices.Concat(s.repo.refusals, notes) {
		s.notes.add(note)
	}
	s.graph = newGraph(0, nil)
	s.walked.missing = map[string]bool{}
	c := &comparison{search: s, store: store, reader: store.NewReader()}
	if err := list(ctx, c); err != nil {
		return nil, fmt.Errorf("compare index: %w", err)
	}
	staged := c.staged
	if len(staged) > fewStaged {
		whole, _, wholeErr := s.repo.openStore(false) // with the same notes
		if wholeErr != nil {
			return nil, fmt.Errorf("search index: %w", wholeErr)
		}
		defer func() { err = errors.Join(err, whole.Close()) }()
		store = whole
	}
	s.objects = s.onlyStaged(store, staged)
	if err := s.readStaged(ctx, staged); err != nil {
		return nil, fmt.Errorf("search index: %w", err)
	}
	refusals, broken := s.objects.refused()
	for _, note := range refusals {
		s.notes.add(note)
	}
	s.missing(broken)
	if len(s.found) == 0 {
		return nil, nil
	}
	s.name = s.repo.Identity()
	out, err = s.attributeStaged(ctx, staged)
	sortByPlace(out)
	return out, err
}

// readIndex reads the index in a file, or the worktree's own, but does not
// parse it. One that is not there is empty.
func (r *Repository) readIndex(file string) index {
	x := index{name: ".git/index", shared: r.readerIn(r.places.gitDir)}
	dir, name := r.places.gitDir, "index"
	if file != "" {
		dir, name = filepath.Split(file)
	}
	var err error
	if x.data, err = r.readFile(dir, name); err != nil {
		if !os.IsNotExist(err) {
			x.err = err
		}
		return x
	}
	x.treed = openTreed(x.data, r.width)
	return x
}

// index lists what an index has and HEAD, or what is merged, has not.
func (c *comparison) index(ctx context.Context, staging Staging) error {
	x := c.repo.readIndex(staging.IndexFile)
	tree, err := c.treeAt(ctx, c.repo.head())
	if err != nil {
		return err
	}
	err = errDisagrees
	if x.treed != nil {
		err = (&treedComparison{comparison: c, index: x.treed}).directory(ctx, 0, "", tree)
	}
	if errors.Is(err, errDisagrees) {
		err = c.whole(ctx, x, tree)
	}
	if err == nil {
		err = c.withoutMerged(ctx, staging.Merged)
	}
	if c.trees > maxStagedTrees {
		c.notes.add(unread(x.name, "the index names more directories than are read", nil))
	}
	return err
}

// onlyStaged is the objects that are staged, or all where they are many. An
// object that is not here is told.
func (s *search) onlyStaged(store *pack.Store, staged []stagedEntry) *objects {
	var ids []string
	for _, e := range staged {
		ids = append(ids, e.id)
		if _, ok := store.Find([]byte(e.id)); !ok {
			s.walked.missing[e.id] = true
		}
	}
	o := &objects{store: store, width: s.repo.width}
	if len(staged) > fewStaged {
		o.table = store.Table()
	} else {
		slices.Sort(ids)
		o.table = store.Subset(ids)
	}
	return o
}

// readStaged examines the staged blobs.
func (s *search) readStaged(ctx context.Context, staged []stagedEntry) error {
	if len(staged) > fewStaged {
		want := map[uint32]bool{}
		for _, e := range staged {
			if i := s.objects.find([]byte(e.id)); i != none {
				want[i] = true
			}
		}
		return s.readWanted(ctx, want)
	}
	s.tally.Expected.Add(int64(s.objects.len()))
	one := &examiner{search: s, missing: map[string]bool{}}
	reader := s.objects.store.NewReader()
	for i := range uint32(s.objects.len()) {
		o, err := reader.Read(ctx, s.objects.table.Index(i))
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err == nil && o.Type != pack.Blob {
			err = fmt.Errorf("it is a %s", o.Type)
		}
		if err != nil {
			s.notes.add(unread("objects/"+s.objects.name(i), "what is staged cannot be read", err))
			continue
		}
		if err := one.content(object{index: i, kind: o.Type, data: o.Data}); err != nil {
			return err
		}
	}
	s.collect([]*examiner{one})
	return nil
}

// attributeStaged tells the paths at which the keys are staged.
func (s *search) attributeStaged(ctx context.Context, staged []stagedEntry) ([]finding.Finding, error) {
	p := s.standings()
	way := without(byIndex, nil)
	way.staged = true
	for _, e := range staged {
		if object := s.objects.find([]byte(e.id)); s.found[object] != nil {
			p.add(standing{blob: object, path: e.path}, way)
		}
	}
	p.tellCut()
	return p.findings(ctx)
}

// comparison finds what differs between an index and trees of objects.
type comparison struct {
	*search
	store  *pack.Store
	reader *pack.Reader
	staged []stagedEntry
	// trees counts those that were compared for sparse directories.
	trees int
	// listed are the entries of trees that were asked for by path.
	listed map[string]map[string]treeEntry
}

// treeAt returns the raw id of a commit's tree, empty where there is no commit
// yet.
func (c *comparison) treeAt(ctx context.Context, id string) (string, error) {
	if id == "" {
		return "", nil
	}
	data, err := c.read(ctx, id, pack.Commit)
	if data == nil || err != nil {
		return "", err
	}
	return string(parseHeaders(data).tree), nil
}

// head returns the raw id that HEAD leads to, empty on an unborn branch.
func (r *Repository) head() string {
	name, id := r.symbolic("HEAD")
	if id != "" {
		return id
	}
	for _, ref := range r.refs(func(string, error) {}) {
		if ref.name == name {
			return ref.id
		}
	}
	return ""
}

// read returns an object, nil for one that is not here or not of its type,
// which is told: what cannot be compared counts as staged.
func (c *comparison) read(ctx context.Context, id string, kind pack.Type) ([]byte, error) {
	if isEmptyObject([]byte(id)) {
		return nil, nil
	}
	place, ok := c.store.Find([]byte(id))
	if !ok {
		c.walked.missing[id] = true
		return nil, nil
	}
	o, err := c.reader.Read(ctx, place)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err == nil && o.Type != kind {
		err = fmt.Errorf("it is a %s", o.Type)
	}
	if err != nil {
		c.notes.add(unread(fmt.Sprintf("objects/%x", id), "what is staged cannot be compared with it", err))
		return nil, nil
	}
	return bytes.Clone(o.Data), nil
}

// below returns the entries of a tree by name; none for an empty id.
func (c *comparison) below(ctx context.Context, tree string) (map[string]treeEntry, error) {
	if tree == "" {
		return nil, nil
	}
	data, err := c.read(ctx, tree, pack.Tree)
	if err != nil {
		return nil, err
	}
	entries := map[string]treeEntry{}
	eachEntry(data, c.repo.width, func(e treeEntry) { entries[string(e.name)] = e })
	return entries, nil
}

// whole compares every entry of an index.
func (c *comparison) whole(ctx context.Context, x index, tree string) error {
	c.staged, c.trees = nil, 0
	if x.data != nil {
		x.err = x.parse(x.data, c.repo.width)
	}
	if x.err != nil {
		c.notes.add(unread(x.name, "index: "+reasonOf(x.err), x.err))
	}
	return c.compare(ctx, newIndexTree(x, c.repo.width, ""), tree)
}

// compare adds what a directory of the index has and a tree has not.
func (c *comparison) compare(ctx context.Context, dir *indexTree, tree string) error {
	if dir.id != "" && dir.id == tree {
		return nil
	}
	if dir.sparse {
		return c.sparse(ctx, dir.id, tree, dir.path, 0)
	}
	head, err := c.below(ctx, tree)
	if err != nil {
		return err
	}
	for name, e := range dir.files {
		if there, ok := head[name]; !ok || string(there.id) != e.id {
			c.add(e.mode, e.id, e.path)
		}
	}
	for _, d := range dir.dirs {
		there := ""
		if e, ok := head[d.name]; ok && e.mode == modeTree {
			there = string(e.id)
		}
		if err := c.compare(ctx, d, there); err != nil {
			return err
		}
	}
	return nil
}

// sparse adds what the tree of a sparse directory has and another has not.
func (c *comparison) sparse(ctx context.Context, tree, other, prefix string, depth int) error {
	if tree == other {
		return nil
	}
	if depth > maxDepth {
		c.trees = maxStagedTrees
	}
	if c.trees++; c.trees > maxStagedTrees {
		return nil
	}
	own, err := c.below(ctx, tree)
	if err != nil {
		return err
	}
	head, err := c.below(ctx, other)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		e := own[name]
		there, ok := head[name]
		switch {
		case ok && bytes.Equal(there.id, e.id):
		case e.mode == modeTree:
			below := ""
			if ok && there.mode == modeTree {
				below = string(there.id)
			}
			if err := c.sparse(ctx, string(e.id), below, prefix+name+"/", depth+1); err != nil {
				return err
			}
		default:
			c.add(e.mode, string(e.id), prefix+name)
		}
	}
	return nil
}

// add takes a file that is staged. Submodules are repositories of their own,
// which is told, and where there is only the intent to add, nothing is staged.
func (c *comparison) add(mode uint32, id, path string) {
	if isGitlink(mode) {
		c.notes.add(excluded(path, "submodule at another commit: a repository of its own, which is not scanned with this one's index"))
		return
	}
	if isEmptyObject([]byte(id)) {
		return
	}
	c.staged = append(c.staged, stagedEntry{id: id, path: path})
}

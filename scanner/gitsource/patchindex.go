package gitsource

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/scanner/gitsource/linediff"
	"github.com/qleaks/qleaks/scanner/gitsource/pack"
	"github.com/qleaks/qleaks/scanner/source"
)

// PatchStaged is what the index of this worktree changes against HEAD below a
// directory ("" for all), as `git diff --staged -U0` shows it. What it examines
// is valid until it returns. indexFile is that of a Staging.
func (r *Repository) PatchStaged(ctx context.Context, indexFile, below string, examine func(Patch)) ([]*source.ItemError, error) {
	return r.patchIndex(ctx, indexFile, below, examine, (*patcher).staged)
}

// PatchWorktree is what the files of the working tree change against the index,
// as `git diff -U0` shows it.
func (r *Repository) PatchWorktree(ctx context.Context, indexFile, below string, examine func(Patch)) ([]*source.ItemError, error) {
	return r.patchIndex(ctx, indexFile, below, examine, (*patcher).unstaged)
}

func (r *Repository) patchIndex(ctx context.Context, indexFile, below string, examine func(Patch), list func(*patcher, context.Context, index) ([]PatchFile, error)) (notes []*source.ItemError, err error) {
	s := newSearch(r, nil, 1, nil)
	if err := s.open(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.objects.close()) }()
	x := r.readIndex(indexFile)
	if len(x.data) > 0 {
		x.err = x.parse(x.data, r.width)
	}
	if x.err != nil {
		s.notes.add(unread(x.name, "index: "+reasonOf(x.err), x.err))
	}
	var paths []string
	if below != "" {
		paths = []string{":(literal)" + below}
	}
	files, err := list(newPatcher(s, paths), ctx, x)
	if err != nil {
		return s.notes.sorted(), fmt.Errorf("compare index: %w", err)
	}
	examine(Patch{Files: files})
	return s.notes.sorted(), nil
}

// indexEntry is an entry of the index as one of a tree.
func (p *patcher) indexEntry(e indexEntry) diffEntry {
	return diffEntry{name: e.path, id: []byte(e.id), mode: e.mode, child: p.objects.find([]byte(e.id))}
}

// staged compares the index with HEAD.
func (p *patcher) staged(ctx context.Context, x index) ([]PatchFile, error) {
	head, err := p.headFiles(ctx)
	if err != nil {
		return nil, err
	}
	c := &changeList{}
	kept := map[string]bool{}
	for _, e := range x.entries {
		kept[e.path] = true
		after := p.indexEntry(e)
		if !isFile(after) || !p.paths.wants(e.path, false) || isEmptyObject(after.id) {
			continue
		}
		before, ok := head[e.path]
		switch {
		case ok && bytes.Equal(before.id, after.id):
		case ok:
			c.changed = append(c.changed, changedFile{e.path, before, after})
		default:
			c.added = append(c.added, changedFile{e.path, diffEntry{child: none}, after})
		}
	}
	for name, e := range head {
		sparse := slices.ContainsFunc(x.sparse, func(s indexEntry) bool { return strings.HasPrefix(name, s.path) })
		if !kept[name] && !sparse && p.paths.wants(name, false) {
			c.deleted = append(c.deleted, changedFile{name, e, diffEntry{child: none}})
		}
	}
	slices.SortFunc(c.deleted, func(a, b changedFile) int { return strings.Compare(a.path, b.path) })
	return p.files(ctx, c)
}

// headFiles are the files of HEAD, by path.
func (p *patcher) headFiles(ctx context.Context) (map[string]diffEntry, error) {
	out := map[string]diffEntry{}
	id := p.repo.head()
	if id == "" {
		return out, nil
	}
	object := p.objects.find([]byte(id))
	if object == none {
		p.notes.add(unread("HEAD", "its commit is not here", nil))
		return out, nil
	}
	o, err := p.reader.Read(ctx, p.objects.table.Index(object))
	if err != nil || o.Type != pack.Commit {
		p.notes.add(unread("HEAD", "its commit cannot be read", err))
		return out, nil
	}
	c := &changeList{}
	if err := p.compare(ctx, c, none, p.objects.find(parseHeaders(o.Data).tree), "", 0); err != nil {
		return nil, err
	}
	for _, f := range c.added {
		out[f.path] = f.after
	}
	return out, nil
}

// unstaged compares the working tree with the index.
func (p *patcher) unstaged(ctx context.Context, x index) ([]PatchFile, error) {
	root, err := os.OpenRoot(p.repo.Root())
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var out []PatchFile
	for _, e := range x.entries {
		if ctx.Err() != nil {
			return out, context.Cause(ctx)
		}
		before := p.indexEntry(e)
		if !isFile(before) || e.stage > 1 || !p.paths.wants(e.path, false) {
			continue
		}
		content, err := readWorking(root, filepath.FromSlash(e.path), p.repo.options.MaxBlob)
		if err != nil {
			if !os.IsNotExist(err) {
				p.notes.add(source.Failed(e.path, err))
			}
			continue
		}
		text := content
		if !p.repo.isBlob(content, e.id) {
			text = bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")) // Git may have turned the line ends
		}
		if p.repo.isBlob(text, e.id) {
			continue
		}
		file := PatchFile{Path: e.path, Content: content, Binary: isBinary(content)}
		if !file.Binary {
			file.Hunks = linediff.Added(p.content(ctx, p.old, before, e.path), content)
		}
		out = append(out, file)
	}
	return out, nil
}

// readWorking reads a file as Git would store it: of a link, where it leads to.
func readWorking(root *os.Root, name string, limit int64) ([]byte, error) {
	info, err := root.Lstat(name)
	switch {
	case err != nil:
		return nil, err
	case info.Mode()&os.ModeSymlink != 0:
		target, err := root.Readlink(name)
		return []byte(target), err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if limit <= 0 {
		limit = 256 << 20
	}
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = errors.New("it is too large")
	}
	return content, err
}

// isBlob reports whether content is the blob with an id.
func (r *Repository) isBlob(content []byte, id string) bool {
	var h hash.Hash = sha1.New()
	if r.width == sha256.Size {
		h = sha256.New()
	}
	_, _ = fmt.Fprintf(h, "blob %d\x00", len(content)) // a hash takes all
	_, _ = h.Write(content)
	return string(h.Sum(nil)) == id
}

package gitsource

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/qleaks/qleaks/scanner/gitsource/linediff"
)

// changedFile is a file that two trees have in different forms; one side may
// have none.
type changedFile struct {
	path          string
	before, after diffEntry
}

// changeList are the differences of two trees.
type changeList struct {
	added, deleted, changed []changedFile
}

const modeLink = 0o120000

func isFile(e diffEntry) bool { return e.mode != modeTree && !isGitlink(e.mode) }

// entries reads a tree; none has none.
func (p *patcher) entries(ctx context.Context, tree uint32) ([]diffEntry, error) {
	if tree == none {
		return nil, nil
	}
	return p.read(ctx, tree)
}

// compare lists what differs. Submodules are repositories of their own.
func (p *patcher) compare(ctx context.Context, c *changeList, before, after uint32, prefix string, depth int) error {
	if before == after || depth > maxDepth {
		return nil
	}
	olds, err := p.entries(ctx, before)
	if err != nil {
		return err
	}
	news, err := p.entries(ctx, after)
	if err != nil {
		return err
	}
	for len(olds) > 0 || len(news) > 0 {
		var a, b diffEntry
		var order int
		switch {
		case len(olds) == 0:
			order = 1
		case len(news) == 0:
			order = -1
		default:
			order = cmp.Compare(olds[0].name, news[0].name)
		}
		if order <= 0 {
			a, olds = olds[0], olds[1:]
		}
		if order >= 0 {
			b, news = news[0], news[1:]
		}
		if err := p.entry(ctx, c, a, b, prefix, depth); err != nil {
			return err
		}
	}
	return nil
}

// entry compares what two trees have under one name; an entry without a name is
// none.
func (p *patcher) entry(ctx context.Context, c *changeList, a, b diffEntry, prefix string, depth int) error {
	name := prefix + cmp.Or(a.name, b.name)
	tree := a.mode == modeTree || b.mode == modeTree
	if bytes.Equal(a.id, b.id) && a.mode&^0o777 == b.mode&^0o777 || !p.paths.wants(name, tree) {
		return nil
	}
	if tree {
		before, after := none, none
		if a.mode == modeTree {
			before = a.child
		}
		if b.mode == modeTree {
			after = b.child
		}
		if err := p.compare(ctx, c, before, after, name+"/", depth+1); err != nil {
			return err
		}
	}
	hasOld, hasNew := a.name != "" && isFile(a), b.name != "" && isFile(b)
	switch {
	case hasOld && hasNew:
		// Of a file that becomes a link, or the other way, all is new.
		if (a.mode == modeLink) != (b.mode == modeLink) {
			a = diffEntry{child: none}
		}
		c.changed = append(c.changed, changedFile{name, a, b})
	case hasOld:
		c.deleted = append(c.deleted, changedFile{name, a, diffEntry{child: none}})
	case hasNew:
		c.added = append(c.added, changedFile{name, diffEntry{child: none}, b})
	}
	return nil
}

// files reads the files that differ, and tells their new lines.
func (p *patcher) files(ctx context.Context, c *changeList) ([]PatchFile, error) {
	p.findRenames(ctx, c)
	all := slices.Concat(c.changed, c.added)
	slices.SortStableFunc(all, func(a, b changedFile) int { return cmp.Compare(a.path, b.path) })
	var out []PatchFile
	for _, f := range all {
		if ctx.Err() != nil {
			return out, context.Cause(ctx)
		}
		if bytes.Equal(f.before.id, f.after.id) {
			continue
		}
		content := bytes.Clone(p.content(ctx, p.reader, f.after, f.path))
		file := PatchFile{Path: f.path, Content: content, Binary: isBinary(content)}
		if !file.Binary {
			var before []byte
			if f.before.name != "" {
				before = p.content(ctx, p.old, f.before, f.path)
			}
			if isBinary(before) {
				before = nil // git shows no lines then, but they are new
			}
			file.Hunks = linediff.Added(before, content)
		}
		out = append(out, file)
	}
	return out, nil
}

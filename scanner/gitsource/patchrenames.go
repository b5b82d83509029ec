package gitsource

import (
	"bytes"
	"cmp"
	"context"
	"hash/maphash"
	"path"
	"slices"
)

const (
	// renameLimit is how many files on both sides are compared with each other;
	// of more, only those that did not change are found.
	renameLimit = 1000
	// leastSimilar and leastSimilarName are the shares, in percent, that two
	// files must have in common, the second for two that share a name that
	// nothing else has.
	leastSimilar, leastSimilarName = 50, 75
	// chunkLength is how long a part of a line may be that counts by itself.
	chunkLength = 64
)

// findRenames makes changes of what was only moved, as Git does by default: a
// line that moves with its file is not new.
func (p *patcher) findRenames(ctx context.Context, c *changeList) {
	if len(c.added) == 0 || len(c.deleted) == 0 {
		return
	}
	p.moved(c)
	if len(c.added) == 0 || len(c.deleted) == 0 || len(c.added)*len(c.deleted) > renameLimit*renameLimit {
		return
	}
	olds, news := p.chunks(ctx, c.deleted, false), p.chunks(ctx, c.added, true)
	pairs := sameNames(c, olds, news)
	for i, b := range news {
		if pairs.usedNew[i] {
			continue
		}
		for j, a := range olds {
			if score := similarity(a, b); !pairs.usedOld[j] && score >= leastSimilar {
				pairs.list = append(pairs.list, renamePair{j, i, score, path.Base(c.deleted[j].path) == path.Base(c.added[i].path)})
			}
		}
	}
	slices.SortStableFunc(pairs.list, func(a, b renamePair) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(boolRank(b.sameName), boolRank(a.sameName)))
	})
	for _, r := range pairs.list {
		pairs.take(c, r.before, r.after)
	}
	c.added = slices.DeleteFunc(c.added, func(f changedFile) bool { return f.before.name != "" })
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// moved pairs files whose content is the same.
func (p *patcher) moved(c *changeList) {
	byID := map[string][]int{}
	for i, f := range c.deleted {
		byID[string(f.before.id)] = append(byID[string(f.before.id)], i)
	}
	used := map[int]bool{}
	c.added = slices.DeleteFunc(c.added, func(f changedFile) bool {
		best := -1
		for _, i := range byID[string(f.after.id)] {
			if !used[i] && (best < 0 || path.Base(c.deleted[i].path) == path.Base(f.path)) {
				best = i
			}
		}
		if best < 0 {
			return false
		}
		used[best] = true
		return true
	})
	var rest []changedFile
	for i, f := range c.deleted {
		if !used[i] {
			rest = append(rest, f)
		}
	}
	c.deleted = rest
}

// renamePair is an old and a new file, by their places.
type renamePair struct {
	before, after, score int
	sameName             bool
}

// renames are the pairs that were found.
type renames struct {
	usedOld, usedNew map[int]bool
	list             []renamePair
}

func (r *renames) take(c *changeList, before, after int) {
	if r.usedOld[before] || r.usedNew[after] {
		return
	}
	r.usedOld[before], r.usedNew[after] = true, true
	f := c.added[after]
	f.before = c.deleted[before].before
	c.added[after].before = f.before
	c.changed = append(c.changed, f)
}

// sameNames pairs files whose last names only one file on either side has.
func sameNames(c *changeList, olds, news []fileChunks) *renames {
	r := &renames{usedOld: map[int]bool{}, usedNew: map[int]bool{}}
	index := func(list []changedFile) map[string]int {
		out := map[string]int{}
		for i, f := range list {
			base := path.Base(f.path)
			if _, twice := out[base]; twice {
				out[base] = -1
			} else {
				out[base] = i
			}
		}
		return out
	}
	before, after := index(c.deleted), index(c.added)
	for i, f := range c.added {
		base := path.Base(f.path)
		if j, ok := before[base]; ok && j >= 0 && after[base] == i && similarity(olds[j], news[i]) >= leastSimilarName {
			r.take(c, j, i)
		}
	}
	return r
}

// fileChunks are the parts of a file, with how many bytes each takes.
type fileChunks struct {
	size   int
	counts map[uint64]int
}

// chunks reads files and cuts them into lines, and long lines into parts.
func (p *patcher) chunks(ctx context.Context, list []changedFile, added bool) []fileChunks {
	out := make([]fileChunks, len(list))
	for i, f := range list {
		e := f.before
		if added {
			e = f.after
		}
		text := p.content(ctx, p.old, e, f.path)
		out[i] = fileChunks{size: len(text), counts: map[uint64]int{}}
		for len(text) > 0 {
			n := min(len(text), chunkLength)
			if end := bytes.IndexByte(text[:n], '\n'); end >= 0 {
				n = end + 1
			}
			out[i].counts[maphash.Bytes(p.seed, text[:n])] += n
			text = text[n:]
		}
	}
	return out
}

// similarity is the share of the larger file that both have, in percent.
func similarity(a, b fileChunks) int {
	larger, smaller := max(a.size, b.size), min(a.size, b.size)
	if larger == 0 || smaller*100 < larger*leastSimilar {
		return 0
	}
	common := 0
	for chunk, n := range a.counts {
		common += min(n, b.counts[chunk])
	}
	return common * 100 / larger
}

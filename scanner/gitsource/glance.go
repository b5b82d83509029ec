package gitsource

import (
	"container/heap"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/scanner/gitsource/pack"
	"github.com/qleaks/qleaks/scanner/source"
)

const (
	// mostNew is up to how many new commits are looked at one by one, mostWalked up
	// to how many commits are read to tell which are new, mostHad how many the
	// receiver may have told.
	mostNew    = 300
	mostWalked = 20_000
	mostHad    = 5_000
)

// errNoGlance says that a look at few objects is not enough.
var errNoGlance = errors.New("more must be read")

// glance looks at what a small push brings, and at nothing else of the
// repository. It reports whether that was all there is to say: everything is here,
// and holds no key. Else the whole history is listed, which tells what was found.
func (s *search) glance(ctx context.Context, p Push) (clean bool, err error) {
	if len(s.repo.shallow()) > 0 || len(s.repo.refusals) > 0 {
		return false, nil
	}
	store, notes, err := s.repo.openStore(true)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if len(notes) > 0 {
		return false, nil
	}
	tally := &source.Tally{}
	g := newSearch(s.repo, s.inspector, 1, tally)
	g.graph, g.walked.missing = newGraph(0, nil), map[string]bool{}
	l := &glancing{comparison: &comparison{search: g, store: store, reader: store.NewReader()}, commits: map[string]*glanced{}}
	if err := l.look(ctx, p); err != nil {
		if errors.Is(err, errNoGlance) {
			err = nil
		}
		return false, err
	}
	refusals, _ := g.objects.refused()
	if len(g.found)+len(g.walked.missing)+len(g.notes.list)+len(refusals) > 0 {
		return false, nil
	}
	s.tally.Expected.Add(tally.Expected.Load())
	s.tally.Objects.Add(tally.Objects.Load())
	s.tally.Blobs.Add(tally.Blobs.Load())
	s.tally.Bytes.Add(tally.Bytes.Load())
	s.tally.Images.Add(tally.Images.Load())
	return true, nil
}

// glancing is a look at some commits.
type glancing struct {
	*comparison

	commits map[string]*glanced
	// queue are the commits to walk from, newest first; open counts those of them
	// that the receiver may lack.
	queue []*glanced
	open  int
}

// glanced is a commit that was read.
type glanced struct {
	id, tree string
	parents  []string
	time     int64
	// had says that the receiver has it, walked that its parents were queued.
	had, walked bool
}

// look examines what the new commits bring.
func (l *glancing) look(ctx context.Context, p Push) error {
	fresh, err := l.fresh(ctx, p)
	if err != nil {
		return err
	}
	var ids []string
	for _, c := range fresh {
		ids = append(ids, c.id)
		if err := l.brought(ctx, c); err != nil {
			return err
		}
		for _, e := range l.staged {
			ids = append(ids, e.id)
		}
		slices.Sort(ids)
		if ids = slices.Compact(ids); len(ids) > fewStaged+mostNew || l.trees > maxStagedTrees {
			return errNoGlance
		}
	}
	l.objects = &objects{store: l.store, width: l.repo.width, table: l.store.Subset(ids)}
	if l.objects.len() != len(ids) {
		return errNoGlance
	}
	return l.examine(ctx)
}

// examine reads the content of the objects.
func (l *glancing) examine(ctx context.Context) error {
	l.tally.Expected.Add(int64(l.objects.len()))
	one := &examiner{search: l.search, missing: map[string]bool{}}
	for i := range uint32(l.objects.len()) {
		o, err := l.reader.Read(ctx, l.objects.table.Index(i))
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil || o.Type != pack.Blob && o.Type != pack.Commit:
			return errNoGlance
		}
		if err := one.content(object{index: i, kind: o.Type, data: o.Data}); err != nil {
			return err
		}
	}
	l.collect([]*examiner{one})
	return nil
}

// brought lists the files of a commit that none of its parents has at the same
// path.
func (l *glancing) brought(ctx context.Context, c *glanced) error {
	l.staged = l.staged[:0]
	first := ""
	for i, id := range c.parents {
		parent, err := l.commit(ctx, id)
		if err != nil {
			return err
		}
		if i == 0 {
			first = parent.tree
		}
	}
	if err := l.sparse(ctx, c.tree, first, "", 0); err != nil || len(c.parents) < 2 {
		return err
	}
	for _, id := range c.parents[1:] {
		tree := l.commits[id].tree
		kept := l.staged[:0]
		for _, e := range l.staged {
			there, err := l.at(ctx, tree, e.path)
			if err != nil {
				return err
			}
			if there != e.id {
				kept = append(kept, e)
			}
		}
		l.staged = kept
	}
	return nil
}

// fresh are the commits that the tips reach and that the receiver may lack. With
// clocks that went wrong, one that it has may be among them; none that it lacks is
// left out, since only what a commit of the receiver's reaches counts as had.
func (l *glancing) fresh(ctx context.Context, p Push) ([]*glanced, error) {
	had, err := l.had(p)
	if err != nil {
		return nil, err
	}
	for _, id := range had {
		if _, here := l.store.Find([]byte(id)); !here {
			continue // the receiver has what is not here
		}
		c, err := l.commit(ctx, id)
		if errors.Is(err, errNoGlance) {
			continue // a tag: what it leads to may be read for nothing
		}
		if err != nil {
			return nil, err
		}
		l.have(c)
		l.enqueue(c)
	}
	for _, text := range p.Tips {
		id, ok := l.repo.parseID([]byte(text))
		if !ok {
			return nil, errNoGlance
		}
		c, err := l.commit(ctx, id)
		if err != nil {
			return nil, err
		}
		l.enqueue(c)
	}
	return l.walk(ctx)
}

// walk goes from the newest commit to the oldest, until all that are left are the
// receiver's.
func (l *glancing) walk(ctx context.Context) (fresh []*glanced, err error) {
	for l.open > 0 {
		c := heap.Pop(l).(*glanced) //nolint:errcheck,forcetypeassert // it holds nothing else
		if !c.had {
			l.open--
			if fresh = append(fresh, c); len(fresh) > mostNew {
				return nil, errNoGlance
			}
		}
		for _, id := range c.parents {
			parent, err := l.commit(ctx, id)
			if err != nil {
				return nil, err
			}
			if c.had {
				l.have(parent)
			}
			l.enqueue(parent)
		}
	}
	return slices.DeleteFunc(fresh, func(c *glanced) bool { return c.had }), nil
}

// have marks a commit that the receiver has, and what is known to be below it.
func (l *glancing) have(c *glanced) {
	for stack := []*glanced{c}; len(stack) > 0; {
		c, stack = stack[len(stack)-1], stack[:len(stack)-1]
		if c.had {
			continue
		}
		c.had = true
		if slices.Contains(l.queue, c) {
			l.open--
		}
		for _, id := range c.parents {
			if parent := l.commits[id]; parent != nil {
				stack = append(stack, parent)
			}
		}
	}
}

func (l *glancing) enqueue(c *glanced) {
	if c.walked {
		return
	}
	c.walked = true
	if !c.had {
		l.open++
	}
	heap.Push(l, c)
}

// commit reads a commit, once.
func (l *glancing) commit(ctx context.Context, id string) (*glanced, error) {
	if c := l.commits[id]; c != nil {
		return c, nil
	}
	at, here := l.store.Find([]byte(id))
	if !here || len(l.commits) == mostWalked {
		return nil, errNoGlance
	}
	o, err := l.reader.Read(ctx, at)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil || o.Type != pack.Commit:
		return nil, errNoGlance
	}
	h := parseHeaders(o.Data)
	c := &glanced{id: id, tree: string(h.tree)}
	if !h.committed.IsZero() {
		c.time = h.committed.Unix()
	}
	for _, p := range h.parents {
		c.parents = append(c.parents, string(p))
	}
	l.commits[id] = c
	return c, nil
}

// had are the ids of what the receiver has for certain.
func (l *glancing) had(p Push) (ids []string, err error) {
	for _, text := range p.Has {
		if id, ok := l.repo.parseID([]byte(text)); ok {
			ids = append(ids, id)
		}
	}
	for _, r := range l.repo.refs(func(string, error) { err = errNoGlance }) {
		if p.Receiving || p.Remote != "" && strings.HasPrefix(r.name, remotes+p.Remote+"/") {
			ids = append(ids, r.id)
		}
	}
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) > mostHad {
		err = errNoGlance
	}
	return ids, err
}

// Len, Less, Swap, Push and Pop implement heap.Interface: newest first.
func (l *glancing) Len() int           { return len(l.queue) }
func (l *glancing) Less(i, j int) bool { return l.queue[i].time > l.queue[j].time }
func (l *glancing) Swap(i, j int)      { l.queue[i], l.queue[j] = l.queue[j], l.queue[i] }

// Push is described at Len.
func (l *glancing) Push(x any) { l.queue = append(l.queue, x.(*glanced)) } //nolint:errcheck,forcetypeassert // nothing else is pushed

// Pop is described at Len.
func (l *glancing) Pop() any {
	last := l.queue[len(l.queue)-1]
	l.queue = l.queue[:len(l.queue)-1]
	return last
}

var _ heap.Interface = (*glancing)(nil)

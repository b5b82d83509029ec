package pack

import (
	"context"
	"errors"
	"runtime/debug"
)

// walker is a worker of a walk.
type walker struct {
	*worker
	walk    *walk
	visitor Visitor
	stack   []frame
	losses  []loss
	object  Object
}

// frame is an entry on the way from the root to where the walker is.
type frame struct {
	at    uint32
	depth int
	data  []byte
	// held says that data is in use, given that it was given back for want of
	// memory.
	held, given bool
	// visited says that the visitor got this object.
	visited bool
	// children are those still to be entered, the next of which is needed.
	children []uint32
}

func newWalker(ctx context.Context, w *walk, b *budget, visitor Visitor) *walker {
	k := &walker{worker: newWorker(ctx, w.store, b, &w.spending), walk: w, visitor: visitor}
	cached := k.arena.relieve
	k.arena.relieve = func() bool { return cached() || k.relieve() }
	return k
}

// work takes tasks until there are no more.
func (k *walker) work() error {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	for {
		begin := int(k.walk.next.Add(portion)) - portion
		if begin >= k.walk.tasks() {
			return nil
		}
		if err := k.ctx.Err(); err != nil {
			return err
		}
		for n := begin; n < min(begin+portion, k.walk.tasks()); n++ {
			if err := k.task(n); err != nil {
				return err
			}
			k.rest()
		}
	}
}

// rest gives the token back, if this worker has it.
func (k *walker) rest() {
	if k.arena.token {
		k.cache.clear(&k.arena)
		k.arena.rest()
	}
}

func (k *walker) task(n int) error {
	families := k.walk.families
	if n < len(families) {
		t := families[n]
		return k.family(branch{k.store.layers[t.layer], k.walk.needed[t.layer]}, t.at)
	}
	t := k.walk.singles[n-len(families)]
	l := k.store.layers[t.layer]
	r, err := k.readSingle(l, t.at)
	if err != nil {
		return k.give(err, func() error {
			refusal, err := k.stream(l, t.at, err)
			if refusal != nil {
				k.losses = append(k.losses, loss{l.start + t.at, refusal})
			}
			return err
		})
	}
	defer k.drop(r)
	if k.walk.plan.Types.Has(r.kind) {
		if err := k.check(l, l.ids.id(t.at), r.kind, r.data); err != nil {
			k.losses = append(k.losses, loss{l.start + t.at, err})
			return nil
		}
	}
	return k.single(l.start+t.at, r)
}

// readSingle reads one object. Content is left out if it is known beforehand
// not to be wanted.
func (k *walker) readSingle(l *layer, rank uint32) (resolved, error) {
	if l.region == nil {
		t, data, err := k.readLoose(l, rank, k.walk.plan.Types)
		return resolved{kind: t, data: data}, err
	}
	return k.resolve(l, rank)
}

// single visits an object that was read by itself.
func (k *walker) single(i uint32, r resolved) error {
	k.store.types[i] = r.kind
	if !k.walk.plan.Types.Has(r.kind) {
		return nil
	}
	k.object = Object{Index: i, Type: r.kind, ID: k.store.ID(i), Data: r.data, Base: None}
	return k.visitor.Visit(&k.object)
}

// give sorts an error: what concerns some objects is noted, and is none.
func (k *walker) give(err error, note func() error) error {
	if k.recoverable(err) || errors.Is(err, errTotal) {
		return note()
	}
	return err
}

// branch is what a family needs to know of its layer.
type branch struct {
	*layer
	// needed marks positions, nil for all.
	needed []uint64
}

func (b branch) index(at uint32) uint32 { return b.start + b.forest.ranks[at] }

// skip goes to the next child that is needed.
func (b branch) skip(f *frame) {
	for len(f.children) > 0 {
		child := f.children[0]
		if b.forest.bases[child] != refused && needs(b.needed, child) {
			return
		}
		f.children = f.children[1:]
	}
}

// family visits the wanted of a root and of all that is made from it, depth
// first. A base is given back before its last child is entered.
func (k *walker) family(b branch, root uint32) error {
	if err := k.root(b, root); err != nil {
		return err
	}
	for len(k.stack) > 0 {
		f := &k.stack[len(k.stack)-1]
		if len(f.children) == 0 { // the last ones were lost
			k.pop()
			continue
		}
		child := f.children[0]
		f.children = f.children[1:]
		b.skip(f)
		if err := k.child(b, f, child); err != nil {
			return err
		}
	}
	return nil
}

func (k *walker) pop() {
	top := &k.stack[len(k.stack)-1]
	k.arena.put(top.data)
	*top = frame{}
	k.stack = k.stack[:len(k.stack)-1]
}

// root reads and visits a root.
func (k *walker) root(b branch, at uint32) error {
	f, i := b.forest, b.index(at)
	kind := k.store.types[i]
	var data []byte
	var err error
	if f.bases[at] == outside {
		var r resolved
		if r, err = k.resolveAt(&chain{alternatives: maxAlternatives}, b.layer, int64(f.offsets[at])); err == nil {
			kind = r.kind
			data, err = k.own(r)
		}
	} else {
		var e entry
		e, data, err = k.unpack(b.layer, int64(f.offsets[at]), int64(f.extent(at)))
		if err == nil && Type(e.kind) != kind {
			k.arena.put(data)
			err = errHeader // the file changes while it is read
		}
	}
	if err != nil {
		return k.give(err, func() error { return k.loseRoot(b, at, err) })
	}
	k.object = Object{Type: kind, Base: None}
	return k.enter(b, frame{at: at, data: data})
}

// loseRoot gives up a family, but for a root that can be streamed.
func (k *walker) loseRoot(b branch, at uint32, why error) error {
	refusal, err := k.stream(b.layer, b.forest.ranks[at], why)
	if refusal != nil || err != nil {
		k.walk.lose(b.layer, at, refusal, &k.losses)
		return err
	}
	for _, child := range b.forest.childrenOf(at) {
		if b.forest.bases[child] != refused {
			k.walk.lose(b.layer, child, errBaseLost, &k.losses)
		}
	}
	return nil
}

// child makes and visits a child of the top of the stack, f.
func (k *walker) child(b branch, f *frame, at uint32) error {
	base := b.index(f.at)
	kind := k.store.types[base]
	data, err := k.make(b.layer, f, at, k.walk.plan.Ops && (kind == Blob || kind == Tree))
	if err != nil {
		return k.give(err, func() error {
			k.walk.lose(b.layer, at, err, &k.losses)
			return nil
		})
	}
	next := frame{at: at, depth: f.depth + 1, data: data}
	k.object = Object{Type: kind, Base: base, BaseVisited: f.visited, Depth: next.depth, Ops: k.ops}
	if len(f.children) == 0 {
		k.pop()
	}
	return k.enter(b, next)
}

// make makes a child from the content of a frame.
func (k *walker) make(l *layer, f *frame, at uint32, record bool) ([]byte, error) {
	f.held = true
	defer func() { f.held = false }()
	offsets := l.forest.offsets
	if f.given {
		r, err := k.resolveAt(&chain{alternatives: maxAlternatives}, l, int64(offsets[f.at]))
		if err != nil {
			return nil, err
		}
		if f.data, err = k.own(r); err != nil {
			return nil, err
		}
		f.given = false
	}
	return k.apply(l, int64(offsets[at]), int64(l.forest.extent(at)), f.data, record)
}

// own makes the caller the owner of content, which may be the cache's.
func (k *walker) own(r resolved) ([]byte, error) {
	if !r.borrowed {
		return r.data, nil
	}
	k.cache.hold(r)
	defer k.cache.release()
	data, err := k.arena.get(k.ctx, len(r.data))
	copy(data, r.data)
	return data, err
}

// enter visits an object, of which k.object tells already how it was made. If
// something is made from it, it is put on the stack.
func (k *walker) enter(b branch, f frame) error {
	i, id, o := b.index(f.at), b.ids.id(b.forest.ranks[f.at]), &k.object
	if k.store.types[i] != o.Type { // else others may look at it
		k.store.types[i] = o.Type
	}
	if k.walk.visible(i) && k.walk.plan.Types.Has(o.Type) {
		if err := k.check(b.layer, id, o.Type, f.data); err != nil {
			k.losses = append(k.losses, loss{i, err})
		} else {
			f.visited = true
			o.Index, o.ID, o.Data = i, id, f.data
			if err := k.visitor.Visit(o); err != nil {
				return err
			}
		}
	}
	f.children = b.forest.childrenOf(f.at)
	b.skip(&f)
	if len(f.children) == 0 {
		k.arena.put(f.data)
	} else {
		k.stack = append(k.stack, f)
	}
	return nil
}

// relieve gives the content of a base back that will be needed last. It is made
// again then.
func (k *walker) relieve() bool {
	for n := range k.stack {
		if f := &k.stack[n]; !f.held && !f.given {
			k.arena.put(f.data)
			f.data, f.given = nil, true
			return true
		}
	}
	return false
}

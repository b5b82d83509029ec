package pack

import (
	"errors"
	"slices"
)

// maxAlternatives bounds how often, for one object, another copy of a broken
// base is tried.
const maxAlternatives = 16

// chain is the way from an object to the whole one that it is made from.
type chain struct {
	depth int
	// alternatives are those left.
	alternatives int
}

// resolved is an object's content. What is borrowed belongs to the cache and
// holds until something else is resolved.
type resolved struct {
	kind     Type
	data     []byte
	borrowed bool
}

// drop gives the content back.
func (w *worker) drop(r resolved) {
	if !r.borrowed {
		w.arena.put(r.data)
	}
}

// resolve reads an object of a layer.
func (w *worker) resolve(l *layer, rank uint32) (resolved, error) {
	c := &chain{alternatives: maxAlternatives}
	return w.resolveRank(c, l, rank)
}

func (w *worker) resolveRank(c *chain, l *layer, rank uint32) (resolved, error) {
	if l.region == nil {
		t, data, err := w.readLoose(l, rank, AllTypes)
		return resolved{kind: t, data: data}, err
	}
	offset := l.offset(rank)
	if offset < packHeader || offset >= uint64(l.end()) {
		return resolved{}, errOffset
	}
	return w.resolveAt(c, l, int64(offset))
}

// resolveAt reads the entry at an offset.
func (w *worker) resolveAt(c *chain, l *layer, offset int64) (resolved, error) {
	if r, ok := w.cache.get(l, offset); ok {
		return r, nil
	}
	if c.depth > maxDepth {
		return resolved{}, errDepth
	}
	if err := w.spend(0); err != nil {
		return resolved{}, err
	}
	end := l.extentAt(offset)
	e, err := w.readHeader(l, offset, end)
	if err != nil {
		return resolved{}, err
	}
	if !e.delta() {
		_, data, err := w.unpack(l, offset, end)
		return resolved{kind: Type(e.kind), data: data}, err
	}
	c.depth++
	at, base, err := w.base(c, l, offset, e)
	c.depth--
	if err != nil {
		return resolved{}, err
	}
	w.cache.hold(base)
	data, err := w.apply(l, offset, end, base.data, false)
	w.cache.release()
	if !base.borrowed {
		w.cache.add(&w.arena, at, base)
	}
	return resolved{kind: base.kind, data: data}, err
}

// base reads the base of a delta; where it is broken, another copy of it.
func (w *worker) base(c *chain, l *layer, offset int64, e entry) (place, resolved, error) {
	if e.kind == referenceDelta {
		id := slices.Clone(e.ref)
		return w.copyOf(c, l, id)
	}
	at := offset - e.back
	if e.back <= 0 || at < packHeader {
		return place{}, resolved{}, errNoBase
	}
	r, err := w.resolveAt(c, l, at)
	if err == nil || !w.recoverable(err) {
		return place{l, at}, r, err
	}
	if id := l.idAt(at); id != nil && c.alternatives > 0 {
		if p, r, second := w.copyIn(c, l, id, err); second == nil {
			return p, r, nil
		}
	}
	return place{}, resolved{}, err
}

// recoverable tells errors of one object from those that end everything.
func (w *worker) recoverable(err error) bool {
	return w.ctx.Err() == nil && !errors.Is(err, errBug) && !errors.Is(err, errTotal)
}

// copyOf reads an object that is told by its id, from the same layer if
// possible.
func (w *worker) copyOf(c *chain, l *layer, id []byte) (place, resolved, error) {
	err := errNoBase
	if rank, ok := l.find(id); ok {
		var r resolved
		if r, err = w.resolveRank(c, l, rank); err == nil || !w.recoverable(err) {
			return l.placeOf(rank), r, err
		}
	}
	return w.copyIn(c, l, id, err)
}

// copyIn reads an object from any layer but one, in which it was not readable.
func (w *worker) copyIn(c *chain, but *layer, id []byte, why error) (place, resolved, error) {
	for _, l := range w.store.layers {
		if l == but || c.alternatives <= 0 {
			continue
		}
		rank, ok := l.find(id)
		if !ok {
			continue
		}
		c.alternatives--
		r, err := w.resolveRank(c, l, rank)
		if err == nil {
			if err = w.check(l, id, r.kind, r.data); err != nil {
				w.drop(r)
			}
		}
		if err == nil || !w.recoverable(err) {
			return l.placeOf(rank), r, err
		}
	}
	return place{}, resolved{}, why
}

// place is where an object is: an offset in a pack, or a rank among loose
// objects.
type place struct {
	layer *layer
	at    int64
}

func (l *layer) placeOf(rank uint32) place {
	if l.region == nil {
		return place{l, int64(rank)}
	}
	return place{l, int64(l.offset(rank))}
}

// extentAt is where the entry at an offset must end.
func (l *layer) extentAt(offset int64) int64 {
	if l.forest != nil {
		if p, ok := slices.BinarySearch(l.forest.offsets, uint64(offset)); ok {
			return int64(l.forest.extent(uint32(p)))
		}
	}
	return l.end()
}

// idAt is the id of the entry at an offset, if the forest knows it.
func (l *layer) idAt(offset int64) []byte {
	if l.forest == nil {
		return nil
	}
	p, ok := slices.BinarySearch(l.forest.offsets, uint64(offset))
	if !ok {
		return nil
	}
	return l.ids.id(l.forest.ranks[p])
}

const (
	// maxCached bounds the bases that a worker keeps, in bytes.
	maxCached = 16 << 20
	// maxCachedBases bounds their number.
	maxCachedBases = 512
)

// cache keeps the bases that single objects were made from: their neighbours
// are often made from the same.
type cache struct {
	entries map[place]resolved
	// order is that in which they came.
	order []place
	size  int64
	// held is the one that must stay.
	held []byte
}

func (c *cache) get(l *layer, offset int64) (resolved, bool) {
	r, ok := c.entries[place{l, offset}]
	return r, ok
}

func (c *cache) hold(r resolved) { c.held = r.data }

func (c *cache) release() { c.held = nil }

// add hands a buffer over to the cache.
func (c *cache) add(a *arena, at place, r resolved) {
	if _, there := c.entries[at]; there || cap(r.data) > maxCached/4 {
		a.put(r.data)
		return
	}
	if c.entries == nil {
		c.entries = map[place]resolved{}
	}
	r.borrowed = true
	c.entries[at] = r
	c.order = append(c.order, at)
	c.size += int64(cap(r.data))
	for c.size > maxCached || len(c.order) > maxCachedBases {
		c.evict(a, 0)
	}
}

func (c *cache) evict(a *arena, n int) {
	at := c.order[n]
	r := c.entries[at]
	delete(c.entries, at)
	c.order = slices.Delete(c.order, n, n+1)
	c.size -= int64(cap(r.data))
	a.put(r.data)
}

// clear gives everything back.
func (c *cache) clear(a *arena) {
	for len(c.order) > 0 {
		c.evict(a, len(c.order)-1)
	}
}

// relieve returns a function that gives the oldest buffer back.
func (c *cache) relieve(a *arena) func() bool {
	return func() bool {
		for n, at := range c.order {
			if r := c.entries[at]; cap(c.held) == 0 || cap(r.data) == 0 || &r.data[:1][0] != &c.held[:1][0] {
				c.evict(a, n)
				return true
			}
		}
		return false
	}
}

package pack

import (
	"context"
	"fmt"
	"runtime/debug"
)

// Reader reads single objects. It serves one goroutine at a time.
type Reader struct {
	worker *worker
	last   resolved
}

// NewReader returns a reader, which keeps some bases in memory.
func (s *Store) NewReader() *Reader {
	b := newBudget(s.options.Memory, s.options.BigObject, 1)
	return &Reader{worker: newWorker(context.Background(), s, b, nil)}
}

// Read reads an object; of one that is stored more than once, the first copy
// that can be read. The object holds until the next call.
func (r *Reader) Read(ctx context.Context, i uint32) (Object, error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	w := r.worker
	w.ctx, w.spending = ctx, &spending{limit: w.store.options.MaxTotal}
	w.spent = 0
	w.drop(r.last)
	r.last = resolved{borrowed: true}
	if i >= w.store.total {
		return Object{}, fmt.Errorf("read object: there is no object %d", i)
	}
	l, rank := w.store.layerOf(i)
	id := l.id(rank)
	c := &chain{alternatives: maxAlternatives}
	found, err := w.resolveRank(c, l, rank)
	if err == nil {
		if err = w.check(l, id, found.kind, found.data); err != nil {
			w.drop(found)
		}
	}
	if err != nil && w.recoverable(err) {
		_, found, err = w.copyIn(c, l, id, err)
	}
	if err != nil {
		return Object{}, fmt.Errorf("read object %x: %w", id, err)
	}
	r.last = found
	return Object{Index: i, Type: found.kind, ID: id, Data: found.data, Base: None}, nil
}

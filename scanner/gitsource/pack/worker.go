package pack

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"hash"
	"strconv"
	"sync/atomic"

	"github.com/qleaks/qleaks/scanner/gitsource/inflate"
)

var (
	errTotal = errors.New("the pack unpacks to more than is allowed")
	errID    = errors.New("the content does not have this id")
)

// spending bounds the work of a walk, in bytes that are unpacked.
type spending struct {
	total atomic.Int64
	limit int64
}

const (
	// reckoning is how much a worker unpacks before it tells the others.
	reckoning = 4 << 20
	// overhead is the work that every object is, however small.
	overhead = 64
)

// worker unpacks objects, for one goroutine.
type worker struct {
	store    *Store
	ctx      context.Context //nolint:containedctx // a worker lives as long as one call
	inflater inflate.Reader
	arena    arena
	cache    cache
	ops      []Op
	hash     hash.Hash
	spending *spending
	spent    int64
	input    []byte
	header   [maxHeader]byte
}

func newWorker(ctx context.Context, s *Store, b *budget, spent *spending) *worker {
	w := &worker{store: s, ctx: ctx, arena: arena{budget: b}, spending: spent}
	w.arena.relieve = w.cache.relieve(&w.arena)
	return w
}

// spend accounts for work. The error is errTotal or the context's.
func (w *worker) spend(n int64) error {
	w.spent += n + overhead
	if w.spent < reckoning {
		return nil
	}
	total := w.spending.total.Add(w.spent)
	w.spent = 0
	if total > w.spending.limit {
		// All that follows is refused as well, without more ado.
		w.spent = reckoning
		return errTotal
	}
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	return nil
}

// readHeader reads the header of the entry at an offset. What it says of a base
// holds until the next call.
func (w *worker) readHeader(l *layer, offset, end int64) (e entry, err error) {
	defer func() {
		if f := fault(recover()); f != nil {
			err = f
		}
	}()
	b, err := l.region.view(offset, min(end, offset+maxHeader), w.header[:])
	if err != nil {
		return entry{}, err
	}
	if l.region.mapped != nil {
		b = w.header[:copy(w.header[:], b)]
	}
	return parseEntry(b, l.ids.width)
}

// unpack reads the entry at an offset: the content, or the delta. The buffer
// is the caller's.
func (w *worker) unpack(l *layer, offset, end int64) (e entry, data []byte, err error) {
	e, err = w.readHeader(l, offset, end)
	if err != nil {
		return e, nil, err
	}
	from := offset + int64(e.length)
	if e.size > w.store.options.MaxObject {
		return e, nil, errOversize
	}
	if !plausible(e.size, end-from) {
		return e, nil, errTruncated
	}
	if err := w.spend(e.size); err != nil {
		return e, nil, err
	}
	data, err = w.arena.get(w.ctx, int(e.size))
	if err != nil {
		return e, nil, err
	}
	if err := w.inflate(data, l.region, from, end); err != nil {
		w.arena.put(data)
		return e, nil, err
	}
	return e, data, nil
}

// inflate decodes the stream at a place of a file.
func (w *worker) inflate(data []byte, r *region, from, end int64) (err error) {
	defer func() {
		if f := fault(recover()); f != nil {
			err = f
		}
	}()
	if r.mapped != nil {
		return w.zlib(data, r.mapped[from:min(end, r.size)])
	}
	// How long a stream is, only its end tells. A good one is hardly longer
	// than its content.
	for guess := int64(len(data)) + int64(len(data))/64 + 4096; ; guess *= 4 {
		guess = min(guess, end-from)
		if int64(cap(w.input)) < guess {
			w.input = make([]byte, guess)
		}
		src, err := r.view(from, from+guess, w.input[:guess])
		if err != nil {
			return err
		}
		err = w.zlib(data, src)
		if guess >= 1<<20 {
			w.input = nil
		}
		if !errors.Is(err, inflate.ErrTruncated) || from+guess >= end || guess > 2*w.store.options.MaxObject {
			return err
		}
	}
}

// zlib decodes a stream and compares its checksum: content that was damaged
// without that would be told as clean.
func (w *worker) zlib(dst, src []byte) error {
	n, _, err := w.inflater.Zlib(dst, src, true)
	if err == nil && n < len(dst) {
		err = inflate.ErrSize
	}
	return err
}

// apply makes an object from its base and the delta at an offset. With record,
// w.ops tell how.
func (w *worker) apply(l *layer, offset, end int64, base []byte, record bool) ([]byte, error) {
	e, delta, err := w.unpack(l, offset, end)
	if err != nil {
		return nil, err
	}
	defer w.arena.put(delta)
	if !e.delta() {
		return nil, errHeader // it was one when the forest was planted
	}
	from, to, length, err := deltaSizes(delta)
	switch {
	case err != nil:
		return nil, err
	case from != int64(len(base)):
		return nil, errDeltaBase
	case to > w.store.options.MaxObject:
		return nil, errOversize
	}
	if err := w.spend(to); err != nil {
		return nil, err
	}
	data, err := w.arena.get(w.ctx, int(to))
	if err != nil {
		return nil, err
	}
	if w.ops, err = applyDelta(data, base, delta[length:], w.ops[:0], record); err != nil {
		w.arena.put(data)
		return nil, err
	}
	return data, nil
}

// objectHeader is what an object begins with where it is hashed or loose.
func objectHeader(t Type, size int64) []byte {
	return append(strconv.AppendInt([]byte(t.String()+" "), size, 10), 0)
}

// check compares content with its id, where that is asked for.
func (w *worker) check(l *layer, id []byte, t Type, data []byte) error {
	if !w.store.options.Verify && !l.suspect {
		return nil
	}
	if w.hash == nil {
		w.hash = sha1.New()
		if len(id) == sha256.Size {
			w.hash = sha256.New()
		}
	}
	w.hash.Reset()
	w.hash.Write(objectHeader(t, int64(len(data))))
	w.hash.Write(data)
	if !bytes.Equal(w.hash.Sum(nil), id) {
		return errID
	}
	return nil
}

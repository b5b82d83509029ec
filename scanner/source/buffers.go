package source

import "sync"

// Buffers keep memory that content was read into for what is read next: fresh
// memory costs more than reading a small file. They are safe for concurrent
// use; nil keeps nothing.
type Buffers struct{ pool sync.Pool }

const (
	// leastBuffer is the smallest buffer, so that one fits most files.
	leastBuffer = 64 << 10
	// mostBuffer is the largest that is kept.
	mostBuffer = 4 << 20
)

// take lends an empty buffer with room for n bytes.
func (b *Buffers) take(n int) []byte {
	if b == nil {
		return make([]byte, 0, max(n, 512))
	}
	if kept, ok := b.pool.Get().(*[]byte); ok && cap(*kept) >= n {
		return (*kept)[:0]
	}
	return make([]byte, 0, max(n, leastBuffer))
}

func (b *Buffers) put(buf []byte) {
	if b != nil && cap(buf) >= leastBuffer && cap(buf) <= mostBuffer {
		b.pool.Put(&buf)
	}
}

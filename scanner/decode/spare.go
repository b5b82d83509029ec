package decode

import "sync"

// Spare keeps memory that decoding needs from one piece of content to the next:
// fresh memory costs more than what is written to it. It may hold what was
// decoded. It is safe for concurrent use, nil keeps nothing.
type Spare struct{ builders sync.Pool }

const (
	// maxSpare is how much memory a builder that is kept may hold, in bytes.
	maxSpare = 4 << 20
	// spanBytes is the size of a span.
	spanBytes = 32
)

func (s *Spare) take() *builder {
	if s != nil {
		if b, ok := s.builders.Get().(*builder); ok {
			return b
		}
	}
	return &builder{}
}

func (s *Spare) put(b *builder) {
	if s != nil && cap(b.text) <= maxSpare && cap(b.spans)*spanBytes <= maxSpare {
		s.builders.Put(b)
	}
}

package source

import (
	"context"
	"io"
	"iter"
)

// Reader is a Source of one item: standard input, or a reader that the caller
// has.
type Reader struct {
	Name string
	R    io.Reader
}

// Items implements Source.
func (s Reader) Items(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		if ctx.Err() != nil {
			yield(Item{}, context.Cause(ctx))
			return
		}
		yield(Item{
			Origin: Origin{Path: s.Name, Place: Stdin},
			Size:   -1,
			Open:   func() (io.ReadCloser, error) { return io.NopCloser(s.R), nil },
		}, nil)
	}
}

package source

import (
	"context"
	"io"
	"iter"
	"os"
)

// OneFile is a Source of a file that the operator named: links are followed
// and a pipe is read, since the operator asked for it.
type OneFile struct {
	// Name is what the operating system opens, Path what is reported.
	Name, Path string
	Repository string
	Ignored    bool
}

// Items implements Source.
func (s OneFile) Items(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		if ctx.Err() != nil {
			yield(Item{}, context.Cause(ctx))
			return
		}
		size := int64(-1)
		if info, err := os.Stat(s.Name); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		yield(Item{
			Origin: Origin{Path: s.Path, Place: File, Repository: s.Repository, Ignored: s.Ignored},
			Size:   size,
			Open:   func() (io.ReadCloser, error) { return os.Open(s.Name) },
			Access: func() Access { return AccessOf(s.Name) },
		}, nil)
	}
}

package decode

import "time"

// Options bound what decoding may cost. The zero value means the defaults.
type Options struct {
	// Depth is how many archives may stand inside each other, and how many
	// encodings of text inside one file; default 4.
	Depth int
	// MemberBytes is the largest member of an archive that is read in full;
	// of a larger one the beginning is read. Default 64 MiB.
	MemberBytes int64
	// TotalBytes bounds what one piece of content may unfold to; default
	// 1 GiB.
	TotalBytes int64
	// Members is how many members an archive may have; default 100,000.
	Members int
	// Ratio is the largest ratio of unfolded to folded bytes after the first
	// 10 MiB; default 200.
	Ratio int64
	// Time bounds the decoding of one piece of content, without the time the
	// caller spends on the views; default 30 s. It is a stop for hostile
	// content, so exceeding it is an unread note.
	Time time.Duration
	// ArchivesOnly leaves everything but archives and compressed streams
	// unfolded.
	ArchivesOnly bool
	// Fragment says that the content is a part of something longer, of which
	// names that put values together tell nothing.
	Fragment bool
	// Quiet, unless nil, reports whether text by itself shows no key, with all
	// that is encoded in it. The text of documents and pickles for which it
	// says so gives no views.
	Quiet func(text []byte) bool
	// Spare, unless nil, lends memory.
	Spare *Spare
	// Images, unless nil, is increased by the pictures in notebooks, which
	// give no view.
	Images *int
}

// freeBytes may be unfolded whatever the ratio is: small archives of very
// regular text are common.
const freeBytes = 10 << 20

func (o Options) withDefaults() Options {
	o.Depth = positive(o.Depth, 4)
	o.MemberBytes = positive(o.MemberBytes, 64<<20)
	o.TotalBytes = positive(o.TotalBytes, 1<<30)
	o.Members = positive(o.Members, 100_000)
	o.Ratio = positive(o.Ratio, 200)
	o.Time = positive(o.Time, 30*time.Second)
	if o.Images == nil {
		o.Images = new(int)
	}
	return o
}

func positive[N ~int | ~int64](n, otherwise N) N {
	if n > 0 {
		return n
	}
	return otherwise
}

package decode

import "time"

// Options bound what decoding may cost. The zero value means the defaults.
type Options struct {
	// Depth is how many decodings may stand inside each other; default 4.
	Depth int
	// MemberBytes is the largest member of an archive that is read; default
	// 64 MiB.
	MemberBytes int64
	// TotalBytes bounds what one piece of content may unfold to; default
	// 1 GiB.
	TotalBytes int64
	// Members is how many members an archive may have; default 100,000.
	Members int
	// Ratio is the largest ratio of unfolded to folded bytes after the first
	// 10 MiB; default 200.
	Ratio int64
	// Time bounds the decoding of one piece of content; default 30 s. It is a
	// stop for hostile content, so exceeding it is an unread note.
	Time time.Duration
}

package pack

import "errors"

var (
	errHeader   = errors.New("broken header")
	errType     = errors.New("unknown type")
	errOversize = errors.New("larger than the limit")
)

// The types of entries that are deltas.
const (
	offsetDelta    = 6
	referenceDelta = 7
)

// maxHeader is the longest header of an entry: ten bytes of size, and the base.
const maxHeader = 10 + 32

// entry is the header of an object in a pack.
type entry struct {
	// kind is a Type, offsetDelta or referenceDelta.
	kind uint8
	// size is that of the content or of the delta, unpacked, in bytes.
	size int64
	// back is how far before this entry the base is, in bytes.
	back int64
	// ref is the id of the base. It points into what was parsed.
	ref []byte
	// length is that of the header, in bytes: there the zlib stream begins.
	length int
}

func (e *entry) delta() bool { return e.kind >= offsetDelta }

// parseEntry reads the header that b begins with.
func parseEntry(b []byte, width int) (entry, error) {
	if len(b) == 0 {
		return entry{}, errHeader
	}
	e := entry{kind: b[0] >> 4 & 7, size: int64(b[0] & 15)}
	at := 1
	for shift := 4; b[at-1]&0x80 != 0; shift += 7 {
		if at >= len(b) || shift > 53 {
			return entry{}, errHeader
		}
		e.size |= int64(b[at]&0x7f) << shift
		at++
	}
	switch e.kind {
	case uint8(Commit), uint8(Tree), uint8(Blob), uint8(Tag):
	case offsetDelta:
		n := parseBack(b[at:], &e.back)
		if n == 0 {
			return entry{}, errHeader
		}
		at += n
	case referenceDelta:
		if len(b) < at+width {
			return entry{}, errHeader
		}
		e.ref = b[at : at+width]
		at += width
	default:
		return entry{}, errType
	}
	e.length = at
	return e, nil
}

// parseBack reads the distance to a base; it returns its length in bytes, 0
// for one that makes no sense.
func parseBack(b []byte, back *int64) int {
	var v int64
	for i, c := range b {
		if i > 7 {
			return 0
		}
		v = v<<7 | int64(c&0x7f)
		if c&0x80 == 0 {
			*back = v
			return i + 1
		}
		v++
	}
	return 0
}

// plausible reports whether so many bytes of zlib stream can unpack to size
// bytes: DEFLATE makes at most 258 bytes of two bits. It is asked before
// memory is taken.
func plausible(size, stream int64) bool { return size/1032 <= stream }

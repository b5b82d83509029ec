// Package inflate decodes DEFLATE (RFC 1951) and zlib (RFC 1950) streams that
// lie in memory whole, into a buffer of known size: the way Git stores its
// objects. Most of the time that a search of a history takes is spent here, so
// it is written for speed, in the manner of libdeflate, and it trusts nothing
// that it reads.
//
// It accepts what compress/zlib and zlib accept, and refuses what they refuse,
// with these limits: the size of the output must be the expected one, and
// preset dictionaries are refused.
package inflate

import (
	"encoding/binary"
	"errors"
)

var (
	// ErrCorrupt says that the stream breaks the format.
	ErrCorrupt = errors.New("inflate: corrupt stream")
	// ErrTruncated says that the source ends before the stream does.
	ErrTruncated = errors.New("inflate: truncated stream")
	// ErrSize says that the stream holds more or fewer bytes than expected.
	ErrSize = errors.New("inflate: not the expected size")
	// ErrChecksum says that the content does not have its Adler-32 checksum.
	ErrChecksum = errors.New("inflate: wrong checksum")
	// ErrDictionary says that the stream needs a preset dictionary.
	ErrDictionary = errors.New("inflate: preset dictionary")
)

const (
	zlibHeader     = 2
	zlibTrailer    = 4
	methodDeflate  = 8
	largestWindow  = 7
	hasDictionary  = 0x20
	headerDivisor  = 31
	blockTypeBits  = 3
	blockStored    = 0
	blockFixed     = 1
	blockDynamic   = 2
	storedHeader   = 4
	lengthOfWord   = 8
	fullBits       = 56 // a refill leaves at least this many bits
	headerCodeBits = 14 // of the header of a dynamic block
)

// Reader decodes one stream after the other. The zero value is ready. A Reader
// holds tables of about 30 kB, keeps nothing of what it read, and serves one
// goroutine at a time.
type Reader struct {
	ready   bool // the fixed tables and the templates are made
	fixed   tables
	dynamic tables
	lengths lengthTables
}

// Zlib decodes the zlib stream that src begins with into dst, whose length is
// the size that the content must have. What follows the stream in src is not
// looked at; but when there is some, the end of the stream is decoded faster.
//
// It returns how many bytes of dst are written and how many of src the stream
// occupies, header and checksum included. The checksum is compared only if
// verify is set. After any error the first n bytes of dst are what the stream
// said before, unverified, the rest of dst is undefined, and consumed is zero.
func (r *Reader) Zlib(dst, src []byte, verify bool) (n, consumed int, err error) {
	if len(src) < zlibHeader {
		return 0, 0, ErrTruncated
	}
	method, flags := src[0], src[1]
	if method&0x0f != methodDeflate || method>>4 > largestWindow || (uint(method)<<8|uint(flags))%headerDivisor != 0 {
		return 0, 0, ErrCorrupt
	}
	if flags&hasDictionary != 0 {
		return 0, 0, ErrDictionary
	}
	n, consumed, err = r.Deflate(dst, src[zlibHeader:])
	if err != nil {
		return n, 0, err
	}
	trailer := src[zlibHeader+consumed:]
	if len(trailer) < zlibTrailer {
		return n, 0, ErrTruncated
	}
	if verify && adler(dst) != binary.BigEndian.Uint32(trailer) {
		return n, 0, ErrChecksum
	}
	return n, zlibHeader + consumed + zlibTrailer, nil
}

// Deflate is Zlib for a stream without header and checksum.
func (r *Reader) Deflate(dst, src []byte) (n, consumed int, err error) {
	if !r.ready {
		r.prepare()
	}
	s := stream{src: src, dst: dst}
	for final := false; !final; {
		if final, err = r.block(&s); err != nil {
			return s.out, 0, err
		}
	}
	if s.out != len(dst) {
		return s.out, 0, ErrSize
	}
	return s.out, s.in - int(s.count>>3), nil
}

// stream is the place that was reached in the source and in the output.
type stream struct {
	src, dst []byte
	in, out  int // what is read of src and written of dst
	// bits holds the next count bits of the stream, the first one lowest;
	// their bytes are behind in already. Above them are zeros or what the bytes
	// at in will bring: to add these once more changes nothing.
	bits  uint64
	count uint64
}

// refill adds bytes of the source while there is room: afterwards there are at
// least 56 bits, or all that the source has.
func (s *stream) refill() {
	if s.in <= len(s.src)-lengthOfWord {
		s.bits |= binary.LittleEndian.Uint64(s.src[s.in:]) << (s.count & 63)
		s.in += 7 - int(s.count>>3&7)
		s.count |= fullBits
		return
	}
	for s.count < fullBits && s.in < len(s.src) {
		s.bits |= uint64(s.src[s.in]) << (s.count & 63)
		s.in++
		s.count += 8
	}
}

// take removes n bits, which must be there, and returns them.
func (s *stream) take(n uint64) uint64 {
	value := s.bits & (1<<(n&63) - 1)
	s.bits >>= n & 63
	s.count -= n
	return value
}

// block decodes one block and reports whether it is the last.
func (r *Reader) block(s *stream) (final bool, err error) {
	if s.refill(); s.count < blockTypeBits {
		return false, ErrTruncated
	}
	final = s.take(1) == 1
	switch s.take(2) {
	case blockStored:
		return final, s.stored()
	case blockFixed:
		return final, r.fixed.decode(s)
	case blockDynamic:
		if err := r.readTables(s); err != nil {
			return false, err
		}
		return final, r.dynamic.decode(s)
	}
	return false, ErrCorrupt
}

// stored copies a block that is not compressed.
func (s *stream) stored() error {
	// Whole bytes that wait in bits are given back.
	s.in -= int(s.count >> 3)
	s.bits, s.count = 0, 0
	rest := s.src[s.in:]
	if len(rest) < storedHeader {
		return ErrTruncated
	}
	size := binary.LittleEndian.Uint16(rest)
	if size != ^binary.LittleEndian.Uint16(rest[2:]) {
		return ErrCorrupt
	}
	rest = rest[storedHeader:]
	n := copy(s.dst[s.out:], rest[:min(int(size), len(rest))])
	s.out += n
	s.in += storedHeader + n
	switch {
	case n == int(size):
		return nil
	case n == len(rest):
		return ErrTruncated
	}
	return ErrSize
}

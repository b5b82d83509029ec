package pdf

import "io"

const (
	lzwClear = 256
	lzwEnd   = 257
	lzwFirst = 258
	lzwCodes = 4096
)

// lzw reads the LZW of PDF, whose codes grow one earlier than those of package
// compress/lzw.
type lzw struct {
	in    []byte
	early int

	bits, count uint
	width       uint
	next        int
	last        int
	prefix      [lzwCodes]uint16
	suffix      [lzwCodes]byte
	length      [lzwCodes]uint16
	out         []byte
	buffer      [lzwCodes + 1]byte
}

func (z *lzw) Read(p []byte) (int, error) {
	for len(z.out) == 0 {
		if err := z.code(); err != nil {
			return 0, err
		}
	}
	n := copy(p, z.out)
	z.out = z.out[n:]
	return n, nil
}

func (z *lzw) reset() { z.width, z.next, z.last = 9, lzwFirst, -1 }

// code reads one code and writes what it stands for to out.
func (z *lzw) code() error {
	if z.width == 0 {
		z.reset()
	}
	for z.count < z.width {
		if len(z.in) == 0 {
			return io.EOF
		}
		z.bits = z.bits<<8 | uint(z.in[0])
		z.count += 8
		z.in = z.in[1:]
	}
	z.count -= z.width
	code := int(z.bits >> z.count & (1<<z.width - 1))
	switch {
	case code == lzwClear:
		z.reset()
		return nil
	case code == lzwEnd:
		return io.EOF
	case code > z.next || code == z.next && z.last < 0:
		return io.ErrUnexpectedEOF
	case code == z.next: // it stands for the last one and its first byte again
		z.expand(z.last)
		z.out = append(z.out, z.out[0])
	default:
		z.expand(code)
	}
	if z.last >= 0 && z.next < lzwCodes {
		z.prefix[z.next], z.suffix[z.next] = uint16(z.last), z.out[0]
		z.length[z.next] = z.lengthOf(z.last) + 1
		z.next++
	}
	z.last = code
	for z.width < 12 && z.next+z.early >= 1<<z.width {
		z.width++
	}
	return nil
}

func (z *lzw) lengthOf(code int) uint16 {
	if code < lzwClear {
		return 1
	}
	return z.length[code]
}

// expand writes what a known code stands for to out.
func (z *lzw) expand(code int) {
	n := int(z.lengthOf(code))
	z.out = z.buffer[:n]
	for i := n - 1; i > 0; i-- {
		z.out[i] = z.suffix[code]
		code = int(z.prefix[code])
	}
	z.out[0] = byte(code)
}

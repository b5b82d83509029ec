package pack

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

var (
	errDelta     = errors.New("broken delta")
	errDeltaBase = errors.New("the delta is for a base of another size")
	errDeltaSize = errors.New("the delta makes another size than it says")
)

// deltaSizes reads the header of a delta: the size of the base, the size of
// the result, and how long the header is.
func deltaSizes(delta []byte) (from, to int64, length int, err error) {
	from, n := deltaSize(delta)
	if n == 0 {
		return 0, 0, 0, errDelta
	}
	to, m := deltaSize(delta[n:])
	if m == 0 {
		return 0, 0, 0, errDelta
	}
	return from, to, n + m, nil
}

func deltaSize(b []byte) (size int64, length int) {
	for i, c := range b {
		if i > 8 {
			return 0, 0
		}
		size |= int64(c&0x7f) << (7 * i)
		if c&0x80 == 0 {
			return size, i + 1
		}
	}
	return 0, 0
}

// applyDelta writes into dst what the instructions of a delta, its header
// taken off, make from base. dst has the size that the delta's header told. If
// record is set, what was done is appended to ops.
func applyDelta(dst, base, delta []byte, ops []Op, record bool) ([]Op, error) {
	rest := dst
	for len(delta) > 0 {
		c := delta[0]
		delta = delta[1:]
		from, n, source := Insert, int(c), delta
		if c < 0x80 {
			if n == 0 || n > len(delta) {
				return ops, errDelta
			}
			delta = delta[n:]
		} else {
			var used int
			from, n, used = copyOperands(c, delta)
			if used > len(delta) || uint64(from)+uint64(n) > uint64(len(base)) {
				return ops, errDelta
			}
			delta, source = delta[used:], base[from:]
		}
		if n > len(rest) {
			return ops, errDeltaSize
		}
		// Most parts are short. What is written too much is written again by
		// those that follow, without which there is no success.
		if n <= 16 && len(rest) >= 16 && len(source) >= 16 {
			*(*[16]byte)(rest) = *(*[16]byte)(source)
		} else {
			copy(rest[:n], source)
		}
		rest = rest[n:]
		if record {
			ops = addOp(ops, from, uint32(n))
		}
	}
	if len(rest) > 0 {
		return ops, errDeltaSize
	}
	return ops, nil
}

// addOp appends an op, or lengthens the last one.
func addOp(ops []Op, from, n uint32) []Op {
	if len(ops) > 0 {
		last := &ops[len(ops)-1]
		continues := last.From + last.Len
		if last.From == Insert {
			continues = Insert
		}
		if from == continues {
			last.Len += n
			return ops
		}
	}
	return append(ops, Op{From: from, Len: n})
}

// copyOperands reads the operands of a copy instruction, and how many bytes
// they take: more than there are, if they are cut off.
func copyOperands(c byte, b []byte) (from uint32, n, used int) {
	var w uint64
	if len(b) >= 8 {
		w = binary.LittleEndian.Uint64(b)
	} else {
		var tail [8]byte
		copy(tail[:], b)
		w = binary.LittleEndian.Uint64(tail[:])
	}
	// Bits of c say which bytes of two little-endian numbers are there: four of
	// from, three of n.
	if c&0x01 != 0 {
		from = uint32(w & 0xff)
		w >>= 8
	}
	if c&0x02 != 0 {
		from |= uint32(w&0xff) << 8
		w >>= 8
	}
	if c&0x04 != 0 {
		from |= uint32(w&0xff) << 16
		w >>= 8
	}
	if c&0x08 != 0 {
		from |= uint32(w&0xff) << 24
		w >>= 8
	}
	if c&0x10 != 0 {
		n = int(w & 0xff)
		w >>= 8
	}
	if c&0x20 != 0 {
		n |= int(w&0xff) << 8
		w >>= 8
	}
	if c&0x40 != 0 {
		n |= int(w&0xff) << 16
	}
	if n == 0 {
		n = 0x10000
	}
	return from, n, bits.OnesCount8(c & 0x7f)
}

package pack

import (
	"encoding/binary"
	"errors"
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
	at := 0
	for i := 0; i < len(delta); {
		c := delta[i]
		i++
		var from, n int
		if c < 0x80 {
			n = int(c)
			if n == 0 || n > len(delta)-i {
				return ops, errDelta
			}
			if n > len(dst)-at {
				return ops, errDeltaSize
			}
			copy(dst[at:at+n], delta[i:i+n])
			i += n
		} else {
			var used int
			from, n, used = copyOperands(c, delta[i:])
			i += used
			if i > len(delta) || uint(from) > uint(len(base)) || n > len(base)-from {
				return ops, errDelta
			}
			if n > len(dst)-at {
				return ops, errDeltaSize
			}
			copy(dst[at:at+n], base[from:from+n])
		}
		at += n
		if record {
			ops = addOp(ops, c, from, n)
		}
	}
	if at != len(dst) {
		return ops, errDeltaSize
	}
	return ops, nil
}

// addOp appends an op, or lengthens the last one.
func addOp(ops []Op, instruction byte, from, n int) []Op {
	op := Op{From: uint32(from), Len: uint32(n)}
	if instruction < 0x80 {
		op.From = Insert
	}
	if len(ops) > 0 {
		last := &ops[len(ops)-1]
		if op.From == Insert && last.From == Insert || op.From != Insert && last.From != Insert && last.From+last.Len == op.From {
			last.Len += op.Len
			return ops
		}
	}
	return append(ops, op)
}

// copyOperands reads the operands of a copy instruction, and how many bytes
// they take: more than there are, if they are cut off.
func copyOperands(c byte, b []byte) (from, n, used int) {
	var w uint64
	if len(b) >= 8 {
		w = binary.LittleEndian.Uint64(b)
	} else {
		var tail [8]byte
		copy(tail[:], b)
		w = binary.LittleEndian.Uint64(tail[:])
	}
	for bit := range 4 {
		if c>>bit&1 != 0 {
			from |= int(w&0xff) << (8 * bit)
			w >>= 8
			used++
		}
	}
	for bit := range 3 {
		if c>>(4+bit)&1 != 0 {
			n |= int(w&0xff) << (8 * bit)
			w >>= 8
			used++
		}
	}
	if n == 0 {
		n = 0x10000
	}
	return from, n, used
}

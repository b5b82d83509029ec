// Package packtest damages what Git stores, for tests of those who read it.
package packtest

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
)

// headerBytes is how much of a file its headers take, more or less.
const headerBytes = 40

// Damage returns data with one part cut off, cut out, repeated, cleared,
// overwritten or changed. It does not change its argument.
func Damage(r *rand.Rand, data []byte) []byte {
	data = slices.Clone(data)
	if len(data) == 0 {
		return data
	}
	switch at := r.IntN(len(data)); r.IntN(9) {
	case 0:
		return data[:at]
	case 1: // a hole
		return slices.Delete(data, at, min(len(data), at+1+r.IntN(64)))
	case 2: // a part a second time, which shifts the rest
		return slices.Insert(data, at, data[r.IntN(at+1):at]...)
	case 3:
		clear(data[at:min(len(data), at+1+r.IntN(64))])
	case 4: // one part over another
		copy(data[at:], data[r.IntN(len(data)):])
	case 5: // a number
		var number [4]byte
		binary.BigEndian.PutUint32(number[:], r.Uint32()>>r.IntN(32))
		copy(data[at:], number[:])
	case 6:
		data[r.IntN(min(len(data), headerBytes))] = byte(r.Uint32())
	default:
		for range 1 + r.IntN(4) {
			data[r.IntN(len(data))] ^= 1 << r.IntN(8)
		}
	}
	return data
}

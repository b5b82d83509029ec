package pack

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/qleaks/qleaks/scanner/gitsource/pack/packtest"
)

// plainDelta applies a delta byte by byte.
func plainDelta(base, delta []byte) ([]byte, bool) {
	from, to, n, err := deltaSizes(delta)
	if err != nil || from != int64(len(base)) {
		return nil, false
	}
	delta = delta[n:]
	next := func() int64 {
		if len(delta) == 0 {
			return -1 << 40
		}
		c := delta[0]
		delta = delta[1:]
		return int64(c)
	}
	var out []byte
	for len(delta) > 0 {
		c := next()
		if c < 128 {
			if c == 0 || c > int64(len(delta)) {
				return nil, false
			}
			out = append(out, delta[:c]...)
			delta = delta[c:]
			continue
		}
		var at, size int64
		for bit := range 7 {
			if c>>bit&1 == 0 {
				continue
			}
			if bit < 4 {
				at += next() << (8 * bit)
			} else {
				size += next() << (8 * (bit - 4))
			}
		}
		if size == 0 {
			size = 0x10000
		}
		if at < 0 || size < 0 || at+size > int64(len(base)) || int64(len(out))+size > to {
			return nil, false
		}
		out = append(out, base[at:at+size]...)
	}
	return out, int64(len(out)) == to
}

func FuzzDelta(f *testing.F) {
	f.Add([]byte("0123456789"), insertAll(10, []byte("abc")))
	f.Add([]byte("0123456789"), copyAll(10, 3))
	f.Add([]byte("01"), append(append(varint(2), varint(3)...), 0x91, 1, 1, 0x90, 2))
	f.Fuzz(checkDelta)
}

// checkDelta compares a delta with the same byte by byte.
func checkDelta(t *testing.T, base, delta []byte) {
	want, ok := plainDelta(base, delta)
	from, to, n, err := deltaSizes(delta)
	if err != nil || from != int64(len(base)) || to > 1<<22 {
		return
	}
	got := make([]byte, to)
	ops, err := applyDelta(got, base, delta[n:], nil, true)
	if (err == nil) != ok {
		t.Fatalf("applied: %v, but %v byte by byte", err, ok)
	}
	if !ok {
		return
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("got %q, byte by byte %q", got, want)
	}
	var replayed []byte
	for _, op := range ops {
		if op.From == Insert {
			replayed = append(replayed, got[len(replayed):len(replayed)+int(op.Len)]...)
		} else {
			replayed = append(replayed, base[op.From:op.From+op.Len]...)
		}
	}
	if !bytes.Equal(replayed, want) {
		t.Fatalf("the ops make %q, not %q", replayed, want)
	}
}

func TestDeltasAreAppliedAsByteByByte(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	applied := 0
	for range 3000 {
		base := text(r, 1+r.IntN(40))
		if r.IntN(20) == 0 {
			base = bytes.Repeat(base, 1+70000/len(base))
		}
		var body []byte
		length := 0
		for range 1 + r.IntN(30) {
			var op []byte
			var n int
			op, n = instruction(r, len(base))
			body = append(body, op...)
			length += n
		}
		delta := slices.Concat(varint(len(base)), varint(length), body)
		if _, ok := plainDelta(base, delta); ok {
			applied++
		}
		checkDelta(t, base, delta)
		checkDelta(t, base, packtest.Damage(r, delta))
	}
	if applied != 3000 {
		t.Errorf("%d of 3000 deltas are good", applied)
	}
}

// instruction makes a good one, and tells how many bytes it makes.
func instruction(r *rand.Rand, base int) ([]byte, int) {
	if r.IntN(3) == 0 {
		n := 1 + r.IntN(127)
		if r.IntN(2) == 0 {
			n = 1 + r.IntN(20)
		}
		return append([]byte{byte(n)}, bytes.Repeat([]byte("i"), n)...), n
	}
	from := r.IntN(base)
	n := 1 + r.IntN(min(base-from, 1<<(1+r.IntN(16))))
	if base-from >= 0x10000 && r.IntN(2) == 0 {
		n = 0x10000
	}
	op := []byte{0x80}
	for bit := range 7 {
		v := from >> (8 * bit) & 0xff
		if bit >= 4 {
			v = n >> (8 * (bit - 4)) & 0xff
			if n == 0x10000 {
				v = 0
			}
		}
		if v != 0 {
			op[0] |= 1 << bit
			op = append(op, byte(v))
		}
	}
	return op, n
}

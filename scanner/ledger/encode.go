package ledger

import (
	"encoding/binary"
	"math"
)

// encoder appends values to a payload.
type encoder struct{ out []byte }

func (e *encoder) uint(n uint64) { e.out = binary.AppendUvarint(e.out, n) }
func (e *encoder) int(n int64)   { e.out = binary.AppendVarint(e.out, n) }

func (e *encoder) text(s string) {
	e.uint(uint64(len(s)))
	e.out = append(e.out, s...)
}

func (e *encoder) truth(b bool) {
	n := uint64(0)
	if b {
		n = 1
	}
	e.uint(n)
}

// decoder takes values from a payload. What is broken gives zero values, and is
// remembered.
type decoder struct {
	rest   []byte
	broken bool
}

func (d *decoder) fail() {
	d.broken, d.rest = true, nil
}

func (d *decoder) uint() uint64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *decoder) int() int64 {
	n, size := binary.Varint(d.rest)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.rest)) {
		d.fail()
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) text() string { return string(d.bytes(d.uint())) }

func (d *decoder) truth() bool {
	switch d.uint() {
	case 0:
		return false
	case 1:
		return true
	}
	d.fail()
	return false
}

// small is a number that fits into 31 bits.
func (d *decoder) small() int {
	n := d.uint()
	if n > math.MaxInt32 {
		d.fail()
		return 0
	}
	return int(n)
}

// list decodes as many elements as the payload says that there are.
func list[T any](d *decoder, one func() T) []T {
	var out []T
	for n := d.uint(); n > 0 && !d.broken; n-- {
		out = append(out, one())
	}
	return out
}

package sqlite

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// varint reads a variable-length integer. It returns n = 0 at the end of b.
func varint(b []byte) (v int64, n int) {
	u := uint64(0)
	for i, c := range b {
		if i == 8 {
			return int64(u<<8 | uint64(c)), 9
		}
		u = u<<7 | uint64(c&0x7f)
		if c < 0x80 {
			return int64(u), i + 1
		}
	}
	return 0, 0
}

// local returns how much of a payload stands in its own page.
func (d *DB) local(size int64, index bool) int {
	u := int64(d.usable)
	most, least := u-35, (u-12)*32/255-23
	if index {
		most = (u-12)*64/255 - 23
	}
	if size <= most {
		return int(size)
	}
	if k := least + (size-least)%(u-4); k <= most {
		return int(k)
	}
	return int(least)
}

// gather returns the payload whose begin is at b, with what of it stands in
// overflow pages, and how long the cell is from b on. What is missing is left
// out, and the database is broken then.
func (d *DB) gather(b []byte, size int64, index bool) (payload []byte, length int) {
	if size < 0 || size > int64(len(d.data)) {
		d.broken = true
		return nil, 0
	}
	local := d.local(size, index)
	if local > len(b) {
		d.broken = true
		return b, len(b)
	}
	if int64(local) == size {
		return b[:local], local
	}
	if local+4 > len(b) {
		d.broken = true
		return b[:local], local
	}
	d.payload = append(d.payload[:0], b[:local]...)
	rest := size - int64(local)
	for next := binary.BigEndian.Uint32(b[local:]); rest > 0; {
		page, ok := d.page(next)
		if !ok {
			break
		}
		at := (int(next) - 1) * d.pageSize
		next = binary.BigEndian.Uint32(page)
		piece := page[4:][:min(rest, int64(len(page)-4))]
		d.payload = append(d.payload, piece...)
		d.gap(at+4+len(piece), at+len(page))
		rest -= int64(len(piece))
	}
	return d.payload, local + 4
}

// record reads the values of a payload. It returns false for what is no record;
// of one that is cut off it gives the values that are there.
func (d *DB) record(payload []byte) ([]Value, bool) {
	size, n := varint(payload)
	if n == 0 || size < int64(n) || size > int64(len(payload)) {
		return nil, false
	}
	head, body := payload[n:size], payload[size:]
	d.row, d.decoded = d.row[:0], d.decoded[:0]
	for len(head) > 0 {
		serial, n := varint(head)
		if n == 0 || serial < 0 || serial == 10 || serial == 11 {
			return d.row, false
		}
		head = head[n:]
		length := lengthOf(serial)
		if length > int64(len(body)) {
			if serial >= 12 && len(body) > 0 {
				d.row = append(d.row, d.value(serial, body))
			}
			return d.row, false
		}
		d.row = append(d.row, d.value(serial, body[:length]))
		body = body[length:]
	}
	return d.row, len(body) == 0
}

// lengthOf returns how many bytes a value of a serial type takes.
func lengthOf(serial int64) int64 {
	if serial >= 12 {
		return (serial - 12) / 2
	}
	return [...]int64{0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0}[serial]
}

func (d *DB) value(serial int64, b []byte) Value {
	switch {
	case serial >= 12 && serial%2 == 0:
		return Value{Kind: Blob, Bytes: b}
	case serial >= 12:
		return Value{Kind: Text, Bytes: d.text(b)}
	case serial == 0:
		return Value{}
	case serial == 7:
		return Value{Kind: Float, Float: float(b)}
	case serial >= 8:
		return Value{Kind: Int, Int: serial - 8}
	}
	v := int64(int8(b[0]))
	for _, c := range b[1:] {
		v = v<<8 | int64(c)
	}
	return Value{Kind: Int, Int: v}
}

// utf16 decodes to a buffer that lives as long as the row.
func (d *DB) utf16(b []byte, order binary.ByteOrder) []byte {
	start := len(d.decoded)
	for i := 0; i+2 <= len(b); i += 2 {
		r := rune(order.Uint16(b[i:]))
		if utf16.IsSurrogate(r) && i+4 <= len(b) {
			if r = utf16.DecodeRune(r, rune(order.Uint16(b[i+2:]))); r != utf8.RuneError {
				i += 2
			}
		}
		d.decoded = utf8.AppendRune(d.decoded, r)
	}
	return d.decoded[start:]
}

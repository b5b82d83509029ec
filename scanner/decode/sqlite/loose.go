package sqlite

// leastText is the length of the shortest text by which a row is known where
// none should be, in bytes: a key is longer.
const leastText = 16

const (
	// longestHeader is that of the rows that are looked for, in bytes.
	longestHeader = 64
	// tries bounds how many bytes are looked at for each byte of a gap.
	tries = 16
)

// Loose calls yield for what looks like rows in pages that no tree has, those of
// tables that were dropped or emptied, and in the space between rows. Call it
// after all Rows.
func (d *DB) Loose(yield func(row []Value) bool) {
	for n := 1; n < len(d.visited); n++ {
		from := (n - 1) * d.pageSize
		if d.visited[n] || from+d.usable > len(d.data) || d.data[from] != leafTable {
			continue
		}
		d.visited[n] = true
		if !d.looseRows(d.data[from:][:d.usable], from, yield) {
			return
		}
	}
	gaps := d.Unused()
	d.gaps = nil
	for i, gap := range gaps {
		if !d.carve(gap, yield) {
			d.gaps = append(d.gaps, gaps[i+1:]...)
			return
		}
	}
}

// looseRows reads a leaf that may be of another time, so that where it goes on
// is not to be relied on.
func (d *DB) looseRows(page []byte, at int, yield func(row []Value) bool) bool {
	w := walker{d: d, loose: true, yield: func(_ int64, row []Value) bool { return yield(row) }}
	broken := d.broken
	w.leaf(page, 0, at)
	d.broken = broken
	return !w.stopped
}

// carve calls yield for what looks like a row in a gap, and leaves the rest of
// it a gap.
func (d *DB) carve(gap Span, yield func(row []Value) bool) bool {
	rest, more, effort := gap.From, true, tries*(gap.To-gap.From)
	for i := gap.From; more && i < gap.To && effort > 0; {
		size, ok := carved(d.data[i:gap.To], &effort)
		if !ok {
			i++
			continue
		}
		row, _ := d.record(d.data[i : i+size])
		more = len(row) == 0 || yield(row)
		d.gap(rest, i)
		i += size
		rest = i
	}
	d.gap(rest, gap.To)
	return more
}

// carved returns the length of the record that b begins with, if it looks like
// one: its header has the length that it says, what it tells of fits in, and
// one value is a longer text. What it looks at is taken off the effort.
func carved(b []byte, effort *int) (size int, ok bool) {
	if b[0] < 2 || b[0] > longestHeader || int(b[0]) > len(b) {
		return 0, false
	}
	size = int(b[0])
	*effort -= size
	for head := b[1:size]; len(head) > 0; {
		serial, n := varint(head)
		if n == 0 || serial < 0 || serial == 10 || serial == 11 {
			return 0, false
		}
		head = head[n:]
		length := lengthOf(serial)
		if length > int64(len(b)-size) {
			return 0, false
		}
		value := b[size:][:length]
		size += int(length)
		if serial >= 13 && serial%2 == 1 {
			if *effort -= len(value); !isText(value) {
				return 0, false
			}
			ok = ok || length >= leastText
		}
	}
	return size, ok
}

// isText reports whether b has no control characters but white space.
func isText(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}

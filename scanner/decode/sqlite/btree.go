package sqlite

import (
	"encoding/binary"
	"slices"
)

const (
	interiorIndex = 2
	interiorTable = 5
	leafIndex     = 10
	leafTable     = 13
	// maxDepth is deeper than any tree: each level has at least two children.
	maxDepth = 64
	// leastGap is the shortest stretch between cells that is told, in bytes:
	// a key is longer.
	leastGap = 16
)

// Rows calls yield for the rows of a table in their order, until it returns
// false. The values are valid until yield returns.
func (d *DB) Rows(t Table, yield func(rowid int64, row []Value) bool) {
	w := walker{d: d, yield: yield}
	w.tree(t.root, 0)
}

// walker goes through one tree.
type walker struct {
	d       *DB
	yield   func(rowid int64, row []Value) bool
	stopped bool
	// loose reads no overflow pages.
	loose bool
}

func (w *walker) tree(n uint32, depth int) {
	if depth > maxDepth {
		w.d.broken = true
		return
	}
	page, ok := w.d.page(n)
	if !ok || w.stopped {
		return
	}
	begin := 0
	if n == 1 {
		begin = headerSize
	}
	at := (int(n) - 1) * w.d.pageSize
	switch page[begin] {
	case leafTable, leafIndex:
		w.leaf(page, begin, at)
	case interiorTable, interiorIndex:
		w.interior(page, begin, at, depth)
	default:
		w.d.broken = true
		w.d.gap(at, at+len(page))
	}
}

// cellsOf returns where the cells of a page begin.
func (w *walker) cellsOf(page []byte, begin, header int) (starts []int) {
	count := int(binary.BigEndian.Uint16(page[begin+3:]))
	for i := range count {
		p := begin + header + 2*i
		if p+2 > len(page) {
			w.d.broken = true
			break
		}
		if start := int(binary.BigEndian.Uint16(page[p:])); start >= p && start < len(page) {
			starts = append(starts, start)
		} else {
			w.d.broken = true
		}
	}
	return starts
}

func (w *walker) leaf(page []byte, begin, at int) {
	index := page[begin] == leafIndex
	starts := w.cellsOf(page, begin, 8)
	used := []Span{{0, min(begin+8+2*len(starts), len(page))}}
	for _, start := range starts {
		if w.stopped {
			return
		}
		used = append(used, Span{start, start + w.cell(page[start:], index)})
	}
	w.d.between(page, at, used)
}

// cell reads the cell that b begins with and returns its length.
func (w *walker) cell(b []byte, index bool) int {
	size, n := varint(b)
	rowid := int64(0)
	if !index && n > 0 {
		var m int
		if rowid, m = varint(b[n:]); m == 0 {
			n = 0
		}
		n += m
	}
	if n == 0 {
		w.d.broken = true
		return 0
	}
	var payload []byte
	var length int
	if w.loose {
		payload = b[n:][:min(w.d.local(max(size, 0), index), len(b)-n)]
		length = len(payload)
	} else {
		payload, length = w.d.gather(b[n:], size, index)
	}
	if w.yield != nil {
		row, whole := w.d.record(payload)
		w.d.broken = w.d.broken || !whole
		w.stopped = len(row) > 0 && !w.yield(rowid, row)
	}
	return n + length
}

func (w *walker) interior(page []byte, begin, at, depth int) {
	index := page[begin] == interiorIndex
	starts := w.cellsOf(page, begin, 12)
	used := []Span{{0, min(begin+12+2*len(starts), len(page))}}
	for _, start := range starts {
		if w.stopped {
			return
		}
		if start+4 > len(page) {
			w.d.broken = true
			continue
		}
		w.tree(binary.BigEndian.Uint32(page[start:]), depth+1)
		length := 4
		if index && !w.stopped {
			length += w.cell(page[start+4:], true)
		} else if _, n := varint(page[start+4:]); !index {
			length += n
		}
		used = append(used, Span{start, start + length})
	}
	w.tree(binary.BigEndian.Uint32(page[begin+8:]), depth+1)
	w.d.between(page, at, used)
}

// between remembers what stands between the used stretches of a page.
func (d *DB) between(page []byte, at int, used []Span) {
	slices.SortFunc(used, func(a, b Span) int { return a.From - b.From })
	from := 0
	for _, u := range used {
		d.gap(at+from, at+u.From)
		from = max(from, u.To)
	}
	d.gap(at+from, at+len(page))
}

// gap remembers a stretch, unless nothing is in it.
func (d *DB) gap(from, to int) {
	to = min(to, len(d.data))
	for from < to && d.data[from] == 0 {
		from++
	}
	if to-from >= leastGap {
		d.gaps = append(d.gaps, Span{from, to})
	}
}

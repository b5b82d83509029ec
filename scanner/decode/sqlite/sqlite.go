// Package sqlite reads the rows of SQLite databases that are in memory, and
// tells what of a file no row holds: there lie the rows that were deleted. It
// is made for files that may be damaged or hostile: each page is read once,
// whatever points to it, and nothing is run. The format is described at
// https://www.sqlite.org/fileformat2.html.
package sqlite

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// Magic is what a database begins with.
const Magic = "SQLite format 3\x00"

const (
	headerSize = 100
	leastPage  = 512
	// leastUsable is what SQLite demands of a page without its reserved bytes.
	leastUsable = 480
)

// ErrBroken says that a part of a database could not be read.
var ErrBroken = errors.New("the database is damaged or cut off")

// Kind is the sort of a value.
type Kind int

// The sorts of values.
const (
	Null Kind = iota
	Int
	Float
	Text
	Blob
)

// Value is one value of a row. Bytes are those of the content where that is
// possible, and valid until the next row is asked for; text is UTF-8.
type Value struct {
	Kind  Kind
	Int   int64
	Float float64
	Bytes []byte
}

// Table is a table and what its columns are called, as far as that is known.
type Table struct {
	Name    string
	Columns []string
	root    uint32
	index   bool
}

// DB is a database in memory.
type DB struct {
	data     []byte
	pageSize int
	usable   int
	encoding uint32
	tables   []Table
	// visited are the pages that were read, whose rest is in gaps.
	visited []bool
	gaps    []Span
	broken  bool
	row     []Value
	payload []byte
	decoded []byte
}

// Span is a stretch of the content.
type Span struct{ From, To int }

// Open reads the header and the schema. It returns false for content that is no
// database.
func Open(data []byte) (*DB, bool) {
	if len(data) < leastPage || string(data[:len(Magic)]) != Magic {
		return nil, false
	}
	d := &DB{data: data, pageSize: int(binary.BigEndian.Uint16(data[16:])), encoding: binary.BigEndian.Uint32(data[56:])}
	if d.pageSize == 1 {
		d.pageSize = 1 << 16
	}
	d.usable = d.pageSize - int(data[20])
	if d.pageSize < leastPage || d.pageSize&(d.pageSize-1) != 0 || d.usable < leastUsable || len(data) < d.pageSize {
		return nil, false
	}
	d.visited = make([]bool, (len(data)+d.pageSize-1)/d.pageSize+1)
	d.schema()
	d.broken = d.broken || len(data)%d.pageSize != 0 || d.count() > len(data)/d.pageSize
	return d, true
}

// count is how many pages the header tells of, 0 if that is not to be relied on.
func (d *DB) count() int {
	if binary.BigEndian.Uint32(d.data[24:]) != binary.BigEndian.Uint32(d.data[92:]) {
		return 0
	}
	return int(binary.BigEndian.Uint32(d.data[28:]))
}

// Tables returns the tables that have rows of their own.
func (d *DB) Tables() []Table { return d.tables }

// Broken reports whether something could not be read so far.
func (d *DB) Broken() bool { return d.broken }

// page returns a page that was not asked for before.
func (d *DB) page(n uint32) ([]byte, bool) {
	from := (int64(n) - 1) * int64(d.pageSize)
	if n == 0 || from+int64(d.usable) > int64(len(d.data)) || d.visited[n] {
		d.broken = true
		return nil, false
	}
	d.visited[n] = true
	return d.data[from:][:d.usable], true
}

// Unused returns the stretches that no row, index or list holds, neither of the
// parts that were read nor of the others. Call it last.
func (d *DB) Unused() []Span {
	for n := 1; n < len(d.visited); n++ {
		from := (n - 1) * d.pageSize
		if to := min(from+d.pageSize, len(d.data)); !d.visited[n] && from < to {
			d.visited[n] = true
			d.gaps = append(d.gaps, Span{from, to})
		}
	}
	slices.SortFunc(d.gaps, func(a, b Span) int { return a.From - b.From })
	return d.gaps
}

// text returns the UTF-8 of a text.
func (d *DB) text(b []byte) []byte {
	switch d.encoding {
	case 2:
		return d.utf16(b, binary.LittleEndian)
	case 3:
		return d.utf16(b, binary.BigEndian)
	}
	return b
}

func float(b []byte) float64 { return math.Float64frombits(binary.BigEndian.Uint64(b)) }

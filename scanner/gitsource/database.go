package gitsource

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"io"
	"slices"
)

// database reads objects. It is the seam behind which the way of reading may
// change; what is above it knows no packs.
type database interface {
	// list names every object, loose and packed, an object that is stored
	// twice once. Notes say what could not be listed.
	list(ctx context.Context) (*table, error)
	// read hands out the objects of a table, in any order and from up to jobs
	// goroutines, each with its number. It returns those that could not be
	// read. A visit that fails ends the reading, unless the object itself was
	// cut short: then it counts as not read, and may be visited again.
	read(ctx context.Context, t *table, want []uint32, jobs int, visit visitor) (unread []uint32, err error)
}

// visitor gets one object. It need not read the content to the end, which is
// gone when it returns.
type visitor func(worker int, o object) error

type object struct {
	// index is the object's place in the table.
	index   uint32
	kind    kind
	size    int64
	content io.Reader
}

// kind is the type of an object.
type kind uint8

const (
	kindUnknown kind = iota
	kindCommit
	kindTree
	kindBlob
	kindTag
)

func kindByName(name string) kind {
	switch name {
	case "commit":
		return kindCommit
	case "tree":
		return kindTree
	case "blob":
		return kindBlob
	case "tag":
		return kindTag
	}
	return kindUnknown
}

// none is no object.
const none = ^uint32(0)

// table is every object of a database, in order of the ids, by which an object
// is told from then on by its index.
type table struct {
	width int
	ids   []byte
	kinds []kind
	sizes []int64
	// bases are the objects that deltas are made from, none for whole ones.
	bases []uint32
	// order is the order of storage, in which reading is cheap.
	order []uint32
	// fan tells where the ids begin whose first two bytes are the index.
	fan []uint32
	// broken are ids that are there and cannot be read; complaints what was
	// said about the database itself.
	broken     []string
	complaints []string
	// bytes is what the database takes on disk.
	bytes int64
}

// listed is one object as a database lists it, ids in raw bytes.
type listed struct {
	id, base string
	kind     kind
	size     int64
}

// newTable sorts what was listed in order of storage.
func newTable(width int, list []listed) *table {
	t := &table{width: width}
	byID := make([]uint32, len(list))
	for i := range byID {
		byID[i] = uint32(i)
	}
	slices.SortFunc(byID, func(a, b uint32) int { return cmpString(list[a].id, list[b].id) })
	rank := make([]uint32, len(list))
	for _, at := range byID {
		o := list[at]
		if n := t.len(); n > 0 && string(t.id(uint32(n-1))) == o.id {
			rank[at] = none
			continue
		}
		rank[at] = uint32(t.len())
		t.ids = append(t.ids, o.id...)
		t.kinds = append(t.kinds, o.kind)
		t.sizes = append(t.sizes, o.size)
	}
	for _, r := range rank {
		if r != none {
			t.order = append(t.order, r)
		}
	}
	t.index()
	t.bases = make([]uint32, t.len())
	for i, o := range list {
		if rank[i] != none {
			t.bases[rank[i]] = t.find([]byte(o.base))
		}
	}
	return t
}

func cmpString(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (t *table) index() {
	t.fan = make([]uint32, 1<<16+1)
	for i := range uint32(t.len()) {
		t.fan[int(binary.BigEndian.Uint16(t.id(i)))+1]++
	}
	for i := 1; i < len(t.fan); i++ {
		t.fan[i] += t.fan[i-1]
	}
}

func (t *table) len() int { return len(t.kinds) }

func (t *table) id(i uint32) []byte {
	return t.ids[int(i)*t.width : (int(i)+1)*t.width]
}

// name is the id in hex.
func (t *table) name(i uint32) string { return hex.EncodeToString(t.id(i)) }

// find returns the index of an id in raw bytes, or none.
func (t *table) find(id []byte) uint32 {
	if len(id) != t.width {
		return none
	}
	at := int(binary.BigEndian.Uint16(id))
	lo, hi := t.fan[at], t.fan[at+1]
	for lo < hi {
		mid := lo + (hi-lo)/2
		switch bytes.Compare(t.id(mid), id) {
		case 0:
			return mid
		case -1:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return none
}

package pack

import (
	"bytes"
	"slices"
)

// Table numbers objects in order of their ids, each once: the numbers are the
// same however and however often the objects are stored.
type Table struct {
	ids idList
	// indexes leads from a number to the index in the store of the first copy,
	// numbers from the index of any copy to the number. Both are nil where it
	// is the same.
	indexes, numbers []uint32
}

// Table returns the table of all objects. A store for few objects has none.
func (s *Store) Table() *Table {
	s.tableOnce.Do(func() { s.table = newTable(s) })
	return s.table
}

func newTable(s *Store) *Table {
	var some []*layer
	for _, l := range s.layers {
		if l.ids.len() > 0 {
			some = append(some, l)
		}
	}
	switch {
	case len(some) == 0:
		return &Table{ids: newIDList(s.options.Width, nil)}
	case len(some) == 1 && !some[0].repeated:
		return &Table{ids: some[0].ids}
	}
	order := s.inOrder()
	t := &Table{numbers: make([]uint32, len(order)), indexes: make([]uint32, 0, len(order))}
	ids := make([]byte, 0, len(order)*s.options.Width)
	for n, i := range order {
		if id := s.ID(i); n == 0 || !bytes.Equal(ids[len(ids)-len(id):], id) {
			ids = append(ids, id...)
			t.indexes = append(t.indexes, i)
		}
		t.numbers[i] = uint32(len(t.indexes) - 1)
	}
	t.ids = newIDList(s.options.Width, ids)
	return t
}

// inOrder lists the indexes of all objects in order of their ids, of one that
// is stored more than once in order of the copies. The ids of a layer are in
// order already, and most share their first bits with few others.
func (s *Store) inOrder() []uint32 {
	bits := fanBits(int(s.total))
	starts := make([]uint32, 1<<bits+1)
	for _, l := range s.layers {
		for rank := range uint32(l.ids.len()) {
			starts[firstBits(l.ids.id(rank), bits)+1]++
		}
	}
	for i := 1; i < len(starts); i++ {
		starts[i] += starts[i-1]
	}
	order, next := make([]uint32, s.total), slices.Clone(starts)
	for _, l := range s.layers {
		for rank := range uint32(l.ids.len()) {
			at := &next[firstBits(l.ids.id(rank), bits)]
			order[*at] = l.start + rank
			*at++
		}
	}
	for i := range len(starts) - 1 {
		if some := order[starts[i]:starts[i+1]]; len(some) > 1 {
			slices.SortStableFunc(some, func(a, b uint32) int { return bytes.Compare(s.ID(a), s.ID(b)) })
		}
	}
	return order
}

// Subset returns the table of some objects, by their ids in order, which are
// those of the result.
func (s *Store) Subset(ids []string) *Table {
	t := &Table{}
	var list []byte
	for _, id := range slices.Compact(slices.Clone(ids)) {
		if i, ok := s.Find([]byte(id)); ok {
			list = append(list, id...)
			t.indexes = append(t.indexes, i)
		}
	}
	t.ids = newIDList(s.options.Width, list)
	return t
}

// NewTable returns a table of ids that follow each other in order, each once. It
// knows nothing of a store: an object's index is its number.
func NewTable(width int, ids []byte) *Table { return &Table{ids: newIDList(width, ids)} }

// Len is how many objects there are.
func (t *Table) Len() int { return t.ids.len() }

// ID returns an object's id in raw bytes, which must not be changed.
func (t *Table) ID(n uint32) []byte { return t.ids.id(n) }

// Find returns the number of the object with an id in raw bytes.
func (t *Table) Find(id []byte) (uint32, bool) { return t.ids.find(id) }

// FindAll finds the numbers of objects by ids that follow each other in one
// slice, None for one that is not there.
func (t *Table) FindAll(ids []byte, numbers []uint32) { t.ids.findAll(ids, numbers) }

// Index returns the index in the store of an object's first copy.
func (t *Table) Index(n uint32) uint32 {
	if t.indexes == nil {
		return n
	}
	return t.indexes[n]
}

// Number returns the number of the object that an index in the store stands
// for. A table of some objects does not tell it.
func (t *Table) Number(index uint32) uint32 {
	if t.numbers == nil {
		return index
	}
	return t.numbers[index]
}

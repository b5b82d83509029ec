package pack

import (
	"bytes"
	"encoding/binary"
)

// idList is a sorted list of ids with a fan-out table.
type idList struct {
	width int
	ids   []byte
	// fan tells where the ids begin whose first bits are its index.
	fan  []uint32
	bits uint
}

// newIDList makes the list of sorted ids.
func newIDList(width int, ids []byte) idList {
	bits := fanBits(len(ids) / width)
	l := idList{width: width, ids: ids, fan: make([]uint32, 1<<bits+1), bits: bits}
	slot := 0
	for i := range l.len() {
		for to := int(firstBits(ids[i*width:], bits)); slot < to; {
			slot++
			l.fan[slot] = uint32(i)
		}
	}
	for slot++; slot < len(l.fan); slot++ {
		l.fan[slot] = uint32(l.len())
	}
	return l
}

// fanBits chooses how many bits of the ids a fan-out table looks at: as many
// as leave one or two of count ids to search.
func fanBits(count int) uint {
	bits := uint(1)
	for bits < 24 && 2<<bits < count {
		bits++
	}
	return bits
}

func firstBits(id []byte, bits uint) uint32 { return binary.BigEndian.Uint32(id) >> (32 - bits) }

func (l *idList) len() int { return len(l.ids) / l.width }

func (l *idList) id(rank uint32) []byte {
	at := int(rank) * l.width
	return l.ids[at : at+l.width : at+l.width]
}

// find returns the rank of the first of the ids that equal id.
func (l *idList) find(id []byte) (uint32, bool) {
	if len(id) != l.width {
		return 0, false
	}
	slot := firstBits(id, l.bits)
	return l.search(id, l.fan[slot], l.fan[slot+1])
}

// search is find among some ranks.
func (l *idList) search(id []byte, lo, hi uint32) (uint32, bool) {
	end, want := hi, binary.BigEndian.Uint64(id)
	for lo < hi {
		mid := lo + (hi-lo)/2
		at := l.id(mid)
		got := binary.BigEndian.Uint64(at)
		if got < want || got == want && bytes.Compare(at, id) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < end && bytes.Equal(l.id(lo), id)
}

// findAll is find for ids that follow each other, None for one that is not
// there. A search waits for memory twice, for the table and for the ids; here
// all searches wait together.
func (l *idList) findAll(ids []byte, ranks []uint32) {
	for i := range ranks {
		ranks[i] = l.fan[firstBits(ids[i*l.width:], l.bits)]
	}
	for i, rank := range ranks {
		if int(rank) < l.len() && binary.BigEndian.Uint64(l.id(rank)) < binary.BigEndian.Uint64(ids[i*l.width:]) {
			ranks[i] = rank + 1
		}
	}
	for i := range ranks {
		id := ids[i*l.width : (i+1)*l.width]
		rank, ok := l.search(id, ranks[i], l.fan[firstBits(id, l.bits)+1])
		if !ok {
			rank = None
		}
		ranks[i] = rank
	}
}

// Find returns the index of the object with an id in raw bytes. Of an object
// that is stored more than once it is the first.
func (s *Store) Find(id []byte) (uint32, bool) {
	if !s.options.Few {
		t := s.Table()
		n, ok := t.Find(id)
		if !ok {
			return None, false
		}
		return t.Index(n), true
	}
	for _, l := range s.layers {
		if rank, ok := l.find(id); ok {
			return l.start + rank, true
		}
	}
	return None, false
}

// layerOf returns the layer of an object, and its rank there.
func (s *Store) layerOf(i uint32) (*layer, uint32) {
	lo, hi := 0, len(s.layers)
	for hi-lo > 1 {
		mid := int(uint(lo+hi) / 2)
		if s.layers[mid].start <= i {
			lo = mid
		} else {
			hi = mid
		}
	}
	return s.layers[lo], i - s.layers[lo].start
}

package pack

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
)

// idList is a sorted list of ids with a fan-out table.
type idList struct {
	width int
	ids   []byte
	// fan tells where the ids begin whose first bits, shifted down, are its
	// index.
	fan   []uint32
	shift uint
}

// newIDList makes the list of sorted ids. The table has about as many entries
// as there are ids, at most 65,536.
func newIDList(width int, ids []byte) idList {
	bits := uint(1)
	for bits < 16 && 1<<bits < len(ids)/width {
		bits++
	}
	l := idList{width: width, ids: ids, fan: make([]uint32, 1<<bits+1), shift: 16 - bits}
	slot := 0
	for i := range l.len() {
		for to := int(binary.BigEndian.Uint16(ids[i*width:]) >> l.shift); slot < to; {
			slot++
			l.fan[slot] = uint32(i)
		}
	}
	for slot++; slot < len(l.fan); slot++ {
		l.fan[slot] = uint32(l.len())
	}
	return l
}

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
	slot := binary.BigEndian.Uint16(id) >> l.shift
	lo, hi := l.fan[slot], l.fan[int(slot)+1]
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

// fewLayers is up to how many layers are searched one after the other.
const fewLayers = 2

// lookup is a hash table over the ids of all layers. Its hash is seeded: the
// ids of a broken index are whatever somebody wanted them to be.
type lookup struct {
	seed  maphash.Seed
	slots []uint32
}

func newLookup(s *Store) *lookup {
	size := 4
	for size < int(s.total)*2 {
		size *= 2
	}
	h := &lookup{seed: maphash.MakeSeed(), slots: make([]uint32, size)}
	for i := range h.slots {
		h.slots[i] = None
	}
	for _, l := range s.layers {
		for rank := range uint32(l.ids.len()) {
			id := l.ids.id(rank)
			if slot, taken := h.probe(s, id); !taken {
				h.slots[slot] = l.start + rank
			}
		}
	}
	return h
}

// probe finds the slot of an id: where it is, or where it would be.
func (h *lookup) probe(s *Store, id []byte) (slot int, taken bool) {
	mask := len(h.slots) - 1
	slot = int(maphash.Bytes(h.seed, id)) & mask
	for h.slots[slot] != None && !bytes.Equal(s.ID(h.slots[slot]), id) {
		slot = (slot + 1) & mask
	}
	return slot, h.slots[slot] != None
}

// Find returns the index of the object with an id in raw bytes. Of an object
// that is stored more than once it is the first.
func (s *Store) Find(id []byte) (uint32, bool) {
	if s.options.Few || len(s.layers) <= fewLayers {
		for _, l := range s.layers {
			if rank, ok := l.find(id); ok {
				return l.start + rank, true
			}
		}
		return None, false
	}
	s.lookupOnce.Do(func() { s.lookup = newLookup(s) })
	slot, ok := s.lookup.probe(s, id)
	return s.lookup.slots[slot], ok
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

package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
)

var (
	errOffset    = errors.New("offset out of range")
	errOverlap   = errors.New("overlaps another object")
	errDepth     = errors.New("the delta chain is too deep")
	errCycle     = errors.New("the delta chain is a cycle")
	errNoBase    = errors.New("the delta's base is missing")
	errBaseLost  = errors.New("the delta's base could not be read")
	errTruncated = errors.New("the pack ends before the object")
)

// maxDepth is the longest chain of deltas that is followed, which is also the
// longest that Git makes.
const maxDepth = 4095

// Instead of the position of a base, a position in the forest may have:
const (
	whole   = ^uint32(0)     // it is no delta
	outside = ^uint32(0) - 1 // the base is no entry of this forest
	refused = ^uint32(0) - 2 // it cannot be read: see forest.reasons
)

// forest tells of all entries of a pack which is made from which. An entry is
// known by its position: its number in order of offsets.
type forest struct {
	offsets []uint64
	ranks   []uint32
	bases   []uint32
	// children are the positions made from position p, in
	// children[first[p]:first[p+1]], those that most is made from last.
	first, children []uint32
	// roots are the positions whose base is whole or outside, in order.
	roots   []uint32
	reasons map[uint32]error
	// end is where the entries end, in bytes.
	end uint64
}

// digit is how many bits of an offset are sorted by at a time.
const digit = 11

// sortOffsets puts the entries in order. Offsets of 8 TiB and more are put
// last, in no order: no pack is so large.
func (f *forest) sortOffsets(byRank *offsetTable) {
	n := byRank.len()
	f.offsets, f.ranks = make([]uint64, n), make([]uint32, n)
	from, to := make([]uint64, n), f.offsets
	top := uint64(0)
	for i := range uint32(n) {
		offset := byRank.at(i)
		from[i] = offset<<32 | uint64(i)
		top = max(top, offset)
	}
	for shift := 32; shift < 64; shift += digit {
		distribute(to, from, func(k uint64) uint64 { return k >> shift & (1<<digit - 1) })
		from, to = to, from
	}
	if top >= 1<<32 {
		distribute(to, from, func(k uint64) uint64 { return min(byRank.at(uint32(k))>>32, 1<<digit-1) })
		from = to
	}
	for i, k := range from {
		f.ranks[i] = uint32(k)
	}
	for i, r := range f.ranks {
		f.offsets[i] = byRank.at(r)
	}
}

// distribute sorts by a digit and keeps the order of what has the same.
func distribute(to, from []uint64, of func(uint64) uint64) {
	var starts [1 << digit]uint32
	for _, k := range from {
		starts[of(k)]++
	}
	sum := uint32(0)
	for i := range starts {
		sum, starts[i] = sum+starts[i], sum
	}
	for _, k := range from {
		d := of(k)
		to[starts[d]] = k
		starts[d]++
	}
}

// refuse marks a position as unreadable.
func (f *forest) refuse(p uint32, reason error) {
	f.bases[p] = refused
	if f.reasons == nil {
		f.reasons = map[uint32]error{}
	}
	f.reasons[p] = reason
}

// extent is where the bytes of an entry must end: at the next one, unless that
// is at the same place.
func (f *forest) extent(p uint32) uint64 {
	if next := int(p) + 1; next < len(f.offsets) && f.offsets[next] > f.offsets[p] {
		return min(f.offsets[next], f.end)
	}
	return f.end
}

// places finds positions by offset: slot offset>>shift of starts tells where
// to look.
type places struct {
	offsets []uint64
	starts  []uint32
	shift   uint
}

func newPlaces(offsets []uint64, end uint64) *places {
	p := &places{offsets: offsets}
	for end>>p.shift > uint64(len(offsets))+1 {
		p.shift++
	}
	p.starts = make([]uint32, end>>p.shift+2)
	slot := uint64(0)
	for i, o := range offsets {
		for to := min(o>>p.shift, uint64(len(p.starts)-1)); slot < to; {
			slot++
			p.starts[slot] = uint32(i)
		}
	}
	for slot++; slot < uint64(len(p.starts)); slot++ {
		p.starts[slot] = uint32(len(offsets))
	}
	return p
}

func (p *places) find(offset uint64) (uint32, bool) {
	slot := offset >> p.shift
	if slot >= uint64(len(p.starts)) {
		return 0, false
	}
	i := int(p.starts[slot])
	if i < len(p.offsets) && p.offsets[i] < offset {
		// The entries of a slot are few, unless somebody wanted it otherwise.
		end := len(p.offsets)
		if slot+1 < uint64(len(p.starts)) {
			end = int(p.starts[slot+1])
		}
		at, _ := slices.BinarySearch(p.offsets[i:end], offset)
		i += at
	}
	return uint32(i), i < len(p.offsets) && p.offsets[i] == offset
}

// planter makes the forest of a layer.
type planter struct {
	*forest
	layer  *layer
	width  int
	places *places
	types  []Type // by rank
}

// plant reads the headers of all entries and finds who is made from whom. It
// fills in the types.
func plant(l *layer, types []Type) *forest {
	f := &forest{end: uint64(l.end())}
	f.sortOffsets(&l.offsets)
	f.bases = make([]uint32, len(f.offsets))
	p := &planter{forest: f, layer: l, width: l.ids.width, places: newPlaces(f.offsets, f.end), types: types}
	for at := uint32(0); int(at) < len(f.offsets); {
		at = p.headers(at)
	}
	p.family()
	p.grow()
	return f
}

// headers reads the headers from a position on. It returns before the last one
// when one is gone with its file.
func (p *planter) headers(from uint32) (next uint32) {
	at := from
	defer func() {
		if err := fault(recover()); err != nil {
			p.refuse(at, err)
			next = at + 1
		}
	}()
	var scratch [maxHeader]byte
	for ; int(at) < len(p.offsets); at++ {
		if err := p.header(at, scratch[:]); err != nil {
			p.refuse(at, err)
		}
	}
	return at
}

func (p *planter) header(at uint32, scratch []byte) error {
	offset, end := p.offsets[at], p.extent(at)
	if offset < packHeader || offset >= p.end {
		return errOffset
	}
	if at > 0 && p.offsets[at-1] == offset {
		return errOverlap
	}
	b, err := p.layer.region.view(int64(offset), int64(min(end, offset+maxHeader)), scratch)
	if err != nil {
		return err
	}
	e, err := parseEntry(b, p.width)
	if err != nil {
		return err
	}
	p.bases[at] = whole
	switch e.kind {
	case offsetDelta:
		p.bases[at] = outside
		if e.back <= 0 || uint64(e.back) > offset-packHeader {
			return errNoBase
		}
		if base, ok := p.places.find(offset - uint64(e.back)); ok {
			p.bases[at] = base
		}
	case referenceDelta:
		p.bases[at] = p.byID(e.ref)
	default:
		p.types[p.ranks[at]] = Type(e.kind)
	}
	return nil
}

// byID finds the base that is told by its id.
func (p *planter) byID(id []byte) uint32 {
	rank, ok := p.layer.ids.find(id)
	if !ok {
		return outside
	}
	if base, ok := p.places.find(p.layer.offsets.at(rank)); ok {
		return base
	}
	return outside
}

// family lists the children of each entry, and the roots.
func (p *planter) family() {
	p.first = make([]uint32, len(p.bases)+1)
	count := 0
	for at, b := range p.bases {
		switch {
		case b < refused:
			p.first[b+1]++
			count++
		case b != refused:
			p.roots = append(p.roots, uint32(at))
		}
	}
	for i := 1; i < len(p.first); i++ {
		p.first[i] += p.first[i-1]
	}
	p.children = make([]uint32, count)
	next := slices.Clone(p.first)
	for at, b := range p.bases {
		if b < refused {
			p.children[next[b]] = uint32(at)
			next[b]++
		}
	}
}

func (f *forest) childrenOf(p uint32) []uint32 { return f.children[f.first[p]:f.first[p+1]] }

// grow goes through the families generation by generation: it hands the types
// down, refuses what is too deep or hangs together in a cycle, and sorts the
// children.
func (p *planter) grow() {
	n := len(p.bases)
	queue := make([]uint32, 0, n)
	queue = append(queue, p.roots...)
	for at, b := range p.bases {
		if b == refused {
			queue = append(queue, uint32(at))
		}
	}
	heirs := make([]uint32, n)
	depth := uint32(0)
	for begin := 0; begin < len(queue); depth++ {
		generation := queue[begin:]
		begin = len(queue)
		for _, at := range generation {
			for _, child := range p.childrenOf(at) {
				p.types[p.ranks[child]] = p.types[p.ranks[at]]
				if depth >= maxDepth {
					p.refuse(child, errDepth)
				}
				queue = append(queue, child)
			}
			heirs[at] = 1
		}
	}
	for at := range p.bases {
		if heirs[at] == 0 {
			p.refuse(uint32(at), errCycle)
		}
	}
	p.sortChildren(queue, heirs)
}

// sortChildren puts those that least is made from first. To enter the largest
// branch last, when its base is needed no more, keeps few bases in memory at
// once: no more than the logarithm of the family's size.
func (p *planter) sortChildren(generations, heirs []uint32) {
	for _, at := range slices.Backward(generations) {
		if b := p.bases[at]; b < refused {
			heirs[b] += heirs[at]
		}
		list := p.childrenOf(at)
		if len(list) < 2 {
			continue
		}
		slices.SortFunc(list, func(a, b uint32) int {
			if heirs[a] != heirs[b] {
				return int(int64(heirs[a]) - int64(heirs[b]))
			}
			return int(int64(a) - int64(b))
		})
	}
}

// packHeader is the size of the header of a pack, in bytes.
const packHeader = 12

// checkPack compares what a pack says of itself with its index.
func checkPack(header, trailer []byte, x *index) error {
	switch {
	case len(header) < packHeader || string(header[:4]) != "PACK":
		return errors.New("not a pack")
	case binary.BigEndian.Uint32(header[4:]) != 2 && binary.BigEndian.Uint32(header[4:]) != 3:
		return errors.New("pack of an unknown version")
	case int64(binary.BigEndian.Uint32(header[8:])) != x.count():
		return errors.New("the index is for another number of objects")
	case !bytes.Equal(trailer, x.checksum):
		return errors.New("the index is of another pack")
	}
	return nil
}

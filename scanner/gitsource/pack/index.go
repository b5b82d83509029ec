package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sort"
)

var (
	errIndex        = errors.New("broken index")
	errIndexVersion = errors.New("index of an unknown version")
	errIndexMemory  = errors.New("the index needs more memory than is allowed")
)

const (
	fanSize = 256 * 4
	// minEntry is the least that an object takes in a pack: a header, and the
	// shortest zlib stream.
	minEntry = 9
	// beyond marks an offset that the index does not tell rightly.
	beyond = ^uint64(0)
)

// index is what an index tells of a pack.
type index struct {
	// ids are sorted, offsets stand in the same order.
	ids     []byte
	offsets offsetTable
	// checksum is the pack's, as the index knows it.
	checksum []byte
	// unordered says that the ids were not sorted, repeated that one is there
	// twice, badFan that the fan-out table does not fit them.
	unordered, repeated, badFan bool
	// few takes the place of ids and offsets where they are not read.
	few *fewIDs
}

// count is how many objects there are.
func (x *index) count() int64 {
	if x.few != nil {
		return x.few.count
	}
	return int64(x.offsets.len())
}

// offsetTable tells where entries are, as an index stores it.
type offsetTable struct {
	// short has 32 bits for each entry. Where long is not nil, the first of
	// them says that the others are a place in long, which has 64 bits each.
	short, long []byte
}

func (t *offsetTable) len() int { return len(t.short) / 4 }

// at returns an offset in bytes, beyond for one that is not told.
func (t *offsetTable) at(rank uint32) uint64 {
	short := binary.BigEndian.Uint32(t.short[int(rank)*4:])
	if short < 1<<31 || t.long == nil {
		return uint64(short)
	}
	at := int64(short&^(1<<31)) * 8
	if at+8 > int64(len(t.long)) {
		return beyond
	}
	return binary.BigEndian.Uint64(t.long[at:])
}

// indexReader reads an index file.
type indexReader struct {
	file  io.ReaderAt
	size  int64
	width int
	count int64
	fan   [fanSize]byte
}

// readIndex reads an index of version 1 or 2 for a pack of packSize bytes,
// into at most four times memory bytes.
func readIndex(file io.ReaderAt, size int64, width int, packSize, memory int64) (*index, error) {
	r := &indexReader{file: file, size: size, width: width}
	var head [8]byte
	if err := r.at(head[:], 0); err != nil {
		return nil, err
	}
	version2 := string(head[:4]) == "\xfftOc"
	fanAt := int64(0)
	if version2 {
		fanAt = 8
		if binary.BigEndian.Uint32(head[4:]) != 2 {
			return nil, errIndexVersion
		}
	}
	if err := r.at(r.fan[:], fanAt); err != nil {
		return nil, err
	}
	r.count = int64(binary.BigEndian.Uint32(r.fan[fanSize-4:]))
	if r.count > packSize/minEntry {
		return nil, fmt.Errorf("%w: more objects than the pack can hold", errIndex)
	}
	if r.count*int64(width+4) > 4*memory {
		return nil, errIndexMemory
	}
	x := &index{checksum: make([]byte, width)}
	if err := r.at(x.checksum, size-2*int64(width)); err != nil {
		return nil, err
	}
	read := r.version1
	if version2 {
		read = r.version2
	}
	if err := read(x); err != nil {
		return nil, err
	}
	x.order(width)
	x.badFan = !fanFits(r.fan[:], x.ids, width)
	return x, nil
}

func (r *indexReader) at(b []byte, at int64) error {
	if at < 0 || at+int64(len(b)) > r.size {
		return fmt.Errorf("%w: too short", errIndex)
	}
	if n, err := r.file.ReadAt(b, at); n < len(b) {
		return fmt.Errorf("read index: %w", err)
	}
	return nil
}

func (r *indexReader) version2(x *index) error {
	w := int64(r.width)
	idsAt := int64(8 + fanSize)
	offsetsAt := idsAt + r.count*(w+4)
	largeAt := offsetsAt + r.count*4
	largeSize := r.size - 2*w - largeAt
	if largeSize < 0 || largeSize%8 != 0 || largeSize/8 > r.count {
		return fmt.Errorf("%w: its size does not fit its number of objects", errIndex)
	}
	x.ids = make([]byte, r.count*w)
	x.offsets = offsetTable{short: make([]byte, r.count*4), long: make([]byte, largeSize)}
	return errors.Join(r.at(x.ids, idsAt), r.at(x.offsets.short, offsetsAt), r.at(x.offsets.long, largeAt))
}

func (r *indexReader) version1(x *index) error {
	w := int64(r.width)
	if r.size != fanSize+r.count*(4+w)+2*w {
		return fmt.Errorf("%w: its size does not fit its number of objects", errIndex)
	}
	x.ids = make([]byte, 0, r.count*w)
	x.offsets.short = make([]byte, 0, r.count*4)
	return r.each(fanSize, 4+w, func(b []byte) {
		x.offsets.short = append(x.offsets.short, b[:4]...)
		x.ids = append(x.ids, b[4:]...)
	})
}

// each reads the records of a table of count records.
func (r *indexReader) each(at, record int64, visit func(b []byte)) error {
	const most = 1 << 15
	chunk := make([]byte, min(most, r.count)*record)
	for i := int64(0); i < r.count; {
		n := min(most, r.count-i)
		if err := r.at(chunk[:n*record], at+i*record); err != nil {
			return err
		}
		for k := range n {
			visit(chunk[k*record : (k+1)*record])
		}
		i += n
	}
	return nil
}

// order sorts by id what is not sorted, so that nothing is lost by it.
func (x *index) order(width int) {
	if x.inOrder(width) {
		return
	}
	x.unordered = true
	sort.Sort(&byID{x, width, make([]byte, width)})
	x.inOrder(width)
}

// inOrder reports whether the ids are sorted, and looks for repeated ones.
func (x *index) inOrder(width int) bool {
	n := x.offsets.len()
	for i := 1; i < n; i++ {
		previous, id := x.ids[(i-1)*width:i*width], x.ids[i*width:(i+1)*width]
		if binary.BigEndian.Uint64(previous) < binary.BigEndian.Uint64(id) {
			continue
		}
		switch bytes.Compare(previous, id) {
		case 0:
			x.repeated = true
		case 1:
			return false
		}
	}
	return true
}

// byID sorts an index.
type byID struct {
	*index
	width   int
	swapped []byte
}

func (s *byID) id(i int) []byte    { return s.ids[i*s.width : (i+1)*s.width] }
func (s *byID) Len() int           { return s.offsets.len() }
func (s *byID) Less(i, j int) bool { return bytes.Compare(s.id(i), s.id(j)) < 0 }
func (s *byID) Swap(i, j int) {
	copy(s.swapped, s.id(i))
	copy(s.id(i), s.id(j))
	copy(s.id(j), s.swapped)
	a, b := s.offsets.short[i*4:i*4+4], s.offsets.short[j*4:j*4+4]
	copy(s.swapped, a)
	copy(a, b)
	copy(b, s.swapped)
}

// fanFits compares a fan-out table, which is not used, with the ids.
func fanFits(fan, ids []byte, width int) bool {
	n := len(ids) / width
	for first := range 256 {
		at := sort.Search(n, func(i int) bool { return int(ids[i*width]) > first })
		if at != int(binary.BigEndian.Uint32(fan[first*4:])) {
			return false
		}
	}
	return true
}

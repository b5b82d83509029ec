package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"sync"
)

const (
	// maxFew bounds how many objects of one layer are found in a store for few
	// objects.
	maxFew = 1 << 18
	// probed is up to how many ids of an index are read at once.
	probed = 64
)

// fewIDs are those objects of a layer that somebody asked for and that are
// there. Their ranks are the order in which they were asked for.
type fewIDs struct {
	// look tells where an object is in its pack, in bytes.
	look func(id []byte) (offset uint64, ok bool)
	// count is how many objects the layer has, checksum its pack's, as the
	// index says.
	count    int64
	checksum []byte
	file     *os.File

	mutex   sync.Mutex
	ranks   map[string]uint32
	ids     [][]byte
	offsets []uint64
}

func (f *fewIDs) find(id []byte) (uint32, bool) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if rank, ok := f.ranks[string(id)]; ok {
		return rank, true
	}
	offset, ok := f.look(id)
	if !ok || len(f.ids) >= maxFew {
		return 0, false
	}
	if f.ranks == nil {
		f.ranks = map[string]uint32{}
	}
	rank := uint32(len(f.ids))
	f.ranks[string(id)] = rank
	f.ids, f.offsets = append(f.ids, bytes.Clone(id)), append(f.offsets, offset)
	return rank, true
}

func (f *fewIDs) at(rank uint32) (id []byte, offset uint64) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.ids[rank], f.offsets[rank]
}

func (f *fewIDs) close() error {
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}

// fewLoose finds loose objects by the names of their files.
func fewLoose(d *directory, width int) *fewIDs {
	return &fewIDs{look: func(id []byte) (uint64, bool) {
		if len(id) != width {
			return 0, false
		}
		f, _, err := d.open(looseName(id))
		if err != nil {
			// What cannot be opened is there, and reading it tells why not.
			return 0, !errors.Is(err, fs.ErrNotExist)
		}
		err = f.Close()
		_ = err // it was only looked at
		return 0, true
	}}
}

// fewIndex finds objects in an index of version 2 without reading all of it.
type fewIndex struct {
	indexReader
	// offsetsAt and largeAt are where the tables begin, large how many entries
	// the second has.
	offsetsAt, largeAt, large int64
	refuse                    func(error)
}

// openFew looks whether an index can be searched as it is: one that is not of
// version 2, or whose parts do not fit, is read whole, which tells what is
// wrong. The file is the result's, if there is one.
func openFew(file *os.File, size int64, width int, packSize int64, refuse func(error)) *fewIDs {
	w := int64(width)
	x := &fewIndex{indexReader: indexReader{file: file, size: size, width: width}, refuse: refuse}
	head, checksum := make([]byte, 8), make([]byte, width)
	if x.at(head, 0) != nil || string(head) != "\xfftOc\x00\x00\x00\x02" || x.at(x.fan[:], 8) != nil || x.at(checksum, size-2*w) != nil {
		return nil
	}
	x.count = x.before(256)
	x.offsetsAt = 8 + fanSize + x.count*(w+4)
	x.largeAt = x.offsetsAt + x.count*4
	x.large = (size - 2*w - x.largeAt) / 8
	if x.count > packSize/minEntry || x.largeAt+x.large*8 != size-2*w || x.large < 0 || x.large > x.count {
		return nil
	}
	for first := range 256 {
		if x.before(first) > x.before(first+1) {
			return nil
		}
	}
	return &fewIDs{look: x.look, count: x.count, checksum: checksum, file: file}
}

// before is how many ids begin with a smaller byte.
func (x *fewIndex) before(first int) int64 {
	if first == 0 {
		return 0
	}
	return int64(binary.BigEndian.Uint32(x.fan[first*4-4:]))
}

// look finds an id. Where the ids are out of order it may not, and then the
// object is missing.
func (x *fewIndex) look(id []byte) (offset uint64, ok bool) {
	if len(id) != x.width {
		return 0, false
	}
	rank, ok, err := x.search(id)
	if err == nil && ok {
		offset, err = x.offset(rank)
	}
	if err != nil {
		x.refuse(err)
		return 0, false
	}
	return offset, ok
}

func (x *fewIndex) search(id []byte) (rank int64, ok bool, err error) {
	const idsAt = 8 + fanSize
	w := int64(x.width)
	lo, hi := x.before(int(id[0])), x.before(int(id[0])+1)
	var one [32]byte
	for hi-lo > probed {
		mid := lo + (hi-lo)/2
		if err := x.at(one[:w], idsAt+mid*w); err != nil {
			return 0, false, err
		}
		if bytes.Compare(one[:w], id) <= 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	var some [probed * len(one)]byte
	if err := x.at(some[:(hi-lo)*w], idsAt+lo*w); err != nil {
		return 0, false, err
	}
	for i := range hi - lo {
		if bytes.Equal(some[i*w:(i+1)*w], id) {
			return lo + i, true, nil
		}
	}
	return 0, false, nil
}

// offset is where the object of a rank is in the pack, beyond if the index does
// not tell it rightly.
func (x *fewIndex) offset(rank int64) (uint64, error) {
	var short [4]byte
	if err := x.at(short[:], x.offsetsAt+rank*4); err != nil {
		return 0, err
	}
	at := int64(binary.BigEndian.Uint32(short[:]))
	if at < 1<<31 {
		return uint64(at), nil
	}
	if at &^= 1 << 31; at >= x.large {
		return beyond, nil
	}
	var long [8]byte
	err := x.at(long[:], x.largeAt+at*8)
	return binary.BigEndian.Uint64(long[:]), err
}

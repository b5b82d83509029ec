package gitsource

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Git follows delta chains without asking whether they end, and from the
// start for every object: a pack whose objects are made from themselves keeps
// it busy for ever while its memory grows, and a very deep chain for hours. So
// the chains are followed here first, by the headers alone.

const (
	// maxChain is the deepest chain that Git itself makes.
	maxChain = 4095
	// maxWays bounds the sum of all depths.
	maxWays = 1 << 30
	// packWindow is how much of a pack is read at once, in bytes.
	packWindow = 1 << 20
)

const (
	packOffsetDelta = 6
	packRefDelta    = 7
)

// checkPack reports why git should not be let near a pack.
func checkPack(indexFile string, width int) error {
	p, err := openPack(indexFile, width)
	if err != nil {
		return err
	}
	defer p.close()
	bases, err := p.bases()
	if err != nil {
		return err
	}
	return checkChains(bases)
}

// packFiles are a pack and its index.
type packFiles struct {
	index, pack *os.File
	packSize    int64
	width       int
	// offsets are those of the objects in the pack, ascending.
	offsets []int64
	// ids is where the ids begin in the index, and how far they are apart;
	// raw are the offsets in the order of the ids.
	ids, step int64
	raw       []int64
	window    []byte
	windowAt  int64
}

var errPackIndex = errors.New("the pack's index makes no sense")

func openPack(indexFile string, width int) (*packFiles, error) {
	p := &packFiles{width: width}
	var err error
	if p.index, err = os.Open(indexFile); err != nil {
		return nil, err
	}
	if p.pack, err = os.Open(strings.TrimSuffix(indexFile, ".idx") + ".pack"); err != nil {
		p.close()
		return nil, err
	}
	if err := p.read(); err != nil {
		p.close()
		return nil, fmt.Errorf("%s: %w", filepath.Base(indexFile), err)
	}
	return p, nil
}

func (p *packFiles) close() {
	// Both were only read.
	_ = p.index.Close()
	if p.pack != nil {
		_ = p.pack.Close()
	}
}

// read reads the offsets from an index of version 1 or 2.
func (p *packFiles) read() error {
	info, err := p.pack.Stat()
	if err != nil {
		return err
	}
	p.packSize = info.Size()
	if info, err = p.index.Stat(); err != nil {
		return err
	}
	var magic [8]byte
	if _, err := p.index.ReadAt(magic[:], 0); err != nil {
		return errPackIndex
	}
	start, version2 := int64(0), false
	if string(magic[:4]) == "\xfftOc" {
		if binary.BigEndian.Uint32(magic[4:]) != 2 {
			return errPackIndex
		}
		start, version2 = 8, true
	}
	var last [4]byte
	if _, err := p.index.ReadAt(last[:], start+255*4); err != nil {
		return errPackIndex
	}
	count := int64(binary.BigEndian.Uint32(last[:]))
	least := start + 1024 + count*int64(p.width+4)
	if info.Size() < least {
		return errPackIndex
	}
	if version2 {
		p.ids, p.step = start+1024, int64(p.width)
		err = p.offsetsOf2(count)
	} else {
		p.ids, p.step = 1024+4, int64(p.width+4)
		err = p.offsetsOf1(count)
	}
	if err != nil {
		return errPackIndex
	}
	p.offsets = slices.Clone(p.raw)
	slices.Sort(p.offsets)
	return nil
}

func (p *packFiles) offsetsOf1(count int64) error {
	data := make([]byte, count*p.step)
	if _, err := p.index.ReadAt(data, 1024); err != nil {
		return err
	}
	for entry := range slices.Chunk(data, int(p.step)) {
		p.raw = append(p.raw, int64(binary.BigEndian.Uint32(entry)))
	}
	return nil
}

func (p *packFiles) offsetsOf2(count int64) error {
	at := p.ids + count*int64(p.width+4)
	data := make([]byte, count*4)
	if _, err := p.index.ReadAt(data, at); err != nil && count > 0 {
		return err
	}
	p.raw = make([]int64, 0, count)
	for entry := range slices.Chunk(data, 4) {
		offset := int64(binary.BigEndian.Uint32(entry))
		if offset&(1<<31) != 0 {
			var long [8]byte
			if _, err := p.index.ReadAt(long[:], at+count*4+(offset&^(1<<31))*8); err != nil {
				return err
			}
			offset = int64(binary.BigEndian.Uint64(long[:]))
		}
		p.raw = append(p.raw, offset)
	}
	return nil
}

// bases tells for each object, in order of the offsets, which one it is made
// from: -1 for none.
func (p *packFiles) bases() ([]int32, error) {
	out := make([]int32, len(p.offsets))
	for i, offset := range p.offsets {
		out[i] = -1
		if offset < 12 || offset >= p.packSize {
			return nil, errPackIndex
		}
		header := p.at(offset)
		end := slices.IndexFunc(header, func(c byte) bool { return c&0x80 == 0 })
		if end < 0 {
			continue // no object; git will say so
		}
		base := int64(-1)
		switch rest := header[end+1:]; header[0] >> 4 & 7 {
		case packOffsetDelta:
			if back, size := offsetVarint(rest); size > 0 && back <= uint64(offset) {
				base = offset - int64(back)
			}
		case packRefDelta:
			if len(rest) >= p.width {
				base = p.find(rest[:p.width])
			}
		}
		if at, ok := slices.BinarySearch(p.offsets, base); ok {
			out[i] = int32(at)
		}
	}
	return out, nil
}

// at returns some bytes of the pack, enough for a header; empty at its end.
func (p *packFiles) at(offset int64) []byte {
	const enough = 64
	if from := offset - p.windowAt; from >= 0 && from+enough <= int64(len(p.window)) {
		return p.window[from : from+enough]
	}
	if p.window == nil {
		p.window = make([]byte, packWindow)
	}
	p.window = p.window[:cap(p.window)]
	n, err := p.pack.ReadAt(p.window, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		n = 0
	}
	p.window, p.windowAt = p.window[:n], offset
	return p.window[:min(n, enough)]
}

// find looks an id up in the index; -1 if it is not there.
func (p *packFiles) find(id []byte) int64 {
	buf := make([]byte, p.width)
	lo, hi := 0, len(p.raw)
	for lo < hi {
		mid := lo + (hi-lo)/2
		if _, err := p.index.ReadAt(buf, p.ids+int64(mid)*p.step); err != nil {
			return -1
		}
		switch bytes.Compare(buf, id) {
		case 0:
			return p.raw[mid]
		case -1:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return -1
}

// checkChains follows every chain once.
func checkChains(bases []int32) error {
	const open = -1
	depth := make([]int32, len(bases)) // 0: not yet known
	var chain []int32
	ways := 0
	for i := range bases {
		chain = chain[:0]
		at := int32(i)
		for at >= 0 && depth[at] == 0 {
			depth[at] = open
			chain = append(chain, at)
			at = bases[at]
		}
		below := int32(0)
		if at >= 0 {
			below = depth[at]
		}
		if below == open {
			return errors.New("objects of the pack are made from themselves")
		}
		for _, at := range slices.Backward(chain) {
			below++
			depth[at] = below
			ways += int(below)
		}
		if below > maxChain+1 || ways > maxWays {
			return fmt.Errorf("the pack has chains of more than %d changes", maxChain)
		}
	}
	return nil
}

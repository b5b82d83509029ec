package sevenzip

import (
	"encoding/binary"
	"unicode/utf16"
)

// The parts of a directory.
const (
	idEnd               = 0x00
	idHeader            = 0x01
	idArchiveProperties = 0x02
	idAdditionalStreams = 0x03
	idMainStreams       = 0x04
	idFiles             = 0x05
	idPackInfo          = 0x06
	idUnpackInfo        = 0x07
	idSubStreams        = 0x08
	idSize              = 0x09
	idDigests           = 0x0a
	idFolder            = 0x0b
	idUnpackSizes       = 0x0c
	idStreamCounts      = 0x0d
	idEmptyStreams      = 0x0e
	idNames             = 0x11
	idEncodedHeader     = 0x17
)

// maxCoders is how many methods may be applied to one folder.
const maxCoders = 8

// parser reads a directory. After something that cannot be, it is broken and
// reads nothing but zeros.
type parser struct {
	src    []byte
	broken bool
}

func (p *parser) take(n int64) []byte {
	if n < 0 || n > int64(len(p.src)) {
		p.broken, p.src = true, nil
		return nil
	}
	b := p.src[:n]
	p.src = p.src[n:]
	return b
}

func (p *parser) byte() byte {
	if b := p.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

// number reads a number whose first byte says how many follow.
func (p *parser) number() int64 {
	first := p.byte()
	v, mask := uint64(0), byte(0x80)
	for i := range 8 {
		if first&mask == 0 {
			v |= uint64(first&(mask-1)) << (8 * i)
			break
		}
		v |= uint64(p.byte()) << (8 * i)
		mask >>= 1
	}
	if v > 1<<62 {
		p.broken = true
		return 0
	}
	return int64(v)
}

// count reads a number of things that take at least a bit each.
func (p *parser) count() int {
	n := p.number()
	if n > int64(len(p.src))*8 {
		p.broken = true
		return 0
	}
	return int(n)
}

// bits reads so many, from the highest of each byte on.
func (p *parser) bits(n int) []bool {
	bytes := p.take(int64(n+7) / 8)
	if p.broken {
		return nil
	}
	out := make([]bool, n)
	for i := range out {
		out[i] = bytes[i/8]&(0x80>>(i%8)) != 0
	}
	return out
}

// digests passes over checksums for n things and tells which of them have one.
func (p *parser) digests(n int) (has []bool) {
	count := int64(n)
	if p.byte() == 0 {
		has, count = p.bits(n), 0
		for _, is := range has {
			if is {
				count++
			}
		}
	} else if n <= len(p.src)/4 {
		for range n {
			has = append(has, true)
		}
	}
	p.take(4 * count)
	return has
}

// streams say where the packed bytes stand and how they are unpacked.
type streams struct {
	position int64
	packed   []int64
	folders  []folder
	// sizes are those of the files in each folder.
	sizes [][]int64
}

func (p *parser) streams() (s streams) {
	for !p.broken {
		switch p.byte() {
		case idEnd:
			s.complete()
			return s
		case idPackInfo:
			p.packInfo(&s)
		case idUnpackInfo:
			p.unpackInfo(&s)
		case idSubStreams:
			p.subStreams(&s)
		default:
			p.broken = true
		}
	}
	return streams{}
}

// complete gives a folder of which nothing else is told one file.
func (s *streams) complete() {
	if s.sizes == nil {
		for i := range s.folders {
			s.sizes = append(s.sizes, []int64{s.folders[i].size()})
		}
	}
}

func (p *parser) packInfo(s *streams) {
	s.position = p.number()
	n := p.count()
	for !p.broken {
		switch p.byte() {
		case idEnd:
			return
		case idSize:
			for i := 0; i < n && !p.broken; i++ {
				s.packed = append(s.packed, p.number())
			}
		case idDigests:
			p.digests(n)
		default:
			p.broken = true
		}
	}
}

func (p *parser) unpackInfo(s *streams) {
	for !p.broken {
		switch p.byte() {
		case idEnd:
			return
		case idFolder:
			n := p.count()
			if p.byte() != 0 {
				p.broken = true // it stands elsewhere, which nobody writes
			}
			for i := 0; i < n && !p.broken; i++ {
				s.folders = append(s.folders, p.folder())
			}
		case idUnpackSizes:
			for i := range s.folders {
				for range s.folders[i].outs {
					s.folders[i].sizes = append(s.folders[i].sizes, p.number())
				}
			}
		case idDigests:
			for i, has := range p.digests(len(s.folders)) {
				s.folders[i].digest = has
			}
		default:
			p.broken = true
		}
	}
}

func (p *parser) subStreams(s *streams) {
	counts := make([]int, len(s.folders))
	for i := range counts {
		counts[i] = 1
	}
	id := p.byte()
	if id == idStreamCounts {
		for i := range counts {
			counts[i] = p.count()
		}
		id = p.byte()
	}
	for i, n := range counts {
		left := s.folders[i].size()
		var sizes []int64
		for k := 0; k < n && !p.broken; k++ {
			size := left
			if k < n-1 {
				size = 0
				if id == idSize {
					size = p.number()
				}
			}
			if size > left {
				p.broken = true
			}
			left -= size
			sizes = append(sizes, size)
		}
		s.sizes = append(s.sizes, sizes)
	}
	// What follows are checksums, for those that have none yet.
	if id == idSize {
		id = p.byte()
	}
	if id == idDigests {
		p.rest(s)
	} else if id != idEnd {
		p.broken = true
	}
}

// rest passes over the checksums of files: of those in folders of one file the
// folder has it, or not.
func (p *parser) rest(s *streams) {
	files := 0
	for i := range s.sizes {
		if len(s.sizes[i]) != 1 || !s.folders[i].digest {
			files += len(s.sizes[i])
		}
	}
	p.digests(files)
	if p.byte() != idEnd {
		p.broken = true
	}
}

// files reads the names of all files and which of them have no bytes.
func (p *parser) files() (names []string, empty []bool) {
	n := p.count()
	for !p.broken {
		id := p.byte()
		if id == idEnd {
			return names, empty
		}
		property := parser{src: p.take(p.number())}
		switch id {
		case idEmptyStreams:
			empty = property.bits(n)
		case idNames:
			if property.byte() == 0 {
				names = namesIn(property.src, n)
			}
		}
	}
	return nil, nil
}

func namesIn(src []byte, n int) (names []string) {
	var units []uint16
	for ; len(src) >= 2 && len(names) < n; src = src[2:] {
		u := binary.LittleEndian.Uint16(src)
		if u != 0 {
			units = append(units, u)
			continue
		}
		names = append(names, string(utf16.Decode(units)))
		units = units[:0]
	}
	return names
}

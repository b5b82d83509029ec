package sevenzip

import (
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz/lzma"
)

// maxWindow bounds the memory of one method, in bytes.
const maxWindow = 128 << 20

// folder says which methods unpack a stream, and how they feed each other.
type folder struct {
	coders []coder
	// binds are pairs: the input with the first number reads the output with
	// the second one.
	binds [][2]int
	// packed are the inputs that read packed streams.
	packed []int
	sizes  []int64
	outs   int
	digest bool
}

type coder struct {
	method     string
	properties []byte
	ins, outs  int
}

func (p *parser) folder() (f folder) {
	n := p.count()
	if n == 0 || n > maxCoders {
		p.broken = true
		return f
	}
	ins := 0
	for range n {
		flags := p.byte()
		c := coder{method: string(p.take(int64(flags & 0x0f))), ins: 1, outs: 1}
		if flags&0x10 != 0 {
			c.ins, c.outs = p.count(), p.count()
		}
		if flags&0x20 != 0 {
			c.properties = p.take(p.number())
		}
		ins, f.outs = ins+c.ins, f.outs+c.outs
		if ins > maxCoders || f.outs > maxCoders {
			p.broken = true
		}
		f.coders = append(f.coders, c)
	}
	bound := map[int]bool{}
	for i := 1; i < f.outs && !p.broken; i++ {
		in, out := p.count(), p.count()
		f.binds = append(f.binds, [2]int{in, out})
		bound[in] = true
	}
	if free := ins - len(f.binds); free > 1 {
		for i := 0; i < free && !p.broken; i++ {
			f.packed = append(f.packed, p.count())
		}
		return f
	}
	for i := range min(ins, maxCoders) {
		if !bound[i] {
			f.packed = append(f.packed, i)
		}
	}
	return f
}

// size is that of what a folder unpacks to: of the output that nothing reads.
func (f *folder) size() int64 {
	if out := f.last(); out < len(f.sizes) {
		return f.sizes[out]
	}
	return 0
}

// last is the output that nothing reads.
func (f *folder) last() int {
	for out := range f.outs {
		read := false
		for _, b := range f.binds {
			read = read || b[1] == out
		}
		if !read {
			return out
		}
	}
	return f.outs
}

// packedOf returns the packed streams of a folder, as far as they are there.
func (s *streams) packedOf(src []byte, number int) (packed [][]byte) {
	first := 0
	for i := range number {
		first += len(s.folders[i].packed)
	}
	at := s.position
	for i, size := range s.packed {
		end := at + size
		if i >= first && i < first+len(s.folders[number].packed) {
			from := min(max(at, 0), int64(len(src)))
			packed = append(packed, src[from:min(max(end, from), int64(len(src)))])
		}
		if at = end; at < 0 {
			break
		}
	}
	return packed
}

// Open returns what the folder unpacks to.
func (f *Folder) Open() (io.Reader, error) {
	return f.output(f.folder.last(), 0)
}

// output opens one of the outputs of the methods.
func (f *Folder) output(number, depth int) (io.Reader, error) {
	if depth > maxCoders {
		return nil, ErrBroken
	}
	ins := 0
	for out, c := range f.folder.coders {
		if c.outs != 1 || c.ins != 1 {
			return nil, ErrMethod // only a filter for programs is like that
		}
		if out != number {
			ins += c.ins
			continue
		}
		in, err := f.input(ins, depth)
		if err != nil {
			return nil, err
		}
		size := int64(0)
		if out < len(f.folder.sizes) {
			size = f.folder.sizes[out]
		}
		return c.open(in, size)
	}
	return nil, ErrBroken
}

func (f *Folder) input(number, depth int) (io.Reader, error) {
	for _, b := range f.folder.binds {
		if b[0] == number {
			return f.output(b[1], depth+1)
		}
	}
	for i, n := range f.folder.packed {
		if n == number && i < len(f.packed) {
			return bytes.NewReader(f.packed[i]), nil
		}
	}
	return nil, ErrBroken
}

// open applies a method. The window is never larger than what it unpacks to.
func (c coder) open(in io.Reader, size int64) (io.Reader, error) {
	switch c.method {
	case "\x00":
		return in, nil
	case "\x21":
		return c.lzma2(in, size)
	case "\x03\x01\x01":
		return c.lzma(in, size)
	case "\x04\x01\x08":
		return flate.NewReader(in), nil
	case "\x04\x02\x02":
		return bzip2.NewReader(in), nil
	case "\x04\xf7\x11\x01":
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		return z, err
	case "\x06\xf1\x07\x01":
		return nil, ErrEncrypted
	case "\x03":
		return &delta{in: in, distance: int(append(c.properties, 0)[0]) + 1}, nil
	case "\x04", "\x05", "\x06", "\x07", "\x08", "\x09", "\x0a", "\x03\x03\x01\x03", "\x03\x03\x02\x05", "\x03\x03\x04\x01", "\x03\x03\x05\x01",
		"\x03\x03\x07\x01", "\x03\x03\x08\x05":
		return in, nil // addresses in machine code are not those of the program then; text is the same
	}
	return nil, ErrMethod
}

func (c coder) lzma2(in io.Reader, size int64) (io.Reader, error) {
	if len(c.properties) != 1 || c.properties[0] > 40 {
		return nil, ErrBroken
	}
	p := c.properties[0]
	window := min(int64(2|p&1)<<(p/2+11), max(size, 4096))
	if window > maxWindow {
		return nil, ErrMethod
	}
	return lzma.Reader2Config{DictCap: int(window)}.NewReader2(in)
}

func (c coder) lzma(in io.Reader, size int64) (io.Reader, error) {
	if len(c.properties) != 5 {
		return nil, ErrBroken
	}
	window := min(int64(binary.LittleEndian.Uint32(c.properties[1:])), max(size, 4096))
	if window > maxWindow {
		return nil, ErrMethod
	}
	head := []byte{c.properties[0]}
	head = binary.LittleEndian.AppendUint32(head, uint32(window))
	head = binary.LittleEndian.AppendUint64(head, uint64(size))
	return lzma.ReaderConfig{DictCap: maxWindow}.NewReader(io.MultiReader(bytes.NewReader(head), in))
}

// delta adds to each byte the one at a distance before.
type delta struct {
	in       io.Reader
	distance int
	last     [256]byte
	at       int
}

func (d *delta) Read(p []byte) (int, error) {
	n, err := d.in.Read(p)
	for i := range n {
		k := d.at % d.distance
		p[i] += d.last[k]
		d.last[k] = p[i]
		d.at++
	}
	return n, err
}

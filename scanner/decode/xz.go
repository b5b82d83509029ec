package decode

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

const (
	xzMagic = "\xfd7zXZ\x00"
	// xzWindow is the largest dictionary that is used, that of xz -9.
	xzWindow = 64 << 20
)

var errXZ = errors.New("the xz stream has a form that cannot be read")

// xzReader reads xz streams from memory. It reads the frame by itself, so that
// the stream cannot order a dictionary of any size, and leaves the blocks to
// the LZMA2 reader. Checksums are not compared: damaged text is worth matching.
type xzReader struct {
	in    []byte
	block io.Reader
	at    *counted
	// check is the size of a block's checksum, 0 before a stream.
	check int
	// done says that a whole stream was read.
	done bool
}

// counted is a reader of memory that knows how much was read.
type counted struct {
	in  []byte
	pos int
}

func (c *counted) Read(p []byte) (int, error) {
	if c.pos >= len(c.in) {
		return 0, io.EOF
	}
	n := copy(p, c.in[c.pos:])
	c.pos += n
	return n, nil
}

func (c *counted) ReadByte() (byte, error) {
	if c.pos >= len(c.in) {
		return 0, io.EOF
	}
	c.pos++
	return c.in[c.pos-1], nil
}

// Read returns without data at the end of each block and stream, so that the
// caller's budget of time holds for streams of many empty ones, too.
func (x *xzReader) Read(p []byte) (int, error) {
	if x.block == nil {
		return 0, x.next()
	}
	n, err := x.block.Read(p)
	if errors.Is(err, io.EOF) {
		x.endBlock()
		err = nil
	}
	return n, err
}

// next opens the next block or passes over the end of a stream. It returns
// io.EOF after the last stream.
func (x *xzReader) next() error {
	if x.check == 0 {
		if x.done && len(x.in) == 0 {
			return io.EOF
		}
		if err := x.streamHeader(); err != nil {
			return err
		}
	}
	if len(x.in) < 4 {
		return io.ErrUnexpectedEOF
	}
	if x.in[0] != 0 {
		return x.blockHeader()
	}
	if err := x.index(); err != nil {
		return err
	}
	x.check, x.done = 0, true
	for len(x.in) >= 4 && binary.LittleEndian.Uint32(x.in) == 0 {
		x.in = x.in[4:]
	}
	return nil
}

func (x *xzReader) streamHeader() error {
	if len(x.in) < 12 {
		return io.ErrUnexpectedEOF
	}
	if string(x.in[:6]) != xzMagic || x.in[6] != 0 {
		return errXZ
	}
	// Sizes by the kind of check; no check still needs a mark other than 0.
	switch kind := x.in[7] & 0x0f; kind {
	case 0:
		x.check = -1
	default:
		x.check = [...]int{4, 8, 16, 32, 64}[(kind-1)/3]
	}
	x.in = x.in[12:]
	return nil
}

// blockHeader accepts the one filter that everybody uses.
func (x *xzReader) blockHeader() error {
	size := (int(x.in[0]) + 1) * 4
	if len(x.in) < size {
		return io.ErrUnexpectedEOF
	}
	flags, head := x.in[1], x.in[2:size]
	if flags&0x03 != 0 {
		return errXZ
	}
	for _, has := range []byte{0x40, 0x80} {
		if flags&has == 0 {
			continue
		}
		_, n := binary.Uvarint(head)
		if n <= 0 {
			return errXZ
		}
		head = head[n:]
	}
	if len(head) < 3 || head[0] != 0x21 || head[1] != 1 || head[2] > 40 {
		return errXZ
	}
	window := int64(2|head[2]&1) << (head[2]/2 + 11)
	if window > xzWindow {
		return errXZ
	}
	x.at = &counted{in: x.in[size:]}
	block, err := lzma.Reader2Config{DictCap: int(window)}.NewReader2(x.at)
	x.block = block
	return err
}

// endBlock passes over the padding and the check of a block.
func (x *xzReader) endBlock() {
	size := (x.at.pos+3)&^3 + max(x.check, 0)
	x.in = x.at.in[min(size, len(x.at.in)):]
	x.block = nil
}

// index passes over the index and the footer of a stream.
func (x *xzReader) index() error {
	rest := x.in[1:]
	records, n := binary.Uvarint(rest)
	for fields := records * 2; n > 0 && fields > 0; fields-- {
		rest = rest[n:]
		_, n = binary.Uvarint(rest)
	}
	if n <= 0 {
		return io.ErrUnexpectedEOF
	}
	size := (len(x.in)-len(rest)+n+3)&^3 + 4 + 12
	if len(x.in) < size {
		return io.ErrUnexpectedEOF
	}
	x.in = x.in[size:]
	return nil
}

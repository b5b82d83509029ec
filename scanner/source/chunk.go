package source

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Overlap is how many bytes two neighbouring chunks share. It is more than
// twice the evidence width of any set of rules.
const Overlap = 64 << 10

// Chunking says into what pieces content is read. The zero value means the
// defaults; values below twice the Overlap are raised to it.
type Chunking struct {
	// Whole is how large content may be, in bytes, to be read as one chunk;
	// default 256 MiB. Structure (a notebook, an archive) is seen only in
	// whole content.
	Whole int
	// Size is that of the pieces in which larger content is read; default
	// 16 MiB.
	Size int
	// Buffers lend what content is read into; optional.
	Buffers *Buffers
}

// Sized is content that tells its size in bytes.
type Sized interface{ Size() int64 }

// SizeOf returns the size of what was opened of an item, -1 if it is not known
// before reading.
func SizeOf(item Item, opened io.Reader) int64 {
	if sized, ok := opened.(Sized); ok {
		return sized.Size()
	}
	return item.Size
}

func (c Chunking) withDefaults() Chunking {
	if c.Whole == 0 {
		c.Whole = 256 << 20
	}
	if c.Size == 0 {
		c.Size = 16 << 20
	}
	return Chunking{Whole: max(c.Whole, 2*Overlap), Size: max(c.Size, 2*Overlap), Buffers: c.Buffers}
}

// Chunk is a piece of content. Data is valid until the next chunk is asked
// for.
type Chunk struct {
	Data []byte
	// From and To partition the content among overlapping chunks: what begins
	// in [From, To) belongs to this chunk and is seen in it with all that
	// stands around it.
	From, To int
	// Advance is how many bytes of Data stand before the next chunk's data.
	Advance int
}

// Chunks reads content that is size bytes long (-1: not known) in as few
// pieces as the defaults allow. An error is last.
func Chunks(r io.Reader, size int64) iter.Seq2[Chunk, error] {
	return Chunking{}.Chunks(r, size)
}

// Chunks is the function Chunks with limits of one's own.
func (c Chunking) Chunks(r io.Reader, size int64) iter.Seq2[Chunk, error] {
	c = c.withDefaults()
	return func(yield func(Chunk, error) bool) {
		first, err := readUpTo(r, c.Buffers.take(firstRead(size)), c.Whole)
		defer func() { c.Buffers.put(first) }()
		if err != nil {
			yield(Chunk{}, fmt.Errorf("read: %w", err))
			return
		}
		if len(first) < c.Whole {
			yield(Chunk{Data: first, To: len(first), Advance: len(first)}, nil)
			return
		}
		c.yieldWindows(first, r, yield)
	}
}

// firstRead is the buffer to begin with: the size that is told plus one byte,
// to see the end without growing, but never what only a hostile source tells.
func firstRead(size int64) int {
	const most = 8 << 20
	if size < 0 {
		return 64 << 10
	}
	return int(min(size+1, most))
}

// readUpTo reads into a buffer until the end or until limit bytes are there.
func readUpTo(r io.Reader, buf []byte, limit int) ([]byte, error) {
	for len(buf) < limit {
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), min(2*cap(buf), limit))
			copy(grown, buf)
			buf = grown
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return buf, nil
}

// yieldWindows yields what was read and then the rest in overlapping windows.
// Each side of the border between two chunks is half an overlap deep.
func (c Chunking) yieldWindows(first []byte, rest io.Reader, yield func(Chunk, error) bool) {
	const border = Overlap / 2
	r := bufio.NewReader(rest)
	data, from := first, 0
	for {
		_, err := r.Peek(1)
		if errors.Is(err, io.EOF) {
			yield(Chunk{Data: data, From: from, To: len(data), Advance: len(data)}, nil)
			return
		}
		if err != nil {
			yield(Chunk{}, fmt.Errorf("read: %w", err))
			return
		}
		if !yield(Chunk{Data: data, From: from, To: len(data) - border, Advance: len(data) - Overlap}, nil) {
			return
		}
		next := data[:0]
		if cap(next) < Overlap+c.Size || len(data) == len(first) {
			next = make([]byte, 0, Overlap+c.Size)
		}
		next = append(next, data[len(data)-Overlap:]...)
		n, err := io.ReadFull(r, next[Overlap:Overlap+c.Size])
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			yield(Chunk{}, fmt.Errorf("read: %w", err))
			return
		}
		data, from = next[:Overlap+n], border
	}
}

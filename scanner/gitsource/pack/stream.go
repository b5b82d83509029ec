package pack

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/klauspost/compress/zlib"

	"github.com/qleaks/qleaks/scanner/gitsource/inflate"
)

// Streamer is a visitor that also takes objects that are too large to be held,
// if they are stored whole.
type Streamer interface {
	Visitor
	// Stream gets an object without its data, which content has, size bytes of
	// it. An error of content may be returned or not: the object is refused
	// then, and the walk goes on. Any other error ends the walk.
	Stream(o *Object, size int64, content io.Reader) error
}

// stream hands out the object of a layer that could not be held for the reason
// why. It returns the reason for which it could not be streamed either, which
// is the same where nobody asked for it, and the visitor's own error.
func (k *walker) stream(l *layer, rank uint32, why error) (refusal, err error) {
	s, ok := k.visitor.(Streamer)
	if !ok || !errors.Is(why, errOversize) && !errors.Is(why, errMemory) {
		return why, nil
	}
	open := k.streamEntry
	if l.region == nil {
		open = k.streamLoose
	}
	c, err := open(l, rank)
	if err != nil {
		return err, nil
	}
	if c == nil {
		return why, nil
	}
	defer c.close()
	i := l.start + rank
	k.store.types[i] = c.kind
	if !k.walk.visible(i) || !k.walk.plan.Types.Has(c.kind) {
		return nil, nil
	}
	if err := k.spend(c.left); err != nil {
		return err, nil
	}
	id := l.ids.id(rank)
	if k.store.options.Verify || l.suspect {
		c.prove(id)
	}
	k.object = Object{Index: i, Type: c.kind, ID: id, Base: None}
	if err := s.Stream(&k.object, c.left, c); err != nil && c.err == nil {
		return nil, err
	}
	return c.finish(id), nil
}

// streamed is the content of an object while it is read.
type streamed struct {
	kind Type
	// left is how many bytes are to come.
	left int64
	from io.Reader
	hash hash.Hash
	// err is the first error, but for the end.
	err error
	// file is the one to close, if any.
	file *os.File
}

// Read implements io.Reader.
func (c *streamed) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if c.left == 0 {
		return 0, io.EOF
	}
	n, err := c.from.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if c.hash != nil {
		c.hash.Write(p[:n])
	}
	if err != nil && (c.left > 0 || !errors.Is(err, io.EOF)) {
		if errors.Is(err, io.EOF) {
			err = inflate.ErrSize
		}
		c.err = fmt.Errorf("unpack: %w", err)
		return n, c.err
	}
	return n, nil
}

// close closes a loose object; a pack stays open.
func (c *streamed) close() {
	if c.file != nil {
		_ = c.file.Close() // it was only read
	}
}

// prove prepares for the comparison with the id.
func (c *streamed) prove(id []byte) {
	c.hash = sha1.New()
	if len(id) == sha256.Size {
		c.hash = sha256.New()
	}
	c.hash.Write(objectHeader(c.kind, c.left))
}

// finish reads what nobody read and tells whether all was well.
func (c *streamed) finish(id []byte) error {
	if _, err := io.Copy(io.Discard, c); err != nil {
		return err
	}
	var more [1]byte
	if n, err := io.ReadFull(c.from, more[:]); n > 0 || !errors.Is(err, io.EOF) {
		return inflate.ErrSize
	}
	if c.hash != nil && !bytes.Equal(c.hash.Sum(nil), id) {
		return errID
	}
	return nil
}

// streamEntry begins to read an object of a pack; nil stands for a delta.
func (k *walker) streamEntry(l *layer, rank uint32) (*streamed, error) {
	offset := int64(l.offsets.at(rank))
	end := l.extentAt(offset)
	e, err := k.readHeader(l, offset, end)
	if err != nil {
		return nil, err
	}
	if e.delta() {
		return nil, nil
	}
	from := offset + int64(e.length)
	if !plausible(e.size, end-from) {
		return nil, errTruncated
	}
	z, err := zlib.NewReader(bufio.NewReaderSize(io.NewSectionReader(l.region.file, from, end-from), 64<<10))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	return &streamed{kind: Type(e.kind), left: e.size, from: z}, nil
}

// streamLoose begins to read a loose object.
func (k *walker) streamLoose(l *layer, rank uint32) (*streamed, error) {
	f, _, err := l.directory.open(looseName(l.ids.id(rank)))
	if err != nil {
		return nil, err
	}
	c := &streamed{file: f}
	z, err := zlib.NewReader(bufio.NewReaderSize(f, 64<<10))
	if err != nil {
		c.close()
		return nil, fmt.Errorf("unpack: %w", err)
	}
	content := bufio.NewReaderSize(z, 64<<10)
	head, _ := content.Peek(maxLooseHeader)
	kind, size, length, ok := parseLooseHeader(head)
	if !ok {
		c.close()
		return nil, errLooseHeader
	}
	_, err = content.Discard(length)
	c.kind, c.left, c.from = kind, size, content
	return c, err
}

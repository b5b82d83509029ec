package reftable

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Types of blocks.
const (
	blockRef    = 'r'
	blockLog    = 'g'
	blockIndex  = 'i'
	blockObject = 'o'
)

// blockHeader is the type and the size in three bytes.
const blockHeader = 4

// record is told each record: its key, its type in three bits, and what
// follows.
type record func(key string, kind byte, rest *cursor) error

// section reads the blocks of one type from a place on.
func (s *Stack) section(t *table, at int, kind byte, tell record) error {
	for at < len(t.body) {
		head := 0
		if at == 0 {
			head = t.header
		}
		data := t.body[at:]
		if len(data) < head+blockHeader {
			return errCut
		}
		switch found := data[head]; {
		case found == kind:
		case found == blockIndex, found == blockObject, found == blockLog:
			return nil // the next section
		default:
			return fmt.Errorf("block of unknown type %q", found)
		}
		content, size, err := s.content(t, data, head)
		if err != nil {
			return err
		}
		if err := s.records(content, head, tell); err != nil {
			return err
		}
		at += size
	}
	return nil
}

// content returns the block that data begins with, header included, and its
// size in the file.
func (s *Stack) content(t *table, data []byte, head int) (content []byte, size int, err error) {
	size = uint24(data[head+1:])
	if size < head+blockHeader+2 {
		return nil, 0, errCut
	}
	if data[head] == blockLog {
		return s.inflate(data, head, size)
	}
	if size > len(data) {
		return nil, 0, errCut
	}
	content = data[:size]
	// A block may be padded, but not the last one before logs.
	if size < t.block && size < len(data) && data[size] == 0 {
		size = t.block
	}
	return content, size, nil
}

// inflate unpacks a log block; its size is that of what it holds.
func (s *Stack) inflate(data []byte, head, size int) (content []byte, consumed int, err error) {
	if s.left -= size; s.left < 0 {
		return nil, 0, errTooMuch
	}
	if cap(s.buffer) < size {
		s.buffer = make([]byte, size)
	}
	content = s.buffer[:size]
	start := head + blockHeader
	copy(content, data[:start])
	_, consumed, err = s.inflater.Zlib(content[start:], data[start:], true)
	if err != nil {
		return nil, 0, fmt.Errorf("log block: %w", err)
	}
	return content, start + consumed, nil
}

// records reads a block: the records, then the places where keys are told
// whole, and the number of those.
func (s *Stack) records(block []byte, head int, tell record) error {
	restarts := int(binary.BigEndian.Uint16(block[len(block)-2:]))
	end := len(block) - 2 - 3*restarts
	if end < head+blockHeader {
		return errCut
	}
	rest := &cursor{data: block[head+blockHeader : end]}
	key := ""
	for len(rest.data) > 0 {
		prefix := rest.number()
		suffix := rest.number()
		text := rest.take(suffix >> 3)
		if rest.cut || prefix > uint64(len(key)) {
			return errCut
		}
		if s.left -= recordCost + int(prefix) + len(text); s.left < 0 {
			return errTooMuch
		}
		key = key[:prefix] + string(text)
		if err := tell(key, byte(suffix&7), rest); err != nil {
			return err
		}
		if rest.cut {
			return errCut
		}
	}
	return nil
}

// recordCost is what a record costs besides its texts.
const recordCost = 128

// ref takes a ref record.
func (s *Stack) ref(name string, kind byte, rest *cursor) error {
	rest.number() // the transaction: the order of the tables says it, too
	r := Ref{Name: name}
	switch kind {
	case 0: // deleted
	case 1:
		r.ID = rest.text(uint64(s.width))
	case 2: // a tag, and what it leads to
		r.ID = rest.text(uint64(s.width))
		rest.take(uint64(s.width))
	case 3:
		r.Target = rest.text(rest.number())
	default:
		return fmt.Errorf("ref record of unknown type %d", kind)
	}
	if !rest.cut {
		s.refs[name] = r
		s.left -= len(r.Target)
	}
	return nil
}

// log takes a log record. Its key is the ref, a zero byte, and the complement
// of the transaction's number, so that the newest comes first.
func (s *Stack) log(key string, kind byte, rest *cursor) error {
	at := len(key) - 9
	if at < 0 || key[at] != 0 {
		return errors.New("log record without a number")
	}
	l := Log{Ref: key[:at], Index: ^binary.BigEndian.Uint64([]byte(key[at+1:]))}
	switch kind {
	case 0: // deleted
	case 1:
		l.Old, l.New = rest.text(uint64(s.width)), rest.text(uint64(s.width))
		l.Name = rest.text(rest.number())
		l.Email = rest.text(rest.number())
		l.Time = rest.number()
		if zone := rest.take(2); len(zone) == 2 {
			l.Zone = int16(binary.BigEndian.Uint16(zone))
		}
		l.Message = strings.TrimRight(rest.text(rest.number()), "\n")
	default:
		return fmt.Errorf("log record of unknown type %d", kind)
	}
	if !rest.cut {
		s.logs[logKey{l.Ref, l.Index}] = l
		s.left -= len(l.Name) + len(l.Email) + len(l.Message)
	}
	return nil
}

// cursor reads a record; once something is cut short, all that follows is.
type cursor struct {
	data []byte
	cut  bool
}

// number reads the form of number that packs use for offsets.
func (c *cursor) number() uint64 {
	var n uint64
	for i, b := range c.data {
		if i > 0 {
			n++
		}
		if n > 1<<56 {
			break
		}
		n = n<<7 | uint64(b&0x7f)
		if b&0x80 == 0 {
			c.data = c.data[i+1:]
			return n
		}
	}
	c.cut, c.data = true, nil
	return 0
}

func (c *cursor) take(n uint64) []byte {
	if n > uint64(len(c.data)) {
		c.cut, c.data = true, nil
		return nil
	}
	out := c.data[:n]
	c.data = c.data[n:]
	return out
}

func (c *cursor) text(n uint64) string { return string(c.take(n)) }

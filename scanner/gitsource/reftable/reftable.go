// Package reftable reads the tables in which Git can store refs and reflogs
// instead of files, after Git's Documentation/technical/reftable.
//
// The words: a *table* is a file of *blocks*; a block holds *records* under
// keys that are told as what differs from the key before. A repository has a
// *stack* of tables; what a newer one says of a key replaces what an older one
// says, and may be that it is deleted.
//
// Blocks are read from the first to the last; the indexes in a table only help
// to find single records, and are passed over. Tables are hostile: what cannot
// be read is an error, memory and work are bounded.
package reftable

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"

	"github.com/qleaks/qleaks/scanner/gitsource/inflate"
)

// maxContent bounds the bytes that the records of one stack may take: names
// that differ little from the one before and log blocks that are deflated can
// be told in few.
const maxContent = 256 << 20

var (
	errCut     = errors.New("cut short")
	errTooMuch = errors.New("records take more memory than a stack of tables may")
)

// Ref is a ref with a value.
type Ref struct {
	Name string
	// ID is the object, raw; empty for a symbolic ref, which has a Target.
	ID, Target string
}

// Log is one entry of a reflog.
type Log struct {
	Ref string
	// Index is the number of the transaction; of one ref, later entries have
	// larger ones.
	Index uint64
	// Old and New are the objects before and after, raw.
	Old, New    string
	Name, Email string
	// Time is in seconds since 1970. Zone is as Git prints it, hours and
	// minutes as decimal digits: 230 is +0230.
	Time    uint64
	Zone    int16
	Message string
}

// Stack is the content of tables on top of each other. It serves one goroutine.
type Stack struct {
	width    int
	refs     map[string]Ref
	logs     map[logKey]Log
	left     int
	inflater inflate.Reader
	buffer   []byte
}

type logKey struct {
	ref   string
	index uint64
}

// NewStack makes an empty stack for object ids of width bytes.
func NewStack(width int) *Stack {
	return &Stack{width: width, refs: map[string]Ref{}, logs: map[logKey]Log{}, left: maxContent}
}

// AddRefs puts the refs of a table on top. What was read before an error
// counts.
func (s *Stack) AddRefs(file []byte) error {
	t, err := s.open(file)
	if err != nil {
		return err
	}
	switch t.first() {
	case blockRef:
		return s.section(t, 0, blockRef, s.ref)
	case blockLog, 0: // without refs
		return nil
	}
	return fmt.Errorf("block of unknown type %q", t.first())
}

// AddLogs puts the reflogs of a table on top. What was read before an error
// counts.
func (s *Stack) AddLogs(file []byte) error {
	t, err := s.open(file)
	if err != nil {
		return err
	}
	switch {
	case t.first() == blockLog:
		return s.section(t, 0, blockLog, s.log)
	case t.logs == 0:
		return nil
	case t.logs < uint64(t.header) || t.logs >= uint64(len(t.body)) || t.body[t.logs] != blockLog:
		return errors.New("logs are not where the footer says")
	}
	return s.section(t, int(t.logs), blockLog, s.log)
}

// Refs lists what stands, by name.
func (s *Stack) Refs() []Ref {
	var out []Ref
	for _, r := range s.refs {
		if r.ID != "" || r.Target != "" {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Ref) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Logs lists the entries that stand, by ref, the oldest first.
func (s *Stack) Logs() []Log {
	out := slices.Collect(maps.Values(s.logs))
	out = slices.DeleteFunc(out, func(l Log) bool { return l.New == "" })
	slices.SortFunc(out, func(a, b Log) int {
		return cmp.Or(cmp.Compare(a.Ref, b.Ref), cmp.Compare(a.Index, b.Index))
	})
	return out
}

// table is an opened file.
type table struct {
	// body is the file without its footer; header the size of its header,
	// which is part of the first block.
	body   []byte
	header int
	// block is the size that blocks are padded to, 0 for none.
	block int
	// logs is where the first log block stands, 0 for none or the start.
	logs uint64
}

// first is the type of the first block, 0 when there is none.
func (t *table) first() byte {
	if len(t.body) == t.header {
		return 0
	}
	return t.body[t.header]
}

// open checks header and footer.
func (s *Stack) open(file []byte) (*table, error) {
	if len(file) < 5 || string(file[:4]) != "REFT" {
		return nil, errors.New("not a reftable")
	}
	t, width := &table{header: 24}, 20
	switch version := file[4]; version {
	case 1:
	case 2:
		t.header = 28
	default:
		return nil, fmt.Errorf("reftable version %d is not known", version)
	}
	size := t.header + 5*8 + 4
	if len(file) < t.header+size {
		return nil, errCut
	}
	footer := file[len(file)-size:]
	t.body = file[:len(file)-size]
	if crc32.ChecksumIEEE(footer[:size-4]) != binary.BigEndian.Uint32(footer[size-4:]) {
		return nil, errors.New("the footer does not have its checksum")
	}
	if !bytes.Equal(footer[:t.header], file[:t.header]) {
		return nil, errors.New("header and footer differ")
	}
	if t.header == 28 && string(file[24:28]) == "s256" {
		width = 32
	} else if t.header == 28 && string(file[24:28]) != "sha1" {
		return nil, fmt.Errorf("object format %q is not known", file[24:28])
	}
	if width != s.width {
		return nil, errors.New("of another object format than the repository")
	}
	t.block = uint24(file[5:])
	t.logs = binary.BigEndian.Uint64(footer[t.header+3*8:])
	return t, nil
}

func uint24(data []byte) int { return int(data[0])<<16 | int(data[1])<<8 | int(data[2]) }

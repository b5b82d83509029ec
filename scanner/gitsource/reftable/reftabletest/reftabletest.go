// Package reftabletest makes reftables for tests, after the specification in
// Git's Documentation/technical/reftable: versions of Git that can make them
// are not everywhere.
package reftabletest

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"slices"

	"github.com/qleaks/qleaks/scanner/gitsource/reftable"
)

// Table says what a table holds.
type Table struct {
	// Width is the length of object ids in bytes: 20 makes a table of version
	// 1, 32 one of version 2.
	Width int
	// Min and Max bound the numbers of the transactions.
	Min, Max uint64
	// Block is the size that ref blocks are padded to; 0 makes blocks of 256
	// bytes without padding.
	Block int
	// Refs without ID and Target, and Logs without New, are deletions.
	Refs []reftable.Ref
	Logs []reftable.Log
}

const (
	unpadded     = 256 // the size of blocks without padding
	restartEvery = 4
	logsPerBlock = 3
	bitsForKind  = 3
	kindDeleted  = 0
	kindPresent  = 1
	kindSymbolic = 3
)

// entry is a record: its key, its type, and what follows.
type entry struct {
	key  string
	kind uint64
	rest []byte
}

// Bytes makes the file.
func (t Table) Bytes() []byte {
	header := t.header()
	out := slices.Clone(header)
	var refIndex, logs, logIndex uint64
	if refs := t.refs(); len(refs) > 0 {
		out, refIndex = t.refBlocks(out, refs)
	}
	if len(t.Logs) > 0 {
		if len(out) > len(header) {
			logs = uint64(len(out))
		}
		out, logIndex = t.logBlocks(out)
	}
	footer := slices.Clone(header)
	for _, at := range []uint64{refIndex, 0, 0, logs, logIndex} {
		footer = binary.BigEndian.AppendUint64(footer, at)
	}
	footer = binary.BigEndian.AppendUint32(footer, crc32.ChecksumIEEE(footer))
	return append(out, footer...)
}

func (t Table) header() []byte {
	version := byte(1)
	if t.Width == 32 {
		version = 2
	}
	out := append([]byte("REFT"), version)
	out = append(out, uint24(t.Block)...)
	out = binary.BigEndian.AppendUint64(out, t.Min)
	out = binary.BigEndian.AppendUint64(out, t.Max)
	if version == 2 {
		out = append(out, "s256"...)
	}
	return out
}

func (t Table) refs() []entry {
	var out []entry
	for _, r := range t.Refs {
		e := entry{key: r.Name, rest: Number(t.Max - t.Min)}
		switch {
		case r.Target != "":
			e.kind = kindSymbolic
			e.rest = append(append(e.rest, Number(uint64(len(r.Target)))...), r.Target...)
		case r.ID != "":
			e.kind = kindPresent
			e.rest = append(e.rest, r.ID...)
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	return out
}

func (t Table) logs() []entry {
	var out []entry
	text := func(to []byte, s string) []byte { return append(append(to, Number(uint64(len(s)))...), s...) }
	for _, l := range t.Logs {
		key := binary.BigEndian.AppendUint64(append([]byte(l.Ref), 0), ^l.Index)
		e := entry{key: string(key), kind: kindDeleted}
		if l.New != "" {
			e.kind = kindPresent
			e.rest = append([]byte(l.Old), l.New...)
			e.rest = text(text(e.rest, l.Name), l.Email)
			e.rest = append(e.rest, Number(l.Time)...)
			e.rest = binary.BigEndian.AppendUint16(e.rest, uint16(l.Zone))
			e.rest = text(e.rest, l.Message+"\n")
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	return out
}

// refBlocks appends the blocks and, for more than one, an index.
func (t Table) refBlocks(out []byte, refs []entry) (_ []byte, index uint64) {
	limit := cmp.Or(t.Block, unpadded)
	var places []entry
	start := 0 // the first block begins with the header
	for len(refs) > 0 {
		n := 1
		for n < len(refs) && len(block('r', len(out)-start, refs[:n+1])) <= limit-(len(out)-start) {
			n++
		}
		out = append(out, block('r', len(out)-start, refs[:n])...)
		places = append(places, entry{key: refs[n-1].key, rest: Number(uint64(start))})
		refs = refs[n:]
		if t.Block > 0 && len(refs) > 0 {
			out = append(out, make([]byte, t.Block-(len(out)-start))...)
		}
		start = len(out)
	}
	if len(places) == 1 {
		return out, 0
	}
	if t.Block > 0 {
		out = append(out, make([]byte, (t.Block-len(out)%t.Block)%t.Block)...)
	}
	return append(out, block('i', 0, places)...), uint64(len(out))
}

// logBlocks appends the deflated blocks and, for more than one, an index.
func (t Table) logBlocks(out []byte) (_ []byte, index uint64) {
	var places []entry
	for part := range slices.Chunk(t.logs(), logsPerBlock) {
		start, before := len(out), 0
		if start == len(t.header()) {
			start, before = 0, start
		}
		content := block('g', before, part)
		var deflated bytes.Buffer
		w := zlib.NewWriter(&deflated)
		_, err := w.Write(content[4:])
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			return nil, 0 // a buffer takes everything
		}
		out = append(append(out, content[:4]...), deflated.Bytes()...)
		places = append(places, entry{key: part[len(part)-1].key, rest: Number(uint64(start))})
	}
	if len(places) == 1 {
		return out, 0
	}
	return append(out, block('i', 0, places)...), uint64(len(out))
}

// block makes a block; before it, in its size, stand the bytes of the header.
func block(kind byte, before int, entries []entry) []byte {
	var records, restarts []byte
	previous, count := "", 0
	for i, e := range entries {
		prefix := 0
		if i%restartEvery == 0 {
			restarts = append(restarts, uint24(before+4+len(records))...)
			count++
		} else {
			for prefix < min(len(previous), len(e.key)) && previous[prefix] == e.key[prefix] {
				prefix++
			}
		}
		records = append(records, Number(uint64(prefix))...)
		records = append(records, Number(uint64(len(e.key)-prefix)<<bitsForKind|e.kind)...)
		records = append(append(records, e.key[prefix:]...), e.rest...)
		previous = e.key
	}
	out := append([]byte{kind}, uint24(before+4+len(records)+len(restarts)+2)...)
	out = append(append(out, records...), restarts...)
	return binary.BigEndian.AppendUint16(out, uint16(count))
}

// Number encodes a number as tables and packs do.
func Number(n uint64) []byte {
	out := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		out = append(out, 0x80|byte(n&0x7f))
	}
	slices.Reverse(out)
	return out
}

func uint24(n int) []byte { return []byte{byte(n >> 16), byte(n >> 8), byte(n)} }

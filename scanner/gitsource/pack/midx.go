package pack

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// multiPackIndexes reads what the multi-pack-indexes of a directory tell of its
// packs, by name. They are asked only for packs that have no index of their
// own: of an object that is in several packs they tell but one.
func (s *Store) multiPackIndexes(d *directory) map[string]*index {
	found := map[string]*index{}
	for _, name := range append(d.multiPackChain(s.options.Width), "pack/multi-pack-index") {
		s.multiPackIndex(d, name, found)
	}
	return found
}

func (s *Store) multiPackIndex(d *directory, name string, found map[string]*index) {
	f, size, err := d.open(name)
	if err != nil {
		return
	}
	defer f.Close()
	m := &multiPack{indexReader: indexReader{file: f, size: size, width: s.options.Width}}
	err = m.read(s.options.Memory, found)
	if err != nil {
		s.refuse(Refusal{File: d.label(name), Index: None, Reason: err.Error()})
	}
}

// multiPackChain names the files of an incremental multi-pack-index, each of
// which tells of packs of its own.
func (d *directory) multiPackChain(width int) []string {
	const folder = "pack/multi-pack-index.d/multi-pack-index-"
	f, _, err := d.open(folder + "chain")
	if err != nil {
		return nil
	}
	defer f.Close()
	var names []string
	for lines := bufio.NewScanner(io.LimitReader(f, 1<<20)); lines.Scan(); {
		if id, err := hex.DecodeString(lines.Text()); err == nil && len(id) == width {
			names = append(names, folder+lines.Text()+".midx")
		}
	}
	return names
}

// multiPack reads a multi-pack-index.
type multiPack struct {
	indexReader
	chunks map[string]span
}

// span is a part of a file, in bytes.
type span struct{ from, to int64 }

func (m *multiPack) read(memory int64, found map[string]*index) error {
	var head [packHeader]byte
	if err := m.at(head[:], 0); err != nil {
		return err
	}
	if string(head[:4]) != "MIDX" || head[4] != 1 {
		return errIndexVersion
	}
	if err := m.readChunks(int64(head[6])); err != nil {
		return err
	}
	names, err := m.names(int(binary.BigEndian.Uint32(head[8:])))
	if err != nil {
		return err
	}
	ids, offsets := m.chunks["OIDL"], m.chunks["OOFF"]
	m.count = (offsets.to - offsets.from) / 8
	if m.count != (ids.to-ids.from)/int64(m.width) {
		return fmt.Errorf("%w: its tables do not fit", errIndex)
	}
	if m.count*int64(m.width+4) > 4*memory {
		return errIndexMemory
	}
	list := make([]byte, m.count*int64(m.width))
	if err := m.at(list, ids.from); err != nil {
		return err
	}
	var large []byte
	if long, ok := m.chunks["LOFF"]; ok {
		large = make([]byte, min(long.to-long.from, m.count*8))
		if err := m.at(large, long.from); err != nil {
			return err
		}
	}
	err = m.each(offsets.from, 8, func(b []byte) {
		id := list[:m.width]
		list = list[m.width:]
		if pack := binary.BigEndian.Uint32(b); pack < uint32(len(names)) {
			x := found[names[pack]]
			if x == nil {
				x = &index{offsets: offsetTable{long: large}}
				found[names[pack]] = x
			}
			x.ids = append(x.ids, id...)
			x.offsets.short = append(x.offsets.short, b[4:]...)
		}
	})
	for _, x := range found {
		x.order(m.width)
	}
	return err
}

// readChunks reads the table of contents, which ends where the last chunk does.
func (m *multiPack) readChunks(count int64) error {
	table := make([]byte, (count+1)*12)
	if err := m.at(table, packHeader); err != nil {
		return err
	}
	m.chunks = map[string]span{}
	for ; count > 0; count-- {
		s := span{int64(binary.BigEndian.Uint64(table[4:])), int64(binary.BigEndian.Uint64(table[16:]))}
		if s.from < 0 || s.to < s.from || s.to > m.size {
			return fmt.Errorf("%w: a table lies outside", errIndex)
		}
		m.chunks[string(table[:4])] = s
		table = table[12:]
	}
	return nil
}

// names lists the packs, by their numbers.
func (m *multiPack) names(count int) ([]string, error) {
	const longest = 16 << 20
	s := m.chunks["PNAM"]
	text := make([]byte, min(s.to-s.from, longest))
	if err := m.at(text, s.from); err != nil {
		return nil, err
	}
	var names []string
	for range count {
		name, rest, ok := bytes.Cut(text, []byte{0})
		if !ok {
			return nil, fmt.Errorf("%w: too few names", errIndex)
		}
		names = append(names, "pack/"+strings.TrimSuffix(string(name), ".idx"))
		text = rest
	}
	return names, nil
}

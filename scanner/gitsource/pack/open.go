package pack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
)

// openPacks opens the packs of a directory.
func (s *Store) openPacks(d *directory) []*layer {
	names, beside := d.packNames(s.refuse)
	var layers []*layer
	var listed map[string]*index
	for _, name := range names {
		name = "pack/" + name
		file := d.label(name + ".pack")
		r, err := openRegion(d, name+".pack", !s.options.Unmapped)
		if err != nil {
			s.refuse(Refusal{File: file, Index: None, Reason: err.Error()})
			continue
		}
		x, err := s.openIndex(d, name, r.size)
		if err != nil {
			if listed == nil {
				listed = s.multiPackIndexes(d)
			}
			if listed[name] == nil {
				s.refuse(Refusal{File: file, Index: None, Reason: err.Error()})
				err := r.close()
				_ = err // it was only read
				continue
			}
			x = listed[name]
		}
		l := &layer{directory: d, name: name, region: r, ids: newIDList(s.options.Width, x.ids), repeated: x.repeated, offsets: x.offsets, few: x.few}
		l.info = Info{File: file, Size: r.size, Promisor: beside[name[5:]+".promisor"], Kept: beside[name[5:]+".keep"]}
		s.check(l, x)
		layers = append(layers, l)
	}
	return layers
}

func (s *Store) openIndex(d *directory, name string, packSize int64) (*index, error) {
	f, size, err := d.open(name + ".idx")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("pack without an index")
	}
	if err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	if s.options.Few {
		refuse := func(err error) {
			s.refuse(Refusal{File: d.label(name + ".idx"), Index: None, Reason: err.Error()})
		}
		if few := openFew(f, size, s.options.Width, packSize, refuse); few != nil {
			return &index{few: few, checksum: few.checksum}, nil
		}
	}
	defer f.Close()
	return readIndex(f, size, s.options.Width, packSize, s.options.Memory)
}

// check compares a pack with its index. What is wrong is said, and what is
// there is read all the same.
func (s *Store) check(l *layer, x *index) {
	width := int64(s.options.Width)
	header, trailer := make([]byte, packHeader), make([]byte, width)
	n, _ := l.region.file.ReadAt(header, 0)
	m, _ := l.region.file.ReadAt(trailer, l.end())
	header, trailer = header[:n], trailer[:m]
	l.info.Checksum = trailer
	complain := func(reason string) {
		s.refuse(Refusal{File: l.info.File, Index: None, Reason: reason})
	}
	if x.unordered {
		complain("the ids of the index are out of order")
	}
	if x.repeated {
		complain("the index has an id twice: only the first is read")
	}
	if x.badFan {
		complain("the index has a broken fan-out table")
	}
	if x.checksum == nil { // from a multi-pack-index, which tells only a part
		if n >= packHeader && int64(binary.BigEndian.Uint32(header[8:])) != int64(x.offsets.len()) {
			complain("pack without an index, and the multi-pack-index does not tell all of its objects")
		}
		return
	}
	if err := checkPack(header, trailer, x); err != nil {
		l.suspect = true
		complain(err.Error())
	}
}

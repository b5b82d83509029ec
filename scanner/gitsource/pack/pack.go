package pack

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
)

// Options say what is opened, and how much it may cost.
type Options struct {
	// Directories are the object directories: the repository's own, then its
	// alternates, as far as they may be read.
	Directories []Directory
	// Width is the length of an id in bytes: 20 for SHA-1, 32 for SHA-256.
	Width int
	// Memory bounds, in bytes, what a walk holds besides the tables, which
	// take about 60 bytes an object. 0 means 512 MiB.
	Memory int64
	// MaxObject is the largest object, in bytes, that is read, unless it is
	// streamed: see Streamer. 0 means 256 MiB; 2 GiB is the most.
	MaxObject int64
	// BigObject is the size, in bytes, beyond which one object is held at a
	// time. 0 means 32 MiB.
	BigObject int64
	// MaxTotal bounds what a walk unpacks, in bytes. 0 means 1,024 times what
	// the packs take, but at least 16 GiB.
	MaxTotal int64
	// Verify compares every object with its id.
	Verify bool
	// Unmapped reads files piece by piece instead of mapping them, as is done
	// where mapping fails.
	Unmapped bool
	// Few opens a store for some hundred objects, by Find and a Reader: neither
	// are indexes read nor loose objects listed, and what is wrong with them is
	// found as far as it is in the way. Such a store cannot be walked; Len is
	// the bound of its objects' indexes.
	Few bool
}

// Store is the objects of some object directories. Each has an index, from 0
// to Len; those of a pack are in order of their ids. It is safe for concurrent
// use, but for Walk and Close.
type Store struct {
	options     Options
	directories []*directory
	layers      []*layer
	total       uint32
	types       []Type
	refusals    refusalList

	tableOnce sync.Once
	table     *Table
	twiceOnce sync.Once
	twice     []uint64
}

// layer is a pack, or the loose objects of a directory.
type layer struct {
	directory *directory
	// name is that of the pack below the directory, empty for loose objects.
	name string
	info Info
	// start is the index of the first object.
	start uint32
	ids   idList
	// repeated says that some ids are there more than once.
	repeated bool
	offsets  offsetTable // by rank
	region   *region
	forest   *forest
	// suspect says that pack and index do not belong together: every object
	// must prove its id.
	suspect bool
	// few takes the place of ids and offsets in a store for few objects.
	few *fewIDs
}

// Info tells of a pack.
type Info struct {
	// File is the pack, below its object directory.
	File string
	// Checksum is the pack's, in raw bytes: the same for the same content.
	Checksum []byte
	// First is the index of its first object, Objects how many there are.
	First, Objects uint32
	// Size is the size of the file in bytes.
	Size int64
	// Promisor says that a remote promised what the pack's objects name, Kept
	// that somebody wants it kept.
	Promisor, Kept bool
}

// Open reads the indexes of the object directories. What cannot be read is a
// refusal; the error is for the first directory, which must be there, and for
// options that make no sense.
func Open(o Options) (*Store, error) {
	if o.Width != 20 && o.Width != 32 {
		return nil, fmt.Errorf("open objects: an id cannot have %d bytes", o.Width)
	}
	o.Memory = cmp.Or(o.Memory, 512<<20)
	o.MaxObject = min(cmp.Or(o.MaxObject, 256<<20), math.MaxInt32)
	o.BigObject = cmp.Or(o.BigObject, 32<<20)
	s := &Store{options: o}
	var packs, loose []*layer
	for i, d := range o.Directories {
		open, err := openDirectory(d)
		if err == nil {
			s.directories = append(s.directories, open)
			_, err = open.list(".")
		}
		if err != nil && i == 0 {
			return nil, errors.Join(fmt.Errorf("open objects: %w", err), s.Close())
		}
		if err != nil {
			s.refuse(Refusal{File: d.Name, Index: None, Reason: err.Error()})
			continue
		}
		packs = append(packs, s.openPacks(open)...)
		if o.Few {
			loose = append(loose, &layer{directory: open, ids: newIDList(o.Width, nil), few: fewLoose(open, o.Width)})
		} else if ids := open.looseIDs(o.Width, s.refuse); len(ids) > 0 {
			loose = append(loose, &layer{directory: open, ids: newIDList(o.Width, ids)})
		}
	}
	// The fewer objects come before, the cheaper it is to find those that are
	// there twice.
	slices.SortStableFunc(packs, func(a, b *layer) int {
		return cmp.Or(cmp.Compare(b.len(), a.len()), strings.Compare(a.info.File, b.info.File))
	})
	if o.Few { // what is new is loose
		packs, loose = loose, packs
	}
	s.number(append(packs, loose...))
	return s, nil
}

// number gives the objects their indexes.
func (s *Store) number(layers []*layer) {
	packed := int64(0)
	for _, l := range layers {
		n := l.len()
		if int64(s.total)+int64(n) >= math.MaxInt32 {
			s.refuse(Refusal{File: l.label(), Index: None, Reason: "more objects than can be numbered"})
			continue
		}
		l.start, l.info.First, l.info.Objects = s.total, s.total, uint32(n)
		s.total += uint32(n)
		packed += l.info.Size
		s.layers = append(s.layers, l)
	}
	if !s.options.Few {
		s.types = make([]Type, s.total)
	}
	s.options.MaxTotal = cmp.Or(s.options.MaxTotal, max(16<<30, packed*1024))
}

// Close ends the use of everything that came from the store.
func (s *Store) Close() error {
	var all []error
	for _, l := range s.layers {
		if l.region != nil {
			all = append(all, l.region.close())
		}
		if l.few != nil {
			all = append(all, l.few.close())
		}
	}
	for _, d := range s.directories {
		all = append(all, d.close())
	}
	s.layers, s.directories = nil, nil
	return errors.Join(all...)
}

// Len is the number of objects, those that are stored twice counted twice.
func (s *Store) Len() int { return int(s.total) }

// ID returns an object's id in raw bytes, which must not be changed.
func (s *Store) ID(i uint32) []byte {
	l, rank := s.layerOf(i)
	return l.id(rank)
}

// Type returns an object's type, Unknown before a walk has come upon it.
func (s *Store) Type(i uint32) Type {
	if s.options.Few {
		return Unknown
	}
	return s.types[i]
}

// Packs tells of the packs, in order of the indexes of their objects.
func (s *Store) Packs() []Info {
	var list []Info
	for _, l := range s.layers {
		if l.name != "" {
			list = append(list, l.info)
		}
	}
	return list
}

// Twice reports whether an object is stored in an earlier place as well: a walk
// leaves it out.
func (s *Store) Twice(i uint32) bool {
	s.twiceOnce.Do(s.findTwice)
	return s.twice[i/64]>>(i%64)&1 != 0
}

func (s *Store) findTwice() {
	s.twice = make([]uint64, s.total/64+1)
	t := s.Table()
	for i, n := range t.numbers {
		if t.indexes[n] != uint32(i) {
			s.twice[i/64] |= 1 << (i % 64)
		}
	}
}

// plant makes the forest of a pack, once.
func (s *Store) plant(ctx context.Context) error {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	for _, l := range s.layers {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if l.region != nil && l.forest == nil {
			l.forest = plant(l, s.types[l.start:l.start+uint32(l.ids.len())])
		}
	}
	return nil
}

// label names a layer in refusals.
func (l *layer) label() string {
	if l.name == "" {
		return l.directory.Name
	}
	return l.directory.label(l.name + ".pack")
}

// labelOf names the file that an object is in.
func (l *layer) labelOf(rank uint32) string {
	if l.name != "" {
		return l.label()
	}
	return l.directory.label(looseName(l.id(rank)))
}

// len bounds the ranks.
func (l *layer) len() int {
	if l.few != nil {
		return maxFew
	}
	return l.ids.len()
}

func (l *layer) id(rank uint32) []byte {
	if l.few != nil {
		id, _ := l.few.at(rank)
		return id
	}
	return l.ids.id(rank)
}

func (l *layer) offset(rank uint32) uint64 {
	if l.few != nil {
		_, offset := l.few.at(rank)
		return offset
	}
	return l.offsets.at(rank)
}

func (l *layer) find(id []byte) (rank uint32, ok bool) {
	if l.few != nil {
		return l.few.find(id)
	}
	return l.ids.find(id)
}

func looseName(id []byte) string {
	name := hex.EncodeToString(id)
	return name[:2] + "/" + name[2:]
}

// end is where the entries of a pack end, in bytes.
func (l *layer) end() int64 { return max(0, l.region.size-int64(l.ids.width)) }
